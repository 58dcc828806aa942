"""A directory that holds a dataset, or will."""

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from ... import _core
from .array import map_array
from .layout import (
    ARRAY,
    GENERATING,
    LEGACY,
    METADATA,
    DatasetChangedError,
    DatasetError,
    sound_name,
)
from .metadata import Header, decode
from .transaction import read_journal, roll_forward

_BATCH = 64
_SHARD = re.compile(r"shard_\d{5,}")


class DatasetDirectory:
    """The files of one dataset, as they are when it is opened.

    A commit that was interrupted is finished first; where the directory cannot be written, files
    are read from where they are staged. metadata.json is read once, when it is first needed.

    Attributes:
        path: the directory.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open a directory, which need not exist yet."""
        self.path = Path(path).absolute()
        self._journal = read_journal(self.path) if self.path.is_dir() else None
        if self._journal is not None and os.access(self.path, os.W_OK):
            roll_forward(self.path)
            self._journal = None

    def holds_dataset(self) -> bool:
        """Tell whether there is a complete dataset."""
        return self.metadata_path().is_file()

    @property
    def header(self) -> Header:
        """The header.

        Raises:
            FileNotFoundError: there is no dataset.
            DatasetError: metadata.json is damaged or of another format.
        """
        return self._metadata[0]

    @property
    def label_lines(self) -> list[str]:
        """The lines of the labels, a sample each."""
        return self._metadata[1]

    @cached_property
    def _metadata(self) -> tuple[Header, list[str]]:
        if not self.holds_dataset():
            remedy = (
                "its generation was interrupted: call generateDataset again, with the same "
                "arguments, to finish it"
                if (self.path / GENERATING).is_dir()
                else "make one with generateDataset"
            )
            raise FileNotFoundError(f"{self.path} holds no dataset ({METADATA}); {remedy}.")
        self._state = self.state()
        return decode(self.metadata_path())

    def state(self) -> tuple[int, int, int]:
        """Identify the metadata.json that is there now: every change of the dataset replaces it."""
        stat = self.metadata_path().stat()
        return stat.st_ino, stat.st_size, stat.st_mtime_ns

    def array(self) -> npt.NDArray[np.float64]:
        """Map the representation copy-on-write: nothing is read until it is used.

        Raises:
            DatasetError: x.npy is missing, cut short, or does not fit the header.
            DatasetChangedError: another process changed the dataset since the header was read.
        """
        shapes = self.header.x_shapes()
        try:
            return map_array(self._file(ARRAY), shapes)
        finally:
            self._check_unchanged()

    def has_array(self) -> bool:
        """Tell whether x can be opened."""
        try:
            self.array()
        except DatasetError:
            return False
        return True

    def lost_sounds(self) -> list[int]:
        """Return the samples whose sounds are missing, or not of their full size."""
        length = self.header.length
        size = 44 + 3 * length + length % 2  # of a mono wav of 24 bits, padded to an even number

        def is_lost(path: Path) -> bool:
            try:
                return path.stat().st_size != size
            except OSError:
                return True

        return [i for i in range(self.header.dataset_size) if is_lost(self.sound_path(i))]

    def is_whole(self) -> bool:
        """Tell whether x can be opened and all sounds are there, in their full size."""
        return self.has_array() and not self.lost_sounds()

    def verify(self) -> None:
        """Read every file, and compare it with its checksum.

        In a legacy dataset, which has no checksums of the sounds, those that are there are decoded.

        Raises:
            DatasetError: a file is damaged or missing.
            DatasetChangedError: another process changed the dataset since the header was read.
        """
        header = self.header
        paths = [self.sound_path(i) for i in range(header.dataset_size)]
        try:
            self.verify_array()
            if not header.sounds:
                paths = [path for path in paths if path.exists()]
            for first in range(0, len(paths), _BATCH):
                batch = paths[first : first + _BATCH]
                if header.sounds:
                    _compare(batch, header.sounds[first : first + _BATCH])
                    continue
                read = _core.read_wavs([*map(str, batch)], header.length, 0)[1]
                for row in np.flatnonzero(~read).tolist():
                    _decode(batch[row], header.lengths)
        except DatasetError:
            self._check_unchanged()  # else a change by another process looks like damage
            raise

    def verify_array(self) -> None:
        """Read the representation and compare it with its checksum, where that is known.

        Raises:
            DatasetError: it is damaged or missing.
        """
        if ARRAY in self.header.checksums:
            _compare([self._file(ARRAY)], [self.header.checksums[ARRAY]])

    def sounds(self, indices: Sequence[int], threads: int) -> npt.NDArray[np.float64]:
        """Read the sounds of these samples, shape (n, length).

        Raises:
            DatasetError: a wav is missing, damaged, or not mono of this length.
        """
        header = self.header
        paths = [self.sound_path(i) for i in indices]
        sounds, read, checksums = _core.read_wavs([*map(str, paths)], header.length, threads)
        if header.sounds:
            wrong = ~read | (checksums != [header.sounds[i] for i in indices])
            for row in np.flatnonzero(wrong).tolist():
                _compare([paths[row]], [header.sounds[indices[row]]])
        else:
            for row in np.flatnonzero(~read).tolist():
                sounds[row] = _decode(paths[row], [header.length])
        return sounds

    def sound_file(self, i: int) -> bytes:
        """Read the file of the sound of sample `i`.

        Raises:
            DatasetError: it is missing or damaged, or in a legacy dataset of another sample rate.
        """
        path, header = self.sound_path(i), self.header
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DatasetError(f"{path} is missing or cannot be read: {error}.") from error
        if header.sounds:
            _check(path, zlib.crc32(content), header.sounds[i])
        else:
            _decode(path, header.lengths, content, header.sample_rate)
        return content

    def metadata_path(self) -> Path:
        """Return where metadata.json is."""
        return self._file(METADATA)

    def sound_path(self, i: int) -> Path:
        """Return where the sound of sample `i` is."""
        return self._file(sound_name(i, self.header.shard_size))

    def sound_names(self) -> list[str]:
        """Return the names of all sounds."""
        header = self.header
        return [sound_name(i, header.shard_size) for i in range(header.dataset_size)]

    def refuse_foreign_files(self) -> None:
        """Raise DatasetError if anything but a dataset's own files (or hidden ones) is there."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is a file: name a directory for the dataset.")
        own = set()
        if self.holds_dataset():
            own = {METADATA, ARRAY, LEGACY, *self.sound_names()}
        for name in _visible(self.path):
            if name not in own:
                raise DatasetError(
                    f"{self.path} holds {name}, which is no file of a whole dataset: nothing was "
                    "changed; name another directory or move it away."
                )

    def _check_unchanged(self) -> None:
        # A commit publishes its journal before it touches x, and replaces metadata.json before it
        # removes the journal: who sees neither has mapped an x that belongs to the header.
        if read_journal(self.path) not in (None, self._journal) or self.state() != self._state:
            raise DatasetChangedError(
                f"{self.path} was changed by another process while it was opened: open it again."
            )

    def _file(self, name: str) -> Path:
        if self._journal is None:
            return self.path / name
        return self._journal.current_path(self.path, name)


def _visible(directory: Path) -> Iterator[str]:
    """Yield the names of files in a directory and its folders of sounds, hidden ones aside."""
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if _SHARD.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
            yield from sorted(f"{entry.name}/{sound.name}" for sound in os.scandir(entry))
        elif not entry.name.startswith("."):
            yield entry.name


def _compare(paths: list[Path], expected: list[int]) -> None:
    """Raise DatasetError unless these files have these CRC-32."""
    try:
        found = _core.file_checksums([str(path) for path in paths])[0].tolist()
    except OSError as error:
        raise DatasetError(f"{error.filename} is missing or cannot be read: {error}.") from error
    for path, checksum, written in zip(paths, found, expected, strict=True):
        _check(path, checksum, written)


def _check(path: Path, checksum: int, written: int) -> None:
    if checksum != written:
        raise DatasetError(
            f"{path} is damaged: its checksum is {checksum:08x}, and {written:08x} was written. "
            "Restore it from a copy; or delete it and call generateDataset with the same "
            "arguments, which makes it again."
        )


def _decode(
    path: Path, lengths: list[int], content: bytes | None = None, sample_rate: int | None = None
) -> npt.NDArray[np.float64]:
    """Decode a sound that the core did not read, as another program wrote it or it is damaged."""
    sound: npt.NDArray[np.float64]
    try:
        file = path if content is None else BytesIO(content)
        sound, rate = soundfile.read(file, dtype="float64")
    except (OSError, RuntimeError) as error:
        raise DatasetError(f"{path} is missing or damaged: {error}.") from error
    found, expected = f"shape {sound.shape}", f"({lengths[0]},)"
    if sound.shape in [(length,) for length in lengths]:
        if sample_rate in (None, rate):
            return sound
        found, expected = f"{rate} Hz", f"{sample_rate} Hz"
    raise DatasetError(f"{path} is damaged: it has {found} where {expected} was expected.")
