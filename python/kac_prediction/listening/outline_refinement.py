"""Refine the outline of a polygon: fit the frequencies of its modes to measured partials."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from .._blas import threadpool_limits
from .._checks import check_choice, check_count, check_number
from .polygon_fit import FITS, STAGES, Objective, Place, Prior, fitted
from .vertices import (
    at_unit_area,
    drum_of,
    log_radii,
    outline_of,
    radii_by_vertices,
    size_by_vertices,
)

Float64 = npt.NDArray[np.float64]

_FEWEST: Final = 8  # partials
# How many corners to try, and the root mean square of the first Fourier coefficients of the errors
# of log radii that a network draws.
_FAMILIES: Final[dict[str, tuple[tuple[int, ...], float]]] = {
    "polygon": ((8, 5), 0.027),
    "star": ((8, 6), 0.057),
}
_MOST_CORNERS: Final = 24
_OUTLINES: Final = 4  # to begin with, of which all but one are drawn
_ASSIGNED: Final = 0.8  # of the partials
_EACH: Final = 2.5  # partials that a corner needs
_PRIOR: Final = 0.5  # the errors of networks have heavier tails than those of a Gaussian
_FLOOR: Final = 3e-3  # variance of log radii that belongs to no covariance, as at corners


@dataclass(frozen=True)
class OutlineFit:
    """An outline that was fitted to partials.

    Attributes:
        log_radii: of the outline from its centroid at 2 pi k / 64 radians, at unit area, (64,).
        radii_deviations: standard deviations of the log radii, (64,); nan where it does not fit.
        drum_size: the square root of the area, metres.
        size_deviation: standard deviation of its logarithm.
        vertices: of the polygon fitted, metres from its centroid, counter-clockwise, (n, 2).
        misfit: root mean square of the relative differences of partials and their modes.
        assigned: the share of the partials that were assigned to modes.
        fits: whether the partials are explained well enough for the fit to be believed; else
            log radii and size are those that it began with.
    """

    log_radii: Float64
    radii_deviations: Float64
    drum_size: float
    size_deviation: float
    vertices: Float64
    misfit: float
    assigned: float
    fits: bool


def refine_outline(
    frequencies: npt.ArrayLike,
    deviations: npt.ArrayLike,
    outline: npt.ArrayLike,
    drum_size: float,
    *,
    family: str = "polygon",
    size_spread: float = 0.02,
    covariance: npt.ArrayLike | None = None,
    wave_speed: float = 100.0,
    corners: Sequence[int] | None = None,
) -> OutlineFit:
    """Fit a polygon's vertices to partials, beginning with an outline known with errors.

    The frequencies of 40 modes know the few vertices of a polygon far better than they know 64
    radii. Levenberg-Marquardt steps by the vertices of the squares of the partials' differences to
    the modes that they are assigned to and of the outline's difference to the first one; the lowest
    partials first, as their order is hardest to mistake. These are cheap, so that they begin with
    other outlines and sizes too, as far off as those of networks; the best go on.

    Args:
        frequencies: undamped, of partials of one drum, in Hz, shape (p,); the lowest 40 are used.
        deviations: their standard deviations, in Hz, shape (p,).
        outline: log radii from the centroid at 2 pi k / 64 radians, shape (64,).
        drum_size: the square root of the area, in metres.
        family: "polygon", convex, or "star"; says what `covariance` and `corners` are by default.
        size_spread: standard deviation of the logarithm of the size.
        covariance: of the errors of the log radii, shape (64, 64); None: that of a network that
            draws outlines of the family with an intersection over union of 0.88 (0.77: stars).
        wave_speed: c, m/s.
        corners: how many vertices to try, in the time that there is: 2 s on one core in all.

    Raises:
        TypeError, ValueError: arrays of other shapes, what is not finite or not positive, fewer
            than 8 partials, or corners that are not integers from 3 to 24.
    """
    log_partials, relative = _check_partials(frequencies, deviations)
    log_partials += math.log(2 * math.pi / check_number("wave_speed", wave_speed, above=0))
    start = at_unit_area(_check_array("outline", outline, (64,)))
    size = math.log(check_number("drum_size", drum_size, above=0))
    spread = check_number("size_spread", size_spread, above=0)
    usual, scale = _FAMILIES[check_choice("family", family, _FAMILIES)]
    if covariance is None:
        covariance = _usual_covariance(scale)
    covariance = _check_array("covariance", covariance, (64, 64))
    errors = covariance + _FLOOR * np.eye(64)
    counts = usual if corners is None else corners
    counts = [check_count("corners", count, 3, _MOST_CORNERS) for count in counts]
    with threadpool_limits(limits=1, user_api="blas"):
        precision = np.asarray(_PRIOR * np.linalg.inv(errors), dtype=np.float64)
        prior = Prior(start, precision, size, 1 / spread**2)
        outlines = _outlines(prior, covariance + 1e-6 * np.eye(64))
        places = fitted(Objective(log_partials, relative, prior), counts, outlines)
        return _answer(places[0] if places else None, prior, relative)


def _outlines(prior: Prior, covariance: Float64) -> list[Prior]:
    """Return the outline and others as far from it as a network errs, each of another size."""
    rng = np.random.default_rng(0)
    errors = rng.standard_normal((_OUTLINES - 1, 64)) @ np.linalg.cholesky(covariance).T
    sizes = rng.standard_normal(_OUTLINES - 1) / math.sqrt(prior.size_precision)
    return [prior] + [
        prior._replace(outline=at_unit_area(prior.outline + error), size=prior.size + size)
        for error, size in zip(errors, sizes.tolist(), strict=True)
    ]


def _answer(place: Place | None, prior: Prior, relative: Float64) -> OutlineFit:
    """Return the fit, or what it began with where it is not to be believed."""
    spread, nowhere = 1 / math.sqrt(prior.size_precision), np.full(64, np.nan)
    size = math.exp(prior.size)
    drum = None if place is None else drum_of(place.vertices)
    if place is None or drum is None:
        vertices = size * outline_of(prior.outline)
        return OutlineFit(prior.outline, nowhere, size, spread, vertices, math.inf, 0.0, False)
    vertices, misfit, assigned = place.vertices, place.misfit, place.assigned(len(relative))
    around = vertices - drum.centroid
    enough = len(place.differences) >= _EACH * len(vertices) and assigned >= _ASSIGNED
    if not enough or misfit >= math.hypot(FITS, float(np.median(relative))):
        return OutlineFit(prior.outline, nowhere, size, spread, around, misfit, assigned, False)
    covariance = np.linalg.pinv(place.curvature, rcond=1e-9, hermitian=True)
    by_radii, by_size = radii_by_vertices(vertices), size_by_vertices(vertices)
    return OutlineFit(
        log_radii=log_radii(vertices),
        radii_deviations=np.sqrt(np.einsum("ij,jk,ik->i", by_radii, covariance, by_radii)),
        drum_size=math.sqrt(drum.area),
        size_deviation=math.sqrt(by_size @ covariance @ by_size),
        vertices=around,
        misfit=misfit,
        assigned=assigned,
        fits=True,
    )


def _usual_covariance(scale: float) -> Float64:
    """Return a covariance of errors that is alike at all angles, of ever smaller waves.

    Measured: the Fourier coefficients of waves around the outline have the root mean square `scale`
    up to the fourth, and fall as the power -3/2 then.
    """
    order = np.abs(np.fft.fftfreq(64, 1 / 64))
    row = np.fft.ifft(scale**2 / (1 + (order / 4) ** 3)).real * 64
    return np.asarray(row[np.subtract.outer(np.arange(64), np.arange(64))])


def _check_partials(frequencies: npt.ArrayLike, deviations: npt.ArrayLike) -> tuple[Float64, ...]:
    """Return the log frequencies of the lowest partials and their relative deviations."""
    numbers = _check_array("frequencies", frequencies, (-1,))
    errors = _check_array("deviations", deviations, (len(numbers),))
    if len(numbers) < _FEWEST:
        raise ValueError(f"frequencies must be at least {_FEWEST} partials, got {len(numbers)}")
    for name, values in (("frequencies", numbers), ("deviations", errors)):
        if not (values > 0).all():
            raise ValueError(f"{name} must be above 0, got {values.min():g}")
    order = np.argsort(numbers)[: STAGES[-1].partials]
    return np.log(numbers[order]), errors[order] / numbers[order]


def _check_array(name: str, value: npt.ArrayLike, shape: tuple[int, ...]) -> Float64:
    """Return finite numbers of a shape, of which -1 stands for any length."""
    array = np.array(value, dtype=np.float64)
    expected = tuple(
        found if wanted < 0 else wanted for found, wanted in zip(array.shape, shape, strict=False)
    )
    if array.ndim != len(shape) or array.shape != expected or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers of shape {shape}, got {array.shape}")
    return array
