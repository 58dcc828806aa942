import math

import numpy as np
import pytest

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
