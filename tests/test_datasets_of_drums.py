"""Datasets of every drum: generated, interrupted, drawn anew, and by samplers built on them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction import _core
from kac_prediction.dataset import generateDataset, loadDataset, regenerateDataPoints, rendering
from kac_prediction.dataset.storage import Transaction
from kac_prediction.samplers import BesselModel, FDTDModel, LaméModel, PoissonModel
from kac_prediction.samplers.drum import Drum
from kac_prediction.samplers.published import PUBLISHED_DATASETS

RATE = 8000
TRIANGLE = np.array([(0.0, 0.0), (3.0, 0.0), (1.0, 2.0)])
DRUMS: dict[str, tuple[type[Drum], dict[str, Any]]] = {
    "circle": (BesselModel, {"drum_size": (0.2, 0.4)}),
    "rectangle": (PoissonModel, {"strike_location": ((0.1, 0.9), 0.5)}),
    "triangle": (LaméModel, {"decay_time": np.inf}),
    "convex": (FDTDModel, {"arbitrary_shape": "ConvexPolygon", "drum_size": (0.2, 0.4)}),
    "polygon": (
        FDTDModel,
        {
            "arbitrary_shape": "Polygon",
            "shape_settings": {"vertices": tuple(TRIANGLE)},
            "strike_location": ((-0.05, 0.05), 0.0),
        },
    ),
}

drums = pytest.mark.parametrize("name", DRUMS)


def arguments(name: str) -> tuple[type[Drum], dict[str, Any]]:
    sampler, own = DRUMS[name]
    return sampler, {"duration": 0.02, "sample_rate": RATE, **own}


@pytest.mark.parametrize("name", [*PUBLISHED_DATASETS][:4])
def test_a_handful_of_every_published_family(name: Any, tmp_path: Path) -> None:
    family = PUBLISHED_DATASETS[name]
    assert family.sampler is not None
    settings = family.settings | {"duration": 0.01}
    dataset = generateDataset(family.sampler, settings, str(tmp_path), dataset_size=6, seed=1)
    header = json.loads((tmp_path / "metadata.json").read_text())
    assert header["instruction_set"] == _core.instruction_set()
    assert header["sampler"]["name"] == family.sampler.__name__
    assert dataset.X.shape == (6, 480)
    assert len({tuple(y["drum_size"].tolist()) for y in dataset.Y}) == 2


@drums
def test_what_was_interrupted_goes_on_with_the_next_drum(
    name: str, tmp_path: Path, digest: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler, settings = arguments(name)
    generateDataset(sampler, settings, str(tmp_path / "whole"), dataset_size=8, seed=2)
    monkeypatch.setattr(rendering, "_CHUNK_BYTES", 1)
    write, written = Transaction.write_sounds, []

    def fail(self: Any, indices: range, *rest: Any) -> Any:
        if written:
            raise KeyboardInterrupt
        written.append(indices)
        return write(self, indices, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "write_sounds", fail)
        with pytest.raises(KeyboardInterrupt):
            generateDataset(sampler, settings, str(tmp_path / "broken"), dataset_size=8, seed=2)
    generateDataset(sampler, settings, str(tmp_path / "broken"), dataset_size=8, seed=2, workers=7)
    assert digest(tmp_path / "broken") == digest(tmp_path / "whole")


@drums
def test_a_strike_drawn_anew_is_the_only_change(name: str, tmp_path: Path) -> None:
    sampler, settings = arguments(name)
    before = generateDataset(sampler, settings, str(tmp_path), dataset_size=7, seed=3)
    sounds, labels = before.X.clone(), [dict(y) for y in before.Y]
    # The settings are those of the file: JSON's lists stand for tuples and arrays.
    stored = loadDataset(str(tmp_path))
    after = regenerateDataPoints(stored, sampler, [1, 6])
    for i in range(7):
        changed = i in (1, 6)
        assert torch.equal(after.X[i], sounds[i]) != changed
        same = [torch.equal(after.Y[i][key], value) for key, value in labels[i].items()]
        assert all(same) != changed


def quieter(self: Any) -> None:
    """Redefine what a drum sounds like, by what it sounded like."""
    super(type(self), self).generateWaveform()
    self.waveform = self.waveform / 2


def elsewhere(self: Any, i: int | None) -> None:
    """Redefine what is drawn: the strike comes from the second number, not from the first."""
    self.rng.random()
    super(type(self), self).updateProperties(i)


def shorter(self: Any) -> dict[str, list[float | int]]:
    """Redefine what is told."""
    return {"size": super(type(self), self).getLabels()["drum_size"]}


@drums
@pytest.mark.parametrize("verb", [quieter, elsewhere, shorter])
def test_a_verb_that_a_subclass_redefines_is_heard(name: str, verb: Callable) -> None:
    sampler, settings = arguments(name)
    called = {quieter: "generateWaveform", elsewhere: "updateProperties", shorter: "getLabels"}[
        verb
    ]
    made = [type("Own", (sampler,), {called: verb})(**settings), sampler(**settings)]
    for each in made:
        each.seed(4)
    (sounds, labels), (plain, named) = (each.render(range(1, 5)) for each in made)
    assert np.array_equal(sounds, plain / 2 if verb is quieter else plain) == (
        verb is not elsewhere
    )
    assert (labels == named) == (verb is quieter)
