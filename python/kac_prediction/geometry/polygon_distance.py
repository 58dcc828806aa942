"""How far points lie from the walls of a polygon, and which of them are inside."""

import numpy as np
import numpy.typing as npt

from .shape import Float64
from .vertices import following

_AT_ONCE = 2**13
"""Pairs of a wall and a point: what is computed of so many stays in the cache."""

_TINY = np.finfo(np.float64).tiny


def polygon_distance(vertices: Float64, points: Float64) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """Return how far points lie from the boundary of a polygon, and which are inside of it.

    A point that rounding puts on the wrong side lies within 6 eps of the boundary, times the
    largest coordinate: whoever counts those to the boundary is told no wrong side.

    Args:
        vertices: shape (k, 2), either way around.
        points: shape (n, 2).

    Returns:
        The distances, shape (n,), those of `shapely.distance` to the last bit; and whether each
        point is inside.
    """
    walls = np.concatenate([vertices, following(vertices) - vertices], axis=1).T[..., None]
    distance, inside = np.empty(len(points)), np.empty(len(points), dtype=np.bool_)
    step = max(1, _AT_ONCE // len(vertices))
    for first in range(0, len(points), step):
        some = slice(first, first + step)
        distance[some], inside[some] = _distance(walls, np.ascontiguousarray(points[some].T))
    return distance, inside


def _distance(walls: Float64, points: Float64) -> tuple[Float64, npt.NDArray[np.bool_]]:
    """The distance from each point to the nearest wall, and whether it is inside.

    With e along a wall and d from its beginning to the point, the foot of the perpendicular is on
    the wall where 0 < d . e < e . e, and |d x e| / |e| away; else the nearer end is nearest. These
    are the formulas of GEOS, each product and sum in its order, so that the numbers are the same.

    Inside are the points from which a ray to the right crosses the walls an odd number of times.

    Args:
        walls: where they begin and how far they go from there, (x, y, e_x, e_y), shape (4, k, 1).
        points: shape (2, n).
    """
    start_x, start_y, e_x, e_y = walls
    (x, y), square = points, e_x * e_x + e_y * e_y
    d_x, d_y = x - start_x, y - start_y
    along, across = d_x * e_x + d_y * e_y, d_x * e_y - d_y * e_x
    below = y < start_y
    crossed = (below != np.concatenate([below[1:], below[:1]])) & ((across > 0) == (e_y < 0))
    before, after = along <= 0, along >= square
    # Where a wall begins, the one before ends.
    corner = before | np.concatenate([after[-1:], after[:-1]])
    to_corner = np.where(corner, d_x * d_x + d_y * d_y, np.inf).min(axis=0)
    # A wall between vertices that have run together has no foot.
    foot = np.abs(across) / np.maximum(square, _TINY) * np.sqrt(square)
    to_foot = np.where(before | after, np.inf, foot).min(axis=0)
    return np.minimum(to_foot, np.sqrt(to_corner)), np.logical_xor.reduce(crossed, axis=0)
