"""Ellipses and circles."""

import math
from collections.abc import Sequence

import numpy as np

from .._arrays import Bool, Float64
from .._checks import check_count, check_number, check_numbers
from .shape import Shape, ShapeSettings

_DRAWN_LENGTH = (0.1, 1.0)
_DRAWN_ASPECT = (1.0, 4.0)
_EPSILON = np.finfo(np.float64).eps


class Ellipse(Shape):
    """An ellipse whose longer axis lies along x.

    Args:
        major: longer semi-axis in metres. 0: uniform in [0.1, 1), or, where `minor` is given,
            `minor` times an aspect ratio uniform in [1, 4).
        minor: shorter semi-axis in metres. 0: `major` over an aspect ratio uniform in [1, 4).
            The two are exchanged where `minor` is the longer one, also when one is set.
        centroid: (x, y) in metres.
        rng: draws what is 0.

    Raises:
        ValueError: a semi-axis is negative; or, when it is set, 0.
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
        major = check_number("major", major, least=0)
        minor = check_number("minor", minor, least=0)
        rng = np.random.default_rng(rng)
        if major == 0 and minor == 0:
            major = rng.uniform(*_DRAWN_LENGTH)
        longer = float(major or minor * rng.uniform(*_DRAWN_ASPECT))
        shorter = float(minor or major / rng.uniform(*_DRAWN_ASPECT))
        self._minor, self._major = sorted((longer, shorter))
        x, y = check_numbers("centroid (x, y)", centroid, 2)
        self._middle = (x, y)

    @property
    def major(self) -> float:
        """The semi-axis along x, metres; may be set."""
        return self._major

    @major.setter
    def major(self, length: float) -> None:
        self._set_axes(check_number("major", length, above=0), self.minor)

    @property
    def minor(self) -> float:
        """The semi-axis along y, metres; may be set."""
        return self._minor

    @minor.setter
    def minor(self, length: float) -> None:
        self._set_axes(self.major, check_number("minor", length, above=0))

    def _set_axes(self, one: float, other: float) -> None:
        self._minor, self._major = sorted((one, other))

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
        while a - b > 8 * _EPSILON * a:
            half = (a - b) / 2
            a, b = (a + b) / 2, math.sqrt(a * b)
            weight *= 2
            total -= weight * half**2
        return 2 * math.pi * total / a

    def outline(self, points: int = 256) -> Float64:
        """Return points once around, from the far end of the longer axis: see `Shape.outline`."""
        angle = np.linspace(0, 2 * np.pi, check_count("points", points, 3) + 1)
        circle = np.column_stack([np.cos(angle), np.sin(angle)])
        circle[-1] = circle[0]
        return circle * (self.major, self.minor) + self._middle

    def _area(self) -> float:
        return math.pi * self.major * self.minor

    def _centroid(self) -> tuple[float, float]:
        return self._middle

    def _contains(self, points: Float64) -> Bool:
        scaled = (points - self._middle) / (self.major, self.minor)
        inside: Bool = (scaled**2).sum(axis=1) <= 1 + 8 * _EPSILON
        return inside

    def _depth(self, points: Float64) -> Float64:
        """Return the depths, by the nearest point of the boundary.

        With z = (|x| / major, |y| / minor) and rho = (major / minor)^2 that point is
        (rho |x| / (s + rho - 1), |y| / s), where s > 0 is the one root of

            F(s) = (rho z_x / (s + rho - 1))^2 + (z_y / s)^2 - 1.

        F falls and is convex, so Newton's iteration climbs to the root from any s below it; at a
        root neither term is above 1, hence the first s. As -1 + s is how far the foot lies along
        the normal, the distance needs no difference of nearly equal points, and is exact to
        rounding, about 1e-14 of `major`.
        Source: D. Eberly, "Distance from a Point to an Ellipse, an Ellipsoid, or a
        Hyperellipsoid", Geometric Tools, 2013 (there with bisection).
        """
        (x, y), major, minor = np.abs(points - self._middle).T, self.major, self.minor
        rho = (major / minor) ** 2
        excess = (major - minor) * (major + minor) / minor**2
        # On the longer axis s would be 0 and the foot 0 / 0: a height of 1e-14 of minor stands in.
        y = np.maximum(y, 1e-14 * minor)
        z_x, z_y = rho * (x / major), y / minor
        s = np.maximum(z_y, z_x - excess)
        for _ in range(100):
            across, up = (z_x / (s + excess)) ** 2, (z_y / s) ** 2
            above = across + up - 1
            s += above / (2 * (across / (s + excess) + up / s))
            if (above <= 16 * _EPSILON).all():
                break
        distance: Float64 = np.abs(s - 1) * np.hypot(x / (s + excess), y / s)
        return np.where(self._contains(points), distance, -distance)

    def _move(self, x: float, y: float) -> None:
        self._middle = (self._middle[0] + x, self._middle[1] + y)

    def _scale(self, factor: float) -> None:
        self._major *= factor
        self._minor *= factor


class Circle(Ellipse):
    """A circle: an ellipse whose two semi-axes are its radius.

    Args:
        r: radius in metres, not negative. 0: drawn, uniform in [0.1, 1).
        centroid: (x, y) in metres.
        rng: draws what is 0.
    """

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
        r = check_number("r", r, least=0) or np.random.default_rng(rng).uniform(*_DRAWN_LENGTH)
        super().__init__(r, r, centroid)

    @classmethod
    def of_size(cls, drum_size: float) -> "Circle":
        """Return the circle whose area has the square root `drum_size`, in metres.

        Raises:
            ValueError: the size is not a finite number above 0.
        """
        return cls(check_number("drum_size", drum_size, above=0) / math.sqrt(math.pi))

    @property
    def r(self) -> float:
        """Radius in metres; may be set."""
        return self.major

    @r.setter
    def r(self, r: float) -> None:
        self._major = self._minor = check_number("r", r, above=0)

    def _set_axes(self, one: float, other: float) -> None:
        raise AttributeError("both semi-axes of a Circle are its r: set r, or make an Ellipse")

    @property
    def labels(self) -> dict[str, list[float | int]]:
        """The radius `r`, and the semi-axes `major` and `minor`, which are the same."""
        return {"r": [self.r], **super().labels}
