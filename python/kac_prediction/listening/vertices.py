"""Polygons given by their vertices, and how size and radii change with these."""

import numpy as np

from .._arrays import Float64
from ..geometry import Polygon
from ..geometry.radii import RADII, cross, polygon_log_radii

_STEP = 1e-6  # of differences, in units of the drum's size
_CLEARANCE = 0.015  # between walls that do not meet, in units of the drum's size


def at_unit_area(log_radii: Float64) -> Float64:
    """Return the log radii of the polygon through such points, scaled to unit area."""
    radii = np.exp(log_radii)
    area = (radii * np.roll(radii, -1)).sum() * np.sin(2 * np.pi / RADII) / 2
    return np.asarray(log_radii - np.log(area) / 2)


def log_size(vertices: Float64) -> Float64:
    """Return the logarithm of the square root of the area, of polygons (..., n, 2); or nan."""
    area = cross(vertices, np.roll(vertices, -1, axis=-2)).sum(axis=-1) / 2
    return np.asarray(np.log(np.where(area > 0, area, np.nan)) / 2)


def radii_by_vertices(vertices: Float64) -> Float64:
    """Return the derivatives of `polygon_log_radii` by the coordinates, shape (64, 2 n)."""
    count = vertices.size
    moved = vertices + _STEP * np.eye(count).reshape(count, *vertices.shape)
    slopes = (polygon_log_radii(moved) - polygon_log_radii(vertices)).T / _STEP
    # A ray that grazes a wall would say that a vertex moves the outline without end.
    return np.asarray(np.clip(np.nan_to_num(slopes), -30, 30))


def size_by_vertices(vertices: Float64) -> Float64:
    """Return the derivatives of `log_size` by the vertices' coordinates, shape (2 n,)."""
    x, y = (np.roll(vertices, -1, axis=0) - np.roll(vertices, 1, axis=0)).T
    area = np.exp(2 * log_size(vertices))
    return np.asarray(np.column_stack([y, -x]).ravel() / (4 * area))


def simplified(points: Float64, count: int) -> Float64:
    """Return `count` of the points of an outline, the others left out one by one.

    Each time the one goes that makes the smallest triangle with its neighbours.
    Source: Visvalingam and Whyatt, Cartographic Journal 30 (1993) 46, 10.1179/000870493786962263.
    """
    while len(points) > count:
        before, after = np.roll(points, 1, axis=0), np.roll(points, -1, axis=0)
        triangles = np.abs(cross(before - points, after - points))
        points = np.delete(points, np.argmin(triangles), axis=0)
    return points


def drum_of(vertices: Float64) -> Polygon | None:
    """Return the polygon of these vertices; None where its boundary (nearly) meets itself."""
    walls = np.roll(vertices, -1, axis=0) - vertices
    along, offset = _along_walls(vertices, vertices)
    off = np.hypot(*np.moveaxis(offset - along[..., None] * walls, 2, 0))
    each = np.arange(len(vertices))
    off[each, each] = off[each, each - 1] = np.inf
    lengths = np.hypot(*walls.T)
    if min(off.min(), lengths.min()) < _CLEARANCE * np.exp(log_size(vertices)):
        return None
    try:
        return Polygon(vertices)
    except ValueError:
        return None


def _along_walls(vertices: Float64, points: Float64) -> tuple[Float64, Float64]:
    """Return where on each wall the nearest point lies, in [0, 1], and the way from its start."""
    ways, offset = np.roll(vertices, -1, axis=0) - vertices, points[:, None] - vertices
    return np.clip((offset * ways).sum(axis=2) / (ways**2).sum(axis=1), 0, 1), offset
