"""Names of the files of a dataset, and how they reach the disk."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

METADATA = "metadata.json"
ARRAY = "x.npy"
LEGACY = "metadata.legacy.json"
JOURNAL = ".journal.json"
STAGING = ".staging"
GENERATING = ".generating"

SOUND = re.compile(r"sample_(\d{5,})\.wav")


class DatasetError(ValueError):
    """A dataset directory is damaged, foreign or in a format that this version cannot read."""


def sound_name(i: int) -> str:
    """File name of the sound of sample `i`."""
    return f"sample_{i:05d}.wav"


def is_own_file(name: str, dataset_size: int) -> bool:
    """Does a file of this name belong to a dataset of this size?"""
    if name in {METADATA, ARRAY, LEGACY}:
        return True
    match = SOUND.fullmatch(name)
    return match is not None and int(match[1]) < dataset_size


def sync_directory(path: Path) -> None:
    """Flush the names in a directory to the disk (nothing to do where that cannot be asked)."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let one process at a time hold a file or directory (all where that cannot be asked)."""
    if os.name != "posix":
        yield
        return
    import fcntl

    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_synced(path: Path, content: bytes) -> None:
    """Write a whole file and flush it to the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def publish(path: Path, content: bytes) -> None:
    """Write a file so that its name shows the old content or the new one, never a part."""
    temporary = path.with_name(f"{path.name}.tmp")
    write_synced(temporary, content)
    temporary.replace(path)
    sync_directory(path.parent)
