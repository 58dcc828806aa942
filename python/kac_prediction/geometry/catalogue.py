"""Shapes by their names, as datasets store them."""

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
    """Return the class of geometry of this name.

    Raises:
        ValueError: there is none; the message lists those that are.
    """
    if name not in _SHAPES:
        raise ValueError(f"no shape is called {name!r}: choose from {', '.join(_SHAPES)}")
    return _SHAPES[name]
