"""The panels of a report: predictions, errors against size, and which class is taken for which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from .drums import INK, PREDICTED, TRUE

Float64 = npt.NDArray[np.float64]

_BINS: Final = 6
_LEAST: Final = 0.1
# Green, sky blue and purple of Okabe and Ito (2008); who always says the same is grey.
_STYLES: Final = (
    ("#888888", "s", ":"),
    ("#009E73", "^", "--"),
    ("#56B4E9", "v", "--"),
    ("#CC79A7", "D", "--"),
)


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

    @classmethod
    def of(
        cls,
        label: str,
        unit: str,
        true: npt.ArrayLike,
        predicted: npt.ArrayLike,
        others: Mapping[str, npt.ArrayLike],
    ) -> "Answers":
        """Take all as arrays.

        Raises:
            ValueError: they are not of one shape (n,), n from 1, or not finite.
        """
        truth = np.asarray(true, np.float64)
        said = {who: np.asarray(some, np.float64) for who, some in others.items()}
        answers = cls(label, unit, truth, np.asarray(predicted, np.float64), said)
        for who, numbers in {"true": truth, "predicted": answers.predicted, **said}.items():
            if truth.ndim != 1 or not len(truth) or numbers.shape != truth.shape:
                raise ValueError(
                    f"true and {who} must have one shape (n,), n from 1, "
                    f"got {truth.shape} and {numbers.shape}."
                )
            if not np.isfinite(numbers).all():
                raise ValueError(f"{who} must be finite, got {numbers[~np.isfinite(numbers)][0]}.")
        return answers

    @property
    def name(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label


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

    def counts(self) -> npt.NDArray[np.int64]:
        """Return how many of each true class, a row, were taken for which, a column.

        Raises:
            ValueError: the indices are not of one shape (n,), or there is no such class.
        """
        size, true, heard = len(self.names), np.asarray(self.true), np.asarray(self.predicted)
        if true.ndim != 1 or true.shape != heard.shape:
            raise ValueError(
                f"classes, true and predicted, must have one shape (n,), got {true.shape} and "
                f"{heard.shape}."
            )
        for index in (*true, *heard):
            if not (index == int(index) and 0 <= index < size):
                raise ValueError(f"there are {size} classes, counted from 0: no class is {index}.")
        both = true.astype(np.int64) * size + heard.astype(np.int64)
        return np.bincount(both, minlength=size * size).reshape(size, size)


def draw_predictions(axes: Axes, answers: Answers, baseline: float | None = None) -> None:
    """Scatter the model's answers over the truth with the line of no error, and say all errors.

    Args:
        axes: where to draw.
        answers: of one label.
        baseline: mean absolute error of always answering the mean; None: not mentioned, unless it
            is among the others.
    """
    true, predicted = answers.true, answers.predicted
    said = [f"mean absolute error {_error(answers, predicted)}"]
    if baseline is not None and "always the mean" not in answers.others:
        said.append(f"always the mean: {baseline:.4f} {answers.unit}".rstrip())
    said += [f"{who}: {_error(answers, numbers)}" for who, numbers in answers.others.items()]
    _draw_no_error(axes, np.concatenate([true, predicted]))
    axes.scatter(
        true, predicted, s=16, color=TRUE, alpha=0.55, linewidths=0, zorder=2, label="one sound"
    )
    axes.text(
        0.97,
        0.04,
        "\n".join(said),
        transform=axes.transAxes,
        ha="right",
        va="bottom",
        color=INK,
        fontsize=9.5,
    )
    finish(axes, f"Predictions on unheard drums (n = {len(true)})", f"true {answers.name}")
    axes.set_ylabel(f"predicted {answers.name}")
    axes.legend(frameon=False, loc="upper left", fontsize=9.5)


def draw_others(axes: Axes, answers: Answers) -> None:
    """Scatter what those answer that the model is compared with, over the truth."""
    _draw_no_error(axes, np.concatenate([answers.true, *answers.others.values()]))
    # The first lie on top: the last, given the whole sound, are about where the line is.
    layers = zip(answers.others.items(), _STYLES, range(9, 0, -1), strict=False)
    for (who, numbers), (colour, marker, _), layer in layers:
        dots = axes.scatter(answers.true, numbers, s=12, color=colour, marker=marker, linewidths=0)
        dots.set(alpha=0.7, label=who, zorder=2 + layer)
    finish(axes, "What it is compared with", f"true {answers.name}")
    axes.set_ylabel(f"answered {answers.name}")
    axes.legend(frameon=False, loc="upper left", fontsize=9.5, markerscale=1.6)


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
    scale = np.maximum(np.abs(answers.true), np.finfo(np.float64).tiny)
    highest = _LEAST
    for (who, values), style in zip(said.items(), ((PREDICTED, "o", "-"), *_STYLES), strict=False):
        errors = 100 * np.abs(values - answers.true) / scale
        medians = [max(float(np.median(errors[part])), _LEAST) for part in parts]
        colour, marker, line = style
        axes.plot(
            middles, medians, color=colour, marker=marker, linestyle=line, linewidth=1.8, label=who
        )
        highest = max(highest, *medians)
    axes.set_yscale("log")
    # Room for the legend; who is better than a thousandth lies on the floor.
    axes.set_ylim(0.8 * _LEAST, 12 * highest)
    axes.yaxis.set_major_formatter(lambda x, _: f"{'≤ ' if x <= _LEAST else ''}{x:g}")
    finish(axes, f"Errors of the {answers.label}", "drum size (m)")
    axes.set_ylabel("median relative error (%)")
    axes.legend(frameon=False, loc="upper center", ncols=2, fontsize=9.5)


def draw_confusion(axes: Axes, matrix: Matrix) -> None:
    """Draw what share of each class was taken for which.

    Raises:
        ValueError: the indices are not of one shape (n,), or there is no such class.
    """
    counts = matrix.counts()
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals[:, None], 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), share in np.ndenumerate(shares):
        colour = "white" if share > 0.6 else INK
        axes.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour)
    rows = [f"{name}\n(n = {total})" for name, total in zip(matrix.names, totals, strict=True)]
    axes.set_xticks(range(len(rows)), list(matrix.names))
    axes.set_yticks(range(len(rows)), rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    right = np.trace(counts) / max(counts.sum(), 1)
    axes.set_title(f"Who is taken for whom: {right:.0%} right", fontsize=12, color=INK)
    axes.set_xlabel("heard")
    axes.set_ylabel("true")


def finish(axes: Axes, title: str, x_label: str) -> None:
    """Give a panel its title, its label and a quiet frame."""
    axes.set_title(title, fontsize=12, color=INK)
    axes.set_xlabel(x_label)
    axes.grid(visible=True, color="#DDDDDD", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _error(answers: Answers, numbers: Float64) -> str:
    """The mean absolute error of someone, with the unit."""
    return f"{np.abs(numbers - answers.true).mean():.4f} {answers.unit}".rstrip()


def _draw_no_error(axes: Axes, numbers: Float64) -> None:
    """Draw the line where an answer is right, through a square that holds all numbers."""
    low, high = float(numbers.min()), float(numbers.max())
    margin = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
    limits = (low - margin, high + margin)
    axes.plot(limits, limits, color=INK, linewidth=1.2, zorder=1, label="no error")
    axes.set(xlim=limits, ylim=limits, aspect="equal")
