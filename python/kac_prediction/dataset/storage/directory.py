"""A directory that holds a dataset, or will."""

import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from ... import _core
from ..._files import file_state
from ..._progress import progress_bar
from ..._threads import in_thread
from .disk import map_array
from .layout import (
    ARRAY,
    GENERATING,
    LEGACY,
    METADATA,
    MISSING,
    DatasetChangedError,
    DatasetError,
    check_folder,
    check_regular,
    check_tree,
    sound_name,
    sound_size,
)
from .metadata import Header, decode
from .transaction import read_journal, roll_forward

_BATCH = 64
# Other programs write up to 64 bits a sample, and describe the sound beside it.
_BYTES_A_SAMPLE = 8
_BYTES_BESIDE = 2**20
_SHARD = re.compile(r"shard_\d{5,}")


class DatasetDirectory:
    """The files of one dataset, as they are when it is opened.

    A commit that was interrupted is finished first; where the directory cannot be written, files
    are read from where they are staged. metadata.json is read once, when it is first needed. What
    is damaged or missing raises DatasetError, which names the file.

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
        if self._journal is not None:
            check_tree(self.path / self._journal.stage)

    def holds_dataset(self) -> bool:
        """Tell whether there is a complete dataset."""
        return self.metadata_path().is_file()

    @property
    def header(self) -> Header:
        """The header; FileNotFoundError is raised where there is no dataset."""
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
        self._state = self._current_state()
        return decode(self.metadata_path())

    def _current_state(self) -> tuple[int, int, int]:
        """Identify the metadata.json that is there now: every change of the dataset replaces it."""
        return file_state(self.metadata_path())

    def check_unchanged(self) -> None:
        """Raise DatasetChangedError if the dataset was changed since its header was read."""
        # A commit publishes its journal before it touches x, and replaces metadata.json before it
        # removes the journal: who sees neither has mapped an x that belongs to the header.
        journal = read_journal(self.path)
        if journal not in (None, self._journal) or self._current_state() != self._state:
            raise DatasetChangedError(
                f"{self.path} was changed by another process while it was opened: open it again."
            )

    def array(self) -> npt.NDArray[np.float64]:
        """Map x copy-on-write; raise DatasetChangedError if it is no longer the header's."""
        shapes = self.header.x_shapes()
        try:
            return map_array(self._file(ARRAY), shapes)
        finally:
            self.check_unchanged()

    def is_whole(self) -> bool:
        """Tell whether x can be opened and all sounds are there, in their full size."""
        return self.has_array() and not self.lost_sounds()

    def has_array(self) -> bool:
        """Tell whether x can be opened."""
        try:
            self.array()
        except DatasetError:
            return False
        return True

    def lost_sounds(self) -> list[int]:
        """Return the samples whose sounds are missing, or not of their full size."""
        size, lost = sound_size(self.header.length), []
        for i in range(self.header.dataset_size):
            try:
                found = self.sound_path(i).stat().st_size
            except MISSING:
                found = 0
            if found != size:
                lost.append(i)
        return lost

    def verify(self) -> None:
        """Read every file and compare it with its checksum; decode sounds that have none."""
        header = self.header
        paths = [self.sound_path(i) for i in range(header.dataset_size)]
        if not header.sounds:
            paths = [path for path in paths if path.exists()]
        try:
            self.verify_array()
            batches = range(0, len(paths), _BATCH)
            for first in progress_bar(batches, hidden=len(batches) < 2, unit=" batches"):
                batch = paths[first : first + _BATCH]
                if header.sounds:
                    _compare(batch, header.sounds[first : first + _BATCH])
                    continue
                with _missing_is_damage():
                    read = _core.read_wavs([*map(str, batch)], header.length, 0)[1]
                for row in np.flatnonzero(~read).tolist():
                    _decode(_content(batch[row]), batch[row], header.sample_rate, header.lengths)
        except DatasetError:
            self.check_unchanged()  # else a change by another process looks like damage
            raise

    def verify_array(self) -> None:
        """Read x and compare it with its checksum, where that is known."""
        if ARRAY in self.header.checksums:
            _compare([self._file(ARRAY)], [self.header.checksums[ARRAY]])

    def sounds(self, indices: Sequence[int], threads: int) -> npt.NDArray[np.float64]:
        """Read the sounds of these samples, shape (n, length)."""
        header = self.header
        paths = [self.sound_path(i) for i in indices]
        with _missing_is_damage():
            sounds, read, checksums = _core.read_wavs([*map(str, paths)], header.length, threads)
        if header.sounds:
            read &= checksums == [header.sounds[i] for i in indices]
        for row in np.flatnonzero(~read).tolist():  # another program wrote it, or it is damaged
            content = self.sound_file(indices[row])
            sounds[row] = _decode(content, paths[row], header.sample_rate, [header.length])
        return sounds

    def sound_file(self, i: int) -> bytes:
        """Read the file of the sound of sample `i`, and check it."""
        path, header = self.sound_path(i), self.header
        content = _content(path)
        if header.sounds:
            _check(path, zlib.crc32(content), header.sounds[i])
        else:
            _decode(content, path, header.sample_rate, header.lengths)
        return content

    def metadata_path(self) -> Path:
        """Return where metadata.json is."""
        return self._file(METADATA)

    def sound_path(self, i: int) -> Path:
        """Return where the sound of sample `i` is."""
        most = _BYTES_A_SAMPLE * self.header.length + _BYTES_BESIDE
        return self._file(sound_name(i, self.header.shard_size), most)

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
        names: list[str] = []
        for entry in os.scandir(self.path):
            if _SHARD.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False):
                names += (f"{entry.name}/{sound.name}" for sound in os.scandir(entry))
            elif not entry.name.startswith("."):
                names.append(entry.name)
        own = {METADATA, ARRAY, LEGACY, *self.sound_names()} if self.holds_dataset() else set()
        if foreign := sorted(set(names) - own):
            raise DatasetError(
                f"{self.path} holds {foreign[0]}, which is no file of a whole dataset: nothing was "
                "changed; name another directory or move it away."
            )

    def _file(self, name: str, most: int | None = None) -> Path:
        """Return where a file is; raise DatasetError for a link, or more bytes than `most`."""
        path = self.path / name
        if self._journal is not None:
            path = self._journal.current_path(self.path, name)
        if "/" in name:
            check_folder(path.parent)
        check_regular(path, most=most)
        return path


@contextmanager
def _missing_is_damage() -> Iterator[None]:
    """Raise DatasetError for a file that is missing."""
    try:
        yield
    except MISSING as error:
        raise DatasetError(
            f"{error.filename} is missing: {error.strerror}. Restore it from a copy; or call "
            "generateDataset with the same arguments, which makes it again."
        ) from error


def _content(path: Path) -> bytes:
    """Read a file of the dataset."""
    with _missing_is_damage():
        return path.read_bytes()


def _compare(paths: list[Path], written: list[int]) -> None:
    """Raise DatasetError unless these files have these CRC-32."""
    with _missing_is_damage():
        found = _core.file_checksums([str(path) for path in paths])[0].tolist()
    for file in zip(paths, found, written, strict=True):
        _check(*file)


def _check(path: Path, found: int, written: int) -> None:
    if found != written:
        raise DatasetError(
            f"{path} is damaged: its checksum is {found:08x}, and {written:08x} was written. "
            "Restore it from a copy; or delete it and call generateDataset with the same "
            "arguments, which makes it again."
        )


def _decode(
    content: bytes, path: Path, sample_rate: int, lengths: list[int]
) -> npt.NDArray[np.float64]:
    """Decode the content of a sound's file, at `path`."""
    try:
        return in_thread(lambda _: _read_sound(content, path, sample_rate, lengths))
    except soundfile.LibsndfileError as error:
        raise DatasetError(f"{path} is damaged: {error.error_string}") from error


def _read_sound(
    content: bytes, path: Path, sample_rate: int, lengths: list[int]
) -> npt.NDArray[np.float64]:
    """Return the sound in a file; raise DatasetError for another rate or shape."""
    with soundfile.SoundFile(BytesIO(content)) as file:
        rate, shape = file.samplerate, (file.frames, file.channels)
        # What a header claims may be far more than its file holds, and more than the memory.
        if rate == sample_rate and shape in [(length, 1) for length in lengths]:
            sound: npt.NDArray[np.float64] = file.read(dtype="float64")
            if sound.shape == shape[:1]:
                return sound
            shape = sound.shape
    found = shape[:1] if shape[1:] == (1,) else shape
    raise DatasetError(
        f"{path} is damaged: it has shape {found} at {rate} Hz where ({lengths[0]},) at "
        f"{sample_rate} Hz was expected."
    )
