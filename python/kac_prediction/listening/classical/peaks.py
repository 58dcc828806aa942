"""Spectral peaks: found in the spectra of sounds, and fitted to a series of partials."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from ..._arrays import Float64
from ...physics.weyl import weyl_series
from .partials import Partials

_DEEPEST: Final = -60.0
_ABOVE_NOISE: Final = 22.0
_QUIET: Final = 0.1
_LOUDEST: Final = -15.0
_SIDE_LOBES: Final = 4  # bins of the unpadded spectrum
_SIDE_LOBE_DEPTH: Final = 15.0
_TOLERANCES: Final = (0.02, 0.015, 0.01, 0.007, 0.005, 0.003, 0.002)
_RIDGE: Final = 1e-9
_COUNTED: Final = 15
_BINS_APART: Final = 4.0


@dataclass(frozen=True)
class Peaks:
    """The peaks of n spectra, in order of their frequencies."""

    frequencies: Float64  # Hz, shape (n, p); nan where a spectrum has no more
    levels: Float64  # dB relative to the maximum of the spectrum, shape (n, p); -inf there
    resolution: float  # distance of two bins of the unpadded spectrum, Hz

    def strongest(self, count: int) -> "Peaks":
        """Return the strongest peaks of each spectrum, the strongest first."""
        order = np.argsort(-self.levels, axis=1, kind="stable")[:, :count]
        frequencies, levels = (
            np.take_along_axis(values, order, axis=1) for values in (self.frequencies, self.levels)
        )
        return Peaks(frequencies, levels, self.resolution)


def find_peaks(sounds: Float64, sample_rate: float, highest: float) -> Peaks:
    """Find the peaks of spectra up to `highest` Hz.

    Hann's window, padded to twice the length or more; a parabola through the levels in dB of a
    maximum and its neighbours gives frequency and level. A peak counts if it is less than 60 dB
    below the maximum, 22 dB above the lowest tenth of the bins (peaks of mere noise seldom are),
    and not more than 15 dB below a louder bin within four, whose side lobe it may be. The sounds,
    shape (n, samples), must not be silent.
    Source: J. O. Smith and X. Serra, "PARSHL: an analysis/synthesis program for non-harmonic sounds
    based on a sinusoidal representation", Proc. ICMC 1987.
    """
    length = sounds.shape[1]
    size = 1 << (2 * length - 1).bit_length()
    bins = min(int(highest / sample_rate * size), size // 2)
    spectra = np.abs(np.fft.rfft(sounds * np.hanning(length + 2)[1:-1], size)[:, :bins])
    level = 20 * np.log10(np.maximum(spectra / spectra.max(axis=1, keepdims=True), 1e-9))
    floor = np.clip(np.quantile(level, _QUIET, axis=1) + _ABOVE_NOISE, _DEEPEST, _LOUDEST)
    reach = 1 + 2 * round(_SIDE_LOBES * size / length)
    masking = maximum_filter1d(level, reach, axis=1, mode="nearest") - _SIDE_LOBE_DEPTH
    before, middle, after = level[:, :-2], level[:, 1:-1], level[:, 2:]
    found = (middle > before) & (middle >= after)
    found &= (middle > floor[:, None]) & (middle >= masking[:, 1:-1])
    sound, place = np.nonzero(found)
    alpha, beta, gamma = before[found], middle[found], after[found]
    offset = 0.5 * (alpha - gamma) / (alpha - 2 * beta + gamma)
    counts = found.sum(axis=1)
    rank = np.arange(len(sound)) - np.repeat(np.cumsum(counts) - counts, counts)
    frequencies = np.full((len(sounds), max(counts.max(), 1)), np.nan)
    levels = np.full(frequencies.shape, -np.inf)
    frequencies[sound, rank] = (place + 1 + offset) * sample_rate / size
    levels[sound, rank] = beta - 0.25 * (alpha - gamma) * offset
    return Peaks(frequencies, levels, sample_rate / length)


def fit_peaks(
    peaks: Peaks, partials: Partials, sizes: Float64, aspects: Float64, speed: float
) -> tuple[Float64, Float64, Float64]:
    """Fit drums to the peaks that lie near their partials, from several guesses at once.

    Each peak is matched with the nearest partial, and log S - log(2 L f / c) brought to zero by
    weighted least squares in log L and log epsilon, with ever smaller tolerances. A weight is the
    square root of the amplitude, times Tukey's biweight of the distance, times log(spacing /
    tolerance) with the spacing of Weyl's law: a match among dense partials, as a drum too large has
    them, is worth little. The score is their sum.

    `sizes` (metres) and `aspects` are guesses for each of n sounds, shape (n, j), `speed` is in
    m/s. Return sizes, aspect ratios and scores of that shape.
    """
    there = np.isfinite(peaks.frequencies)
    frequencies = np.where(there, peaks.frequencies, 1.0)[:, None]
    loudness = np.where(there, 10 ** (np.where(there, peaks.levels, 0) / 40), 0)[:, None]
    log_size, log_aspect = np.log(sizes), np.log(aspects)
    ends = np.log(partials.aspects[[0, -1]])
    score = np.zeros(sizes.shape)
    for tolerance in _TOLERANCES:
        measured = 2 * np.exp(log_size)[..., None] * frequencies / speed
        aspects = np.exp(log_aspect)
        series = partials.series(aspects)
        nearest = _nearest(series, measured)
        matched = np.take_along_axis(series, nearest, axis=2)
        slope = np.zeros(matched.shape)
        if len(partials.aspects) > 1:
            # S^2 = a / e + b e, so that d log S / d log e = b e / S^2 - 1/2.
            slope = aspects[..., None] * partials.b[nearest] / matched**2 - 0.5
        error = np.log(matched / measured)
        width = np.maximum(tolerance, 0.25 * peaks.resolution / frequencies)
        weight = loudness * np.maximum(1 - (error / width) ** 2, 0) ** 2
        # Weyl's law at unit area: S dN / dS = pi S^2 / 2.
        weight *= np.maximum(-np.log(width * np.pi / 2 * matched**2), 0)
        score = weight.sum(axis=2) / (loudness.sum(axis=2) + _RIDGE)
        # Step and turn minimise sum w (error + slope turn - step)^2 over the peaks.
        total = weight.sum(axis=2) + _RIDGE
        mean_error = (weight * error).sum(axis=2) / total
        mean_slope = (weight * slope).sum(axis=2) / total
        aside = slope - mean_slope[..., None]
        spread = (weight * aside**2).sum(axis=2) + _RIDGE
        turn = -(weight * aside * (error - mean_error[..., None])).sum(axis=2) / spread
        log_size = log_size + (mean_error + mean_slope * turn)
        log_aspect = np.clip(log_aspect + turn, *ends)
    return np.exp(log_size), np.exp(log_aspect), score


def _nearest(series: Float64, measured: Float64) -> npt.NDArray[np.int64]:
    """Return which of the series (n, j, k) is nearest to each number (n, j, p)."""
    order = np.argsort(series, axis=2)
    rows, k = series.shape[0] * series.shape[1], series.shape[2]
    line = np.take_along_axis(series, order, axis=2).reshape(rows, k)
    # Each row is moved beyond the one before it, so that one search does for all.
    step = 2 * max(series.max(), measured.max())
    moved = np.arange(rows)[:, None] * step
    wanted = measured.reshape(rows, -1)
    above = np.searchsorted((line + moved).ravel(), wanted + moved) - k * np.arange(rows)[:, None]
    above = np.clip(above, 1, k - 1)
    low, high = (np.take_along_axis(line, above - i, axis=1) for i in (1, 0))
    nearest = (above - (wanted - low < high - wanted)).reshape(measured.shape)
    return np.take_along_axis(order, nearest, axis=2)


def count_peaks(peaks: Peaks, sizes: Float64, speed: float) -> Float64:
    """Return the sizes of convex drums by the number of their partials, by Weyl's law.

    Peak j is mode j, so that L = S_j c / (2 f_j); the mean, weighted by sqrt(j), is over the first
    15 as far as modes of a drum of the approximate `sizes`, shape (n,), lie four bins apart there.
    Where they are fewer than three, the size is left as it is.
    """
    frequencies = peaks.frequencies[:, :_COUNTED]
    series = weyl_series(frequencies.shape[1])
    spacing = np.diff(weyl_series(len(series) + 1))
    rank = np.sqrt(np.arange(1, len(series) + 1))
    log_sizes = np.log(sizes)
    # How many are resolved depends on the size, and the size on them.
    for _ in range(3):
        apart = spacing * speed / (2 * np.exp(log_sizes)[:, None]) > _BINS_APART * peaks.resolution
        weight = rank * (apart & np.isfinite(frequencies))
        each = np.log(series * speed / (2 * np.where(weight > 0, frequencies, 1.0)))
        mean = (weight * each).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)
        log_sizes = np.where((weight > 0).sum(axis=1) >= 3, mean, log_sizes)
    return np.exp(log_sizes)
