"""Fit the partials of a drum to a sound: in its lower band, to tell drums; at full rate, to place.

The amplitudes are solved for, as in `listening.damped_partials`.
"""

import math
from typing import Final, NamedTuple

import numpy as np

from .._arrays import Float64
from ..listening.bands import EDGE, Band, Expected, band, expected
from ..listening.damped_partials import Complex128, Samples, evidence, inner_products
from ..physics.weyl import weyl_series

LOWEST_MODES: Final = 60
"""Modes of the band in which drums are told apart."""

_WHOLE: Final = 1e9  # cycles: of all of the sound
_NOISE: Final = 0.03  # of the power, at first
_LEAST_NOISE: Final = 1e-4
_RIDGES: Final = (1e-7, 1e-3, 1e-2)  # of the squared norm of a partial
_NYQUIST: Final = 0.95  # of half the sample rate: the highest partial that is placed
_LATEST: Final = 0.008  # seconds between the strike and the sample where it is taken to fall
_BLOCK: Final = 64
_TAU, _FINE = 4e-6, 40  # seconds between the delays that are tried, of which so many at a time


class Match(NamedTuple):
    """How well a drum explains the lower band of a sound.

    Attributes:
        explained: share of the band's power.
        gain: log evidence over that of noise alone.
        rates: of the partials, 1/s, shape (k,).
        amplitudes: of their cosines, then of their sines, shape (2 k,).
    """

    explained: float
    gain: float
    rates: Complex128
    amplitudes: Float64

    def render(self, length: int, sample_rate: float) -> Float64:
        """Return the sound of the partials, shape (length,)."""
        count, half = -(-length // _BLOCK), len(self.rates)
        complex_amplitudes = self.amplitudes[:half] - 1j * self.amplitudes[half:]
        inner = np.exp(self.rates * (np.arange(_BLOCK) / sample_rate)[:, None])
        outer = np.exp(self.rates[:, None] * (np.arange(count) * (_BLOCK / sample_rate)))
        blocks = (inner @ (outer * complex_amplitudes[:, None])).real
        return np.asarray(blocks.T.reshape(-1)[:length])


NOTHING: Final = Match(0.0, -math.inf, np.zeros(0, complex), np.zeros(0))
"""What explains nothing."""


def lower_band(sound: Float64, sample_rate: float, slowness: float) -> Band:
    """Return the band of a sound in which a drum has 60 modes."""
    return band(sound, sample_rate, float(weyl_series(LOWEST_MODES)[-1]) / (2 * slowness), _WHOLE)


def match(
    sound: Float64,
    sample_rate: float,
    series: Float64,
    modes: Float64,
    slowness: float,
    decay: float,
) -> Match:
    """Return how well the partials of a drum explain the beginning of a sound.

    Args:
        sound: from the strike on, shape (n,).
        sample_rate: Hz.
        series: S = 2 L f / c of the drum, ascending, shape (k,).
        modes: how many have each frequency, shape (k,).
        slowness: L / c, seconds.
        decay: rate of the amplitudes, 1/s.
    """
    part = lower_band(sound, sample_rate, slowness)
    samples, there = part.samples, series <= 2 * slowness * EDGE * part.highest
    if not there.any() or samples.energy == 0:
        return NOTHING
    found = partials_in(part, series[there], modes[there], slowness, decay)
    power = samples.energy / samples.freedom
    noise = np.array([_NOISE * power])
    for _ in range(2):
        fitted = evidence(samples, found.rates, found.prior, noise, slopes=False)
        left = max(samples.freedom - float(fitted.effective[0]), 0.1 * samples.freedom)
        noise = np.full(1, max(float(fitted.residual[0]) / left, _LEAST_NOISE * power))
    fitted = evidence(samples, found.rates, found.prior, noise, slopes=False)
    alone = samples.freedom / 2 * (1 + math.log(power))
    explained = 1 - float(fitted.residual[0]) / samples.energy
    k = found.rates.shape[1] - 1
    amplitudes = fitted.amplitudes[0].reshape(2, -1)[:, :k].ravel()
    return Match(explained, alone - float(fitted.cost[0]), found.rates[0, :k], amplitudes)


class Amplitudes(NamedTuple):
    """Partials in a sound from a sample on, as quadratic forms of the amplitudes.

    Attributes:
        rates: -sigma + i omega, 1/s, shape (k,).
        gram: inner products of the cosines, then of the sines, shape (2 k, 2 k).
        heard: their products with the sound, shape (2 k,).
        energy: of the sound.
    """

    rates: Complex128
    gram: Float64
    heard: Float64
    energy: float

    @classmethod
    def of(cls, sound: Float64, sample_rate: float, rates: Complex128) -> "Amplitudes":
        """Return those of a sound from the strike on."""
        samples = Samples(sound, 1 / sample_rate, float(len(sound)))
        gram, heard = inner_products(rates[None], samples)
        return cls(rates, gram[0], heard[0], samples.energy)

    def solved(self, ridge: float) -> Float64:
        """Return the amplitudes that explain most, hardly those that the sound does not tell."""
        shrunk = self.gram + np.diag(ridge * np.diag(self.gram) + 1e-300)
        return np.asarray(np.linalg.solve(shrunk, self.heard), np.float64)

    def delay(self, amplitudes: Float64) -> float:
        """Return the seconds from the sample to where all partials are sines.

        A struck drum is at rest at the strike. The signs of the partials are not known.
        """
        half = len(self.rates)
        turned = (1j * (amplitudes[:half] - 1j * amplitudes[half:])) ** 2
        omega = self.rates.imag
        fine = np.exp(2j * omega[:, None] * (np.arange(_FINE) * _TAU))
        coarse = np.arange(-_LATEST, _LATEST, _FINE * _TAU)
        begun = turned * np.exp(2j * omega * coarse[:, None])
        aligned = (begun.real @ fine.real - begun.imag @ fine.imag).ravel()
        return -_LATEST + int(np.argmax(aligned)) * _TAU

    def delays(self) -> set[float]:
        """Return the delays to where solutions tell that all partials are sines, and none."""
        return {0.0, *(self.delay(self.solved(ridge)) for ridge in _RIDGES)}

    def explained(self) -> float:
        """Return the energy that damped sines from the sample on explain."""
        gram, heard = self.sines(0.0)
        shrunk = gram + np.diag(_RIDGES[1] * np.diag(gram) + 1e-300)
        return float(heard @ np.linalg.solve(shrunk, heard))

    def sines(self, delay: float) -> tuple[Float64, Float64]:
        """Return inner products of damped sines from a delay on, (k, k), and with the sound."""
        half, omega = len(self.rates), self.rates.imag
        grown = np.exp(-self.rates.real * delay)
        a, b = -grown * np.sin(omega * delay), grown * np.cos(omega * delay)
        g = self.gram
        crossed = a[:, None] * g[:half, half:] * b
        gram = a[:, None] * g[:half, :half] * a + crossed + crossed.T
        gram = gram + b[:, None] * g[half:, half:] * b
        return gram, a * self.heard[:half] + b * self.heard[half:]


def rates_of(series: Float64, slowness: float, decay: float) -> Complex128:
    """Return -sigma + i omega of the partials of a drum, 1/s."""
    omega = np.sqrt(np.maximum((math.pi * series / slowness) ** 2 - decay**2, 1.0))
    return np.asarray(-decay + 1j * omega)


def audible(rates: Complex128, sample_rate: float) -> Complex128:
    """Return those of ascending rates that lie below half the sample rate: these are placed."""
    return rates[rates.imag < _NYQUIST * math.pi * sample_rate]


def partials_in(
    part: Band, series: Float64, modes: Float64, slowness: float, decay: float
) -> Expected:
    """Return what is expected of the partials of one drum in a band."""
    decays, size = np.array([[decay, 0.0]]), np.array([[slowness]])
    return expected(part, series[None] / (2 * slowness), decays, size, modes[None])
