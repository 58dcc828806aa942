"""The picture of a training: how well it predicts, how it got there, what it hears."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..geometry import Circle, Shape
from .drums import INK, PREDICTED, TRUE, drums
from .panels import (
    Answers,
    Matrix,
    draw_confusion,
    draw_errors_by_size,
    draw_others,
    draw_predictions,
    finish,
)

_QUANTILES = (1 / 6, 1 / 2, 5 / 6)


def report_figure(
    history: Sequence[Mapping[str, float]],
    true: npt.ArrayLike,
    predicted: npt.ArrayLike,
    *,
    baseline: float | None = None,
    title: str = "Hearing the size of a drum",
    label: str = "drum size",
    unit: str = "m",
    to_shape: Callable[[float], Shape] = Circle.of_size,
    shapes: tuple[Callable[[int], Shape], Callable[[int], Shape]] | None = None,
    others: Mapping[str, npt.ArrayLike] | None = None,
    further: Sequence[Answers] = (),
    classes: Matrix | None = None,
) -> Figure:
    """Draw the report of a training.

    Three panels: predictions against truth, the losses by epoch, and three drums, a small, a
    middling and a large one (the sixths of the true values, so none is picked for looking well).
    Each further label and the classes have a panel of their own. If the model is compared with
    others, there is one of the errors of all against size, and, where it fills the row, one of what
    the others answer.

    Args:
        history: one mapping per epoch with `epoch`, `training_loss` and `selection_loss`; those
            that lack a loss are passed over.
        true: true values of sounds that were never trained on, shape (n,), n from 1.
        predicted: the model's answers, shape (n,).
        baseline: mean absolute error of always answering the mean of the training data, which is
            not to be known from these values; None: not mentioned.
        title: heading of the figure.
        label: what is predicted.
        unit: its unit.
        to_shape: makes the drum of a value, for drawing.
        shapes: make the true drum and the one heard of sound i, where the value alone does not.
        others: by who answers, what the model is compared with, shape (n,).
        further: other labels of the same sounds.
        classes: what the sounds were classed as.

    Returns:
        The figure, not attached to any window: `figure.savefig(path)`.

    Raises:
        ValueError: the values are not arrays of one shape (n,), are empty or not finite, or there
            is no such class.
    """
    first = Answers.of(label, unit, true, predicted, others or {})
    more = [Answers.of(a.label, a.unit, a.true, a.predicted, a.others) for a in further]
    draw: list[Callable[[Axes], None]] = [
        partial(draw_predictions, answers=first, baseline=baseline)
    ]
    draw += [partial(draw_predictions, answers=answers) for answers in more]
    if classes is not None:
        draw.append(partial(draw_confusion, matrix=classes))
    if first.others or len(draw) % 2 == 0:
        draw.append(partial(draw_errors_by_size, sizes=first.true, answers=first))
    if first.others and len(draw) % 2 == 0:
        draw.insert(len(draw) - 1, partial(draw_others, answers=first))
    draw.append(partial(_draw_losses, history=history))
    if shapes is None:
        shapes = _by_value(first.true, first.predicted, to_shape)
    figure = _drawn(draw, partial(_draw_examples, true=first.true, shapes=shapes))
    figure.suptitle(title, fontsize=15, fontweight="bold", color=INK)
    return figure


def _drawn(draw: Sequence[Callable[[Axes], None]], last: Callable[[Axes], None]) -> Figure:
    """A figure of panels, two in a row, and one as wide as the figure at its end."""
    names = [str(i) for i in range(len(draw))]
    rows = [names[i : i + 2] for i in range(0, len(names), 2)]
    figure = Figure(figsize=(10.5, 4.2 * (len(rows) + 1)), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    layout: list[Any] = [*rows, ["drums", "drums"]]
    panels = figure.subplot_mosaic(layout)
    for name, fill in zip(names, draw, strict=True):
        fill(panels[name])
    last(panels["drums"])
    return figure


def _by_value(
    true: npt.NDArray[np.float64],
    predicted: npt.NDArray[np.float64],
    to_shape: Callable[[float], Shape],
) -> tuple[Callable[[int], Shape], Callable[[int], Shape]]:
    """What makes the true drum and the one heard of a sound, from the value alone."""
    # A network may answer with a size that no drum has; what it said stays in the scatter.
    smallest = 1e-3 * true.max()
    return (lambda i: to_shape(true[i])), (lambda i: to_shape(max(predicted[i], smallest)))


def _draw_losses(axes: Axes, history: Sequence[Mapping[str, float]]) -> None:
    """Draw both losses by epoch on a logarithmic scale, and mark the best epoch."""
    for key, word, colour, style in (
        ("training_loss", "training", TRUE, "-"),
        ("selection_loss", "selection", PREDICTED, (0, (4, 2))),
    ):
        points = [(entry["epoch"], entry[key]) for entry in history if entry.get(key) is not None]
        if not points:
            continue
        epochs, losses = np.array(points, dtype=np.float64).T
        marker = "o" if len(points) == 1 else None
        axes.plot(
            epochs, losses, color=colour, linestyle=style, marker=marker, linewidth=2, label=word
        )
        if key == "selection_loss":
            best = int(np.argmin(losses))
            axes.plot(
                epochs[best],
                losses[best],
                marker="o",
                markersize=8,
                linestyle="none",
                color=colour,
                markerfacecolor="white",
                markeredgewidth=2,
                label=f"best: epoch {epochs[best]:g}",
            )
    if axes.lines:
        axes.set_yscale("log")
        axes.legend(frameon=False, loc="upper right", fontsize=9.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(axes, "Learning", "epoch")
    axes.set_ylabel("loss (log scale)")


def _draw_examples(
    axes: Axes,
    true: npt.NDArray[np.float64],
    shapes: tuple[Callable[[int], Shape], Callable[[int], Shape]],
) -> None:
    """Draw a small, a middling and a large drum with what was heard of each."""
    order = np.argsort(true, kind="stable")
    # Fewer than three sounds: each once.
    chosen = [int(order[rank]) for rank in sorted({int(part * len(true)) for part in _QUANTILES})]
    drums(axes, [shapes[0](i) for i in chosen], [shapes[1](i) for i in chosen])
    axes.set_title("Drums to scale: true, and as heard", fontsize=12, color=INK)
