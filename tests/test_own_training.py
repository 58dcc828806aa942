"""A training of a dataset of one's own in one call, of any torch module."""

import gc
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import torch

import kac_prediction as kac
from models_of_users import Linear

RAW: kac.RepresentationSettings = {"normalise_input": False}
SHORT: Any = {"num_of_epochs": 2, "batch_size": 14}


def network(inputs: int = 240, outputs: int = 1) -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(inputs, 4), torch.nn.ReLU(), torch.nn.Linear(4, outputs)
    )


@pytest.fixture(scope="module")
def drums(tmp_path_factory: pytest.TempPathFactory) -> kac.TorchDataset:
    place = tmp_path_factory.mktemp("own") / "drums"
    return kac.generateDataset(
        kac.BesselModel, {"duration": 0.03, "sample_rate": 8000}, str(place), 40, RAW, seed=1
    )


@pytest.fixture(scope="module")
def result(drums: kac.TorchDataset, tmp_path_factory: pytest.TempPathFactory) -> kac.Result:
    place = str(tmp_path_factory.mktemp("model"))
    return kac.train(
        drums.dataset_dir, model=network(), parameters=SHORT, exports_dir=place, device="cpu"
    )


def test_a_module_is_trained_and_loaded(result: kac.Result) -> None:
    assert result.report is not None
    assert " cm" in str(result.report)
    assert len(result.routine.history) == 2
    loaded = kac.loadModel(result.best, kac.as_model(network()))
    inputs = result.routine.D.X[:3].float()
    with torch.no_grad():
        torch.testing.assert_close(loaded(inputs), result.model(inputs), rtol=0, atol=0)
        changed = loaded(inputs) != kac.as_model(network())()(inputs)
    assert changed.all()
    sound = kac.BesselModel(0.05, 8000, drum_size=0.3).strike()
    assert kac.predict(loaded, sound, 8000)["drum_size"] > 0
    assert result.model_input.scales == ("log",)


def test_a_result_shows_errors_curve_and_path(result: kac.Result) -> None:
    assert len(repr(result).splitlines()) == 2
    assert str(result.best) in repr(result)
    html = result._repr_html_()
    assert html.count("<svg") == 2  # losses and learning rate
    assert "mean absolute error" in html
    assert len(html) < 200_000
    figure = result.figure()
    assert isinstance(figure, mpl.figure.Figure)
    assert len(result.compare()["drum_size"].errors) > 2  # the classical estimator, too


def test_the_dataset_stays_and_the_same_seed_trains_the_same(
    result: kac.Result, drums: kac.TorchDataset, tmp_path: Path
) -> None:
    before = drums.X.clone()
    again = kac.train(
        drums, model=network(), parameters=SHORT, exports_dir=str(tmp_path), device="cpu"
    )
    torch.testing.assert_close(drums.X, before, rtol=0, atol=0)
    assert isinstance(drums.Y, list)
    for one, other in zip(again.model.parameters(), result.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)


def test_a_training_that_is_resumed_comes_to_the_same_end(
    drums: kac.TorchDataset, tmp_path: Path
) -> None:
    given: Any = {"exports_dir": str(tmp_path), "device": "cpu"}
    two = SHORT | {"schedule": "constant"}  # another one depends on how many epochs there are
    whole = kac.train(drums, model=network(), parameters=two, **given)
    begun = kac.train(drums, model=network(), parameters=two | {"num_of_epochs": 1}, **given)
    directory = begun.best.parent
    more = kac.train(drums, model=network(), parameters=two, resume=directory, **given)
    assert more.best.parent == directory
    assert len(more.routine.history) == 2
    for one, other in zip(more.model.parameters(), whole.model.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0)
    with pytest.raises(ValueError, match="of a model of other inputs: units was"):
        kac.train(drums, model=network(), units={"drum_size": "cm"}, resume=directory, **given)
    with pytest.raises(FileNotFoundError, match="nothing"):
        kac.train(drums, model=network(), resume=tmp_path / "nothing", **given)


def test_labels_that_are_no_size_have_a_report_and_a_figure(tmp_path: Path) -> None:
    settings = {"duration": 0.03, "sample_rate": 8000}
    place = str(tmp_path / "tones")
    tones = kac.generateDataset(kac.TestTone, settings, place, 40, RAW, seed=1)
    for i, y in enumerate(tones.Y):
        y["level"] = torch.tensor([-1.0 * (i % 5)], dtype=torch.float64)  # of no relative error
    given: Any = {"parameters": SHORT, "exports_dir": str(tmp_path), "device": "cpu"}
    result = kac.train(
        tones, ("f_0", "level"), Linear(0.01, 240, 2), units={"level": "dB"}, **given
    )
    assert result.model_input.units == ("Hz", "dB")
    assert result.model_input.scales == ("log", "linear")
    report = result.compare()
    assert " Hz" in str(report["f_0"])
    assert report["level"].model.median_relative is None
    assert len(result.figure().axes) == 4  # two labels, errors, losses, and no drums
    assert np.isfinite(result.predicted["level"]).all()


def spoilt(drums: kac.TorchDataset, value: float) -> kac.TorchDataset:
    copy = drums[:]
    copy.Y = [{**y} for y in drums.Y]
    copy.Y[3]["drum_size"] = torch.tensor([value], dtype=torch.float64)
    return copy


WRONG: dict[str, tuple[Any, type[Exception], str]] = {
    "no dataset": (lambda d: {"dataset": 3}, TypeError, "dataset must be one of loadDataset"),
    "no place": (lambda d: {"dataset": "nowhere"}, FileNotFoundError, "nowhere"),
    "empty": (lambda d: {"dataset": d[:0]}, ValueError, "holds no sample to learn from"),
    "a text": (lambda d: {"labels": "drum_size"}, TypeError, "labels must be a tuple of texts"),
    "no labels": (lambda d: {"labels": ()}, ValueError, "labels must be one or more"),
    "unknown": (lambda d: {"labels": ("drum_siz",)}, ValueError, r"did you mean drum_size\?"),
    "several": (lambda d: {"labels": ("strike_location",)}, ValueError, "strike_location has 2"),
    "nan": (lambda d: {"dataset": spoilt(d, np.nan)}, ValueError, "sample 3 has drum_size nan"),
    "infinite": (
        lambda d: {"dataset": spoilt(d, np.inf)},
        ValueError,
        "sample 3 has drum_size inf",
    ),
    "units": (lambda d: {"units": {"depth": "m"}}, ValueError, "a label must be one of"),
    "too long": (lambda d: {"length": 1000}, ValueError, "at least 1000 samples"),
    "too short for CRePE": (lambda d: {"model": None}, ValueError, "at least 1024 samples"),
    "a class": (lambda d: {"model": torch.nn.Linear}, TypeError, "model must be a torch module"),
    "outputs": (lambda d: {"model": network(240, 2)}, ValueError, "has 2 outputs, but drum_size"),
    "inputs": (lambda d: {"model": network(99)}, ValueError, r"does not take .*\(n, 240\)"),
    "no weights": (lambda d: {"model": torch.nn.ReLU()}, ValueError, "ReLU has no parameters"),
    "parameter": (lambda d: {"parameters": {"epochs": 3}}, ValueError, "epochs in parameters"),
    "range": (lambda d: {"parameters": {"warm_up": 3.0}}, ValueError, "warm_up .* below 1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_before_anything_is_trained(
    name: str, drums: kac.TorchDataset, tmp_path: Path
) -> None:
    change, error, message = WRONG[name]
    usual = {"dataset": drums, "model": network(), "exports_dir": str(tmp_path), "device": "cpu"}
    with pytest.raises(error, match=message):
        kac.train(**usual | {"parameters": SHORT} | change(drums))
    gc.collect()
    assert not any(tmp_path.iterdir())


def test_a_dataset_that_is_not_of_raw_sounds(tmp_path: Path) -> None:
    settings = {"duration": 0.03, "sample_rate": 8000}
    made = kac.generateDataset(kac.TestTone, settings, str(tmp_path / "tones"), 10)
    with pytest.raises(ValueError, match=r"normalise_input True.*transformDataset"):
        kac.train(made, ("f_0",), network(), exports_dir=str(tmp_path / "model"))
