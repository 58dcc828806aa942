"""The true and the predicted shapes of drums, to be drawn."""

import numpy as np
import pytest
import torch

from kac_prediction import routines
from kac_prediction.cli import ROUTINES
from kac_prediction.evaluation import LabelledSounds
from kac_prediction.geometry import Circle, Polygon, Shape, UnitRectangle
from kac_prediction.samplers import FAMILIES
from kac_prediction.samplers.shapes import elongation

TASKS = {name: getattr(routines, name) for name in ROUTINES if name != "AnyDrum"}


def render(name: str) -> LabelledSounds:
    task = TASKS[name]
    settings = {**task.settings, "duration": 0.002, "drum_size": (0.1, 0.2)}
    sampler = task.Sampler(**settings)
    sampler.seed(1)
    labels = sampler.render(range(0, 60, 5))[1]
    tensors = [{k: torch.tensor(v, dtype=torch.float64) for k, v in y.items()} for y in labels]
    tensors = task.add_labels(tensors) if task.add_labels else tensors
    return LabelledSounds(torch.zeros(12, 1), tensors, 48000, 100.0, task.family)


@pytest.mark.parametrize("name", TASKS)
def test_true_and_predicted_drums(name: str) -> None:
    task, sounds = TASKS[name], render(name)
    predicted = {label: sounds.values(label) for label in task.model_input.labels}
    kinds: dict[str, type[Shape]] = {
        "circle": Circle,
        "rectangle": UnitRectangle,
        "polygon": Polygon,
    }
    for i, y in enumerate(sounds.labels):
        true = sounds.true_shape(i)
        family = task.family or FAMILIES[int(y["family"].item())]
        assert isinstance(true, kinds[family])
        # A prediction without error is the same drum.
        for shape in (true, sounds.predicted_shape(i, predicted, i)):
            assert shape.area**0.5 == pytest.approx(y["drum_size"].item())
            if family != "circle" and "aspect_ratio" in y:
                assert isinstance(shape, Polygon)
                assert elongation(shape) == pytest.approx(y["aspect_ratio"].item())


def test_whatever_a_network_predicts_can_be_drawn() -> None:
    sounds = render("ShapeOfDrum")
    for family in range(len(FAMILIES)):
        for size, ratio in ((-1.0, 0.5), (0.0, 1e30), (0.3, 2.5)):
            predicted = {
                "family": np.array([family]),
                "drum_size": np.array([size]),
                "aspect_ratio": np.array([ratio]),
            }
            for i in range(len(sounds.labels)):
                shape = sounds.predicted_shape(i, predicted, 0)
                assert np.isfinite(shape.outline()).all()
                if size > 0:
                    assert shape.area == pytest.approx(0.09)
                    if isinstance(shape, Polygon):
                        assert elongation(shape) == pytest.approx(2.5)


def test_outlines_are_drawn_as_they_are() -> None:
    """Of an ellipse: the radius at each angle, and the area."""
    angles = 2 * np.pi * np.arange(64) / 64
    log_radii = -np.log(np.hypot(np.cos(angles) / 2, np.sin(angles)))
    labels = {
        "drum_size": torch.tensor([0.4], dtype=torch.float64),
        "family": torch.tensor([1.0], dtype=torch.float64),
        "outline": torch.from_numpy(log_radii),
    }
    sounds = LabelledSounds(torch.zeros(1, 1), [labels], 8000, 100.0)
    assert sounds.values("outline", 64)[0] == pytest.approx(log_radii)
    predicted = {"drum_size": np.array([0.4]), "outline": log_radii[None]}
    for shape in (sounds.true_shape(0), sounds.predicted_shape(0, predicted, 0)):
        assert isinstance(shape, Polygon)
        assert shape.area == pytest.approx(0.16)
        radii = np.hypot(*shape.vertices.T)
        assert radii / radii[0] == pytest.approx(np.exp(log_radii - log_radii[0]))
