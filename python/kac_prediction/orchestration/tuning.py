"""Tune the partials of an outline, whose shape is known roughly, to strikes on the drum."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from .._arrays import Float64
from ..listening.bands import EDGE, Band
from ..listening.damped_partials import evidence
from ..physics.weyl import weyl_series
from .fitting import LOWEST_MODES, Match, lower_band, match, partials_in

_DURATIONS: Final = (0.06, 0.12, 0.25, 0.5)  # seconds, from coarse to fine
_OFF: Final = 0.003  # standard deviation of the logarithms of frequencies, beforehand
_STEPS, _CYCLES = 4, 0.1  # steps, and cycles of the highest partial that one moves at most
_LONGER: Final = 0.6  # of the duration before: no longer sounds, no further steps
_TUNING: Final = 0.01  # of the power, that is not explained
_ROUNDS, _MOVED = 6, 4  # of moves, and partials that are moved in each
_BETTER: Final = 20.0  # log evidence that moves are to gain
_LONGEST, _FADED = 0.5, 3.0  # seconds that are searched for partials, and 1 / decay rates
_FINER: Final = 4  # bins of a spectrum, for one that its length resolves
_LOBE: Final = 1.5  # bins of the latter to each side of a partial
_AWAY: Final = 0.08  # the most that a partial moves, logarithm
_FAINT: Final = 0.5  # amplitude of a partial that moves, of what it moves to
_FAINTER: Final = 0.05  # logarithm of a frequency that a partial as loud as that counts


def tuned(
    sounds: Sequence[Float64], sample_rate: float, series: Float64, slowness: float, decay: float
) -> Float64:
    """Return a series moved to where it explains strikes on a drum best, shape (k,).

    The frequencies of an outline that was heard are off by half a per cent or so. Steps of Gauss
    and Newton climb in ever longer beginnings, in which maxima are ever narrower.
    """
    logs, before = np.zeros(len(series)), 0.0
    for duration in _DURATIONS:
        count = round(duration * sample_rate)
        parts = [lower_band(sound[:count], sample_rate, slowness) for sound in sounds]
        parts = [part for part in parts if part.samples.energy > 0 and part.duration > before]
        before = _LONGER * duration
        for _ in range(_STEPS if parts else 0):
            slope, bend = _slopes(parts, series * np.exp(logs), slowness, decay)
            slope -= logs / _OFF**2
            step = np.linalg.solve(bend + np.eye(len(logs)) / _OFF**2, slope)
            limit = _CYCLES / (parts[0].highest * duration)
            logs = np.clip(logs + np.clip(step, -limit, limit), -4 * _OFF, 4 * _OFF)
    return np.asarray(series * np.exp(logs))


def _slopes(
    parts: Sequence[Band], series: Float64, slowness: float, decay: float
) -> tuple[Float64, Float64]:
    """Return slope (k,) and curvature (k, k) of the log evidence by the logarithms of a series."""
    slope, bend = np.zeros(len(series)), np.zeros((len(series), len(series)))
    for part in parts:
        there = np.flatnonzero(series <= 2 * slowness * EDGE * part.highest)
        found = partials_in(part, series[there], np.ones(len(there)), slowness, decay)
        noise = np.array([_TUNING * part.samples.energy / part.samples.freedom])
        fitted = evidence(part.samples, found.rates, found.prior, noise)
        k = len(there)
        omega = found.rates[0, :k].imag
        slope[there] -= fitted.slope[0, :k] * omega
        bend[np.ix_(there, there)] += fitted.curvature[0, :k, :k] * omega[:, None] * omega
    return slope, bend


def measured(
    sounds: Sequence[Float64], sample_rate: float, series: Float64, slowness: float, decay: float
) -> Float64:
    """Return a series with faint partials moved to where strikes sound and none was, shape (k,).

    A shape that is heard has as many partials as the drum, but some are off by several per cent,
    too far to be tuned. The loudest that is left in the spectrum gets the nearest faint one.
    """
    found = _matches(sounds, sample_rate, series, slowness, decay)
    for _ in range(_ROUNDS):
        moved = _moved(sounds, sample_rate, series, slowness, decay, found)
        if moved is None:
            break
        moved = np.sort(tuned(sounds, sample_rate, moved, slowness, decay))
        again = _matches(sounds, sample_rate, moved, slowness, decay)
        if sum(each.gain for each in again) < sum(each.gain for each in found) + _BETTER:
            break
        series, found = moved, again
    return series


def _matches(
    sounds: Sequence[Float64], sample_rate: float, series: Float64, slowness: float, decay: float
) -> list[Match]:
    once = np.ones(len(series))
    return [match(sound, sample_rate, series, once, slowness, decay) for sound in sounds]


def _moved(
    sounds: Sequence[Float64],
    sample_rate: float,
    series: Float64,
    slowness: float,
    decay: float,
    found: Sequence[Match],
) -> Float64 | None:
    """Return a series with faint partials at the peaks of what is left; None: there are none."""
    k = min(len(each.rates) for each in found)
    if k == 0:
        return None
    powers = [np.abs(each.amplitudes.reshape(2, -1)[:, :k]) ** 2 for each in found]
    loudness = np.sqrt(np.sum(powers, axis=(0, 1)))
    width, spectrum = _left(sounds, sample_rate, decay, found)
    numbers = 2 * slowness * np.arange(len(spectrum)) * width / _FINER
    within = (numbers > np.exp(-_AWAY) * series[0]) & (numbers < weyl_series(LOWEST_MODES)[-1])
    spectrum = np.where(within, spectrum, 0.0)
    moved, free = series.copy(), np.ones(k, bool)
    for _ in range(_MOVED):
        peak = int(np.argmax(spectrum))
        loud, number = spectrum[peak], numbers[peak]
        if loud == 0:
            break
        spectrum[max(0, peak - int(_LOBE * _FINER)) : peak + int(_LOBE * _FINER) + 1] = 0.0
        away = np.abs(np.log(series[:k] / number))
        faint = np.flatnonzero(free & (away < _AWAY) & (loudness < _FAINT * loud))
        if len(faint):
            chosen = faint[np.argmin(away[faint] + _FAINTER * loudness[faint] / loud)]
            moved[chosen], free[chosen] = number, False
    return None if free.all() else np.sort(moved)


def _left(
    sounds: Sequence[Float64], sample_rate: float, decay: float, found: Sequence[Match]
) -> tuple[float, Float64]:
    """Return amplitudes of partials in what matches leave of sounds, by frequency.

    And the width in Hz that is resolved: each bin is a quarter of it.
    """
    length = int(sample_rate * min(_LONGEST, _FADED / decay))
    length = min(length, max(len(sound) for sound in sounds))
    fading = np.exp(-decay * np.arange(length) / sample_rate)
    window = fading * np.cos(np.pi / 2 * np.arange(length) / length)
    power = np.zeros(_FINER * length // 2 + 1)
    for sound, each in zip(sounds, found, strict=True):
        left = (sound - each.render(len(sound), sample_rate))[:length]
        w = window[: len(left)]
        norm = 2 / float(w @ fading[: len(left)])
        power += np.abs(norm * np.fft.rfft(left * w, _FINER * length)) ** 2
    return sample_rate / length, np.sqrt(power)
