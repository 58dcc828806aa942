"""x.npy: written in any order, and mapped."""

import os
import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ... import _core
from . import disk
from .layout import DatasetError

_HEADER = re.compile(
    rb"\{'descr': '<f8', 'fortran_order': False, 'shape': \((\d+(?:, \d+)*),?\), \} *\n"
)


class ArrayWriter(AbstractContextManager["ArrayWriter"]):
    """Write the rows of an x.npy, each in its place, also from several processes at once."""

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        """Open the file of an array of this shape; rows that are in it stay."""
        self._row = tuple(shape[1:])
        self._row_bytes = 8 * int(np.prod(self._row))
        header = BytesIO()
        form = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, form)
        self._header = header.getvalue()
        self._file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        if self._file.read(len(self._header)) != self._header:
            self._file.seek(0)
            disk.write(self._file, self._header)

    def write(self, first: int, rows: npt.NDArray[np.float64]) -> list[int]:
        """Write rows from `first` on, and flush them to the disk; return the CRC-32 of each."""
        if rows.shape[1:] != self._row:
            raise ValueError(f"Rows of x have shape {rows.shape[1:]}, expected {self._row}.")
        values = np.ascontiguousarray(rows, dtype="<f8")
        self._file.seek(len(self._header) + first * self._row_bytes)
        disk.write(self._file, values.data.cast("B"))
        return [_core.crc32(row) for row in values]

    def checksums(self, count: int) -> list[int]:
        """Return the CRC-32 of the first rows, as many as are in the file, at most `count`."""
        found: list[int] = []
        self._file.seek(len(self._header))
        while (
            len(found) < count and len(row := self._file.read(self._row_bytes)) == self._row_bytes
        ):
            found.append(_core.crc32(row))
        return found

    def checksum(self, rows: Iterable[int]) -> int:
        """Return the CRC-32 of the file from those of all its rows; cut off what is beyond them."""
        total, size = _core.crc32(self._header), len(self._header)
        for row in rows:
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
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path} is missing or damaged: {error}.") from error
    if found not in shapes:
        raise DatasetError(f"{path} has the shape {found} where {shapes[0]} was expected.")
    expected = offset + 8 * int(np.prod(found))
    if size != expected:
        raise DatasetError(f"{path} is damaged: it holds {size} bytes instead of {expected}.")
    mapped: Any = np.memmap(path, dtype="<f8", mode="c", offset=offset, shape=found)
    return np.asarray(mapped)
