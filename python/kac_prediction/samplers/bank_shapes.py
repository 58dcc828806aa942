"""Shapes of six families, drawn for a bank of modes: at unit area, the centroid at the origin."""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from .._arrays import Float64
from ..geometry import ConvexPolygon, IrregularStar, Polygon, Shape
from ..geometry.families import OUTLINED, centred, shape_of
from ..geometry.radii import cross
from .shapes import elongation

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


def draw_shape(family: str, rng: np.random.Generator) -> tuple[Shape, float]:
    """Draw a shape of unit area about the origin, and return it with its aspect ratio."""
    ratio = 1.0
    if family in OUTLINED:
        polygon = ConvexPolygon(rng=rng) if family == "polygon" else _draw_star(rng)
        ratio = elongation(polygon)
        return centred(polygon), ratio
    if family == "ellipse":
        ratio = math.exp(rng.uniform(*np.log(_ELLIPSES)))
    elif family == "rectangle":
        ratio = rng.uniform(*_RECTANGLES)
    return shape_of(family, ratio), ratio


def _draw_star(rng: np.random.Generator) -> Polygon:
    """Draw a star with dents, until all of its boundary is seen from the centroid."""
    while True:
        star = IrregularStar(int(rng.integers(*_STARS, endpoint=True)), rng=rng)
        start, end = (star.walls() - np.array(star.centroid)).transpose(1, 0, 2)
        if star.solidity <= _STAR_SOLIDITY and (cross(start, end) > 0).all():
            return star


def draw_points(shape: Shape, n: int, rng: np.random.Generator) -> Float64:
    """Draw n points uniformly over the area."""
    outline, points = shape.outline(), np.empty((0, 2))
    low, high = outline.min(axis=0), outline.max(axis=0)
    while len(points) < n:
        some = low + (high - low) * rng.random((2 * n, 2))
        points = np.concatenate([points, some[shape.isPointInside(some)]])
    return points[:n]
