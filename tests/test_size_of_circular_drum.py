"""The routine that learns the size of circular drums, from nothing to a report."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.architecture import CRePE
from kac_prediction.evaluation import MEAN
from kac_prediction.listening import predict
from kac_prediction.pipeline import loadModel, read_checkpoint
from kac_prediction.routines import Result, SizeOfCircularDrum

pytestmark = pytest.mark.slow

SMALL = {"dataset_size": 40, "num_of_epochs": 1, "batch_size": 14, "precision": "float32"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("drums")


def train(home: Path, config: str = "", **parameters: Any) -> Result:
    return SizeOfCircularDrum(
        config,
        exports_dir=str(home / "model"),
        dataset_dir=str(home / "data"),
        parameters=SMALL | parameters,
        device="cpu",
    )


@pytest.fixture(scope="module")
def result(home: Path) -> Result:
    return train(home)


def test_it_is_evaluated_on_drums_that_it_was_not_trained_on(result: Result) -> None:
    dataset = result.routine.D
    sizes = result.sounds.values("drum_size")
    assert len(result.evaluated) > 0
    training, _, test = result.routine.parts()
    assert np.array_equal(result.evaluated, test.numpy())
    assert np.array_equal(result.true["drum_size"], sizes[result.evaluated])
    others = np.setdiff1d(np.arange(len(dataset)), result.evaluated)
    # Five strikes share one drum, and so one size.
    assert not np.isin(result.true["drum_size"], sizes[others]).any()
    assert result.report is not None
    baseline = np.abs(sizes[training].mean() - result.true["drum_size"]).mean()
    errors = result.report["drum_size"].errors
    assert errors[MEAN].mean_absolute == pytest.approx(baseline)


def test_what_it_reports_is_what_the_best_checkpoint_predicts(result: Result) -> None:
    model = loadModel(result.best, CRePE)
    assert model.model_input == result.model_input
    with torch.no_grad():
        outputs = model(result.routine.D.X[result.evaluated].float())[:, 0].exp()
    predicted = result.predicted["drum_size"]
    assert predicted == pytest.approx(outputs.double().numpy(), rel=1e-6)
    assert result.report is not None
    report = result.report["drum_size"]
    assert (report.label, report.unit, report.count) == ("drum_size", "m", len(predicted))
    error = np.abs(predicted - result.true["drum_size"]).mean()
    assert report.model.mean_absolute == pytest.approx(error)
    assert "drum_size of 5 unseen sounds" in str(result.report)


def test_it_is_compared_with_the_classical_estimator(
    result: Result,
) -> None:
    assert result.report is not None
    assert [*result.report["drum_size"].errors] == ["model", MEAN]
    errors = result.compare()["drum_size"].errors
    assert [*errors] == ["model", MEAN, "classical, 21 ms", "classical, whole sound"]
    assert errors["classical, whole sound"].median_relative < 0.01
    assert errors["model"] == result.report["drum_size"].model


def test_the_classical_estimator_runs_when_it_is_asked_for_and_once(
    result: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths: list[int] = []

    def estimate(family: str, waveforms: Any, *medium: Any, sizes: Any) -> Any:
        lengths.append(waveforms.shape[1])
        return {"drum_size": np.full(len(waveforms), 0.3)}

    monkeypatch.setattr("kac_prediction.evaluation.baselines.estimate", estimate)
    fresh = Result.of(result.name, result.model_input, result.routine, result.sounds)
    assert str(fresh.report) == str(result.report)
    assert lengths == []
    report = fresh.compare()
    fresh.figure()
    assert str(fresh.compare()) == str(report)
    assert lengths == [1024, 48000]


def test_a_sound_file_of_the_dataset_is_predicted_as_in_training(result: Result) -> None:
    i = int(result.evaluated[0])
    sound = torch.from_numpy(np.load(Path(result.routine.D.dataset_dir) / "x.npy")[i])
    predicted = predict(result.model, sound, 48000)
    assert predicted["drum_size"] == pytest.approx(result.predicted["drum_size"][0], rel=0.02)


def test_losses_are_kept_in_all_and_by_label(result: Result) -> None:
    checkpoint = read_checkpoint(result.best)
    for name in ("selection_loss", "evaluation_loss"):
        losses: Any = checkpoint.get(name)
        assert set(losses) == {"aggregate", "drum_size"}
        assert losses["aggregate"] == pytest.approx(losses["drum_size"])
    # One batch holds the whole test set, so that its loss is the mean of all.
    losses = checkpoint["evaluation_loss"]
    assert losses is not None
    ratios = np.log(result.predicted["drum_size"] / result.true["drum_size"])
    costs = np.where(np.abs(ratios) < 0.05, ratios**2 / 0.1, np.abs(ratios) - 0.025)
    assert losses["aggregate"] == pytest.approx(costs.mean(), rel=1e-4)
    assert checkpoint["testing_loss"] is None


def test_the_same_seed_trains_the_same_model(home: Path, result: Result) -> None:
    torch.manual_seed(123)
    before = torch.random.get_rng_state()
    again = train(home)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert again.best != result.best
    assert np.array_equal(again.predicted["drum_size"], result.predicted["drum_size"])


def test_while_testing_the_test_set_is_left_alone(home: Path, tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text("testing: true\nnum_of_epochs: 1\n")
    result = train(home, str(config), num_of_epochs=2)
    assert result.report is None
    arrays = (result.true["drum_size"], result.predicted["drum_size"], result.evaluated)
    assert {array.shape for array in arrays} == {(0,)}
    assert len(result.routine.history) == 1
    with pytest.raises(ValueError, match="nothing was evaluated"):
        result.compare()


def test_an_interrupted_training_goes_on_to_the_same_bits(home: Path) -> None:
    whole = train(home, num_of_epochs=3, seed=4)
    expected = {name: value.clone() for name, value in whole.routine.M.state_dict().items()}
    first = Path(whole.routine.R["exports_dir"]) / "epoch_000.pt"
    # As if nothing had been saved after the first epoch.
    resumed = SizeOfCircularDrum(
        dataset_dir=str(home / "data"), resume=str(first), parameters=SMALL, device="cpu"
    )
    assert [record["epoch"] for record in resumed.routine.history] == [0, 1, 2]
    last = resumed.routine.M.state_dict()
    assert all(torch.equal(last[name], expected[name]) for name in expected)
    assert np.array_equal(resumed.predicted["drum_size"], whole.predicted["drum_size"])


def test_a_training_from_before_polarity_was_aligned_goes_on_without(home: Path) -> None:
    earlier = replace(SizeOfCircularDrum.model_input, align_polarity=False)
    first = replace(SizeOfCircularDrum, model_input=earlier)(
        exports_dir=str(home / "earlier"),
        dataset_dir=str(home / "data"),
        parameters=SMALL,
        device="cpu",
    )
    resumed = SizeOfCircularDrum(
        dataset_dir=str(home / "data"),
        resume=str(first.best.parent),
        parameters=SMALL,
        overrides={"num_of_epochs": 2},
        device="cpu",
    )
    assert resumed.model_input == earlier
    assert [record["epoch"] for record in resumed.routine.history] == [0, 1]
