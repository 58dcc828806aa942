"""Which classes are taken for which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import MODEL, aligned


@dataclass(frozen=True)
class Confusion:
    """How often each class was heard as each.

    Attributes:
        label: what was predicted.
        names: the classes.
        counts: how many sounds of each class (row) the model heard as which (column).
        right: by who answers, the share that was heard as what it is.
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
        answers: Mapping[str, npt.ArrayLike],
    ) -> "Confusion":
        """Count.

        Args:
            label: what was predicted.
            names: the classes.
            true: indices of the classes, shape (n,), n from 1.
            answers: by who answers, the model first, what was heard, shape (n,) each.

        Raises:
            ValueError: other shapes.
        """
        truth = np.asarray(true, np.int64)
        said = {who: np.asarray(values, np.int64) for who, values in answers.items()}
        for who, heard in said.items():
            if truth.ndim != 1 or not truth.size or truth.shape != heard.shape:
                raise ValueError(
                    f"true and predicted must have the shape (n,), n from 1, got {truth.shape} "
                    f"and, of {who!r}, {heard.shape}."
                )
        counts = np.zeros((len(names), len(names)), np.int64)
        np.add.at(counts, (truth, said[MODEL]), 1)
        right = {who: float((truth == heard).mean()) for who, heard in said.items()}
        return cls(label, tuple(names), tuple(map(tuple, counts.tolist())), right)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain types."""
        return {
            "label": self.label,
            "names": list(self.names),
            "counts": [list(row) for row in self.counts],
            "right": dict(self.right),
        }

    def __str__(self) -> str:
        """Return the shares that are right, and the matrix."""
        shares = [
            (f"{self.label} of {np.sum(self.counts)} unheard sounds", *self.right),
            ("right", *(f"{share:.1%}" for share in self.right.values())),
        ]
        matrix = [("  heard by the model as", *self.names)]
        for name, row in zip(self.names, self.counts, strict=True):
            matrix.append((f"  {name}", *map(str, row)))
        return f"{aligned(shares)}\n{aligned(matrix)}"
