"""A directory that holds a dataset, or will."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from ... import _core
from ..sampler import Labels
from .journal import Journal, current_path, read_journal, roll_forward
from .layout import (
    ARRAY,
    GENERATING,
    METADATA,
    DatasetError,
    is_own_file,
    locked,
    sound_name,
    wav_size,
)
from .metadata import Header, decode
from .older import older_size


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
        if self._journal is not None and os.access(self.path, os.W_OK):
            self._finish_commit()

    def holds_dataset(self) -> bool:
        """Is there a complete dataset?"""
        return self.metadata_path().is_file()

    def older_size(self) -> int | None:
        """The number of samples of a dataset in an older format, still to be converted, if any.

        Raises:
            DatasetError: the start of metadata.json is damaged.
        """
        return older_size(self.metadata_path()) if self.holds_dataset() else None

    def read(self) -> tuple[Header, list[Labels]]:
        """The header and the labels.

        Raises:
            FileNotFoundError: there is no dataset.
            DatasetError: metadata.json is damaged or of another format.
        """
        if not self.holds_dataset():
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
        """
        path = self._file(ARRAY)
        try:
            x: npt.NDArray[np.float64] = np.load(path, mmap_mode="c")
        except (OSError, ValueError, EOFError) as error:
            raise DatasetError(f"{path} is missing or damaged: {error}.") from error
        if x.dtype != np.float64 or x.ndim < 2 or len(x) != header.dataset_size:
            raise DatasetError(
                f"{path} holds {x.dtype} of shape {x.shape} where float64 of "
                f"{header.dataset_size} samples was expected: generate it again."
            )
        return x

    def is_whole(self, header: Header) -> bool:
        """Can x be opened, and are all sounds there, in their full size?"""
        settings = header.sampler_settings
        size = wav_size(round(settings["duration"] * settings["sample_rate"]))
        sounds = (self._file(sound_name(i)) for i in range(header.dataset_size))
        try:
            self.array(header)
            return all(path.stat().st_size == size for path in sounds)
        except (DatasetError, FileNotFoundError):
            return False

    def metadata_path(self) -> Path:
        """Where metadata.json stands."""
        return self._file(METADATA)

    def sounds(self, indices: Sequence[int], length: int, threads: int) -> npt.NDArray[np.float64]:
        """The sounds of these samples, shape (n, length).

        Raises:
            DatasetError: a wav is missing, damaged, or not mono of this length.
        """
        paths = [str(self._file(sound_name(i))) for i in indices]
        sounds, read = _core.read_wavs(paths, length, threads)
        for row in np.flatnonzero(~read).tolist():
            sounds[row] = _read_any(paths[row], length)
        return sounds

    def refuse_foreign_files(self) -> None:
        """Raise DatasetError if anything but a dataset's own files (or hidden ones) is there."""
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise NotADirectoryError(f"{self.path} is a file: name a directory for the dataset.")
        size = self.older_size() or 0
        if size == 0 and self.holds_dataset():
            size = self.read()[0].dataset_size
        for entry in sorted(os.scandir(self.path), key=lambda entry: entry.name):
            if entry.name.startswith(".") or (size and is_own_file(entry.name, size)):
                continue
            raise DatasetError(
                f"{self.path} holds {entry.name}, which is no file of a dataset: nothing was "
                "changed; name another directory or move it away."
            )

    def _finish_commit(self) -> None:
        # Another process may be at it at this very moment: then it is waited for.
        with locked(self.path):
            journal = read_journal(self.path)
            if journal is not None:
                roll_forward(self.path, journal)
        self._journal = None

    def _file(self, name: str) -> Path:
        return current_path(self.path, name, self._journal)


def _read_any(path: str, length: int) -> npt.NDArray[np.float64]:
    """The sound of a file that the core did not take: not as we write them, or damaged."""
    try:
        sound: npt.NDArray[np.float64] = soundfile.read(path, dtype="float64")[0]
    except (OSError, RuntimeError) as error:
        raise DatasetError(f"{path} is missing or damaged: {error}.") from error
    if sound.shape != (length,):
        raise DatasetError(f"{path} has shape {sound.shape} where ({length},) was expected.")
    return sound
