"""A directory that holds a dataset, or will."""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from ... import _core
from .array import map_array
from .journal import Journal, current_path, read_journal, roll_forward
from .layout import (
    ARRAY,
    GENERATING,
    METADATA,
    DatasetChangedError,
    DatasetError,
    is_own_name,
    is_shard,
    locked,
    sound_name,
    wav_size,
)
from .metadata import Header, decode

_BATCH = 64


class DatasetDirectory:
    """The files of one dataset, as they stand when it is opened.

    A commit that was interrupted is finished first; where the directory cannot be written, its
    files are read from where they wait.

    Attributes:
        path: the directory.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a directory, which need not exist yet."""
        self.path = Path(path).absolute()
        self._journal: Journal | None = read_journal(self.path) if self.path.is_dir() else None
        self._read: tuple[int, int, int] | None = None  # the state that the header is of
        if self._journal is not None and os.access(self.path, os.W_OK):
            self._finish_commit()

    def holds_dataset(self) -> bool:
        """Is there a complete dataset?"""
        return self.metadata_path().is_file()

    def read(self) -> tuple[Header, list[str]]:
        """The header, and the lines of the labels, a sample each.

        Raises:
            FileNotFoundError: there is no dataset.
            DatasetError: metadata.json is damaged or of another format.
        """
        self._read = self.state() if self.holds_dataset() else None
        if self._read is None:
            unfinished = (self.path / GENERATING).is_dir()
            remedy = (
                "its generation was interrupted: call generateDataset again, with the same "
                "arguments, to finish it"
                if unfinished
                else "make one with generateDataset"
            )
            raise FileNotFoundError(f"{self.path} holds no dataset ({METADATA}); {remedy}.")
        return decode(self.metadata_path())

    def array(self, header: Header) -> npt.NDArray[np.float64]:
        """The representation, mapped copy-on-write: what is not touched is not read.

        Raises:
            DatasetError: x.npy is missing, cut short, or does not fit the header.
            DatasetChangedError: another process changed the dataset since the header was read.
        """
        try:
            return map_array(self._file(ARRAY), header.x_shapes())
        finally:
            self._check_unchanged()

    def state(self) -> tuple[int, int, int]:
        """What differs when another metadata.json, which every change writes, stands there."""
        stat = self.metadata_path().stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def is_whole(self, header: Header) -> bool:
        """Can x be opened, and are all sounds there, in their full size?"""
        return self.has_array(header) and not self.lost_sounds(header)

    def has_array(self, header: Header) -> bool:
        """Can x be opened?"""
        try:
            self.array(header)
        except DatasetError:
            return False
        return True

    def lost_sounds(self, header: Header) -> list[int]:
        """The samples whose sounds are missing, or not of their full size."""
        size = wav_size(header.length)
        return [
            i for i in range(header.dataset_size) if _size_of(self.sound_path(header, i)) != size
        ]

    def verify(self, header: Header) -> None:
        """Read every file, and compare it with its checksum.

        Where the checksums of the sounds are not known, as in older datasets, those that are there
        are read as sounds.

        Raises:
            DatasetError: one is damaged or missing.
            DatasetChangedError: another process changed the dataset since the header was read.
        """
        try:
            self.verify_array(header)
            if not header.sounds:
                self._read_through(header)
            for first in range(0, len(header.sounds), _BATCH):
                expected = header.sounds[first : first + _BATCH]
                numbers = range(first, first + len(expected))
                _compare([self.sound_path(header, i) for i in numbers], expected)
        except DatasetError:
            self._check_unchanged()  # else what looks like damage is another's work
            raise

    def verify_array(self, header: Header) -> None:
        """Read the representation, and compare it with its checksum, where that is known.

        Raises:
            DatasetError: it is damaged or missing.
        """
        if ARRAY in header.checksums:
            _compare([self._file(ARRAY)], [header.checksums[ARRAY]])

    def metadata_path(self) -> Path:
        """Where metadata.json stands."""
        return self._file(METADATA)

    def sound_path(self, header: Header, i: int) -> Path:
        """Where the sound of sample `i` stands."""
        return self._file(sound_name(i, header.shard_size))

    def sounds(
        self, header: Header, indices: Sequence[int], threads: int
    ) -> npt.NDArray[np.float64]:
        """The sounds of these samples, shape (n, length).

        Raises:
            DatasetError: a wav is missing, damaged, or not mono of this length.
        """
        paths = [str(self.sound_path(header, i)) for i in indices]
        sounds, read, checksums = _core.read_wavs(paths, header.length, threads)
        if header.sounds:
            wrong = ~read | (checksums != [header.sounds[i] for i in indices])
            for row in np.flatnonzero(wrong).tolist():
                _compare([Path(paths[row])], [header.sounds[indices[row]]])
        else:
            for row in np.flatnonzero(~read).tolist():
                sounds[row] = _read_any(paths[row], header.length)
        return sounds

    def names(self, header: Header) -> list[str]:
        """The names of the sounds."""
        return [sound_name(i, header.shard_size) for i in range(header.dataset_size)]

    def refuse_foreign_files(self) -> None:
        """Raise DatasetError if anything but a dataset's own files (or hidden ones) is there."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is a file: name a directory for the dataset.")
        size, shard_size = 0, None
        if self.holds_dataset():
            header = self.read()[0]
            size, shard_size = header.dataset_size, header.shard_size
        for name in _visible(self.path):
            if size and is_own_name(name, size, shard_size):
                continue
            raise DatasetError(
                f"{self.path} holds {name}, which is no file of a whole dataset: nothing was "
                "changed; name another directory or move it away."
            )

    def _finish_commit(self) -> None:
        # Another process may be at it at this very moment: then it is waited for.
        with locked(self.path):
            journal = read_journal(self.path)
            if journal is not None:
                roll_forward(self.path, journal)
        self._journal = None

    def _check_unchanged(self) -> None:
        # A commit publishes its journal before it touches x, and replaces metadata.json before it
        # removes the journal: who sees neither has mapped an x that belongs to the header.
        journal = read_journal(self.path)
        if journal not in (None, self._journal) or self._read not in (None, self.state()):
            raise DatasetChangedError(
                f"{self.path} was changed by another process while it was opened: open it again."
            )

    def _read_through(self, header: Header) -> None:
        """Read the sounds that are there."""
        there = [i for i in range(header.dataset_size) if self.sound_path(header, i).exists()]
        # Where that is no whole number, some older software rounded and some cut it off.
        cut = math.floor(header.duration * header.sample_rate)
        for first in range(0, len(there), _BATCH):
            paths = [str(self.sound_path(header, i)) for i in there[first : first + _BATCH]]
            read = _core.read_wavs(paths, header.length, 0)[1]
            for row in np.flatnonzero(~read).tolist():
                _read_any(paths[row], header.length, cut)

    def _file(self, name: str) -> Path:
        return current_path(self.path, name, self._journal)


def _visible(directory: Path) -> Iterator[str]:
    """The names of what stands in a directory and its folders of sounds, hidden files aside."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if is_shard(entry.name) and entry.is_dir(follow_symlinks=False):
            yield from sorted(f"{entry.name}/{sound.name}" for sound in os.scandir(entry))
        elif not entry.name.startswith("."):
            yield entry.name


def _size_of(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _compare(paths: list[Path], expected: list[int]) -> None:
    """Raise DatasetError unless these files have these CRC-32."""
    try:
        found = _core.file_checksums([str(path) for path in paths])[0].tolist()
    except OSError as error:
        raise DatasetError(f"{error.filename} is missing or cannot be read: {error}.") from error
    for path, checksum, wanted in zip(paths, found, expected, strict=True):
        if checksum != wanted:
            raise DatasetError(
                f"{path} is damaged: its checksum is {checksum:08x}, and {wanted:08x} was written. "
                "Restore it from a copy; or delete it and call generateDataset with the same "
                "arguments, which makes it again."
            )


def _read_any(path: str, *lengths: int) -> npt.NDArray[np.float64]:
    """The sound of a file that the core did not take: not as we write them, or damaged."""
    try:
        sound: npt.NDArray[np.float64] = soundfile.read(path, dtype="float64")[0]
    except (OSError, RuntimeError) as error:
        raise DatasetError(f"{path} is missing or damaged: {error}.") from error
    if sound.shape not in [(length,) for length in lengths]:
        raise DatasetError(f"{path} has shape {sound.shape} where ({lengths[0]},) was expected.")
    return sound
