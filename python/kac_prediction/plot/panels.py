"""Further panels of a report: other labels, errors against size, and who is taken for whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from .drums import INK, PREDICTED, TRUE

Float64 = npt.NDArray[np.float64]

_BINS = 6


@dataclass(frozen=True)
class Answers:
    """What was answered of one label, and what is true.

    Attributes:
        label: what it is called.
        unit: its unit; '' for a plain number.
        true: shape (n,).
        predicted: of the model, shape (n,).
        others: by who answers, the same, of those the model is compared with.
    """

    label: str
    unit: str
    true: Float64
    predicted: Float64
    others: Mapping[str, Float64] = field(default_factory=dict)


@dataclass(frozen=True)
class Matrix:
    """Which class was heard of each sound, and which is true.

    Attributes:
        names: of the classes.
        true: index of the class, shape (n,).
        predicted: the same, of the model.
    """

    names: Sequence[str]
    true: Float64
    predicted: Float64


def draw_confusion(axes: Axes, matrix: Matrix) -> None:
    """Draw what share of each class was taken for which."""
    size = len(matrix.names)
    index = matrix.true.astype(np.int64) * size + matrix.predicted.astype(np.int64)
    counts = np.bincount(index, minlength=size * size).reshape(size, size)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(size):
        for column in range(size):
            share = shares[row, column]
            colour = "white" if share > 0.6 else INK
            axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour)
    axes.set_xticks(range(size), matrix.names)
    axes.set_yticks(range(size), matrix.names, rotation=90, va="center")
    axes.set_ylabel("true")
    axes.set_title("Who is taken for whom", fontsize=12, color=INK)
    axes.set_xlabel("heard")


def draw_errors_by_size(axes: Axes, sizes: Float64, answers: Answers) -> None:
    """Draw the median relative error of a label against the size of the drum, in equal parts.

    Args:
        axes: where to draw.
        sizes: of the drums, metres, shape (n,).
        answers: of that label.
    """
    parts = np.array_split(np.argsort(sizes, kind="stable"), min(_BINS, len(sizes)))
    middles = [float(np.median(sizes[part])) for part in parts]
    said = {"model": answers.predicted, **answers.others}
    styles = [(PREDICTED, "o-"), (INK, "s--"), (TRUE, "^--"), ("#009E73", "v--")]
    for (who, values), (colour, style) in zip(said.items(), styles, strict=False):
        errors = np.abs(values - answers.true) / np.abs(answers.true)
        medians = [max(100 * float(np.median(errors[part])), 1e-3) for part in parts]
        axes.plot(middles, medians, style, color=colour, linewidth=1.8, label=who)
    axes.set_yscale("log")
    axes.set_ylabel("median relative error (%)")
    axes.set_title(f"Errors of the {answers.label}", fontsize=12, color=INK)
    axes.set_xlabel("drum size (m)")
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=9.5)
