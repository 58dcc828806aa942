"""Whole programs, as users write them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.architecture import CRePE
from kac_prediction.dataset import (
    AudioSampler,
    SamplerSettings,
    classLocalsToKwargs,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    transformDataset,
)
from kac_prediction.listening import predict
from kac_prediction.pipeline import Model, Parameters, Routine, loadModel
from kac_prediction.routines import SizeOfCircularDrum
from kac_prediction.samplers import BesselModel, TestTone


class Chirp(AudioSampler):
    """A sampler of a user's own, in twenty lines of Python."""

    class Settings(SamplerSettings, total=False):
        highest: float

    def __init__(self, duration: float, sample_rate: int, highest: float = 2000.0) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self.highest = highest

    def updateProperties(self, i: int | None) -> None:
        self.slope = self.rng.uniform(100.0, self.highest)

    def generateWaveform(self) -> None:
        t = np.arange(self.length) / self.sample_rate
        self.waveform = np.sin(np.pi * self.slope * t**2)

    def getLabels(self) -> dict[str, list[float | int]]:
        return {"slope": [self.slope]}


class OneLayer(Model):
    """A model of a user's own."""

    class ModelHyperParameters(Parameters):
        learning_rate: float

    def __init__(self, learning_rate: float, inputs: int) -> None:
        super().__init__()
        self.layers = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(inputs, 1))
        self.criterion = torch.nn.MSELoss()
        self.optimiser = torch.optim.SGD(self.parameters(), lr=learning_rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.layers(x)
        return out

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.optimiser.zero_grad()
        loss = self.criterion(self(x), y)
        loss.backward()
        self.optimiser.step()
        self.training_loss += loss.item() / loop_length


PARAMETERS: Any = {
    "batch_size": 5,
    "dataset_split": (0.6, 0.2, 0.2),
    "num_of_epochs": 2,
    "testing": False,
    "with_early_stopping": False,
}


def test_a_sampler_of_ones_own_from_generating_to_training(tmp_path: Path) -> None:
    settings = Chirp.Settings(duration=0.1, sample_rate=8000, highest=1500.0)
    dataset = generateDataset(Chirp, settings, str(tmp_path / "data"), 30, seed=1)
    dataset = transformDataset(loadDataset(str(tmp_path / "data")), {"output_type": "mel"})
    slopes = [y["slope"].item() for y in dataset.Y]
    dataset = regenerateDataPoints(dataset, Chirp, [3, 5])
    assert [i for i, y in enumerate(dataset.Y) if y["slope"].item() != slopes[i]] == [3, 5]

    routine = Routine(exports_dir=str(tmp_path / "model"))
    routine.setParameters(OneLayer.ModelHyperParameters(**PARAMETERS, learning_rate=1e-9))
    routine.importDataset(str(tmp_path / "data"), LocalSampler=Chirp)
    routine.M = OneLayer(**routine.P, inputs=routine.D.X[0].numel())

    def innerTestingLoop(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        loss = routine.M.criterion(routine.M(x), y)
        routine.M.testing_loss["aggregate"] += loss.item() / loop_length

    routine.train(innerTestingLoop)
    again = loadModel(routine.R["exports_dir"], OneLayer)
    assert isinstance(again, OneLayer)
    assert {p.name for p in Path(routine.R["exports_dir"]).glob("*.pt")} == {
        "best.pt",
        "epoch_000.pt",
        "epoch_001.pt",
        "last.pt",
    }


def test_the_usage_of_the_documentation(tmp_path: Path) -> None:
    # initialise a default routine
    routine = Routine(exports_dir=str(tmp_path / "model"), wandb_config={})
    # initialise parameters
    config = tmp_path / "config.yaml"
    config.write_text("batch_size: 8\ndataset_split: !!python/tuple [0.6, 0.2, 0.2]\n")
    routine.setParameters(
        CRePE.ModelHyperParameters(
            **PARAMETERS, depth="tiny", dropout=0.25, learning_rate=1e-3, optimiser="sgd"
        ),
        config_path=str(config),
    )
    # load, generate or install a dataset
    routine.importDataset(
        str(tmp_path / "data"),
        LocalSampler=TestTone,
        representation_settings={"normalise_input": True, "output_type": "end2end"},
        sampler_settings={"duration": 0.05, "sample_rate": 48000},
        dataset_size=20,
    )
    # shape data
    routine.D.X = torch.narrow(routine.D.X, 1, 0, 1024)
    routine.D.Y = torch.tensor([[y["f_0"]] for y in routine.D.Y]) / 880  # type: ignore[assignment]
    # configure model
    routine.M = CRePE(**routine.P, outputs=1)

    # define how the model is to be tested
    def innerTestingLoop(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        loss = routine.M.criterion(y, routine.M(x))
        routine.M.testing_loss["aggregate"] += loss.item() / loop_length

    # train and test a model
    routine.train(innerTestingLoop)
    checkpoint = torch.load(Path(routine.R["exports_dir"]) / "epoch_000.pt", weights_only=True)
    assert checkpoint["hyperparameters"]["batch_size"] == 8
    assert checkpoint["hyperparameters"]["dataset_split"] == (0.6, 0.2, 0.2)
    assert checkpoint["testing_loss"] is None
    assert checkpoint["evaluation_loss"]["aggregate"] > 0
    assert checkpoint["dataset"]["sampler"]["name"] == "TestTone"


@pytest.mark.parametrize("settings", [{}, {"output_type": "mel"}])
def test_one_worker_and_two_write_the_same_bytes(
    tmp_path: Path, digest: Callable[[Path], dict[str, str]], settings: Any
) -> None:
    for workers in (1, 2):
        generateDataset(
            BesselModel,
            {"duration": 0.1, "sample_rate": 48000},
            str(tmp_path / str(workers)),
            23,
            settings,
            seed=5,
            workers=workers,
        )
    files = digest(tmp_path / "1")
    assert files == digest(tmp_path / "2")
    assert len(files) == 25


def test_a_drum_is_heard_that_is_on_no_disk(tmp_path: Path) -> None:
    generateDataset(
        BesselModel,
        {"duration": 0.03, "sample_rate": 48000},
        str(tmp_path / "data"),
        60,
        {"normalise_input": False},
        seed=0,
    )
    result = SizeOfCircularDrum(
        exports_dir=str(tmp_path / "model"),
        dataset_dir=str(tmp_path / "data"),
        parameters={"num_of_epochs": 1, "dataset_size": 60},
    )
    drum = BesselModel(0.5, 44100, drum_size=0.3)
    drum.updateProperties(None)
    drum.generateWaveform()
    heard = predict(result.model, drum.waveform, drum.sample_rate)
    assert list(heard) == ["drum_size"]
    assert np.isfinite(heard["drum_size"])
