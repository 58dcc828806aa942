import math

import numpy as np
import pytest
from scipy.special import jn_zeros

from kac_prediction.geometry import (
    Circle,
    ConvexPolygon,
    Ellipse,
    Polygon,
    RegularPolygon,
    UnitRectangle,
    UnitTriangle,
    isospectral_pair,
    weylCondition,
)
from kac_prediction.geometry.isospectral import heat_constant


def turned(shape: Polygon, angle: float, mirror: int = 1) -> Polygon:
    turn = [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    return Polygon(shape.vertices * (mirror, 1) @ turn + (3, -5))


def test_the_pair_of_gordon_webb_and_wolpert() -> None:
    first, second = isospectral_pair()
    for shape in first, second:
        assert shape.area == 3.5
        assert shape.perimeter == pytest.approx(6 + 3 * math.sqrt(2), rel=1e-15)
    assert weylCondition(first, second)
    # They are not one shape: no vertex of the second matches the corners' order of the first.
    corners = first.corners()
    for order in second.corners(), second.corners()[::-1]:
        assert not any(np.allclose(corners, np.roll(order, k)) for k in range(8))
    second.area = 3.5 * (1 + 1e-6)
    assert not weylCondition(first, second)
    assert weylCondition(first, second, tolerance=1e-5)


def test_copies_pass() -> None:
    shape = ConvexPolygon(7, rng=np.random.default_rng(1))
    for angle, mirror in ((0.0, 1), (1.0, 1), (2.0, -1), (4.5, -1)):
        assert weylCondition(shape, turned(shape, angle, mirror))
    assert weylCondition(Ellipse(2, 1), Ellipse(2, 1, (7, 7)))
    # A vertex on a straight edge is no corner.
    assert weylCondition(
        Polygon([(0, 0), (2, 0), (2, 2), (0, 2)]), Polygon([(0, 0), (1, 0), (2, 0), (2, 2), (0, 2)])
    )


def test_different_drums_fail() -> None:
    disc = Circle.of_size(1.0)
    assert not weylCondition(disc, RegularPolygon(4))
    assert not weylCondition(disc, Circle.of_size(1.1))
    assert not weylCondition(UnitRectangle(1), UnitRectangle(2))
    with pytest.raises(ValueError, match="tolerance"):
        weylCondition(disc, disc, tolerance=0)


def test_corners_count_where_area_and_perimeter_agree() -> None:
    # An isosceles triangle and a rectangle of one area and one perimeter.
    triangle = UnitTriangle(0.6, math.pi / 2)
    half = triangle.perimeter / 2
    width = (half + math.sqrt(half**2 - 4)) / 2
    rectangle = UnitRectangle(width**2)
    assert rectangle.perimeter == pytest.approx(triangle.perimeter, rel=1e-12)
    assert not weylCondition(triangle, rectangle)
    assert weylCondition(triangle, rectangle, tolerance=0.9)


def test_constants_of_the_heat_trace() -> None:
    assert heat_constant(Circle(1.0)) == pytest.approx(1 / 6, rel=1e-15)
    assert heat_constant(UnitRectangle(3)) == pytest.approx(1 / 4, rel=1e-14)
    assert heat_constant(UnitTriangle(1, math.pi / 2)) == pytest.approx(1 / 3, rel=1e-14)


def test_the_trace_of_a_square_and_of_a_disc() -> None:
    def constant(eigenvalues: np.ndarray, perimeter: float, t: float) -> float:
        known = 1 / (4 * math.pi * t) - perimeter / (8 * math.sqrt(math.pi * t))
        return float(np.exp(-eigenvalues * t).sum()) - known

    k = np.arange(1, 200)
    square = math.pi**2 * np.add.outer(k**2, k**2).ravel()
    assert constant(square, 4.0, 0.002) == pytest.approx(heat_constant(UnitRectangle(1)), abs=1e-9)
    t = 0.003
    disc = np.concatenate(
        [np.repeat(math.pi * jn_zeros(m, 40) ** 2, 1 if m == 0 else 2) for m in range(100)]
    )
    # The next term is sqrt(t / pi) / 256 times the integral of the curvature squared, 2 pi / radius
    # (Stewartson and Waechter 1971).
    following = math.sqrt(t / math.pi) / 256 * 2 * math.pi * math.sqrt(math.pi)
    found = constant(disc, 2 * math.sqrt(math.pi), t)
    assert found == pytest.approx(1 / 6 + following, abs=1e-4)
