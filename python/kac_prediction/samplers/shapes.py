"""Shapes that samplers draw: the families, or one kind by class or name, and their labels."""

import inspect
from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np

from .._arrays import Float64
from .._checks import brief
from ..geometry import Circle, Ellipse, Polygon, RegularStar, Shape, shape_called
from ..geometry.radii import cross

FAMILIES: Final = ("circle", "rectangle", "polygon")
"""The families of shapes; the label `family` is an index into this tuple."""


class ShapeSource:
    """Draws shapes of one kind.

    Attributes:
        kind: the class of the shapes.
        settings: its arguments, as JSON keeps them.
    """

    def __init__(self, kind: type[Shape] | str | Shape, settings: Mapping[str, Any] | None) -> None:
        """Check what is to be drawn, as `FDTDModel` has it."""
        if isinstance(kind, Shape):
            if settings is not None:
                raise TypeError(
                    "shape_settings are the arguments of a class, and a shape has been drawn "
                    f"already: leave them out, got {settings!r}"
                )
            kind, settings = _as_settings(kind)
        elif isinstance(kind, str):
            try:
                kind = shape_called(kind)
            except ValueError as error:
                raise ValueError(f"arbitrary_shape: {error}") from error
        elif not (isinstance(kind, type) and issubclass(kind, Shape)) or inspect.isabstract(kind):
            raise TypeError(
                "arbitrary_shape must be a class of geometry, the name of one, or a shape, such as "
                f"Circle(0.2), got {brief(kind)}"
            )
        elif shape_called(kind.__name__) is not kind:
            raise ValueError(
                f"arbitrary_shape: another shape is called {kind.__name__!r} too, and would be "
                "taken for yours when a stored dataset is drawn again: rename yours"
            )
        self.kind = kind
        if settings is not None and not isinstance(settings, Mapping):
            raise TypeError(f"shape_settings must be a dictionary, got {settings!r}")
        self.settings = {name: _plain(value) for name, value in (settings or {}).items()}
        if "rng" in self.settings:
            raise TypeError("shape_settings must not hold 'rng': the sampler's seed draws shapes")
        signature = inspect.signature(self.kind)
        try:
            signature.bind(**self.settings)
        except TypeError as error:
            takes = ", ".join(name for name in signature.parameters if name != "rng")
            raise TypeError(
                f"shape_settings do not fit {self.kind.__name__}, which takes {takes}: {error}"
            ) from error
        self._takes_rng = "rng" in signature.parameters

    @cached_property
    def most_vertices(self) -> int:
        """The largest number of vertices that may be drawn; 0 where their number is given.

        A shape of your own that draws their number is asked for its argument `max_vertices`.
        """
        settings, count = self.settings, self.settings.get("N", 0)
        if isinstance(count, list) or settings.get("schlafli_symbol") or int(count) >= 3:
            return 0
        if issubclass(self.kind, RegularStar):
            # Two vertices a tip; with m given, 2 m + 1 to 2 m + 6 tips are drawn.
            tips = settings.get("max_vertices") or 2 * max(int(settings.get("m", 0)), 2) + 6
            return 2 * int(tips)
        parameter = inspect.signature(self.kind).parameters.get("max_vertices")
        default = parameter.default if parameter is not None else 0
        return int(settings.get("max_vertices", default))

    def draw(self, size: float, rng: np.random.Generator) -> Shape:
        """Draw a shape of the area size^2 (m^2), its centroid at the origin."""
        shape = self._of_any_size(rng)
        shape.area = size * size
        shape.centroid = (0.0, 0.0)
        return shape

    def _of_any_size(self, rng: np.random.Generator) -> Shape:
        return self.kind(**self.settings, **({"rng": rng} if self._takes_rng else {}))

    def labels(self, shape: Shape) -> dict[str, list[float | int]]:
        """Return a shape's labels, the last vertex repeated until there are `most_vertices`."""
        labels = shape.labels
        if "vertices" in labels:
            vertices = labels["vertices"]
            missing = self.most_vertices - len(vertices) // 2
            labels = labels | {"vertices": vertices + vertices[-2:] * missing}
        return labels


def _as_settings(shape: Shape) -> tuple[type[Shape], dict[str, Any]]:
    """Return a class and its arguments that make the outline of a shape again."""
    if isinstance(shape, Polygon):
        return Polygon, {"vertices": shape.vertices}
    if isinstance(shape, Circle):
        return Circle, {"r": shape.r}
    if isinstance(shape, Ellipse):
        return Ellipse, {"major": shape.major, "minor": shape.minor}
    raise TypeError(
        f"arbitrary_shape: a {type(shape).__name__} is stored by its class alone: give the class, "
        "and its arguments as shape_settings"
    )


def _plain(value: Any) -> Any:
    """Return a value as JSON keeps it: arrays and tuples as lists, NumPy's numbers as Python's."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def elongation(polygon: Polygon) -> float:
    """Return the aspect ratio, from 1, of the rectangle of the same principal second moments.

    Of a rectangle a by b these are a^3 b / 12 and a b^3 / 12, the square root of whose ratio is
    a / b. It is 1 for a square and for every regular polygon.
    """
    low, high = np.linalg.eigvalsh(second_moments(polygon))
    return float(np.sqrt(high / low))


def second_moments(polygon: Polygon) -> Float64:
    """Return the integrals of x x, x y, y x and y y over a polygon, about its centroid.

    With c = x y' - x' y of each edge from (x, y) to (x', y'), Green's theorem gives

        I_xx = sum c (x^2 + x x' + x'^2) / 12,   I_xy = sum c (2 x y + x y' + x' y + 2 x' y') / 24

    about the origin, and I_yy as I_xx: shape (2, 2), m^4.
    """
    start = polygon.vertices - np.array(polygon.centroid)
    end = np.roll(start, -1, axis=0)
    c = cross(start, end)
    mixed = np.einsum("n,ni,nj->ij", c, start, end)
    moments: Float64 = (
        np.einsum("n,ni,nj->ij", c, start, start)
        + np.einsum("n,ni,nj->ij", c, end, end)
        + (mixed + mixed.T) / 2
    ) / 12
    return moments
