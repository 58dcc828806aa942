"""The picture of a training: how well it predicts, how it got there, what it hears."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..geometry import Circle, Shape
from .drums import INK, PREDICTED, TRUE, drums

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
) -> Figure:
    """Draw the report of a training.

    Three panels: predictions against truth, the losses by epoch, and three drums, a small, a
    middling and a large one (the sixths of the true values, so none is picked for looking well).

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

    Returns:
        The figure, not attached to any window: `figure.savefig(path)`.

    Raises:
        ValueError: the values are not two arrays of one shape (n,), are empty, or not finite.
    """
    values, answers = _require_pairs(true, predicted)
    figure = Figure(figsize=(10.5, 8.4), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    panels = figure.subplot_mosaic([["errors", "losses"], ["drums", "drums"]])
    figure.suptitle(title, fontsize=15, fontweight="bold", color=INK)
    _draw_errors(panels["errors"], values, answers, baseline, label, unit)
    _draw_losses(panels["losses"], history)
    _draw_examples(panels["drums"], values, answers, to_shape)
    return figure


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
    said = f"mean absolute error {np.abs(predicted - true).mean():.4f} {unit}"
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
    _finish(axes, f"Predictions on unheard drums (n = {len(true)})", f"true {label} ({unit})")
    axes.set_ylabel(f"predicted {label} ({unit})")
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
    predicted: npt.NDArray[np.float64],
    to_shape: Callable[[float], Shape],
) -> None:
    """Draw a small, a middling and a large drum with what was heard of each."""
    order = np.argsort(true, kind="stable")
    # Fewer than three sounds: each once.
    chosen = [order[rank] for rank in sorted({int(part * len(true)) for part in _QUANTILES})]
    # A network may answer with a size that no drum has; what it said stays in the scatter.
    smallest = 1e-3 * true.max()
    heard = [to_shape(max(predicted[i], smallest)) for i in chosen]
    drums(axes, [to_shape(true[i]) for i in chosen], heard)
    axes.set_title("Drums to scale: true, and as heard", fontsize=12, color=INK)


def _finish(axes: Axes, title: str, x_label: str) -> None:
    """Give a panel its title, its label and a quiet frame."""
    axes.set_title(title, fontsize=12, color=INK)
    axes.set_xlabel(x_label)
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
