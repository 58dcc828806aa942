"""Membrane: one drum of any shape on its grid, with its middle and its pick-up."""

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from ..geometry import Shape

Point = tuple[float, ...]  # (x, y)

_PICK_UP_DIRECTION = np.array([math.cos(1.0), math.sin(1.0)])
_PICK_UP_FRACTION = 0.58
_MOST_DRAWS = 256


class Grid(Protocol):
    """What the motion of a membrane is computed on."""

    @property
    def step(self) -> float:
        """Distance between nodes, metres; a rim of half of it is at rest."""

    def carries(self, point: Point) -> bool:
        """Return whether a point, so deep inside, moves."""

    def deepest(self) -> Point:
        """Return a point that lies farthest from the wall, or nearly."""


class Membrane:
    """A drum on its grid; points are (x, y) in metres from the centroid.

    Attributes:
        size: square root of its area, metres.
        shape: at its size, the centroid at the origin.
        labels: those of the shape.
        grid: where it lies on the grid.
        middle: the centroid, or where a strike cannot fall on that, a point farthest from the wall.
        pick_up: where it is heard.
    """

    def __init__(
        self,
        size: float,
        shape: Shape,
        labels: dict[str, list[float | int]],
        grid: Grid,
        pick_up: Point | None,
    ) -> None:
        """Find middle and pick-up; raise ValueError where the pick-up given does not move."""
        self.size, self.shape, self.labels, self.grid = size, shape, labels, grid
        self.middle: Point = (0.0, 0.0)
        if not self._takes_strike(self.middle):
            self.middle = self.grid.deepest()
        self.pick_up = self._generic_point() if pick_up is None else pick_up
        self.require_inside("sample_location", self.pick_up)

    def require_inside(self, name: str, point: Point) -> None:
        """Raise ValueError, naming the setting, unless a point lies inside, where nodes move."""
        if not (self.shape.depth([point])[0] > 0 and self.grid.carries(point)):
            raise ValueError(
                f"{name} must lie inside every drum, off its rim; {point} does not on one of "
                f"{self.size:.6g} m (metres from the centroid, rim {self.grid.step / 2:.3g} m)"
            )

    def draw_strike(self, rng: np.random.Generator, box: npt.NDArray[np.float64] | None) -> Point:
        """Draw a point that takes a strike, in a box or, where that is None, anywhere.

        The box is given by its lower left and its upper right corner, shape (2, 2); ValueError is
        raised where no point of it was found on the drum.
        """
        corners = box
        if corners is None:
            outline = self.shape.outline()
            corners = np.array([outline.min(axis=0), outline.max(axis=0)])
        elif (corners[0] == corners[1]).all():
            x, y = corners[0].tolist()
            self.require_inside("strike_location", (x, y))
            return x, y
        for _ in range(_MOST_DRAWS):
            points = corners[0] + (corners[1] - corners[0]) * rng.random((16, 2))
            for x, y in points[self.shape.depth(points) >= self.grid.step / 2].tolist():
                if self.grid.carries((x, y)):
                    return x, y
        if box is None:
            return self.middle
        raise ValueError(
            f"no strike with x and y in the ranges {box.T.tolist()} of strike_location falls on a "
            f"drum of {self.size:.6g} m: of {16 * _MOST_DRAWS} not one did"
        )

    def _takes_strike(self, point: Point) -> bool:
        """Return whether a strike may fall here: half a step from the wall, where nodes move."""
        return bool(self.shape.depth([point])[0] >= self.grid.step / 2) and self.grid.carries(point)

    def _generic_point(self) -> Point:
        """Return the point on a ray from the middle, a part of the way to the wall, off the rim."""
        outline = self.shape.outline() - self.middle
        along = outline @ _PICK_UP_DIRECTION
        beside = outline @ np.array([-_PICK_UP_DIRECTION[1], _PICK_UP_DIRECTION[0]])
        crossing = np.flatnonzero((beside > 0)[:-1] != (beside > 0)[1:])
        start, end = beside[crossing], beside[crossing + 1]
        share = start / (start - end)
        distances = along[crossing] + share * (along[crossing + 1] - along[crossing])
        away = _PICK_UP_FRACTION * float(distances[distances > 0].min())
        while True:
            x, y = (self.middle + away * _PICK_UP_DIRECTION).tolist()
            if self._takes_strike((x, y)) or away < self.grid.step / 2:
                return x, y
            away /= 2


class Strike(NamedTuple):
    """All that a sound depends on."""

    source: bytes  # the random numbers that the drum was drawn from: the same, the same drum
    drum: Any  # a `Membrane`, on the kind of grid that its model lays
    point: Point
    width: float  # metres
    sigma: float  # 1/s, the same of all strikes on a drum
