"""The learning curve of a training: losses by epoch, and the learning rate below them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .style import GREEN, INK, PREDICTED, TRUE, Picture, finish

_LOSSES: Final[tuple[tuple[str, str, str, dict[str, Any]], ...]] = (
    ("training_loss", "training", TRUE, {"linestyle": "-"}),
    ("selection_loss", "validation", PREDICTED, {"linestyle": (0, (4, 2))}),
    ("evaluation_loss", "test", GREEN, {"linestyle": "none", "marker": "s", "markersize": 5}),
)


def curve_figure(records: Sequence[Mapping[str, Any]]) -> Picture:
    """Draw the losses of a training by epoch, and its learning rate below them.

    Args:
        records: one mapping an epoch, with `epoch` and any of `training_loss`, `selection_loss`
            (validation), `evaluation_loss` (test), numbers or mappings with the key 'aggregate',
            and `learning_rate`. What is missing, None or not finite is skipped.
    """
    figure = Picture(figsize=(8.0, 5.2), facecolor="white")
    epochs, rates = points(records, "learning_rate")
    ratios = (3.4, 1.0) if len(rates) else (1.0,)
    panels = figure.subplots(len(ratios), 1, sharex=True, squeeze=False, height_ratios=ratios)[:, 0]
    # Margins by hand: an automatic layout takes as long as the drawing, again and again.
    figure.subplots_adjust(left=0.135, right=0.97, top=0.92, bottom=0.1, hspace=0.12)
    figure.suptitle("Learning curve", fontsize=13, fontweight="bold", color=INK)
    draw_losses(panels[0], records)
    if len(rates):
        marker = "o" if len(rates) == 1 else None
        panels[0].set_xlabel("")
        panels[1].plot(epochs, rates, color=INK, linewidth=1.4, marker=marker)
        panels[1].ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
        panels[1].set_ylim(bottom=0)
        finish(panels[1], x_label="epoch", y_label="learning rate")
    for axes in panels:
        axes.yaxis.set_label_coords(-0.12, 0.5)
    return figure


def draw_losses(axes: Axes, records: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """Draw the losses of `curve_figure`, and mark the epoch of the lowest validation loss.

    The scale is logarithmic unless a loss is not above 0. Without validation losses, the lowest
    training loss is marked.
    """
    curves = [points(records, key) for key, *_ in _LOSSES]
    everything = np.concatenate([losses for _, losses in curves])
    logarithmic = len(everything) > 0 and bool((everything > 0).all())
    best = None
    for (epochs, losses), (_, name, colour, style) in zip(curves, _LOSSES, strict=True):
        if not len(losses):
            continue
        # A line of one point would be invisible.
        settings: dict[str, Any] = {"marker": "o" if len(losses) == 1 else None, **style}
        axes.plot(epochs, losses, color=colour, linewidth=1.8, label=name, **settings)
        if name != "test":
            lowest = int(np.argmin(losses))
            best = epochs[lowest], losses[lowest], colour
    if best is not None:
        epoch, loss, colour = best
        (point,) = axes.plot(
            epoch, loss, "o", color=colour, label=f"best: epoch {epoch:g}, {loss:.4g}"
        )
        point.set(markersize=9, markerfacecolor="white", markeredgewidth=2)
        axes.legend(loc="upper right", fontsize=9.5, framealpha=0.85, edgecolor="none")
    axes.set_yscale("log" if logarithmic else "linear")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    finish(axes, title, "epoch", "loss (log scale)" if logarithmic else "loss")


def points(
    records: Sequence[Mapping[str, Any]], key: str
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the epochs and the finite values of a key of the records, each of shape (n,)."""
    found = []
    for record in records:
        value = record.get(key)
        if isinstance(value, Mapping):
            value = value.get("aggregate")
        if value is not None and math.isfinite(value):
            found.append((record["epoch"], float(value)))
    epochs, values = np.array(found, dtype=np.float64).reshape(-1, 2).T
    return epochs, values
