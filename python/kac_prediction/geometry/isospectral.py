"""What can be heard of a shape: drums that may sound alike."""

import math

import numpy as np

from .._checks import check_number
from .polygon import Polygon
from .shape import Shape, check_shape


def weylCondition(S_1: Shape, S_2: Shape, tolerance: float = 1e-9) -> bool:
    """Return whether two drums may sound the same spectrum.

    Drums that do share area, perimeter and the constant term of the heat trace

        sum_k exp(-lambda_k t) = A / (4 pi t) - P / (8 sqrt(pi t)) + C + ...,

        C = sum over corners of (pi^2 - a^2) / (24 pi a) + (integral of the curvature) / (12 pi),

    a being the interior angles. Two that differ in one of them sound different; two that share all
    three need not sound the same.
    Sources: M. Kac, "Can one hear the shape of a drum?", Am. Math. Monthly 73 (1966), 1-23,
    doi:10.1080/00029890.1966.11970915; M. van den Berg and S. Srisatkunarajah, "Heat equation for a
    region in R^2 with a polygonal boundary", J. London Math. Soc. 37 (1988), 119-127,
    doi:10.1112/jlms/s2-37.121.119.

    Each of the three may differ by `tolerance`, as a share of the larger one.

    Raises:
        ValueError: the tolerance is not a finite number above 0.
        TypeError: one is not a shape.
    """
    check_shape("S_1", S_1)
    check_shape("S_2", S_2)
    tolerance = check_number("tolerance", tolerance, above=0)
    heard = [(shape.area, shape.perimeter, heat_constant(shape)) for shape in (S_1, S_2)]
    return all(math.isclose(*pair, rel_tol=tolerance) for pair in zip(*heard, strict=True))


def heat_constant(shape: Shape) -> float:
    """Return the constant term of the heat trace of a drum without holes.

    Corners and curvature together turn the boundary by 2 pi, so the integral of the curvature is
    2 pi less the sum of pi - a over the corners: nothing for a polygon, C = 1/6 for a smooth shape.
    """
    angles = shape.corners()
    corners = ((np.pi**2 - angles**2) / (24 * np.pi * angles)).sum()
    curvature = 2 * np.pi - (np.pi - angles).sum()
    return float(corners + curvature / (12 * np.pi))


def isospectral_pair() -> tuple[Polygon, Polygon]:
    """Return two drums of different shape that sound the same spectrum, area 3.5 each.

    Source: C. Gordon, D. Webb and S. Wolpert, "One cannot hear the shape of a drum", Bull. Am.
    Math. Soc. 27 (1992), 134-138, doi:10.1090/S0273-0979-1992-00289-6.
    """
    return (
        Polygon([(0, 0), (0, 1), (2, 3), (2, 2), (3, 2), (2, 1), (1, 1), (1, 0)]),
        Polygon([(1, 0), (0, 1), (0, 2), (2, 2), (2, 3), (3, 2), (2, 1), (1, 1)]),
    )
