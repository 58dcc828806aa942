"""An unfinished generation: its plan, and a record of every sample that is on the disk."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ... import _core
from ..._checks import MALFORMED, check_seed, reason
from ..representation import InputRepresentation
from ..sampler import Labels
from . import disk
from .disk import ArrayWriter
from .layout import (
    DONE,
    GENERATING,
    LARGEST_TEXT,
    MISSING,
    PLAN,
    DatasetError,
    check_folder,
    check_regular,
    open_regular,
    sound_size,
)
from .metadata import check_recipe, label_line
from .transaction import Transaction

_LONGEST_LINE = 2**24  # bytes of a record


class Record(NamedTuple):
    """A sample on the disk: the CRC-32 of its sound's file and of its row of x, and its labels."""

    sound: int
    row: int
    labels: str


class Generation(Transaction):
    """The transaction that makes a dataset, with its plan and the records of the samples done.

    A record, a line with a checksum, is written after its sound and its row of x were flushed.

    Attributes:
        plan: what is being generated.
        done: how many samples are done, once `verify` has counted them.
    """

    def __init__(self, directory: Path, plan: dict[str, Any], *, resume: bool) -> None:
        """Begin, and store the plan, or go on with what is there (`resume`)."""
        super().__init__(directory, GENERATING, shard_size=plan["shard_size"], resume=resume)
        self.plan, self.done = plan, 0
        if not resume:
            disk.publish(self.path / PLAN, disk.sealed(json.dumps(plan).encode()))

    def verify(self, x: ArrayWriter, length: int) -> None:
        """Count as done only the samples, of this length, that are on the disk as written."""
        size = 0
        for record, row in zip(sample_records(self.path), x.row_checksums(), strict=False):
            path = self.path / self.sound_names([self.done])[0]
            check_folder(path.parent)
            check_regular(path)
            try:
                whole = path.stat().st_size == sound_size(length)
                sound = _core.file_checksums([str(path)])[0][0] if whole else None
            except MISSING:
                break
            if (sound, row) != (record.sound, record.row) or not _is_valid(record.labels):
                break
            self.done += 1
            size += len(_encode(record))
        if (self.path / DONE).exists():
            disk.cut(self.path / DONE, size)

    def write_samples(
        self,
        x: ArrayWriter,
        representation: InputRepresentation,
        indices: range,
        sounds: npt.NDArray[np.float64],
        labels: list[Labels],
    ) -> list[Record]:
        """Write sounds and rows of x, and flush them; return the samples' records."""
        lines = [label_line(y, i) for i, y in zip(indices, labels, strict=True)]
        threads, rate = representation.threads, representation.sample_rate
        # One after the other: both at once is quicker by a tenth, and holds twice the memory.
        checksums = self.write_sounds(indices, sounds, rate, threads)
        transformed = representation.transform(disk.as_stored(sounds, threads))
        rows = x.write(indices.start, transformed.numpy())
        return [Record(*parts) for parts in zip(checksums, rows, lines, strict=True)]

    def append(self, records: Iterable[Record]) -> None:
        """Record the samples that follow as done."""
        lines = [_encode(record) for record in records]
        with open_regular(self.path / DONE, "ab", buffering=0) as file:
            disk.write(file, b"".join(lines))
        self.done += len(lines)


def read_plan(folder: Path) -> dict[str, Any] | None:
    """Read the plan of the generation in a folder; None: there is none, or it is damaged.

    Raises:
        DatasetError: it is whole, but no plan that this version knows; or a link.
    """
    path = folder / PLAN
    check_folder(folder)
    try:
        with open_regular(path, most=LARGEST_TEXT) as file:
            content = disk.unsealed(file.read())
    except (FileNotFoundError, NotADirectoryError):
        return None
    if content is None:
        return None
    try:
        plan: dict[str, Any] = json.loads(content)
        check_recipe(plan)
        check_seed("seed", plan["seed"])
    except MALFORMED as error:
        raise DatasetError(
            f"{path} is not a plan that this version can finish: {reason(error)}. Go on with the "
            f"version that began it, or delete {folder} to begin anew."
        ) from error
    return plan


def sample_records(folder: Path) -> Iterator[Record]:
    """Yield the records of the generation in a folder, up to the first line that is damaged."""
    try:
        file = open_regular(folder / DONE)
    except FileNotFoundError:
        return
    with file:
        while line := file.readline(_LONGEST_LINE):
            try:
                sound, row, labels = (disk.unsealed(line) or b"").split(b" ", 2)
                record = Record(int(sound), int(row), labels.decode())
            except ValueError:
                return
            yield record


def _encode(record: Record) -> bytes:
    return disk.sealed(f"{record.sound} {record.row} {record.labels}".encode())


def _is_valid(line: str) -> bool:
    """Return whether this is a line of labels, as they are written."""
    try:
        return label_line(json.loads(line)["y"], 0) == line
    except MALFORMED:
        return False
