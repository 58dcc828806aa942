import copy
import inspect
import pickle

import numpy as np
import pytest

from every_shape import KINDS, TRIANGLE, drawn
from kac_prediction.geometry import Circle, Ellipse, Polygon, Shape, shape_called


def test_the_sweep_finds_its_subjects() -> None:
    assert {Circle, Ellipse, Polygon} < set(KINDS)
    assert len(KINDS) == 10


@pytest.mark.parametrize("kind", KINDS)
def test_a_shape_is_found_by_its_name(kind: type[Shape]) -> None:
    assert shape_called(kind.__name__) is kind


@pytest.mark.parametrize("name", ["circle", "Shape", "", "Pentagon"])
def test_a_name_that_is_none_lists_those_that_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"choose from Circle, .*UnitTriangle"):
        shape_called(name)


@pytest.mark.parametrize("kind", KINDS)
def test_settings_mirror_the_parameters(kind: type[Shape]) -> None:
    parameters = list(inspect.signature(kind).parameters.values())
    assert list(kind.Settings.__annotations__) == [p.name for p in parameters[:-1]]
    assert parameters[-1].name == "rng"
    assert parameters[-1].kind is inspect.Parameter.KEYWORD_ONLY
    # Anything but vertices can be drawn.
    assert all(p.default is not p.empty for p in parameters) == (kind is not Polygon)


@pytest.mark.parametrize("kind", KINDS)
def test_one_state_of_the_generator_one_shape(kind: type[Shape]) -> None:
    assert drawn(kind).labels == drawn(kind).labels
    others = [drawn(kind, seed).labels for seed in range(2, 8)]
    assert all(other == drawn(kind).labels for other in others) == (kind is Polygon)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("again", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_are_whole_and_their_own(kind: type[Shape], again) -> None:
    shape = drawn(kind)
    other = again(shape)
    assert type(other) is kind
    assert other.labels == shape.labels
    points = np.random.default_rng(2).normal(size=(50, 2))
    assert np.array_equal(other.depth(points), shape.depth(points))
    before = shape.labels
    other.area = 7.0
    assert other.area == pytest.approx(7.0)
    assert shape.labels == before != other.labels
    if isinstance(other, Polygon):
        assert not other.vertices.flags.writeable


@pytest.mark.parametrize("kind", KINDS)
def test_labels_are_flat_lists_of_numbers_as_the_shape_is_now(kind: type[Shape]) -> None:
    shape = drawn(kind)
    shape.area = 2.0
    shape.centroid = (1.0, -1.0)
    for values in shape.labels.values():
        assert isinstance(values, list)
        assert all(type(value) in (int, float) for value in values)
    if isinstance(shape, Polygon):
        x, y = np.reshape(shape.labels["vertices"], (-1, 2)).T
        assert abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2 == pytest.approx(2.0)
        assert len(x) == shape.labels["N"][0]
    else:
        (a,), (b,) = shape.labels["major"], shape.labels["minor"]
        assert np.pi * a * b == pytest.approx(2.0)
        assert shape.labels.get("r", [a]) == [a]


def test_a_shape_says_what_it_is() -> None:
    assert repr(Polygon(TRIANGLE)) == "<Polygon of area 3 about (1.33333, 0.666667)>"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("points", "named"),
    [((0.0, 0.0), r"\(n, 2\)"), ([(0, 0, 0)], r"\(n, 2\)"), ([(0, 0), (0, np.nan)], "point 1")],
)
def test_bad_points_are_named(kind: type[Shape], points, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        drawn(kind).depth(points)


@pytest.mark.parametrize("kind", KINDS)
def test_no_points_no_depths(kind: type[Shape]) -> None:
    assert drawn(kind).depth(np.empty((0, 2))).shape == (0,)
    assert np.shape(drawn(kind).isPointInside(np.empty((0, 2)))) == (0,)
