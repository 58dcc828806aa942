"""Every change to the files of a dataset, durable when a function returns; and x.npy, mapped.

A function has a write point before what it does, and one in the middle of what may be done in part:
there tests let the process die or the disk be full, by a function that they set.
"""

import errno
import math
import os
import re
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ... import _core, _files
from .layout import (
    MISSING,
    DatasetError,
    check_folder,
    check_regular,
    check_tree,
    open_regular,
)

at_write_point: Callable[[], object] | None = None
"""What is called at every write point; None, except in tests."""

_BITS = 24  # of a sample
_HEADER = re.compile(
    rb"\{'descr': '<f8', 'fortran_order': False, 'shape': \((\d+(?:, \d+)*),?\), \} *\n"
)


def publish(path: Path, content: bytes) -> None:
    """Write a file so that its name shows the old content or the new one, never a part."""
    temporary = path.with_name(f"{path.name}.tmp")
    file = open_regular(temporary, "wb", buffering=0)
    try:
        with file:
            write(file, content)
        replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def write(file: BinaryIO, content: bytes | memoryview) -> None:
    """Write at the position of an unbuffered file."""
    _write_point()
    middle = len(content) // 2
    with _files.naming(file.name):
        for part in (memoryview(content)[:middle], memoryview(content)[middle:]):
            while part:
                part = part[file.write(part) :]
            _write_point()
        os.fsync(file.fileno())


def write_sounds(
    paths: Sequence[Path], sounds: npt.NDArray[np.float64], sample_rate: int, threads: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]:
    """Write sounds, shape (n, length), as PCM 24; return their clipped samples and CRC-32."""
    names = [str(path) for path in paths]
    for path in paths:
        check_regular(path, alone=True)
    _write_point()
    if at_write_point is not None:
        middle = (len(names) + 1) // 2
        _core.write_wavs(names[:middle], sounds[:middle], sample_rate, _BITS, True, threads)
        _write_point()
    return _core.write_wavs(names, sounds, sample_rate, _BITS, sync=True, threads=threads)


def as_stored(sounds: npt.NDArray[np.float64], threads: int) -> npt.NDArray[np.float64]:
    """Return sounds as they are read back: what x is computed from."""
    return _core.quantise(sounds, _BITS, threads=threads)


def replace(source: Path, target: Path) -> None:
    """Rename a file, over what has the name; `sync_folder` makes it durable."""
    _write_point()
    source.replace(target)


def remove(path: Path) -> None:
    """Remove a file, if there is one."""
    _write_point()
    path.unlink(missing_ok=True)


def remove_folder(path: Path, first: str = "") -> None:
    """Remove a folder and all it holds, if there is one; the file `first` before all others."""
    check_tree(path)
    if not path.exists():
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
    _write_point()
    try:
        path.rmdir()
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTEMPTY, errno.EEXIST):
            raise


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they do not exist."""
    check_folder(path)
    if not path.is_dir():
        _write_point()
        path.mkdir(parents=True, exist_ok=True)


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it."""
    _write_point()
    try:
        target.hardlink_to(source)
    except OSError:  # the file system has no links, or forbids one to another user's file
        shutil.copyfile(source, target)
        _files.sync_file(target)


def cut(path: Path, size: int) -> None:
    """Cut a file off after so many bytes."""
    _write_point()
    with _files.naming(path), open_regular(path, "r+b") as file:
        file.truncate(size)
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Flush the names in a folder to the disk."""
    _write_point()
    _files.sync_folder(path)


class ArrayWriter(AbstractContextManager["ArrayWriter"]):
    """Write the rows of an x.npy, each in its place, also from several processes at once."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        """Open the file of an array of this shape; rows that are in it stay."""
        self._written: list[int] = []
        self._row = tuple(shape[1:])
        self._row_bytes = 8 * math.prod(self._row)
        header = BytesIO()
        form = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, form)
        self._header = header.getvalue()
        open_regular(path, "ab").close()
        self._file = open_regular(path, "r+b", buffering=0)
        if self._file.read(len(self._header)) != self._header:
            self._file.seek(0)
            write(self._file, self._header)

    def write(self, first: int, rows: npt.NDArray[np.float64]) -> list[int]:
        """Write rows from `first` on, and flush them to the disk; return the CRC-32 of each."""
        if rows.shape[1:] != self._row:
            raise ValueError(f"Rows of x have shape {rows.shape[1:]}, expected {self._row}.")
        values = np.ascontiguousarray(rows, dtype="<f8")
        self._file.seek(len(self._header) + first * self._row_bytes)
        write(self._file, values.data.cast("B"))
        written = [_core.crc32(row) for row in values]
        self._written += written
        return written

    def row_checksums(self) -> Iterator[int]:
        """Read the rows in the file, and yield the CRC-32 of each."""
        self._file.seek(len(self._header))
        while len(row := self._file.read(self._row_bytes)) == self._row_bytes:
            yield _core.crc32(row)

    def checksum(self, rows: Iterable[int] | None = None) -> int:
        """Return the file's CRC-32 from those of its rows (None: as written); cut off the rest."""
        total, size = _core.crc32(self._header), len(self._header)
        for row in self._written if rows is None else rows:
            total = _core.crc32_combine(total, row, self._row_bytes)
            size += self._row_bytes
        if os.fstat(self._file.fileno()).st_size != size:
            self._file.truncate(size)
            os.fsync(self._file.fileno())
        return total

    def __exit__(self, *_: object) -> None:
        self._file.close()


def map_array(path: Path, shapes: list[tuple[int, ...]]) -> npt.NDArray[np.float64]:
    """Map an x.npy of one of these shapes, copy-on-write; raise DatasetError if it is damaged."""
    try:
        with path.open("rb") as file:
            # NumPy's own reader takes more than is ever written here, and fails in many ways.
            start = file.read(10)
            if start[:8] != b"\x93NUMPY\x01\x00" or len(start) < 10:
                raise ValueError("it is no array as a dataset holds it")
            match = _HEADER.fullmatch(file.read(int.from_bytes(start[8:], "little")))
            if match is None:
                raise ValueError("its header is not that of an array of float64")
            found = tuple(map(int, match[1].split(b",")))
            offset, size = file.tell(), os.fstat(file.fileno()).st_size
    except (*MISSING, ValueError) as error:
        raise DatasetError(f"{path} is missing or damaged: {error}.") from error
    if found not in shapes:
        raise DatasetError(f"{path} has the shape {found} where {shapes[0]} was expected.")
    expected = offset + 8 * math.prod(found)
    if size != expected:
        raise DatasetError(f"{path} is damaged: it holds {size} bytes instead of {expected}.")
    mapped: Any = np.memmap(path, dtype="<f8", mode="c", offset=offset, shape=found)
    return np.asarray(mapped)


def sealed(content: bytes) -> bytes:
    """Return content that holds no newline as a line with its checksum in front."""
    return b"%08x %s\n" % (zlib.crc32(content), content)


def unsealed(line: bytes) -> bytes | None:
    """Return the content of a sealed line; None if the line is damaged."""
    content = line[9:-1]
    return content if content and sealed(content) == line else None


def _write_point() -> None:
    """Let a test interfere, if there is one."""
    if at_write_point is not None:
        at_write_point()
