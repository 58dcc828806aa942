"""The lower band of a sound, decimated, and how its energy is spread over frequencies."""

import math
from typing import Final, NamedTuple

import numpy as np

from .._arrays import ArrayLike, Float64
from .._checks import check_sound
from .damped_partials import Complex128, Samples

EDGE: Final = 1.12
"""Where the slope of the low-pass filter ends, over where it begins."""

_NYQUIST: Final = 0.42  # of the sample rate: the highest edge
_RATE: Final = 2.5  # of the decimated sound, over the edge
_PADDING: Final = 256  # samples, into which the filter rings
_NODES: Final = 33  # of the envelope
_SMOOTHNESS: Final = 12.0  # edge over the width of the envelope's kernel
_FEWEST: Final = 16  # samples of a band
SLOWEST: Final = 0.05
"""The least decay rate times duration that is fitted: as good as none."""


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


class Expected(NamedTuple):
    """Partials of h hypotheses in a band, and a constant, as recordings have it, as one more.

    Rates and prior variances of amplitudes as `evidence` takes them, shape (h, k + 1); growth, how
    many times the growth of the decay rate to the band's edge adds to each, shape (h, k).
    """

    rates: Complex128
    prior: Float64
    growth: Float64


def normalised(sound: ArrayLike) -> Float64:
    """Return a mono sound of 16 samples or more with its peak at 1; raise as `check_sound`."""
    values = check_sound("the sound", sound, _FEWEST)
    return np.asarray(values / np.abs(values).max())


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


def rough_decay(samples: Samples) -> float:
    """Return a rough decay rate, 1/s: that of the energy from one half to the other."""
    values, half = samples.values, len(samples.values) // 2
    duration = len(values) * samples.step
    first, second = (float(part @ part) + 1e-30 for part in (values[:half], values[half:]))
    return float(np.clip(math.log(first / second) / duration, 0.3 / duration, 100.0))


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


def expected(
    band: Band, frequencies: Float64, decays: Float64, slowness: Float64, modes: Float64
) -> Expected:
    """Return what is expected of partials in a band.

    Beforehand the amplitude of a partial has the variance that spreads the band's energy as its
    envelope does over the modes, whose density is 2 pi f (L / c)^2 by Weyl's law.

    Args:
        band: of the sound.
        frequencies: undamped, Hz, shape (h, k); above the end of the band's slope there is none.
        decays: rate at 0 Hz and its growth to the band's edge, 1/s, shape (h, 2).
        slowness: L / c, seconds, shape (h, 1).
        modes: how many of them have each frequency, shape (h, k).
    """
    top = EDGE * band.highest
    there = frequencies <= top
    frequencies = np.where(there, frequencies, top)
    growth = (frequencies / band.highest) ** 2
    slowest = SLOWEST / band.duration
    decay = np.maximum(decays[:, :1] + decays[:, 1:] * growth, slowest)
    omega = np.sqrt(np.maximum((2 * math.pi * frequencies) ** 2 - decay**2, 1.0))
    # The energy of a partial of unit amplitude.
    unit = -np.expm1(-2 * decay * band.duration) / (4 * decay * band.samples.step)
    nodes = np.linspace(0, top, len(band.envelope))
    energy = np.interp(frequencies.ravel(), nodes, band.envelope).reshape(unit.shape)
    density = 2 * math.pi * frequencies * slowness**2
    prior = np.where(there, modes * energy / (density * unit), 0)
    power, constant = np.square(band.samples.values).mean(), np.ones((len(frequencies), 1))
    return Expected(
        np.concatenate([-decay + 1j * omega, -slowest * constant + 0j], axis=1),
        np.concatenate([prior, power * constant], axis=1),
        growth,
    )
