"""From a sound as people have it to what a model sees: mono, from the strike on, resampled."""

import io
import logging
import math
import os
import reprlib
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from scipy.signal import butter, resample_poly, sosfilt, sosfilt_zi

from .._checks import check_whole
from ..pipeline import ModelInput
from .strike import onset

Float64 = npt.NDArray[np.float64]

logger = logging.getLogger(__name__)

LONGEST: Final = 28_800_000
"""Samples of a recording that are searched for the strike: 10 minutes at 48 kHz, 230 MB."""

_LOWEST_RATE: Final = 1000  # Hz
_LONGEST_RATIO: Final = 200_000  # of sample rates, the denominator
_BLOCK: Final = 2**18  # samples that are read at once
_MENDED: Final = 2**27  # bytes that are read of a wav without lengths
_CANCELLED: Final = 0.1  # power of the mean of channels over that of the loudest
_AS_LOUD: Final = 0.9  # power over that of the loudest: the first such channel is taken
_UNKNOWN: Final = 1  # libsndfile's number of the error that a format is not known
_RUMBLE: Final = 25.0  # Hz, below all partials of a drum of 2.5 m at 100 m/s
_DENORMAL: Final = 1e-150  # of a filter's state: the arithmetic below is slow
_DULL: Final = 0.5  # of a model's sample rate: what is below lacks much of what it hears


def read_sound(path: str | os.PathLike[str]) -> tuple[Float64, int]:
    """Return a sound, shape (length, channels), float64 in -1 ... 1, and its sample rate in Hz.

    A wav whose lengths were never filled in, as by a recorder that lost its power, is read too.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: libsndfile cannot read the file as sound, or it holds none.
    """
    with _opened(Path(path)) as sound:
        waveform, rate = sound.read(dtype="float64", always_2d=True), int(sound.samplerate)
    if not len(waveform):
        raise ValueError(f"{path} is empty: it holds no samples.")
    return waveform, rate


def read_mono(path: str | os.PathLike[str], most: int = LONGEST) -> tuple[Float64, int]:
    """Return at most so many samples, mixed down as by `mixed_down`, shape (length,), and the rate.

    Raises:
        FileNotFoundError, ValueError: as `read_sound`.
    """
    with _opened(Path(path)) as sound:

        def blocks() -> Iterator[Float64]:
            sound.seek(0)
            yield from sound.blocks(_BLOCK, frames=most, dtype="float64", always_2d=True)

        mono, rate = _mixed(blocks, min(sound.frames, most)), int(sound.samplerate)
    if not len(mono):
        raise ValueError(f"{path} is empty: it holds no samples.")
    return mono, rate


@contextmanager
def _opened(file: Path) -> Iterator[soundfile.SoundFile]:
    """Open a sound file; raise as `read_sound`, also for what is found out while it is read."""
    if not file.is_file():
        raise FileNotFoundError(f"there is no sound file {str(file)!r}.")
    try:
        # By its descriptor: a name of another encoding would not go through UTF-8.
        with (
            file.open("rb", buffering=0) as opened,
            soundfile.SoundFile(opened.fileno(), closefd=False) as sound,
        ):
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
    except OSError as error:
        raise ValueError(f"{file} cannot be read as a sound: {error.strerror}.") from error


_REMEDY: Final = (
    " (wav, flac, ogg, opus, mp3, aiff and caf are). Convert m4a, wma and the like first, as by "
    "ffmpeg -i drum.m4a drum.wav"
)


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


def prepare(
    waveform: npt.ArrayLike | torch.Tensor, sample_rate: int, model_input: ModelInput
) -> torch.Tensor:
    """Make the input of a model from a sound.

    The channels of a sound, shape (length,) or (length, channels), are mixed down to their mean. It
    is cut where the drum is struck (see `onset`), resampled from `sample_rate` in Hz to the model's
    rate, and becomes the input by `ModelInput.inputs`, as in training, in float64.

    Raises:
        TypeError: complex numbers, or none at all.
        ValueError: another shape or sample rate; or the sound is empty, silent, not finite, or
            too short after the strike.
    """
    rate, wanted = check_rate(sample_rate), model_input.sample_rate
    mono = mixed_down(waveform)
    sound = mono[onset(mono, rate) :]
    if len(sound) * wanted // rate < model_input.length:
        raise ValueError(
            f"the sound is too short: {1000 * len(sound) / rate:.1f} ms after the strike, "
            f"the model needs {1000 * model_input.length / wanted:.1f} ms."
        )
    return model_input.inputs(resampled(sound, rate, model_input))


def high_passed(waveform: Float64, sample_rate: int, out: Float64 | None = None) -> Float64:
    """Return a waveform without rumble, drift and offset, shape (length,), in `out` if given.

    A second-order Butterworth filter, of which a constant is of no effect from the first sample
    on. It is causal: what lies before a strike stays as faint, and the damped partials of a drum
    keep frequency and decay.
    """
    sections = butter(2, _RUMBLE, "high", fs=sample_rate, output="sos")
    passed = np.empty_like(waveform) if out is None else out
    state = sosfilt_zi(sections) * waveform[0]
    for i in range(0, len(waveform), _BLOCK):
        passed[i : i + _BLOCK], state = sosfilt(sections, waveform[i : i + _BLOCK], zi=state)
        state[np.abs(state) < _DENORMAL] = 0
    return passed


def resampled(
    sound: npt.NDArray[np.float64], sample_rate: int | Fraction, model_input: ModelInput
) -> npt.NDArray[np.float64]:
    """Return a sound, shape (length,), at a model's rate, of which the model's length is exact."""
    if sample_rate == model_input.sample_rate:
        return sound
    if sample_rate < _DULL * model_input.sample_rate:
        logger.warning(
            "a sound of %d Hz holds nothing above %d Hz, of the %d Hz that the model hears: small "
            "drums may be misheard",
            sample_rate,
            sample_rate // 2,
            model_input.sample_rate // 2,
        )
    # The filter is as long as the ratio is fine; rates above the bound are off by less than one
    # part in as many. It reaches ten samples to each side, of the lower of the two rates.
    wanted = model_input.sample_rate
    ratio = Fraction(wanted, sample_rate).limit_denominator(_LONGEST_RATIO)
    reach = 12 * math.ceil(max(1, sample_rate / wanted))
    needed = math.ceil(model_input.length * sample_rate / wanted) + reach
    return np.asarray(resample_poly(sound[:needed], ratio.numerator, ratio.denominator))


def check_rate(sample_rate: Any) -> int:
    """Return a sample rate in Hz.

    Raises:
        TypeError: None.
        ValueError: no whole number, or below 1000 Hz.
    """
    if sample_rate is None:
        raise TypeError("samples need their sample_rate in Hz, such as 48000: it was not given")
    rate = check_whole("sample_rate", sample_rate)
    if rate < _LOWEST_RATE:
        raise ValueError(
            f"sample_rate must be at least {_LOWEST_RATE} Hz for a drum to be heard, got {rate}: "
            "is it in kHz?"
        )
    return rate


def mixed_down(waveform: npt.ArrayLike | torch.Tensor, most: int = LONGEST) -> Float64:
    """Return the first samples as one channel, shape (length,); refuse what no drum is heard in.

    That is the mean of the channels, or the loudest where they cancel, as two of which one is
    inverted do.

    Raises:
        TypeError: anything but real numbers.
        ValueError: another shape; or the sound is empty, silent or not finite.
    """
    sound = _array(waveform)
    if sound.ndim not in (1, 2) or (sound.ndim == 2 and 0 < len(sound) < sound.shape[1]):
        raise ValueError(
            f"a waveform must have the shape (length,) or (length, channels), got {sound.shape}"
            f"{': transpose it.' if sound.ndim == 2 else '.'}"
        )
    sound = sound[:most]
    if not sound.size:
        raise ValueError("the sound is empty: it holds no samples.")
    if sound.ndim == 2:
        starts = range(0, len(sound), _BLOCK)
        mono = _mixed(lambda: (sound[i : i + _BLOCK] for i in starts), len(sound))
    else:
        mono = np.asarray(sound, np.float64)
    least, highest = float(mono.min()), float(mono.max())
    if not math.isfinite(least) or not math.isfinite(highest):
        first = int(np.argmin(np.isfinite(mono)))
        raise ValueError(f"sample {first} of the sound is not a finite number.")
    if least == highest:
        raise ValueError("the sound is silent.")
    return mono


def _array(waveform: Any) -> npt.NDArray[Any]:
    """Return samples as an array of real numbers; raise TypeError for anything else."""
    if isinstance(waveform, torch.Tensor):
        waveform = waveform.detach().cpu()
        waveform = waveform if waveform.is_complex() else waveform.double()
    try:
        sound = np.asarray(waveform)
    except ValueError:  # lists of different lengths
        sound = np.empty(0, object)
    if sound.dtype.kind == "c":
        raise TypeError("a waveform must hold real numbers, got complex ones: take its real part.")
    if sound.dtype.kind not in "biuf" or not sound.ndim:
        raise TypeError(
            "a sound must be samples, shape (length,) or (length, channels), or the path of a file,"
            f" got {reprlib.repr(waveform)}"
        )
    return sound


def _mixed(blocks: Callable[[], Iterable[npt.NDArray[Any]]], length: int) -> Float64:
    """Return the mean of the channels, or the loudest if they cancel, of blocks (n, channels)."""
    mono, end, sums, squares = np.empty(length), 0, 0.0, 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        for block in blocks():
            block, start, end = np.asarray(block, np.float64), end, end + len(block)
            # Divided before the sum, so that two of the largest numbers do not become infinite.
            mean = mono[start:end] = (block / block.shape[1]).sum(axis=1)
            columns = np.column_stack([block, mean])
            sums = sums + columns.sum(axis=0)
            squares = squares + np.square(columns).sum(axis=0)
        powers = squares / max(1, end) - np.square(sums / max(1, end))
        highest = powers[:-1].max() if end else 0.0
        if end and powers[-1] < _CANCELLED * highest:
            loudest, end = int(np.argmax(powers[:-1] > _AS_LOUD * highest)), 0
            for block in blocks():
                start, end = end, end + len(block)
                mono[start:end] = block[:, loudest]
    return mono[:end]
