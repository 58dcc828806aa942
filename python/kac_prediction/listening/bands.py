"""The lower band of a sound, decimated, and how its energy is spread over frequencies."""

import math
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from .damped_partials import Float64, Samples

EDGE: Final = 1.12
"""Where the slope of the low-pass filter ends, over where it begins."""

_NYQUIST: Final = 0.42  # of the sample rate: the highest edge
_RATE: Final = 2.5  # of the decimated sound, over the edge
_PADDING: Final = 256  # samples, into which the filter rings
_NODES: Final = 33  # of the envelope
_SMOOTHNESS: Final = 12.0  # edge over the width of the envelope's kernel
_FEWEST: Final = 16  # samples of a band


class Band(NamedTuple):
    """The band of a sound up to `highest` Hz; the filter's slope ends at `EDGE` times that.

    The envelope is energy per Hz at equidistant frequencies from 0 to the end of the slope.
    """

    samples: Samples
    highest: float
    envelope: Float64

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.samples.values) * self.samples.step


def check_sound(sound: npt.ArrayLike) -> tuple[Float64, float]:
    """Return a mono sound with its peak at 1, and its peak.

    Raises:
        TypeError: complex numbers.
        ValueError: another shape; not finite, silent or fewer than 16 samples.
    """
    if np.iscomplexobj(sound):
        raise TypeError("a sound must hold real numbers, got complex ones: take its real part")
    values = np.asarray(sound, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"a sound must be mono, of shape (n,), got {values.shape}")
    if len(values) < _FEWEST:
        raise ValueError(f"a sound must have {_FEWEST} samples or more, got {len(values)}")
    if not np.isfinite(values).all():
        first = int(np.argmin(np.isfinite(values)))
        raise ValueError(f"sample {first} of the sound is not a finite number")
    if np.ptp(values) == 0:
        raise ValueError(f"the sound is silent: all samples are {values[0]}")
    peak = float(np.abs(values).max())
    return values / peak, peak


def band(sound: Float64, sample_rate: float, highest: float, cycles: float) -> Band:
    """Return the band of the beginning of a sound.

    Args:
        sound: samples, shape (n,).
        sample_rate: Hz.
        highest: edge of the band, Hz; at most 0.42 of the sample rate.
        cycles: of the edge, for which the beginning lasts, where the sound is that long.
    """
    highest = min(highest, _NYQUIST * sample_rate)
    count = min(len(sound), max(_FEWEST, round(cycles / highest * sample_rate)))
    size = 1 << (count + _PADDING).bit_length()
    short = min(size, 2 * math.ceil(_RATE * highest / sample_rate * size / 2))
    rate = sample_rate * short / size
    frequencies = np.arange(short // 2 + 1) * (sample_rate / size)
    slope = np.clip((EDGE - frequencies / highest) / (EDGE - 1), 0, 1)
    spectrum = np.fft.rfft(sound[:count], size)[: short // 2 + 1]
    values = np.fft.irfft(spectrum * np.sin(math.pi / 2 * slope) ** 2, short) * (short / size)
    values = values[: max(_FEWEST, int(count * rate / sample_rate))]
    freedom = len(values) * (1 + EDGE) * highest / rate
    return Band(Samples(values, 1 / rate, freedom), highest, _envelope(values, rate, highest))


def _envelope(values: Float64, rate: float, highest: float) -> Float64:
    """Return the smoothed energy per Hz of a sound, never 0 but in silence."""
    power = 2 * np.abs(np.fft.rfft(values, 2 * len(values))) ** 2 / rate
    frequencies = np.arange(len(power)) * (rate / (2 * len(values)))
    nodes = np.linspace(0, EDGE * highest, _NODES)
    # Kernels at so many nodes of a spectrum of thousands of bins: sums over narrow bins will do.
    bins = np.minimum((frequencies / (EDGE * highest) * 256).astype(np.int64), 255)
    energy, number = np.bincount(bins, power, 256), np.bincount(bins, minlength=256)
    centres = (np.arange(256) + 0.5) / 256 * EDGE * highest
    kernel = np.exp(-0.5 * ((centres - nodes[:, None]) * (_SMOOTHNESS / highest)) ** 2)
    envelope = np.asarray((kernel @ energy) / np.maximum(kernel @ number, 1e-9))
    return np.asarray(envelope + 1e-3 * envelope.mean())
