"""Regular polygons and stars."""

import math
from operator import index

import numpy as np

from .polygon import Polygon
from .shape import ShapeSettings

_MOST_DRAWN = 10


class RegularPolygon(Polygon):
    """A regular polygon of unit area about the origin, standing on its first edge.

    The edge from vertex 0 to vertex 1 is the lowest and lies along x; the way around is
    counter-clockwise.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a regular polygon."""

        N: int

    def __init__(self, N: int = 0, *, rng: np.random.Generator | None = None) -> None:
        """Make a regular polygon.

        Args:
            N: number of vertices. Below 3: drawn, uniform in 3 .. 10.
            rng: draws `N`; without one, fresh entropy does.

        Raises:
            TypeError: `N` is not an integer.
        """
        count = index(N)
        if count < 3:
            count = int(np.random.default_rng(rng).integers(3, _MOST_DRAWN, endpoint=True))
        # N triangles of the area r^2 sin(2 pi / N) / 2 each.
        r = math.sqrt(2 / (count * math.sin(2 * math.pi / count)))
        angle = -math.pi / 2 + math.pi / count * (2 * np.arange(count) - 1)
        super().__init__(r * np.column_stack([np.cos(angle), np.sin(angle)]))


class RegularStar(Polygon):
    """The outline of the star polygon {N/m}, of unit area about the origin, a tip upwards.

    Vertex 0 is the tip on the y axis; tips and notches take turns, counter-clockwise. The star of
    n tips is a polygon of 2 n vertices, and that is its `N`.

    Attributes:
        tips: the number of tips, `N` of the symbol {N/m}.
        m: how many tips further the line from a tip leads.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a regular star."""

        N: int
        m: int

    def __init__(self, N: int = 0, m: int = 0, *, rng: np.random.Generator | None = None) -> None:
        """Make a star.

        Args:
            N: number of tips, from 5. Below 3: drawn, uniform in 5 .. 10, or where `m` is given in
                2 m + 1 .. 2 m + 6.
            m: each tip is joined to the m-th from it, 2 <= m < N / 2. 0: drawn, uniform.
            rng: draws what is 0; without one, fresh entropy does.

        Raises:
            TypeError: `N` or `m` is not an integer.
            ValueError: there is no such star.
        """
        rng = np.random.default_rng(rng)
        tips, m = index(N), index(m)
        if tips < 3:
            fewest = 2 * max(m, 2) + 1
            tips = int(rng.integers(fewest, fewest + 5, endpoint=True))
        if tips < 5:
            raise ValueError(f"N must be at least 5, got {N}: use RegularPolygon({N}).")
        if m == 0:
            m = int(rng.integers(2, (tips - 1) // 2, endpoint=True))
        if not 2 <= m < tips / 2:
            raise ValueError(f"m must be from 2 to {(tips - 1) // 2} with {tips} tips, got {m}.")
        self._tips, self._m = tips, m
        # Both lines that meet in a notch pass the centre at cos(pi m / n) times the tips' radius.
        notch = math.cos(math.pi * m / tips) / math.cos(math.pi * (m - 1) / tips)
        # 2 n triangles of the area notch r^2 sin(pi / n) / 2 each.
        r = 1 / math.sqrt(tips * notch * math.sin(math.pi / tips))
        angle = math.pi / 2 + math.pi / tips * np.arange(2 * tips)
        radius = r * np.where(np.arange(2 * tips) % 2, notch, 1.0)
        super().__init__(np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]))

    @property
    def tips(self) -> int:
        """The number of tips, half the number of vertices `N`."""
        return self._tips

    @property
    def m(self) -> int:
        """How many tips further the line from a tip leads."""
        return self._m

    @property
    def labels(self) -> dict[str, list[float | int]]:
        """`N`, `m` and `vertices`; `N` counts vertices, two for each tip."""
        return {**super().labels, "m": [self.m]}
