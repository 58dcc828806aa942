"""From samples to what a model sees: mono, from the strike on, without rumble, resampled."""

import logging
import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch
from scipy.signal import butter, resample_poly, sosfilt, sosfilt_zi

from .._arrays import ArrayLike, Float64
from .._checks import check_samples, check_sound, check_whole
from ..pipeline import ModelInput
from .strike import onset

logger = logging.getLogger(__name__)

LONGEST: Final = 28_800_000
"""Samples of a recording that are searched for the strike: 10 minutes at 48 kHz, 230 MB."""

BLOCK: Final = 2**18  # samples that are worked on at once
_LOWEST_RATE: Final = 1000  # Hz
_LONGEST_RATIO: Final = 200_000  # of sample rates, the denominator
_CANCELLED: Final = 0.1  # power of the mean of channels over that of the loudest
_AS_LOUD: Final = 0.9  # power over that of the loudest: the first such channel is taken
_RUMBLE: Final = 25.0  # Hz, below all partials of a drum of 2.5 m at 100 m/s
_DENORMAL: Final = 1e-150  # of a filter's state: the arithmetic below is slow
_DULL: Final = 0.5  # of a model's sample rate: what is below lacks much of what it hears


def prepare(
    waveform: ArrayLike | torch.Tensor, sample_rate: int, model_input: ModelInput
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
    for i in range(0, len(waveform), BLOCK):
        passed[i : i + BLOCK], state = sosfilt(sections, waveform[i : i + BLOCK], zi=state)
        state[np.abs(state) < _DENORMAL] = 0
    return passed


def resampled(sound: Float64, sample_rate: int | Fraction, model_input: ModelInput) -> Float64:
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


def mixed_down(waveform: ArrayLike | torch.Tensor, most: int = LONGEST) -> Float64:
    """Return the first samples as one channel, shape (length,); refuse what no drum is heard in.

    Raises:
        TypeError: anything but real numbers.
        ValueError: another shape; or the sound is empty, silent or not finite.
    """
    return check_sound("the sound", in_one_channel(waveform, most))


def in_one_channel(waveform: ArrayLike | torch.Tensor, most: int | None = None) -> Float64:
    """Return the first samples as one channel, shape (length,); None: all of them.

    That is the mean of the channels, or the loudest where they cancel, as two of which one is
    inverted do.

    Raises:
        TypeError: anything but real numbers.
        ValueError: another shape, or the sound is empty.
    """
    if isinstance(waveform, torch.Tensor):
        waveform = waveform.detach().cpu()
        waveform = waveform if waveform.is_complex() else waveform.double()
    sound = check_samples("a sound", waveform)
    if sound.ndim not in (1, 2) or (sound.ndim == 2 and 0 < len(sound) < sound.shape[1]):
        raise ValueError(
            f"a waveform must have the shape (length,) or (length, channels), got {sound.shape}"
            f"{': transpose it.' if sound.ndim == 2 else '.'}"
        )
    sound = sound[:most]
    if not sound.size:
        raise ValueError("the sound is empty: it holds no samples.")
    if sound.ndim == 2:
        starts = range(0, len(sound), BLOCK)
        return mixed(lambda: (sound[i : i + BLOCK] for i in starts), len(sound))
    return np.asarray(sound, np.float64)


def mixed(blocks: Callable[[], Iterable[npt.NDArray[Any]]], length: int) -> Float64:
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
