"""Shapes that samplers draw: the families, or one kind by class or name, and their labels."""

import inspect
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ..geometry import Polygon, RegularPolygon, RegularStar, Shape, shape_called

FAMILIES: Final = ("circle", "rectangle", "polygon")
"""The families of shapes; the label `family` is an index into this tuple."""

_MOST_DRAWN = 10
"""The most vertices of a regular polygon that are drawn."""


class ShapeSource:
    """Draws shapes of one kind.

    Attributes:
        kind: the class of the shapes.
        settings: its arguments, as JSON keeps them.
    """

    def __init__(self, kind: type[Shape] | str, settings: Mapping[str, Any] | None) -> None:
        """Check what is to be drawn.

        Args:
            kind: a class of shapes, or its name.
            settings: its arguments; None: all of their defaults.

        Raises:
            TypeError: not a shape nor a name, or arguments that it does not take.
            ValueError: no shape is called so.
        """
        self.kind = as_shape(kind)
        self.settings = as_shape_settings(self.kind, settings)
        self._takes_rng = "rng" in inspect.signature(self.kind).parameters

    def draw(self, size: float, rng: np.random.Generator) -> Shape:
        """Draw a shape of the area size^2 (m^2), its centroid at the origin."""
        shape = self.kind(**self.settings, **({"rng": rng} if self._takes_rng else {}))
        shape.area = size * size
        shape.centroid = (0.0, 0.0)
        return shape

    @cached_property
    def _most_vertices(self) -> int:
        return most_vertices(self.kind, self.settings)

    def labels(self, shape: Shape) -> dict[str, list[float | int]]:
        """Return a shape's labels, `vertices` as many as any shape from here has.

        The last vertex is repeated; `N` says how many count.
        """
        labels = shape.labels
        if "vertices" in labels:
            vertices = labels["vertices"]
            missing = self._most_vertices - len(vertices) // 2
            labels = labels | {"vertices": vertices + vertices[-2:] * missing}
        return labels


def as_shape(value: type[Shape] | str) -> type[Shape]:
    """Return a class of shapes, given itself or by its name.

    A name is that of a class of geometry, or of a shape of your own that has been defined (its
    module imported) by now; of several of one name, the one defined last.

    Raises:
        TypeError: neither a shape nor a name.
        ValueError: no shape is called so, or another one is called like a shape of your own.
    """
    if isinstance(value, str):
        return _called(value)
    if not (isinstance(value, type) and issubclass(value, Shape)) or inspect.isabstract(value):
        raise TypeError(
            f"arbitrary_shape must be a class of geometry or the name of one, got {value!r}. For "
            'one given polygon: "Polygon", with shape_settings={"vertices": polygon.vertices}.'
        )
    if _called(value.__name__) is not value:
        raise ValueError(
            f"arbitrary_shape: another shape is called {value.__name__!r} too, and would be taken "
            "for yours when a stored dataset is drawn again: rename yours."
        )
    return value


def as_shape_settings(shape: type[Shape], value: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the arguments of a shape as JSON keeps them, less the generator.

    Raises:
        TypeError: not a dictionary, or the shape takes no such argument, or lacks one.
    """
    if value is not None and not isinstance(value, Mapping):
        raise TypeError(f"shape_settings must be a dictionary, got {value!r}.")
    settings = {name: _plain(number) for name, number in (value or {}).items()}
    if "rng" in settings:
        raise TypeError("shape_settings must not hold 'rng': the sampler's seed draws the shape.")
    try:
        inspect.signature(shape).bind(**settings)
    except TypeError as error:
        raise TypeError(f"shape_settings do not fit {shape.__name__}: {error}") from error
    return settings


def most_vertices(shape: type[Shape], settings: Mapping[str, Any]) -> int:
    """Return the largest number of vertices that may be drawn; 0 where nothing is to be drawn.

    A shape of your own that draws their number is asked for its argument `max_vertices`.
    """
    if int(settings.get("N", 0)) >= 3:
        return 0
    if issubclass(shape, RegularStar):
        # Two vertices a tip; with m given, 2 m + 1 to 2 m + 6 tips are drawn.
        return 4 * max(int(settings.get("m", 0)), 2) + 12
    if issubclass(shape, RegularPolygon):
        return _MOST_DRAWN
    parameter = inspect.signature(shape).parameters.get("max_vertices")
    default = parameter.default if parameter is not None else 0
    return int(settings.get("max_vertices", default))


def _plain(value: Any) -> Any:
    """A value as JSON keeps it: arrays and tuples as lists, NumPy's numbers as Python's."""
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _called(name: str) -> type[Shape]:
    """The class of geometry of this name, or the shape that was defined last under it."""
    try:
        return shape_called(name)
    except ValueError as error:
        own = [shape for shape in _descendants(Shape) if shape.__name__ == name]
        if own:
            return own[-1]
        raise ValueError(
            f"arbitrary_shape: {error} A shape of your own must be defined before."
        ) from error


def _descendants(shape: type[Any]) -> Iterator[type[Shape]]:
    """All concrete classes below a class of shapes."""
    for child in shape.__subclasses__():
        if not inspect.isabstract(child):
            yield child
        yield from _descendants(child)


def elongation(polygon: Polygon) -> float:
    """Return the aspect ratio of the rectangle of the same principal second moments of area.

    Of a rectangle a by b these are a^3 b / 12 and a b^3 / 12, the square root of whose ratio is
    a / b.

    Returns:
        At least 1; 1 for a square and for every regular polygon.
    """
    low, high = np.linalg.eigvalsh(second_moments(polygon))
    return float(np.sqrt(high / low))


def second_moments(polygon: Polygon) -> npt.NDArray[np.float64]:
    """Return the integrals of x x, x y, y x and y y over a polygon, about its centroid.

    With c = x y' - x' y of each edge from (x, y) to (x', y'), Green's theorem gives

        I_xx = sum c (x^2 + x x' + x'^2) / 12,   I_xy = sum c (2 x y + x y' + x' y + 2 x' y') / 24

    about the origin, and I_yy as I_xx.

    Returns:
        Shape (2, 2), m^4.
    """
    start = polygon.vertices - np.array(polygon.centroid)
    end = np.roll(start, -1, axis=0)
    cross = start[:, 0] * end[:, 1] - end[:, 0] * start[:, 1]
    mixed = np.einsum("n,ni,nj->ij", cross, start, end)
    moments: npt.NDArray[np.float64] = (
        np.einsum("n,ni,nj->ij", cross, start, start)
        + np.einsum("n,ni,nj->ij", cross, end, end)
        + (mixed + mixed.T) / 2
    ) / 12
    return moments
