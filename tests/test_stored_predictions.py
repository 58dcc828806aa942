"""What a run keeps of its predictions, and how its page shows them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

import kac_prediction as kac
from kac_prediction.architecture import CRePE
from kac_prediction.cli import main
from kac_prediction.plot.predictions_page import confusion_html, drums_html, scatter_html
from kac_prediction.routines.predictions import Predictions
from saved_models import exported, save

SQUARE = np.array([[0.0, 0.0], [0.3, 0.0], [0.3, 0.3], [0.0, 0.3]])


@pytest.mark.slow
def test_a_training_keeps_what_it_predicted(tmp_path: Path) -> None:
    settings = {"duration": 0.13, "sample_rate": 8000}
    place, raw = str(tmp_path / "drums"), {"normalise_input": False}
    drums = kac.generateDataset(kac.PoissonModel, settings, place, 60, raw, seed=1)
    short: Any = {"num_of_epochs": 1}
    labels = ("drum_size", "aspect_ratio")
    result = kac.train(
        drums, labels, parameters=short, exports_dir=str(tmp_path / "model"), device="cpu"
    )
    kept = Predictions.read(result.best.with_name("predictions.json"))
    assert tuple(kept.labels) == labels
    for label, each in kept.labels.items():
        np.testing.assert_array_equal(each.true, result.true[label])
        np.testing.assert_array_equal(each.predicted, result.predicted[label])
    sizes = [np.sqrt(np.prod(np.ptp(drum["true"], axis=0))) for drum in kept.drums]
    assert sizes == sorted(sizes)
    assert set(np.round(sizes, 4)) <= set(np.round(result.true["drum_size"], 4))
    assert not kept.discs


RIGHT: dict[str, Any] = {
    "labels": {"size": {"unit": "m", "classes": [], "true": [1.0], "predicted": [2.0]}},
    "drums": [{"true": SQUARE.tolist(), "predicted": SQUARE.tolist()}],
}


@pytest.mark.parametrize(
    "wrong",
    [
        [],
        {},
        {"labels": {}, "drums": [3]},
        {"labels": {"size": {"unit": "m", "classes": [], "true": [1.0], "predicted": []}}},
        {"drums": [{"true": [[0, 1, 2]], "predicted": SQUARE.tolist()}]},
        {"drums": [{"true": [[0, float("inf")]], "predicted": SQUARE.tolist()}]},
        {"labels": {"family": {"unit": "", "classes": ["a"], "true": [0], "predicted": [7]}}},
        {"labels": {"family": {"unit": "", "classes": ["a"], "true": [0], "predicted": ["<b>"]}}},
    ],
)
def test_a_file_that_no_training_wrote_is_refused(wrong: Any, tmp_path: Path) -> None:
    path = tmp_path / "predictions.json"
    path.write_text(json.dumps(RIGHT))
    assert Predictions.read(path).labels["size"].predicted == [2.0]
    path.write_text(json.dumps(RIGHT | wrong if isinstance(wrong, dict) and wrong else wrong))
    with pytest.raises(ValueError, match=r"predictions\.json is not what a training writes \("):
        Predictions.read(path)


def test_names_of_strangers_are_texts() -> None:
    name, values = "<script>", np.array([0.0, 1.0])
    for shown in (
        scatter_html(name, name, values, values),
        confusion_html(name, (name, name), values, values),
    ):
        assert "<script" not in shown
        assert "&lt;script&gt;" in shown


def test_drums_are_drawn_to_one_scale() -> None:
    drums = [{"true": SQUARE, "predicted": SQUARE / 2}, {"true": SQUARE / 3, "predicted": SQUARE}]
    shown = drums_html(drums)
    assert shown.count("true 0.300 m") == shown.count("predicted 0.300 m") == 1
    assert shown.count("true 0.100 m") == shown.count("predicted 0.150 m") == 1
    assert shown.count('width="226" height="226"') == 2
    assert "discs" in drums_html(drums, discs=True)


def test_many_sounds_are_thinned_out() -> None:
    values = np.linspace(0, 1, 5001)
    assert scatter_html("a", "", values, values).count("<circle") == 834


def test_a_damaged_file_gives_way_to_the_picture(tmp_path: Path) -> None:
    save(tmp_path / "best.pt", exported(CRePE("tiny", 0.1, 1e-3, "adam", outputs=1)))
    (tmp_path / "predictions.json").write_text("[]")
    (tmp_path / "drums.png").write_bytes(b"a picture")
    page = tmp_path / "page.html"
    result = CliRunner().invoke(main, ["report", str(tmp_path), "--out", str(page)])
    assert result.exit_code == 0
    assert "predictions.json is not what a training writes" in result.stderr
    assert "data:image/png;base64," in page.read_text()
