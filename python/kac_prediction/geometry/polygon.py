"""Polygons."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from .polygon_distance import polygon_distance
from .shape import Float64, Shape, ShapeSettings
from .vertices import require_vertices, signed_area, turns

_ROUNDING = 8 * np.finfo(np.float64).eps
_STRAIGHT = 1e-9


class Polygon(Shape):
    """A polygon whose boundary does not meet itself."""

    class Settings(ShapeSettings, total=False):
        """The parameters of a polygon."""

        vertices: Sequence[Sequence[float]]

    def __init__(
        self,
        vertices: npt.ArrayLike,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Make a polygon.

        Args:
            vertices: shape (N, 2), N from 3, in metres, the way around either way and the first not
                repeated at the end. A vertex on the line between its neighbours is kept.
            rng: not used, nothing is drawn; every shape takes one.

        Raises:
            ValueError: which vertex is not finite, repeats its neighbour, folds the boundary back
                or belongs to an edge that meets another one; or there are fewer than three.
        """
        self._place(require_vertices(vertices))

    @property
    def N(self) -> int:
        """The number of vertices."""
        return len(self._vertices)

    @property
    def vertices(self) -> Float64:
        """The vertices as they lie now, in the order they were given, shape (N, 2); read only."""
        return self._vertices

    @property
    def convex(self) -> bool:
        """Whether no corner points inwards; a vertex within 1e-9 of straight does not."""
        return bool((self.corners() <= np.pi + _STRAIGHT).all())

    @property
    def simple(self) -> bool:
        """Whether the boundary meets itself nowhere.

        Measured, and always True: what would not be is refused when it is made or moved.
        """
        return bool(shapely.is_valid(self._region))

    @property
    def perimeter(self) -> float:
        """Length of the boundary in metres."""
        return float(shapely.length(self._region))

    @property
    def labels(self) -> dict[str, list[float | int]]:
        """The number of vertices `N` and the `vertices` as they lie now, [x_0, y_0, x_1, ...]."""
        return {"N": [self.N], "vertices": self._vertices.ravel().tolist()}

    def outline(self, points: int = 256) -> Float64:
        """Walk once around the boundary, from vertex 0.

        Args:
            points: not used, the vertices say it all.

        Returns:
            The vertices, counter-clockwise and closed, shape (N + 1, 2), metres.
        """
        order = np.arange(self.N + 1) % self.N
        return self._vertices[order if signed_area(self._vertices) > 0 else -order]

    def walls(self) -> Float64:
        """Return the edges, counter-clockwise from vertex 0.

        Returns:
            Their ends (from, to), shape (N, 2, 2), metres.
        """
        outline = self.outline()
        return np.stack([outline[:-1], outline[1:]], axis=1)

    def corners(self) -> Float64:
        """Return the interior angles, counter-clockwise from vertex 0.

        Returns:
            Radians in (0, 2 pi), shape (N,): corner k lies where wall k begins.
        """
        return np.pi - turns(self.outline()[:-1])

    def _area(self) -> float:
        return float(shapely.area(self._region))

    def _centroid(self) -> tuple[float, float]:
        middle = shapely.centroid(self._region)
        return float(middle.x), float(middle.y)

    def _contains(self, points: Float64) -> npt.NDArray[np.bool_]:
        inside: npt.NDArray[np.bool_] = shapely.intersects_xy(self._region, *points.T)
        # A point of the boundary is rounded to one side of it or the other, and belongs to it.
        outside = np.flatnonzero(~inside)
        distance, _ = polygon_distance(self._vertices, points[outside])
        inside[outside] = distance <= self._rounding()
        return inside

    def _depth(self, points: Float64) -> Float64:
        distance, inside = polygon_distance(self._vertices, points)
        return np.where(inside | (distance <= self._rounding()), distance, -distance)

    def _rounding(self) -> float:
        return _ROUNDING * float(np.abs(self._vertices).max())

    def _move(self, x: float, y: float) -> None:
        self._place(self._vertices + np.array([x, y]))

    def _scale(self, factor: float) -> None:
        middle = self._centroid()
        self._place((self._vertices - middle) * factor + middle)

    def _place(self, vertices: Float64) -> None:
        """Lie at `vertices` from now on; where they have run together, stay and raise."""
        region = shapely.polygons(vertices) if np.isfinite(vertices).all() else None
        if region is None or not shapely.is_valid(region) or not shapely.area(region) > 0:
            raise ValueError(
                f"{type(self).__name__} cannot lie there: its vertices would run together in "
                f"double precision, near {vertices[0].tolist()}; choose another size or place."
            )
        # Shapes are asked about thousands of points at once.
        shapely.prepare(region)
        vertices.flags.writeable = False
        self._vertices, self._region = vertices, region

    def __getstate__(self) -> dict[str, Any]:
        """Return what makes the shape: the region that Shapely prepared is made again."""
        return {name: value for name, value in self.__dict__.items() if name != "_region"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore what `__getstate__` returned."""
        self.__dict__.update(state)
        self._place(np.array(state["_vertices"]))


def at_unit_area(vertices: Float64) -> Float64:
    """Return the vertices scaled to unit area, their centroid at the origin."""
    region = shapely.polygons(vertices)
    middle = shapely.centroid(region)
    unit: Float64 = (vertices - (middle.x, middle.y)) / math.sqrt(shapely.area(region))
    return unit
