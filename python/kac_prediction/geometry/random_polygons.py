"""Random polygons: convex, star-shaped and of any simple shape.

Each is drawn again where it is not simple, too narrow to hold a drum or all but touches itself
(`random_vertices.is_a_drum`); the number of vertices is drawn once and uniform.
"""

import numpy as np

from .polygon import Polygon
from .random_vertices import convex_vertices, draw_polygon, star_vertices, travelling_vertices
from .shape import ShapeSettings


class RandomPolygonSettings(ShapeSettings, total=False):
    """The parameters of a random polygon."""

    N: int
    max_vertices: int


class ConvexPolygon(Polygon):
    """A random convex polygon of unit area about the origin (Valtr 1995)."""

    class Settings(RandomPolygonSettings, total=False):
        """The parameters of a random convex polygon."""

    def __init__(
        self, N: int = 0, max_vertices: int = 10, *, rng: np.random.Generator | None = None
    ) -> None:
        """Draw a convex polygon.

        Args:
            N: number of vertices. Below 3: drawn, uniform in 3 .. `max_vertices`.
            max_vertices: the most that are drawn.
            rng: draws it; without one, fresh entropy does.

        Raises:
            TypeError: `N` or `max_vertices` is not an integer.
            ValueError: `N` is to be drawn and `max_vertices` is below 3.
        """
        rng = np.random.default_rng(rng)
        super().__init__(draw_polygon(convex_vertices, N, max_vertices, rng))


class IrregularStar(Polygon):
    """A random star of unit area about the origin: points in order of their angle about a centre.

    All of it is seen from the mean of its vertices.
    """

    class Settings(RandomPolygonSettings, total=False):
        """The parameters of a random star."""

    def __init__(
        self, N: int = 0, max_vertices: int = 10, *, rng: np.random.Generator | None = None
    ) -> None:
        """Draw a star.

        Args:
            N: number of vertices. Below 3: drawn, uniform in 3 .. `max_vertices`.
            max_vertices: the most that are drawn.
            rng: draws it; without one, fresh entropy does.

        Raises:
            TypeError: `N` or `max_vertices` is not an integer.
            ValueError: `N` is to be drawn and `max_vertices` is below 3.
        """
        rng = np.random.default_rng(rng)
        super().__init__(draw_polygon(star_vertices, N, max_vertices, rng))


class TravellingSalesmanPolygon(Polygon):
    """A random simple polygon of unit area about the origin: a round trip without crossings."""

    class Settings(RandomPolygonSettings, total=False):
        """The parameters of a random simple polygon."""

    def __init__(
        self, N: int = 0, max_vertices: int = 10, *, rng: np.random.Generator | None = None
    ) -> None:
        """Draw a simple polygon.

        Args:
            N: number of vertices. Below 3: drawn, uniform in 3 .. `max_vertices`.
            max_vertices: the most that are drawn.
            rng: draws it; without one, fresh entropy does.

        Raises:
            TypeError: `N` or `max_vertices` is not an integer.
            ValueError: `N` is to be drawn and `max_vertices` is below 3.
        """
        rng = np.random.default_rng(rng)
        super().__init__(draw_polygon(travelling_vertices, N, max_vertices, rng))
