"""Shapes by their names, as datasets store them."""

import inspect
from collections.abc import Iterator
from typing import Any

from .._checks import brief
from .ellipse import Circle, Ellipse
from .polygon import Polygon
from .polygons import RegularPolygon, RegularStar, UnitRectangle, UnitTriangle
from .random_polygons import ConvexPolygon, IrregularStar, TravellingSalesmanPolygon
from .shape import Shape

_SHAPES: dict[str, type[Shape]] = {
    shape.__name__: shape
    for shape in (
        Circle,
        ConvexPolygon,
        Ellipse,
        IrregularStar,
        Polygon,
        RegularPolygon,
        RegularStar,
        TravellingSalesmanPolygon,
        UnitRectangle,
        UnitTriangle,
    )
}


def shape_called(name: str) -> type[Shape]:
    """Return the class of geometry of this name, or your own shape defined last under it.

    Raises:
        ValueError: there is none; the message lists those of geometry.
    """
    shapes = {shape.__name__: shape for shape in _concrete_shapes(Shape)} | _SHAPES
    if name not in shapes:
        raise ValueError(
            f"no shape is called {brief(name)}: choose from {', '.join(_SHAPES)}; "
            "a shape of your own must be defined before"
        )
    return shapes[name]


def _concrete_shapes(shape: type[Any]) -> Iterator[type[Shape]]:
    """Yield all concrete classes below a class of shapes."""
    for child in shape.__subclasses__():
        if not inspect.isabstract(child):
            yield child
        yield from _concrete_shapes(child)
