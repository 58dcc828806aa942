"""How a drum vibrates: its series, and its eigenfunctions at points, as its sampler sums them."""

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from .._arrays import Float64
from ..geometry import Polygon, Shape
from ..geometry.families import centred, shape_of
from ..physics import (
    Modes,
    circularAmplitudes,
    circularSeries,
    equilateralTriangleAmplitudes,
    equilateralTriangleSeries,
    modes,
    rectangularAmplitudes,
    rectangularSeries,
)
from ..physics.excitation import mean_of_waves
from ..samplers.families import MODES
from .drum import Drum

Points = Float64  # shape (points, coordinates)

_TABLE: Final = 10  # rows and columns of the modes of circles, rectangles and triangles
_NODES: Final = 1025  # of splines of a circle's eigenfunctions
_RADII, _ANGLES = 20, 25  # of a circle, at which strikes are tried
_SIDE: Final = 24  # points along a side of all others
_RIM, _EDGE = 0.03, 2e-3  # of the size: no strike is tried so near the rim, and none lies nearer


@dataclass(frozen=True, eq=False)
class Vibration:
    """The modes of a drum of unit area.

    Attributes:
        series: S = 2 L f / c of k modes, ascending; the two of a degenerate pair stand for one,
            shape (k,).
        order: which modes of the table of an exact family these are, shape (k,).
        points: where a strike is tried, in the coordinates of the drum; of all families but
            circles, rectangles and triangles in units of its size.
    """

    family: str
    aspect_ratio: float
    shape: Shape | None
    elements: Modes | None
    series: Float64
    order: npt.NDArray[np.intp]
    points: Points

    def holds(self, point: Float64) -> bool:
        """Return whether a drum can be struck and heard at a point."""
        if self.shape is not None:
            return bool(self.shape.depth(point[None])[0] > _EDGE)
        if self.family == "circle":
            return bool(0 <= point[0] < 1)
        return bool((point > 0).all() and (point < 1).all())

    def at(self, points: Points, width: float = 0.0) -> Float64:
        """Return the eigenfunctions at points, shape (points, 1 or 2, k); a pair has two.

        The width is that of a strike in units of the size, under which they are means.
        """
        return self._at(points) * self._share(width)

    def struck(self, width: float) -> Float64:
        """Return the eigenfunctions at `points`, as `at` does, which takes long; they are kept."""
        return _tried(self) * self._share(width)

    def _share(self, width: float) -> Float64:
        """Return what a strike of a width excites of what one at a point does, shape (k,)."""
        return mean_of_waves(math.pi / 2 * width * self.series)

    def _at(self, points: Points) -> Float64:
        """Return the eigenfunctions at points."""
        if self.elements is not None:
            return self.elements(points)[:, None, :]
        if self.family == "circle":
            return _circular(points)[:, :, self.order]
        if self.family == "rectangle":
            table = _TABLE, _TABLE, self.aspect_ratio
            found = [rectangularAmplitudes(point, *table).ravel() for point in points]
            return np.array(found)[:, None, self.order]
        pairs = [equilateralTriangleAmplitudes(u, v, w, _TABLE, _TABLE) for u, v, w in points]
        return np.array(pairs).reshape(len(points), 2, -1)[:, :, self.order]


@lru_cache(maxsize=64)
def _tried(vibration: Vibration) -> Float64:
    return vibration.at(vibration.points)


def _once() -> npt.NDArray[np.intp]:
    """Return which modes of a triangle's table count: of a pair that stands in it twice, one."""
    n, m = np.indices((_TABLE, _TABLE))
    return np.flatnonzero((m <= n).ravel())


def vibration_of(drum: Drum, count: int = MODES) -> Vibration:
    """Return the modes of a drum; so many where finite elements find them."""
    outline = None if drum.outline is None else (drum.outline / drum.drum_size).tobytes()
    return _vibration(drum.family, drum.aspect_ratio, outline, count)


def _circular(points: Points) -> Float64:
    """Return the eigenfunctions of a circle at points, by splines of their radial parts."""
    radial = _radial()(points[:, 0])
    angles = points[:, 1, None] * np.repeat(np.arange(_TABLE), _TABLE)
    return np.stack([radial * np.cos(angles), radial * np.sin(angles)], axis=1)


@cache
def _radial() -> CubicSpline:
    """Return the radial parts of the eigenfunctions of a circle, to 1e-8."""
    radii = np.linspace(0, 1, _NODES)
    return CubicSpline(radii, [circularAmplitudes(r, 0.0, _zeros())[0].ravel() for r in radii])


@cache
def _zeros() -> Float64:
    """Return the series of a circle."""
    return circularSeries(_TABLE, _TABLE)


@lru_cache(maxsize=64)
def _vibration(family: str, aspect_ratio: float, outline: bytes | None, elements: int) -> Vibration:
    counted = np.arange(_TABLE**2)
    if family == "circle":
        series, points = _zeros(), _polar()
    elif family == "rectangle":
        series, points = rectangularSeries(_TABLE, _TABLE, aspect_ratio), _lattice(_SIDE)
    elif family == "triangle":
        series, points = equilateralTriangleSeries(_TABLE, _TABLE), _barycentric()
        counted = _once()
    else:
        return _by_elements(family, aspect_ratio, outline, elements)
    order = counted[np.argsort(series.ravel()[counted], kind="stable")]
    return Vibration(family, aspect_ratio, None, None, series.ravel()[order], order, points)


def _by_elements(
    family: str, aspect_ratio: float, outline: bytes | None, elements: int
) -> Vibration:
    if outline is None:
        shape = shape_of(family, aspect_ratio)
    else:
        shape = centred(Polygon(np.frombuffer(outline).reshape(-1, 2)))
    found = modes(shape, elements)
    corners = shape.outline()
    low, high = corners.min(axis=0), corners.max(axis=0)
    points = low + (high - low) * _lattice(_SIDE)
    depths = shape.depth(points)
    inside = points[depths > min(_RIM, depths.max() / 2)]  # nothing of a narrow drum is so deep
    series = found.frequencies(1.0, 2.0)
    order = np.arange(len(series))
    return Vibration(family, aspect_ratio, shape, found, series, order, inside)


def _lattice(side: int) -> Points:
    """Return points of a square of unit sides, shape (side squared, 2)."""
    return (np.indices((side, side)).reshape(2, -1).T + 0.5) / side


def _polar() -> Points:
    """Return points of a half disc, as many by area; the other half sounds alike."""
    radii = np.sqrt((np.arange(_RADII) + 0.5) / _RADII * (1 - _RIM))
    angles = np.linspace(0, math.pi, _ANGLES)
    return np.array([(r, theta) for r in radii for theta in angles])


def _barycentric() -> Points:
    """Return points of a triangle, (u, v, w)."""
    u, v = (_lattice(_SIDE)).T
    inside = u + v < 1
    return np.stack([u[inside], v[inside], 1 - (u + v)[inside]], axis=1)
