"""The errors of a model, in numbers worked out by hand."""

import dataclasses

import pytest

from kac_prediction.routines import Report


def test_errors_by_hand() -> None:
    report = Report.of("drum_size", "m", [0.5, 1.0, 0.2], [0.6, 0.9, 0.2], training_mean=0.5)
    assert report.count == 3
    assert report.mean_absolute_error == pytest.approx(0.2 / 3)
    assert report.median_relative_error == pytest.approx(0.1)
    assert report.baseline_mean_absolute_error == pytest.approx(0.8 / 3)
    assert report.baseline_median_relative_error == pytest.approx(0.5)
    assert report.gain == pytest.approx(4.0)


def test_it_prints_as_a_table() -> None:
    table = str(Report.of("drum_size", "m", [0.5, 1.0], [0.55, 1.05], training_mean=0.75))
    lines = table.splitlines()
    assert [line.split()[-2:] for line in lines[1:]] == [["0.0500", "0.2500"], ["7.50%", "37.50%"]]
    assert "drum_size of 2 unheard sounds" in lines[0]
    assert "(m)" in lines[1]
    assert len({len(line) for line in lines}) == 1


def test_a_perfect_model_and_a_frozen_report() -> None:
    report = Report.of("drum_size", "m", [0.5], [0.5], training_mean=0.75)
    assert report.gain == float("inf")
    with pytest.raises(dataclasses.FrozenInstanceError):
        report.count = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    ("true", "predicted", "text"),
    [
        ([], [], r"\(0,\)"),
        ([1.0], [1.0, 2.0], r"\(1,\) and \(2,\)"),
        ([[1.0]], [[1.0]], r"\(1, 1\)"),
        ([0.0], [1.0], "above 0, got 0.0"),
        ([float("nan")], [1.0], "above 0"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    true: list[float], predicted: list[float], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        Report.of("drum_size", "m", true, predicted, 0.5)
