"""The baselines that a model is compared with, on drums whose labels are known."""

import numpy as np
import pytest
import torch

from kac_prediction import routines
from kac_prediction.cli import ROUTINES
from kac_prediction.evaluation import LabelledSounds, classical_estimator, mean_predictor
from kac_prediction.samplers import FAMILIES

pytestmark = pytest.mark.slow

RATE = 48000
TASKS = {name: getattr(routines, name) for name in ROUTINES}
TRAINING, CHOSEN = torch.arange(10), torch.arange(10, 20)


def render(name: str, duration: float = 0.2) -> LabelledSounds:
    """Twenty sounds of the drums of a routine, small ones, as those are simulated soon."""
    task = TASKS[name]
    settings = {**task.settings, "duration": duration, "drum_size": (0.1, 0.3)}
    sampler = task.Sampler(**settings)
    sampler.seed(4)
    sounds, labels = sampler.render([5 * i + i % 5 for i in range(20)])
    tensors = [{k: torch.tensor(v, dtype=torch.float64) for k, v in y.items()} for y in labels]
    tensors = task.add_labels(tensors) if task.add_labels else tensors
    return LabelledSounds(torch.from_numpy(sounds), tensors, RATE, 100.0, task.family)


def baselines(name: str, sounds: LabelledSounds, *lengths: int):
    """The mean predictor, and the classical estimator given so many samples of each sound."""
    task = TASKS[name]
    known = {label: sounds.values(label)[TRAINING] for label in task.model_input.labels}
    mean = mean_predictor(task.model_input, known, len(CHOSEN))
    estimates = [
        classical_estimator(sounds, CHOSEN, length, known["drum_size"], mean) for length in lengths
    ]
    return mean, *estimates


def test_the_mean_and_the_estimates_of_rectangles() -> None:
    sounds = render("DimOfRectangularDrum")
    mean, estimates = baselines("DimOfRectangularDrum", sounds, 9600)
    for label in ("drum_size", "aspect_ratio"):
        true = sounds.values(label)
        assert mean[label] == pytest.approx(np.full(10, true[:10].mean()))
        errors = np.abs(estimates[label] - true[10:]) / true[10:]
        assert np.median(errors) < 0.03


def test_of_a_class_the_most_frequent_and_what_fits_best() -> None:
    sounds = render("ShapeOfDrum")
    mean, estimates = baselines("ShapeOfDrum", sounds, 9600)
    families = sounds.values("family")
    assert set(mean["family"]) == {np.bincount(families[:10].astype(int)).argmax()}
    assert list(estimates) == list(TASKS["ShapeOfDrum"].model_input.labels)
    assert (estimates["family"] == families[10:]).mean() > 1 / len(FAMILIES)
    assert all(np.isfinite(values).all() for values in estimates.values())


def test_of_a_silent_sound_the_mean() -> None:
    sounds = render("SizeOfPolygonalDrum", 0.03)
    sounds.waveforms[CHOSEN[3], :1024] = 0
    mean, early, late = baselines("SizeOfPolygonalDrum", sounds, 1024, 1440)
    assert early["drum_size"][3] == mean["drum_size"][3] != late["drum_size"][3]
    assert list(early) == list(late) == list(mean) == ["drum_size", "aspect_ratio"]
    sounds.waveforms[:] = 0
    assert baselines("SizeOfPolygonalDrum", sounds, 1440)[1] == {}
