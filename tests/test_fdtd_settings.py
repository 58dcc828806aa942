"""Which shapes and settings FDTDModel takes, how it stores them, and what it refuses."""

import math

import numpy as np
import pytest

from every_shape import TRIANGLE
from kac_prediction.dataset import generateDataset, regenerateDataPoints
from kac_prediction.geometry import (
    Circle,
    ConvexPolygon,
    Ellipse,
    IrregularStar,
    Polygon,
    RegularPolygon,
    RegularStar,
    Shape,
    TravellingSalesmanPolygon,
    UnitRectangle,
)
from kac_prediction.samplers import FDTDModel

RATE = 8000


class Ell(Polygon):
    """A shape of a user's own, which takes no generator."""

    def __init__(self, notch: float = 1.0) -> None:
        super().__init__([(0, 0), (2, 0), (2, 2 - notch), (2 - notch, 2 - notch), (1, 2), (0, 2)])


def model(kind: type[Shape] | str = "ConvexPolygon", duration: float = 0.05, **settings):
    made = FDTDModel(duration, RATE, kind, **settings)
    made.seed(7)
    return made


@pytest.mark.parametrize(
    ("kind", "given", "most"),
    [
        (ConvexPolygon, {}, 10),
        (ConvexPolygon, {"max_vertices": 5}, 5),
        (ConvexPolygon, {"N": 4}, 4),
        (IrregularStar, {"max_vertices": 7}, 7),
        (TravellingSalesmanPolygon, {}, 10),
        (RegularPolygon, {}, 10),
        (RegularPolygon, {"N": 13}, 13),
        (RegularStar, {}, 20),
        (RegularStar, {"m": 3}, 24),
        (UnitRectangle, {}, 4),
    ],
)
def test_vertices_are_padded(kind, given, most: int) -> None:
    sampler = model(kind, duration=0.001, shape_settings=given, drum_size=0.5)
    counts = set()
    for i in range(0, 150, 5):
        sampler.reseed(i)
        sampler.updateProperties(i)
        labels = sampler.getLabels()
        vertices = np.array(labels["vertices"]).reshape(-1, 2)
        (count,) = labels["N"]
        counts.add(count)
        assert len(vertices) == most
        assert (vertices[count:] == vertices[count - 1]).all()
        drum = Polygon(vertices[:count])
        assert drum.area == pytest.approx(0.25)
        np.testing.assert_allclose(drum.centroid, 0, atol=1e-12)
    assert max(counts) == most


def test_settings_are_plain_and_make_the_sampler_again() -> None:
    sampler = model(ConvexPolygon, shape_settings={"max_vertices": np.int64(5)})
    assert sampler.settings["arbitrary_shape"] == "ConvexPolygon"
    assert sampler.settings["shape_settings"] == {"max_vertices": 5}
    polygon = model(Polygon, shape_settings={"vertices": np.array(TRIANGLE)})
    assert polygon.settings["shape_settings"] == {"vertices": [list(p) for p in TRIANGLE]}
    for each in (sampler, polygon):
        again = FDTDModel(**each.settings)
        again.seed(7)
        assert again.render([3])[1] == each.render([3])[1]


@pytest.mark.parametrize(
    ("shape", "kind", "arguments"),
    [
        (Circle(0.2), "Circle", {"r": 0.2}),
        (Ellipse(0.3, 0.2), "Ellipse", {"major": 0.3, "minor": 0.2}),
        (RegularPolygon(3), "Polygon", {"vertices": RegularPolygon(3).vertices}),
    ],
)
def test_a_shape_itself_is_stored_as_its_class(shape, kind: str, arguments) -> None:
    outline = shape.outline().copy()
    drum, same = (
        FDTDModel(0.02, RATE, each, shape_settings=given, drum_size=size)
        for each, given, size in ((shape, None, None), (kind, arguments, shape.area**0.5))
    )
    assert drum.settings == same.settings
    for each in (drum, same):
        each.seed(1)
    np.testing.assert_array_equal(drum.render([1])[0], same.render([1])[0])
    assert FDTDModel(0.02, RATE, shape).drum_size == 0.3
    np.testing.assert_array_equal(shape.outline(), outline)


def test_a_shape_of_your_own_by_its_name() -> None:
    sampler = model(Ell, shape_settings={"notch": 0.75}, drum_size=0.5)
    assert sampler.settings["arbitrary_shape"] == "Ell"
    named = model("Ell", shape_settings={"notch": 0.75}, drum_size=0.5)
    assert np.array_equal(sampler.render([2])[0], named.render([2])[0])
    assert len(sampler.render([2])[1][0]["vertices"]) == 12


def test_a_stored_dataset_is_drawn_again(tmp_path) -> None:
    settings = {"duration": 0.05, "sample_rate": RATE, "arbitrary_shape": ConvexPolygon}
    dataset = generateDataset(FDTDModel, settings, str(tmp_path), dataset_size=7, seed=3)
    assert dataset.sampler_settings["arbitrary_shape"] == "ConvexPolygon"
    before = dataset.X.clone(), [dict(y) for y in dataset.Y]
    again = regenerateDataPoints(dataset, FDTDModel, [2, 5])
    for i in range(7):
        assert (again.X[i] == before[0][i]).all() == (i not in (2, 5))
        assert (again.Y[i]["vertices"] == before[1][i]["vertices"]).all() == (i not in (2, 5))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"tension": 0.0}, r"tension.*0\.0"),
        ({"tension": 1e9}, r"drum_size of 0\.3 m is smaller than three cells.*at least"),
        ({"drum_size": 0.01}, r"drum_size of 0\.01 m is smaller than three cells"),
        ({"drum_size": 0.046}, r"drum_size of 0\.046 m.*at least 0\.0469"),
        (
            {
                "arbitrary_shape": "UnitRectangle",
                "shape_settings": {"epsilon": 4.0},
                "drum_size": 0.05,
            },
            r"0\.05 m in size is smaller than three cells",
        ),
        ({"drum_size": -1.0}, r"drum_size.*-1\.0"),
        ({"tension": 1e-6}, "nodes.*smaller drum"),
        ({"drum_size": 1e300}, "area.*inf"),
        ({"strike_location": 3.0}, r"strike_location must be \(x, y\), got 3\.0"),
        ({"sample_rate": 0}, "sample_rate.*0"),
        ({"decay_time": 0.0}, r"decay_time.*0\.0"),
        ({"strike_width": -0.1}, r"strike_width.*-0\.1"),
        ({"strike_width": 1e9}, "strike_width.*smallest drum_size"),
        ({"strike_width": math.nan}, "strike_width.*nan"),
        ({"precision": "half"}, "precision.*half"),
        ({"arbitrary_shape": "Heart"}, "arbitrary_shape.*Heart.*ConvexPolygon"),
        ({"shape_settings": {"max_vertices": 2}}, "max_vertices.*2"),
        ({"strike_location": (3.0, 0.0)}, r"strike_location must lie inside.*3\.0, 0\.0"),
        ({"strike_location": ((3.0, 4.0), 0.0)}, "no strike.*strike_location"),
        ({"strike_location": (0.0,)}, "strike_location"),
        ({"strike_location": (0.0, math.inf)}, "y of strike_location"),
        ({"sample_location": (0.0, -4.0)}, r"sample_location must lie inside.*-4\.0"),
        ({"sample_location": (0.0, math.nan)}, "sample_location.*nan"),
        ({"sample_location": 0.1}, r"sample_location.*0\.1"),
    ],
)
def test_impossible_settings_are_named(changed, named: str) -> None:
    made = {"duration": 0.1, "sample_rate": RATE, "arbitrary_shape": "ConvexPolygon"}
    with pytest.raises(ValueError, match=named):
        FDTDModel(**(made | changed))


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"arbitrary_shape": 3}, "arbitrary_shape.*3"),
        ({"arbitrary_shape": Shape}, "arbitrary_shape"),
        ({"arbitrary_shape": int}, "arbitrary_shape.*int"),
        ({"shape_settings": {"corners": 5}}, "shape_settings.*ConvexPolygon.*corners"),
        ({"shape_settings": {"N": 5.5}}, "whole number"),
        ({"shape_settings": {"rng": 1}}, "shape_settings.*rng"),
        ({"shape_settings": [3]}, "shape_settings must be a dictionary"),
        ({"arbitrary_shape": Polygon}, "shape_settings.*Polygon.*vertices"),
    ],
)
def test_settings_that_do_not_fit_are_named(changed, named: str) -> None:
    made = {"duration": 0.1, "sample_rate": RATE, "arbitrary_shape": "ConvexPolygon"}
    with pytest.raises(TypeError, match=named):
        FDTDModel(**(made | changed))


def test_a_name_that_is_taken() -> None:
    class Circle(Ell):
        pass

    with pytest.raises(ValueError, match=r"called 'Circle' too.*rename"):
        model(Circle)


def test_every_drum_must_hold_the_pick_up() -> None:
    reach = 0.25 / math.sqrt(math.pi)
    sampler = model("Circle", drum_size=0.3, sample_location=(reach, 0.0))
    assert sampler.sample_location == (reach, 0.0)
    with pytest.raises(ValueError, match=r"sample_location must lie inside every drum.*0\.24 m"):
        model("Circle", drum_size=0.24, sample_location=(reach, 0.0))
