import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from kac_prediction.geometry import Circle, Ellipse, UnitRectangle
from kac_prediction.plot import drums, report_figure
from kac_prediction.plot.panels import Answers, Matrix, draw_confusion, draw_errors_by_size
from kac_prediction.routines.errors import MEAN, MODEL, LabelReport

RNG = np.random.default_rng(0)
TRUE = RNG.uniform(0.1, 1.0, 40)
PREDICTED = TRUE + RNG.normal(0, 0.02, 40)
HISTORY = [
    {"epoch": epoch, "training_loss": 1 / epoch, "selection_loss": 1 / epoch + 0.01 * epoch}
    for epoch in range(1, 21)
]


def texts(figure: Figure) -> str:
    found = [text.get_text() for axes in figure.axes for text in axes.texts]
    for axes in figure.axes:
        legend = axes.get_legend()
        found += [axes.get_title(), axes.get_xlabel(), axes.get_ylabel()]
        found += [text.get_text() for text in legend.get_texts()] if legend else []
    return "\n".join(found)


def test_report_says_what_it_shows() -> None:
    figure = report_figure(HISTORY, TRUE, PREDICTED)
    said = texts(figure)
    mean_error = np.abs(PREDICTED - TRUE).mean()
    assert f"mean absolute error {mean_error:.4f} m" in said
    assert "always the mean" not in said
    assert "true drum size (m)" in said
    assert "predicted drum size (m)" in said
    # 1 / n + n / 100 is least at n = 10.
    assert "best: epoch 10" in said
    assert said.count("heard 0.") == 3
    assert figure.axes[1].get_yscale() == "log"
    np.testing.assert_array_equal(
        figure.axes[0].collections[0].get_offsets(), np.column_stack([TRUE, PREDICTED])
    )


def test_the_picture_says_the_figures_of_the_table() -> None:
    answers = {MODEL: PREDICTED, MEAN: np.full(TRUE.shape, 0.3)}
    errors = LabelReport.of("drum_size", "m", TRUE, answers).errors
    baseline = errors[MEAN].mean_absolute
    said = texts(report_figure(HISTORY, TRUE, PREDICTED, baseline=baseline)).split()
    assert said[said.index("error") + 1] == f"{errors[MODEL].mean_absolute:.4f}"
    assert said[said.index("mean:") + 1] == f"{baseline:.4f}"
    assert f"{baseline:.4f}" != f"{np.abs(TRUE - TRUE.mean()).mean():.4f}"


def test_report_is_a_picture() -> None:
    file = io.BytesIO()
    report_figure(HISTORY, TRUE, PREDICTED).savefig(file, dpi=40)
    assert file.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("history", [[], HISTORY[:1], [{"epoch": 1, "training_loss": 0.5}]])
@pytest.mark.parametrize("count", [1, 2])
def test_little_to_show(history, count: int) -> None:
    predicted = [-0.1, 0.5][:count]
    report_figure(history, [0.2, 0.6][:count], predicted).savefig(io.BytesIO(), dpi=30)


def test_drums_are_to_scale() -> None:
    axes = Figure().add_subplot()
    drums(axes, [Circle(0.1), Ellipse(0.4, 0.2, (7, 7))], [Circle(0.2), Circle(0.1, (3, 3))])
    assert axes.get_aspect() == 1
    widths = [np.ptp(patch.get_xy()[:, 0]) for patch in axes.patches]
    assert widths == pytest.approx([0.2, 0.8])
    heard = [np.ptp(line.get_xdata()) for line in axes.lines[:2]]
    assert heard == pytest.approx([0.4, 0.2])
    low, high = axes.get_xlim()
    for patch, line in zip(axes.patches, axes.lines, strict=False):
        middle = patch.get_xy()[:-1].mean(axis=0)
        np.testing.assert_allclose(line.get_xydata()[:-1].mean(axis=0), middle, atol=2e-3)
        assert low < patch.get_xy()[:, 0].min() < patch.get_xy()[:, 0].max() < high
    assert [text.get_text() for text in axes.texts][:2] == ["true 0.177 m", "heard 0.354 m"]


@pytest.mark.parametrize(
    ("true", "predicted", "named"),
    [
        ([], [], r"\(0,\)"),
        ([1.0, 2.0], [1.0], r"\(2,\) and \(1,\)"),
        ([1.0], [np.nan], "predicted.*nan"),
        ([[1.0]], [[1.0]], r"\(1, 1\)"),
    ],
)
def test_bad_input_is_named(true, predicted, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        report_figure(HISTORY, true, predicted)


def test_all_stand_on_one_floor() -> None:
    axes = Figure().add_subplot()
    long, small = UnitRectangle(4.0), Circle(0.2)
    drums(axes, [long, small], [small, Circle(0.4)])
    for patch, line in zip(axes.patches, axes.lines, strict=False):
        lowest = min(patch.get_xy()[:, 1].min(), line.get_ydata().min())
        assert lowest == pytest.approx(0, abs=1e-12)
    # As high as the highest of them, not as it would be if the longest were upright.
    assert 0.8 < axes.get_ylim()[1] < 1.0


OTHERS = {"always the mean": np.full(40, 0.3), "peaks of 21 ms": TRUE * 1.1}
ASPECT = 1 + 3 * RNG.random(40)


def further(**changes) -> Answers:
    settings = {"true": ASPECT, "predicted": ASPECT + 0.1, "others": {"peaks of 21 ms": ASPECT}}
    return Answers("aspect ratio", "", **{**settings, **changes})


def test_others_are_compared_with() -> None:
    figure = report_figure(HISTORY, TRUE, PREDICTED, baseline=0.5, others=OTHERS)
    said = texts(figure)
    mean = np.abs(TRUE - 0.3).mean()
    assert f"always the mean: {mean:.4f} m" in said
    assert said.count("always the mean:") == 1
    assert f"peaks of 21 ms: {0.1 * TRUE.mean():.4f} m" in said
    assert [axes.get_title() for axes in figure.axes] == [
        "Predictions on unheard drums (n = 40)",
        "What it is compared with",
        "Errors of the drum size",
        "Learning",
        "Drums to scale: true, and as heard",
    ]
    scattered = [np.asarray(dots.get_offsets())[:, 1] for dots in figure.axes[1].collections]
    np.testing.assert_array_equal(scattered, list(OTHERS.values()))
    errors = {line.get_label(): line.get_ydata() for line in figure.axes[2].lines}
    assert list(errors) == ["model", *OTHERS]
    np.testing.assert_allclose(errors["peaks of 21 ms"], 10)
    figure.savefig(io.BytesIO(), dpi=30)


def test_labels_and_classes_have_panels() -> None:
    classes = Matrix(
        ("circle", "rectangle"), np.repeat([0.0, 1.0], 20), np.repeat([0.0, 1.0], [25, 15])
    )
    shapes = (lambda i: UnitRectangle(ASPECT[i]), lambda i: Circle.of_size(PREDICTED[i]))
    figure = report_figure(
        HISTORY, TRUE, PREDICTED, further=[further()], classes=classes, shapes=shapes, others=OTHERS
    )
    said = texts(figure)
    assert "predicted aspect ratio" in said
    assert "mean absolute error 0.1000\n" in said
    assert "Who is taken for whom: 88% right" in said
    assert len(figure.axes) == 7
    widths = [np.ptp(patch.get_xy()[:, 0]) for patch in figure.axes[-1].patches]
    assert {round(float(w), 9) for w in widths} <= {round(float(a**0.5), 9) for a in ASPECT}
    figure.savefig(io.BytesIO(), dpi=30)


@pytest.mark.parametrize("labels", [0, 1, 2])
@pytest.mark.parametrize("classed", [False, True])
@pytest.mark.parametrize("others", [None, OTHERS])
def test_every_row_of_panels_is_full(labels: int, classed: bool, others) -> None:
    classes = Matrix(("one", "other"), np.zeros(40), np.ones(40)) if classed else None
    figure = report_figure(
        HISTORY, TRUE, PREDICTED, further=[further()] * labels, classes=classes, others=others
    )
    assert len(figure.axes) % 2 == 1
    assert len(figure.axes) <= 8 - (not classed) - (labels < 2)


def test_confusion_adds_up() -> None:
    matrix = Matrix(("a", "b", "c"), np.array([0.0, 0, 0, 1]), np.array([0.0, 0, 2, 1]))
    np.testing.assert_array_equal(matrix.counts(), [[2, 0, 1], [0, 1, 0], [0, 0, 0]])
    axes = Figure().add_subplot()
    draw_confusion(axes, matrix)
    shares = [text.get_text() for text in axes.texts]
    assert shares == ["67%", "0%", "33%", "0%", "100%", "0%", "0%", "0%", "0%"]
    rows = [tick.get_text() for tick in axes.get_yticklabels()]
    assert rows == ["a\n(n = 3)", "b\n(n = 1)", "c\n(n = 0)"]


def test_errors_are_medians_of_equal_parts() -> None:
    sizes = np.arange(1.0, 13.0)
    wrong = np.repeat([0.5, 0.0], 6)
    axes = Figure().add_subplot()
    draw_errors_by_size(axes, sizes, Answers("size", "m", sizes, sizes * (1 + wrong)))
    x, y = axes.lines[0].get_data()
    np.testing.assert_allclose(x, [1.5, 3.5, 5.5, 7.5, 9.5, 11.5])
    # Who makes no error is on the floor of the logarithmic scale.
    np.testing.assert_allclose(y, [50, 50, 50, 0.1, 0.1, 0.1])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"others": {"peaks": TRUE[1:]}}, r"true and peaks .* \(40,\) and \(39,\)"),
        ({"others": {"peaks": TRUE * np.nan}}, "peaks must be finite, got nan"),
        ({"further": [further(predicted=ASPECT[1:])]}, r"\(40,\) and \(39,\)"),
        (
            {"classes": Matrix(("a", "b"), np.zeros(40), np.full(40, 2.0))},
            "2 classes.*no class is 2",
        ),
        ({"classes": Matrix(("a", "b"), np.zeros(40), np.full(40, 0.5))}, "no class is 0.5"),
        ({"classes": Matrix(("a", "b"), np.zeros(40), np.zeros(39))}, r"\(40,\) and \(39,\)"),
    ],
)
def test_bad_company_is_named(settings, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        report_figure(HISTORY, TRUE, PREDICTED, **settings)


def test_drums_need_predictions() -> None:
    with pytest.raises(ValueError, match="1 shapes and 0 predictions"):
        drums(Figure().add_subplot(), [Circle(1.0)], [])


def test_no_global_state() -> None:
    check = "import sys, kac_prediction.plot; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
