"""The shapes that are drawn of what a routine hears."""

import numpy as np
import pytest
import torch

from kac_prediction.dataset.labels import label_tensors
from kac_prediction.geometry import Circle, Polygon, Shape, UnitRectangle
from kac_prediction.routines.accuracy import ROWS
from kac_prediction.routines.drums import Drums
from kac_prediction.routines.shapes import heard_shape, true_shape
from kac_prediction.samplers.shapes import FAMILIES, elongation

TASKS = {row.task.name: row.task for row in ROWS}


def drums(name: str) -> Drums:
    task = TASKS[name]
    settings = {**task.settings, "duration": 0.002, "drum_size": (0.1, 0.2)}
    sampler = task.Sampler(**settings)
    sampler.seed(1)
    labels = task.labelled(label_tensors(sampler.render(range(0, 60, 5))[1]))
    return Drums(torch.zeros(12, 1), labels, 48000, 100.0)


@pytest.mark.parametrize("name", TASKS)
def test_true_drums_and_what_was_heard_of_them(name: str) -> None:
    task, found = TASKS[name], drums(name)
    labels = task.model_input.labels
    predicted = {label: found.numbers(label) for label in labels}
    kinds: dict[str, type[Shape]] = {
        "circle": Circle,
        "rectangle": UnitRectangle,
        "polygon": Polygon,
    }
    for i, y in enumerate(found.labels):
        true = true_shape(task, found, i)
        family = task.family or FAMILIES[int(y["family"].item())]
        assert isinstance(true, kinds[family])
        # Who hears everything draws the same drum.
        for shape in (true, heard_shape(task, predicted, i, true)):
            assert shape.area**0.5 == pytest.approx(y["drum_size"].item())
            if family != "circle" and "aspect_ratio" in y:
                assert isinstance(shape, Polygon)
                assert elongation(shape) == pytest.approx(y["aspect_ratio"].item())


def test_what_a_network_says_can_be_drawn_whatever_it_is() -> None:
    task, found = TASKS["ShapeOfDrum"], drums("ShapeOfDrum")
    for family in range(len(FAMILIES)):
        for size, ratio in ((-1.0, 0.5), (0.0, 1e30), (0.3, 2.5)):
            predicted = {
                "family": np.array([family]),
                "drum_size": np.array([size]),
                "aspect_ratio": np.array([ratio]),
            }
            for i in range(len(found.labels)):
                shape = heard_shape(task, predicted, 0, true_shape(task, found, i))
                assert np.isfinite(shape.outline()).all()
                if size > 0:
                    assert shape.area == pytest.approx(0.09)
                    if isinstance(shape, Polygon):
                        assert elongation(shape) == pytest.approx(2.5)
