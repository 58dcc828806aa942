from .catalogue import shape_called
from .ellipse import Circle, Ellipse
from .isospectral import isospectral_pair, weylCondition
from .lines import isColinear, largestVector, lineIntersection
from .normalised import normalisePolygon
from .polygon import Polygon
from .polygons import RegularPolygon, RegularStar, UnitRectangle, UnitTriangle
from .random_polygons import ConvexPolygon, IrregularStar, TravellingSalesmanPolygon
from .shape import Shape, ShapeSettings

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
    "normalisePolygon",
    "shape_called",
    "weylCondition",
]
