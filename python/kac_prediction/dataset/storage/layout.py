"""Names of the files of a dataset directory, its errors, and the lock of its writer.

A directory may be a stranger's. Nothing in it is read, written, renamed or removed through a link,
by a name that is no dataset's own, or without a bound of its size; a checksum is no signature.
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

from ... import _untrusted
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
SOUND = re.compile(r"(shard_[0-9]{5,}/)?sample_[0-9]{5,}\.wav")

LARGEST_TEXT = 2**32  # bytes of a text that is held in memory, such as ten million labels
LONGEST_SOUND = (2**32 - 2**16) // 3  # samples in a wav of 24 bits, whose size has 32 bits

# What opening a file raises that is not there. Other errors, as of too many open files, may pass.
MISSING = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class DatasetError(ValueError):
    """A dataset directory is damaged, foreign or in a format that this version cannot read."""


class DatasetChangedError(DatasetError):
    """Another process changed a dataset while it was being opened."""


check_regular = partial(_untrusted.check_regular, refuse=DatasetError)
check_folder = partial(_untrusted.check_folder, refuse=DatasetError)
check_tree = partial(_untrusted.check_tree, refuse=DatasetError)
open_regular = partial(_untrusted.open_regular, refuse=DatasetError)


def sound_name(i: int, shard_size: int | None = None) -> str:
    """Return the path of the sound of sample `i` within the directory."""
    name = f"sample_{i:05d}.wav"
    return name if shard_size is None else f"shard_{i // shard_size:05d}/{name}"


def sound_size(length: int) -> int:
    """Return the bytes of the sound of so many samples: a mono wav of 24 bits, padded."""
    return 44 + 3 * length + length % 2


@contextmanager
def write_lock(directory: Path) -> Iterator[None]:
    """Be the only writer of a directory, which is made if need be, or raise DatasetError."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / LOCK
    with ExitStack() as stack:
        try:
            open_regular(path, "ab").close()
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
