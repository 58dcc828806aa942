"""Names of the files of a dataset, and who may write them."""

import os
import re
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

_SHARD = re.compile(r"shard_(\d{5,})")
_SOUND = re.compile(r"sample_(\d{5,})\.wav")


class DatasetError(ValueError):
    """A dataset directory is damaged, foreign or in a format that this version cannot read."""


class DatasetChangedError(DatasetError):
    """Another process changed a dataset while it was being opened."""


def sound_name(i: int, shard_size: int | None = None) -> str:
    """Path of the sound of sample `i` within the directory.

    With a shard size, so many sounds share a folder, and no folder grows without end.
    """
    name = f"sample_{i:05d}.wav"
    return name if shard_size is None else f"shard_{i // shard_size:05d}/{name}"


def is_own_name(name: str, dataset_size: int, shard_size: int | None = None) -> bool:
    """Is this the path of a file of a dataset of this size, within its directory?"""
    if name in {METADATA, ARRAY, LEGACY}:
        return True
    match = _SOUND.fullmatch(name.rpartition("/")[2])
    if match is None or int(match[1]) >= dataset_size:
        return False
    return name == sound_name(int(match[1]), shard_size)


def is_shard(name: str) -> bool:
    """Is this the name of a folder of sounds?"""
    return _SHARD.fullmatch(name) is not None


def wav_size(length: int) -> int:
    """Bytes of a mono wav of 24 bits a sample; an odd number of data is padded."""
    return 44 + 3 * length + length % 2


@contextmanager
def locked(path: Path, shared: bool = False) -> Iterator[None]:
    """Hold a file or directory, alone or with others that share it.

    Nothing is held where that cannot be asked for.
    """
    if os.name != "posix":
        yield
        return
    import fcntl

    descriptor = _open(path, writable=not shared)
    try:
        with suppress(OSError):  # some network file systems have no locks
            fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path, writable: bool) -> int:
    """Open a file or directory, which NFS wants writable where it is to be locked alone."""
    if writable:
        with suppress(OSError):  # a directory, or somebody else's file
            return os.open(path, os.O_RDWR)
    return os.open(path, os.O_RDONLY)


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
        # Who held it until now has removed it; another file may have its name already.
        held = os.path.samestat(path.stat(), os.fstat(descriptor))
    except (BlockingIOError, FileNotFoundError):
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
