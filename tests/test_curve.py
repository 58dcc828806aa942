"""The curve of a training: what it shows, read back from the figure."""

import io
import math
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kac_prediction.plot import curve_figure


def history(count: int, **more: Any) -> list[dict[str, Any]]:
    """The validation loss is lowest at epoch 10, where 1 / n + n / 100 is."""
    return [
        {
            "epoch": epoch,
            "training_loss": 1 / (epoch + 1),
            "selection_loss": {"aggregate": 1 / max(epoch, 1) + epoch / 100, "size": 3.0},
            **({"evaluation_loss": {"aggregate": 0.4}} if epoch % 5 == 0 else {}),
            **more,
        }
        for epoch in range(count)
    ]


def lines(axes: Axes) -> dict[str, np.ndarray]:
    return {str(line.get_label()): np.asarray(line.get_xydata()) for line in axes.lines}


def picture(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, dpi=40)
    return file.getvalue()


def test_losses_are_drawn_by_epoch_and_the_best_is_marked() -> None:
    figure = curve_figure(history(20))
    (axes,) = figure.axes
    drawn = lines(axes)
    best = next(label for label in drawn if label.startswith("best"))
    assert best == "best: epoch 10, 0.2"
    np.testing.assert_allclose(drawn[best], [[10, 0.2]])
    np.testing.assert_allclose(drawn["training"][:, 1], 1 / np.arange(1, 21))
    np.testing.assert_allclose(drawn["test"], [[0, 0.4], [5, 0.4], [10, 0.4], [15, 0.4]])
    assert len(drawn["validation"]) == 20
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "epoch"
    assert picture(figure).startswith(b"\x89PNG")


def test_the_learning_rate_stands_below() -> None:
    figure = curve_figure([{**r, "learning_rate": 0.1**i} for i, r in enumerate(history(3))])
    losses, rate = figure.axes
    np.testing.assert_allclose(rate.lines[0].get_ydata(), [1.0, 0.1, 0.01])
    assert rate.get_ylabel() == "learning rate"
    assert rate.get_position().y1 < losses.get_position().y0
    assert rate.get_xlim() == losses.get_xlim()
    picture(figure)


def test_without_validation_the_training_loss_chooses() -> None:
    records = [{"epoch": e, "training_loss": loss} for e, loss in enumerate([3.0, 1.0, 2.0])]
    assert "best: epoch 1, 1" in lines(curve_figure(records).axes[0])


@pytest.mark.parametrize("losses", [[0.5, 0.0], [1.0, -3.0]])
def test_losses_that_have_no_logarithm_are_drawn_all_the_same(losses: list[float]) -> None:
    figure = curve_figure([{"epoch": e, "training_loss": v} for e, v in enumerate(losses)])
    assert figure.axes[0].get_yscale() == "linear"
    assert "log" not in figure.axes[0].get_ylabel()
    picture(figure)


@pytest.mark.parametrize(
    "records",
    [
        [],
        history(1),
        [{"epoch": 0}],
        [{"epoch": 0, "training_loss": None, "selection_loss": math.nan}],
        [{"epoch": 7, "training_loss": 1.0, "evaluation_loss": {"size": 2.0}}],
        history(2, learning_rate=None),
    ],
)
def test_little_to_show(records: list[dict[str, Any]]) -> None:
    assert picture(curve_figure(records)).startswith(b"\x89PNG")


def test_what_is_not_finite_is_passed_over() -> None:
    records = history(4)
    records[1]["training_loss"] = math.inf
    records[2]["training_loss"] = None
    assert lines(curve_figure(records).axes[0])["training"][:, 0].tolist() == [0, 3]


def test_no_global_state() -> None:
    check = (
        "import sys, kac_prediction.pipeline\n"
        "assert 'matplotlib' not in sys.modules\n"
        "from kac_prediction.plot import curve_figure\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
