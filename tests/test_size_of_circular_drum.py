"""The routine that learns the size of circular drums, from nothing to a report."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from kac_prediction.architecture import CRePE
from kac_prediction.pipeline import loadModel, predict, read_checkpoint
from kac_prediction.routines import CircularDrumResult, SizeOfCircularDrum
from kac_prediction.routines.size_of_circular_drum import DEFAULTS, INPUT

CONFIG = Path(__file__).parents[1] / "bin/config/local/size_of_circular_drum.yaml"
SMALL = {"dataset_size": 40, "num_of_epochs": 1, "batch_size": 14}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drums")


def train(home: Path, config: str = "", **parameters: Any) -> CircularDrumResult:
    return SizeOfCircularDrum(
        config,
        exports_dir=str(home / "model"),
        dataset_dir=str(home / "data"),
        parameters=SMALL | parameters,
    )


@pytest.fixture(scope="module")
def result(home: Path) -> CircularDrumResult:
    return train(home)


def test_it_is_tried_on_drums_that_were_never_heard(result: CircularDrumResult) -> None:
    dataset = result.routine.D
    sizes = torch.as_tensor(dataset.Y)[:, 0].numpy()
    assert len(result.evaluated) > 0
    training, _, third = result.routine.parts()
    assert np.array_equal(result.evaluated, third.numpy())
    assert np.array_equal(result.true, sizes[result.evaluated])
    others = np.setdiff1d(np.arange(len(dataset)), result.evaluated)
    # Five strikes share one drum, and so one size.
    assert not np.isin(result.true, sizes[others]).any()
    assert result.report is not None
    baseline = np.abs(sizes[training].mean() - result.true).mean()
    assert result.report.baseline_mean_absolute_error == pytest.approx(baseline)


def test_what_it_reports_is_what_the_best_checkpoint_says(result: CircularDrumResult) -> None:
    model = loadModel(result.best, CRePE)
    assert model.model_input == INPUT
    with torch.no_grad():
        answers = model(result.routine.D.X[result.evaluated].float())[:, 0]
    assert result.predicted == pytest.approx(answers.double().numpy(), abs=1e-6)
    report = result.report
    assert report is not None
    assert (report.label, report.unit, report.count) == ("drum_size", "m", len(result.true))
    error = np.abs(result.predicted - result.true).mean()
    assert report.mean_absolute_error == pytest.approx(error)


def test_a_sound_file_of_the_dataset_is_heard_as_in_training(result: CircularDrumResult) -> None:
    i = int(result.evaluated[0])
    sound = torch.from_numpy(np.load(Path(result.routine.D.dataset_dir) / "x.npy")[i])
    heard = predict(result.model, sound, 48000)
    assert heard["drum_size"] == pytest.approx(result.predicted[0], abs=0.01)


def test_losses_are_kept_in_all_and_by_label(result: CircularDrumResult) -> None:
    checkpoint = read_checkpoint(result.best)
    for name in ("selection_loss", "evaluation_loss"):
        losses: Any = checkpoint.get(name)
        assert set(losses) == {"aggregate", "drum_size"}
        assert losses["aggregate"] == pytest.approx(losses["drum_size"])
    # One batch holds the whole third part, so that its loss is the mean of the squares.
    losses = checkpoint["evaluation_loss"]
    assert losses is not None
    assert losses["aggregate"] == pytest.approx(((result.predicted - result.true) ** 2).mean())
    assert checkpoint["testing_loss"] is None


def test_the_same_seed_trains_the_same_model(home: Path, result: CircularDrumResult) -> None:
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    again = train(home)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert again.best != result.best
    assert np.array_equal(again.predicted, result.predicted)


def test_while_testing_the_third_part_is_left_alone(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text("testing: true\nnum_of_epochs: 1\n")
    result = train(home, str(config), num_of_epochs=2)
    assert result.report is None
    assert result.true.shape == result.predicted.shape == result.evaluated.shape == (0,)
    assert len(result.routine.history) == 1


def test_the_yaml_file_says_what_the_defaults_say() -> None:
    stored = yaml.safe_load(CONFIG.read_text())
    assert stored == {**DEFAULTS, "dataset_split": list(DEFAULTS["dataset_split"])}
