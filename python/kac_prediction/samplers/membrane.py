"""Membrane: one drum of any shape on its grid, with its middle and its pick-up."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..geometry import Shape
from ..physics import DrumGrid

Point: TypeAlias = tuple[float, float]

_PICK_UP_ANGLE = 1.0
_PICK_UP_FRACTION = 0.58


@dataclass(frozen=True, eq=False)
class Membrane:
    """A drum on its grid; points are (x, y) in metres from the centroid.

    Attributes:
        size: square root of its area, metres.
        shape: at its size, the centroid at the origin.
        grid: where it lies on the grid.
        middle: the centroid, or where a strike cannot fall on that, a point farthest from the wall.
        pick_up: where it is heard.
        labels: those of the shape.
    """

    size: float
    shape: Shape
    grid: DrumGrid
    middle: Point
    pick_up: Point
    labels: dict[str, list[float | int]]

    @classmethod
    def laid_out(
        cls,
        size: float,
        shape: Shape,
        grid: DrumGrid,
        pick_up: Point | None,
        labels: dict[str, list[float | int]],
    ) -> "Membrane":
        """Find the middle, and the pick-up if it is not given.

        Raises:
            ValueError: the pick-up that is given does not lie where the membrane moves.
        """
        bare = cls(size, shape, grid, (0.0, 0.0), (0.0, 0.0), labels)
        middle = (0.0, 0.0) if bare.takes_strike((0.0, 0.0)) else grid.deepest()
        if pick_up is None:
            pick_up = bare._generic_point(middle)
        bare.require_inside("sample_location", pick_up)
        return cls(size, shape, grid, middle, pick_up, labels)

    def takes_strike(self, point: Point) -> bool:
        """Return whether a strike may fall here: half a step from the wall, where nodes move."""
        return bool(self.shape.depth([point])[0] >= self.grid.step / 2) and self.grid.carries(point)

    def require_inside(self, name: str, point: Point) -> None:
        """Raise ValueError, naming the setting, unless a point lies inside, where nodes move."""
        if not (self.shape.depth([point])[0] > 0 and self.grid.carries(point)):
            raise ValueError(
                f"{name} must lie inside every drum, off its rim; {point} does not on one of "
                f"{self.size:.6g} m (metres from the centroid, rim {self.grid.step / 2:.3g} m)"
            )

    def draw_strike(
        self, rng: np.random.Generator, box: npt.NDArray[np.float64] | None, draws: int
    ) -> Point | None:
        """Draw points uniform in a box until one takes a strike; None if none of them does.

        Args:
            rng: draws them.
            box: lower left and upper right corner, shape (2, 2). None: that around the drum.
            draws: how often sixteen of them are drawn at most.
        """
        if box is None:
            outline = self.shape.outline()
            box = np.array([outline.min(axis=0), outline.max(axis=0)])
        for _ in range(draws):
            points = box[0] + (box[1] - box[0]) * rng.random((16, 2))
            for x, y in points[self.shape.depth(points) >= self.grid.step / 2].tolist():
                if self.grid.carries((x, y)):
                    return x, y
        return None

    def _generic_point(self, middle: Point) -> Point:
        """Return the point on a ray from the middle, a part of the way to the wall, off the rim."""
        direction = np.array([math.cos(_PICK_UP_ANGLE), math.sin(_PICK_UP_ANGLE)])
        away = _PICK_UP_FRACTION * _distance_to_wall(self.shape.outline() - middle, direction)
        while True:
            x, y = (middle + away * direction).tolist()
            if self.takes_strike((x, y)) or away < self.grid.step / 2:
                return x, y
            away /= 2


def _distance_to_wall(
    outline: npt.NDArray[np.float64], direction: npt.NDArray[np.float64]
) -> float:
    """Return how far a ray from the origin goes until it first crosses a closed line."""
    along = outline @ direction
    beside = outline @ np.array([-direction[1], direction[0]])
    side = beside > 0
    crossing = np.flatnonzero(side[:-1] != side[1:])
    start, end = beside[crossing], beside[crossing + 1]
    share = start / (start - end)
    distances = along[crossing] + share * (along[crossing + 1] - along[crossing])
    return float(distances[distances > 0].min())
