"""The families of drums that are told apart, and the shapes of those that a ratio determines."""

from typing import Final, TypeVar

from .ellipse import Circle, Ellipse
from .polygons import RegularPolygon, UnitRectangle
from .shape import Shape

AnyShape = TypeVar("AnyShape", bound=Shape)

ELONGATED: Final = ("ellipse", "rectangle")
"""Those that an aspect ratio determines."""

REGULAR: Final = ("circle", "triangle")
"""Those of which all are alike but for their sizes."""

ANALYTIC: Final = ("circle", "ellipse", "rectangle", "triangle")
"""Both, whose partials follow from size and aspect ratio."""

OUTLINED: Final = ("polygon", "star")
"""Those that only an outline determines."""


def shape_of(family: str, aspect_ratio: float = 1.0, area: float = 1.0) -> Shape:
    """Return a shape of one of `ANALYTIC`, its longer axis or side along x, about the origin."""
    if family == "ellipse":
        return centred(Ellipse(aspect_ratio, 1.0), area)
    if family == "rectangle":
        return centred(UnitRectangle(aspect_ratio), area)
    return centred(Circle(1.0) if family == "circle" else RegularPolygon(3), area)


def centred(shape: AnyShape, area: float = 1.0) -> AnyShape:
    """Give a shape an area, move it to the origin and return it."""
    shape.area, shape.centroid = area, (0.0, 0.0)
    return shape
