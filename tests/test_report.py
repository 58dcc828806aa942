"""The errors of a model, in numbers worked out by hand."""

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from kac_prediction.evaluation import (
    MEAN,
    MODEL,
    ConfusionMatrix,
    LabelReport,
    Report,
)
from kac_prediction.pipeline import ModelInput

TRUE = np.array([0.5, 1.0, 0.2])
PREDICTIONS = {MODEL: [0.6, 0.9, 0.2], MEAN: [0.5] * 3}


def report(
    true: Any = TRUE, predictions: Any = PREDICTIONS, unit: str = "m", **options: Any
) -> Any:
    return LabelReport.of("drum_size", unit, true, predictions, **options)


def test_errors_by_hand() -> None:
    found = report()
    assert found.count == 3
    assert found.model.mean_absolute == pytest.approx(0.2 / 3)
    assert found.model.median_relative == pytest.approx(0.1)
    assert found.errors[MEAN].mean_absolute == pytest.approx(0.8 / 3)
    assert found.errors[MEAN].median_relative == pytest.approx(0.5)


def test_it_prints_as_a_table_in_centimetres() -> None:
    table = str(report(predictions={MODEL: [0.55, 1.05, 0.2], MEAN: [0.75] * 3}))
    lines = table.splitlines()
    assert lines[0].split("  ")[0] == "drum_size of 3 unseen sounds"
    assert lines[1].split()[-4:] == ["3.33", "cm", "35.00", "cm"]
    assert lines[2].split()[-2:] == ["5.00%", "50.00%"]
    assert len({len(line) for line in lines}) == 1
    assert str(report(unit="")).splitlines()[1].split()[-2:] == ["0.07", "0.27"]


def test_errors_of_subsets() -> None:
    small = TRUE < 0.6
    found = report(subsets=[("small", small), ("large", ~small), ("none", TRUE > 2)])
    assert [(part.name, part.count) for part in found.parts] == [("small", 2), ("large", 1)]
    assert found.parts[0].errors[MODEL].mean_absolute == pytest.approx(0.05)
    assert found.parts[1].errors[MEAN].median_relative == pytest.approx(0.5)
    assert "  large (1)" in str(found)


def by_size(sizes: np.ndarray) -> dict[str, int]:
    """The ranges of a report on drums of these sizes, and how many drums each holds."""
    model_input = ModelInput(48000, 1024, labels=("drum_size",), units=("m",))
    predictions = {name: {"drum_size": sizes} for name in (MODEL, MEAN)}
    parts = Report.of(model_input, {"drum_size": sizes}, predictions)["drum_size"].parts
    return {part.name: part.count for part in parts}


def test_sizes_are_divided_into_ranges_that_hold_each_drum_once() -> None:
    sizes = np.random.default_rng(0).uniform(0.1, 1, 200)
    counts, edges = np.histogram(sizes, 5)
    assert list(by_size(sizes).values()) == counts.tolist()
    assert next(iter(by_size(sizes))) == f"{100 * edges[0]:.0f} to {100 * edges[1]:.0f} cm"
    # Ranges without a drum are left out.
    assert by_size(np.array([0.1, 0.25, 0.6])) == {
        "10 to 20 cm": 1,
        "20 to 30 cm": 1,
        "50 to 60 cm": 1,
    }
    assert sum(by_size(np.array([0.3, 0.3])).values()) == 2


def test_a_report_is_frozen() -> None:
    found = report()
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.count = 2


@pytest.mark.parametrize(
    ("true", "predicted", "text"),
    [
        ([], [], r"\(0,\)"),
        ([1.0], [1.0, 2.0], r"true and model .* \(1,\) and \(2,\)"),
        ([[1.0]], [[1.0]], r"\(1, 1\)"),
        ([float("nan")], [1.0], "finite, got nan"),
    ],
)
def test_what_cannot_be_compared_is_refused(true: Any, predicted: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        report(true, {MODEL: predicted})


def test_the_confusion_matrix() -> None:
    names = ("circle", "square")
    predictions = {MODEL: [0, 1, 0, 1], MEAN: [1] * 4}
    found = ConfusionMatrix.of("family", names, [0, 0, 0, 1], predictions)
    assert found.counts == ((2, 1), (0, 1))
    assert found.right == {MODEL: 0.75, MEAN: 0.25}
    heading, shares, names_predicted, circle, square = str(found).splitlines()
    assert heading.split("  ")[0] == "family of 4 unseen sounds"
    assert shares.split() == ["right", "75.0%", "25.0%"]
    assert names_predicted.split()[-2:] == ["circle", "square"]
    assert circle.split() == ["circle", "2", "1"]
    assert square.split() == ["square", "0", "1"]
    with pytest.raises(ValueError, match=r"\(2,\) and \(1,\)"):
        ConfusionMatrix.of("family", names, [0, 1], {MODEL: [0]})


def test_a_report_is_its_tables_and_fits_a_line_of_json() -> None:
    classes = {"family": ConfusionMatrix.of("family", ("a", "b"), [0, 1], {MODEL: [0, 1]})}
    whole = Report({"drum_size": report()}, classes)
    assert whole["drum_size"].count == 3
    assert str(whole) == f"{classes['family']}\n\n{report()}"
    stored = json.loads(json.dumps(whole.to_dict(), allow_nan=False))
    assert stored["labels"]["drum_size"]["errors"][MODEL]["mean_absolute"] == pytest.approx(0.2 / 3)
    assert stored["classes"]["family"]["right"] == {MODEL: 1.0}
