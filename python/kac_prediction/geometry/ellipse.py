"""Ellipses and circles."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .ellipse_distance import distance_to_ellipse
from .shape import Float64, Shape, ShapeSettings, require_number, require_point, require_positive

_DRAWN_LENGTH = (0.1, 1.0)
_DRAWN_ASPECT = (1.0, 4.0)
_ROUNDING = 8 * np.finfo(np.float64).eps


class Ellipse(Shape):
    """An ellipse whose longer axis lies along x.

    Attributes:
        major: the semi-axis along x, metres.
        minor: the semi-axis along y, metres.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of an ellipse."""

        major: float
        minor: float
        centroid: Sequence[float]

    def __init__(
        self,
        major: float = 1.0,
        minor: float = 0.0,
        centroid: Sequence[float] = (0.0, 0.0),
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Make an ellipse; a semi-axis of 0 is drawn.

        Args:
            major: longer semi-axis in metres. 0: uniform in [0.1, 1), or, where `minor` is given,
                `minor` times an aspect ratio uniform in [1, 4).
            minor: shorter semi-axis in metres. 0: `major` over an aspect ratio uniform in [1, 4).
            centroid: where its middle lies, (x, y) in metres.
            rng: draws what is 0; without one, fresh entropy does.

        Raises:
            ValueError: a semi-axis is negative or not finite, `minor` is longer than `major`, or
                the centroid is not two finite numbers.
        """
        for name, axis in (("major", major), ("minor", minor)):
            if not 0 <= require_number(name, axis) < math.inf:
                raise ValueError(f"{name} must be a finite number from 0 (0: drawn), got {axis!r}.")
        if 0 < major < minor:
            raise ValueError(
                f"minor must not be longer than major ({major!r}), got {minor!r}: exchange them."
            )
        rng = np.random.default_rng(rng)
        if major == 0 and minor == 0:
            major = rng.uniform(*_DRAWN_LENGTH)
        self._major = float(major or minor * rng.uniform(*_DRAWN_ASPECT))
        self._minor = float(minor or major / rng.uniform(*_DRAWN_ASPECT))
        self._middle = require_point("centroid", centroid)

    @property
    def major(self) -> float:
        """The semi-axis along x, metres."""
        return self._major

    @property
    def minor(self) -> float:
        """The semi-axis along y, metres."""
        return self._minor

    def eccentricity(self) -> float:
        """Return the focal distance over the longer semi-axis: 0 for a circle, below 1."""
        return self.focalDistance() / self.major

    def focalDistance(self) -> float:
        """Return the distance from the centroid to a focus, metres."""
        return math.sqrt((self.major - self.minor) * (self.major + self.minor))

    def foci(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Return the two points whose distances to the boundary have one sum, 2 `major`."""
        (x, y), distance = self._middle, self.focalDistance()
        return (x - distance, y), (x + distance, y)

    @property
    def labels(self) -> dict[str, list[float | int]]:
        """The semi-axes: `major` and `minor`."""
        return {"major": [self.major], "minor": [self.minor]}

    @property
    def perimeter(self) -> float:
        """Length of the boundary in metres.

        Gauss's arithmetic-geometric mean M(a, b), which doubles its digits at each step:
        perimeter = 2 pi (a^2 - sum_k 2^(k-1) c_k^2) / M(a, b), with c_0^2 = a^2 - b^2 and
        c_(k+1) = (a_k - b_k) / 2.
        Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 17.6.
        """
        a, b = self.major, self.minor
        weight, total = 0.5, self.major**2 - 0.5 * self.focalDistance() ** 2
        while a - b > _ROUNDING * a:
            half = (a - b) / 2
            a, b = (a + b) / 2, math.sqrt(a * b)
            weight *= 2
            total -= weight * half**2
        return 2 * math.pi * total / a

    def outline(self, points: int = 256) -> Float64:
        """Walk once around the boundary, from the far end of the longer axis.

        Args:
            points: number of points, from 3.

        Returns:
            Counter-clockwise and closed, shape (points + 1, 2), metres.

        Raises:
            ValueError: fewer than 3 points.
        """
        if points < 3:
            raise ValueError(f"points must be at least 3, got {points}.")
        angle = np.linspace(0, 2 * np.pi, points + 1)
        circle = np.column_stack([np.cos(angle), np.sin(angle)])
        circle[-1] = circle[0]
        return circle * (self.major, self.minor) + self._middle

    def _area(self) -> float:
        return math.pi * self.major * self.minor

    def _centroid(self) -> tuple[float, float]:
        return self._middle

    def _contains(self, points: Float64) -> npt.NDArray[np.bool_]:
        scaled = (points - self._middle) / (self.major, self.minor)
        inside: npt.NDArray[np.bool_] = (scaled**2).sum(axis=1) <= 1 + _ROUNDING
        return inside

    def _depth(self, points: Float64) -> Float64:
        distance = distance_to_ellipse(points - self._middle, self.major, self.minor)
        return np.where(self._contains(points), distance, -distance)

    def _move(self, x: float, y: float) -> None:
        self._middle = (self._middle[0] + x, self._middle[1] + y)

    def _scale(self, factor: float) -> None:
        self._major *= factor
        self._minor *= factor


class Circle(Ellipse):
    """A circle: an ellipse whose two semi-axes are its radius."""

    class Settings(ShapeSettings, total=False):
        """The parameters of a circle."""

        r: float
        centroid: Sequence[float]

    def __init__(
        self,
        r: float = 0.0,
        centroid: Sequence[float] = (0.0, 0.0),
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        """Make a circle; a radius of 0 is drawn.

        Args:
            r: radius in metres. 0: uniform in [0.1, 1).
            centroid: where its middle lies, (x, y) in metres.
            rng: draws what is 0; without one, fresh entropy does.

        Raises:
            ValueError: the radius is negative or not finite, or the centroid is not two finite
                numbers.
        """
        if r == 0:
            r = np.random.default_rng(rng).uniform(*_DRAWN_LENGTH)
        r = require_positive("r", r)
        super().__init__(r, r, centroid)

    @classmethod
    def of_size(cls, drum_size: float) -> "Circle":
        """Return the circle whose area has the square root `drum_size`, in metres.

        Raises:
            ValueError: the size is not a finite number above 0.
        """
        return cls(require_positive("drum_size", drum_size) / math.sqrt(math.pi))

    @property
    def r(self) -> float:
        """Radius in metres."""
        return self.major
