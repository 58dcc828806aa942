"""Polygons."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely

from .._arrays import ArrayLike, Bool, Float64
from .callable_values import CallableCount, CallableTruth
from .radii import cross
from .shape import FARTHEST, Shape, ShapeSettings, check_points

_ROUNDING = 8 * np.finfo(np.float64).eps
_STRAIGHT = 1e-9
_FOLDED = 1e-12
_CACHED = 2**13  # pairs of a wall and a point: what is computed of so many stays in the cache


class Polygon(Shape):
    """A polygon whose boundary does not meet itself.

    Args:
        vertices: shape (N, 2), N from 3, in metres, either way around and the first not repeated
            at the end. A vertex on the line between its neighbours is kept.
        rng: not used, nothing is drawn.

    Raises:
        ValueError: fewer than three vertices; or one, named, that is not finite, repeats its
            neighbour, folds the boundary back or belongs to an edge that meets another one.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a polygon."""

        vertices: Sequence[Sequence[float]]

    def __init__(self, vertices: ArrayLike, *, rng: np.random.Generator | None = None) -> None:
        self._place(_check_vertices(vertices))

    @property
    def N(self) -> CallableCount:
        """The number of vertices; `N()` is the same."""
        return CallableCount(len(self._vertices))

    @property
    def vertices(self) -> Float64:
        """The vertices as they lie now, in the order they were given, shape (N, 2).

        The array is read only; others may be set, checked as those of a new polygon.

        Raises:
            AttributeError: they are set where they follow from other labels, such as `epsilon`.
        """
        return self._vertices

    @vertices.setter
    def vertices(self, vertices: ArrayLike) -> None:
        given = sorted(self.labels.keys() - {"N", "vertices"})
        if given:
            raise AttributeError(
                f"the vertices of a {type(self).__name__} follow from {', '.join(given)}: "
                "make a Polygon(vertices) of others"
            )
        self._place(_check_vertices(vertices))

    @property
    def convex(self) -> CallableTruth:
        """Whether no corner points inwards; a vertex within 1e-9 of straight does not.

        `convex()` is the same.
        """
        return CallableTruth((self.corners() <= np.pi + _STRAIGHT).all())

    @property
    def solidity(self) -> float:
        """Area over that of the convex hull: 1 where the polygon is convex, else less."""
        hull = shapely.convex_hull(self._region)
        return float(shapely.area(self._region) / shapely.area(hull))

    @property
    def simple(self) -> CallableTruth:
        """Whether the boundary nowhere meets itself: measured, and always True.

        What would not be simple is refused when it is made or moved. `simple()` is the same.
        """
        return CallableTruth(shapely.is_valid(self._region))

    @property
    def perimeter(self) -> float:
        """Length of the boundary in metres."""
        return float(shapely.length(self._region))

    @property
    def labels(self) -> dict[str, list[float | int]]:
        """The number of vertices `N` and the `vertices` as they lie now, [x_0, y_0, x_1, ...]."""
        return {"N": [self.N()], "vertices": self._vertices.ravel().tolist()}

    def outline(self, points: int = 256) -> Float64:
        """Return the vertices, counter-clockwise and closed, for any `points`: shape (N + 1, 2)."""
        order = np.arange(self.N + 1) % self.N
        return self._vertices[order if signed_area(self._vertices) > 0 else -order]

    def walls(self) -> Float64:
        """Return the edges (from, to), counter-clockwise from vertex 0: shape (N, 2, 2), metres."""
        outline = self.outline()
        return np.stack([outline[:-1], outline[1:]], axis=1)

    def corners(self) -> Float64:
        """Return the interior angles, radians, shape (N,): wall k begins at corner k."""
        return np.pi - turns(self.outline()[:-1])

    def _area(self) -> float:
        return float(shapely.area(self._region))

    def _centroid(self) -> tuple[float, float]:
        middle = shapely.centroid(self._region)
        return float(middle.x), float(middle.y)

    def _contains(self, points: Float64) -> Bool:
        inside: Bool = shapely.intersects_xy(self._region, *points.T)
        # A point of the boundary is rounded to one side of it or the other, and belongs to it.
        outside = np.flatnonzero(~inside)
        inside[outside] = self._depth(points[outside]) >= 0
        return inside

    def _depth(self, points: Float64) -> Float64:
        """Return the depths, a few points at a time.

        A point that rounding puts on the wrong side lies within 6 eps of the boundary, times the
        largest coordinate: those count to the boundary.
        """
        vertices = self._vertices
        walls = np.concatenate([vertices, following(vertices) - vertices], axis=1).T[..., None]
        distance, inside = np.empty(len(points)), np.empty(len(points), dtype=np.bool_)
        step = max(1, _CACHED // len(vertices))
        for first in range(0, len(points), step):
            some = slice(first, first + step)
            distance[some], inside[some] = _distance(walls, np.ascontiguousarray(points[some].T))
        rounding = _ROUNDING * float(np.abs(vertices).max())
        return np.where(inside | (distance <= rounding), distance, -distance)

    def _move(self, x: float, y: float) -> None:
        self._place(self._vertices + np.array([x, y]))

    def _scale(self, factor: float) -> None:
        middle = self._centroid()
        with np.errstate(over="ignore", invalid="ignore"):  # `_place` refuses what is not finite
            vertices = (self._vertices - middle) * factor + middle
        self._place(vertices)

    def _place(self, vertices: Float64) -> None:
        """Move to `vertices`; where they have run together, stay and raise ValueError."""
        region = shapely.polygons(vertices) if _in_range(vertices) else None
        if region is None or not shapely.is_valid(region) or not shapely.area(region) > 0:
            raise ValueError(
                f"{type(self).__name__} cannot lie there: its vertices would run together in "
                f"double precision, or leave its range, near {vertices[0].tolist()}; choose "
                "another size or place"
            )
        shapely.prepare(region)  # thousands of points are tested at once
        vertices.flags.writeable = False
        self._vertices, self._region = vertices, region

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy, whose region must be prepared and its vertices made read only again."""
        self.__dict__.update(state)
        self._place(np.array(state["_vertices"]))


def at_unit_area(vertices: Float64) -> Float64:
    """Return the vertices scaled to unit area, their centroid at the origin."""
    region = shapely.polygons(vertices)
    middle = shapely.centroid(region)
    unit: Float64 = (vertices - (middle.x, middle.y)) / math.sqrt(shapely.area(region))
    return unit


def following(values: Float64) -> Float64:
    """Return the value of the next vertex, for each: a faster `np.roll(values, -1, axis=0)`."""
    return np.concatenate([values[1:], values[:1]])


def signed_area(vertices: Float64) -> float:
    """Return the area that the boundary encloses, negative where it runs clockwise."""
    x, y = (vertices - vertices[0]).T
    return 0.5 * float(x @ following(y) - y @ following(x))


def turns(vertices: Float64) -> Float64:
    """Return the angle by which the boundary turns left at each vertex, in [-pi, pi]."""
    leaving = following(vertices) - vertices
    arriving = np.concatenate([leaving[-1:], leaving[:-1]])
    angles: Float64 = np.arctan2(cross(arriving, leaving), (arriving * leaving).sum(axis=1))
    return angles


def _distance(walls: Float64, points: Float64) -> tuple[Float64, Bool]:
    """Return the distance from each point to the nearest wall, and whether it is inside.

    With e along a wall and d from its beginning to the point, the foot of the perpendicular is on
    the wall where 0 < d . e < e . e, and |d x e| / |e| away; else the nearer end is nearest. These
    are the formulas of GEOS, each product and sum in its order: the distances are those of
    `shapely.distance` to the last bit. Inside are the points from which a ray to the right crosses
    the walls an odd number of times.

    The walls are where they begin and how far they go from there, (x, y, e_x, e_y), shape
    (4, k, 1); the points have the shape (2, n).
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
    foot = np.abs(across) / np.maximum(square, np.finfo(np.float64).tiny) * np.sqrt(square)
    to_foot = np.where(before | after, np.inf, foot).min(axis=0)
    return np.minimum(to_foot, np.sqrt(to_corner)), np.logical_xor.reduce(crossed, axis=0)


def _in_range(vertices: Float64) -> bool:
    """Return whether the products of coordinates, and of edges, are numbers above 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        far, extent = np.abs(vertices).max(), np.ptp(vertices, axis=0).max()
    return bool(far <= FARTHEST and extent >= 1 / FARTHEST)


def _check_vertices(value: ArrayLike) -> Float64:
    """Return the vertices of a polygon as a new array; ValueError says which is wrong and why."""
    vertices = np.array(check_points("vertices", value))
    count, after = len(vertices), following(vertices)
    if count < 3:
        raise ValueError(f"vertices must be at least three, got {count}: add some")
    if not _in_range(vertices):
        raise ValueError(
            f"vertices must lie farther apart than {1 / FARTHEST:g}, got all within "
            f"{np.ptp(vertices, axis=0).max():.3g} of each other: scale them up"
        )
    repeated = np.flatnonzero((vertices == after).all(axis=1))
    if repeated.size:
        first, closing = int(repeated[0]), repeated[0] == count - 1
        one, other = (first, 0) if closing else (first + 1, first)
        hint = ", a polygon closes itself" if closing else ""
        place = vertices[first].tolist()
        raise ValueError(f"vertex {one} repeats vertex {other}, {place}: leave it out{hint}")
    folded = np.flatnonzero(np.abs(turns(vertices)) >= np.pi - _FOLDED)
    if folded.size:
        raise ValueError(
            f"the boundary folds back on itself at vertex {folded[0]}, "
            f"{vertices[folded[0]].tolist()}, and encloses nothing there: move it off the line of "
            "its neighbours, or leave it out"
        )
    polygon = shapely.polygons(vertices)
    if shapely.is_valid(polygon) and shapely.area(polygon) > 0:
        return vertices
    edges = shapely.linestrings(np.stack([vertices, after], axis=1))
    pairs = shapely.STRtree(edges).query(edges, predicate="intersects").T
    steps = pairs[:, 1] - pairs[:, 0]
    apart = pairs[(steps > 1) & (steps < count - 1)]
    if not len(apart):
        raise ValueError(
            f"vertices 0 to {count - 1} enclose no area that double precision can tell from 0: "
            "give them in a larger unit, or nearer to the origin"
        )
    one, other = apart[np.lexsort(apart.T[::-1])][0]
    raise ValueError(
        f"the edge from vertex {one} to vertex {one + 1} meets the edge from vertex {other} to "
        f"vertex {(other + 1) % count}: move one of these vertices, or put them in another order; "
        "the boundary of a drum must not meet itself"
    )
