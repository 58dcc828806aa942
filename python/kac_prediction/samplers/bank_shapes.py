"""Shapes of six families, drawn for a bank of modes: at unit area, the centroid at the origin."""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from ..geometry import (
    Circle,
    ConvexPolygon,
    Ellipse,
    IrregularStar,
    Polygon,
    RegularPolygon,
    Shape,
    UnitRectangle,
)
from .shapes import elongation

Float64 = npt.NDArray[np.float64]

SHARES: Final[Mapping[str, float]] = {
    "circle": 0.05,
    "ellipse": 0.2,
    "rectangle": 0.17,
    "triangle": 0.03,
    "polygon": 0.3,
    "star": 0.25,
}
"""The families, and how often each is drawn: seldom where all of one are alike."""

_ELLIPSES, _RECTANGLES = (1.15, 4.0), (1.0, 4.0)  # aspect ratios
_STARS = (5, 10)  # vertices
_STAR_SOLIDITY = 0.9  # at most: half of the irregular stars are convex polygons but for a dent
_ANGLES = 2 * np.pi * np.arange(64) / 64


def draw_shape(family: str, rng: np.random.Generator) -> tuple[Shape, float]:
    """Draw a shape of unit area about the origin, and return it with its aspect ratio."""
    shape: Shape
    ratio = 1.0
    if family == "circle":
        shape = Circle(1.0)
    elif family == "ellipse":
        ratio = math.exp(rng.uniform(*np.log(_ELLIPSES)))
        shape = Ellipse(ratio, 1.0)
    elif family == "rectangle":
        ratio = rng.uniform(*_RECTANGLES)
        shape = UnitRectangle(ratio)
    elif family == "triangle":
        shape = RegularPolygon(3)
    else:
        polygon = ConvexPolygon(rng=rng) if family == "polygon" else _draw_star(rng)
        shape, ratio = polygon, elongation(polygon)
    shape.area, shape.centroid = 1.0, (0.0, 0.0)
    return shape, ratio


def _draw_star(rng: np.random.Generator) -> Polygon:
    """Draw a star with dents, until all of its boundary is seen from the centroid."""
    while True:
        star = IrregularStar(int(rng.integers(*_STARS, endpoint=True)), rng=rng)
        start, end = (star.walls() - np.array(star.centroid)).transpose(1, 0, 2)
        if star.solidity <= _STAR_SOLIDITY and (_cross(start, end) > 0).all():
            return star


def _cross(a: Float64, b: Float64) -> Float64:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def log_radii(shape: Shape) -> Float64:
    """Return the logarithms of the radii from the origin, from which all of the rim is seen.

    A ray along u meets the wall from a to b, where it lies between them, at r u x (b - a) = a x b.
    """
    directions = np.column_stack([np.cos(_ANGLES), np.sin(_ANGLES)])
    if isinstance(shape, Ellipse):
        return np.asarray(-np.log(np.hypot(*(directions / (shape.major, shape.minor)).T)))
    start, end = shape.walls().transpose(1, 0, 2)
    u = directions[:, None]
    between = (_cross(start, u) >= 0) & (_cross(u, end) > 0)
    rays, walls = np.nonzero(between)
    radii = _cross(start, end)[walls] / _cross(directions[rays], (end - start)[walls])
    return np.asarray(np.log(radii))


def draw_points(shape: Shape, n: int, rng: np.random.Generator) -> Float64:
    """Draw n points uniformly over the area."""
    outline, points = shape.outline(), np.empty((0, 2))
    low, high = outline.min(axis=0), outline.max(axis=0)
    while len(points) < n:
        some = low + (high - low) * rng.random((2 * n, 2))
        points = np.concatenate([points, some[shape.isPointInside(some)]])
    return points[:n]
