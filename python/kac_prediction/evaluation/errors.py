"""Errors of predictions of one label: of numbers, and of classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

Values = dict[str, Float64]
"""By label, a value for each sound; of a class its index."""

MODEL: Final = "model"
MEAN: Final = "always the mean"
"""Names of the model and of the mean predictor, which of a class predicts the most frequent."""

_SIZE_RANGES: Final = 5


@dataclass(frozen=True)
class Errors:
    """Errors of one estimator.

    Attributes:
        mean_absolute: mean of |prediction - truth|, in the unit of the label.
        median_relative: median of |prediction - truth| / truth.
    """

    mean_absolute: float
    median_relative: float

    @classmethod
    def of(cls, true: Float64, predicted: Float64) -> "Errors":
        """Return the errors of predictions, both arrays of shape (n,), n from 1."""
        error = np.abs(predicted - true)
        return cls(float(error.mean()), float(np.median(error / true)))


@dataclass(frozen=True)
class Subset:
    """Errors on some of the sounds, such as those of small drums; by estimator."""

    name: str
    count: int
    errors: Mapping[str, Errors]


@dataclass(frozen=True)
class LabelReport:
    """Errors of the model and of its baselines, of one label.

    Attributes:
        label: what is predicted.
        unit: its unit.
        count: number of sounds.
        errors: by estimator.
        parts: the same on subsets: by the size of the drum, by its family.
    """

    label: str
    unit: str
    count: int
    errors: Mapping[str, Errors]
    parts: tuple[Subset, ...] = ()

    @classmethod
    def of(
        cls,
        label: str,
        unit: str,
        true: npt.ArrayLike,
        predictions: Mapping[str, npt.ArrayLike],
        subsets: Iterable[tuple[str, npt.NDArray[np.bool_]]] = (),
    ) -> "LabelReport":
        """Compare predictions with the truth.

        Args:
            label: what is predicted.
            unit: its unit.
            true: shape (n,), n from 1, above 0.
            predictions: by estimator, the model first, shape (n,) each.
            subsets: names of subsets, and which sounds they hold, shape (n,).

        Raises:
            ValueError: other shapes, or a true value that is not above 0.
        """
        truth, predicted = _comparable(true, predictions, np.float64)
        if not (truth > 0).all():
            raise ValueError(
                f"a relative error needs true values above 0, got {float(truth.min())!r}."
            )

        def errors(which: npt.NDArray[np.bool_]) -> dict[str, Errors]:
            return {name: Errors.of(truth[which], p[which]) for name, p in predicted.items()}

        everything = np.ones(truth.shape, bool)
        parts = (Subset(s, int(which.sum()), errors(which)) for s, which in subsets if which.any())
        return cls(label, unit, truth.size, errors(everything), tuple(parts))

    @property
    def model(self) -> Errors:
        """The errors of the model."""
        return self.errors[MODEL]

    @property
    def gain(self) -> float:
        """How many times smaller the mean absolute error is than that of the mean predictor."""
        if self.model.mean_absolute == 0:
            return float("inf")
        return self.errors[MEAN].mean_absolute / self.model.mean_absolute

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain types."""
        return asdict(self)

    def __str__(self) -> str:
        """Return a table with a column for each estimator."""
        errors = self.errors.values()
        rows = [
            (f"{self.label} of {self.count} unseen sounds", *self.errors),
            ("mean absolute error", *(with_unit(e.mean_absolute, self.unit) for e in errors)),
            ("median relative error", *(f"{e.median_relative:.2%}" for e in errors)),
        ]
        for part in self.parts:
            both = (
                f"{with_unit(e.mean_absolute, self.unit)} {e.median_relative:7.2%}"
                for e in part.errors.values()
            )
            rows.append((f"  {part.name} ({part.count})", *both))
        return _aligned(rows)


@dataclass(frozen=True)
class ConfusionMatrix:
    """How often each class was predicted for each.

    Attributes:
        label: what is predicted.
        names: the classes.
        counts: sounds of each class (row) for which the model predicted which (column).
        right: by estimator, the accuracy: the share of the sounds classified correctly.
    """

    label: str
    names: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    right: Mapping[str, float]

    @classmethod
    def of(
        cls,
        label: str,
        names: Sequence[str],
        true: npt.ArrayLike,
        predictions: Mapping[str, npt.ArrayLike],
    ) -> "ConfusionMatrix":
        """Count the predictions of the model, and compare those of all estimators with the truth.

        Args:
            label: what is predicted.
            names: the classes.
            true: indices of the classes, shape (n,), n from 1.
            predictions: by estimator, the model first, the same, shape (n,) each.

        Raises:
            ValueError: other shapes.
        """
        truth, predicted = _comparable(true, predictions, np.int64)
        counts = np.zeros((len(names), len(names)), np.int64)
        np.add.at(counts, (truth, predicted[MODEL]), 1)
        right = {name: float((truth == values).mean()) for name, values in predicted.items()}
        return cls(label, tuple(names), tuple(map(tuple, counts.tolist())), right)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain types."""
        counts = [list(row) for row in self.counts]
        return asdict(self) | {"names": list(self.names), "counts": counts}

    def __str__(self) -> str:
        """Return the accuracies and the matrix."""
        accuracies = [
            (f"{self.label} of {np.sum(self.counts)} unseen sounds", *self.right),
            ("right", *(f"{share:.1%}" for share in self.right.values())),
        ]
        matrix = [("  predicted by the model as", *self.names)]
        for name, row in zip(self.names, self.counts, strict=True):
            matrix.append((f"  {name}", *map(str, row)))
        return f"{_aligned(accuracies)}\n{_aligned(matrix)}"


def with_unit(error: float, unit: str) -> str:
    """Return an error with its unit as text, lengths in centimetres."""
    return f"{100 * error:.2f} cm" if unit == "m" else f"{error:.2f} {unit}".rstrip()


def size_ranges(sizes: Float64) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Divide drums by their sizes in metres, shape (n,), into five ranges of equal width."""
    edges = np.linspace(sizes.min(), sizes.max(), _SIZE_RANGES + 1)
    place = np.clip(np.searchsorted(edges, sizes, side="right") - 1, 0, _SIZE_RANGES - 1)
    return [
        (f"{100 * edges[k]:.0f} to {100 * edges[k + 1]:.0f} cm", place == k)
        for k in range(_SIZE_RANGES)
    ]


def _comparable(
    true: npt.ArrayLike, predictions: Mapping[str, npt.ArrayLike], dtype: type[np.generic]
) -> tuple[npt.NDArray[Any], dict[str, npt.NDArray[Any]]]:
    """Return all as arrays; raise ValueError unless all have one shape (n,), n from 1."""
    truth = np.asarray(true, dtype)
    predicted = {name: np.asarray(values, dtype) for name, values in predictions.items()}
    for name, values in predicted.items():
        if truth.ndim != 1 or not truth.size or truth.shape != values.shape:
            raise ValueError(
                f"true and predicted must have the shape (n,), n from 1, got {truth.shape} and, of "
                f"{name!r}, {values.shape}."
            )
    return truth, predicted


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table: the first column flush left, the others flush right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        right = (f"{text:>{width}}" for text, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([f"{first:<{widths[0]}}", *right]))
    return "\n".join(lines)
