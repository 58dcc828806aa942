"""Shapes: what a drum looks like."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .catalogue import shape_called
    from .ellipse import Circle, Ellipse
    from .isospectral import isospectral_pair, weylCondition
    from .lines import isColinear, largestVector, lineIntersection
    from .polygon import Polygon
    from .polygons import RegularPolygon, RegularStar, UnitRectangle, UnitTriangle
    from .random_polygons import ConvexPolygon, IrregularStar, TravellingSalesmanPolygon
    from .shape import Shape, ShapeSettings
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "catalogue": "shape_called",
            "ellipse": "Circle Ellipse",
            "isospectral": "isospectral_pair weylCondition",
            "lines": "isColinear largestVector lineIntersection",
            "polygon": "Polygon",
            "polygons": "RegularPolygon RegularStar UnitRectangle UnitTriangle",
            "random_polygons": "ConvexPolygon IrregularStar TravellingSalesmanPolygon",
            "shape": "Shape ShapeSettings",
        },
    )

__all__ = [
    "Circle",
    "ConvexPolygon",
    "Ellipse",
    "IrregularStar",
    "Polygon",
    "RegularPolygon",
    "RegularStar",
    "Shape",
    "ShapeSettings",
    "TravellingSalesmanPolygon",
    "UnitRectangle",
    "UnitTriangle",
    "isColinear",
    "isospectral_pair",
    "largestVector",
    "lineIntersection",
    "shape_called",
    "weylCondition",
]
