"""Writing a dataset: samples go to a hidden folder, and all become the dataset at once."""

import json
import os
import shutil
import warnings
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from ... import _core
from . import journal
from .directory import DatasetDirectory
from .layout import ARRAY, METADATA, publish, sound_name, write_synced
from .metadata import Header, encode

PLAN = "plan.json"
LABELS = "labels.jsonl"
_BLOCK = 2**24


class Stage:
    """The new files of a dataset on their way.

    Only what the stage's folder holds when `commit` is called becomes part of the dataset, next to
    the old sounds that `commit` is told to keep.

    Attributes:
        path: the hidden folder.
        clipped: how many samples were clipped in how many sounds.
    """

    def __init__(self, directory: DatasetDirectory, name: str, *, resume: bool = False) -> None:
        """Start with an empty folder, or with what stands there (`resume`)."""
        self.directory = directory.path
        self.path = self.directory / name
        self.clipped = np.zeros(2, dtype=np.int64)
        self._checksums: dict[str, int] = {}
        if not resume:
            shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(parents=True, exist_ok=True)

    def write_sounds(
        self,
        indices: Iterable[int],
        sounds: npt.NDArray[np.float64],
        sample_rate: int,
        threads: int,
    ) -> None:
        """Write and flush the sounds of these samples, shape (n, length), as PCM 24."""
        paths = [str(self.path / sound_name(i)) for i in indices]
        clipped = _core.write_wavs(paths, sounds, sample_rate, 24, sync=True, threads=threads)
        self.clipped += [int(clipped.sum()), int(np.count_nonzero(clipped))]

    def write_metadata(self, header: Header, label_lines: Iterable[str]) -> None:
        """Write metadata.json."""
        content = b"".join(encode(header, label_lines))
        write_synced(self.path / METADATA, content)
        self._checksums = header.checksums | {METADATA: zlib.crc32(content)}

    def keep(self, source: Path, name: str) -> None:
        """Stage a file as it stands, under another name: a second link to it, or else a copy."""
        target = self.path / name
        try:
            target.hardlink_to(source)
        except OSError:  # the file system has no links, or forbids one to another user's file
            shutil.copyfile(source, target)
            with target.open("r+b") as file:
                os.fsync(file.fileno())

    def commit(
        self,
        sounds: Iterable[int],
        removed: Iterable[int] = (),
        others: Iterable[str] = (),
    ) -> None:
        """Make the staged metadata, x and sounds the dataset's, and remove some of its old sounds.

        Args:
            sounds: the samples whose sounds are staged; the others keep theirs.
            removed: samples of the old dataset that are no more.
            others: names of further files that are staged.

        Raises:
            FileNotFoundError: a file is not in the stage; the old dataset is as it was.
        """
        # metadata.json last: who opens an older dataset at this moment sees it old, or all new.
        names = [ARRAY, *others, *map(sound_name, sounds), METADATA]
        gone = list(map(sound_name, removed))
        journal.commit(self.directory, self.path, names, self._checksums, gone)

    def warn_clipped(self) -> None:
        """Warn, on behalf of the caller's caller, of samples that were clipped."""
        samples, sounds = self.clipped.tolist()
        if samples:
            warnings.warn(
                f"{samples} samples beyond [-1, 1] were clipped in {sounds} sounds.", stacklevel=3
            )


class ArrayWriter:
    """Writes x.npy row by row, front to back.

    Attributes:
        checksum: CRC-32 of what was written so far.
    """

    def __init__(self, stage: Stage, shape: tuple[int, ...], done: int = 0) -> None:
        """Open the file of an array of this shape, of which the first `done` rows are there."""
        self._path = stage.path / ARRAY
        self._row = tuple(shape[1:])
        self._file: BinaryIO = self._path.open("r+b" if done else "wb")
        header = BytesIO()
        form = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(header, form)
        self._file.write(header.getvalue())
        self.checksum = zlib.crc32(header.getvalue())
        self._read_back(done * int(np.prod(self._row)) * 8)
        self._file.truncate()

    def append(self, rows: npt.NDArray[np.float64]) -> None:
        """Write the next rows and flush them to the disk."""
        if rows.shape[1:] != self._row:
            raise ValueError(f"Rows of x have shape {rows.shape[1:]}, expected {self._row}.")
        values = np.ascontiguousarray(rows, dtype="<f8").data.cast("B")
        self.checksum = zlib.crc32(values, self.checksum)
        self._file.write(values)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; what was appended is on the disk already."""
        self._file.close()

    def __enter__(self) -> "ArrayWriter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_back(self, count: int) -> None:
        while count:
            block = self._file.read(min(count, _BLOCK))
            if not block:
                raise ValueError(f"{self._path} is shorter than the samples noted as done.")
            self.checksum = zlib.crc32(block, self.checksum)
            count -= len(block)


class Progress:
    """What an unfinished generation is of, and the labels of the samples that are done.

    A sample counts as done when its line stands whole in the file of labels; its sound and its
    row of x are flushed before.

    Attributes:
        plan: what is being generated, plain values.
    """

    def __init__(self, directory: DatasetDirectory, name: str) -> None:
        """Read the progress in this folder of the directory, if any."""
        self._folder = directory.path / name
        self.plan: dict[str, Any] | None = None
        self.done = 0
        if (self._folder / PLAN).is_file():
            self.plan = json.loads((self._folder / PLAN).read_bytes())
            self.done = self._count_lines()

    def start(self, plan: dict[str, Any]) -> None:
        """Note what is being generated."""
        self.plan = plan
        publish(self._folder / PLAN, json.dumps(plan).encode())

    def append(self, label_lines: Iterable[str]) -> None:
        """Note more samples as done."""
        content = "".join(f"{line}\n" for line in label_lines).encode()
        with (self._folder / LABELS).open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())

    def lines(self) -> list[str]:
        """The lines of all labels."""
        path = self._folder / LABELS
        return path.read_text().splitlines() if path.exists() else []

    def _count_lines(self) -> int:
        """Count the whole lines, and cut off what follows the last one."""
        path = self._folder / LABELS
        if not path.exists():
            return 0
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole != len(content):
            os.truncate(path, whole)
        return content.count(b"\n")
