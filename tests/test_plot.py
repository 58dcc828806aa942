"""The picture of a training, read back from the figure."""

import io
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from kac_prediction.evaluation import MEAN, MODEL, LabelReport
from kac_prediction.geometry import Circle, Ellipse, UnitRectangle
from kac_prediction.plot import draw_drums, drum_figure, report_figure

RNG = np.random.default_rng(0)
TRUE = RNG.uniform(0.1, 1.0, 40)
PREDICTED = TRUE + RNG.normal(0, 0.02, 40)
ASPECT = 1 + 3 * RNG.random(40)
BASELINES = {MEAN: np.full(40, 0.3), "classical, 21 ms": TRUE * 1.1}
HISTORY = [
    {"epoch": epoch, "training_loss": 1 / epoch, "selection_loss": 1 / epoch + 0.01 * epoch}
    for epoch in range(1, 21)
]


def report(
    true: Any = TRUE,
    predicted: Any = PREDICTED,
    baselines: Any = None,
    further: Any = None,
    history: Any = HISTORY,
    **options: Any,
) -> Figure:
    """The report of `drum_size`, and of further labels: their truth and predictions."""
    further = further or {}
    baselines = {name: {"drum_size": values} for name, values in (baselines or {}).items()}
    return report_figure(
        history,
        {"drum_size": true, **{label: values for label, (values, _) in further.items()}},
        {
            MODEL: {"drum_size": predicted, **{label: p for label, (_, p) in further.items()}},
            **baselines,
        },
        **options,
    )


def texts(figure: Figure) -> str:
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    for axes in figure.axes:
        legend = axes.get_legend()
        found += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
        found += [text.get_text() for text in legend.get_texts()] if legend else []
    return "\n".join(found)


def test_report_says_what_it_shows() -> None:
    figure = report()
    said = texts(figure)
    mean_error = np.abs(PREDICTED - TRUE).mean()
    assert f"mean absolute error {mean_error:.4f} m" in said
    assert MEAN not in said
    assert "true drum size (m)" in said
    assert "predicted drum size (m)" in said
    # 1 / n + n / 100 is least at n = 10.
    assert "best: epoch 10" in said
    assert said.count("predicted 0.") == 3
    assert figure.axes[1].get_yscale() == "log"
    np.testing.assert_array_equal(
        figure.axes[0].collections[0].get_offsets(), np.column_stack([TRUE, PREDICTED])
    )


def test_the_losses_of_the_report_are_those_of_the_curve() -> None:
    records = [
        {**record, "selection_loss": {"aggregate": record["selection_loss"]}} for record in HISTORY
    ]
    records[3]["evaluation_loss"] = {"aggregate": 0.4}
    lines = {line.get_label(): line for line in report(history=records).axes[1].lines}
    assert list(lines) == ["training", "validation", "test", "best: epoch 10, 0.2"]
    np.testing.assert_allclose(lines["test"].get_xydata(), [[4, 0.4]])
    np.testing.assert_allclose(
        lines["validation"].get_ydata(), [record["selection_loss"] for record in HISTORY]
    )


def test_the_picture_says_the_figures_of_the_table() -> None:
    predictions = {MODEL: PREDICTED, MEAN: np.full(TRUE.shape, 0.3)}
    errors = LabelReport.of("drum_size", "m", TRUE, predictions).errors
    said = texts(report(baselines={MEAN: predictions[MEAN]})).split()
    assert said[said.index("error") + 1] == f"{errors[MODEL].mean_absolute:.4f}"
    assert said[said.index("predictor:") + 1] == f"{errors[MEAN].mean_absolute:.4f}"


def test_report_is_a_picture() -> None:
    file = io.BytesIO()
    report().savefig(file, dpi=40)
    assert file.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("history", [[], HISTORY[:1], [{"epoch": 1, "training_loss": 0.5}]])
@pytest.mark.parametrize("count", [1, 2])
def test_little_to_show(history, count: int) -> None:
    predicted = [-0.1, 0.5][:count]
    report([0.2, 0.6][:count], predicted, history=history).savefig(io.BytesIO(), dpi=30)


def test_drums_are_to_scale() -> None:
    axes = Figure().add_subplot()
    draw_drums(axes, [Circle(0.1), Ellipse(0.4, 0.2, (7, 7))], [Circle(0.2), Circle(0.1, (3, 3))])
    assert axes.get_aspect() == 1
    widths = [np.ptp(patch.get_xy()[:, 0]) for patch in axes.patches]
    assert widths == pytest.approx([0.2, 0.8])
    predicted = [np.ptp(line.get_xdata()) for line in axes.lines[:2]]
    assert predicted == pytest.approx([0.4, 0.2])
    low, high = axes.get_xlim()
    for patch, line in zip(axes.patches, axes.lines, strict=False):
        middle = patch.get_xy()[:-1].mean(axis=0)
        np.testing.assert_allclose(line.get_xydata()[:-1].mean(axis=0), middle, atol=2e-3)
        assert low < patch.get_xy()[:, 0].min() < patch.get_xy()[:, 0].max() < high
    assert [text.get_text() for text in axes.texts][:2] == ["true 0.177 m", "predicted 0.354 m"]


def test_all_stand_on_one_floor() -> None:
    axes = Figure().add_subplot()
    long, small = UnitRectangle(4.0), Circle(0.2)
    draw_drums(axes, [long, small], [small, Circle(0.4)])
    for patch, line in zip(axes.patches, axes.lines, strict=False):
        lowest = min(patch.get_xy()[:, 1].min(), line.get_ydata().min())
        assert lowest == pytest.approx(0, abs=1e-12)
    # As high as the highest of them, not as it would be if the longest were upright.
    assert 0.8 < axes.get_ylim()[1] < 1.0


@pytest.mark.parametrize(
    ("largest", "bar"), [(0.1, "0.02 m"), (0.4, "0.1 m"), (0.5, "0.1 m"), (0.67, "0.2 m")]
)
def test_the_scale_is_a_round_length(largest: float, bar: str) -> None:
    axes = Figure().add_subplot()
    draw_drums(axes, [Circle(largest)], [Circle(largest)])
    assert axes.texts[-1].get_text() == bar
    assert np.ptp(axes.lines[-1].get_xdata()) == pytest.approx(float(bar.split()[0]))


def test_baselines_are_compared_with() -> None:
    figure = report(baselines=BASELINES)
    said = texts(figure)
    mean = np.abs(TRUE - 0.3).mean()
    assert f"{MEAN}: {mean:.4f} m" in said
    assert said.count(f"{MEAN}:") == 1
    assert f"classical, 21 ms: {0.1 * TRUE.mean():.4f} m" in said
    assert [axes.get_title() for axes in figure.axes] == [
        "Predictions on unseen drums (n = 40)",
        "Baselines",
        "Errors of the drum size",
        "Loss",
        "Drums to scale: true and predicted",
    ]
    panels = {axes.get_title(): axes for axes in figure.axes}
    scattered = [np.asarray(dots.get_offsets())[:, 1] for dots in panels["Baselines"].collections]
    np.testing.assert_array_equal(scattered, list(BASELINES.values()))
    errors = {
        line.get_label(): line.get_ydata() for line in panels["Errors of the drum size"].lines
    }
    assert list(errors) == ["model", *BASELINES]
    np.testing.assert_allclose(errors["classical, 21 ms"], 10)
    figure.savefig(io.BytesIO(), dpi=30)


def test_labels_and_classes_have_panels() -> None:
    further = {
        "kind": (np.repeat([0.0, 1.0], 20), np.repeat([0.0, 1.0], [25, 15])),
        "aspect_ratio": (ASPECT, ASPECT + 0.1),
    }
    shapes = (lambda i: UnitRectangle(ASPECT[i]), lambda i: Circle.of_size(PREDICTED[i]))
    figure = report(
        baselines=BASELINES,
        further=further,
        classes={"kind": ("circle", "rectangle")},
        shapes=shapes,
    )
    said = texts(figure)
    assert "predicted aspect ratio" in said
    assert "mean absolute error 0.1000\n" in said
    assert "Confusion matrix: 88% right" in said
    assert len(figure.axes) == 7
    widths = [np.ptp(patch.get_xy()[:, 0]) for patch in figure.axes[-1].patches]
    assert {round(float(w), 9) for w in widths} <= {round(float(a**0.5), 9) for a in ASPECT}
    figure.savefig(io.BytesIO(), dpi=30)


@pytest.mark.parametrize("labels", [0, 1, 2])
@pytest.mark.parametrize("classed", [False, True])
@pytest.mark.parametrize("baselines", [None, BASELINES])
def test_every_row_of_panels_is_full(labels: int, classed: bool, baselines) -> None:
    further = {f"ratio {i}": (ASPECT, ASPECT) for i in range(labels)}
    if classed:
        further["kind"] = (np.zeros(40), np.ones(40))
    classes = {"kind": ("one", "other")} if classed else None
    figure = report(baselines=baselines, further=further, classes=classes)
    assert len(figure.axes) % 2 == 1
    assert len(figure.axes) <= 8 - (not classed) - (labels < 2)


def test_confusion_adds_up() -> None:
    kinds = (np.array([0.0, 0, 0, 1]), np.array([0.0, 0, 2, 1]))
    classes = {"kind": ("a", "b", "c")}
    figure = report(TRUE[:4], PREDICTED[:4], further={"kind": kinds}, classes=classes)
    (axes,) = (axes for axes in figure.axes if axes.get_title() == "Confusion matrix: 75% right")
    shares = [text.get_text() for text in axes.texts]
    assert shares == ["67%", "0%", "33%", "0%", "100%", "0%", "0%", "0%", "0%"]
    rows = [tick.get_text() for tick in axes.get_yticklabels()]
    assert rows == ["a\n(n = 3)", "b\n(n = 1)", "c\n(n = 0)"]


def test_errors_are_medians_of_equal_parts() -> None:
    sizes = np.arange(1.0, 13.0)
    wrong = np.repeat([0.5, 0.0], 6)
    figure = report(sizes, sizes * (1 + wrong), baselines={MEAN: sizes})
    (axes,) = (axes for axes in figure.axes if axes.get_title() == "Errors of the drum size")
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(x, [1.5, 3.5, 5.5, 7.5, 9.5, 11.5])
    # What has no error is on the floor of the logarithmic scale.
    np.testing.assert_allclose(y, [50, 50, 50, 0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"true": [], "predicted": []}, r"\(0,\)"),
        ({"true": [1.0, 2.0], "predicted": [1.0]}, r"\(2,\) and \(1,\)"),
        ({"true": [1.0], "predicted": [np.nan]}, "model drum_size must be finite, got nan"),
        ({"true": [[1.0]], "predicted": [[1.0]]}, r"\(1, 1\)"),
        ({"baselines": {"peaks": TRUE[1:]}}, r"peaks drum_size must .* \(40,\) and \(39,\)"),
        ({"baselines": {"peaks": TRUE * np.nan}}, "peaks drum_size must be finite, got nan"),
        ({"further": {"ratio": (ASPECT, ASPECT[1:])}}, r"\(40,\) and \(39,\)"),
        ({"further": {"kind": (np.zeros(40), np.full(40, 2.0))}}, "2 classes.*no class is 2"),
        ({"further": {"kind": (np.zeros(40), np.full(40, 0.5))}}, "no class is 0.5"),
        ({"further": {"kind": (np.zeros(40), np.zeros(39))}}, r"\(40,\) and \(39,\)"),
    ],
)
def test_values_that_cannot_be_drawn_are_named(settings, named: str) -> None:
    classes = {"kind": ("a", "b")} if "kind" in settings.get("further", {}) else None
    with pytest.raises(ValueError, match=named):
        report(**settings, classes=classes)


@pytest.mark.parametrize(
    ("true", "predictions", "classes"),
    [
        ({}, {MODEL: {}}, {}),
        ({"drum_size": TRUE}, {}, {}),
        ({"drum_size": TRUE, "ratio": ASPECT}, {MODEL: {"drum_size": TRUE}}, {}),
        ({"kind": TRUE * 0}, {MODEL: {"kind": TRUE * 0}}, {"kind": ("a", "b")}),
    ],
)
def test_a_report_needs_a_number_and_what_the_model_predicts(true, predictions, classes) -> None:
    with pytest.raises(ValueError, match="a report needs a label that is a number, and the model"):
        report_figure(HISTORY, true, predictions, classes=classes)


def test_drums_need_predictions() -> None:
    with pytest.raises(ValueError, match="1 shapes and 0 predictions"):
        draw_drums(Figure().add_subplot(), [Circle(1.0)], [])


def test_no_global_state() -> None:
    check = "import sys, kac_prediction.plot; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_a_drum_that_was_heard_is_drawn_to_scale_with_the_ends_of_its_interval() -> None:
    figure = drum_figure(UnitRectangle(2.0), "rectangle", (0.9, 1.2))
    (axes,) = figure.axes
    assert axes.get_title() == "rectangle"
    sizes = [np.ptp(line.get_xydata(), axis=0) for line in axes.lines[:2]]
    assert sizes == pytest.approx(np.outer([0.9, 1.2], [2**0.5, 0.5**0.5]))
    assert axes.texts[0].get_text() == "0.5 m"
    assert np.ptp(axes.lines[2].get_xydata()[:, 0]) == pytest.approx(0.5)
    # An interval that cannot be told from the drum is not drawn.
    assert len(drum_figure(Circle(0.1), sizes=(0.177, 0.178)).axes[0].lines) == 1
    figure.savefig(io.BytesIO())


def test_a_long_title_of_a_drum_lies_within_its_picture() -> None:
    heard = "polygon (84 %), drum_size 0.45 m (0.44 to 0.45), aspect_ratio 1.37 (1.31 to 1.43), "
    figure = drum_figure(UnitRectangle(2.0), heard + "decay_time 1.46 s (1.05 to 2.02)\nsecond")
    figure.canvas.draw()
    box = figure.axes[0].title.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width
    assert box.y1 <= figure.bbox.height
    assert figure.axes[0].get_title().endswith("\nsecond")
