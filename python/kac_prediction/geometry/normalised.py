"""The canonical form of a polygon: one of all that differ in place, size, turn or handedness."""

import numpy as np

from .._arrays import Float64
from .._checks import brief
from .polygon import Polygon, at_unit_area, signed_area

_EQUAL = 1e-9  # of a length: diagonals that are as long
_SAME = 1e-7  # of coordinates at unit area
_ROWS = 256


def normalisePolygon(polygon: Polygon) -> Polygon:
    """Return the canonical form of a polygon, the same whatever its place, size and turn.

    It has unit area about the origin, runs counter-clockwise, and its largest diagonal lies along
    x, with vertex 0 at the left end. Of the ways to lay it so, also mirrored, it is the one whose
    coordinates x_0, y_0, x_1 ... come first in order; those that agree to 1e-7 are one.

    Raises:
        TypeError: not a polygon.
    """
    if not isinstance(polygon, Polygon):
        raise TypeError(f"polygon must be a Polygon, got {brief(polygon)}")
    vertices = at_unit_area(polygon.vertices)
    vertices = vertices if signed_area(vertices) > 0 else vertices[::-1]
    ways = [
        _laid_along(one, start, end)
        for one in (vertices, vertices[::-1] * (1, -1))
        for pair in _largest_diagonals(one)
        for start, end in (pair, pair[::-1])
    ]
    coordinates = np.array([way.ravel() for way in ways])
    for column in range(coordinates.shape[1]):
        here = coordinates[:, column]
        coordinates = coordinates[here <= here.min() + _SAME]
        if len(coordinates) == 1:
            break
    return Polygon(coordinates[0].reshape(-1, 2))


def _largest_diagonals(vertices: Float64) -> list[tuple[int, int]]:
    """Return the pairs i < j of vertices that are farthest apart."""
    pairs, longest = list[tuple[float, int, int]](), 0.0
    for first in range(0, len(vertices), _ROWS):
        rows = vertices[first : first + _ROWS, None]
        distances = np.hypot(*np.moveaxis(rows - vertices, 2, 0))
        longest = max(longest, float(distances.max()))
        for i, j in np.argwhere(distances >= longest * (1 - _EQUAL)).tolist():
            if first + i < j:
                pairs.append((float(distances[i, j]), first + i, j))
    return [(i, j) for length, i, j in pairs if length >= longest * (1 - _EQUAL)]


def _laid_along(vertices: Float64, start: int, end: int) -> Float64:
    """Return the vertices from `start` on, turned so that the way to `end` leads along x."""
    x, y = (vertices[end] - vertices[start]) / np.hypot(*(vertices[end] - vertices[start]))
    turned: Float64 = np.roll(vertices, -start, axis=0) @ np.array([[x, -y], [y, x]])
    return turned
