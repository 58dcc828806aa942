"""Points of drums, from one drum to another: in metres, and as a share of the way to the wall."""

import math
from functools import lru_cache
from typing import Final

import numpy as np

from .._arrays import Float64
from ..geometry.radii import cross
from .drum import Drum

_CELLS: Final = 64  # each way, of which the middle is one


def place_of(drum: Drum, location: tuple[float, ...]) -> Float64:
    """Return a location on a drum as (x, y) in metres from the centroid, shape (2,)."""
    if drum.family == "circle":
        r, theta = location
        radius = r * drum.drum_size / math.sqrt(math.pi)
        return radius * np.array([math.cos(theta), math.sin(theta)])
    if drum.family == "rectangle":
        return (np.array(location) - 0.5) * _sides(drum)
    if drum.family == "triangle":
        return np.array(location) @ _corners(drum)
    return np.array(location)


def location_of(drum: Drum, place: Float64) -> tuple[float, ...]:
    """Return (x, y) in metres from the centroid in the coordinates of a drum."""
    if drum.family == "circle":
        r = math.hypot(*place) * math.sqrt(math.pi) / drum.drum_size
        return r, math.atan2(place[1], place[0])
    if drum.family == "rectangle":
        place = place / _sides(drum) + 0.5
    if drum.family == "triangle":
        corners = np.vstack([_corners(drum).T, np.ones(3)])
        place = np.linalg.solve(corners, np.append(place, 1.0))
    return tuple(place.tolist())


def carried(location: tuple[float, ...], drum: Drum, other: Drum) -> tuple[float, ...]:
    """Return where a location of a drum lies on another one.

    Seen from the middle it has the same direction, and lies the same share of the way to the wall;
    a part of it where that would be on the rim.
    """
    (middle, walls), (target, others) = _seen(drum), _seen(other)
    way = place_of(drum, location) - middle
    length = math.hypot(*way)
    if not length:
        return location_of(other, target)
    way /= length
    away = min(length / _radius(walls, way), 1.0) * _radius(others, way)
    while not other.holds(found := location_of(other, target + away * way)):
        away *= 0.9
    return found


@lru_cache(maxsize=64)
def _seen(drum: Drum) -> tuple[Float64, Float64]:
    """Return the middle of a drum, and its outline from there, metres, shapes (2,) and (n + 1, 2).

    That is the centroid, or where that is outside, a point farthest from the wall.
    """
    shape, middle = drum.shape, np.zeros(2)
    if not drum.holds(location_of(drum, middle)):
        cells = shape.cells(_CELLS)
        middle = cells[np.argmax(shape.depth(cells))]
    return middle, shape.outline() - middle


def _radius(outline: Float64, way: Float64) -> float:
    """Return how far the nearest wall of an outline lies from the origin in a direction, metres."""
    start, end = outline[:-1], outline[1:]
    met = (cross(start, way) >= 0) & (cross(way, end) > 0)
    return float((cross(start, end)[met] / cross(way, (end - start)[met])).min())


def _sides(drum: Drum) -> Float64:
    """Return the sides of a rectangle, metres, shape (2,)."""
    root = math.sqrt(drum.aspect_ratio)
    return drum.drum_size * np.array([root, 1 / root])


def _corners(drum: Drum) -> Float64:
    """Return the corners of a triangle, metres, shape (3, 2)."""
    return drum.shape.outline()[:3]
