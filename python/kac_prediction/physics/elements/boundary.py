"""The boundary of a shape as a chain of arcs between corners: straight walls and smooth curves."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from ..._arrays import Bool, Float64
from ...geometry import Shape
from ...geometry.polygon import following, signed_area, turns

_SAMPLES = 2048
_FEWEST_SAMPLES = 256
_STRAIGHT = 1e-9
_KINK = 0.1
_KINK_STAYS = 0.7


@dataclass(frozen=True)
class Arc:
    """A part of a boundary.

    Attributes:
        ends: where it begins and ends, shape (2, 2).
        spline: of fractions in [0, 1] the points on a curve; None for a straight wall.
    """

    ends: Float64
    spline: Any = None

    @classmethod
    def through(cls, points: Float64, *, closed: bool = False) -> "Arc":
        """Return the arc through points, shape (p, 2); closed, it ends smoothly at the first."""
        if closed:
            points = np.vstack([points, points[:1]])
        ends, (x, y) = points[[0, -1]], points[-1] - points[0]
        aside = (points - points[0]) @ np.array([-y, x])
        if not closed and np.abs(aside).max() <= _STRAIGHT * (x * x + y * y):
            return cls(ends)
        way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
        way /= way[-1]
        return cls(ends, CubicSpline(way, points, bc_type="periodic" if closed else "not-a-knot"))

    def at(self, fractions: Float64) -> Float64:
        """Return the points at fractions of the way, shape (f, 2)."""
        if self.spline is None:
            start, end = self.ends
            return np.asarray(start + fractions[:, None] * (end - start))
        return np.asarray(self.spline(fractions))

    def headings(self, fractions: Float64) -> Float64:
        """Return the directions at fractions of the way, in radians, without jumps."""
        if self.spline is None:
            x, y = self.ends[1] - self.ends[0]
            return np.full(len(fractions), math.atan2(y, x))
        direction = self.spline(fractions, 1)
        return np.unwrap(np.arctan2(direction[:, 1], direction[:, 0]))


@dataclass(frozen=True)
class Boundary:
    """A closed chain of arcs, counter-clockwise.

    A place on it is a number: arc k runs from k to k + 1, and the last arc ends where the first
    begins.

    Attributes:
        arcs: the arcs.
        angles: the interior angle where each arc begins, radians; pi where that is no corner.
        origin: where in the shape the origin lies, (x, y) in metres.
        size: square root of the shape's area, metres, which is 1 here.
    """

    arcs: tuple[Arc, ...]
    angles: Float64
    origin: Float64
    size: float

    @classmethod
    def of_shape(cls, shape: Shape) -> "Boundary":
        """Return the boundary of a shape, scaled to unit area.

        Straight parts are the shape's `walls()`; between them, or where there are none, a smooth
        curve is drawn through the `outline`. Without walls, a corner is where the outline turns at
        one of its points, and turns no less when drawn with twice as many; and an outline of fewer
        than 256 points, when asked for 2048, is a polygon.

        Raises:
            ValueError: the outline has fewer than three points, or holds what is not finite.
        """
        points = _walk(shape, _SAMPLES)
        middle, size = points.mean(axis=0), math.sqrt(shape.area)
        points, walls = (points - middle) / size, (shape.walls() - middle) / size
        if len(walls):
            return cls.chained(_around(walls, points), middle, size)
        corners = np.arange(len(points))
        if len(points) >= _FEWEST_SAMPLES:
            finer = (_walk(shape, 2 * _SAMPLES) - middle) / size
            turning, finer_turning = np.abs(turns(points)), np.abs(turns(finer))
            sharp = np.flatnonzero(turning > _KINK)
            nearest = [np.argmin(np.hypot(*(finer - point).T)) for point in points[sharp]]
            corners = sharp[finer_turning[nearest] > _KINK_STAYS * turning[sharp]]
        if len(corners) == 0:
            return cls((Arc.through(points, closed=True),), np.array([np.pi]), middle, size)
        chains = np.split(np.roll(points, -corners[0], axis=0), (corners - corners[0])[1:])
        return cls.chained(chains, middle, size)

    @classmethod
    def chained(cls, chains: list[Float64], origin: Float64, size: float) -> "Boundary":
        """Return arcs through each chain of points and on to the first point of the next."""
        arcs = tuple(
            Arc.through(np.vstack([chain, after[:1]]))
            for chain, after in zip(chains, [*chains[1:], chains[0]], strict=True)
        )
        headings = np.array([arc.headings(np.array([0.0, 1.0])) for arc in arcs])
        turns = headings[:, 0] - np.roll(headings[:, 1], 1)
        angles = np.pi - (np.mod(turns + np.pi, 2 * np.pi) - np.pi)
        return cls(arcs, angles, origin, size)

    def at(self, places: Float64) -> Float64:
        """Return the points at places, shape (p, 2)."""
        arcs = np.minimum(places.astype(np.int64), len(self.arcs) - 1)
        points = np.empty((len(places), 2))
        for k in np.unique(arcs):
            here = arcs == k
            points[here] = self.arcs[k].at(places[here] - k)
        return points

    def curves(self, places: Float64) -> Bool:
        """Return which places lie on a curve, not on a straight wall."""
        curved = np.array([arc.spline is not None for arc in self.arcs])
        bent: Bool = curved[places.astype(np.int64)]
        return bent

    def exponents(self) -> Float64:
        """Return how eigenfunctions vanish at each corner, as r^exponent; nan where smoothly.

        At a corner of angle a an eigenfunction is a sum of J_(k pi/a)(sqrt(lambda) r) sin(k pi
        theta/a), k from 1: analytic if pi/a is an integer.
        Source: Betcke and Trefethen, SIAM Review 47 (2005) 469, 10.1137/S0036144503437336.
        """
        exponents = np.pi / self.angles
        smooth = np.abs(exponents - np.round(exponents)) < _STRAIGHT
        return np.where(smooth, np.nan, exponents)

    def perimeter(self) -> float:
        """Return about the length, at unit area."""
        fractions = np.linspace(0, 1, _FEWEST_SAMPLES)
        ways = (np.diff(arc.at(fractions), axis=0) for arc in self.arcs)
        return float(sum(np.hypot(*way.T).sum() for way in ways))

    def wavenumber(self, n: int) -> float:
        """Return about the wavenumber of the n-th mode, by Weyl's law.

        k^2/(4 pi) - perimeter k/(4 pi) = n is not far off for thin shapes either: for a strip of
        width w and length 1/w it gives k = 2/w where pi/w is right.
        """
        perimeter = self.perimeter()
        return (perimeter + math.sqrt(perimeter**2 + 16 * math.pi * n)) / 2


def _walk(shape: Shape, samples: int) -> Float64:
    """Return the points of an outline, counter-clockwise, none twice in a row."""
    points = np.asarray(shape.outline(samples), dtype=np.float64)
    name = f"{type(shape).__name__}.outline"
    if points.ndim != 2 or points.shape[1] != 2 or not np.isfinite(points).all():
        raise ValueError(f"{name} must give finite points (x, y), shape (p, 2).")
    points = points[(points != np.roll(points, 1, axis=0)).any(axis=1)]
    if len(points) < 3:
        raise ValueError(f"{name} must give at least 3 different points, got {len(points)}.")
    return np.asarray(points[::-1] if signed_area(points) < 0 else points)


def _around(walls: Float64, points: Float64) -> list[Float64]:
    """Return chains of points, each up to the next: the walls, and the outline between them."""
    chains, ways = [], walls[:, 1] - walls[:, 0]
    for (start, end), after in zip(walls, following(walls[:, 0]), strict=True):
        chains.append(start[None])
        if math.dist(end, after) <= _STRAIGHT:
            continue
        # The points of the outline from this wall's end to the next one that lie on no wall.
        first, last = (np.argmin(np.hypot(*(points - point).T)) for point in (end, after))
        curve = np.roll(points, -first, axis=0)[: (last - first) % len(points) + 1]
        offset = curve[:, None] - walls[:, 0]
        along = np.clip((offset * ways).sum(axis=2) / (ways * ways).sum(axis=1), 0, 1)
        distance = np.hypot(*np.moveaxis(offset - along[..., None] * ways, 2, 0))
        chains.append(np.vstack([end, curve[distance.min(axis=1) > 1e3 * _STRAIGHT]]))
    return chains
