"""What an unfinished generation has come to."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ... import _core
from . import disk
from .array import ArrayWriter
from .layout import sound_name

PLAN = "plan.json"
DONE = "done.txt"


class Record(NamedTuple):
    """A sample that is done: the CRC-32 of its sound's file and of its row of x, and its labels."""

    sound: int
    row: int
    labels: str


class Progress:
    """What an unfinished generation is of, and the samples that are done.

    A sample counts as done when its line stands whole in the file of them; its sound and its row
    of x are flushed before. Each line has a checksum.

    Attributes:
        plan: what is being generated, plain values; None: nothing is, or it cannot be known.
        done: how many samples are done.
    """

    def __init__(self, folder: Path) -> None:
        """Read the progress in this folder, if any."""
        self._folder = folder
        self.plan = read_plan(folder)
        self.done = sum(1 for _ in self.records()) if self.plan else 0

    def start(self, plan: dict[str, Any]) -> None:
        """Note what is being generated."""
        self.plan = plan
        disk.publish(self._folder / PLAN, disk.sealed(json.dumps(plan).encode()))

    def append(self, records: Iterable[Record]) -> None:
        """Note more samples as done, those that follow."""
        lines = [_encode(record) for record in records]
        with (self._folder / DONE).open("ab", buffering=0) as file:
            disk.write(file, b"".join(lines))
        self.done += len(lines)

    def records(self) -> Iterator[Record]:
        """The samples that are done, up to the first line that is not whole."""
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
        """Count only those samples as done that are on the disk as they were written."""
        rows = x.checksums(self.done)
        whole = size = 0
        for record, row in zip(self.records(), rows, strict=False):
            sound = self._folder / sound_name(whole, shard_size)
            if row != record.row or _checksum(sound) != record.sound:
                break
            whole += 1
            size += len(_encode(record))
        if (self._folder / DONE).exists():
            disk.cut(self._folder / DONE, size)
        self.done = whole


def read_plan(folder: Path) -> dict[str, Any] | None:
    """What is being generated in a folder; None: nothing is, or it cannot be known."""
    try:
        content = disk.unsealed((folder / PLAN).read_bytes())
    except FileNotFoundError:
        return None
    plan: dict[str, Any] | None = json.loads(content) if content else None
    return plan


def _encode(record: Record) -> bytes:
    return disk.sealed(f"{record.sound} {record.row} {record.labels}".encode())


def _checksum(path: Path) -> int | None:
    try:
        return int(_core.file_checksums([str(path)])[0][0])
    except OSError:
        return None
