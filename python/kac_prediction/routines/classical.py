"""The classical estimator: spectral peaks fitted to the known mode ratios, without learning.

A baseline for trained models. In two steps:

1. The power spectrum of the beginning of a sound is compared with those to be expected of each drum
   of a grid of sizes and aspect ratios, by Whittle's likelihood: what is explained near predicted
   partials counts for a drum, and silence where it should sound, or a peak where it should not,
   counts against it. Sounds too short for their partials to be told apart end here, with the mean
   of the posterior.
2. The most likely drums are fitted to the peaks of the whole spectrum by weighted least squares
   (circle and rectangle), or the peaks are counted with Weyl's law (polygon).

It knows no more than a model may: sizes and aspect ratios within the ranges of the drums it is
tried on, and the wave speed. It does not know strike, pick-up or phases.
Source: P. Whittle, "Estimation and information in stationary time series", Arkiv för Matematik 2
(1953), 423-434, doi:10.1007/BF02590998.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt

from ..geometry.shape import require_positive
from .partials import PADDING, Float32, Float64, Partials, expected_spectra, log_grid, window
from .peaks import Peaks, count_peaks, find_peaks, fit_peaks, is_maximum

FAMILIES: Final = ("circle", "rectangle", "polygon")
"""The families of drums whose partials are known."""

# Spectra are read up to 25 c: 2.5 kHz at 100 m/s. Most modal drums have all partials below.
_BAND: Final = 25.0
_LONGEST_BEGINNING: Final = 4096
# Noise 40 dB below the strongest partial. In a second, circles and rectangles are found as well
# where it is 10 dB below the sound.
_NOISE: Final = 1e-4
# Padded to twice the length, two neighbouring cells say as much as one.
_CELLS_FOR_ONE: Final = 2.0
_AT_ONCE: Final = 64
_GUESSES: Final = 32
_STRONGEST: Final = 24
# What the score of `fit_peaks` is worth beside the likelihood, and what rectangles seldom exceed
# with the peaks of polygons: circles and rectangles mostly have 1.5 to 3 with their own.
_WORTH: Final = 250.0
_BY_CHANCE: Final = 1.0
_RESOLVED: Final = 24.0


@dataclass(frozen=True)
class _Drums:
    """The likeliest drums of one family.

    Attributes:
        sizes: metres, shape (n,).
        aspects: shape (n,).
        evidence: how likely the family is by the beginning of a sound, a logarithm, shape (n,).
        score: how well the peaks match the partials, shape (n,); nan where they are not resolved.
    """

    sizes: Float64
    aspects: Float64
    evidence: Float64
    score: Float64


@dataclass(frozen=True)
class _Grid:
    """The drums of a family that are tried.

    Attributes:
        partials: of the family.
        sizes: metres, shape (s,), ascending.
        inverse: one over the spectra that are expected, shape (cells, b s), b the hypotheses of
            `partials`.
        logarithms: sums of the logarithms of these spectra, shape (b s,).
    """

    partials: Partials
    sizes: Float64
    inverse: Float32
    logarithms: Float32


@dataclass(frozen=True)
class _Sounds:
    """Sounds, and in which medium they arose."""

    waveforms: Float64
    sample_rate: float
    wave_speed: float
    sizes: tuple[float, float]

    @property
    def beginning(self) -> int:
        """Samples that the first step reads."""
        return int(min(self.waveforms.shape[1], _LONGEST_BEGINNING))

    @property
    def cells(self) -> int:
        """Cells of their spectra that lie in the band."""
        seconds = self.beginning / self.sample_rate
        return int(min(_BAND * self.wave_speed * seconds * PADDING, self.beginning - 1))


def estimate(
    family: str,
    waveforms: npt.ArrayLike,
    sample_rate: float,
    wave_speed: float = 100.0,
    *,
    sizes: Sequence[float] = (0.1, 1.0),
) -> dict[str, Float64]:
    """Estimate what drums of a known family are like, from what they sound like.

    The mode ratios of a polygon are unknown. Its spectrum is taken for the mean of those of
    rectangles of similar aspect ratios, which says how large and, roughly, how elongated it is; in
    a sound long enough for its partials to be told apart, the size follows from their number.

    Args:
        family: "circle", "rectangle" or "polygon" (a convex one).
        waveforms: sounds, struck at their first sample, shape (n, samples).
        sample_rate: samples per second.
        wave_speed: c, m/s; the square root of tension over density.
        sizes: the smallest and the largest drum there may be, metres.

    Returns:
        `drum_size` in metres, the square root of the area, and, unless it is a circle,
        `aspect_ratio`, from 1 to 4; each of shape (n,).

    Raises:
        ValueError: another family; waveforms of another shape, silent, not finite or too short; or
            a number out of range.
    """
    sounds = _require_sounds(waveforms, sample_rate, wave_speed, sizes)
    drums = _likeliest(family, sounds)
    if family == "circle":
        return {"drum_size": drums.sizes}
    return {"drum_size": drums.sizes, "aspect_ratio": drums.aspects}


def identify(
    waveforms: npt.ArrayLike,
    sample_rate: float,
    wave_speed: float = 100.0,
    *,
    sizes: Sequence[float] = (0.1, 1.0),
) -> tuple[npt.NDArray[np.str_], dict[str, Float64]]:
    """Estimate which family drums are of, and what they are like, from what they sound like.

    Args:
        waveforms: as of `estimate`.
        sample_rate: samples per second.
        wave_speed: c, m/s.
        sizes: the smallest and the largest drum there may be, metres.

    Returns:
        Which of `FAMILIES` fits best, shape (n,), and `drum_size` and `aspect_ratio` (of a circle:
        1), each of shape (n,).

    Raises:
        ValueError: as of `estimate`.
    """
    sounds = _require_sounds(waveforms, sample_rate, wave_speed, sizes)
    found = [_likeliest(family, sounds) for family in FAMILIES]
    scores = np.array([drums.score for drums in found])
    # Scores count where they are known of all families, and a match by chance counts for nothing.
    worth = np.where(np.isfinite(scores).all(axis=0), _WORTH * (scores - _BY_CHANCE), 0)
    best = np.argmax(np.array([drums.evidence for drums in found]) + worth, axis=0)
    labels = {
        "drum_size": np.choose(best, [drums.sizes for drums in found]),
        "aspect_ratio": np.choose(best, [drums.aspects for drums in found]),
    }
    return np.array(FAMILIES)[best], labels


def _require_sounds(
    waveforms: npt.ArrayLike, sample_rate: float, wave_speed: float, sizes: Sequence[float]
) -> _Sounds:
    """Return the sounds; raise ValueError for what cannot be listened to."""
    signals = np.asarray(waveforms)
    if signals.ndim != 2 or not signals.size:
        raise ValueError(f"waveforms must have shape (n, samples), got {signals.shape}.")
    ends = [require_positive("each of sizes", size) for size in sizes]
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise ValueError(f"sizes must be the smallest and the largest, got {list(sizes)}.")
    sounds = _Sounds(
        signals,
        require_positive("sample_rate", sample_rate),
        require_positive("wave_speed", wave_speed),
        (ends[0], ends[1]),
    )
    if sounds.cells < 8:
        least = int(4 * sounds.sample_rate / (_BAND * sounds.wave_speed)) + 1
        raise ValueError(f"to hear a drum takes {least} samples or more, got {signals.shape[1]}.")
    loudest = np.abs(signals).max(axis=1)
    for word, wrong in (("not finite", ~np.isfinite(loudest)), ("silent", loudest == 0)):
        if wrong.any():
            raise ValueError(f"waveform {int(np.argmax(wrong))} is {word}: leave it out.")
    return sounds


def _likeliest(family: str, sounds: _Sounds) -> _Drums:
    """Return the likeliest drums of a family, a few sounds at a time."""
    grid = _grid_of(family, sounds)
    starts = range(_AT_ONCE, len(sounds.waveforms), _AT_ONCE)
    parts = [
        _listen(some / np.abs(some).max(axis=1, keepdims=True).astype(np.float64), sounds, grid)
        for some in np.split(sounds.waveforms, starts)
    ]
    columns = ([getattr(part, field.name) for part in parts] for field in fields(_Drums))
    return _Drums(*map(np.concatenate, columns))


def _grid_of(family: str, sounds: _Sounds) -> _Grid:
    """Lay out the drums to be tried, at steps that move no line by more than a bin."""
    partials = Partials.of(family)
    seconds = sounds.beginning / sounds.sample_rate
    step = min(0.01, max(0.005, 1 / (_BAND * sounds.wave_speed * seconds)))
    sizes = log_grid(sounds.sizes, step)
    spectra = expected_spectra(
        partials, sizes, sounds.beginning, sounds.cells, seconds, sounds.wave_speed
    ).reshape(-1, sounds.cells)
    spectra += np.float32(_NOISE)
    logarithms = np.stack([np.log(spectrum).sum() for spectrum in spectra])
    return _Grid(partials, sizes, np.reciprocal(spectra, out=spectra).T, logarithms)


def _listen(waveforms: Float64, sounds: _Sounds, grid: _Grid) -> _Drums:
    """Return the likeliest drums of a grid, and refine those whose partials are resolved."""
    likelihood = _likelihood(waveforms[:, : sounds.beginning], grid)
    highest = likelihood.max(axis=(1, 2), keepdims=True)
    posterior = np.exp(likelihood - highest)
    total = posterior.sum(axis=(1, 2), keepdims=True)
    evidence = (highest + np.log(total / posterior[0].size)).ravel()
    posterior /= total
    sizes = np.exp(posterior.sum(axis=1) @ np.log(grid.sizes))
    aspects = np.exp(posterior.sum(axis=2) @ np.log(grid.partials.hypotheses))
    drums = _Drums(sizes, aspects, evidence, np.full(len(sizes), np.nan))
    # The first ten partials of a drum lie c / (5 L) apart on average: here, five bins or more.
    duration = waveforms.shape[1] / sounds.sample_rate
    resolved = np.flatnonzero(duration * sounds.wave_speed > _RESOLVED * sizes)
    if len(resolved):
        peaks = find_peaks(waveforms[resolved], sounds.sample_rate, _BAND * sounds.wave_speed)
        if grid.partials.blurred:
            sizes[resolved] = count_peaks(peaks, sizes[resolved], sounds.wave_speed)
            drums.score[resolved] = _BY_CHANCE
        else:
            fitted = _fit(peaks, likelihood[resolved], grid, sounds.wave_speed)
            sizes[resolved], aspects[resolved], drums.score[resolved] = fitted
        np.clip(sizes, *sounds.sizes, out=sizes)
    return drums


def _likelihood(waveforms: Float64, grid: _Grid) -> Float64:
    """Return how likely sounds are, a logarithm, for each hypothesis and size: (n, b, s).

    Cells of a power spectrum I are taken for independent, and exponentially distributed about the
    expected spectrum g E of a drum struck somewhere: log p = -sum log(g E) - sum I / (g E), which
    the gain g = mean(I / E) maximises: -sum log E - cells log mean(I / E), up to a constant.
    """
    length = waveforms.shape[1]
    cells = len(grid.inverse)
    spectra = np.fft.rfft(waveforms * window(length), PADDING * length)[:, 1 : cells + 1]
    power = np.abs(spectra) ** 2
    power = (power / power.max(axis=1, keepdims=True)).astype(np.float32)
    fit = -cells * np.log(power @ grid.inverse / cells) - grid.logarithms
    likelihood: Float64 = fit.reshape(len(power), -1, len(grid.sizes)).astype(np.float64)
    return likelihood / _CELLS_FOR_ONE


def _fit(
    peaks: Peaks, likelihood: Float64, grid: _Grid, wave_speed: float
) -> tuple[Float64, Float64, Float64]:
    """Fit the likeliest drums to the peaks; return size, aspect ratio and score of the best."""
    n, _, s = likelihood.shape
    flat = np.where(is_maximum(likelihood), likelihood, -np.inf).reshape(n, -1)
    count = min(_GUESSES, flat.shape[1] - 1)
    guesses = np.argpartition(-flat, count, axis=1)[:, :count]
    sizes, aspects, score = fit_peaks(
        peaks.strongest(_STRONGEST),
        grid.partials,
        grid.sizes[guesses % s],
        grid.partials.hypotheses[guesses // s],
        wave_speed,
    )
    total = _WORTH * score + np.take_along_axis(flat, guesses, axis=1)
    best = total.argmax(axis=1)[:, None]
    size, aspect, match = (
        np.take_along_axis(x, best, axis=1)[:, 0] for x in (sizes, aspects, score)
    )
    return size, aspect, match
