"""Every change to the files of a dataset: one function each, durable when it returns.

`KAC_FAULT_AT_WRITE` lets a process fail at one of them, for tests: "kill 17" ends it at its 17th
fault point, "full 17" lets the disk be full there. A function has a fault point before what it
does, and one in the middle of what may be done in part.
"""

import errno
import os
import shutil
import signal
import threading
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from ... import _core, _files

FAULT = "KAC_FAULT_AT_WRITE"

_passed = 0
_lock = threading.Lock()


def publish(path: Path, content: bytes) -> None:
    """Write a file so that its name shows the old content or the new one, never a part."""
    temporary = path.with_name(f"{path.name}.tmp")
    with temporary.open("wb", buffering=0) as file:
        write(file, content)
    replace(temporary, path)
    sync_folder(path.parent)


def write(file: BinaryIO, content: bytes | memoryview) -> None:
    """Write at the position of an unbuffered file."""
    _fault_point()
    middle = len(content) // 2
    for part in (memoryview(content)[:middle], memoryview(content)[middle:]):
        while part:
            part = part[file.write(part) :]
        _fault_point()
    os.fsync(file.fileno())


def write_sounds(
    paths: Sequence[Path], sounds: npt.NDArray[np.float64], sample_rate: int, threads: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Write sounds, shape (n, length), as PCM 24; return their clipped samples and CRC-32."""
    names = [str(path) for path in paths]
    _fault_point()
    if FAULT in os.environ:
        middle = (len(names) + 1) // 2
        _core.write_wavs(names[:middle], sounds[:middle], sample_rate, 24, True, threads)
        _fault_point()
    return _core.write_wavs(names, sounds, sample_rate, 24, sync=True, threads=threads)


def replace(source: Path, target: Path) -> None:
    """Rename a file, over what has the name; `sync_folder` makes it durable."""
    _fault_point()
    source.replace(target)


def remove(path: Path) -> None:
    """Remove a file, if there is one."""
    _fault_point()
    path.unlink(missing_ok=True)


def remove_folder(path: Path, first: str = "") -> None:
    """Remove a folder and all it holds, if there is one; the file `first` before all others."""
    if not path.is_dir() or path.is_symlink():
        return
    if first:
        remove(path / first)
        sync_folder(path)
    # Listed before any of them goes: some file systems skip entries of a folder that changes.
    for entry in list(os.scandir(path)):
        if entry.is_dir(follow_symlinks=False):
            remove_folder(Path(entry.path))
        else:
            remove(Path(entry.path))
    remove_empty(path)


def remove_empty(path: Path) -> None:
    """Remove a folder, if there is one and it is empty."""
    _fault_point()
    try:
        path.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they do not exist."""
    if not path.is_dir():
        _fault_point()
        path.mkdir(parents=True, exist_ok=True)


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it."""
    _fault_point()
    try:
        target.hardlink_to(source)
    except OSError:  # the file system has no links, or forbids one to another user's file
        shutil.copyfile(source, target)
        _files.sync_file(target)


def cut(path: Path, size: int) -> None:
    """Cut a file off after so many bytes."""
    _fault_point()
    with path.open("r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush the names in a folder to the disk."""
    _fault_point()
    _files.sync_folder(path)


def sealed(content: bytes) -> bytes:
    """Return content that holds no newline as a line with its checksum in front."""
    return b"%08x %s\n" % (zlib.crc32(content), content)


def unsealed(line: bytes) -> bytes | None:
    """Return the content of a sealed line; None if the line is damaged."""
    content = line[9:-1]
    return content if content and sealed(content) == line else None


def _fault_point() -> None:
    """End the process, or raise, if this is the point that KAC_FAULT_AT_WRITE names."""
    global _passed
    with _lock:
        _passed += 1
        passed = _passed
    how, _, where = os.environ.get(FAULT, "").partition(" ")
    if not how or int(where) != passed:
        return
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"point {where}")
