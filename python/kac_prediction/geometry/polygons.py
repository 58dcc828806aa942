"""Polygons of unit area about the origin: rectangles, triangles, regular ones and stars."""

import math
from collections.abc import Sequence

import numpy as np

from .._checks import brief, check_count, check_number
from .polygon import Polygon, at_unit_area
from .shape import ShapeSettings

_DRAWN_ASPECT = (1.0, 4.0)
_DRAWN_RADIUS = (0.3, 1.0)
_DRAWN_ANGLE = (math.pi / 6, math.pi / 2)


class UnitRectangle(Polygon):
    """A rectangle of the sides sqrt(epsilon) along x and 1 / sqrt(epsilon) along y.

    Args:
        epsilon: the aspect ratio, above 0. 0 or None: drawn, uniform in [1, 4).
        rng: draws what is 0.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a rectangle."""

        epsilon: float | None

    def __init__(
        self, epsilon: float | None = 0.0, *, rng: np.random.Generator | None = None
    ) -> None:
        self._epsilon = 0.0 if epsilon is None else check_number("epsilon", epsilon, least=0)
        if self._epsilon == 0:
            self._epsilon = np.random.default_rng(rng).uniform(*_DRAWN_ASPECT)
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
    """A triangle, lying on its longest side, from vertex 0 to 1.

    Every triangle but its size and its mirror image is one pair (r, theta) in (0, 1] x (0, pi/2],
    and every pair is one triangle. Let the longest side run from (-1/2, 0) to (1/2, 0) and the apex
    lie above it, on the right: no side is longer where the apex is at most 1 from the left end.
    From the middle of the side the apex is seen under the angle theta, and on that ray the lens

        (x + 1/2)^2 + y^2 <= 1   ends at   R(theta) = (sqrt(3 + cos^2 theta) - cos theta) / 2.

    The apex is r R(theta) (cos theta, sin theta). So (1, pi/2) is the equilateral triangle,
    theta = pi/2 has two equal sides no longer than the base, r = 1 two that are the longest, and
    r R(theta) = 1/2 a right angle. r = 0 and theta = 0 enclose nothing.

    Args:
        r: distance of the apex, in (0, 1]. 0 or None: drawn, uniform in [0.3, 1).
        theta: angle of the apex in radians, in (0, pi/2]. 0 or None: drawn, uniform in
            [pi/6, pi/2).
        rng: draws what is 0.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a triangle."""

        r: float | None
        theta: float | None

    def __init__(
        self,
        r: float | None = 0.0,
        theta: float | None = 0.0,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = np.random.default_rng(rng)
        r = check_number("r", 0 if r is None else r, least=0, most=1)
        r = r or rng.uniform(*_DRAWN_RADIUS)
        theta = check_number("theta", 0 if theta is None else theta, least=0, most=math.pi / 2)
        theta = theta or rng.uniform(*_DRAWN_ANGLE)
        self._r, self._theta = float(r), float(theta)
        x, y = math.cos(theta), math.sin(theta)
        distance = r * (math.sqrt(3 + x * x) - x) / 2
        super().__init__(
            at_unit_area(np.array([(-0.5, 0), (0.5, 0), (distance * x, distance * y)]))
        )

    @property
    def r(self) -> float:
        """Distance of the apex from the middle of the longest side over the largest possible."""
        return self._r

    @property
    def theta(self) -> float:
        """The angle under which the apex is seen from there, radians."""
        return self._theta

    @property
    def labels(self) -> dict[str, list[float | int]]:
        """`N`, `vertices`, `r` and `theta`."""
        return {**super().labels, "r": [self.r], "theta": [self.theta]}


class RegularPolygon(Polygon):
    """A regular polygon, counter-clockwise; its first edge is the lowest and lies along x.

    Args:
        N: number of vertices. Below 3: drawn, uniform in 3 .. `max_vertices`.
        max_vertices: the most that are drawn.
        rng: draws `N`.

    Raises:
        ValueError: `N` is to be drawn and `max_vertices` is below 3.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a regular polygon."""

        N: int
        max_vertices: int

    def __init__(
        self, N: int = 0, max_vertices: int = 10, *, rng: np.random.Generator | None = None
    ) -> None:
        count, most = check_count("N", N, None), check_count("max_vertices", max_vertices, None)
        if count < 3:
            most = check_count("max_vertices", most, 3)
            count = int(np.random.default_rng(rng).integers(3, most, endpoint=True))
        # N triangles of the area r^2 sin(2 pi / N) / 2 each.
        r = math.sqrt(2 / (count * math.sin(2 * math.pi / count)))
        angle = -math.pi / 2 + math.pi / count * (2 * np.arange(count) - 1)
        super().__init__(r * np.column_stack([np.cos(angle), np.sin(angle)]))


class RegularStar(Polygon):
    """The outline of the star polygon {N/m}, counter-clockwise; vertex 0 is the highest tip.

    Tips and notches take turns: the star of n tips is a polygon of 2 n vertices, which is its `N`.

    Args:
        N: number of tips, from 5. Below 3: drawn, uniform in 5 .. 10, or where `m` is given in
            2 m + 1 .. 2 m + 6. A pair is a `schlafli_symbol`.
        m: each tip is joined to the m-th from it, 2 <= m < N / 2. 0: drawn, uniform.
        max_vertices: the most tips that are drawn; None: as above.
        schlafli_symbol: (N, m) of the star polygon {N/m}, in place of these two.
        rng: draws what is 0.

    Raises:
        ValueError: there is no such star.
    """

    class Settings(ShapeSettings, total=False):
        """The parameters of a regular star."""

        N: int | Sequence[int]
        m: int
        max_vertices: int | None
        schlafli_symbol: Sequence[int] | None

    def __init__(
        self,
        N: int | Sequence[int] = 0,
        m: int = 0,
        max_vertices: int | None = None,
        schlafli_symbol: Sequence[int] | None = None,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = np.random.default_rng(rng)
        symbol = N if isinstance(N, Sequence) and schlafli_symbol is None else schlafli_symbol
        if symbol is not None:
            N, m = _schlafli_symbol(symbol)
        tips, m = check_count("N", N, least=None), check_count("m", m, least=None)
        if tips < 3:
            fewest = 2 * max(m, 2) + 1
            most = fewest + 5
            if max_vertices is not None:
                most = check_count("max_vertices", max_vertices, fewest)
            tips = int(rng.integers(fewest, most, endpoint=True))
        if tips < 5:
            raise ValueError(f"N must be at least 5, got {N}: use RegularPolygon({N})")
        if m == 0:
            m = int(rng.integers(2, (tips - 1) // 2, endpoint=True))
        if not 2 <= m < tips / 2:
            raise ValueError(f"m must be from 2 to {(tips - 1) // 2} with {tips} tips, got {m}")
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


def _schlafli_symbol(symbol: Sequence[int]) -> tuple[int, int]:
    """Return (N, m) of a star polygon {N/m}, N from 5; raise for anything else."""
    if not isinstance(symbol, Sequence) or len(symbol) != 2:
        raise ValueError(f"schlafli_symbol must be a pair (N, m), got {brief(symbol)}")
    N, m = (
        check_count(f"{name} of schlafli_symbol", x) for name, x in zip("Nm", symbol, strict=True)
    )
    if m < 2:
        raise ValueError(
            f"m of schlafli_symbol must be at least 2, got {m}: use RegularPolygon({N})"
        )
    return N, m
