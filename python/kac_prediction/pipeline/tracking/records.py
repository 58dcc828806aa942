"""Lines of JSON that grow while something runs, and that survive its being killed."""

import contextlib
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

Record = dict[str, Any]  # an epoch: epoch, training_loss, selection_loss, seconds, ...


def append_records(path: Path, records: Iterable[Record]) -> None:
    """Append a line for each record; they are with the operating system when this returns.

    Where that fails, on a full disk, the file is left as it was. A half line that a killed process
    left at the end is closed first, so that it spoils no other.

    Raises:
        OSError: the file cannot be written.
    """
    lines = b"".join(map(_line, records))
    with path.open("ab+", buffering=0) as stream:  # what is in no buffer is not written later
        size = stream.seek(0, os.SEEK_END)
        stream.seek(max(size - 1, 0))
        if stream.read(1) not in (b"", b"\n"):
            lines = b"\n" + lines
        rest = memoryview(lines)
        try:
            while rest:
                rest = rest[stream.write(rest) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(path, size)
            raise


def read_records(path: Path) -> list[Record]:
    """Read the records of a file; none where there is no file.

    A line that is no JSON object, such as one that is being written or that a killed process left
    half written, is left out.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [record for record in map(parse_record, lines) if record is not None]


def parse_record(line: bytes) -> Record | None:
    """Read a line; None where it is no JSON object."""
    try:
        record = json.loads(line)
    except ValueError:  # half a line, or half a character
        return None
    return record if isinstance(record, dict) else None


def rewrite_records(path: Path, records: Iterable[Record]) -> None:
    """Replace a file by these records: at every instant it is the old one or the new one.

    Raises:
        OSError: the file cannot be written.
    """
    lines = b"".join(map(_line, records))
    write_atomically(path, lambda staged: staged.write_bytes(lines))


def write_atomically(path: Path, write: Callable[[Path], Any]) -> None:
    """Have a file written beside its place, and move it there once it is whole.

    Args:
        path: the place.
        write: writes the file at the path it is given, which has the suffix of the place.

    Raises:
        OSError: the file cannot be written.
    """
    staged = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        write(staged)
        staged.replace(path)
    finally:
        staged.unlink(missing_ok=True)


def _line(record: Record) -> bytes:
    return json.dumps(_plain(record), allow_nan=False).encode() + b"\n"


def _plain(value: Any) -> Any:
    """What JSON can hold of a value: no number for one that is not finite, else its text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    if hasattr(value, "tolist"):  # of NumPy or torch
        return _plain(value.tolist())
    return str(value)
