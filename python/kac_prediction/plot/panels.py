"""The panels of a report: predictions, baselines, errors by size, and the confusion matrix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from .style import GREEN, INK, PREDICTED, TRUE, finish

Float64 = npt.NDArray[np.float64]

_SIZE_RANGES: Final = 6
_LOWEST_ERROR: Final = 0.1  # per cent
# Sky blue and purple of Okabe and Ito (2008); the mean predictor is grey.
_BASELINES: Final = (
    ("#888888", "s", ":"),
    (GREEN, "^", "--"),
    ("#56B4E9", "v", "--"),
    ("#CC79A7", "D", "--"),
)


@dataclass(frozen=True)
class Predictions:
    """The truth of a label, shape (n,), and what the model and the baselines predict."""

    label: str
    unit: str
    true: Float64
    model: Float64
    baselines: Mapping[str, Float64] = field(default_factory=dict)

    @property
    def axis(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


def draw_predictions(axes: Axes, predictions: Predictions) -> None:
    """Scatter the model's predictions over the truth; write the mean absolute errors of all."""
    true, model = predictions.true, predictions.model
    _draw_identity(axes, np.concatenate([true, model]))
    axes.scatter(
        true, model, s=16, color=TRUE, alpha=0.55, linewidths=0, zorder=2, label="one sound"
    )
    named = {"mean absolute error": model}
    named |= {f"{name}:": values for name, values in predictions.baselines.items()}
    errors = [
        f"{name} {np.abs(values - true).mean():.4f} {predictions.unit}".rstrip()
        for name, values in named.items()
    ]
    axes.text(
        0.97,
        0.04,
        "\n".join(errors),
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        color=INK,
        fontsize=9.5,
    )
    title = f"Predictions on unseen drums (n = {len(true)})"
    finish(axes, title, f"true {predictions.axis}", f"predicted {predictions.axis}")
    axes.legend(frameon=False, loc="upper left", fontsize=9.5)


def draw_baselines(axes: Axes, predictions: Predictions) -> None:
    """Scatter the predictions of the baselines over the truth."""
    true, baselines = predictions.true, predictions.baselines
    _draw_identity(axes, np.concatenate([true, *baselines.values()]))
    # The first lie on top: the last, given the whole sound, are about where the line is.
    layers = zip(baselines.items(), _BASELINES, range(9, 0, -1), strict=False)
    for (name, values), (colour, marker, _), layer in layers:
        dots = axes.scatter(true, values, s=12, color=colour, marker=marker, linewidths=0)
        dots.set(alpha=0.7, label=name, zorder=2 + layer)
    finish(axes, "Baselines", f"true {predictions.axis}", f"predicted {predictions.axis}")
    axes.legend(frameon=False, loc="upper left", fontsize=9.5, markerscale=1.6)


def draw_errors_by_size(axes: Axes, sizes: Float64, predictions: Predictions) -> None:
    """Draw the median relative errors against size (metres), in ranges of equally many drums."""
    parts = np.array_split(np.argsort(sizes, kind="stable"), min(_SIZE_RANGES, len(sizes)))
    middles = [float(np.median(sizes[part])) for part in parts]
    scale = np.maximum(np.abs(predictions.true), np.finfo(np.float64).tiny)
    estimators = {"model": predictions.model, **predictions.baselines}
    styles = ((PREDICTED, "o", "-"), *_BASELINES)
    highest = _LOWEST_ERROR
    for (name, values), (colour, marker, line) in zip(estimators.items(), styles, strict=False):
        errors = 100 * np.abs(values - predictions.true) / scale
        medians = [max(float(np.median(errors[part])), _LOWEST_ERROR) for part in parts]
        (curve,) = axes.plot(middles, medians, color=colour, marker=marker, linestyle=line)
        curve.set(label=name, linewidth=1.8)
        highest = max(highest, *medians)
    axes.set_yscale("log")
    # Room for the legend; errors below a thousandth lie on the floor.
    axes.set_ylim(0.8 * _LOWEST_ERROR, 12 * highest)
    axes.yaxis.set_major_formatter(lambda x, _: f"{'≤ ' if x <= _LOWEST_ERROR else ''}{x:g}")
    title = f"Errors of the {predictions.label}"
    finish(axes, title, "drum size (m)", "median relative error (%)")
    axes.legend(frameon=False, loc="upper center", ncols=2, fontsize=9.5)


def draw_confusion(axes: Axes, names: Sequence[str], predictions: Predictions) -> None:
    """Draw the share of each true class, a row, predicted as each; classes are indices of names.

    Raises:
        ValueError: there is no such class.
    """
    size, true, predicted = len(names), predictions.true, predictions.model
    for index in (*true, *predicted):
        if not (index == int(index) and 0 <= index < size):
            raise ValueError(f"there are {size} classes, counted from 0: no class is {index}.")
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (true.astype(np.int64), predicted.astype(np.int64)), 1)
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals[:, None], 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.6 else INK
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour)
    axes.set_xticks(range(size), list(names))
    rows = [f"{name}\n(n = {total})" for name, total in zip(names, totals, strict=True)]
    axes.set_yticks(range(size), rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    right = np.trace(counts) / max(counts.sum(), 1)
    axes.set_title(f"Confusion matrix: {right:.0%} right", fontsize=12, color=INK)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")


def _draw_identity(axes: Axes, values: Float64) -> None:
    """Draw the line of no error, through a square that holds all values."""
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    limits = (low - margin, high + margin)
    axes.plot(limits, limits, color=INK, linewidth=1.2, zorder=1, label="no error")
    axes.set(xlim=limits, ylim=limits, aspect="equal")
