"""What a model learns of each label: a number, its logarithm, or one of several classes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import torch

Missing: TypeAlias = Literal["raise", "nan"]
"""What is made of a label that a sample lacks: an error, or targets that are nan."""

Scale: TypeAlias = Literal["linear", "log"]
"""How a label's number is learnt: as it is, or as its natural logarithm."""


@dataclass(frozen=True)
class Target:
    """One label, as a model learns and answers it.

    Attributes:
        label: its name.
        scale: how its number is learnt.
        names: of the classes, where the label is one; ().
    """

    label: str
    scale: Scale = "linear"
    names: tuple[str, ...] = ()

    @property
    def outputs(self) -> int:
        """How many outputs of a model answer it: one a class, or one."""
        return len(self.names) or 1

    def columns(self, Y: Sequence[Mapping[str, torch.Tensor]], missing: Missing) -> torch.Tensor:
        """Return the targets of n samples, shape (n, k), float64: a column for each number.

        Raises:
            ValueError: as `ModelInput.targets` does.
        """
        rows = [_numbers(y[self.label]) if self.label in y else None for y in Y]
        first, width = next(
            ((i, len(row)) for i, row in enumerate(rows) if row is not None), (0, 1)
        )
        for i, row in enumerate(rows):
            if row is None and missing == "raise":
                has = ", ".join(sorted(Y[i])) or "none"
                raise ValueError(f"sample {i} has no label {self.label}; it has {has}.")
            if row is not None and len(row) != width:
                raise ValueError(
                    f"sample {i} has {len(row)} numbers for {self.label}, "
                    f"sample {first} has {width}."
                )
        nothing = torch.full((width,), torch.nan, dtype=torch.float64)
        columns = torch.stack([nothing if row is None else row for row in rows])
        self._check(columns, missing)
        return columns.log() if self.scale == "log" else columns

    def unscaled(self, columns: torch.Tensor) -> torch.Tensor:
        """Return what targets stand for: numbers in the label's unit, the indices of classes."""
        return columns.exp() if self.scale == "log" else columns

    def values(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return what outputs, shape (..., self.outputs), say, as `unscaled` does: (..., 1)."""
        if not self.names:
            return self.unscaled(outputs)
        return outputs.argmax(-1, keepdim=True).to(outputs)

    def _check(self, columns: torch.Tensor, missing: Missing) -> None:
        """Refuse numbers that cannot be learnt; the message names sample, label and number."""
        if self.names and columns.shape[1] != 1:
            raise ValueError(
                f"{self.label} is a class, one number a sample, got {columns.shape[1]}."
            )
        lacking = columns.isnan()
        if missing == "raise":
            self._refuse(columns, lacking, "a label must be a number (missing='nan' leaves it out)")
        self._refuse(columns, columns.isinf(), "a label must be finite")
        if self.scale == "log":
            self._refuse(columns, columns <= 0, "what is learnt as a logarithm must be above 0")
        if self.names:
            whole = (columns == columns.floor()) & (columns >= 0) & (columns < len(self.names))
            remedy = f"a class must be the index of one of {', '.join(self.names)}"
            self._refuse(columns, ~whole & ~lacking, remedy)

    def _refuse(self, columns: torch.Tensor, wrong: torch.Tensor, remedy: str) -> None:
        """Raise ValueError where there are wrong numbers, for the first of them."""
        if wrong.any():
            i, k = torch.nonzero(wrong)[0].tolist()
            raise ValueError(f"sample {i} has {self.label} {columns[i, k].item():g}: {remedy}.")


def as_scales(scales: Iterable[str], count: int) -> tuple[Scale, ...]:
    """Return one scale a label; () stands for linear ones.

    Raises:
        TypeError: a text where several are due.
        ValueError: another number of scales, or one that is not known.
    """
    if isinstance(scales, str):
        raise TypeError(f"scales must be a tuple of texts, got the text {scales!r}.")
    found = tuple(scales) or ("linear",) * count
    unknown = [scale for scale in found if scale not in get_args(Scale)]
    if unknown:
        raise ValueError(f"scales must be 'linear' or 'log', got {unknown[0]!r}.")
    if len(found) != count:
        raise ValueError(f"each of {count} labels needs its scale, got {found}.")
    return found  # type: ignore[return-value]


def as_classes(
    classes: Mapping[str, Iterable[str]], scales: Mapping[str, Scale]
) -> dict[str, tuple[str, ...]]:
    """Return the names of the classes of each label that is one.

    Args:
        classes: by label.
        scales: of every label, by its name.

    Raises:
        TypeError: not a mapping, or a text where several are due.
        ValueError: a label that is not there or has a logarithm, or fewer than two different names.
    """
    if not isinstance(classes, Mapping):
        raise TypeError(f"classes must map labels to their names, got {classes!r}.")
    checked = {}
    for label, names in classes.items():
        if isinstance(names, str):
            raise TypeError(f"the classes of {label} must be a tuple of texts, got {names!r}.")
        checked[label] = found = tuple(names)
        if label not in scales:
            raise ValueError(f"classes names {label!r}, which is none of {', '.join(scales)}.")
        if scales[label] != "linear":
            raise ValueError(f"{label} is a class and has no logarithm: its scale is 'linear'.")
        texts = all(isinstance(name, str) and name for name in found)
        if not texts or len(found) < 2 or len(set(found)) != len(found):
            raise ValueError(f"{label} needs two or more different names of classes, got {found}.")
    return checked


def _numbers(value: object) -> torch.Tensor:
    """Return the numbers of a label, shape (k,), float64, on the CPU."""
    return torch.as_tensor(value, dtype=torch.float64, device="cpu").reshape(-1)
