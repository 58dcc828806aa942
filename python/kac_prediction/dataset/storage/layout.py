"""Names of the files of a dataset directory, its errors, and the lock of its writer."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from ..._files import locked

METADATA = "metadata.json"
ARRAY = "x.npy"
LEGACY = "metadata.legacy.json"
JOURNAL = ".journal.json"
LOCK = ".lock"
STAGING = ".staging"
GENERATING = ".generating"
PLAN = "plan.json"  # of an unfinished generation, in GENERATING
DONE = "done.txt"

# What opening a file raises that is not there. Other errors, as of too many open files, may pass.
MISSING = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class DatasetError(ValueError):
    """A dataset directory is damaged, foreign or in a format that this version cannot read."""


class DatasetChangedError(DatasetError):
    """Another process changed a dataset while it was being opened."""


def sound_name(i: int, shard_size: int | None = None) -> str:
    """Return the path of the sound of sample `i` within the directory."""
    name = f"sample_{i:05d}.wav"
    return name if shard_size is None else f"shard_{i // shard_size:05d}/{name}"


@contextmanager
def write_lock(directory: Path) -> Iterator[None]:
    """Be the only writer of a directory, which is made if need be, or raise DatasetError."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / LOCK
    with ExitStack() as stack:
        try:
            path.touch()
            descriptor = stack.enter_context(locked(path, wait=False))
            # Its last holder removes the file; another one may have the name already.
            held = descriptor is None or os.path.samestat(path.stat(), os.fstat(descriptor))
        except (BlockingIOError, FileNotFoundError):
            held = False
        if not held:
            raise DatasetError(f"{directory} is being written by another process: wait for it.")
        try:
            yield
        finally:
            with suppress(OSError):  # it may stay: whoever holds its lock is the writer
                path.unlink()
