"""How elongated a polygon is, by its second moments of area."""

import math

import numpy as np
import pytest

from kac_prediction.geometry import ConvexPolygon, Ellipse, Polygon, RegularPolygon, UnitRectangle
from kac_prediction.samplers.shapes import elongation


@pytest.mark.parametrize("ratio", [1.0, 1.7, 4.0])
def test_elongation_of_what_is_known(ratio: float) -> None:
    turned = np.array([[math.cos(0.4), -math.sin(0.4)], [math.sin(0.4), math.cos(0.4)]])
    rectangle = UnitRectangle(ratio)
    assert elongation(rectangle) == pytest.approx(ratio)
    assert elongation(Polygon(3 * rectangle.vertices @ turned + [5, -2])) == pytest.approx(ratio)
    ellipse = Polygon(Ellipse(ratio, 1.0).outline(4000)[:-1])
    assert elongation(ellipse) == pytest.approx(ratio, rel=1e-5)
    # An isosceles triangle of base b and height h: b^3 h / 48 and b h^3 / 36.
    triangle = Polygon([(0, 0), (2 * ratio, 0), (ratio, math.sqrt(3))])
    assert elongation(triangle) == pytest.approx(ratio)


def test_elongation_by_throwing_points() -> None:
    rng = np.random.default_rng(5)
    polygon = ConvexPolygon(7, rng=rng)
    low, high = polygon.vertices.min(0), polygon.vertices.max(0)
    points = rng.uniform(low, high, (200_000, 2))
    moments = np.linalg.eigvalsh(np.cov(points[polygon.isPointInside(points)].T))
    assert elongation(polygon) == pytest.approx(math.sqrt(moments[1] / moments[0]), rel=0.01)
    assert elongation(RegularPolygon(5)) == pytest.approx(1)
