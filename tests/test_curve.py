"""The curve of a training: what it shows, read back from the figure."""

import io
import math
import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kac_prediction.plot import curve_figure
from kac_prediction.plot.curve_page import curve_html

NUMBER = re.compile(r"-?[\d.]+(e-?\d+)?")


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


class Drawing:
    """A drawing of a page, read as somebody reads it: by the numbers at its axes."""

    def __init__(self, svg: ElementTree.Element) -> None:
        self.svg = svg
        texts = [(each, str(each.text)) for each in svg.iter("text")]
        self.texts = [text for _, text in texts]
        numbers = [(each, float(text)) for each, text in texts if NUMBER.fullmatch(text)]
        self.x = [
            (float(e.get("x", "")), v) for e, v in numbers if e.get("text-anchor") == "middle"
        ]
        self.y = [
            (float(e.get("y", "")) - 4, v) for e, v in numbers if e.get("text-anchor") == "end"
        ]
        self.told = [str(each.text) for each in svg.iter("title")]

    def curves(self, logarithmic: bool) -> list[np.ndarray]:
        """Epochs and values of each curve, as the numbers at the axes have it."""
        (x0, e0), *_, (x1, e1) = self.x
        (y0, v0), *_, (y1, v1) = self.y
        found = []
        for line in self.svg.iter("polyline"):
            across, down = np.array([p.split(",") for p in line.get("points", "").split()], float).T
            share = (down - y0) / (y1 - y0)
            value = v0 * (v1 / v0) ** share if logarithmic else v0 + (v1 - v0) * share
            found.append(np.array([e0 + (e1 - e0) * (across - x0) / (x1 - x0), value]))
        return found


def curve_page(records: list[dict[str, Any]]) -> list[Drawing]:
    html = curve_html(records).replace(' xmlns="http://www.w3.org/2000/svg"', "")
    return [Drawing(svg) for svg in ElementTree.fromstring(f"<div>{html}</div>").iter("svg")]


def test_the_curve_of_a_page_can_be_read_off() -> None:
    records = [{**r, "learning_rate": 1e-3 * (i + 1)} for i, r in enumerate(history(20))]
    losses, rate = curve_page(records)
    training, validation, test = losses.curves(logarithmic=True)
    np.testing.assert_allclose(training, [range(20), 1 / np.arange(1, 21)], rtol=0.01, atol=0.02)
    np.testing.assert_allclose(validation[1, 10], 0.2, rtol=0.01)
    np.testing.assert_allclose(test, [[0, 5, 10, 15], [0.4] * 4], rtol=0.01, atol=0.02)
    assert {"best: epoch 10, 0.2", "training", "loss (log scale)"} <= set(losses.texts)
    assert len(losses.told) == len(rate.told) == 20
    assert losses.told[10] == (
        "epoch 10: training 0.09091, validation 0.2, test 0.4, learning rate 0.011"
    )
    (drawn,) = rate.curves(logarithmic=False)
    np.testing.assert_allclose(drawn, [range(20), np.arange(1, 21) * 1e-3], rtol=0.02, atol=0.02)


@pytest.mark.parametrize("loss", [0.5, 0.0, -1.0])
def test_the_curve_of_a_page_may_be_one_point_or_below_zero(loss: float) -> None:
    for count in (1, 3):
        (drawing,) = curve_page([{"epoch": i, "training_loss": loss} for i in range(count)])
        assert drawing.told[0] == f"epoch 0: training {loss:g}"
        assert "nan" not in ElementTree.tostring(drawing.svg, "unicode")
    assert curve_html([]) == curve_html([{"epoch": 0, "training_loss": math.nan}]) == ""


def test_the_curve_of_a_long_training_is_bounded() -> None:
    (drawing,) = curve_page([{"epoch": i, "training_loss": 1.0} for i in range(10**4)])
    assert len(drawing.told) <= 500
    assert len(curve_html([{"epoch": i, "training_loss": 1.0} for i in range(10**4)])) < 300_000
