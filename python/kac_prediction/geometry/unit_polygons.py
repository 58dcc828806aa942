"""Rectangles and triangles of unit area."""

import math

import numpy as np

from .polygon import Polygon, at_unit_area
from .shape import ShapeSettings, require_positive

_DRAWN_ASPECT = (1.0, 4.0)
_DRAWN_RADIUS = (0.3, 1.0)
_DRAWN_ANGLE = (math.pi / 6, math.pi / 2)


class UnitRectangle(Polygon):
    """A rectangle of unit area about the origin, its sides along the axes.

    Attributes:
        epsilon: the aspect ratio, side along x over side along y.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a rectangle."""

        epsilon: float

    def __init__(self, epsilon: float = 0.0, *, rng: np.random.Generator | None = None) -> None:
        """Make a rectangle of the sides sqrt(epsilon) along x and 1 / sqrt(epsilon) along y.

        Args:
            epsilon: the aspect ratio, above 0. 0: drawn, uniform in [1, 4).
            rng: draws what is 0; without one, fresh entropy does.

        Raises:
            ValueError: `epsilon` is negative or not finite.
        """
        if epsilon == 0:
            epsilon = np.random.default_rng(rng).uniform(*_DRAWN_ASPECT)
        self._epsilon = require_positive("epsilon", epsilon)
        x = math.sqrt(self._epsilon) / 2
        y = 0.25 / x
        super().__init__([(-x, -y), (x, -y), (x, y), (-x, y)])

    @property
    def epsilon(self) -> float:
        """The aspect ratio, side along x over side along y."""
        return self._epsilon

    @property
    def labels(self) -> dict[str, list[float | int]]:
        """`N`, `vertices` and the aspect ratio `epsilon`."""
        return {**super().labels, "epsilon": [self.epsilon]}


class UnitTriangle(Polygon):
    """A triangle of unit area about the origin, lying on its longest side, from vertex 0 to 1.

    Every triangle but its size and its mirror image is one pair (r, theta) in (0, 1] x (0, pi/2],
    and every pair is one triangle. Let the longest side run from (-1/2, 0) to (1/2, 0) and the apex
    lie above it, on the right: no side is longer where the apex is at most 1 from the left end.
    From the middle of the side the apex is seen under the angle theta, and on that ray the lens

        (x + 1/2)^2 + y^2 <= 1   ends at   R(theta) = (sqrt(3 + cos^2 theta) - cos theta) / 2.

    The apex is r R(theta) (cos theta, sin theta). So (1, pi/2) is the equilateral triangle,
    theta = pi/2 has two equal sides no longer than the base, r = 1 two that are the longest, and
    r R(theta) = 1/2 a right angle. r = 0 and theta = 0 enclose nothing.

    Attributes:
        r: how far the apex lies from the middle of the longest side, as a share of the farthest.
        theta: the angle under which it lies there, radians.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a triangle."""

        r: float
        theta: float

    def __init__(
        self, r: float = 0.0, theta: float = 0.0, *, rng: np.random.Generator | None = None
    ) -> None:
        """Make a triangle.

        Args:
            r: distance of the apex, in (0, 1]. 0: drawn, uniform in [0.3, 1).
            theta: angle of the apex in radians, in (0, pi/2]. 0: drawn, uniform in [pi/6, pi/2).
            rng: draws what is 0; without one, fresh entropy does.

        Raises:
            ValueError: `r` or `theta` is outside its range.
        """
        rng = np.random.default_rng(rng)
        r = rng.uniform(*_DRAWN_RADIUS) if r == 0 else require_positive("r", r)
        theta = rng.uniform(*_DRAWN_ANGLE) if theta == 0 else require_positive("theta", theta)
        if r > 1:
            raise ValueError(f"r must be at most 1, got {r!r}.")
        if theta > math.pi / 2:
            raise ValueError(f"theta must be at most pi/2, got {theta!r}.")
        self._r, self._theta = float(r), float(theta)
        x, y = math.cos(theta), math.sin(theta)
        distance = r * (math.sqrt(3 + x * x) - x) / 2
        super().__init__(
            at_unit_area(np.array([(-0.5, 0), (0.5, 0), (distance * x, distance * y)]))
        )

    @property
    def r(self) -> float:
        """Distance of the apex from the middle of the longest side, a share of the farthest."""
        return self._r

    @property
    def theta(self) -> float:
        """The angle under which the apex is seen from there, radians."""
        return self._theta

    @property
    def labels(self) -> dict[str, list[float | int]]:
        """`N`, `vertices`, `r` and `theta`."""
        return {**super().labels, "r": [self.r], "theta": [self.theta]}
