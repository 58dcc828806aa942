"""What a model is compared with, on drums whose answers are known."""

import numpy as np
import pytest
import torch

from kac_prediction.dataset.labels import LabelTensors, label_tensors
from kac_prediction.routines.accuracy import ROWS
from kac_prediction.routines.baselines import baselines
from kac_prediction.routines.drums import Drums
from kac_prediction.routines.errors import MEAN
from kac_prediction.routines.size_of_polygonal_drum import with_aspect_ratio
from kac_prediction.samplers import FAMILIES

RATE = 48000
TASKS = {row.task.name: row.task for row in ROWS}
TRAINING, CHOSEN = torch.arange(10), torch.arange(10, 20)


def drums(name: str, duration: float = 0.2) -> Drums:
    """Twenty sounds of the drums of a routine, small ones, as those are simulated soon."""
    task = TASKS[name]
    settings = {**task.settings, "duration": duration, "drum_size": (0.1, 0.3)}
    sampler = task.Sampler(**settings)
    sampler.seed(4)
    sounds, labels = sampler.render([5 * i + i % 5 for i in range(20)])
    tensors: LabelTensors = task.labelled(label_tensors(labels))
    return Drums(torch.from_numpy(sounds), tensors, RATE, 100.0)


def test_the_mean_and_the_peaks_of_two_lengths() -> None:
    found = drums("DimOfRectangularDrum")
    answers = baselines(TASKS["DimOfRectangularDrum"], found, TRAINING, CHOSEN)
    assert [*answers] == [MEAN, "peaks of 21 ms", "peaks of 200 ms"]
    for label in ("drum_size", "aspect_ratio"):
        true = found.numbers(label)
        assert answers[MEAN][label] == pytest.approx(np.full(10, true[:10].mean()))
        errors = np.abs(answers["peaks of 200 ms"][label] - true[10:]) / true[10:]
        assert np.median(errors) < 0.03


def test_of_a_class_the_commonest_and_what_fits_best() -> None:
    task = TASKS["ShapeOfDrum"]
    found = drums("ShapeOfDrum")
    answers = baselines(task, found, TRAINING, CHOSEN)
    families = found.numbers("family")
    assert set(answers[MEAN]["family"]) == {np.bincount(families[:10].astype(int)).argmax()}
    peaks = answers["peaks of 200 ms"]
    assert set(peaks) == set(task.model_input.labels)
    assert (peaks["family"] == families[10:]).mean() > 1 / len(FAMILIES)
    assert all(np.isfinite(values).all() for values in peaks.values())


def test_who_hears_nothing_says_the_mean() -> None:
    task = TASKS["SizeOfPolygonalDrum"]
    found = drums("SizeOfPolygonalDrum", 0.03)
    found.sounds[CHOSEN[3], :1024] = 0
    answers = baselines(task, found, TRAINING, CHOSEN)
    early, late = answers["peaks of 21 ms"], answers["peaks of 30 ms"]
    assert early["drum_size"][3] == answers[MEAN]["drum_size"][3] != late["drum_size"][3]
    assert set(early) == set(late) == set(answers[MEAN]) == {"drum_size", "aspect_ratio"}
    assert with_aspect_ratio(found.labels)[0].keys() == found.labels[0].keys()
