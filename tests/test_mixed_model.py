"""Drums of several families: the shapes that they are, and how elongated those are."""

import math

import numpy as np
import pytest

from kac_prediction.geometry import ConvexPolygon, Ellipse, Polygon, RegularPolygon, UnitRectangle
from kac_prediction.samplers import FAMILIES, FDTDModel, MixedModel
from kac_prediction.samplers.shapes import elongation

RATE = 8000
SETTINGS = {"duration": 0.03, "sample_rate": RATE, "drum_size": (0.3, 0.6)}


def drawn(count: int, **settings: object) -> list[dict[str, list[float | int]]]:
    drum = MixedModel(**SETTINGS | settings)
    drum.seed(1)
    return drum.render(range(0, 5 * count, 5))[1]


def test_each_family_is_as_likely_and_sounds_its_own_drum() -> None:
    labels = drawn(90)
    families = [FAMILIES[int(y["family"][0])] for y in labels]
    assert all(20 <= families.count(name) <= 40 for name in FAMILIES)
    for family, y in zip(families, labels, strict=True):
        corners = int(y["N"][0])
        vertices = np.reshape(y["vertices"], (-1, 2))
        assert vertices.shape == (10, 2)
        if family == "circle":
            assert (corners, y["aspect_ratio"]) == (0, [1.0])
            assert not vertices.any()
            continue
        shape = Polygon(vertices[:corners])
        assert shape.area**0.5 == pytest.approx(y["drum_size"][0])
        assert elongation(shape) == pytest.approx(y["aspect_ratio"][0])
        if family == "rectangle":
            sides = np.hypot(*np.diff(vertices[:3], axis=0).T)
            assert sides.max() / sides.min() == pytest.approx(y["aspect_ratio"][0])
            assert corners == 4


@pytest.mark.parametrize("family", FAMILIES)
def test_it_sounds_as_the_model_of_that_shape_alone(family: str) -> None:
    shape, settings = {
        "circle": ("Circle", {"r": 1.0}),
        "rectangle": ("UnitRectangle", {"epsilon": 1.5}),
        "polygon": ("ConvexPolygon", {}),
    }[family]
    mixed = MixedModel(**SETTINGS, family=family, aspect_ratio=1.5)
    alone = FDTDModel(**SETTINGS, arbitrary_shape=shape, shape_settings=settings)
    for sampler in (mixed, alone):
        sampler.seed(3)
    (sounds, labels), (again, others) = mixed.render(range(7)), alone.render(range(7))
    assert np.array_equal(sounds, again)
    assert [y["strike_location"] for y in labels] == [y["strike_location"] for y in others]


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


@pytest.mark.parametrize(
    ("settings", "text"),
    [({"family": "square"}, "family must be one of circle"), ({"aspect_ratio": 0.5}, "at least 1")],
)
def test_settings_that_make_no_sense(settings: dict[str, object], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        MixedModel(**SETTINGS | settings)
