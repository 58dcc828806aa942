"""The errors of those who say a number, in units that mean something to a person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

Numbers = dict[str, Float64]
"""By label, a number for each sound; of a class its index."""

MODEL: Final = "model"
MEAN: Final = "always the mean"
"""Who answers. Of a class, what always is answered is the commonest."""

_BINS: Final = 5
_SHOWN: Final = {"m": ("cm", 100.0)}  # a person says how many centimetres a drum is off


@dataclass(frozen=True)
class Errors:
    """How wrong someone is.

    Attributes:
        mean_absolute: mean of |answer - truth|, in the unit of the label.
        median_relative: median of |answer - truth| / truth.
    """

    mean_absolute: float
    median_relative: float

    @classmethod
    def of(cls, true: Float64, answers: Float64) -> "Errors":
        """Compare answers with the truth, both of shape (n,), n from 1."""
        error = np.abs(answers - true)
        return cls(float(error.mean()), float(np.median(error / true)))


@dataclass(frozen=True)
class Part:
    """Some of the sounds, such as those of small drums.

    Attributes:
        name: which.
        count: how many.
        errors: by who answers.
    """

    name: str
    count: int
    errors: Mapping[str, Errors]


@dataclass(frozen=True)
class LabelReport:
    """The errors of a label, by who answers: the model, and those it is compared with.

    Attributes:
        label: what was predicted.
        unit: its unit.
        count: how many sounds.
        errors: by who answers.
        parts: the same of some of the sounds: by the size of the drum, by its family.
    """

    label: str
    unit: str
    count: int
    errors: Mapping[str, Errors]
    parts: tuple[Part, ...] = ()

    @classmethod
    def of(
        cls,
        label: str,
        unit: str,
        true: npt.ArrayLike,
        answers: Mapping[str, npt.ArrayLike],
        parts: Iterable[tuple[str, npt.NDArray[np.bool_]]] = (),
    ) -> "LabelReport":
        """Compare answers with the truth.

        Args:
            label: what was predicted.
            unit: its unit.
            true: the truth, shape (n,), n from 1, above 0.
            answers: by who answers, the model first, shape (n,) each.
            parts: names of some of the sounds, and which these are, shape (n,).

        Raises:
            ValueError: other shapes, or a true value that is not above 0.
        """
        truth = np.asarray(true, np.float64)
        said = {who: np.asarray(values, np.float64) for who, values in answers.items()}
        _require_comparable(truth, said)

        def errors(which: npt.NDArray[np.bool_]) -> dict[str, Errors]:
            return {who: Errors.of(truth[which], values[which]) for who, values in said.items()}

        everything = np.ones(truth.shape, bool)
        found = tuple(
            Part(name, int(which.sum()), errors(which)) for name, which in parts if which.any()
        )
        return cls(label, unit, truth.size, errors(everything), found)

    @property
    def model(self) -> Errors:
        """The errors of the model."""
        return self.errors[MODEL]

    @property
    def gain(self) -> float:
        """How many times smaller the mean absolute error is than that of answering the mean."""
        if self.model.mean_absolute == 0:
            return float("inf")
        return self.errors[MEAN].mean_absolute / self.model.mean_absolute

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain types."""
        return asdict(self)

    def __str__(self) -> str:
        """Return a table: a column for each who answers."""
        rows = [
            (f"{self.label} of {self.count} unheard sounds", *self.errors),
            (
                "mean absolute error",
                *(said(e.mean_absolute, self.unit) for e in self.errors.values()),
            ),
            ("median relative error", *(f"{e.median_relative:.2%}" for e in self.errors.values())),
        ]
        for part in self.parts:
            both = (
                f"{said(e.mean_absolute, self.unit)} {e.median_relative:7.2%}"
                for e in part.errors.values()
            )
            rows.append((f"  {part.name} ({part.count})", *both))
        return aligned(rows)


def said(error: float, unit: str) -> str:
    """Say an error with its unit, lengths in centimetres."""
    unit, factor = _SHOWN.get(unit, (unit, 1.0))
    return f"{factor * error:.2f} {unit}".rstrip()


def size_parts(sizes: Float64) -> list[tuple[str, npt.NDArray[np.bool_]]]:
    """Divide drums by their size in metres into five ranges of one width."""
    edges = np.linspace(sizes.min(), sizes.max(), _BINS + 1)
    place = np.clip(np.searchsorted(edges, sizes, side="right") - 1, 0, _BINS - 1)
    return [
        (f"{100 * edges[k]:.0f} to {100 * edges[k + 1]:.0f} cm", place == k) for k in range(_BINS)
    ]


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Put texts under each other: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            [
                f"{row[0]:<{widths[0]}}",
                *(f"{text:>{width}}" for text, width in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in rows
    )


def _require_comparable(true: Float64, answers: Mapping[str, Float64]) -> None:
    """Raise ValueError unless all have the shape (n,), n from 1, and the truth is above 0."""
    for who, values in answers.items():
        if true.ndim != 1 or not true.size or true.shape != values.shape:
            raise ValueError(
                f"true and predicted must have the shape (n,), n from 1, got {true.shape} and, of "
                f"{who!r}, {values.shape}."
            )
    if not (true > 0).all():
        raise ValueError(f"a relative error needs true values above 0, got {float(true.min())!r}.")
