"""exportDataset: the sounds and labels of a dataset, as other software reads them."""

import json
import os
import re
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from .._checks import check_choice, check_count
from .._files import sync_file
from .._progress import progress_bar
from .labels import parsed
from .load import fingerprint_of
from .storage import DatasetDirectory, DatasetError, disk, write_lock
from .torch_dataset import TorchDataset

Layout: TypeAlias = Literal["audiofolder", "webdataset"]

# Folders of many more files are slow to list, and refused by some hosts.
_FILES_A_FOLDER = 5000
# Large enough to be read at the speed of the disk, small enough for every worker to get some.
_BYTES_A_TAR = 2**28
# Columns that every export has; and "audio", which Hugging Face makes of the file.
_COLUMNS = {"file_name", "audio", "index", "group", "older"}


def exportDataset(
    dataset: TorchDataset,
    export_dir: str | os.PathLike[str],
    layout: Layout = "audiofolder",
    *,
    shard_size: int | None = None,
    prefix: str = "drums",
) -> None:
    """Write the sounds and labels of a dataset, or of a part of one, for other software to read.

    - `audiofolder`: what Hugging Face's `load_dataset("audiofolder", data_dir=export_dir)` reads:
      wavs in folders `drums-000000`, and metadata.jsonl, which names the file of each sample.
    - `webdataset`: tars `drums-000000.tar` of sample_00000.json, sample_00000.wav and so on.

    Both have these columns for each sample: `index` in the whole dataset; `group`, the body (drum)
    that it was made on; `older`, in a legacy dataset, whether its label has the conventions of
    kac_drumset; and each label, a number where every sample has one, else a list. A README.md says
    what made them. X, and labels that were assigned, are not exported; wavs are, byte for byte.

    The same dataset gives the same bytes everywhere. The export appears complete and flushed to the
    disk, or not at all: it is made in a hidden folder beside, `.NAME.exporting`.

    Args:
        dataset: the dataset, a slice or a subset of it; files are numbered in its order.
        export_dir: a directory that is empty or does not exist yet.
        layout: what will read it.
        shard_size: samples a folder (None: 5000) or a tar (None: as fit into 256 MiB).
        prefix: how the names of folders and tars begin.

    Raises:
        DatasetError: a wav is missing or damaged; the dataset has changed since it was loaded.
        FileExistsError: `export_dir` is not empty.
        OSError: the disk is full.
        TypeError: not a dataset, or `shard_size` is no integer.
        ValueError: the dataset is in no directory or has no samples; an argument is unknown; a
            label has the name of another column.
    """
    check_choice("layout", layout, list(_WRITERS))
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", prefix):
        raise ValueError(f"prefix must consist of ASCII letters, digits, - and _, got {prefix!r}")
    if shard_size is not None:
        shard_size = check_count("shard_size", shard_size)
    samples = _Samples(dataset)
    target = Path(export_dir).resolve()
    if target.is_relative_to(samples.directory.path.resolve()):
        raise ValueError(f"{target} is in the dataset itself: name a directory elsewhere.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} is not empty: name a new directory.")
    if os.path.ismount(target) or target == Path.cwd():
        raise ValueError(f"{target} is in use and cannot be replaced: name a directory in it.")
    with _staged(target) as folder:
        disk.publish(folder / "README.md", samples.card().encode())
        with progress_bar(total=len(samples), desc="exporting", unit=" sounds") as bar:
            for _ in _WRITERS[layout](samples, folder, prefix, shard_size):
                bar.update()
        samples.directory.check_unchanged()


class _Samples:
    """The samples of a dataset or of a part of one, as they are on the disk, in its order."""

    def __init__(self, dataset: TorchDataset) -> None:
        """Read the labels; raise as `exportDataset` does for a dataset that cannot be exported."""
        if not isinstance(dataset, TorchDataset):
            raise TypeError(f"dataset must be one that loadDataset returned, got {dataset!r}.")
        if dataset._stored is None:
            raise ValueError(
                f"{dataset!r} is in no directory (it was put together from tensors, or pickled "
                "with another X and Y): export what loadDataset returns, or a part of that."
            )
        if len(dataset._rows) != len(dataset):
            raise ValueError(
                f"{len(dataset)} samples were assigned to X where {len(dataset._rows)} are on the "
                "disk, which alone is exported: select samples with subset."
            )
        if len(dataset) == 0:
            raise ValueError(f"{dataset!r} has no samples to export.")
        self.directory = DatasetDirectory(dataset.dataset_dir)
        self._header, lines = self.directory.header, self.directory.label_lines
        if fingerprint_of(self._header) != dataset._stored.fingerprint:
            raise DatasetError(
                f"{dataset.dataset_dir} has changed since this dataset was loaded: load it again, "
                "with loadDataset, and select the samples anew."
            )
        self._rows = np.asarray(dataset._rows).tolist()
        self._labels = list(parsed(lines))
        self._is_number: dict[str, bool] = {}  # by label: has it one number in every sample?
        for y in self._labels:
            for name, values in y.items():
                one = len(values) == 1 and not isinstance(values[0], list)
                self._is_number[name] = one and self._is_number.get(name, True)
        if clashing := sorted(self._is_number.keys() & _COLUMNS):
            raise ValueError(
                f"The label {clashing[0]!r} has the name of a column that every export has: rename "
                "it in getLabels and generate the dataset again."
            )

    def __len__(self) -> int:
        return len(self._rows)

    def shards(self, size: int) -> Iterator[tuple[int, range]]:
        """Yield the number of each shard, and its samples."""
        return enumerate(range(len(self))[k : k + size] for k in range(0, len(self), size))

    def key(self, k: int) -> str:
        """Return the name of the k-th sample: names sort as the numbers do."""
        return f"sample_{k:0{max(5, len(str(len(self) - 1)))}d}"

    def row(self, k: int) -> dict[str, Any]:
        """Return the columns of the k-th sample; labels are floats, or readers guess two types."""
        i, header = self._rows[k], self._header
        row = {"index": i, "group": header.groups[i]}
        if header.origin is not None:
            row["older"] = header.revisions[i] == 0
        for name, is_number in self._is_number.items():
            values = self._labels[i].get(name)
            floats = None if values is None else np.asarray(values, dtype=np.float64).tolist()
            row[name] = floats[0] if floats and is_number else floats
        return row

    def wav(self, k: int) -> bytes:
        """Read the file of the k-th sample."""
        return self.directory.sound_file(self._rows[k])

    def card(self) -> str:
        """Return what made the samples, as a README.md whose head Hugging Face reads."""
        names = ("sampler", "sampler_settings", "seed", "origin", "dataset_size")
        facts = {name: getattr(self._header, name) for name in names} | {"exported": len(self)}
        known = {name: value for name, value in facts.items() if value is not None}
        return (
            "---\nlicense: unknown\ntags:\n- audio\n---\n\n"
            "Sounds and labels, made by kac_prediction with\n\n"
            f"```json\n{json.dumps(known, indent=2)}\n```\n\n"
            "Samples of one `group` were made on one body: keep them on one side of a split.\n"
        )


def _write_folders(
    samples: _Samples, folder: Path, prefix: str, shard_size: int | None
) -> Iterator[int]:
    """Write wavs and metadata.jsonl; yield the number of each sample that was written."""
    with (folder / "metadata.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for shard, part in samples.shards(shard_size or _FILES_A_FOLDER):
            name = f"{prefix}-{shard:06d}"
            disk.make_folder(folder / name)
            for k in part:
                file_name = f"{name}/{samples.key(k)}.wav"
                (folder / file_name).write_bytes(samples.wav(k))
                lines.write(json.dumps({"file_name": file_name, **samples.row(k)}) + "\n")
                yield k
            # All at last rather than each at once: most are on the disk by then, or go together.
            for path in (folder / name).iterdir():
                sync_file(path)
            disk.sync_folder(folder / name)
        lines.flush()
        os.fsync(lines.fileno())


def _write_tars(
    samples: _Samples, folder: Path, prefix: str, shard_size: int | None
) -> Iterator[int]:
    """Write the tars; yield the number of each sample that was written."""
    size = shard_size or max(1, _BYTES_A_TAR // len(samples.wav(0)))
    for shard, part in samples.shards(size):
        path = folder / f"{prefix}-{shard:06d}.tar"
        # ustar: what every reader knows, and it has no room for anything that varies.
        with tarfile.open(path, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for k in part:
                row = json.dumps(samples.row(k)).encode()
                for ending, content in (("json", row), ("wav", samples.wav(k))):
                    info = tarfile.TarInfo(f"{samples.key(k)}.{ending}")  # no time or owner, 644
                    info.size = len(content)
                    tar.addfile(info, BytesIO(content))
                tar.getmembers().clear()  # or it keeps one for each file
                yield k
        sync_file(path)


_WRITERS: dict[str, Callable[[_Samples, Path, str, int | None], Iterator[int]]] = {
    "audiofolder": _write_folders,
    "webdataset": _write_tars,
}


@contextmanager
def _staged(target: Path) -> Iterator[Path]:
    """Yield a hidden folder that becomes `target` if the block ends well, and else is removed."""
    hidden = target.with_name(f".{target.name}.exporting")
    made = [parent for parent in target.parents if not parent.exists()]
    folder = hidden / "files"
    try:
        with write_lock(hidden):
            try:
                shutil.rmtree(folder, ignore_errors=True)
                disk.make_folder(folder)
                yield folder
                disk.sync_folder(folder)
                if target.exists():
                    target.rmdir()
                disk.replace(folder, target)
                disk.sync_folder(target.parent)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        if error.filename is None:  # writing to a full disk does not say where
            error.filename = str(target)
        raise
    finally:
        for empty in [hidden, *made]:
            with suppress(OSError):
                empty.rmdir()
