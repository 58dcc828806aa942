"""A dataset: how its labels are spread, and what its first samples look like."""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from .._arrays import ArrayLike, Float64
from .style import INK, PREDICTED, TRUE, Picture, finish

_COLUMNS: Final = 4
_BINS: Final = 30
_PANEL: Final = (3.0, 2.2)  # inches


def dataset_figure(labels: Mapping[str, ArrayLike], x: ArrayLike, *, title: str = "") -> Picture:
    """Draw a histogram of each label, and below them some samples.

    Args:
        labels: the numbers of each, shape (n,), or (n, 2), whose columns are drawn apart; of
            another shape, all together. nan is left out.
        x: samples, shape (k, n), waves, or (k, rows, columns), spectrograms; the first four are
            drawn.
        title: a line or several.

    Raises:
        ValueError: `x` has another shape.
    """
    samples = np.asarray(x, np.float64)[:_COLUMNS]
    if samples.ndim not in (2, 3) or not samples.size:
        raise ValueError(f"x must be samples, shape (k, n) or (k, m, n), got {samples.shape}")
    columns = _COLUMNS
    rows = math.ceil(len(labels) / columns) + 1
    size = (_PANEL[0] * columns, _PANEL[1] * rows + 0.4)
    figure = Picture(figsize=size, facecolor="white", layout="constrained")
    figure.suptitle(title, fontsize=12, color=INK)
    panels = figure.subplots(rows, columns, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, (label, values) in zip(panels.flat, labels.items(), strict=False):
        numbers = np.asarray(values, np.float64)
        apart = numbers.T if numbers.ndim == 2 and numbers.shape[1] == 2 else [numbers.ravel()]
        axes.set_axis_on()
        for column, colour in zip(apart, (TRUE, PREDICTED), strict=False):
            known = column[np.isfinite(column)]
            axes.hist(known, _BINS, color=colour, alpha=0.6 if len(apart) == 2 else 1.0)
        finish(axes, label.replace("_", " "))
    for k, axes in enumerate(panels[-1][: len(samples)]):
        _draw_sample(axes, samples[k])
        axes.set_title(f"sample {k}", fontsize=10, color=INK)
    return figure


def _draw_sample(axes: Axes, sample: Float64) -> None:
    """Draw a wave, or a spectrogram in decibels, its frequencies upwards."""
    axes.set_axis_on()
    axes.tick_params(labelsize=8)
    if sample.ndim == 1:
        axes.plot(sample, color=TRUE, linewidth=0.5)
        axes.margins(x=0)
        return
    shown = sample
    if sample.min() >= 0:
        floor = max(float(sample.max()) * 1e-8, np.finfo(np.float64).tiny)
        shown = 10 * np.log10(np.maximum(sample, floor))
    axes.imshow(shown, origin="lower", aspect="auto", cmap="magma")
