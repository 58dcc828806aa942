"""Estimate drums from their spectra by the known mode ratios, a baseline for trained models.

1. Whittle's likelihood compares the power spectrum of the beginning of a sound with those to be
   expected of a grid of sizes and aspect ratios; its mean is the estimate for short sounds.
2. Where partials are resolved, the most likely drums are fitted to the peaks of the whole spectrum
   (circle and rectangle), or the peaks are counted by Weyl's law (polygon).

It knows the range of sizes and aspect ratios and the wave speed, not strike, pick-up or phases.
Source: P. Whittle, "Estimation and information in stationary time series", Arkiv för Matematik 2
(1953), 423-434, doi:10.1007/BF02590998.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter

from ..._arrays import Float64
from ..._checks import check_number, check_samples, check_sound
from ...samplers.drum import WAVE_SPEED
from ...samplers.shapes import FAMILIES
from .partials import PADDING, Float32, Partials, expected_spectra, window
from .peaks import count_peaks, find_peaks, fit_peaks

# Spectra are read up to 25 c: 2.5 kHz at 100 m/s. Most modal drums have all partials below.
_BAND: Final = 25.0
# Seconds: of a longer one, lines of neighbours on the grid of sizes would lie bins apart.
_LONGEST_BEGINNING: Final = 4096 / 48000
# Noise 40 dB below the strongest partial.
_NOISE: Final = 1e-4
# Padded to twice the length, two neighbouring bins hold the information of one.
_BINS_FOR_ONE: Final = 2.0
_BATCH: Final = 64
_GUESSES: Final = 32
_CROSS: Final = [[[0, 1, 0], [1, 1, 1], [0, 1, 0]]]  # a sound's neighbours on the grid
_STRONGEST: Final = 24
# The weight of the score of `fit_peaks`, added to the log likelihood, and the score that rectangles
# seldom exceed with the peaks of polygons: with their own, circles and rectangles have 1.5 to 3.
_SCORE_WEIGHT: Final = 250.0
_CHANCE_SCORE: Final = 1.0
# The first ten partials of a drum lie c / (5 L) apart on average: here, five bins or more.
_RESOLVED: Final = 24.0


class _Sounds(NamedTuple):
    """Checked arguments of `estimate`, and what the first step reads: samples, and bins in band."""

    waveforms: Float64
    sample_rate: float
    wave_speed: float
    sizes: tuple[float, float]
    beginning: int
    bins: int


class _Grid(NamedTuple):
    """Hypotheses (b) and sizes (s) to try: 1 / expected spectra (bins, b s), sums of their logs."""

    partials: Partials
    sizes: Float64
    inverse: Float32
    logarithms: Float32


class _Estimates(NamedTuple):
    """Most likely drums of a family, its log evidence, and the match of peaks (nan: unresolved)."""

    sizes: Float64
    aspects: Float64
    evidence: Float64
    score: Float64


def estimate(
    family: str,
    waveforms: npt.ArrayLike,
    sample_rate: float,
    wave_speed: float = WAVE_SPEED,
    *,
    sizes: Sequence[float] = (0.1, 1.0),
) -> dict[str, Float64]:
    """Estimate the dimensions of drums of a known family from their sounds.

    The mode ratios of a polygon are unknown: its spectrum is taken for the mean of those of
    rectangles of similar aspect ratios, and where its partials are resolved, its size follows from
    their number.

    Args:
        family: "circle", "rectangle" or "polygon" (a convex one).
        waveforms: sounds, struck at their first sample, shape (n, samples).
        sample_rate: Hz.
        wave_speed: c, m/s; the square root of tension over density.
        sizes: the smallest and the largest possible drum, metres.

    Returns:
        `drum_size` in metres, the square root of the area, and, unless it is a circle,
        `aspect_ratio`, from 1 to 4; each of shape (n,).

    Raises:
        TypeError: a number of the wrong type, or waveforms of other than real numbers.
        ValueError: another family; waveforms of another shape, silent, not finite or too short; or
            a number out of range.
    """
    found = _most_likely(family, _checked(waveforms, sample_rate, wave_speed, sizes))
    if family == "circle":
        return {"drum_size": found.sizes}
    return {"drum_size": found.sizes, "aspect_ratio": found.aspects}


def identify(
    waveforms: npt.ArrayLike,
    sample_rate: float,
    wave_speed: float = WAVE_SPEED,
    *,
    sizes: Sequence[float] = (0.1, 1.0),
) -> tuple[npt.NDArray[np.str_], dict[str, Float64]]:
    """Estimate the family of drums and their dimensions from their sounds.

    Arguments and errors are those of `estimate`.

    Returns:
        The family that fits best ("circle", "rectangle" or "polygon"), shape (n,), and `drum_size`
        and `aspect_ratio` (of a circle: 1), each of shape (n,).
    """
    families, each = estimate_each(waveforms, sample_rate, wave_speed, sizes=sizes)
    best = [FAMILIES.index(family) for family in families]
    labels = {
        label: np.choose(best, [each[family][label] for family in FAMILIES])
        for label in ("drum_size", "aspect_ratio")
    }
    return families, labels


def estimate_each(
    waveforms: npt.ArrayLike,
    sample_rate: float,
    wave_speed: float = WAVE_SPEED,
    *,
    sizes: Sequence[float] = (0.1, 1.0),
) -> tuple[npt.NDArray[np.str_], dict[str, dict[str, Float64]]]:
    """Estimate the dimensions of drums as if they were of each family, and say which fits best.

    Arguments and errors are those of `estimate`.

    Returns:
        The family that fits best, shape (n,), and by family `drum_size` and `aspect_ratio` (of a
        circle: 1), each of shape (n,).
    """
    sounds = _checked(waveforms, sample_rate, wave_speed, sizes)
    found = [_most_likely(family, sounds) for family in FAMILIES]
    scores = np.array([each.score for each in found])
    # Scores count where they are known of all families, and a match by chance counts for nothing.
    resolved = np.isfinite(scores).all(axis=0)
    bonus = np.where(resolved, _SCORE_WEIGHT * (scores - _CHANCE_SCORE), 0)
    best = np.argmax(np.array([each.evidence for each in found]) + bonus, axis=0)
    labels = {
        family: {"drum_size": each.sizes, "aspect_ratio": each.aspects}
        for family, each in zip(FAMILIES, found, strict=True)
    }
    return np.array(FAMILIES)[best], labels


def _checked(
    waveforms: npt.ArrayLike, sample_rate: float, wave_speed: float, sizes: Sequence[float]
) -> _Sounds:
    """Return the arguments, or raise for sounds that cannot be analysed."""
    signals = check_samples("waveforms", waveforms)
    if signals.ndim != 2 or not signals.size:
        raise ValueError(f"waveforms must have shape (n, samples), got {signals.shape}.")
    ends = [check_number("each of sizes", size, above=0) for size in sizes]
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise ValueError(f"sizes must be the smallest and the largest, got {list(sizes)}.")
    rate = check_number("sample_rate", sample_rate, above=0)
    speed = check_number("wave_speed", wave_speed, above=0)
    beginning = min(signals.shape[1], round(_LONGEST_BEGINNING * rate))
    bins = int(min(_BAND * speed * (beginning / rate) * PADDING, beginning - 1))
    if bins < 8:
        least = int(4 * rate / (_BAND * speed)) + 1
        raise ValueError(f"an estimate needs at least {least} samples, got {signals.shape[1]}.")
    for i, signal in enumerate(signals):
        check_sound(f"waveform {i}", signal)
    return _Sounds(signals, rate, speed, (ends[0], ends[1]), beginning, bins)


def _most_likely(family: str, sounds: _Sounds) -> _Estimates:
    """Return the most likely drums of a family."""
    grid = _grid(
        family, sounds.sizes, sounds.wave_speed, sounds.sample_rate, sounds.beginning, sounds.bins
    )
    batches = np.split(sounds.waveforms, range(_BATCH, len(sounds.waveforms), _BATCH))
    found = [_estimated(batch, sounds, grid) for batch in batches]
    return _Estimates(*map(np.concatenate, zip(*found, strict=True)))


# Of all families at one setting: a grid takes seconds to make, and up to 110 MB.
@lru_cache(maxsize=len(FAMILIES))
def _grid(
    family: str, ends: tuple[float, float], speed: float, rate: float, beginning: int, bins: int
) -> _Grid:
    """Return a grid that moves no line by over a bin, read-only."""
    partials, seconds = Partials.of(family), beginning / rate
    step = min(0.01, max(0.005, 1 / (_BAND * speed * seconds)))
    low, high = np.log(ends)
    sizes = np.exp(np.linspace(low, high, 2 + int((high - low) / step)))
    spectra = expected_spectra(partials, sizes, beginning, bins, seconds, speed).reshape(-1, bins)
    spectra += np.float32(_NOISE)
    logarithms = np.stack([np.log(spectrum).sum() for spectrum in spectra])
    grid = _Grid(partials, sizes, np.reciprocal(spectra, out=spectra).T, logarithms)
    for array in grid[1:]:
        array.flags.writeable = False
    return grid


def _estimated(waveforms: Float64, sounds: _Sounds, grid: _Grid) -> _Estimates:
    """Return the mean drums of the posterior over a grid, refined where partials are resolved."""
    waveforms = waveforms / np.abs(waveforms).max(axis=1, keepdims=True).astype(np.float64)
    log_likelihood = _log_likelihood(waveforms[:, : sounds.beginning], grid)
    highest = log_likelihood.max(axis=(1, 2), keepdims=True)
    posterior = np.exp(log_likelihood - highest)
    total = posterior.sum(axis=(1, 2), keepdims=True)
    evidence = (highest + np.log(total / posterior[0].size)).ravel()
    posterior /= total
    sizes = np.exp(posterior.sum(axis=1) @ np.log(grid.sizes))
    aspects = np.exp(posterior.sum(axis=2) @ np.log(grid.partials.hypotheses))
    score = np.full(len(sizes), np.nan)
    duration = waveforms.shape[1] / sounds.sample_rate
    resolved = np.flatnonzero(duration * sounds.wave_speed > _RESOLVED * sizes)
    if len(resolved):
        peaks = find_peaks(waveforms[resolved], sounds.sample_rate, _BAND * sounds.wave_speed)
        if grid.partials.blurred:
            sizes[resolved] = count_peaks(peaks, sizes[resolved], sounds.wave_speed)
            score[resolved] = _CHANCE_SCORE
        else:
            # The likeliest local maxima over sizes and aspect ratios.
            values = log_likelihood[resolved]
            highest = maximum_filter(values, footprint=_CROSS, mode="constant", cval=-np.inf)
            maxima = np.where(values == highest, values, -np.inf).reshape(len(values), -1)
            count = min(_GUESSES, maxima.shape[1] - 1)
            guesses = np.argpartition(-maxima, count, axis=1)[:, :count]
            prior = np.take_along_axis(maxima, guesses, axis=1)
            fitted = fit_peaks(
                peaks.strongest(_STRONGEST),
                grid.partials,
                grid.sizes[guesses % len(grid.sizes)],
                grid.partials.hypotheses[guesses // len(grid.sizes)],
                sounds.wave_speed,
            )
            best = (_SCORE_WEIGHT * fitted[2] + prior).argmax(axis=1)[:, None]
            sizes[resolved], aspects[resolved], score[resolved] = (
                np.take_along_axis(each, best, axis=1)[:, 0] for each in fitted
            )
        np.clip(sizes, *sounds.sizes, out=sizes)
    return _Estimates(sizes, aspects, evidence, score)


def _log_likelihood(waveforms: Float64, grid: _Grid) -> Float64:
    """Return the log likelihood of sounds under each hypothesis and size, shape (n, b, s).

    Bins of a power spectrum I are independent and exponentially distributed about the expected
    spectrum g E: log p = -sum log(g E) - sum I / (g E), which the gain g = mean(I / E) maximises.
    """
    length = waveforms.shape[1]
    bins = len(grid.inverse)
    spectra = np.fft.rfft(waveforms * window(length), PADDING * length)[:, 1 : bins + 1]
    power = np.abs(spectra) ** 2
    power = (power / power.max(axis=1, keepdims=True)).astype(np.float32)
    fit = -bins * np.log(power @ grid.inverse / bins) - grid.logarithms
    log_likelihood: Float64 = fit.reshape(len(power), -1, len(grid.sizes)).astype(np.float64)
    return log_likelihood / _BINS_FOR_ONE
