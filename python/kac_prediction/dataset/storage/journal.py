"""The commit of several files at once.

New files wait in a hidden folder of the dataset's directory, complete and flushed. Publishing the
journal, one rename, is the commit; carrying it out (renames, removals) can be interrupted and done
again by whoever opens the directory next. Before the journal stands, the old dataset is whole;
after it, the new one is.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from .layout import JOURNAL, DatasetError, file_checksum, locked, publish, sync_directory


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
    """The published journal of a directory, if one stands there."""
    path = directory / JOURNAL
    try:
        return Journal(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise DatasetError(f"{path} is damaged: {error}.") from error


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
    """
    sync_directory(stage)
    sizes = {name: (stage / name).stat().st_size for name in names}
    journal = Journal(stage.name, sizes, checksums, removed)
    with locked(directory):
        publish(directory / JOURNAL, json.dumps(asdict(journal)).encode())
        carry_out(directory, journal)


def roll_forward(directory: Path, journal: Journal) -> None:
    """Finish a commit that another process had published, once its files are seen to be whole.

    Raises:
        DatasetError: a staged file has vanished or changed.
    """
    for name, checksum in journal.checksums.items():
        path = current_path(directory, name, journal)
        if path.exists() and file_checksum(path) != checksum:
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
    for name in journal.sizes:
        if (stage / name).exists():
            (stage / name).replace(directory / name)
    for name in journal.removed:
        (directory / name).unlink(missing_ok=True)
    sync_directory(directory)
    shutil.rmtree(stage, ignore_errors=True)
    (directory / JOURNAL).unlink()
    sync_directory(directory)


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
