"""The picture of a training: its predictions, their errors, its losses, and some of the drums."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes

from .._arrays import ArrayLike, Float64
from .._checks import check_vectors
from ..geometry import Circle, Shape
from .curve import draw_losses
from .drums import draw_drums
from .style import GREEN, INK, PREDICTED, TRUE, Picture, finish

_QUANTILES: Final = (1 / 6, 1 / 2, 5 / 6)
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
class _Predictions:
    """The truth of a label, shape (n,), and what the model and the baselines predict."""

    label: str
    unit: str
    true: Float64
    model: Float64
    baselines: Mapping[str, Float64]

    def finish(self, axes: Axes, title: str) -> None:
        """Finish a panel of predictions over the truth."""
        label = f"{self.label} ({self.unit})" if self.unit else self.label
        finish(axes, title, f"true {label}", f"predicted {label}")


def report_figure(
    history: Sequence[Mapping[str, Any]],
    true: Mapping[str, ArrayLike],
    predictions: Mapping[str, Mapping[str, ArrayLike]],
    *,
    units: Mapping[str, str] | None = None,
    classes: Mapping[str, Sequence[str]] | None = None,
    shapes: tuple[Callable[[int], Shape], Callable[[int], Shape]] | None = None,
    title: str = "Predicting the size of a drum",
) -> Picture:
    """Draw the report of a training.

    Each label has a panel of predictions against the truth, a class its confusion matrix. Other
    panels show the losses by epoch, the errors of all estimators against size and, where they fill
    the row, the predictions of the baselines. Below are three drums, a small, a middling and a
    large one: the sixths of the true values, so none is picked for looking well. Without a label
    `drum_size`, errors are drawn against the first number, and no drums.

    Args:
        history: one mapping per epoch, as `curve_figure` takes them.
        true: by label, true values of sounds of unseen drums, shape (n,), n from 1; of a class its
            index.
        predictions: by estimator, the model first, then the baselines, the same; a baseline may
            leave out labels.
        units: by label; without one, '' is a plain number, and `drum_size` is in metres.
        classes: by label, the names of its classes.
        shapes: make the true and the predicted drum of sound i; None: circles of these sizes.
        title: heading of the figure.

    Raises:
        ValueError: the values are not arrays of one shape (n,), are empty or not finite, or there
            is no such class; no label is a number, or the model lacks one.
    """
    classes = classes or {}
    model = next(iter(predictions.values()), {})
    if not set(true) <= set(model) or not set(true) - set(classes):
        raise ValueError(
            f"a report needs a label that is a number, and the model's predictions of every label: "
            f"true has {', '.join(true) or 'none'}, the model {', '.join(model) or 'none'}."
        )
    labels = _by_label(true, predictions, {"drum_size": "m", **(units or {})})
    numbers = [each for label, each in labels.items() if label not in classes]
    size = labels.get("drum_size", numbers[0])
    draw = [partial(_draw_predictions, of=each) for each in numbers]
    for label, names in classes.items():
        draw.append(partial(_draw_confusion, names=names, of=labels[label]))
    odd = len(draw) % 2 == 1  # the losses come too, and rows are full
    if size.baselines and odd:
        draw.append(partial(_draw_baselines, of=size))
    if size.baselines or not odd:
        draw.append(partial(_draw_errors_by_size, of=size))
    draw.append(partial(draw_losses, records=history, title="Loss"))

    rows: list[Any] = [[str(i), str(i + 1)] for i in range(0, len(draw), 2)]
    rows += [["drums", "drums"]] if "drum_size" in labels else []
    figure = Picture(figsize=(10.5, 4.2 * len(rows)), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    figure.suptitle(title, fontsize=15, fontweight="bold", color=INK)
    panels = figure.subplot_mosaic(rows)
    for i, fill in enumerate(draw):
        fill(panels[str(i)])
    if "drum_size" in labels:
        _draw_three(panels["drums"], size, shapes)
    return figure


def _draw_three(
    axes: Axes,
    size: _Predictions,
    shapes: tuple[Callable[[int], Shape], Callable[[int], Shape]] | None,
) -> None:
    """Draw a small, a middling and a large drum, true and predicted."""
    # A network may predict a size that no drum has; the scatter shows it as it is.
    smallest = 1e-3 * size.true.max()
    true_shape, predicted_shape = shapes or (
        lambda i: Circle.of_size(size.true[i]),
        lambda i: Circle.of_size(max(size.model[i], smallest)),
    )
    order = np.argsort(size.true, kind="stable")
    # Fewer than three sounds: each once.
    chosen = [int(order[rank]) for rank in sorted({int(q * len(order)) for q in _QUANTILES})]
    draw_drums(axes, [*map(true_shape, chosen)], [*map(predicted_shape, chosen)])
    axes.set_title("Drums to scale: true and predicted", fontsize=12, color=INK)


def _by_label(
    true: Mapping[str, ArrayLike],
    predictions: Mapping[str, Mapping[str, ArrayLike]],
    units: Mapping[str, str],
) -> dict[str, _Predictions]:
    """Return the truth and the predictions of each label, checked."""
    vectors = check_vectors(
        {
            f"{name} {label}": values
            for name, each in {"true": true, **predictions}.items()
            for label, values in each.items()
        }
    )
    for name, values in vectors.items():
        if not np.isfinite(values).all():
            raise ValueError(f"{name} must be finite, got {values[~np.isfinite(values)][0]}.")
    model, *baselines = predictions
    return {
        label: _Predictions(
            label.replace("_", " "),
            units.get(label, ""),
            vectors[f"true {label}"],
            vectors[f"{model} {label}"],
            {name: vectors[f"{name} {label}"] for name in baselines if label in predictions[name]},
        )
        for label in true
    }


def _draw_predictions(axes: Axes, of: _Predictions) -> None:
    """Scatter the model's predictions over the truth; write the mean absolute errors of all."""
    _draw_identity(axes, of.true, of.model)
    dots = axes.scatter(of.true, of.model, s=16, color=TRUE, alpha=0.55, linewidths=0)
    dots.set(label="one sound", zorder=2)
    named = {"mean absolute error": of.model}
    named |= {f"{name}:": values for name, values in of.baselines.items()}
    errors = [
        f"{name} {np.abs(values - of.true).mean():.4f} {of.unit}".rstrip()
        for name, values in named.items()
    ]
    note = axes.text(0.97, 0.04, "\n".join(errors), color=INK, fontsize=9.5)
    note.set(transform=axes.transAxes, ha="right", va="bottom")
    of.finish(axes, f"Predictions on unseen drums (n = {len(of.true)})")
    axes.legend(frameon=False, loc="upper left", fontsize=9.5)


def _draw_baselines(axes: Axes, of: _Predictions) -> None:
    """Scatter the predictions of the baselines over the truth."""
    _draw_identity(axes, of.true, *of.baselines.values())
    # The first lie on top: the last, given the whole sound, are about where the line is.
    layers = zip(of.baselines.items(), _BASELINES, range(9, 0, -1), strict=False)
    for (name, values), (colour, marker, _), layer in layers:
        dots = axes.scatter(of.true, values, s=12, color=colour, marker=marker, linewidths=0)
        dots.set(alpha=0.7, label=name, zorder=2 + layer)
    of.finish(axes, "Baselines")
    axes.legend(frameon=False, loc="upper left", fontsize=9.5, markerscale=1.6)


def _draw_identity(axes: Axes, *values: Float64) -> None:
    """Draw the line of no error, through a square that holds all values."""
    low, high = float(np.min(values)), float(np.max(values))
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    limits = (low - margin, high + margin)
    axes.plot(limits, limits, color=INK, linewidth=1.2, zorder=1, label="no error")
    axes.set(xlim=limits, ylim=limits, aspect="equal")


def _draw_errors_by_size(axes: Axes, of: _Predictions) -> None:
    """Draw the median relative errors of sizes, in ranges of equally many drums."""
    sizes = of.true
    parts = np.array_split(np.argsort(sizes, kind="stable"), min(_SIZE_RANGES, len(sizes)))
    middles = [float(np.median(sizes[part])) for part in parts]
    scale = np.maximum(np.abs(sizes), np.finfo(np.float64).tiny)
    estimators = {"model": of.model, **of.baselines}
    styles = ((PREDICTED, "o", "-"), *_BASELINES)
    highest = _LOWEST_ERROR
    for (name, values), (colour, marker, line) in zip(estimators.items(), styles, strict=False):
        errors = 100 * np.abs(values - sizes) / scale
        medians = [max(float(np.median(errors[part])), _LOWEST_ERROR) for part in parts]
        (curve,) = axes.plot(middles, medians, color=colour, marker=marker, linestyle=line)
        curve.set(label=name, linewidth=1.8)
        highest = max(highest, *medians)
    axes.set_yscale("log")
    # Room for the legend; errors below a thousandth lie on the floor.
    axes.set_ylim(0.8 * _LOWEST_ERROR, 12 * highest)
    axes.yaxis.set_major_formatter(lambda x, _: f"{'≤ ' if x <= _LOWEST_ERROR else ''}{x:g}")
    name = f"{of.label} ({of.unit})" if of.unit else of.label
    finish(axes, f"Errors of the {of.label}", name, "median relative error (%)")
    axes.legend(frameon=False, loc="upper center", ncols=2, fontsize=9.5)


def _draw_confusion(axes: Axes, names: Sequence[str], of: _Predictions) -> None:
    """Draw the share of each true class, a row, predicted as each; classes are indices of names."""
    size = len(names)
    for index in (*of.true, *of.model):
        if not (index == int(index) and 0 <= index < size):
            raise ValueError(f"there are {size} classes, counted from 0: no class is {index}.")
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (of.true.astype(np.int64), of.model.astype(np.int64)), 1)
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
