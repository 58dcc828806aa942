import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

from kac_prediction.geometry import Circle, Ellipse
from kac_prediction.plot import drums, report_figure
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


def test_drums_need_predictions() -> None:
    with pytest.raises(ValueError, match="1 shapes and 0 predictions"):
        drums(Figure().add_subplot(), [Circle(1.0)], [])


def test_no_global_state() -> None:
    check = "import sys, kac_prediction.plot; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
