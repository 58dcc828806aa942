"""From a sound as people have it to what a model hears: mono, from the strike on, resampled."""

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from scipy.signal import resample_poly

from ..pipeline import ModelInput

GUARD: float = 0.025
"""Seconds before the sound is loud that are not taken for background noise.

In a drum of 1 m the wave needs 10 ms from the strike to where it is heard; what little sounds
before it arrives belongs to the drum.
"""

_LOUD = 0.25  # of the peak
_FAINTEST = 1e-4  # of the peak: above the steps of 16 bits, below a drum's first samples
_ABOVE_NOISE = 2.0
_FIRST = 0.0015  # seconds: the first samples, where no more can be told to be noise
_PEAK_OF_NOISE = 2.5  # times its effective value, at least: few samples may miss its peak
_AT_REST = 0.05  # of the peak of the first samples; resampling moves a rendered drum off 0
_LONGEST_RATIO = 200_000  # of sample rates, the denominator
_SMOOTH = 1.0  # mean square of the steps between samples over that of the samples; white noise: 2


def read_sound(path: str | Path) -> tuple[npt.NDArray[np.float64], int]:
    """Read a sound file of any kind that libsndfile knows.

    Args:
        path: the file.

    Returns:
        The sound, shape (length, channels), float64 within -1 ... 1, and its sample rate in Hz.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file cannot be read as sound, or holds none.
    """
    file = Path(path)
    if not file.is_file():
        raise FileNotFoundError(f"there is no sound file {str(file)!r}.")
    try:
        waveform, sample_rate = soundfile.read(file, dtype="float64", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise ValueError(f"{file} cannot be read as a sound: {error}") from error
    if not len(waveform):
        raise ValueError(f"{file} is empty: it holds no samples.")
    return waveform, int(sample_rate)


def prepare(
    waveform: npt.ArrayLike | torch.Tensor, sample_rate: int, model_input: ModelInput
) -> torch.Tensor:
    """Make of a sound what a model takes.

    Channels are mixed down to mono (their mean), the sound is cut where the drum is struck
    (see `onset`), resampled to the model's rate, and then made an input by `ModelInput.inputs`, as
    in training.

    Args:
        waveform: shape (length,) or (length, channels).
        sample_rate: of the waveform, Hz.
        model_input: what the model takes.

    Returns:
        The input of the model, float64: shape (model_input.length,), or that of a spectrogram.

    Raises:
        TypeError: complex numbers.
        ValueError: another shape or sample rate; or the sound is empty, silent, not finite, or
            too short after the strike.
    """
    if isinstance(sample_rate, bool) or sample_rate != int(sample_rate) or sample_rate < 1:
        raise ValueError(f"sample_rate must be a whole number of Hz from 1, got {sample_rate!r}.")
    rate, wanted = int(sample_rate), model_input.sample_rate
    mono = _mono(waveform)
    struck = mono[onset(mono, rate) :]
    if len(struck) * wanted // rate < model_input.length:
        raise ValueError(
            f"the sound is too short: {1000 * len(struck) / rate:.1f} ms after the strike, "
            f"the model needs {1000 * model_input.length / wanted:.1f} ms."
        )
    return model_input.inputs(_resampled(struck, rate, wanted, model_input.length))


def onset(waveform: npt.NDArray[np.float64], sample_rate: int) -> int:
    """Find where a drum is struck.

    Models learn from sounds that begin at the strike, where the displacement is 0, with ripples
    of a thousandth of the peak before the wave arrives; a rendered drum should be cut nowhere.
    A recording starts with silence or noise. So: the first sample above a quarter of the peak is
    where it is loud; whatever lies more than `GUARD` before that is background noise; and the
    strike is one sample before the first one that rises above both twice the noise's peak and a
    ten-thousandth of the sound's. Where less than `GUARD` lies before, the noise is what the
    first 1.5 ms hold, unless the sound sets out from rest as a rendered drum does.

    Args:
        waveform: shape (length,), finite and not silent.
        sample_rate: Hz.

    Returns:
        Index of the sample at which the drum is struck.
    """
    sound = waveform / np.abs(waveform).max()
    level = np.abs(sound)
    loud = int(np.argmax(level > _LOUD))
    start = max(0, loud - round(GUARD * sample_rate))
    noise = level[:start].max(initial=0.0)
    # Never more than half the way to where it is loud: a short one may be all drum.
    first = min(round(_FIRST * sample_rate), loud // 2)
    if start < first and not _sets_out_from_rest(sound[:first]):
        start, noise = first, _peak_of_few(sound[:first])
    # Noise above a quarter of the peak would lie where it is loud; the threshold stays below.
    above = start + int(np.argmax(level[start:] > max(_FAINTEST, _ABOVE_NOISE * noise)))
    return max(0, above - 1)


def _peak_of_few(noise: npt.NDArray[np.float64]) -> float:
    """Return how far noise swings from 0, of which only a few samples are known."""
    effective = math.sqrt(np.mean(np.square(noise)))
    return max(float(np.abs(noise).max()), _PEAK_OF_NOISE * effective)


def _sets_out_from_rest(first: npt.NDArray[np.float64]) -> bool:
    """Whether samples, one or more, are the start of a drum: from 0, or smoothly from near it."""
    near = abs(first[0]) <= _AT_REST * np.abs(first).max()
    smooth = np.square(np.diff(first)).sum() <= _SMOOTH * np.square(first).sum()
    return bool(first[0] == 0 or (near and smooth))


def _mono(waveform: npt.ArrayLike | torch.Tensor) -> npt.NDArray[np.float64]:
    """Return the mean of the channels, shape (length,); refuse what no drum can be heard in."""
    if isinstance(waveform, torch.Tensor):
        waveform = waveform.detach().cpu().numpy()
    if np.iscomplexobj(waveform):
        raise TypeError("a waveform must hold real numbers, got complex ones: take its real part.")
    sound = np.asarray(waveform, np.float64)
    if sound.ndim not in (1, 2) or (sound.ndim == 2 and 0 < len(sound) < sound.shape[1]):
        raise ValueError(
            f"a waveform must have the shape (length,) or (length, channels), got {sound.shape}."
        )
    if not sound.size:
        raise ValueError("the sound is empty: it holds no samples.")
    if not np.isfinite(sound).all():
        first = int(np.argwhere(~np.isfinite(sound))[0, 0])
        raise ValueError(f"sample {first} of the sound is not a finite number.")
    # Halves before the sum, so that two of the largest numbers do not become infinite.
    mono: npt.NDArray[np.float64] = (
        sound if sound.ndim == 1 else (sound / sound.shape[1]).sum(axis=1)
    )
    if np.ptp(mono) == 0:
        mixed = "" if sound.ndim == 1 or np.ptp(sound) == 0 else ", once its channels are mixed"
        raise ValueError(f"the sound is silent{mixed}.")
    return mono


def _resampled(
    sound: npt.NDArray[np.float64], rate: int, wanted: int, length: int
) -> npt.NDArray[np.float64]:
    """Return at least the first `length` samples at another rate; the sound must have as many."""
    if rate == wanted:
        return sound
    # The filter is as long as the ratio is fine. Rates above the bound are off by less than one
    # part in as many.
    ratio = Fraction(wanted, rate).limit_denominator(_LONGEST_RATIO)
    # The filter reaches ten samples to each side, of the lower of the two rates.
    needed = math.ceil(length * rate / wanted) + 12 * math.ceil(max(1.0, rate / wanted))
    return np.asarray(resample_poly(sound[:needed], ratio.numerator, ratio.denominator))
