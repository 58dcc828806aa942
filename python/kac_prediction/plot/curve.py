"""The course of a training: losses by epoch, and the learning rate below them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .drums import INK, PREDICTED, TRUE

EVALUATED = "#009E73"  # the green of Okabe and Ito (2008), as the other two colours

_GRID = "#DDDDDD"
_LOSSES = (
    ("training", TRUE, {"linestyle": "-"}),
    ("selection", PREDICTED, {"linestyle": (0, (4, 2))}),
    ("evaluation", EVALUATED, {"linestyle": "none", "marker": "s", "markersize": 5}),
)

Points = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def curve_figure(
    records: Sequence[Mapping[str, Any]], title: str = "The course of the training"
) -> Figure:
    """Draw the losses of a training by epoch, and its learning rate below them.

    Losses are on a logarithmic scale, or where one is not above 0, on a linear one. The epoch of
    the lowest selection loss is marked; without selection losses, that of the lowest training loss.

    Args:
        records: one mapping an epoch, with `epoch` and what there is of `training_loss`,
            `selection_loss`, `evaluation_loss` (numbers, or mappings with the key 'aggregate') and
            `learning_rate`. What is missing, None or not finite is passed over.
        title: heading of the figure.

    Returns:
        The figure, not attached to any window: `figure.savefig(path)`.
    """
    figure = Figure(figsize=(8.0, 5.2), facecolor="white")
    rate = _points(records, "learning_rate")
    ratios = (3.4, 1.0) if rate[0].size else (1.0,)
    panels = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    # Margins by hand: an automatic layout takes as long as the drawing, again and again.
    figure.subplots_adjust(left=0.135, right=0.97, top=0.92, bottom=0.1, hspace=0.12)
    figure.suptitle(title, fontsize=13, fontweight="bold", color=INK)
    _draw_losses(panels[0], records)
    if rate[0].size:
        panels[1].plot(*rate, color=INK, linewidth=1.4, marker=_marker(rate))
        panels[1].ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        panels[1].set_ylim(bottom=0)
        _finish(panels[1], "learning rate")
    for axes in panels:
        axes.yaxis.set_label_coords(-0.12, 0.5)
    panels[-1].set_xlabel("epoch")
    panels[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _draw_losses(axes: Axes, records: Sequence[Mapping[str, Any]]) -> None:
    """Draw each kind of loss that there is, and mark the best epoch."""
    drawn: dict[str, Points] = {}
    for name, colour, style in _LOSSES:
        points = _points(records, f"{name}_loss")
        if not points[0].size:
            continue
        drawn[name] = points
        settings: dict[str, Any] = {"marker": _marker(points), **style}
        axes.plot(*points, color=colour, linewidth=1.8, label=name, **settings)
    chosen = "selection" if "selection" in drawn else "training"
    if chosen in drawn:
        _mark_best(axes, *drawn[chosen], TRUE if chosen == "training" else PREDICTED)
        axes.legend(loc="upper right", fontsize=9.5, framealpha=0.85, edgecolor="none")
    logarithmic = bool(drawn) and all((losses > 0).all() for _, losses in drawn.values())
    axes.set_yscale("log" if logarithmic else "linear")
    _finish(axes, "loss (log scale)" if logarithmic else "loss")


def _mark_best(
    axes: Axes, epochs: npt.NDArray[np.float64], losses: npt.NDArray[np.float64], colour: str
) -> None:
    """Mark the lowest loss, the first where there are several."""
    best = int(np.argmin(losses))
    axes.plot(
        epochs[best],
        losses[best],
        marker="o",
        markersize=9,
        linestyle="none",
        color=colour,
        markerfacecolor="white",
        markeredgewidth=2,
        label=f"best: epoch {epochs[best]:g}, {losses[best]:.4g}",
    )


def _points(records: Sequence[Mapping[str, Any]], key: str) -> Points:
    """Epochs and values of what the records have under a key, each of shape (n,)."""
    found = [(record["epoch"], _number(record.get(key))) for record in records]
    finite = [(epoch, value) for epoch, value in found if math.isfinite(value)]
    epochs, values = np.array(finite, dtype=np.float64).reshape(-1, 2).T
    return epochs, values


def _number(value: Any) -> float:
    """A loss as a number, nan where there is none."""
    if isinstance(value, Mapping):
        value = value.get("aggregate")
    return math.nan if value is None else float(value)


def _marker(points: Points) -> str | None:
    """A line of one point is not to be seen."""
    return "o" if points[0].size == 1 else None


def _finish(axes: Axes, label: str) -> None:
    """Give a panel its label and a quiet frame."""
    axes.set_ylabel(label)
    axes.grid(visible=True, color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
