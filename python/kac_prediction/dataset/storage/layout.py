"""Names of the files of a dataset, and how they reach the disk."""

import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

METADATA = "metadata.json"
ARRAY = "x.npy"
LEGACY = "metadata.legacy.json"
JOURNAL = ".journal.json"
LOCK = ".lock"
STAGING = ".staging"
GENERATING = ".generating"

_BLOCK = 2**22

SOUND = re.compile(r"sample_(\d{5,})\.wav")


class DatasetError(ValueError):
    """A dataset directory is damaged, foreign or in a format that this version cannot read."""


def sound_name(i: int) -> str:
    """File name of the sound of sample `i`."""
    return f"sample_{i:05d}.wav"


def wav_size(length: int) -> int:
    """Bytes of a mono wav of 24 bits a sample; an odd number of data is padded."""
    return 44 + 3 * length + length % 2


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


@contextmanager
def writing(directory: Path) -> Iterator[None]:
    """Be the only one who makes, transforms or regenerates the dataset of a directory.

    The lock ends with the block or with the process, however that ends.

    Raises:
        DatasetError: another process, or thread, is at it.
    """
    if os.name != "posix":
        yield
        return
    import fcntl

    directory.mkdir(parents=True, exist_ok=True)
    path = directory / LOCK
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held = path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino
    except BlockingIOError:
        held = False
    except OSError:  # some network file systems have no locks
        held = True
    try:
        if not held:
            raise DatasetError(f"{directory} is being written by another process: wait for it.")
        yield
    finally:
        if held:
            path.unlink(missing_ok=True)
        os.close(descriptor)


def write_synced(path: Path, content: bytes) -> None:
    """Write a whole file and flush it to the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def file_checksum(path: Path) -> int:
    """CRC-32 of a file."""
    checksum = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
    return checksum


def publish(path: Path, content: bytes) -> None:
    """Write a file so that its name shows the old content or the new one, never a part."""
    temporary = path.with_name(f"{path.name}.tmp")
    write_synced(temporary, content)
    temporary.replace(path)
    sync_directory(path.parent)
