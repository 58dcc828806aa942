"""The learning curve as HTML: a drawing whose epochs tell their values, and a list of these."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from .. import _html
from .axis import Axis, drawing, grid
from .curve import points
from .style import GREEN, PREDICTED, TRUE

_WIDTH: Final = 480
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 10, 28, 40  # margins
_LOSSES, _RATES = 250, 130  # heights
_MOST: Final = 500  # epochs that tell their values
_MARKED: Final = 60  # values of a curve that are marked
_SERIES: Final = (  # key, name, colour, dashes
    ("training_loss", "training", TRUE, ""),
    ("selection_loss", "validation", PREDICTED, "6 3"),
    ("evaluation_loss", "test", GREEN, "1 4"),
)
_RATE: Final = ("learning_rate", "learning rate", "currentColor", "")


@dataclass(frozen=True)
class _Curve:
    """A line of a drawing: values by epoch, each of shape (n,), n from 1."""

    name: str
    colour: str
    dashes: str
    epochs: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


def curve_html(records: Sequence[Mapping[str, Any]]) -> str:
    """Draw the losses of `curve_figure` and the learning rates; an epoch that is pointed at tells.

    The same values are in a list, to be unfolded. Of more than 500 epochs, some tell theirs.
    """
    losses, rates = _curves(records, _SERIES), _curves(records, (_RATE,))
    told = _told([*losses, *rates])
    drawn = "".join(
        _drawing(curves, label, height, told)
        for curves, label, height in ((losses, "loss", _LOSSES), (rates, "learning rate", _RATES))
        if curves
    )
    return drawn + _html.folded("values by epoch", "\n".join(told.values())) if drawn else ""


def _curves(
    records: Sequence[Mapping[str, Any]], series: Sequence[tuple[str, str, str, str]]
) -> list[_Curve]:
    """Return the curves that have values."""
    found = [
        _Curve(name, colour, dashes, *points(records, key)) for key, name, colour, dashes in series
    ]
    return [curve for curve in found if len(curve.epochs)]


def _told(curves: Sequence[_Curve]) -> dict[float, str]:
    """Return of each epoch, or of some, what its values are."""
    values: dict[float, list[str]] = {}
    for curve in curves:
        for epoch, value in zip(curve.epochs.tolist(), curve.values.tolist(), strict=True):
            values.setdefault(epoch, []).append(f"{curve.name} {value:.4g}")
    epochs = sorted(values)[:: -(-len(values) // _MOST) or 1]
    return {epoch: f"epoch {epoch:g}: {', '.join(values[epoch])}" for epoch in epochs}


def _drawing(curves: Sequence[_Curve], label: str, height: int, told: Mapping[float, str]) -> str:
    """Draw curves over each other, with axes, and what an epoch tells where it is pointed at."""
    epochs = np.concatenate([curve.epochs for curve in curves])
    values = np.concatenate([curve.values for curve in curves])
    logarithmic = label == "loss" and bool((values > 0).all())
    low, high = (float(values.min()), float(values.max())) if logarithmic else (0.0, 0.0)
    if not logarithmic:
        low, high = min(0.0, float(values.min())), max(float(values.max()), 1e-300)
    x = Axis(float(epochs.min()), float(epochs.max()), _LEFT, _WIDTH - _RIGHT)
    y = Axis(low, high, height - _BOTTOM, _TOP, logarithmic)
    name = f"{label} (log scale)" if logarithmic else label
    pieces = [
        *grid(x, y, "epoch", name, whole=True),
        *(_line(curve, x, y) for curve in curves),
        *(_legend(curves) if label == "loss" else ()),
        *(_best(curves, x, y) if label == "loss" else ()),
        *_bands(x, height, told),
    ]
    return drawing(pieces, f"{name} by epoch", _WIDTH, height)


def _line(curve: _Curve, x: Axis, y: Axis) -> str:
    """Draw a curve; points, where there are few."""
    places = [*zip(x.at(curve.epochs), y.at(curve.values), strict=True)]
    path = " ".join(f"{across:.1f},{down:.1f}" for across, down in places)
    style = f'stroke="{curve.colour}" stroke-width="2" stroke-dasharray="{curve.dashes}"'
    line = f'<polyline fill="none" {style} points="{path}"/>'
    marks = (
        f'<circle cx="{across:.1f}" cy="{down:.1f}" r="3" fill="{curve.colour}"/>'
        for across, down in places[: _MARKED if len(places) <= _MARKED else 0]
    )
    return line + "".join(marks)


def _legend(curves: Sequence[_Curve]) -> Iterator[str]:
    """Name curves in a line above them."""
    for i, curve in enumerate(curves):
        start = _LEFT + 100 * i
        style = f'stroke="{curve.colour}" stroke-width="2" stroke-dasharray="{curve.dashes}"'
        yield f'<path d="M{start} 12h20" {style}/>'
        yield f'<text x="{start + 25}" y="16">{curve.name}</text>'


def _best(curves: Sequence[_Curve], x: Axis, y: Axis) -> Iterator[str]:
    """Mark the lowest loss of the validation set, without one that of the training set."""
    curve = next((each for each in curves if each.name == "validation"), curves[0])
    k = int(np.argmin(curve.values))
    epoch, loss = float(curve.epochs[k]), float(curve.values[k])
    place = f'cx="{x.at(epoch):.1f}" cy="{y.at(loss):.1f}"'
    yield f'<circle {place} r="6" fill="none" stroke="{curve.colour}" stroke-width="2"/>'
    middle = f'x="{(x.start + x.end) / 2}" y="{y.start + 33}" text-anchor="middle"'
    yield f"<text {middle}>best: epoch {epoch:g}, {loss:.4g}</text>"


def _bands(x: Axis, height: int, told: Mapping[float, str]) -> Iterator[str]:
    """Let an epoch that is pointed at tell its values."""
    places = x.at([*told])
    edges = [_LEFT, *((places[1:] + places[:-1]) / 2), _WIDTH - _RIGHT]
    for (start, end), text in zip(pairwise(edges), told.values(), strict=True):
        place = f'x="{start:.1f}" y="{_TOP}" width="{end - start:.1f}"'
        size = f'height="{height - _TOP - _BOTTOM}" fill="transparent"'
        yield f'<rect class="epoch" {place} {size}><title>{text}</title></rect>'
