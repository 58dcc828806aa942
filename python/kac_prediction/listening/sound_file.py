"""Sound files as people have them: what libsndfile reads, and wavs without lengths."""

import io
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, Final

import numpy as np
import soundfile

from .._arrays import Float64
from .._files import reporting
from .._threads import in_thread
from .audio import BLOCK, LONGEST, mixed

_MENDED: Final = 2**27  # bytes that are read of a wav without lengths
_UNKNOWN: Final = 1  # libsndfile's number of the error that a format is not known
_REMEDY: Final = (
    " (wav, flac, ogg, opus, mp3, aiff and caf are). Convert m4a, wma and the like first, as by "
    "ffmpeg -i drum.m4a drum.wav"
)


def read_sound(path: str | os.PathLike[str]) -> tuple[Float64, int]:
    """Return a sound, shape (length, channels), float64 in -1 ... 1, and its sample rate in Hz.

    A wav whose lengths were never filled in, as by a recorder that lost its power, is read too.

    Raises:
        FileNotFoundError: there is no such file.
        OSError: the system cannot open or read it.
        ValueError: libsndfile cannot read the file as sound, or it holds none.
    """
    return _read(Path(path), lambda sound: sound.read(dtype="float64", always_2d=True))


def read_mono(path: str | os.PathLike[str], most: int = LONGEST) -> tuple[Float64, int]:
    """Return at most so many samples, mixed down as by `mixed_down`, shape (length,), and the rate.

    Raises:
        FileNotFoundError, OSError, ValueError: as `read_sound`.
    """

    def mono(sound: soundfile.SoundFile) -> Float64:
        def blocks() -> Iterator[Float64]:
            sound.seek(0)
            yield from sound.blocks(BLOCK, frames=most, dtype="float64", always_2d=True)

        return mixed(blocks, min(sound.frames, most))

    return _read(Path(path), mono)


def length_of(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Return how many samples a sound file has, and its sample rate in Hz.

    Raises:
        FileNotFoundError, OSError, ValueError: as `read_sound`.
    """
    lengths, rate = _read(Path(path), lambda sound: np.full(1, float(sound.frames)))
    if not lengths[0]:
        raise ValueError(f"{path} is empty: it holds no samples.")
    return int(lengths[0]), rate


def read_part(path: str | os.PathLike[str], start: int, count: int) -> Float64:
    """Return at most so many samples of a sound file from one on, mixed down, shape (length,).

    Raises:
        FileNotFoundError, OSError, ValueError: as `read_sound`.
    """

    def part(sound: soundfile.SoundFile) -> Float64:
        sound.seek(min(start, sound.frames))
        block = sound.read(count, dtype="float64", always_2d=True)
        return mixed(lambda: [block], len(block))

    return _read(Path(path), part)[0]


def _read(file: Path, content: Callable[[soundfile.SoundFile], Float64]) -> tuple[Float64, int]:
    """Return what is taken from a sound file, and its sample rate; raise as `read_sound`."""

    def read(cancel: Event) -> tuple[Float64, int]:
        with _opened(file, cancel) as sound:
            return content(sound), int(sound.samplerate)

    if not file.is_file():
        raise FileNotFoundError(f"there is no sound file {str(file)!r}.")
    with reporting("reading a sound", file):
        waveform, rate = in_thread(read)
    if not len(waveform):
        raise ValueError(f"{file} is empty: it holds no samples.")
    return waveform, rate


@contextmanager
def _opened(file: Path, cancel: Event) -> Iterator[soundfile.SoundFile]:
    """Open a sound file; raise as `read_sound`, also for what is found out while it is read."""
    # Not by its name: one of another encoding would not go through UTF-8.
    with _File(file, cancel) as opened:
        try:
            with soundfile.SoundFile(opened) as sound:
                mended = None if sound.frames else _mended(opened)
                if mended is None:
                    yield sound
                    return
            with soundfile.SoundFile(mended) as sound:
                yield sound
        except soundfile.LibsndfileError as error:
            remedy = _REMEDY if error.code == _UNKNOWN else ""
            reason = error.error_string.removeprefix("Error : ").rstrip(".")
            raise ValueError(f"{file} cannot be read as a sound: {reason}{remedy}.") from error


class _File(io.FileIO):
    """A file that libsndfile reads by callbacks, out of which no exception comes.

    What the system says when a read fails, which libsndfile does not tell from the end of the file,
    is raised when it is closed. It ends, too, where `cancel` is set.
    """

    def __init__(self, path: Path, cancel: Event) -> None:
        super().__init__(os.fspath(path))
        self.name = ""  # else soundfile takes one in .raw for samples without a header
        self._cancel = cancel
        self._failure: OSError | None = None

    def readinto(self, buffer: Any) -> int:
        """Read as a file does; where that cannot be, nothing."""
        try:
            return 0 if self._cancel.is_set() else super().readinto(buffer) or 0
        except OSError as error:
            self._failure = error
            return 0

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        if self._failure is not None:
            raise self._failure


def _mended(opened: io.FileIO) -> io.BytesIO | None:
    """Return a wav with its lengths filled in; None: its samples are none indeed."""
    opened.seek(0)
    head, place = opened.read(12), 12
    if head[:4] not in (b"RIFF", b"RF64") or head[8:] != b"WAVE":
        return None
    while (chunk := opened.read(8))[:4] != b"data":
        if len(chunk) < 8:
            return None
        (size,) = struct.unpack_from("<I", chunk, 4)
        place += 8 + size + size % 2
        opened.seek(place)
    if chunk[4:] not in (bytes(4), b"\xff" * 4):
        return None
    # What ends where the file does is another chunk.
    ahead, left = opened.read(8), os.fstat(opened.fileno()).st_size - place - 8
    if left <= 0 or (left >= 8 and struct.unpack_from("<I", ahead, 4)[0] == left - 8):
        return None
    opened.seek(0)
    content = io.BytesIO(opened.read(place + 8 + _MENDED))
    length = len(content.getbuffer())
    content.write(b"RIFF" + struct.pack("<I", length - 8))
    content.seek(place + 4)
    content.write(struct.pack("<I", length - place - 8))
    content.seek(0)
    return content
