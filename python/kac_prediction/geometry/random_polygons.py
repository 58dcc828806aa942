"""Random polygons of unit area about the origin."""

from abc import abstractmethod

import numpy as np
import shapely

from .._arrays import Float64
from .._checks import check_count
from .polygon import Polygon, at_unit_area, following, signed_area
from .radii import cross
from .shape import ShapeSettings

_DRAWS = 1000
_SHORTER = 1e-12  # than before, after uncrossing: more than rounding


class RandomPolygon(Polygon):
    """A random polygon, counter-clockwise, drawn again until it makes a drum (`is_a_drum`).

    Args:
        N: number of vertices. Below 3: drawn once, uniform in 3 .. `max_vertices`.
        max_vertices: the most that are drawn.
        rng: draws it.

    Raises:
        TypeError: `N` or `max_vertices` is not an integer.
        ValueError: `N` is to be drawn and `max_vertices` is below 3.
        RuntimeError: none of 1000 polygons of so many vertices made a drum.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a random polygon."""

        N: int
        max_vertices: int

    def __init__(
        self, N: int = 0, max_vertices: int = 10, *, rng: np.random.Generator | None = None
    ) -> None:
        rng = np.random.default_rng(rng)
        count, most = check_count("N", N, None), check_count("max_vertices", max_vertices, None)
        if count < 3:
            count = int(rng.integers(3, check_count("max_vertices", most, 3), endpoint=True))
        for _ in range(_DRAWS):
            vertices = self._draw(count, rng)
            if is_a_drum(vertices):
                break
        else:
            raise RuntimeError(
                f"none of {_DRAWS} polygons of {count} vertices made a drum: use fewer"
            )
        super().__init__(at_unit_area(vertices if signed_area(vertices) > 0 else vertices[::-1]))

    @staticmethod
    @abstractmethod
    def _draw(N: int, rng: np.random.Generator) -> Float64:
        """Draw N vertices, of any size, anywhere and either way around: shape (N, 2)."""


class ConvexPolygon(RandomPolygon):
    """A random convex polygon of unit area about the origin; `RandomPolygon` has its arguments.

    The sorted coordinates of random points, dealt at random to two chains from the least to the
    greatest, give steps that sum to 0, the x and the y on their own; paired at random and put in
    order of their angles they are the edges.
    Source: P. Valtr, "Probability that n random points are in convex position", Discrete &
    Computational Geometry 13 (1995), 637-643, doi:10.1007/BF02574070.
    """

    @staticmethod
    def _draw(N: int, rng: np.random.Generator) -> Float64:
        """Draw a convex polygon within a square of side 1."""
        steps = np.empty((N, 2))
        for axis in range(2):
            numbers = np.sort(rng.random(N))
            upwards = rng.random(N - 2) < 0.5
            least, most, between = numbers[:1], numbers[-1:], numbers[1:-1]
            there = np.diff(np.concatenate([least, between[upwards], most]))
            back = -np.diff(np.concatenate([least, between[~upwards], most]))
            steps[:, axis] = np.concatenate([there, back])
        steps[:, 1] = rng.permutation(steps[:, 1])
        return np.cumsum(steps[np.argsort(np.arctan2(steps[:, 1], steps[:, 0]))], axis=0)


class IrregularStar(RandomPolygon):
    """A random star of unit area about the origin; `RandomPolygon` has its arguments.

    Points of a square in order of their angles about their mean, which lies within the hull: each
    angle between neighbours is below pi, and all of the boundary is seen from there.
    """

    @staticmethod
    def _draw(N: int, rng: np.random.Generator) -> Float64:
        points = rng.random((N, 2))
        x, y = (points - points.mean(axis=0)).T
        return points[np.argsort(np.arctan2(y, x))]


class TravellingSalesmanPolygon(RandomPolygon):
    """A random simple polygon of unit area about the origin; `RandomPolygon` has its arguments.

    A round trip of the points of a square, in random order at first. As long as two edges cross,
    the part of the trip between them is walked the other way, which uncrosses them and makes the
    trip shorter: it ends. (2-opt, of crossings alone.)
    Source: J. van Leeuwen and A. A. Schoone, "Untangling a travelling salesman tour in the plane",
    Proc. 7th Conference on Graphtheoretic Concepts in Computer Science (WG 81), 1982, 87-98.
    """

    @staticmethod
    def _draw(N: int, rng: np.random.Generator) -> Float64:
        trip = rng.random((N, 2))
        edge, passed = 0, 0
        while passed < N:
            crossed = _edge_across(trip, edge)
            if crossed is None:
                edge, passed = (edge + 1) % N, passed + 1
            else:
                low, high = sorted((edge, crossed))
                trip[low + 1 : high + 1] = trip[low + 1 : high + 1][::-1].copy()
                passed = 0
        return trip


def _edge_across(trip: Float64, edge: int) -> int | None:
    """Return an edge of the trip that crosses this one and is worth uncrossing."""

    def left(a: Float64, b: Float64, c: Float64) -> Float64:
        # Twice the area of the triangle (a, b, c), positive where c lies left of a to b.
        return cross(b - a, c - a)

    start, end = trip, following(trip)
    a, b = start[edge], end[edge]
    crossing = (left(a, b, start) * left(a, b, end) < 0) & (
        left(start, end, a) * left(start, end, b) < 0
    )
    for other in np.flatnonzero(crossing):
        c, d = start[other], end[other]
        before = np.hypot(*(b - a)) + np.hypot(*(d - c))
        if np.hypot(*(c - a)) + np.hypot(*(d - b)) < before - _SHORTER:
            return int(other)
    return None


def is_a_drum(vertices: Float64) -> bool:
    """Return whether a polygon is simple, wide enough and clear of itself.

    Wide enough: 4 pi A / P^2, with area A and perimeter P, is at least 0.1 (a disc has 1). A disc
    of the radius A / P fits inside (Bonnesen), here 0.09 sqrt(A) or more: three cells of the grid
    of a drum of 0.1 m at 48 kHz. Beyond ten vertices the bound falls as 1 / N^2, as the polygons of
    many random points are long and narrow.
    Clear of itself: no vertex can touch another one, or another edge, by a move shorter than
    0.1 P / N^2 (a hundredth of the mean edge at ten vertices).
    Source: R. Osserman, "Bonnesen-style isoperimetric inequalities", Am. Math. Monthly 86 (1979),
    1-29, doi:10.1080/00029890.1979.11994723.
    """
    count, region = len(vertices), shapely.polygons(vertices)
    if not shapely.is_valid(region):
        return False
    perimeter = shapely.length(region)
    roundness = 4 * np.pi * shapely.area(region) / perimeter**2
    clearance = shapely.minimum_clearance(region) / perimeter
    return bool(roundness >= 0.1 * min(1, 10 / count) ** 2 and clearance >= 0.1 / count**2)
