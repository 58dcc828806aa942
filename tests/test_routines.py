"""Every routine: what it learns, from which drums, and its result."""

import math
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.dataset import generateDataset
from kac_prediction.listening import drum_heard, predict
from kac_prediction.pipeline import loadModel, read_checkpoint
from kac_prediction.routines import (
    DimOfRectangularDrum,
    ShapeOfDrum,
    SizeOfCircularDrum,
    SizeOfPolygonalDrum,
)
from kac_prediction.samplers import FAMILIES, FDTDModel
from legacy_text import write

pytestmark = pytest.mark.slow

ROUTINES = {
    routine.name: routine
    for routine in (DimOfRectangularDrum, ShapeOfDrum, SizeOfCircularDrum, SizeOfPolygonalDrum)
}
SMALL: dict[str, Any] = {
    "batch_size": 14,
    "dataset_size": 40,
    "num_of_epochs": 1,
    "precision": "float32",
    "steps_per_epoch": 1,
}
SHORT = {"duration": 0.03, "sample_rate": 48000}


@pytest.fixture(scope="module")
def drums(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small dataset for each routine, of sounds as short as they may be."""
    home = tmp_path_factory.mktemp("drums")
    for name, task in ROUTINES.items():
        settings = {**task.settings, **SHORT, "drum_size": (0.1, 0.3)}
        raw: Any = {"normalise_input": False}
        generateDataset(task.Sampler, settings, str(home / name), 40, raw, seed=2)
    return home


def train(name: str, dataset: Path, place: Path, **options: Any) -> Any:
    parameters = SMALL | options.pop("parameters", {})
    return ROUTINES[name](
        exports_dir=str(place / "model"),
        dataset_dir=str(dataset),
        parameters=parameters,
        device="cpu",
        **options,
    )


@pytest.fixture(scope="module")
def trained(drums: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """What came of a routine by its name; each is trained once."""
    return cache(lambda name: train(name, drums / name, tmp_path_factory.mktemp(name)))


@pytest.mark.parametrize("name", ROUTINES)
def test_it_reports_the_errors_of_its_model_by_label(
    name: str, trained: Callable[[str], Any]
) -> None:
    result = trained(name)
    model_input = ROUTINES[name].model_input
    assert set(result.true) == set(result.predicted) == set(model_input.labels)
    assert {*result.report.labels, *result.report.classes} == set(model_input.labels)
    for label, report in result.report.labels.items():
        error = np.abs(result.predicted[label] - result.true[label])
        assert report.model.mean_absolute == pytest.approx(error.mean())
    losses: Any = read_checkpoint(result.best)["evaluation_loss"]
    assert set(losses) == {"aggregate", *model_input.labels}
    by_label = [losses[label] for label in model_input.labels]
    assert losses["aggregate"] == pytest.approx(np.mean(by_label))
    model = loadModel(result.best)
    sound = result.sounds.waveforms[result.evaluated[0]]
    predicted = predict(model, sound, 48000)
    assert predicted["drum_size"] == pytest.approx(result.predicted["drum_size"][0], rel=0.02)
    drum = drum_heard(model, {**predicted, "drum_size": 0.2})
    drum.generateWaveform()
    assert drum.getLabels()["drum_size"] == [0.2]


@pytest.mark.parametrize("name", ROUTINES)
def test_it_trains_on_drums_synthesised_on_the_fly(name: str, drums: Path, tmp_path: Path) -> None:
    result = train(name, drums / name, tmp_path, stream=True, parameters={"steps_per_epoch": 2})
    _, validation, test = result.routine.parts()
    assert len(result.evaluated) == len(test) > 0
    assert set(result.routine.history[0]) >= {"selection_loss", "evaluation_loss"}
    assert len(validation) > 0
    stored = read_checkpoint(result.best)
    assert stored["dataset"]["sampler"]["name"] == ROUTINES[name].Sampler.__name__
    streamed = result.routine._sources
    assert len(streamed) == 1
    for y in streamed[0].Sampler(**streamed[0].settings).render(range(3))[1]:
        assert set(ROUTINES[name].model_input.labels) <= y.keys()


def test_families_have_a_confusion_matrix(trained: Callable[[str], Any]) -> None:
    report = trained("ShapeOfDrum").report
    confusion = report.classes["family"]
    assert confusion.names == FAMILIES
    assert np.sum(confusion.counts) == report["drum_size"].count
    there = {name for name, row in zip(FAMILIES, confusion.counts, strict=True) if sum(row)}
    assert there <= {part.name for part in report["drum_size"].parts}
    assert "predicted by the model as" in str(report)


def test_polygons_have_an_aspect_ratio(trained: Callable[[str], Any]) -> None:
    labels = trained("SizeOfPolygonalDrum").sounds.labels
    assert all(y["aspect_ratio"].item() >= 1 for y in labels)
    square = {"N": [4.0], "vertices": [0, 0, 2, 0, 2, 2, 0, 2, 0, 2.0], "drum_size": [2.0]}
    (seen,) = ROUTINES["SizeOfPolygonalDrum"].add_labels(
        [{k: torch.tensor(v) for k, v in square.items()}]
    )
    assert seen["aspect_ratio"].item() == pytest.approx(1)
    assert ROUTINES["SizeOfPolygonalDrum"].add_labels([{"drum_size": torch.ones(1)}])[0].keys() == {
        "drum_size"
    }


def older(directory: Path, sampler: str, labels: list[str]) -> None:
    directory.mkdir(parents=True)
    sounds = np.random.default_rng(1).normal(size=(len(labels), 1440)).clip(-1, 1).tolist()
    settings = '{"duration": 0.03, "sample_rate": 48000}'
    write(directory, sounds, labels, sampler=f'"{sampler}"', settings=settings)


def test_the_published_set_is_used_where_it_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sizes = np.linspace(0.3, 1.0, 8).repeat(5)
    labels = [f'{{"aspect_ratio": [2.0], "drum_size": [{size}]}}' for size in sizes]
    published = str(DimOfRectangularDrum.published)
    older(tmp_path / "data" / published, "PoissonModel", labels)
    result = DimOfRectangularDrum(parameters=SMALL, device="cpu")
    assert result.true["drum_size"] == pytest.approx(sizes[result.evaluated] / 2)
    assert set(result.true["aspect_ratio"]) == {2.0}
    assert [path.name for path in (tmp_path / "data").iterdir()] == [published]


def test_published_polygons_without_sizes_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / "data" / str(ROUTINES["SizeOfPolygonalDrum"].published)
    older(place, "FDTDModel", ['{"vertices": [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]}'] * 10)
    result = SizeOfPolygonalDrum(parameters=SMALL | {"dataset_size": 15}, device="cpu")
    assert "does not say how large its drums are" in caplog.text
    assert Path(result.routine.D.dataset_dir).name == "polygonal-drums"
    assert result.routine.D.sampler_settings["drum_size"] in ((0.1, 1.0), [0.1, 1.0])
    assert result.sounds.waveforms.shape == (15, 48000)


def test_drums_of_something_else_are_refused(drums: Path, tmp_path: Path) -> None:
    stars = {**SHORT, "arbitrary_shape": "RegularStar"}
    generateDataset(FDTDModel, stars, str(tmp_path / "stars"), 5, {"normalise_input": False})
    with pytest.raises(ValueError, match="ConvexPolygon"):
        train("SizeOfPolygonalDrum", tmp_path / "stars", tmp_path)
    with pytest.raises(ValueError, match="BesselModel"):
        train("DimOfRectangularDrum", drums / "SizeOfCircularDrum", tmp_path)
    with pytest.raises(ValueError, match="ShapeOfDrum trains on drums made here, not on '2000"):
        ShapeOfDrum(
            exports_dir=str(tmp_path), dataset_name="2000-convex-polygonal-drums-of-varying-size"
        )
    with pytest.raises(ValueError, match="SizeOfCircularDrum trains on 5000-circular"):
        SizeOfCircularDrum(
            exports_dir=str(tmp_path), dataset_name="5000-rectangular-drums-of-varying-dimension"
        )


def test_seconds_are_those_of_the_epochs(trained: Callable[[str], Any]) -> None:
    result = trained("SizeOfCircularDrum")
    assert math.isclose(result.seconds, result.routine.history[0]["seconds"])


@pytest.mark.parametrize("name", ["DimOfRectangularDrum", "SizeOfCircularDrum"])
def test_a_checkpoint_of_another_task_is_refused_before_drums_are_made(
    name: str, trained: Callable[[str], Any], tmp_path: Path
) -> None:
    best = trained("SizeOfPolygonalDrum").best
    # Rectangles have the same labels, of drums by another sampler.
    for path in (best, best.parent):
        with pytest.raises(
            ValueError, match=r"predicts drum_size, aspect_ratio .*FDTDModel"
        ) as raised:
            train(name, tmp_path / "none", tmp_path / "other", resume=str(path))
        assert name in str(raised.value)
        assert ROUTINES[name].Sampler.__name__ in str(raised.value)
    with pytest.raises(ValueError, match="stream"):
        train("SizeOfPolygonalDrum", tmp_path / "none", tmp_path, resume=str(best), stream=True)
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("name", ROUTINES)
def test_wrong_parameters_are_refused_before_drums_are_made(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"lerning_rate.*did you mean learning_rate\?"):
        train(name, tmp_path / "data", tmp_path, parameters={"lerning_rate": 1e-3})
    with pytest.raises(TypeError, match=r"dropout.*parameters"):
        train(name, tmp_path / "data", tmp_path, parameters={"dropout": "much"})
    with pytest.raises(ValueError, match="huge"):
        train(name, tmp_path / "data", tmp_path, parameters={"depth": "huge"})
    assert not (tmp_path / "data").exists()
