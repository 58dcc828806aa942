"""Shape: what every outline of a drum can do."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from numbers import Real

import numpy as np
import numpy.typing as npt
from typing_extensions import TypedDict

Float64 = npt.NDArray[np.float64]


class ShapeSettings(TypedDict, total=False):
    """The settings of a shape; a shape adds its own."""


class Shape(ABC):
    """A region of the plane, in metres, that can be scaled, moved and drawn.

    A subclass says what it measures (`_area`, `_centroid`, `perimeter`), how it is scaled and
    moved, which points it contains, how deep they lie and what its outline is; one that is not
    smooth names its `walls` and `corners`. The rest is here.
    """

    class Settings(ShapeSettings, total=False):
        """Mirrors the parameters of `__init__`; a subclass adds its own."""

    @property
    def area(self) -> float:
        """Area in square metres. Setting it scales the shape about its centroid.

        Raises:
            ValueError: an area is set that is not a finite number above 0.
        """
        return self._area()

    @area.setter
    def area(self, area: float) -> None:
        self._scale(math.sqrt(require_positive("area", area) / self._area()))

    @property
    def centroid(self) -> tuple[float, float]:
        """Centre of mass (x, y) in metres. Setting it moves the shape.

        Raises:
            ValueError: a centroid is set that is not two finite numbers.
        """
        return self._centroid()

    @centroid.setter
    def centroid(self, centroid: Sequence[float]) -> None:
        x, y = require_point("centroid", centroid)
        self._move(x - self.centroid[0], y - self.centroid[1])

    @property
    @abstractmethod
    def perimeter(self) -> float:
        """Length of the boundary in metres."""

    @property
    @abstractmethod
    def labels(self) -> dict[str, list[float | int]]:
        """The numbers that make this shape, as the labels of a dataset: a list for each name."""

    @abstractmethod
    def outline(self, points: int = 256) -> Float64:
        """Walk once around the boundary.

        Args:
            points: how many points a smooth boundary is drawn with; a polygon has its vertices.

        Returns:
            The boundary, counter-clockwise and closed, shape (points + 1, 2), metres.
        """

    def __repr__(self) -> str:
        """Name the class, its area and where it lies."""
        x, y = self.centroid
        return f"<{type(self).__name__} of area {self.area:.6g} about ({x:.6g}, {y:.6g})>"

    def walls(self) -> Float64:
        """Return the straight stretches of the boundary, counter-clockwise.

        Returns:
            Their ends (from, to), shape (k, 2, 2), metres; none for a smooth shape.
        """
        return np.empty((0, 2, 2))

    def corners(self) -> Float64:
        """Return the interior angles of the boundary's corners, counter-clockwise.

        Returns:
            Radians in (0, 2 pi), shape (k,): corner k begins wall k; none for a smooth shape.
        """
        return np.empty(0)

    @abstractmethod
    def _area(self) -> float:
        """Return the area."""

    @abstractmethod
    def _centroid(self) -> tuple[float, float]:
        """Return the centroid."""

    @abstractmethod
    def _contains(self, points: Float64) -> npt.NDArray[np.bool_]:
        """Say which of the finite points, shape (n, 2), lie inside or on the boundary."""

    @abstractmethod
    def _depth(self, points: Float64) -> Float64:
        """Return how deep the finite points, shape (n, 2), lie: 0 or more where contained."""

    @abstractmethod
    def _move(self, x: float, y: float) -> None:
        """Translate by (x, y)."""

    @abstractmethod
    def _scale(self, factor: float) -> None:
        """Scale lengths by `factor` about the centroid."""

    def isPointInside(self, p: npt.ArrayLike) -> bool | npt.NDArray[np.bool_]:
        """Say whether points lie inside the shape; its boundary belongs to it.

        Args:
            p: one point (x, y) or points of shape (n, 2), metres.

        Returns:
            A bool for one point, an array of shape (n,) for many.

        Raises:
            ValueError: `p` has another shape or holds a number that is not finite.
        """
        points = np.asarray(p, dtype=np.float64)
        if points.ndim not in (1, 2) or points.shape[-1] != 2:
            raise ValueError(
                f"p must be one point (x, y) or points of shape (n, 2), got {points.shape}."
            )
        inside = self._contains(require_points("p", points.reshape(-1, 2)))
        return bool(inside[0]) if points.ndim == 1 else inside

    def depth(self, points: npt.ArrayLike) -> Float64:
        """Return how far inside the boundary points lie.

        Args:
            points: shape (n, 2), metres.

        Returns:
            Shape (n,), metres: the distance to the nearest point of the boundary, negative
            outside. `isPointInside` is where this is 0 or more.

        Raises:
            ValueError: `points` has another shape or holds a number that is not finite.
        """
        return self._depth(require_points("points", points))

    def draw(self, grid_size: int) -> npt.NDArray[np.bool_]:
        """Draw the shape on a square grid that its longer side fills.

        Args:
            grid_size: number of cells along each side, from 1.

        Returns:
            Shape (grid_size, grid_size), True where a cell's centre lies inside. Rows go along y
            from the lowest, columns along x: show it with `origin="lower"`.

        Raises:
            ValueError: `grid_size` is less than 1.
        """
        if grid_size < 1:
            raise ValueError(f"grid_size must be at least 1, got {grid_size}.")
        boundary = self.outline()
        low, high = boundary.min(axis=0), boundary.max(axis=0)
        steps = ((np.arange(grid_size) + 0.5) / grid_size - 0.5) * (high - low).max()
        x, y = np.meshgrid(*(steps + middle for middle in (low + high) / 2))
        inside = self._contains(np.column_stack([x.ravel(), y.ravel()]))
        return inside.reshape(grid_size, grid_size)


def require_number(name: str, value: object) -> float:
    """Return `value` as a float; raise TypeError unless it is a number (a text is none)."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    return float(value)


def require_positive(name: str, value: float) -> float:
    """Return `value` as a float.

    Raises:
        TypeError: it is not a number.
        ValueError: it is not finite and above 0.
    """
    value = require_number(name, value)
    if not 0 < value < math.inf:
        raise ValueError(f"{name} must be a finite number above 0, got {value!r}.")
    return float(value)


def require_point(name: str, value: Sequence[float]) -> tuple[float, float]:
    """Return `value` as (x, y); raise ValueError unless it holds two finite numbers."""
    if np.shape(value) != (2,) or not all(math.isfinite(require_number(name, x)) for x in value):
        raise ValueError(f"{name} must be two finite numbers (x, y), got {value!r}.")
    return float(value[0]), float(value[1])


def require_points(name: str, value: npt.ArrayLike) -> Float64:
    """Return `value` as an array; raise ValueError unless it is (n, 2) finite numbers."""
    points = np.asarray(value, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"{name} must be points of shape (n, 2), got {points.shape}.")
    finite = np.isfinite(points)
    if not finite.all():
        wrong = int(np.argmin(finite.all(axis=1)))
        raise ValueError(
            f"{name} must hold finite numbers, got {points[wrong].tolist()} as point {wrong}."
        )
    return points


def require_shape(name: str, value: object) -> None:
    """Raise TypeError unless `value` is a shape."""
    if not isinstance(value, Shape):
        raise TypeError(f"{name} must be a shape, such as Circle(1.0), got {value!r}.")
