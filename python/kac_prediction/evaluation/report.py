"""The report of a model: its errors on sounds of unseen drums, beside those of baselines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np

from .. import _html
from .._arrays import ArrayLike, Bool, Float64
from .._checks import check_vectors
from ..pipeline import ModelInput
from .outlines import overlap

Values = dict[str, Float64]
"""By label, a value for each sound, shape (n,); of a class its index; of an outline (n, angles)."""

MODEL: Final = "model"
MEAN: Final = "mean predictor"
"""Names of the model and of the mean predictor, which of a class predicts the most frequent."""

Table = list[tuple[str, ...]]

_SIZE_RANGES: Final = 5


def _aligned(report: "LabelReport | ConfusionMatrix | OutlineReport") -> str:
    """Return its tables as text: the first column flush left, the others flush right."""
    lines = []
    for rows in report.tables():
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for first, *others in rows:
            right = (f"{text:>{width}}" for text, width in zip(others, widths[1:], strict=True))
            lines.append("  ".join([f"{first:<{widths[0]}}", *right]))
    return "\n".join(lines)


@dataclass(frozen=True)
class Errors:
    """Errors of one estimator."""

    mean_absolute: float  # of |prediction - truth|, in the unit of the label
    median_relative: float | None  # of |prediction - truth| / truth; None: not all are above 0

    @property
    def percent(self) -> str:
        """The relative error as text."""
        return "" if self.median_relative is None else f"{self.median_relative:.2%}"


@dataclass(frozen=True)
class Subset:
    """Errors on some of the sounds, such as those of small drums."""

    name: str
    count: int
    errors: Mapping[str, Errors]  # by estimator


@dataclass(frozen=True)
class LabelReport:
    """Errors of the model and of its baselines, of one label."""

    label: str
    unit: str
    count: int  # of sounds
    errors: Mapping[str, Errors]  # by estimator
    parts: tuple[Subset, ...] = ()  # by the size of the drum, by its family

    @classmethod
    def of(
        cls,
        label: str,
        unit: str,
        true: ArrayLike,
        predictions: Mapping[str, ArrayLike],
        subsets: Iterable[tuple[str, Bool]] = (),
    ) -> "LabelReport":
        """Compare predictions with the truth, also on named subsets of the sounds.

        `true`, `predictions` (by estimator) and the masks of `subsets` have the shape (n,), n from
        1; other shapes, and true values that are not finite, raise ValueError.
        """
        predicted = check_vectors({"true": true, **predictions})
        truth = predicted.pop("true")
        if not np.isfinite(truth).all():
            wrong = truth[~np.isfinite(truth)][0]
            raise ValueError(f"true values of {label} must be finite, got {wrong}.")
        parts = []
        for subset, which in [("all", np.ones(truth.shape, bool)), *subsets]:
            if which.any():
                errors = {}
                for name, values in predicted.items():
                    error = np.abs(values - truth)[which]
                    relative = None
                    if (truth[which] > 0).all():
                        relative = float(np.median(error / truth[which]))
                    errors[name] = Errors(float(error.mean()), relative)
                parts.append(Subset(subset, int(which.sum()), errors))
        return cls(label, unit, truth.size, parts[0].errors, tuple(parts[1:]))

    @property
    def model(self) -> Errors:
        """The errors of the model."""
        return self.errors[MODEL]

    def tables(self) -> list[Table]:
        """Return the rows of a table with a column for each estimator."""
        errors = self.errors.values()
        rows: Table = [
            (f"{self.label} of {self.count} unseen sounds", *self.errors),
            ("mean absolute error", *(with_unit(e.mean_absolute, self.unit) for e in errors)),
            ("median relative error", *(e.percent for e in errors)),
        ]
        for part in self.parts:
            both = (
                f"{with_unit(e.mean_absolute, self.unit)} {e.percent:>7}"
                for e in part.errors.values()
            )
            rows.append((f"  {part.name} ({part.count})", *both))
        return [rows]

    __str__ = _aligned


@dataclass(frozen=True)
class ConfusionMatrix:
    """How often each class was predicted for each."""

    label: str
    names: tuple[str, ...]  # of the classes
    counts: tuple[tuple[int, ...], ...]  # by true class (row) and the model's prediction (column)
    right: Mapping[str, float]  # by estimator, the accuracy: the share classified correctly

    @classmethod
    def of(
        cls,
        label: str,
        names: Sequence[str],
        true: ArrayLike,
        predictions: Mapping[str, ArrayLike],
    ) -> "ConfusionMatrix":
        """Count the predictions of the model, and compare those of all estimators with the truth.

        `true` and, by estimator, `predictions` hold indices of the classes, shape (n,), n from 1;
        other shapes raise ValueError.
        """
        predicted = check_vectors({"true": true, **predictions}, np.int64)
        truth = predicted.pop("true")
        counts = np.zeros((len(names), len(names)), np.int64)
        np.add.at(counts, (truth, predicted[MODEL]), 1)
        right = {name: float((truth == values).mean()) for name, values in predicted.items()}
        return cls(label, tuple(names), tuple(map(tuple, counts.tolist())), right)

    def tables(self) -> list[Table]:
        """Return the rows of the accuracies and of the matrix."""
        accuracies: Table = [
            (f"{self.label} of {np.sum(self.counts)} unseen sounds", *self.right),
            ("right", *(f"{share:.1%}" for share in self.right.values())),
        ]
        matrix: Table = [("  predicted by the model as", *self.names)]
        for name, row in zip(self.names, self.counts, strict=True):
            matrix.append((f"  {name}", *map(str, row)))
        return [accuracies, matrix]

    __str__ = _aligned


@dataclass(frozen=True)
class OutlineReport:
    """How well outlines are predicted: the median intersection over union, see `overlap`."""

    label: str
    overlaps: Mapping[str, Mapping[str, float]]  # by subset, 'all' the first, and by estimator

    @classmethod
    def of(
        cls,
        label: str,
        true: Float64,
        predictions: Mapping[str, Float64],
        subsets: Iterable[tuple[str, Bool]] = (),
    ) -> "OutlineReport":
        """Compare predictions with the truth, shape (n, angles), also on subsets of the sounds."""
        found = {name: overlap(each, true) for name, each in predictions.items()}
        parts = [("all", np.ones(len(true), bool)), *subsets]
        overlaps = {
            subset: {name: float(np.median(values[which])) for name, values in found.items()}
            for subset, which in parts
            if which.any()
        }
        return cls(label, overlaps)

    def tables(self) -> list[Table]:
        """Return the rows of a table with a column for each estimator."""
        rows: Table = [(f"{self.label}, intersection over union", *self.overlaps["all"])]
        for subset, values in self.overlaps.items():
            rows.append((f"  {subset}", *(f"{value:.3f}" for value in values.values())))
        return [rows]

    __str__ = _aligned


@dataclass(frozen=True, repr=False)
class Report:
    """The errors of a model on unseen drums, beside those of the baselines.

    `report["drum_size"].model.mean_absolute` is in metres, and `str(report)` is a table.
    """

    labels: Mapping[str, LabelReport]  # of labels that are numbers
    classes: Mapping[str, ConfusionMatrix] = field(default_factory=dict)  # and of classes
    outlines: Mapping[str, OutlineReport] = field(default_factory=dict)  # and of several numbers

    @classmethod
    def of(
        cls, model_input: ModelInput, true: Values, predictions: Mapping[str, Values]
    ) -> "Report":
        """Compare predictions with the truth, also in five ranges of size and by class.

        Args:
            model_input: names the labels, their units and classes.
            true: by label, shape (n,), n from 1; of an outline (n, angles).
            predictions: by estimator, the same; labels that it cannot predict are left out.

        Raises:
            ValueError: other shapes, or a true number that is not finite.
        """
        subsets = _by_size(true["drum_size"]) if "drum_size" in true else []
        for label, names in model_input.classes.items():
            subsets += [(name, true[label] == index) for index, name in enumerate(names)]
        labels, classes, outlines = {}, {}, {}
        for label, unit in zip(model_input.labels, model_input.units, strict=True):
            known = {name: each[label] for name, each in predictions.items() if label in each}
            if label in model_input.classes:
                names = model_input.classes[label]
                classes[label] = ConfusionMatrix.of(label, names, true[label], known)
            elif label in model_input.sizes:
                outlines[label] = OutlineReport.of(label, true[label], known, subsets)
            else:
                labels[label] = LabelReport.of(label, unit, true[label], known, subsets)
        return cls(labels, classes, outlines)

    def __getitem__(self, label: str) -> LabelReport:
        """Return the errors of a label."""
        return self.labels[label]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain types, which JSON can hold."""
        return asdict(self)

    def __repr__(self) -> str:
        """Return the errors of the model in a line."""
        errors = [f"{name} {each.right[MODEL]:.1%} right" for name, each in self.classes.items()]
        for name, each in self.labels.items():
            error = with_unit(each.model.mean_absolute, each.unit)
            errors.append(f"{name} {error}, {each.model.percent}".rstrip(", "))
        errors += [f"{k} {each.overlaps['all'][MODEL]:.3f}" for k, each in self.outlines.items()]
        return f"<Report: {'; '.join(errors)}>"

    def __str__(self) -> str:
        """Return a table for each label."""
        return "\n\n".join(map(str, self._all()))

    def _repr_html_(self) -> str:
        """Return a table for each label, for notebooks."""
        tables = [rows for each in self._all() for rows in each.tables()]
        return _html.block(repr(self), *(_html.table(rows[1:], rows[0]) for rows in tables))

    def _all(self) -> list[Any]:
        return [*self.classes.values(), *self.labels.values(), *self.outlines.values()]


def _by_size(sizes: Float64) -> list[tuple[str, Bool]]:
    """Return five ranges of size, and which drums are in each."""
    edges = np.linspace(sizes.min(), sizes.max(), _SIZE_RANGES + 1)
    place = np.clip(np.searchsorted(edges, sizes, side="right") - 1, 0, _SIZE_RANGES - 1)
    return [
        (f"{100 * low:.0f} to {100 * high:.0f} cm", place == k)
        for k, (low, high) in enumerate(pairwise(edges))
    ]


def with_unit(error: float, unit: str) -> str:
    """Return an error with its unit as text, lengths in centimetres."""
    return f"{100 * error:.2f} cm" if unit == "m" else f"{error:.2f} {unit}".rstrip()
