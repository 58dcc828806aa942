"""Shapes: what a drum looks like."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .catalogue import shape_called
    from .ellipse import Circle, Ellipse
    from .isospectral import isospectral_pair, weylCondition
    from .lines import isColinear, largestVector, lineIntersection
    from .polygon import Polygon
    from .random_polygons import ConvexPolygon, IrregularStar, TravellingSalesmanPolygon
    from .regular import RegularPolygon, RegularStar
    from .shape import Shape, ShapeSettings
    from .unit_polygons import UnitRectangle, UnitTriangle
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "catalogue": "shape_called",
            "ellipse": "Circle Ellipse",
            "isospectral": "isospectral_pair weylCondition",
            "lines": "isColinear largestVector lineIntersection",
            "polygon": "Polygon",
            "random_polygons": "ConvexPolygon IrregularStar TravellingSalesmanPolygon",
            "regular": "RegularPolygon RegularStar",
            "shape": "Shape ShapeSettings",
            "unit_polygons": "UnitRectangle UnitTriangle",
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
