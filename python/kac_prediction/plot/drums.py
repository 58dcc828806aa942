"""Drums drawn to scale, the true beside the predicted."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ..geometry import Shape

# Blue and vermilion of Okabe and Ito (2008): told apart by everybody, and by their brightness too.
TRUE: Final = "#0072B2"
PREDICTED: Final = "#D55E00"
INK: Final = "#333333"

_SKIN = "#E8F1F8"


def drums(axes: "Axes", true: "Sequence[Shape]", predicted: "Sequence[Shape]") -> None:
    """Draw drums side by side, all to one scale, each under the outline that was heard.

    Below each drum stand its size and the predicted one, the square roots of the areas in
    metres; a bar gives the scale.

    Args:
        axes: where to draw; its limits, aspect and ticks are set.
        true: n shapes.
        predicted: what was heard of each, n shapes. Only their outlines and areas count: each is
            drawn about the centroid of its true shape, and none is moved.

    Raises:
        ValueError: no shapes, or not as many predictions as shapes.
    """
    if not true or len(true) != len(predicted):
        raise ValueError(
            f"drums need as many predictions as shapes, and one at least: "
            f"got {len(true)} shapes and {len(predicted)} predictions."
        )
    outlines = [(_centred(a), _centred(b)) for a, b in zip(true, predicted, strict=True)]
    both = [np.concatenate(pair) for pair in outlines]
    reach = [float(np.abs(points[:, 0]).max()) for points in both]
    largest = max(float(np.abs(points).max()) for points in both)
    gap = 0.35 * largest
    left, top = 0.0, 0.0
    for i, (skin, heard) in enumerate(outlines):
        # All stand on one floor, so that heights compare at a glance.
        middle = np.array([left + reach[i], -both[i][:, 1].min()])
        axes.fill(*(skin + middle).T, facecolor=_SKIN, edgecolor=TRUE, linewidth=2.2)
        axes.plot(*(heard + middle).T, color=PREDICTED, linewidth=2.2, linestyle=(0, (4, 2)))
        _write_sizes(axes, middle[0], -0.15 * gap, true[i], predicted[i])
        left += 2 * reach[i] + gap
        top = max(top, float(np.ptp(both[i][:, 1])))
    bar = _round_length(0.3 * largest)
    _draw_scale(axes, left - 0.5 * gap, bar)
    axes.set_xlim(-0.5 * gap, left + bar)
    axes.set_ylim(-1.3 * gap, top + 0.15 * gap)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _centred(shape: "Shape") -> npt.NDArray[np.float64]:
    """Return the outline of a shape about its centroid, shape (k, 2)."""
    outline: npt.NDArray[np.float64] = shape.outline() - np.array(shape.centroid)
    return outline


def _write_sizes(axes: "Axes", x: float, y: float, true: "Shape", predicted: "Shape") -> None:
    """Write both sizes below a drum, each in the colour of its outline."""
    for shape, word, colour, line in (
        (true, "true", TRUE, 1.0),
        (predicted, "heard", PREDICTED, 2.3),
    ):
        axes.annotate(
            f"{word} {shape.area**0.5:.3f} m",
            (x, y),
            xytext=(0, -11 * line),
            textcoords="offset points",
            ha="center",
            color=colour,
            fontsize=9.5,
        )


def _round_length(longest: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten up to `longest`."""
    power = 10.0 ** math.floor(math.log10(longest))
    return max((step * power for step in (1, 2, 5) if step * power <= longest), default=power)


def _draw_scale(axes: "Axes", left: float, length: float) -> None:
    """Draw a bar of a known length on the floor, from `left`."""
    axes.plot([left, left + length], [0, 0], color=INK, linewidth=2, solid_capstyle="butt")
    axes.annotate(
        f"{length:g} m",
        (left + length / 2, 0),
        xytext=(0, 5),
        textcoords="offset points",
        ha="center",
        color=INK,
        fontsize=9,
    )
