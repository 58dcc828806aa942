"""The model that comes with the package, on sounds made here."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

import kac_prediction
from kac_prediction.architecture import SpectralCNN
from kac_prediction.evaluation import overlap
from kac_prediction.listening.predicted_labels import run_model
from kac_prediction.pipeline import ModelInput, loadModel, read_checkpoint
from kac_prediction.routines import AnyDrum
from kac_prediction.samplers import AnyShapeModel, BesselModel, ModeBank, OtherSounds, PoissonModel
from kac_prediction.samplers.drum import Drum

WEIGHTS = Path(kac_prediction.__file__).parent / "weights"


@pytest.fixture(scope="module")
def model() -> SpectralCNN:
    return loadModel("any-drum", SpectralCNN)


def answers(model: SpectralCNN, sounds: np.ndarray) -> tuple[ModelInput, torch.Tensor]:
    assert model.model_input is not None
    inputs = model.model_input.inputs(sounds).float()
    return model.model_input, run_model(model, inputs, model.model_input.outputs)


def test_it_is_small_complete_and_of_no_place() -> None:
    content = read_checkpoint(WEIGHTS / "any_drum.pt")
    assert (WEIGHTS / "any_drum.pt").stat().st_size < 2_000_000
    assert content["run_info"]["exports_dir"] == ""
    assert ModelInput.from_dict(content["model_input"]) == AnyDrum.model_input
    for name, value in AnyDrum.defaults.items():
        stored = content["hyperparameters"][name]
        assert (tuple(stored) if isinstance(stored, list) else stored) == value
    assert "bin/train.py AnyDrum" in (WEIGHTS / "any_drum.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("sampler", "family"),
    [
        (BesselModel(1.0, 8000, drum_size=(0.1, 1.0), N=30, M=30), "circle"),
        (PoissonModel(1.0, 8000, drum_size=(0.1, 1.0), N=40, M=40), "rectangle"),
    ],
)
@pytest.mark.parametrize(("noise", "error"), [(None, 0.02), (20, 0.04)])
def test_circles_and_rectangles(
    model: SpectralCNN, sampler: Drum, family: str, noise: int | None, error: float
) -> None:
    sampler.seed(11)
    sounds, labels = sampler.render([5 * i + 1 for i in range(40)])
    if noise is not None:
        level = np.sqrt(np.square(sounds[:, :171]).mean(axis=1, keepdims=True))
        rng = np.random.default_rng(0)
        sounds = sounds + level * 10 ** (-noise / 20) * rng.standard_normal(sounds.shape)
    recipe, outputs = answers(model, sounds)
    parts, spreads = recipe.split(outputs), recipe.log_spreads(outputs)
    right = parts["family"].argmax(1) == recipe.classes["family"].index(family)
    assert right.double().mean() >= 0.9
    truth = torch.tensor([y["drum_size"][0] for y in labels]).log()
    errors = (parts["drum_size"][:, 0] - truth).abs()
    assert errors.median() < error
    held = errors < math.log(10) * spreads["drum_size"][:, 0].exp()
    assert held.double().mean() >= 0.75


def test_shapes_that_are_simulated(model: SpectralCNN) -> None:
    sampler = AnyShapeModel(1.0, 8000, drum_size=(0.3, 1.0), decay_time=2.0, precision="single")
    sampler.seed(12)
    sounds, labels = sampler.render([5 * i for i in range(24)])
    recipe, outputs = answers(model, sounds)
    parts = recipe.split(outputs)
    truth = torch.tensor([y["drum_size"][0] for y in labels]).log()
    assert (parts["drum_size"][:, 0] - truth).abs().median() < 0.03
    true = np.array([y["outline"] for y in labels])
    found = overlap(parts["outline"].numpy(), true)
    assert np.median(found) > 0.85
    assert np.median(found) > np.median(overlap(np.zeros_like(true), true)) + 0.1


def test_other_sounds_are_no_drums(model: SpectralCNN) -> None:
    sampler = OtherSounds(1.0, 8000)
    sampler.seed(13)
    recipe, outputs = answers(model, sampler.render(range(60))[0])
    none = recipe.split(outputs)["family"].softmax(1)[:, len(ModeBank.families)]
    assert (none > 0.5).double().mean() > 0.9
