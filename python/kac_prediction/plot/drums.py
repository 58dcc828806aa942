"""Drums drawn to scale, alone, or the true and the predicted outlines over each other."""

import math
import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ..geometry import Shape
from ..geometry.shape import check_shape
from .style import INK, MEMBRANE, PREDICTED, TRUE, Picture

_VISIBLE = 0.01  # of the size
_COLUMNS = 64  # of a title, in letters, which fit over a drum


def draw_drums(axes: Axes, true: Sequence[Shape], predicted: Sequence[Shape]) -> None:
    """Draw drums side by side, all to one scale, each under the predicted outline.

    Below each drum are its size and the predicted one, the square roots of the areas in metres; a
    bar gives the scale.

    Args:
        axes: where to draw; its limits, aspect and ticks are set.
        true: n shapes.
        predicted: n shapes. Only outlines and areas count: each is drawn about the centroid of its
            true shape, and none is moved.

    Raises:
        ValueError: no shapes, or not as many predictions as shapes.
    """
    if not true or len(true) != len(predicted):
        raise ValueError(
            f"drums need as many predictions as shapes, and one at least: "
            f"got {len(true)} shapes and {len(predicted)} predictions."
        )
    outlines = [
        [shape.outline() - np.array(shape.centroid) for shape in pair]
        for pair in zip(true, predicted, strict=True)
    ]
    both = [np.concatenate(pair) for pair in outlines]
    largest = max(float(np.abs(points).max()) for points in both)
    gap = 0.35 * largest
    left, top = 0.0, 0.0
    for i, (membrane, outline) in enumerate(outlines):
        reach = float(np.abs(both[i][:, 0]).max())
        # All stand on one floor, so that heights compare at a glance.
        middle = np.array([left + reach, -both[i][:, 1].min()])
        axes.fill(*(membrane + middle).T, facecolor=MEMBRANE, edgecolor=TRUE, linewidth=2.2)
        axes.plot(*(outline + middle).T, color=PREDICTED, linewidth=2.2, linestyle=(0, (4, 2)))
        place = middle[0], -0.15 * gap
        _write(axes, f"true {true[i].area ** 0.5:.3f} m", place, -11, TRUE)
        _write(axes, f"predicted {predicted[i].area ** 0.5:.3f} m", place, -25.3, PREDICTED)
        left += 2 * reach + gap
        top = max(top, float(np.ptp(both[i][:, 1])))
    bar = _draw_scale(axes, 0.3 * largest, (left - 0.5 * gap, 0.0))
    axes.set_xlim(-0.5 * gap, left + bar)
    axes.set_ylim(-1.3 * gap, top + 0.15 * gap)
    axes.set_aspect("equal")
    axes.set_axis_off()


def drum_figure(shape: Shape, title: str = "", sizes: tuple[float, float] | None = None) -> Picture:
    """Draw one drum to scale, as it was heard.

    Args:
        shape: the drum, metres.
        title: a line or several; long ones are broken.
        sizes: the ends of an interval of its size, square roots of areas in metres, drawn as dashed
            outlines where they can be told from the drum.

    Raises:
        TypeError: `shape` is no shape.
    """
    check_shape("shape", shape)
    figure = Picture(figsize=(5.0, 5.0), facecolor="white", layout="constrained")
    axes = figure.subplots()
    outline = shape.outline() - np.array(shape.centroid)
    axes.fill(*outline.T, facecolor=MEMBRANE, edgecolor=TRUE, linewidth=2.2)
    size = shape.area**0.5
    for end in sizes or ():
        if abs(end / size - 1) > _VISIBLE:
            axes.plot(*(outline * end / size).T, color=TRUE, linewidth=1, linestyle=(0, (4, 2)))
    reach = float(np.abs(outline).max()) * max([1.0, *(end / size for end in sizes or ())])
    _draw_scale(axes, 0.6 * reach, (-reach, -1.25 * reach))
    axes.set_xlim(-1.1 * reach, 1.1 * reach)
    axes.set_ylim(-1.35 * reach, 1.1 * reach)
    axes.set_aspect("equal")
    axes.set_axis_off()
    lines = [textwrap.fill(line, _COLUMNS) for line in title.split("\n")]
    axes.set_title("\n".join(lines), fontsize=10, color=INK)
    return figure


def _draw_scale(axes: Axes, longest: float, place: tuple[float, float]) -> float:
    """Draw a bar of a round length to the right of a place; return its length."""
    # The largest 1, 2 or 5 times a power of ten that is short enough.
    power = 10.0 ** math.floor(math.log10(longest))
    bar = max(step * power for step in (1, 2, 5) if step == 1 or step * power <= longest)
    (x, y), ends = place, [place[0], place[0] + bar]
    axes.plot(ends, [y, y], color=INK, linewidth=2, solid_capstyle="butt")
    _write(axes, f"{bar:g} m", (x + bar / 2, y), 5, INK)
    return bar


def _write(axes: Axes, text: str, place: tuple[float, float], points: float, colour: str) -> None:
    """Write a text centred at a place, so many points above it."""
    note = axes.annotate(text, place, (0, points), textcoords="offset points")
    note.set(ha="center", color=colour, fontsize=9.5)
