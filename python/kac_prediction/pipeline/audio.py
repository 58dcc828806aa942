"""From a sound as people have it to what a model hears: mono, from the strike on, resampled."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import torch
from scipy.signal import resample_poly

from .model_input import ModelInput

GUARD: float = 0.025
"""Seconds before the sound is loud that are not taken for background noise.

In a drum of 1 m the wave needs 10 ms from the strike to where it is heard; what little sounds
before it arrives belongs to the drum.
"""

_LOUD = 0.25  # of the peak
_FAINTEST = 1e-4  # of the peak: above the steps of 16 bits, below a drum's first samples
_ABOVE_NOISE = 2.0


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
    (see `onset`), resampled to the model's rate, and then cropped and normalised as
    `ModelInput.waveforms` does in training.

    Args:
        waveform: shape (length,) or (length, channels).
        sample_rate: of the waveform, Hz.
        model_input: what the model takes.

    Returns:
        The input of the model, shape (model_input.length,), float64.

    Raises:
        ValueError: another shape or sample rate; or the sound is empty, silent, not finite, or
            too short after the strike.
    """
    if isinstance(sample_rate, bool) or sample_rate != int(sample_rate) or sample_rate < 1:
        raise ValueError(f"sample_rate must be a whole number of Hz from 1, got {sample_rate!r}.")
    mono = _mono(waveform)
    struck = mono[onset(mono, sample_rate) :]
    sound = _resampled(struck, int(sample_rate), model_input.sample_rate, model_input.length)
    if len(sound) < model_input.length:
        raise ValueError(
            f"the sound is too short: {1000 * len(struck) / sample_rate:.1f} ms after the strike, "
            f"the model needs {1000 * model_input.length / model_input.sample_rate:.1f} ms."
        )
    return model_input.waveforms(sound)


def onset(waveform: npt.NDArray[np.float64], sample_rate: int) -> int:
    """Find where a drum is struck.

    Models learn from sounds that begin at the strike, where the displacement is 0, with ripples
    of a thousandth of the peak before the wave arrives; a rendered drum should be cut nowhere.
    A recording starts with silence or noise. So: the first sample above a quarter of the peak is
    where it is loud; whatever lies more than `GUARD` before that is background noise; and the
    strike is one sample before the first one that rises above both twice the noise's peak and a
    ten-thousandth of the sound's.

    Args:
        waveform: shape (length,), finite and not silent.
        sample_rate: Hz.

    Returns:
        Index of the sample at which the drum is struck.
    """
    level = np.abs(waveform)
    peak = level.max()
    loud = int(np.argmax(level > _LOUD * peak))
    start = max(0, loud - round(GUARD * sample_rate))
    noise = level[:start].max(initial=0.0)
    # Noise above a quarter of the peak would lie where it is loud; the threshold stays below.
    threshold = max(_FAINTEST * peak, _ABOVE_NOISE * noise)
    above = start + int(np.argmax(level[start:] > threshold))
    return max(0, above - 1)


def _mono(waveform: npt.ArrayLike | torch.Tensor) -> npt.NDArray[np.float64]:
    """Return the mean of the channels, shape (length,); refuse what no drum can be heard in."""
    if isinstance(waveform, torch.Tensor):
        waveform = waveform.detach().cpu().numpy()
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
    """Return at least the first `length` samples at another rate, if the sound has as many."""
    if rate == wanted:
        return sound
    divisor = math.gcd(rate, wanted)
    # The filter reaches ten samples to each side, of the lower of the two rates.
    needed = math.ceil(length * rate / wanted) + 12 * math.ceil(max(1.0, rate / wanted))
    resampled: npt.NDArray[np.float64] = resample_poly(
        sound[:needed], wanted // divisor, rate // divisor
    )
    # The last sample lies behind the end of the sound where the rates do not divide.
    return resampled[: len(sound) * wanted // rate]
