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
from .panels import Answers, Matrix, draw_confusion, draw_errors_by_size

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
    others: Mapping[str, npt.NDArray[np.float64]] | None = None,
    further: Sequence[Answers] = (),
    classes: Matrix | None = None,
) -> Figure:
    """Draw the report of a training.

    Three panels: predictions against truth, the losses by epoch, and three drums, a small, a
    middling and a large one (the sixths of the true values, so none is picked for looking well).
    With more labels or classes, a panel for each of them, and one of the errors against size.

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
        ValueError: the values are not two arrays of one shape (n,), are empty, or not finite.
    """
    values, answers = _require_pairs(true, predicted)
    first = Answers(label, unit, values, answers, others or {})
    draw: list[Callable[[Axes], None]] = [
        lambda axes: _draw_errors(axes, values, answers, baseline, label, unit)
    ]
    for more in further:
        draw.append(partial(_draw_further, more=more))
    if classes is not None:
        draw.append(lambda axes: draw_confusion(axes, classes))
    if others or len(draw) % 2 == 0:
        draw.append(lambda axes: draw_errors_by_size(axes, values, first))
    draw.append(lambda axes: _draw_losses(axes, history))
    if shapes is None:
        shapes = _by_value(values, answers, to_shape)
    figure = _drawn(draw, lambda axes: _draw_examples(axes, values, *shapes))
    figure.suptitle(title, fontsize=15, fontweight="bold", color=INK)
    return figure


def _drawn(draw: Sequence[Callable[[Axes], None]], last: Callable[[Axes], None]) -> Figure:
    """A figure of panels, two in a row, and one as wide as the figure at its end."""
    names = [str(i) for i in range(len(draw))]
    rows = [names[i : i + 2] for i in range(0, len(names), 2)]
    rows[-1] = rows[-1] * (3 - len(rows[-1]))  # a single one is as wide as two
    figure = Figure(figsize=(10.5, 4.2 * (len(rows) + 1)), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    layout: list[Any] = [*rows, ["drums", "drums"]]
    panels = figure.subplot_mosaic(layout)
    for name, fill in zip(names, draw, strict=True):
        fill(panels[name])
    last(panels["drums"])
    return figure


def _draw_further(axes: Axes, more: Answers) -> None:
    values, answers = _require_pairs(more.true, more.predicted)
    _draw_errors(axes, values, answers, None, more.label, more.unit)


def _by_value(
    true: npt.NDArray[np.float64],
    predicted: npt.NDArray[np.float64],
    to_shape: Callable[[float], Shape],
) -> tuple[Callable[[int], Shape], Callable[[int], Shape]]:
    """What makes the true drum and the one heard of a sound, from the value alone."""
    # A network may answer with a size that no drum has; what it said stays in the scatter.
    smallest = 1e-3 * true.max()
    return (lambda i: to_shape(true[i])), (lambda i: to_shape(max(predicted[i], smallest)))


def _require_pairs(
    true: npt.ArrayLike, predicted: npt.ArrayLike
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return both as arrays of one shape (n,), finite; raise ValueError otherwise."""
    values = np.asarray(true, dtype=np.float64)
    answers = np.asarray(predicted, dtype=np.float64)
    if values.ndim != 1 or values.shape != answers.shape or not len(values):
        raise ValueError(
            f"true and predicted must have one shape (n,), n from 1, "
            f"got {values.shape} and {answers.shape}."
        )
    for name, numbers in (("true", values), ("predicted", answers)):
        if not np.isfinite(numbers).all():
            raise ValueError(f"{name} must be finite, got {numbers[~np.isfinite(numbers)][0]}.")
    return values, answers


def _draw_errors(
    axes: Axes,
    true: npt.NDArray[np.float64],
    predicted: npt.NDArray[np.float64],
    baseline: float | None,
    label: str,
    unit: str,
) -> None:
    """Scatter predictions over truth with the line of no error, and say the mean errors."""
    low = min(true.min(), predicted.min())
    high = max(true.max(), predicted.max())
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    limits = (low - margin, high + margin)
    said = f"mean absolute error {np.abs(predicted - true).mean():.4f} {unit}".rstrip()
    if baseline is not None:
        said += f"\nalways the mean: {baseline:.4f} {unit}"
    axes.plot(limits, limits, color=INK, linewidth=1.2, zorder=1, label="no error")
    axes.scatter(
        true, predicted, s=16, color=TRUE, alpha=0.55, linewidths=0, zorder=2, label="one sound"
    )
    axes.text(
        0.97,
        0.04,
        said,
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        color=INK,
        fontsize=10,
    )
    axes.set(xlim=limits, ylim=limits, aspect="equal")
    named = f"{label} ({unit})" if unit else label
    _finish(axes, f"Predictions on unheard drums (n = {len(true)})", f"true {named}")
    axes.set_ylabel(f"predicted {named}")
    axes.legend(frameon=False, loc="upper left", fontsize=9.5)


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
    _finish(axes, "Learning", "epoch")
    axes.set_ylabel("loss (log scale)")


def _draw_examples(
    axes: Axes,
    true: npt.NDArray[np.float64],
    true_shape: Callable[[int], Shape],
    heard_shape: Callable[[int], Shape],
) -> None:
    """Draw a small, a middling and a large drum with what was heard of each."""
    order = np.argsort(true, kind="stable")
    # Fewer than three sounds: each once.
    chosen = [int(order[rank]) for rank in sorted({int(part * len(true)) for part in _QUANTILES})]
    drums(axes, [true_shape(i) for i in chosen], [heard_shape(i) for i in chosen])
    axes.set_title("Drums to scale: true, and as heard", fontsize=12, color=INK)


def _finish(axes: Axes, title: str, x_label: str) -> None:
    """Give a panel its title, its label and a quiet frame."""
    axes.set_title(title, fontsize=12, color=INK)
    axes.set_xlabel(x_label)
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
