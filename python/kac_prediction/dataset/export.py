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
from typing import Literal, TypeAlias

from tqdm.auto import tqdm

from .exported_samples import ExportedSamples
from .storage import disk
from .storage.layout import write_lock
from .torch_dataset import TorchDataset

Layout: TypeAlias = Literal["audiofolder", "webdataset"]

# Folders of many more files are slow to list, and refused by some hosts.
_FILES_A_FOLDER = 5000
# Large enough to be read at the speed of the disk, small enough for every worker to get some.
_BYTES_A_TAR = 2**28


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
    - `webdataset`: tar files `drums-000000.tar`, in which sample_00000.json and sample_00000.wav
      stand side by side.

    Both have these columns for each sample: `index`, which one it is in the whole dataset; `group`,
    which body (drum) it was made on, so that a split can keep those of one body together; `older`,
    in a dataset of older software, whether the label has its conventions; and one a label, which is
    a number where the label has one in every sample, else a list. A README.md says what made them.

    What stands on the disk is exported, the wavs byte for byte: neither X nor labels that were
    assigned. They are copied rather than linked, as whoever edits an exported file in place must
    not edit the dataset. The same dataset gives the same bytes everywhere.

    The export appears all at once, complete and flushed to the disk, or not at all. It is made in a
    hidden folder beside, `.NAME.exporting`; what an export that was killed has left there is
    removed when the next one to the same place begins.

    Args:
        dataset: the dataset, a slice or a subset of it; files are numbered in its order.
        export_dir: a directory that is empty or not there yet.
        layout: what will read it.
        shard_size: samples a folder (None: 5000) or a tar (None: as fit into 256 MiB).
        prefix: how the names of folders and tars begin.

    Raises:
        DatasetError: a wav is missing or damaged; the dataset has changed since it was loaded.
        FileExistsError: `export_dir` holds something already.
        OSError: the disk is full.
        TypeError: not a dataset, or `shard_size` is no integer.
        ValueError: the dataset stands on no disk or has no samples; an argument is unknown; a label
            has the name of another column.
    """
    if layout not in _WRITERS:
        raise ValueError(f"layout is {layout!r}: choose one of {', '.join(_WRITERS)}.")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", prefix):
        raise ValueError(f"prefix is {prefix!r}: give letters of ASCII, digits, - and _.")
    if shard_size is not None and type(shard_size) is not int:
        raise TypeError(f"shard_size must be an integer (None: the default), got {shard_size!r}.")
    if shard_size is not None and shard_size < 1:
        raise ValueError(f"shard_size must be at least 1 (None: the default), got {shard_size}.")
    source = ExportedSamples(dataset)
    target = Path(export_dir).resolve()
    _check_target(target, source.directory.path.resolve())
    with _appearing(target) as folder:
        disk.write_whole(folder / "README.md", source.card().encode())
        with tqdm(total=len(source), desc="exporting", unit="sound", disable=None) as bar:
            for _ in _WRITERS[layout](source, folder, prefix, shard_size):
                bar.update()
        source.check_unchanged()


def _write_folders(
    source: ExportedSamples, folder: Path, prefix: str, shard_size: int | None
) -> Iterator[int]:
    """Write wavs and metadata.jsonl; yield the number of each sample that was written."""
    with (folder / "metadata.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for shard, part in enumerate(source.parts(shard_size or _FILES_A_FOLDER)):
            name = f"{prefix}-{shard:06d}"
            disk.make_folder(folder / name)
            for k in part:
                file_name = f"{name}/{source.key(k)}.wav"
                (folder / file_name).write_bytes(source.wav(k))
                lines.write(json.dumps({"file_name": file_name, **source.row(k)}) + "\n")
                yield k
            _flush_files(folder / name)
        lines.flush()
        os.fsync(lines.fileno())


def _write_tars(
    source: ExportedSamples, folder: Path, prefix: str, shard_size: int | None
) -> Iterator[int]:
    """Write the tars; yield the number of each sample that was written."""
    size = shard_size or max(1, _BYTES_A_TAR // len(source.wav(0)))
    for shard, part in enumerate(source.parts(size)):
        with (folder / f"{prefix}-{shard:06d}.tar").open("wb") as file:
            # ustar: what every reader knows, and it has no room for anything that varies.
            with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar:
                yield from _add_samples(tar, source, part)
            file.flush()
            os.fsync(file.fileno())


def _add_samples(tar: tarfile.TarFile, source: ExportedSamples, part: range) -> Iterator[int]:
    for k in part:
        _add(tar, f"{source.key(k)}.json", json.dumps(source.row(k)).encode())
        _add(tar, f"{source.key(k)}.wav", source.wav(k))
        yield k


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    # As TarInfo is made: of no time, user or group, and mode 644.
    info = tarfile.TarInfo(name)
    info.size = len(content)
    tar.addfile(info, BytesIO(content))
    tar.getmembers().clear()  # or it keeps one for each file


_WRITERS: dict[str, Callable[[ExportedSamples, Path, str, int | None], Iterator[int]]] = {
    "audiofolder": _write_folders,
    "webdataset": _write_tars,
}


def _flush_files(folder: Path) -> None:
    # All at last rather than each at once: most are on the disk by then, or go there together.
    for path in folder.iterdir():
        with path.open("r+b") as file:
            os.fsync(file.fileno())
    disk.sync_folder(folder)


def _check_target(target: Path, dataset: Path) -> None:
    if target.is_relative_to(dataset):
        raise ValueError(f"{target} is in the dataset itself: name a directory elsewhere.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} holds something already: name a directory that is new.")
    if os.path.ismount(target) or target == Path.cwd():
        raise ValueError(f"{target} is in use and cannot be replaced: name a directory in it.")


@contextmanager
def _appearing(target: Path) -> Iterator[Path]:
    """Yield a hidden folder that becomes `target` if the block ends well, and vanishes else."""
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
