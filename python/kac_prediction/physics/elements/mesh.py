"""Triangles that fill a shape: smaller where it is narrow, where it bends and near its corners."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, cKDTree

from ..._arrays import Bool, Float64
from .boundary import Boundary

_Int64 = npt.NDArray[np.int64]
_Bool = Bool

# All measured: errors of eigenvalues of polygons and ellipses against their cost.
_ROUNDS = 500
_GROWTH = 0.3  # of the edges' length, per way from the boundary or a corner
_TURN = 0.4  # radians that the boundary bends along one edge
_RADIUS = 0.62  # of a circumcircle over the edge wanted there; 0.58 is an equilateral triangle
_FLAT = 0.4  # height of a triangle on the boundary over its base
_CLEAR = 0.2  # of an edge of the boundary: what lies nearer to it
_NARROWEST = 0.05  # of the longest edge: what is narrower is not resolved
_CLOSEST = 1e-8
_MOST_MISSING = 2000
_MOST_EDGES = 4000  # of the boundary; a needle of 1 to 1000 has 2600
_MOST_TRIANGLES = 200_000
_ROWS = 256  # points at once
_STEPS = 400
_EXPONENTS = (0.99, 1.01, 2.0, 4.0)
_EDGES_AT_CORNERS = (0.15, 0.35, 0.5, 1.0)


@dataclass(frozen=True)
class Mesh:
    """A triangulation that knows its place on a boundary.

    Attributes:
        points: shape (p, 2).
        triangles: numbers of points, counter-clockwise, shape (t, 3).
        rim: the edges (from, to) on the boundary, counter-clockwise, shape (e, 2).
        places: the places on the boundary of both ends of these edges, shape (e, 2).
    """

    points: Float64
    triangles: _Int64
    rim: _Int64
    places: Float64


def triangulate(boundary: Boundary, edge: float) -> Mesh:
    """Fill a boundary with triangles, the longest edges about `edge` long.

    Delaunay refinement: an edge of the boundary that is not in the Delaunay triangulation is
    divided; then centres of circumcircles that are too large are added, a batch at a time; then
    edges with a flat triangle on them are halved, until neither is left.
    Source: Ruppert, Journal of Algorithms 18 (1995) 548, 10.1006/jagm.1995.1021.

    Raises:
        ValueError: the boundary meets itself or nearly does, or there would be too many triangles.
    """
    edges, triangles = boundary.perimeter() / edge, 4 / math.sqrt(3) / edge**2
    if not (edges <= _MOST_EDGES and triangles <= _MOST_TRIANGLES):
        raise ValueError(
            "the shape is too thin, or the modes are too many: with a boundary "
            f"{boundary.perimeter():.4g} times as long as the side of a square of its area it "
            f"would take {edges:.3g} edges and {triangles:.3g} triangles, at most {_MOST_EDGES} "
            f"and {_MOST_TRIANGLES} are laid"
        )
    places, inner = divide(boundary, edge), np.empty((0, 2))
    for _ in range(_ROUNDS):
        net = _Net(boundary, places, inner)
        if net.missing.any():
            places = net.halved(net.missing, in_shells=True)
            continue
        added = np.empty((0, 2)) if len(inner) else net.lattice(edge)
        added = added if len(added) else net.centres(edge)
        flat = net.flat(_NARROWEST * edge)
        if len(added):
            inner = np.concatenate([inner, added])
        elif flat.any():
            places = net.halved(flat)
        else:
            return net.mesh()
    raise ValueError(f"no triangulation was found in {_ROUNDS} rounds: simplify the shape.")


def divide(boundary: Boundary, edge: float) -> Float64:
    """Return ascending places that divide a boundary into edges.

    None is longer than `edge`; they are shorter towards corners where eigenfunctions are not
    smooth, and where the boundary bends.
    """
    exponents = boundary.exponents()
    corners = edge * np.interp(exponents, _EXPONENTS, _EDGES_AT_CORNERS)
    corners = np.where(np.isnan(exponents), edge, corners)
    fractions = np.linspace(0, 1, _STEPS + 1)
    places = []
    for k, arc in enumerate(boundary.arcs):
        lengths = np.hypot(*np.diff(arc.at(fractions), axis=0).T)
        way = np.cumsum(lengths) - lengths / 2
        start, end = corners[k], corners[(k + 1) % len(corners)]
        wanted = np.minimum(start + _GROWTH * way, end + _GROWTH * (lengths.sum() - way))
        turns = np.abs(np.diff(arc.headings(fractions)))
        edges = np.maximum(lengths / np.minimum(wanted, edge), turns / _TURN)
        total = np.concatenate([[0.0], np.cumsum(edges)])
        # Rounding must not make two edges of a wall that is as long as one.
        count = max(1, math.ceil(total[-1] - 1e-6))
        places.append(k + np.interp(np.arange(count) / count * total[-1], total, fractions))
    return np.concatenate(places)


class _Net:
    """The Delaunay triangulation of places on a boundary and of points inside it.

    Point k lies at place k for the first `count` points, and edge k of the boundary runs from it to
    the next one.
    """

    def __init__(self, boundary: Boundary, places: Float64, inner: Float64) -> None:
        rim = boundary.at(places)
        self.boundary, self.places, self.count = boundary, places, len(places)
        self.points = np.concatenate([rim, inner])
        self.lengths = np.hypot(*(np.roll(rim, -1, axis=0) - rim).T)
        self.delaunay = Delaunay(self.points)
        self.triangles = self.delaunay.simplices.astype(np.int64)
        # Edge k of a triangle lies opposite its vertex k.
        self.begin, end = np.roll(self.triangles, -1, axis=1), np.roll(self.triangles, -2, axis=1)
        both = (self.begin < self.count) & (end < self.count)
        self.leftwards = both & (end == (self.begin + 1) % self.count)
        self.walls = self.leftwards | (both & (self.begin == (end + 1) % self.count))
        self.missing = np.ones(self.count, dtype=bool)
        self.missing[self.begin[self.leftwards]] = False

    @cached_property
    def inside(self) -> _Bool:
        """Return which triangles lie inside: those that no wall parts from the left of one."""
        rows, edges = np.nonzero(~self.walls & (self.delaunay.neighbors >= 0))
        ones, size = np.ones(len(rows), dtype=np.int8), len(self.triangles)
        beside = (rows, self.delaunay.neighbors[rows, edges])
        _, part = connected_components(coo_array((ones, beside), (size, size)), directed=False)
        inside: _Bool = np.isin(part, part[self.leftwards.any(axis=1)])
        return inside

    def within(self, points: Float64) -> _Bool:
        """Return which points lie inside."""
        found = self.delaunay.find_simplex(points)
        within: _Bool = (found >= 0) & self.inside[found]
        return within

    def clear(self, points: Float64) -> _Bool:
        """Return which points lie off every edge of the boundary, by a part of its length.

        The centre of a right triangle lies on its longest edge: there, it would part a wall.
        """
        start = self.points[: self.count]
        way, clear = np.roll(start, -1, axis=0) - start, np.empty(len(points), dtype=bool)
        for first in range(0, len(points), _ROWS):
            offset = points[first : first + _ROWS, None] - start
            along = np.clip((offset * way).sum(axis=2) / self.lengths**2, 0, 1)
            distance = np.hypot(*np.moveaxis(offset - along[..., None] * way, 2, 0))
            clear[first : first + _ROWS] = (distance > _CLEAR * self.lengths).all(axis=1)
        return clear

    def lattice(self, edge: float) -> Float64:
        """Return the points of a triangular lattice that lie well inside."""
        low, high = self.points.min(axis=0), self.points.max(axis=0)
        rows = np.arange(low[1] + edge / 2, high[1], edge * math.sqrt(0.75))
        columns = np.arange(low[0] + edge / 4, high[0], edge)
        x, y = np.meshgrid(columns, rows)
        x[1::2] += edge / 2
        points = np.column_stack([x.ravel(), y.ravel()])
        points = points[self.within(points)]
        distance = cKDTree(self.points[: self.count]).query(points)[0]
        return points[distance > 0.8 * edge]

    def centres(self, edge: float) -> Float64:
        """Return centres of circumcircles that are too large, far enough from one another."""
        corners = self.points[self.triangles[self.inside]]
        origin, b, c = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        twice = 2 * (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0])
        b_square, c_square = (b * b).sum(axis=1), (c * c).sum(axis=1)
        x = c[:, 1] * b_square - b[:, 1] * c_square
        y = b[:, 0] * c_square - c[:, 0] * b_square
        # A triangle of three points on one wall has no circumcircle, and no area to refine.
        flat = twice <= 1e-14 * np.maximum(b_square, c_square)
        offset = np.column_stack([x, y])[~flat] / twice[~flat, None]
        centres, radii = origin[~flat] + offset, np.hypot(*offset.T)
        # Edges are wanted as long as those of the nearest wall, or longer.
        distance, nearest = cKDTree(self.points[: self.count]).query(centres)
        around = (self.lengths + np.roll(self.lengths, 1)) / 2
        distances = _RADIUS * np.minimum(edge, around[nearest] + _GROWTH * distance)
        order = np.argsort(-radii / distances, kind="stable")
        order = order[(radii > distances)[order]]
        order = order[self.within(centres[order])]
        order = order[self.clear(centres[order])]
        centres, distances = centres[order], distances[order]
        free, chosen = np.ones(len(centres), dtype=bool), []
        for i, centre in enumerate(centres):  # first come, first served
            if free[i]:
                chosen.append(i)
                free &= np.hypot(*(centres - centre).T) >= distances[i]
        return np.asarray(centres[chosen])

    def flat(self, shortest: float) -> _Bool:
        """Return which edges of the boundary are too long for the triangle that lies on them."""
        rows, edges = np.nonzero(self.leftwards)
        # In the tip of a corner a triangle is as flat as the corner, at any size.
        tips = self.leftwards[rows].sum(axis=1) > 1
        wall, apex = self.begin[rows, edges], self.triangles[rows, edges]
        start, length = self.points[wall], self.lengths[wall]
        way, offset = self.points[(wall + 1) % self.count] - start, self.points[apex] - start
        height = (way[:, 0] * offset[:, 1] - way[:, 1] * offset[:, 0]) / length
        flat = np.zeros(self.count, dtype=bool)
        flat[wall] = (height < _FLAT * length) & (length > shortest) & ~tips
        return flat

    def halved(self, split: _Bool, *, in_shells: bool = False) -> Float64:
        """Return the places with one more on each edge that is split, ascending.

        In shells, an edge that ends at a corner is split at a power of two from it, so that the
        two walls of a sharp corner are divided alike and never divide each other without end.
        """
        lengths = self.lengths[split]
        crowded = max(len(lengths) / _MOST_MISSING, self.count / (2 * _MOST_EDGES)) > 1
        if lengths.min() < _CLOSEST or crowded:
            x, y = self.points[: self.count][split][np.argmin(lengths)]
            raise ValueError(
                "the shape's boundary meets itself or nearly does, at "
                f"({x:.6g}, {y:.6g}) from the mean of its outline, in units of sqrt(area)."
            )
        start, end = self.places[split], np.append(self.places[1:], len(self.boundary.arcs))[split]
        fraction = np.full(len(start), 0.5)
        if in_shells:
            shell = 2 ** np.round(np.log2(lengths / 2)) / lengths
            fraction[end == np.floor(end)] = 1 - shell[end == np.floor(end)]
            fraction[start == np.floor(start)] = shell[start == np.floor(start)]
        return np.sort(np.concatenate([self.places, start + fraction * (end - start)]))

    def mesh(self) -> Mesh:
        """Return what lies inside."""
        ends = np.append(self.places[1:], len(self.boundary.arcs))
        rim = np.column_stack([np.arange(self.count), np.roll(np.arange(self.count), -1)])
        places = np.column_stack([self.places, ends])
        return Mesh(self.points, self.triangles[self.inside], rim, places)
