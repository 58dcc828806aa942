"""Files that are never half there: atomic replacement, durable names, locks, lines of JSON."""

import errno
import json
import logging
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

_REMEDIES = {
    errno.EACCES: "have that allowed, or name another directory",
    errno.EAGAIN: "end other programs, or allow more threads and processes (ulimit -u)",
    errno.EDQUOT: "make room, or name another directory",
    errno.EIO: "check the disk",
    errno.EMFILE: "close files, or allow more of them (ulimit -n)",
    errno.ENFILE: "close files of other programs",
    errno.ENOMEM: "end other programs",
    errno.ENOSPC: "make room, or name another directory",
    errno.EPERM: "have that allowed, or name another directory",
    errno.EROFS: "name a directory that can be written",
}


@contextmanager
def reporting(operation: str, path: str | os.PathLike[str]) -> Iterator[None]:
    """Complete what the system raises in the block: with the operation, the file and a remedy.

    Args:
        operation: what is done to it, such as "generating a dataset".
        path: the file or directory, for errors that name none.

    Raises:
        OSError: the same, which says more; errors whose message is this package's own stay.
        MemoryError: another one, which says more.
    """
    try:
        with naming(path):
            yield
    except OSError as error:
        if error.errno is not None and error.strerror == os.strerror(error.errno):
            remedy = _REMEDIES.get(error.errno)
            advice = f"; {remedy} and call again" if remedy else ""
            error.strerror = f"{error.strerror} ({operation}{advice})"
        raise
    except MemoryError as error:
        reason = str(error) or "there is too little memory: end other programs"
        raise MemoryError(f"{operation}, {os.fspath(path)}: {reason}") from error


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Let an OSError of the system, which leaves the block and names no file, name this one."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a path beside `path`; what is written there replaces `path` if the block ends well.

    Otherwise nothing has changed, and nothing is left behind. A reader sees the old file or the new
    one, never a part.

    Args:
        path: the file to write.
        durable: flush the content and the name to the disk before returning.

    Raises:
        OSError: it cannot be written.
    """
    staged = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield staged
        if durable:
            sync_file(staged)
        staged.replace(path)
        if durable:
            sync_folder(path.parent)
    finally:
        staged.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left of `replacing` in a folder; none may be at work there."""
    for path in folder.glob(".*.tmp"):
        if re.fullmatch(r"\..+\.\d+\.tmp", path.name):
            with suppress(OSError):  # another user's
                path.unlink()


def sync_file(path: Path) -> None:
    """Flush the content of a file to the disk."""
    with naming(path), path.open("r+b") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush the names in a folder to the disk, on systems where that can be asked for."""
    if os.name != "posix":
        return
    with naming(path):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def locked(path: Path, *, shared: bool = False, wait: bool = True) -> Iterator[int | None]:
    """Hold the lock of a file or folder while the block lasts, alone or with others that share it.

    Yields the descriptor that holds it. Where the system or the file system has no locks, the block
    runs without one, which is logged once. The lock ends with the process at the latest.

    Raises:
        BlockingIOError: it is held elsewhere, and `wait` is False.
        FileNotFoundError: there is no such file.
    """
    if os.name != "posix":
        _say_unlocked("this system has none")
        yield None
        return
    import fcntl

    descriptor = -1
    if not shared:  # NFS locks alone only what is open for writing
        with suppress(OSError):  # a folder, or another user's file
            descriptor = os.open(path, os.O_RDWR)
    if descriptor < 0:
        descriptor = os.open(path, os.O_RDONLY)
    try:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError as error:  # as on some network file systems
            _say_unlocked(f"{path}: {error.strerror}")
        yield descriptor
    finally:
        os.close(descriptor)


@cache
def _say_unlocked(reason: str) -> None:
    """Warn, once for each reason, that other processes are not kept away."""
    logger.warning(
        "no lock can be had (%s): let no other process write to the same dataset or run", reason
    )


def plain(value: Any) -> Any:
    """Return a value in the plain types that JSON and `torch.load(weights_only=True)` read back.

    Numbers of NumPy, arrays and tensors become Python's numbers and lists, mappings dictionaries.

    Raises:
        TypeError: it holds something else.
    """
    if hasattr(value, "tolist"):
        return value.tolist()
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)  # a subclass, such as an enumeration, would not be read back
    if isinstance(value, list | tuple):
        items = [plain(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    raise TypeError(f"a checkpoint cannot hold {value!r}, a {type(value).__name__}")


def append_records(path: Path, records: Iterable[Mapping[str, Any]]) -> None:
    """Append records as lines of JSON; the operating system has them when this returns.

    Where that fails, as on a full disk, the file is left as it was. A half line that a killed
    process left at the end is closed first, so that it spoils no other.

    Raises:
        OSError: the file cannot be written.
    """
    texts = (json.dumps(json_value(record), allow_nan=False) for record in records)
    lines = "".join(f"{text}\n" for text in texts).encode()
    # No buffer that would be written later.
    with naming(path), path.open("ab+", buffering=0) as stream:
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - 1, 0))
        if stream.read(1) not in (b"", b"\n"):
            lines = b"\n" + lines
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[stream.write(rest) :]
        except OSError:
            with suppress(OSError):
                os.truncate(path, size)
            raise


def read_records(path: Path) -> list[dict[str, Any]]:
    """Read the lines of JSON of a file; [] where there is none.

    A line that is no JSON object, such as one that is being written or that a killed process left
    half written, is left out.
    """
    records = []
    with naming(path), suppress(FileNotFoundError):
        for line in path.read_bytes().split(b"\n"):
            with suppress(ValueError):  # half a line, or half a character
                records.append(json.loads(line))
    return [record for record in records if isinstance(record, dict)]


def file_state(path: Path) -> tuple[int, int, int]:
    """Identify the file that has a name now, as long as files are replaced, not written to."""
    stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def json_value(value: Any) -> Any:
    """Return what JSON can hold of a value: null for numbers that are not finite, else its text."""
    if hasattr(value, "tolist"):  # of NumPy or torch
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
