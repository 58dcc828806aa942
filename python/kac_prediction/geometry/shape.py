"""Shape: the base class of every outline of a drum, and the checks of points and shapes."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from typing_extensions import TypedDict

from .. import _html
from .._arrays import ArrayLike, Bool, Float64
from .._checks import brief, check_count, check_number, check_numbers

FARTHEST = 1e100
"""The largest coordinate, metres, and one over the smallest extent: products are in range."""


class ShapeSettings(TypedDict, total=False):
    """The settings of a shape; a shape adds its own."""


class Shape(ABC):
    """A region of the plane, in metres, that can be scaled, moved and drawn.

    Every shape takes a NumPy Generator `rng`, which draws what its other arguments leave to be
    drawn; None: fresh entropy does. A number of the wrong type raises TypeError; one that is not
    finite or out of its range, or a centroid that is not two finite numbers, ValueError.

    A subclass measures (`_area`, `_centroid`, `perimeter`), scales and moves itself, and knows
    which points it contains, how deep they lie and what its outline is; one that is not smooth
    gives its `walls` and `corners`.
    """

    class Settings(ShapeSettings, total=False):
        """Mirrors the parameters of `__init__`; a subclass adds its own."""

    @property
    def area(self) -> float:
        """Area in square metres. Setting it scales the shape about its centroid.

        Raises:
            ValueError: the area set is not a finite number above 0.
        """
        return self._area()

    @area.setter
    def area(self, area: float) -> None:
        self._scale(math.sqrt(check_number("area", area, above=0) / self._area()))

    @property
    def centroid(self) -> tuple[float, float]:
        """Centre of mass (x, y) in metres. Setting it moves the shape.

        Raises:
            ValueError: the centroid set is not two finite numbers.
        """
        return self._centroid()

    @centroid.setter
    def centroid(self, centroid: Sequence[float]) -> None:
        x, y = check_numbers("centroid (x, y)", centroid, 2)
        self._move(x - self.centroid[0], y - self.centroid[1])

    @property
    @abstractmethod
    def perimeter(self) -> float:
        """Length of the boundary in metres."""

    @property
    @abstractmethod
    def labels(self) -> dict[str, list[float | int]]:
        """The numbers that make this shape, as labels of a dataset: a list for each name."""

    @abstractmethod
    def outline(self, points: int = 256) -> Float64:
        """Return points once around the boundary, counter-clockwise and closed, in metres.

        A smooth boundary is drawn with so many `points`, from 3, shape (points + 1, 2); a polygon
        has its vertices.
        """

    def __repr__(self) -> str:
        x, y = self.centroid
        return f"<{type(self).__name__} of area {self.area:.6g} about ({x:.6g}, {y:.6g})>"

    def _repr_html_(self) -> str:
        """Return the outline, for notebooks."""
        return _html.block(repr(self), _html.outline(self.outline(), repr(self)))

    def walls(self) -> Float64:
        """Return the straight parts of the boundary (from, to), metres, counter-clockwise.

        They have the shape (k, 2, 2); a smooth shape has none.
        """
        return np.empty((0, 2, 2))

    def corners(self) -> Float64:
        """Return the interior angles of the corners, radians in (0, 2 pi), shape (k,).

        Wall k begins at corner k; a smooth shape has none.
        """
        return np.empty(0)

    @abstractmethod
    def _area(self) -> float:
        """Return the area."""

    @abstractmethod
    def _centroid(self) -> tuple[float, float]:
        """Return the centroid."""

    @abstractmethod
    def _contains(self, points: Float64) -> Bool:
        """Return which of the finite points, shape (n, 2), lie inside or on the boundary."""

    @abstractmethod
    def _depth(self, points: Float64) -> Float64:
        """Return the depths of finite points, shape (n, 2): 0 or more where contained."""

    @abstractmethod
    def _move(self, x: float, y: float) -> None:
        """Translate by (x, y)."""

    @abstractmethod
    def _scale(self, factor: float) -> None:
        """Scale lengths by `factor` about the centroid."""

    def isPointInside(self, p: ArrayLike) -> bool | Bool:
        """Return whether points lie inside the shape or on its boundary.

        Args:
            p: one point (x, y) or points of shape (n, 2), metres.

        Returns:
            A bool for one point, an array of shape (n,) for many.

        Raises:
            ValueError: `p` has another shape or holds what is not a finite number.
        """
        one = np.shape(p) == (2,)
        inside = self._contains(check_points("p", np.reshape(p, (1, 2)) if one else p))
        return bool(inside[0]) if one else inside

    def depth(self, points: ArrayLike) -> Float64:
        """Return how far inside the boundary points, shape (n, 2), lie, in metres, shape (n,).

        It is the distance to the nearest point of the boundary, negative outside: 0 or more where
        `isPointInside`.

        Raises:
            ValueError: `points` has another shape or holds what is not a finite number.
        """
        return self._depth(check_points("points", points))

    def draw(self, grid_size: int) -> Bool:
        """Draw the shape on a square grid, `grid_size` cells each way, that its longer side fills.

        Returns:
            mask[x, y], shape (grid_size, grid_size), True where a cell's centre lies inside: show
            `mask.T` with `origin="lower"`.

        Raises:
            TypeError, ValueError: `grid_size` is not an integer from 1.
        """
        return self._contains(self.cells(grid_size)).reshape(grid_size, grid_size)

    def cells(self, grid_size: int) -> Float64:
        """Return the centres (x, y) of the cells of `draw`, in the order of `draw(...).ravel()`.

        Metres, shape (grid_size^2, 2); the errors are those of `draw`.
        """
        grid_size = check_count("grid_size", grid_size)
        boundary = self.outline()
        low, high = boundary.min(axis=0), boundary.max(axis=0)
        steps = ((np.arange(grid_size) + 0.5) / grid_size - 0.5) * (high - low).max()
        x, y = np.meshgrid(*(steps + middle for middle in (low + high) / 2), indexing="ij")
        return np.column_stack([x.ravel(), y.ravel()])


def check_points(name: str, value: ArrayLike, count: int | None = None) -> Float64:
    """Return points as finite numbers, shape (n, 2), n = `count` if given; else ValueError."""
    try:
        points = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{name} must be points (x, y), got {brief(value)}") from error
    if points.ndim != 2 or points.shape[1] != 2 or count not in (None, len(points)):
        raise ValueError(f"{name} must be points of shape ({count or 'n'}, 2), got {points.shape}")
    finite = np.isfinite(points)
    if not finite.all():
        wrong = int(np.argmin(finite.all(axis=1)))
        raise ValueError(
            f"{name} must hold finite numbers, got {points[wrong].tolist()} as point {wrong}"
        )
    if points.size and np.abs(points).max() > FARTHEST:
        wrong = int(np.abs(points).max(axis=1).argmax())
        raise ValueError(
            f"{name} must lie within {FARTHEST:g} of the origin, got {points[wrong].tolist()} as "
            f"point {wrong}"
        )
    return points


def check_shape(name: str, value: object) -> None:
    """Raise TypeError unless `value` is a shape."""
    if not isinstance(value, Shape):
        raise TypeError(f"{name} must be a shape, such as Circle(1.0), got {brief(value)}")
