"""Measure the partials of a sound, whatever they are: frequencies, decay rates, amplitudes."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from .._blas import threadpool_limits
from .._checks import check_count, check_number
from .bands import band, check_sound
from .damped_partials import Complex128, Evidence, Float64, Samples, evidence

_CYCLES: Final = 4000.0  # of the edge of the band
_NYQUIST: Final = 0.42  # of the sample rate
_SLOWEST: Final = 0.05  # decay rate times duration
_FASTEST: Final = 20.0
_ROUNDS: Final = 8  # of new peaks
_STEPS: Final = 3  # of each round
_AT_ONCE: Final = 4  # rounds that `most` partials are spread over, at least
_APART: Final = 1.2  # distance of new peaks, over 1 / duration
_ABOVE: Final = 5.0  # a peak in the spectrum of the residual, over its median about there
_WINDOW: Final = 101  # bins of that median
_PADDING: Final = 4
_MASKING: Final = 6.0  # over 1 / duration: as near a peak may be a side lobe of a stronger one
_MASKED: Final = 0.3  # of whose magnitude
_LEAST_DEVIATION: Final = 1e-9  # of a frequency, relative: rounding
_VAGUE: Final = 2.0  # deviation of omega, over 1 / duration, of a partial that is not one


@dataclass(frozen=True)
class Partials:
    """The partials of a sound, from the lowest to the highest, arrays of shape (k,).

    Attributes:
        frequencies: undamped, sqrt(omega^2 + sigma^2) / (2 pi), Hz: those of `physics.modes`.
        deviations: standard deviations of the frequencies, Hz, by noise; a room adds more.
        decay_rates: sigma, 1/s; the T60 is 3 ln(10) / sigma.
        amplitudes: at the first sample, in units of the sound.
    """

    frequencies: Float64
    deviations: Float64
    decay_rates: Float64
    amplitudes: Float64

    def __len__(self) -> int:
        return len(self.frequencies)


def measure_partials(
    sound: npt.ArrayLike, sample_rate: float, most: int = 40, highest: float | None = None
) -> Partials:
    """Measure the strongest partials of a decaying sound.

    Peaks of the spectrum are taken for partials, all of them are fitted to the waveform together,
    their frequencies and decay rates by steps of Gauss and Newton, the amplitudes solved for; what
    is left is searched for further peaks, until there are none that noise would not have. So two
    partials are told apart that are closer than bins, where the noise allows.

    Args:
        sound: mono, from the strike on, shape (n,).
        sample_rate: Hz.
        most: how many partials, at most.
        highest: Hz; partials above are left out. None: 0.42 of the sample rate, which is also the
            most.

    Returns:
        As many partials as stand out.

    Raises:
        TypeError: a number of the wrong type, or complex sound.
        ValueError: a number out of range; or the sound has another shape, is not finite, silent or
            too short.
    """
    rate = check_number("sample_rate", sample_rate, above=0)
    most = check_count("most", most)
    edge = _NYQUIST * rate if highest is None else check_number("highest", highest, above=0)
    values, peak = check_sound(sound)
    with threadpool_limits(limits=1, user_api="blas"):
        part = band(values, rate, edge, _CYCLES)
        samples, duration = part.samples, part.duration
        rates = np.zeros((1, 0), dtype=np.complex128)
        residual, found = samples.values, None
        for _ in range(_ROUNDS):
            wanted = min(most - rates.shape[1], -(-most // _AT_ONCE))
            fresh = _peaks(residual, samples.step, part.highest, wanted)
            if not len(fresh):
                break
            start = -(3 / duration if found is None else np.median(-rates.real)) + 1j * fresh
            rates = np.concatenate([rates, start[None]], axis=1)
            rates, found = _fitted(samples, rates, duration)
            residual = samples.values - _sum(found, rates, samples)
        if found is None:
            return Partials(*np.zeros((4, 0)))
        # Where too many stand for a few, the data determine none of them: take some away.
        for _ in range(_ROUNDS):
            vague = _deviations(found) * duration
            doubtful = np.flatnonzero(vague > _VAGUE)
            if not len(doubtful) or rates.shape[1] == 1:
                break
            worst = doubtful[np.argsort(-vague[doubtful], kind="stable")[: -(-len(doubtful) // 3)]]
            rates, found = _fitted(samples, np.delete(rates, worst, axis=1), duration)
        return _partials(rates, found, part.highest, peak)


def _peaks(residual: Float64, step: float, highest: float, wanted: int) -> Float64:
    """Return the angular frequencies of the strongest peaks that noise would not have."""
    size = 1 << (_PADDING * len(residual) - 1).bit_length()
    window = np.hanning(2 * len(residual) + 1)[len(residual) + 1 :]  # falls from 1 to 0
    spectrum = np.abs(np.fft.rfft(residual * window, size))
    spectrum = spectrum[: 1 + int(highest * step * size)]
    middle, before, after = spectrum[1:-1], spectrum[:-2], spectrum[2:]
    floor = _floor(spectrum, size / len(residual))[1:-1]
    reach = 1 + 2 * round(_MASKING * size / len(residual))
    masking = maximum_filter1d(spectrum, reach)[1:-1] * _MASKED
    found = (middle > before) & (middle >= after) & (middle > _ABOVE * floor) & (middle >= masking)
    candidates = 1 + np.flatnonzero(found)
    chosen: list[float] = []
    apart = _APART * size / len(residual)
    for place in candidates[np.argsort(-spectrum[candidates], kind="stable")].tolist():
        if len(chosen) == wanted:
            break
        if all(abs(place - other) > apart for other in chosen):
            chosen.append(place)
    return np.array(chosen) * (2 * math.pi / (size * step))


def _floor(spectrum: Float64, padding: float) -> Float64:
    """Return the running median of a spectrum, over blocks of bins, and 1e-4 of its maximum."""
    block = max(8, min(len(spectrum), round(_WINDOW * padding)))
    count = max(1, len(spectrum) // block)
    ends = np.linspace(0, len(spectrum), count + 1).astype(np.int64)
    medians = [np.median(spectrum[low:high]) for low, high in pairwise(ends)]
    floor = np.interp(np.arange(len(spectrum)), (ends[:-1] + ends[1:]) / 2, medians)
    return np.asarray(floor + 1e-5 * spectrum.max())


def _fitted(samples: Samples, rates: Complex128, duration: float) -> tuple[Complex128, Evidence]:
    """Return rates at the nearest maximum of the likelihood, and what the data say of them."""
    count = rates.shape[1]
    damping = 1e-3
    prior = np.full(rates.shape, 4 * np.square(samples.values).max())
    noise = np.array([0.1 * samples.energy / samples.freedom])
    found = evidence(samples, rates, prior, noise)
    for i in range(2 * _STEPS):
        if i == _STEPS or i == 1:
            left = max(samples.freedom - 4 * count, 0.1 * samples.freedom)
            noise = np.maximum(found.residual / left, 1e-10 * samples.energy / samples.freedom)
            found = evidence(samples, rates, prior, noise)
        bend = found.curvature[0].copy()
        bend[np.diag_indices(2 * count)] *= 1 + damping
        bend[np.diag_indices(2 * count)] += (0.1 * duration) ** 2
        step = -np.linalg.solve(bend, found.slope[0]) * duration
        step = np.clip(step, -0.7, 0.7) / duration
        moved = rates + (1j * step[:count] - step[count:])
        slow, fast = _SLOWEST / duration, _FASTEST / duration
        moved = -np.clip(-moved.real, slow, fast) + 1j * np.maximum(moved.imag, slow)
        tried = evidence(samples, moved, prior, noise)
        if tried.cost[0] < found.cost[0]:
            rates, found, damping = moved, tried, damping / 5
        else:
            damping *= 10
    return rates, found


def _sum(found: Evidence, rates: Complex128, samples: Samples) -> Float64:
    """Return the sum of the partials at the samples."""
    cosines, sines = np.split(found.amplitudes[0], 2)
    block = 64
    blocks = -(-len(samples.values) // block)
    inner = np.exp(rates[0][:, None] * (np.arange(block) * samples.step))
    outer = np.exp(rates[0][:, None] * (np.arange(blocks) * (block * samples.step)))
    waves = ((cosines - 1j * sines)[:, None] * outer).T @ inner
    return np.asarray(waves.real.ravel()[: len(samples.values)])


def _deviations(found: Evidence) -> Float64:
    """Return the standard deviations of omega, shape (k,), decay rates being unknown, 1/s."""
    bend = found.curvature[0]
    variance = np.diag(np.linalg.inv(bend + 1e-9 * np.eye(len(bend))))[: len(bend) // 2]
    return np.asarray(np.sqrt(np.maximum(variance, 0)))


def _partials(rates: Complex128, found: Evidence, highest: float, peak: float) -> Partials:
    """Return the partials below the edge, the lowest first."""
    frequencies = np.abs(rates[0]) / (2 * math.pi)
    amplitudes = peak * np.hypot(*np.split(found.amplitudes[0], 2))
    columns = (
        frequencies,
        np.maximum(_deviations(found) / (2 * math.pi), _LEAST_DEVIATION * frequencies),
        -rates[0].real,
        amplitudes,
    )
    order = np.argsort(frequencies, kind="stable")
    order = order[frequencies[order] <= highest]
    return Partials(*(column[order] for column in columns))
