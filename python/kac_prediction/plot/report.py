"""The picture of a training: its predictions, their errors, its losses, and some of the drums."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .._checks import check_vectors
from ..geometry import Circle, Shape
from .curve import draw_losses
from .drums import draw_drums
from .panels import (
    Predictions,
    draw_baselines,
    draw_confusion,
    draw_errors_by_size,
    draw_predictions,
)
from .style import INK

_QUANTILES: Final = (1 / 6, 1 / 2, 5 / 6)


def report_figure(
    history: Sequence[Mapping[str, Any]],
    true: Mapping[str, npt.ArrayLike],
    predictions: Mapping[str, Mapping[str, npt.ArrayLike]],
    *,
    units: Mapping[str, str] | None = None,
    classes: Mapping[str, Sequence[str]] | None = None,
    shapes: tuple[Callable[[int], Shape], Callable[[int], Shape]] | None = None,
    title: str = "Predicting the size of a drum",
) -> Figure:
    """Draw the report of a training.

    Each label has a panel of predictions against the truth, a class its confusion matrix. Other
    panels show the losses by epoch, the errors of all estimators against size and, where they fill
    the row, the predictions of the baselines. Below are three drums, a small, a middling and a
    large one: the sixths of the true values, so none is picked for looking well.

    Args:
        history: one mapping per epoch, as `curve_figure` takes them.
        true: by label, true values of sounds of unseen drums, shape (n,), n from 1; of a class its
            index. The first number is the size of the drum, in metres.
        predictions: by estimator, the model first, then the baselines, the same; a baseline may
            leave out labels.
        units: by label; without one, '' is a plain number, and `drum_size` is in metres.
        classes: by label, the names of its classes.
        shapes: make the true and the predicted drum of sound i; None: circles of these sizes.
        title: heading of the figure.

    Returns:
        The figure, not attached to any window: `figure.savefig(path)`.

    Raises:
        ValueError: the values are not arrays of one shape (n,), are empty or not finite, or there
            is no such class.
    """
    classes = classes or {}
    labels = _by_label(true, predictions, {"drum_size": "m", **(units or {})})
    numbers = [each for label, each in labels.items() if label not in classes]
    size = numbers[0]
    draw: list[Callable[[Axes], None]] = [
        partial(draw_predictions, predictions=each) for each in numbers
    ]
    draw += [
        partial(draw_confusion, names=names, predictions=labels[label])
        for label, names in classes.items()
    ]
    odd = len(draw) % 2 == 1  # the losses come too, and rows are full
    if size.baselines and odd:
        draw.append(partial(draw_baselines, predictions=size))
    if size.baselines or not odd:
        draw.append(partial(draw_errors_by_size, sizes=size.true, predictions=size))
    draw.append(partial(draw_losses, records=history, title="Loss"))
    # A network may predict a size that no drum has; the scatter shows it as it is.
    smallest = 1e-3 * size.true.max()
    true_shape, predicted_shape = shapes or (
        lambda i: Circle.of_size(size.true[i]),
        lambda i: Circle.of_size(max(size.model[i], smallest)),
    )
    order = np.argsort(size.true, kind="stable")
    # Fewer than three sounds: each once.
    chosen = [int(order[rank]) for rank in sorted({int(q * len(order)) for q in _QUANTILES})]
    drums = [true_shape(i) for i in chosen], [predicted_shape(i) for i in chosen]
    return _figure(draw, partial(draw_drums, true=drums[0], predicted=drums[1]), title)


def _by_label(
    true: Mapping[str, npt.ArrayLike],
    predictions: Mapping[str, Mapping[str, npt.ArrayLike]],
    units: Mapping[str, str],
) -> dict[str, Predictions]:
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
        label: Predictions(
            label.replace("_", " "),
            units.get(label, ""),
            vectors[f"true {label}"],
            vectors[f"{model} {label}"],
            {name: vectors[f"{name} {label}"] for name in baselines if label in predictions[name]},
        )
        for label in true
    }


def _figure(
    draw: Sequence[Callable[[Axes], None]], draw_last: Callable[[Axes], None], title: str
) -> Figure:
    """Return a figure of panels, two in a row, and one as wide as the figure at its end."""
    names = [str(i) for i in range(len(draw))]
    rows = [names[i : i + 2] for i in range(0, len(names), 2)]
    figure = Figure(figsize=(10.5, 4.2 * (len(rows) + 1)), facecolor="white")
    figure.set_layout_engine("constrained", w_pad=0.1, h_pad=0.1)
    layout: list[Any] = [*rows, ["drums", "drums"]]
    panels = figure.subplot_mosaic(layout)
    for name, fill in zip(names, draw, strict=True):
        fill(panels[name])
    draw_last(panels["drums"])
    panels["drums"].set_title("Drums to scale: true and predicted", fontsize=12, color=INK)
    figure.suptitle(title, fontsize=15, fontweight="bold", color=INK)
    return figure
