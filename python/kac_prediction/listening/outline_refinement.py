"""Refine the outline of a polygon: fit its vertices to the whole sound.

As `refine` does with the families of few numbers, from coarse to fine: the lowest modes of a short
beginning, in which the likelihood has wide maxima, are fitted from outlines as far from the first
one as it may err; the likeliest go on in ever longer beginnings of wider bands.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from .._arrays import ArrayLike, Float64
from .._blas import one_thread
from .._checks import check_number
from ..geometry.radii import RADII, polygon_log_radii
from ..physics.weyl import weyl_series
from ..samplers.drum import WAVE_SPEED
from .bands import Band, band, normalised, rough_decay
from .fits import Fit
from .partial_fit import log_evidence_in
from .polygon_fit import Objective, Place, Prior, climb, nearest_polygon
from .vertices import at_unit_area, drum_of, size_by_vertices


class _Level(NamedTuple):
    """The band up to the n-th mode for so many cycles, and how it is fitted."""

    modes: int
    cycles: float
    unknowns: int  # of the elements
    starts: int  # that are followed, the best of those before
    rounds: tuple[int, ...]  # of steps
    noise: float  # of the power, at first


# Measured on polygons simulated by finite differences, from a network's outlines.
_LEVELS: Final = (
    _Level(8, 40.0, 180, 12, (4, 4), 0.03),
    _Level(15, 100.0, 240, 5, (3, 3, 3), 0.03),
    _Level(25, 150.0, 340, 3, (3, 3, 3), 0.01),
    _Level(40, 200.0, 450, 1, (4, 4), 0.01),
    _Level(40, 800.0, 450, 1, (6, 6), 0.01),
)
_CORNERS: Final = 8
_PRIOR: Final = 0.5  # the errors of networks have heavier tails than those of a Gaussian
_FLOOR: Final = 3e-3  # variance of log radii that belongs to no covariance, as at corners
_IDEAL: Final = 1e-3  # of the power: noise with which evidence is compared, at least


@dataclass(frozen=True)
class OutlineFit:
    """A polygon that was fitted to a sound.

    Attributes:
        vertices: metres from its centroid, counter-clockwise, (n, 2).
        log_radii: of the outline from its centroid at 2 pi k / 64 radians, at unit area, (64,).
        drum_size: the square root of the area, metres.
        size_deviation: standard deviation of its logarithm, if it is the drum.
        decay_time: T60 at low frequencies, seconds.
        explained: share of the power in the band that the partials explain, 0 to 1.
        data: how many numbers the band holds.
        lead: log evidence, less half the logarithm of the number of data for each number fitted,
            over that of the best rival in the same band; inf without rivals.
    """

    vertices: Float64
    log_radii: Float64
    drum_size: float
    size_deviation: float
    decay_time: float
    explained: float
    data: float
    lead: float


def refine_outline(
    sound: ArrayLike,
    sample_rate: float,
    outline: ArrayLike,
    drum_size: float,
    *,
    size_spread: float = 0.02,
    outline_spread: float = 0.03,
    rivals: Iterable[Fit] = (),
    wave_speed: float = WAVE_SPEED,
) -> OutlineFit | None:
    """Fit a polygon to a sound, beginning with an outline and a size known with errors.

    Steps of Levenberg and Marquardt by the vertices, of the likelihood of the waveform with all
    amplitudes solved for, and of the outline's difference to the first one; partials need not be
    resolved. Other outlines and sizes are tried too, as far off as those of networks. It takes
    about 1.6 s of one core. The result does not depend on the number of threads.

    Args:
        sound: mono, from the strike on (to 2 ms or so), shape (n,); 20 ms of it or more.
        sample_rate: Hz.
        outline: log radii from the centroid at 2 pi k / 64 radians, shape (64,).
        drum_size: the square root of the area, in metres.
        size_spread: standard deviation of the logarithm of the size.
        outline_spread: root mean square of the first Fourier coefficients of the errors of the log
            radii.
        rivals: fits of other families to the sound, to compare the evidence with.
        wave_speed: c, m/s.

    Returns:
        The best fit, good or not; None where none of the outlines is that of a drum.

    Raises:
        TypeError: a number of the wrong type, or complex sound.
        ValueError: the sound or the outline has another shape or is not finite; the sound is silent
            or too short; or a number is out of range.
    """
    rate = check_number("sample_rate", sample_rate, above=0)
    speed = check_number("wave_speed", wave_speed, above=0)
    size = check_number("drum_size", drum_size, above=0)
    spread = check_number("size_spread", size_spread, above=0)
    errors = _covariance(check_number("outline_spread", outline_spread, above=0))
    radii = np.array(outline, dtype=np.float64)
    if radii.shape != (RADII,) or not np.isfinite(radii).all():
        raise ValueError(f"outline must be finite numbers of shape (64,), got {radii.shape}")
    values = normalised(sound)
    with one_thread():
        precision = np.asarray(_PRIOR * np.linalg.inv(errors + _FLOOR * np.eye(RADII)))
        prior = Prior(at_unit_area(radii), precision, math.log(size), 1 / spread**2)
        edges = [float(weyl_series(level.modes)[-1]) * speed / (2 * size) for level in _LEVELS]
        bands = [
            band(values, rate, edge, level.cycles)
            for edge, level in zip(edges, _LEVELS, strict=True)
        ]
        decay = rough_decay(bands[-1].samples)
        place = _fitted(bands, prior, _outlines(prior, errors), decay, speed)
        if place is None:
            return None
        # No drum is ideal: what is finer than that tells nothing.
        objective = Objective(bands[-1], prior, decay, _LEVELS[-1].unknowns, speed)
        least = objective.share(_IDEAL)
        place = objective.at(place.vertices, place.decays, max(place.noise, least)) or place
        most = max(
            (log_evidence_in(bands[-1], fit, decay, speed, least) for fit in rivals),
            default=-math.inf,
        )
        return _answer(bands[-1], place, most)


def _fitted(
    bands: list[Band], prior: Prior, outlines: list[Prior], decay: float, speed: float
) -> Place | None:
    """Return the likeliest drum; from band to band the likeliest ones go on."""
    begins = [(nearest_polygon(each, _CORNERS), np.array([decay, 0.0])) for each in outlines]
    places: list[Place] = []
    for part, level in zip(bands, _LEVELS, strict=True):
        objective = Objective(part, prior, decay, level.unknowns, speed)
        found = [
            climb(objective, *begin, level.noise, level.rounds) for begin in begins[: level.starts]
        ]
        places = sorted((each for each in found if each is not None), key=lambda each: each.cost)
        begins = [(each.vertices, each.decays) for each in places]
    return places[0] if places else None


def _outlines(prior: Prior, covariance: Float64) -> list[Prior]:
    """Return the outline and others as far from it as it may err, each of another size."""
    rng, count = np.random.default_rng(0), _LEVELS[0].starts - 1
    root = np.linalg.cholesky(covariance + 1e-6 * np.eye(RADII))
    errors = rng.standard_normal((count, RADII)) @ root.T
    sizes = rng.standard_normal(count) / math.sqrt(prior.size_precision)
    return [prior] + [
        prior._replace(outline=at_unit_area(prior.outline + error), size=prior.size + size)
        for error, size in zip(errors, sizes.tolist(), strict=True)
    ]


def _answer(part: Band, place: Place, rival: float) -> OutlineFit | None:
    """Return the fit as a drum."""
    drum, freedom = drum_of(place.vertices), part.samples.freedom
    if drum is None:
        return None
    n = place.vertices.size
    covariance = np.linalg.pinv(place.curvature, rcond=1e-12, hermitian=True)[:n, :n]
    by_size = size_by_vertices(place.vertices)
    residual = float(place.evidence.residual[0]) / part.samples.energy
    return OutlineFit(
        vertices=place.vertices - drum.centroid,
        log_radii=polygon_log_radii(place.vertices),
        drum_size=math.sqrt(drum.area),
        size_deviation=math.sqrt(by_size @ covariance @ by_size),
        decay_time=3 * math.log(10) / float(place.decays[0]),
        explained=max(0.0, 1 - residual),
        data=freedom,
        lead=-place.cost - (n + 2) / 2 * math.log(freedom) - rival,
    )


def _covariance(scale: float) -> Float64:
    """Return a covariance of errors that is alike at all angles, of ever smaller waves.

    Measured: the Fourier coefficients of waves around the outline have the root mean square `scale`
    up to the fourth, and fall as the power -3/2 then.
    """
    order = np.abs(np.fft.fftfreq(RADII, 1 / RADII))
    row = np.fft.ifft(scale**2 / (1 + (order / 4) ** 3)).real * RADII
    return np.asarray(row[np.subtract.outer(np.arange(RADII), np.arange(RADII))])
