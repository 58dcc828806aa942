"""From a sound as people have it to what a model sees: mono, from the strike on, resampled."""

import io
import math
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from scipy.signal import resample_poly

from .._checks import check_whole
from ..pipeline import ModelInput

# Seconds before the sound is loud that are not taken for noise: in a drum of 1 m, the wave needs
# 10 ms from the strike to where it is heard, and what little sounds before belongs to the drum.
_GUARD = 0.025
_LOUD = 0.25  # of the peak
_FAINTEST = 1e-4  # of the peak: above the steps of 16 bits, below a drum's first samples
_ABOVE_NOISE = 2.0
_FIRST = 0.0015  # seconds: the first samples, where no more can be told to be noise
_PEAK_OF_NOISE = 2.5  # times its effective value, at least: few samples may miss its peak
_AT_REST = 0.05  # of the peak of the first samples; resampling moves a rendered drum off 0
_LONGEST_RATIO = 200_000  # of sample rates, the denominator
_BLOCK = 2**18  # samples that are read at once
_HEADER = 2**16  # bytes, in which the samples of a wav begin
_MENDED = 2**28  # bytes that are read of a wav without lengths
_SMOOTH = 1.0  # mean square of the steps between samples over that of the samples; white noise: 2


def read_sound(path: str | Path) -> tuple[npt.NDArray[np.float64], int]:
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


def read_mono(path: str | Path, most: int) -> tuple[npt.NDArray[np.float64], int]:
    """Return the mean of the channels of at most so many samples, shape (length,), and their rate.

    Raises:
        FileNotFoundError, ValueError: as `read_sound`.
    """
    with _opened(Path(path)) as sound:
        mono, end = np.empty(min(sound.frames, most)), 0
        for block in sound.blocks(_BLOCK, frames=most, dtype="float64", always_2d=True):
            start, end = end, end + len(block)
            mono[start:end] = block.mean(axis=1)
        rate = int(sound.samplerate)
    if not end:
        raise ValueError(f"{path} is empty: it holds no samples.")
    return mono[:end], rate


@contextmanager
def _opened(file: Path) -> Iterator[soundfile.SoundFile]:
    """Open a sound file; raise as `read_sound`, also for what is found out while it is read."""
    if not file.is_file():
        raise FileNotFoundError(f"there is no sound file {str(file)!r}.")
    try:
        # As bytes: a name of another encoding would not go through UTF-8.
        with soundfile.SoundFile(os.fsencode(file)) as sound:
            mended = None if sound.frames else _mended(file)
            if mended is None:
                yield sound
                return
        with soundfile.SoundFile(io.BytesIO(mended)) as sound:
            yield sound
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(f"{file} cannot be read as a sound: {error}") from error


def _mended(file: Path) -> bytes | None:
    """Return the bytes of a wav with its lengths filled in; None: its samples are none indeed."""
    with file.open("rb") as opened:
        head = opened.read(_HEADER)
        place = 12
        while place + 8 <= len(head) and head[place : place + 4] != b"data":
            (size,) = struct.unpack_from("<I", head, place + 4)
            place += 8 + size + size % 2
        start = place + 8
        wave = head[:4] == b"RIFF" and head[8:12] == b"WAVE"
        if not wave or start >= len(head) or head[place + 4 : start] != bytes(4):
            return None
        opened.seek(start)
        data = opened.read(_MENDED)
    # What ends where the file does is another chunk.
    if len(data) >= 8 and struct.unpack_from("<I", data, 4)[0] == len(data) - 8:
        return None
    riff, samples = struct.pack("<I", start - 8 + len(data)), struct.pack("<I", len(data))
    return head[:4] + riff + head[8 : place + 4] + samples + data


def prepare(
    waveform: npt.ArrayLike | torch.Tensor, sample_rate: int, model_input: ModelInput
) -> torch.Tensor:
    """Make the input of a model from a sound.

    The channels of a sound, shape (length,) or (length, channels), are mixed down to their mean. It
    is cut where the drum is struck (see `onset`), resampled from `sample_rate` in Hz to the model's
    rate, and becomes the input by `ModelInput.inputs`, as in training, in float64.

    Raises:
        TypeError: complex numbers.
        ValueError: another shape or sample rate; or the sound is empty, silent, not finite, or
            too short after the strike.
    """
    rate, wanted = check_whole("sample_rate", sample_rate), model_input.sample_rate
    mono = mixed_down(waveform)
    sound = mono[onset(mono, rate) :]
    if len(sound) * wanted // rate < model_input.length:
        raise ValueError(
            f"the sound is too short: {1000 * len(sound) / rate:.1f} ms after the strike, "
            f"the model needs {1000 * model_input.length / wanted:.1f} ms."
        )
    return model_input.inputs(resampled(sound, rate, model_input))


def resampled(
    sound: npt.NDArray[np.float64], sample_rate: int, model_input: ModelInput
) -> npt.NDArray[np.float64]:
    """Return a sound, shape (length,), at a model's rate, of which the model's length is exact."""
    if sample_rate == model_input.sample_rate:
        return sound
    # The filter is as long as the ratio is fine; rates above the bound are off by less than one
    # part in as many. It reaches ten samples to each side, of the lower of the two rates.
    wanted = model_input.sample_rate
    ratio = Fraction(wanted, sample_rate).limit_denominator(_LONGEST_RATIO)
    reach = 12 * math.ceil(max(1.0, sample_rate / wanted))
    needed = math.ceil(model_input.length * sample_rate / wanted) + reach
    return np.asarray(resample_poly(sound[:needed], ratio.numerator, ratio.denominator))


def onset(waveform: npt.NDArray[np.float64], sample_rate: int) -> int:
    """Return the sample at which a drum is struck, of a finite waveform that is not silent.

    Models learn from sounds that begin at the strike, where the displacement is 0, with ripples
    of a thousandth of the peak before the wave arrives; a rendered drum should be cut nowhere.
    A recording starts with silence or noise. So: the first sample above a quarter of the peak is
    where it is loud; whatever lies more than 25 ms before that is noise; and the strike is one
    sample before the first that rises above both twice the noise's peak and a ten-thousandth of the
    sound's. Where less than 25 ms lie before, the noise is what the first 1.5 ms hold, unless the
    sound starts from rest as a rendered drum does.
    """
    sound = waveform / np.abs(waveform).max()
    level = np.abs(sound)
    loud = int(np.argmax(level > _LOUD))
    start = max(0, loud - round(_GUARD * sample_rate))
    noise = level[:start].max(initial=0.0)
    # Never more than half the way to where it is loud: a short one may be all drum.
    first = sound[: min(round(_FIRST * sample_rate), loud // 2)]
    if start < len(first):
        peak, power = np.abs(first).max(), np.square(first).sum()
        # A rendered drum starts at 0, or, once resampled, smoothly from near it.
        smooth = np.square(np.diff(first)).sum() <= _SMOOTH * power
        if first[0] != 0 and not (smooth and abs(first[0]) <= _AT_REST * peak):
            start, noise = len(first), max(peak, _PEAK_OF_NOISE * math.sqrt(power / len(first)))
    # Noise above a quarter of the peak would lie where it is loud; the threshold stays below.
    above = start + int(np.argmax(level[start:] > max(_FAINTEST, _ABOVE_NOISE * noise)))
    return max(0, above - 1)


def mixed_down(waveform: npt.ArrayLike | torch.Tensor) -> npt.NDArray[np.float64]:
    """Return the mean of the channels, shape (length,); refuse what no drum can be heard in."""
    if isinstance(waveform, torch.Tensor):
        waveform = waveform.detach().cpu().numpy()
    if np.iscomplexobj(waveform):
        raise TypeError("a waveform must hold real numbers, got complex ones: take its real part.")
    sound = np.asarray(waveform, np.float64)
    if sound.ndim not in (1, 2) or (sound.ndim == 2 and 0 < len(sound) < sound.shape[1]):
        raise ValueError(
            f"a waveform must have the shape (length,) or (length, channels), got {sound.shape}"
            f"{': transpose it.' if sound.ndim == 2 else '.'}"
        )
    if not sound.size:
        raise ValueError("the sound is empty: it holds no samples.")
    if not np.isfinite(sound).all():
        first = int(np.argwhere(~np.isfinite(sound))[0, 0])
        raise ValueError(f"sample {first} of the sound is not a finite number.")
    # Divided before the sum, so that two of the largest numbers do not become infinite.
    mono = sound if sound.ndim == 1 else (sound / sound.shape[1]).sum(axis=1)
    if np.ptp(mono) == 0:
        mixed = "" if sound.ndim == 1 or np.ptp(sound) == 0 else ", once its channels are mixed"
        raise ValueError(f"the sound is silent{mixed}.")
    return np.asarray(mono)
