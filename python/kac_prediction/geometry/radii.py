"""Outlines as radii: how far the boundary lies from a point, at equal steps of the angle.

A ray along u meets the wall from a to b, where it lies between them, at r u x (b - a) = a x b.
"""

import math
from typing import Final

import numpy as np

from .._arrays import Float64
from .ellipse import Ellipse
from .shape import Shape

RADII: Final = 64
"""Of an outline: radius k at 2 pi k / 64 radians to the x axis."""

_MISSED: Final = -10.0  # logarithm of the radius where a ray meets no wall
_TOLERANCE: Final = 1e-9  # by which a ray may pass a wall


def directions(count: int = RADII) -> Float64:
    """Return unit vectors at equal steps of the angle, from the x axis on, shape (count, 2)."""
    angles = 2 * np.pi * np.arange(count) / count
    return np.column_stack([np.cos(angles), np.sin(angles)])


_RAYS: Final = directions()


def cross(a: Float64, b: Float64) -> Float64:
    """Return the cross product of vectors of the plane, shapes (..., 2), which broadcast."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def points_at(log_radii: Float64) -> Float64:
    """Return the points at radii of these logarithms from the origin, shape (n, 2)."""
    return np.asarray(np.exp(log_radii)[:, None] * directions(len(log_radii)))


def log_radii(shape: Shape) -> Float64:
    """Return the logarithms of the radii of a shape from the origin, shape (64,).

    Of walls behind one another the farthest counts; the radius is exp(-10) where there is none.
    """
    if isinstance(shape, Ellipse):
        return np.asarray(-np.log(np.hypot(*(_RAYS / (shape.major, shape.minor)).T)))
    start, end = shape.walls().transpose(1, 0, 2)
    u = _RAYS[:, None]
    rays, walls = np.nonzero((cross(start, u) >= 0) & (cross(u, end) > 0))
    radii = np.full(RADII, math.exp(_MISSED))
    np.maximum.at(radii, rays, cross(start, end)[walls] / cross(_RAYS[rays], (end - start)[walls]))
    return np.asarray(np.log(radii))


def polygon_log_radii(vertices: Float64) -> Float64:
    """Return those of polygons from their centroids, at unit area, shape (..., 64).

    They are nan where rays meet no wall, or the area is not positive; of walls behind one another
    the farthest counts.

    Args:
        vertices: counter-clockwise, shape (..., n, 2).
    """
    after = np.roll(vertices, -1, axis=-2)
    crosses = cross(vertices, after)[..., None]
    area = crosses.sum(axis=-2) / 2
    centroid = ((vertices + after) * crosses).sum(axis=-2) / (6 * area)
    with np.errstate(invalid="ignore", divide="ignore"):
        start = ((vertices - centroid[..., None, :]) / np.sqrt(area[..., None]))[..., None, :, :]
        way = np.roll(start, -1, axis=-2) - start
        rays = _RAYS[:, None]
        across = cross(rays, way)
        radii = cross(start, way) / across
        along = cross(start, rays) / across
        meets = (np.abs(along - 0.5) <= 0.5 + _TOLERANCE) & (radii > 0) & np.isfinite(radii)
        farthest = np.where(meets, radii, -np.inf).max(axis=-1)
        return np.asarray(np.log(farthest))
