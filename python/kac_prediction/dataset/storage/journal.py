"""The commit of several files at once.

New files wait in a hidden folder of the dataset's directory, complete and flushed. Publishing the
journal, one rename, is the commit; carrying it out (renames, removals) can be interrupted and done
again by whoever opens the directory next. Before the journal stands, the old dataset is whole;
after it, the new one is.
"""

import errno
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from ... import _core
from . import disk
from .layout import GENERATING, JOURNAL, STAGING, DatasetError, locked


@dataclass(frozen=True)
class Journal:
    """What a commit does.

    Attributes:
        stage: name of the folder that holds the new files.
        sizes: the new files and their sizes in bytes.
        checksums: CRC-32 of those that every sample depends on.
        removed: files of the old dataset that the new one does not have.
    """

    stage: str
    sizes: dict[str, int]
    checksums: dict[str, int]
    removed: list[str]


def read_journal(directory: Path) -> Journal | None:
    """The published journal of a directory, if one stands there.

    Raises:
        DatasetError: it is damaged, or names files outside of the directory.
    """
    path = directory / JOURNAL
    try:
        content = disk.unsealed(path.read_bytes())
    except FileNotFoundError:
        return None
    try:
        journal = Journal(**json.loads(content or b""))
        names = [*journal.sizes, *journal.removed]
        if journal.stage in (STAGING, GENERATING) and not any(map(_leads_elsewhere, names)):
            return journal
    except (ValueError, TypeError, AttributeError):
        pass
    raise DatasetError(
        f"{path} is damaged, so it cannot be known which files of {directory} are the new ones: "
        "restore the directory from a copy, or generate it again in another one."
    )


def commit(
    directory: Path,
    stage: Path,
    names: list[str],
    checksums: dict[str, int],
    removed: list[str],
) -> None:
    """Make these files of `stage` the dataset's, all at once, and remove some of the old ones.

    The files must have been flushed to the disk before.

    Raises:
        FileNotFoundError: one of them is not in the stage; nothing was changed.
        OSError: a folder cannot take its files, so the commit could never be carried out; nothing
            was changed.
    """
    for folder in _folders(directory, [*names, *removed]):
        _check_target(folder, stage)
    for folder in _folders(stage, names):
        disk.sync_folder(folder)
    sizes = {name: (stage / name).stat().st_size for name in names}
    journal = Journal(stage.name, sizes, checksums, removed)
    with locked(directory):
        disk.publish(directory / JOURNAL, disk.sealed(json.dumps(asdict(journal)).encode()))
        carry_out(directory, journal)


def roll_forward(directory: Path, journal: Journal) -> None:
    """Finish a commit that another process had published, once its files are seen to be whole.

    Raises:
        DatasetError: a staged file has vanished or changed.
    """
    for name, checksum in journal.checksums.items():
        path = current_path(directory, name, journal)
        if path.exists() and _core.file_checksums([str(path)])[0][0] != checksum:
            raise DatasetError(f"{path} is not the file that was committed: generate it again.")
    carry_out(directory, journal)


def carry_out(directory: Path, journal: Journal) -> None:
    """Finish a published commit; doing it twice does no harm.

    Raises:
        DatasetError: a staged file has vanished or changed its size.
    """
    stage = directory / journal.stage
    for name, size in journal.sizes.items():
        check_size(current_path(directory, name, journal), size)
    for folder in _folders(directory, journal.sizes):
        disk.make_folder(folder)
    for name in journal.sizes:
        if (stage / name).exists():
            disk.replace(stage / name, directory / name)
    for name in journal.removed:
        disk.remove(directory / name)
    for folder in _folders(directory, journal.removed):
        if folder != directory:
            disk.remove_empty(folder)
    for folder in _folders(directory, journal.sizes):
        disk.sync_folder(folder)
    disk.remove_folder(stage)
    disk.remove(directory / JOURNAL)
    disk.sync_folder(directory)


def current_path(directory: Path, name: str, journal: Journal | None) -> Path:
    """Where a file of the dataset stands now, also while a commit is under way."""
    if journal is not None and name in journal.sizes:
        staged = directory / journal.stage / name
        if staged.exists():
            return staged
    return directory / name


def check_size(path: Path, size: int) -> None:
    """Raise DatasetError unless the file is there with this many bytes."""
    found = path.stat().st_size if path.exists() else None
    if found != size:
        state = "is missing" if found is None else f"holds {found} bytes"
        raise DatasetError(f"{path} {state} where {size} bytes were committed: generate it again.")


def _check_target(folder: Path, stage: Path) -> None:
    """Refuse a folder that nothing can be renamed into."""
    if not folder.exists():
        return
    if _device(folder) != _device(stage):
        raise OSError(
            errno.EXDEV,
            "a folder of the dataset is on another disk: move it into its place instead of linking "
            "to it, and call again",
            str(folder),
        )
    if not os.access(folder, os.W_OK):
        raise PermissionError(
            errno.EACCES,
            "a folder of the dataset cannot be written: have that allowed, and call again",
            str(folder),
        )


def _device(path: Path) -> int:
    return path.stat().st_dev


def _folders(root: Path, names: Iterable[str]) -> list[Path]:
    """The folders that these files are in, that of metadata.json, the root, last."""
    within = {name.rpartition("/")[0] for name in names} - {""}
    return [*(root / folder for folder in sorted(within)), root]


def _leads_elsewhere(name: str) -> bool:
    path = PurePosixPath(name)
    return path.is_absolute() or ".." in path.parts or "\\" in name
