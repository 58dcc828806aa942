"""An unfinished generation: its plan, and a record of every sample that is on the disk."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ... import _core
from ..representation import InputRepresentation
from ..sampler import Labels
from . import disk
from .disk import ArrayWriter
from .layout import DONE, PLAN, sound_name
from .metadata import label_line
from .transaction import Transaction


class Record(NamedTuple):
    """A sample on the disk: the CRC-32 of its sound's file and of its row of x, and its labels."""

    sound: int
    row: int
    labels: str


class Progress:
    """The plan of an unfinished generation, and the records of the samples that are done.

    A record, a line with a checksum, is written after its sound and its row of x were flushed.
    `plan` is None where there is none; `done` counts the samples.
    """

    def __init__(self, folder: Path) -> None:
        """Read the progress in this folder, if any."""
        self._folder = folder
        self.plan = read_plan(folder)
        self.done = sum(1 for _ in self.records()) if self.plan else 0

    def start(self, plan: dict[str, Any]) -> None:
        """Record what is being generated."""
        self.plan = plan
        disk.publish(self._folder / PLAN, disk.sealed(json.dumps(plan).encode()))

    def append(self, records: Iterable[Record]) -> None:
        """Record the samples that follow as done."""
        lines = [_encode(record) for record in records]
        with (self._folder / DONE).open("ab", buffering=0) as file:
            disk.write(file, b"".join(lines))
        self.done += len(lines)

    def records(self) -> Iterator[Record]:
        """Yield the records, up to the first line that is damaged."""
        path = self._folder / DONE
        if not path.exists():
            return
        with path.open("rb") as file:
            for line in file:
                content = disk.unsealed(line)
                if content is None:
                    return
                sound, row, labels = content.split(b" ", 2)
                yield Record(int(sound), int(row), labels.decode())

    def verify(self, x: ArrayWriter, shard_size: int | None) -> None:
        """Count as done only the samples that are on the disk as they were written."""
        whole = size = 0
        for record, row in zip(self.records(), x.checksums(self.done), strict=False):
            try:
                path = self._folder / sound_name(whole, shard_size)
                sound = _core.file_checksums([str(path)])[0][0]
            except OSError:
                break
            if (sound, row) != (record.sound, record.row):
                break
            whole += 1
            size += len(_encode(record))
        if (self._folder / DONE).exists():
            disk.cut(self._folder / DONE, size)
        self.done = whole


def read_plan(folder: Path) -> dict[str, Any] | None:
    """Read the plan of the generation in a folder; None: there is none, or it is damaged."""
    path = folder / PLAN
    content = disk.unsealed(path.read_bytes()) if path.exists() else None
    plan: dict[str, Any] | None = json.loads(content) if content else None
    return plan


def _encode(record: Record) -> bytes:
    return disk.sealed(f"{record.sound} {record.row} {record.labels}".encode())


def write_samples(
    transaction: Transaction,
    x: ArrayWriter,
    representation: InputRepresentation,
    indices: range,
    sounds: npt.NDArray[np.float64],
    labels: list[Labels],
) -> list[Record]:
    """Write sounds and rows of x to a transaction and flush them; return the samples' records."""
    lines = [label_line(y, i) for i, y in zip(indices, labels, strict=True)]
    threads, rate = representation.threads, representation.sample_rate
    # One after the other: both at once is quicker by a tenth, and holds twice the memory.
    checksums = transaction.write_sounds(indices, sounds, rate, threads)
    quantised = _core.quantise(sounds, 24, threads=threads)
    rows = x.write(indices.start, representation.transform(quantised).numpy())
    return [Record(*parts) for parts in zip(checksums, rows, lines, strict=True)]
