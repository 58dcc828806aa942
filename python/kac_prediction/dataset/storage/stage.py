"""Writing a dataset: samples go to a hidden folder, and all become the dataset at once."""

import shutil
import warnings
import zlib
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import numpy.typing as npt

from . import disk, journal
from .layout import ARRAY, METADATA, locked, sound_name
from .metadata import Header, encode
from .progress import PLAN

_BLOCK = 2**20


class Stage:
    """The new files of a dataset on their way.

    Only what the stage's folder holds when `commit` is called becomes part of the dataset, next to
    the old sounds that `commit` is told to keep.

    Attributes:
        path: the hidden folder.
        shard_size: how many sounds share a folder; None: no folders.
        clipped: how many samples were clipped in how many sounds.
    """

    def __init__(
        self,
        directory: Path,
        name: str,
        *,
        shard_size: int | None = None,
        resume: bool = False,
    ) -> None:
        """Start with an empty folder, or with what stands there (`resume`)."""
        self.directory = directory
        self.path = self.directory / name
        self.shard_size = shard_size
        self.clipped = np.zeros(2, dtype=np.int64)
        self._checksums: dict[str, int] = {}
        if not resume:
            self._clear()
        disk.make_folder(self.path)

    def write_sounds(
        self,
        indices: Iterable[int],
        sounds: npt.NDArray[np.float64],
        sample_rate: int,
        threads: int,
    ) -> list[int]:
        """Write the sounds of these samples, shape (n, length), as PCM 24; return their CRC-32."""
        paths = [self.path / name for name in self.names(indices)]
        for folder in sorted({path.parent for path in paths}):
            disk.make_folder(folder)
        clipped, checksums = disk.write_sounds(paths, sounds, sample_rate, threads)
        self.clipped += [int(clipped.sum()), int(np.count_nonzero(clipped))]
        return [int(checksum) for checksum in checksums]

    def write_metadata(self, header: Header, label_lines: Iterable[str]) -> None:
        """Write metadata.json."""
        checksum = 0
        with (self.path / METADATA).open("wb", buffering=0) as file:
            for block in _blocks(encode(header, label_lines)):
                disk.write(file, block)
                checksum = zlib.crc32(block, checksum)
        self._checksums = header.checksums | {METADATA: checksum}

    def keep(self, source: Path, name: str) -> None:
        """Stage a file as it stands, under another name: a second link to it, or else a copy."""
        disk.link(source, self.path / name)

    def commit(
        self,
        sounds: Iterable[int],
        removed: Iterable[str] = (),
        others: Iterable[str] = (),
    ) -> None:
        """Make the staged metadata, x and sounds the dataset's, and remove some of its old sounds.

        Args:
            sounds: the samples whose sounds are staged; the others keep theirs.
            removed: names of files of the old dataset that are no more.
            others: names of further files that are staged.

        Raises:
            FileNotFoundError: a file is not in the stage; the old dataset is as it was.
        """
        # metadata.json last: who opens an older dataset at this moment sees it old, or all new.
        names = [ARRAY, *others, *self.names(sounds), METADATA]
        journal.commit(self.directory, self.path, names, self._checksums, list(removed))

    def commit_sounds(self, sounds: Iterable[int]) -> None:
        """Make the staged sounds of these samples the dataset's, whose other files stay."""
        journal.commit(self.directory, self.path, self.names(sounds), {}, [])

    def names(self, indices: Iterable[int]) -> list[str]:
        """The names that the sounds of these samples have."""
        return [sound_name(i, self.shard_size) for i in indices]

    def discard(self) -> None:
        """Remove what was staged, as far as that is possible."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _clear(self) -> None:
        # A worker of a cluster may still be writing there, for a plan that was given up.
        plan = self.path / PLAN
        with locked(plan) if plan.exists() else nullcontext():
            # Without its plan, nobody takes what is left of it for something to go on with.
            disk.remove_folder(self.path, first=PLAN)

    def warn_clipped(self) -> None:
        """Warn, on behalf of the caller's caller, of samples that were clipped."""
        samples, sounds = self.clipped.tolist()
        if samples:
            warnings.warn(
                f"{samples} samples beyond [-1, 1] were clipped in {sounds} sounds.", stacklevel=3
            )


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces, so that each is worth a write."""
    block = bytearray()
    for piece in pieces:
        block += piece
        if len(block) >= _BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)
