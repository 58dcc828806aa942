"""exportDataset: the sounds and labels of a dataset, as other software reads them."""

import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from .._checks import check_choice, check_count
from .._files import reporting, sync_file
from .._progress import progress_bar
from .labels import parsed
from .source import source_of
from .storage import DatasetDirectory, Header, disk, write_lock
from .storage.layout import check_folder
from .torch_dataset import TorchDataset

Layout: TypeAlias = Literal["audiofolder", "webdataset"]
Row: TypeAlias = dict[str, Any]

# Folders of many more files are slow to list, and refused by some hosts.
_FILES_A_FOLDER = 5000
# Large enough to be read at the speed of the disk, small enough for every worker to get some.
_BYTES_A_TAR = 2**28
# Written before it is flushed: few enough to be stopped soon.
_BYTES_A_FLUSH = 2**22
# What Hugging Face takes for the name of a split, in that of a folder or a tar, between separators.
_SPLIT = re.compile(
    "(?<![A-Za-z])(train|training|validation|valid|dev|val|test|testing|eval|evaluation)(?![A-Za-z])"
)
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
    - `webdataset`: tars `drums-000000.tar` of drums_00000.json, drums_00000.wav and so on. Exports
      that are read together need prefixes of their own: samples are told apart by these names.

    Both have these columns for each sample: `index` in the whole dataset; `group`, the body (drum)
    that it was made on; `older`, in a legacy dataset, whether its label has the conventions of
    kac_drumset; and each label, a number where every sample has one, else a list. A README.md says
    what made them. X, and labels that were assigned, are not exported; wavs are, byte for byte.

    The same dataset gives the same bytes everywhere. The export appears complete and flushed to the
    disk, or not at all: it is made in a hidden folder beside, `.NAME.exporting`, which an
    interruption by hand or a killed process leaves to the next export there.

    Args:
        dataset: the dataset, a slice or a subset of it; files are numbered in its order.
        export_dir: a directory that is empty or does not exist yet.
        layout: what will read it.
        shard_size: samples a folder (None: 5000) or a tar (None: as fit into 256 MiB).
        prefix: how the names of folders, tars and the files in them begin: up to 64 ASCII letters,
            digits, - and _. The folders of an audiofolder may not be named as a split ("train"),
            which would lose their labels; give each split an `export_dir` instead ("out/train").

    Raises:
        DatasetError: a wav is missing or damaged; the dataset has changed since it was loaded; a
            link stands where the hidden folder does.
        FileExistsError: `export_dir` is not empty.
        OSError: the disk is full.
        TypeError: not a dataset, or `shard_size` is no integer.
        ValueError: the dataset is in no directory or has no samples; an argument is unknown; a
            label has the name of another column.
    """
    check_choice("layout", layout, ["audiofolder", "webdataset"])
    _check_prefix(prefix, layout)
    if shard_size is not None:
        shard_size = check_count("shard_size", shard_size)
    directory = source_of(dataset)
    if len(dataset._rows) != len(dataset):
        raise ValueError(
            f"{len(dataset)} samples were assigned to X where {len(dataset._rows)} are on the "
            "disk, which alone is exported: select samples with subset."
        )
    if len(dataset) == 0:
        raise ValueError(f"{dataset!r} has no samples to export.")
    rows = _columns(directory, np.asarray(dataset._rows).tolist())
    target = Path(export_dir).resolve()
    if target.is_relative_to(directory.path.resolve()):
        raise ValueError(f"{target} is in the dataset itself: name a directory elsewhere.")
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} is not empty: name a new directory.")
    if os.path.ismount(target) or target == Path.cwd():
        raise ValueError(f"{target} is in use and cannot be replaced: name a directory in it.")
    digits = max(5, len(str(len(rows) - 1)))  # names sort as the numbers do
    stem = "sample" if layout == "audiofolder" else prefix
    names = [f"{stem}_{k:0{digits}d}" for k in range(len(rows))]
    with reporting("exporting a dataset", target), _staged(target) as folder:
        if layout == "audiofolder":
            write, size = _write_folder, shard_size or _FILES_A_FOLDER
        else:
            sound = directory.sound_file(rows[0]["index"])
            write, size = _write_tar, shard_size or max(1, _BYTES_A_TAR // len(sound))
        disk.publish(folder / "README.md", _card(directory.header, len(rows)).encode())
        with progress_bar(total=len(rows), desc="exporting", unit=" sounds") as bar:
            for shard, k in enumerate(range(0, len(rows), size)):
                part = dict(zip(names[k : k + size], rows[k : k + size], strict=True))
                for _ in write(directory, part, folder / f"{prefix}-{shard:06d}"):
                    bar.update()
        directory.check_unchanged()


def _check_prefix(prefix: str, layout: Layout) -> None:
    """Raise ValueError for a prefix that is no name, or that takes the labels from an export."""
    if not isinstance(prefix, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{,63}", prefix):
        raise ValueError(
            f"prefix must consist of up to 64 ASCII letters, digits, - and _, got {prefix!r}."
        )
    if layout == "audiofolder" and (split := _SPLIT.search(prefix)):
        raise ValueError(
            f"prefix {prefix!r} makes folders that Hugging Face takes for the split {split[0]!r}, "
            f"without their labels: keep another prefix, and name export_dir {split[0]!r} instead."
        )


def _card(header: Header, exported: int) -> str:
    """Return what made the samples, as a README.md whose head Hugging Face reads."""
    names = ("sampler", "sampler_settings", "seed", "origin", "dataset_size")
    facts = {name: getattr(header, name) for name in names} | {"exported": exported}
    known = {name: value for name, value in facts.items() if value is not None}
    return (
        "---\nlicense: unknown\ntags:\n- audio\n---\n\n"
        "Sounds and labels, made by kac_prediction with\n\n"
        f"```json\n{json.dumps(known, indent=2)}\n```\n\n"
        "Samples of one `group` were made on one body: keep them on one side of a split.\n"
    )


def _columns(directory: DatasetDirectory, indices: list[int]) -> list[Row]:
    """Return the columns of these samples; labels are floats, or readers guess two types."""
    header, labels = directory.header, list(parsed(directory.label_lines))
    is_number: dict[str, bool] = {}  # by label: has it one number in every sample?
    for y in labels:
        for name, values in y.items():
            one = len(values) == 1 and not isinstance(values[0], list)
            is_number[name] = one and is_number.get(name, True)
    if clashing := sorted(is_number.keys() & _COLUMNS):
        raise ValueError(
            f"The label {clashing[0]!r} has the name of a column that every export has: rename "
            "it in getLabels and generate the dataset again."
        )
    rows: list[Row] = []
    for i in indices:
        row: Row = {"index": i, "group": header.groups[i]}
        if header.origin is not None:
            row["older"] = header.revisions[i] == 0
        for name, one in is_number.items():
            label = labels[i].get(name)
            floats = None if label is None else np.asarray(label, dtype=np.float64).tolist()
            row[name] = floats[0] if floats and one else floats
        rows.append(row)
    return rows


def _write_folder(directory: DatasetDirectory, rows: dict[str, Row], path: Path) -> Iterator[str]:
    """Write wavs to a folder and lines to metadata.jsonl beside it; yield what is written."""
    disk.make_folder(path)
    metadata = path.with_name("metadata.jsonl")
    with metadata.open("a", encoding="utf-8", newline="\n") as lines:
        for name, row in rows.items():
            (path / f"{name}.wav").write_bytes(directory.sound_file(row["index"]))
            lines.write(json.dumps({"file_name": f"{path.name}/{name}.wav", **row}) + "\n")
            yield name
        lines.flush()
        os.fsync(lines.fileno())
    # All at last rather than each at once: most are on the disk by then, or go together.
    for file in path.iterdir():
        sync_file(file)
    disk.sync_folder(path)


def _write_tar(directory: DatasetDirectory, rows: dict[str, Row], path: Path) -> Iterator[str]:
    """Write a tar; yield what is written."""
    path = path.with_suffix(".tar")
    flushed = 0
    # ustar: what every reader knows, and it has no room for anything that varies.
    with (
        path.open("wb") as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name, row in rows.items():
            sound = directory.sound_file(row["index"])
            for ending, content in (("json", json.dumps(row).encode()), ("wav", sound)):
                info = tarfile.TarInfo(f"{name}.{ending}")  # no time or owner, 644
                info.size = len(content)
                tar.addfile(info, BytesIO(content))
            tar.getmembers().clear()  # or it keeps one for each file
            if file.tell() >= flushed + _BYTES_A_FLUSH:
                flushed = file.tell()
                file.flush()
                os.fsync(file.fileno())
            yield name
    sync_file(path)


@contextmanager
def _staged(target: Path) -> Iterator[Path]:
    """Yield a hidden folder that becomes `target` if the block ends well, and else is removed."""
    hidden = target.with_name(f".{target.name}.exporting")
    made = [parent for parent in target.parents if not parent.exists()]
    folder = hidden / "files"
    check_folder(hidden)  # no link to another one, from where files would be removed
    try:
        with write_lock(hidden):
            shutil.rmtree(folder, ignore_errors=True)
            try:
                disk.make_folder(folder)
                yield folder
                disk.sync_folder(folder)
                if target.exists():
                    target.rmdir()
                disk.replace(folder, target)
                disk.sync_folder(target.parent)
            except KeyboardInterrupt as interrupt:  # to remove thousands of files takes seconds
                interrupt.add_note(
                    f"Nothing was exported to {target}: call exportDataset again, which removes "
                    f"what is left in {hidden}; or delete that folder."
                )
                raise
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
    finally:
        for empty in [hidden, *made]:
            with suppress(OSError):
                empty.rmdir()
