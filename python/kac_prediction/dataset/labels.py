"""The labels of many samples, a column each."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from .rows import Rows, gathered, take
from .sampler import Labels

LabelTensors: TypeAlias = list[dict[str, torch.Tensor]]
"""One dictionary of float64 tensors a sample, each of shape (k,)."""

_BATCH = 2048


class LabelTable:
    """Labels as they stand on the disk: nobody else has these tensors, so nobody writes to them.

    Attributes:
        columns: by name, the values of all samples, float64, shape (n, ...); where samples differ
            in how many they have, nan fills up the others.
        sizes: by name, how many values each sample has, shape (n,); -1: it lacks this label.
    """

    def __init__(
        self, columns: dict[str, torch.Tensor], sizes: dict[str, npt.NDArray[np.int64]], rows: int
    ) -> None:
        self.columns = columns
        self.sizes = sizes
        self._rows = rows

    @classmethod
    def of(cls, labels: Iterable[Labels]) -> "LabelTable":
        """Put a table together.

        Raises:
            ValueError: a label has not as many dimensions in all samples.
        """
        parts: dict[str, list[npt.NDArray[np.float64]]] = {}
        sizes: dict[str, list[npt.NDArray[np.int64]]] = {}
        rows = 0
        iterator = iter(labels)
        while batch := list(islice(iterator, _BATCH)):
            for name in dict.fromkeys(chain(parts, *batch)):
                column, size = _column([y.get(name) for y in batch])
                # None of the samples before had it.
                parts.setdefault(name, [np.empty((rows, 0))]).append(column)
                sizes.setdefault(name, [np.full(rows, -1)]).append(size)
            rows += len(batch)
        columns = {name: torch.from_numpy(_joined(found)) for name, found in parts.items()}
        return cls(columns, {name: np.concatenate(found) for name, found in sizes.items()}, rows)

    def __len__(self) -> int:
        return self._rows

    def take(self, rows: Rows) -> "LabelTable":
        """The labels of some samples, as wide as these are."""
        columns = {name: take(column, rows) for name, column in self.columns.items()}
        return LabelTable(
            columns, {n: take(size, rows) for n, size in self.sizes.items()}, len(rows)
        )

    def sample(self, i: int) -> dict[str, torch.Tensor]:
        """The labels of sample `i`, filled up with nan."""
        return {name: column[i].clone() for name, column in self.columns.items()}

    def batch(self, rows: npt.NDArray[np.int64]) -> dict[str, torch.Tensor]:
        """The labels of these samples, shape (rows, ...) each, filled up with nan."""
        return {name: gathered(column, rows) for name, column in self.columns.items()}

    def as_list(self) -> LabelTensors:
        """A copy of the labels, a dictionary each, nothing filled up."""
        rows: LabelTensors = [{} for _ in range(len(self))]
        for name, column in self.columns.items():
            sizes, width = self.sizes[name], column.shape[1]
            uniform = bool((sizes == width).all())
            for y, values, size in zip(rows, column.clone().unbind(), sizes.tolist(), strict=True):
                if size >= 0:
                    y[name] = values if uniform else values[:size]
        return rows

    def padded_shapes(self) -> dict[str, tuple[int, ...]] | None:
        """What samples are filled up to; None: all are alike."""
        if all((size == self.columns[name].shape[1]).all() for name, size in self.sizes.items()):
            return None
        return {name: tuple(column.shape[1:]) for name, column in self.columns.items()}

    def equals(self, Y: Any) -> bool:
        """Are these the labels, nothing filled up?"""
        if not are_labels(Y) or len(Y) != len(self):
            return False
        return all(
            y.keys() == own.keys()
            and all(y[name].dtype == v.dtype and torch.equal(y[name], v) for name, v in own.items())
            for y, own in zip(Y, self.as_list(), strict=True)
        )


def parsed(lines: Sequence[str]) -> Iterator[Labels]:
    """The labels of lines of metadata.json."""
    for first in range(0, len(lines), _BATCH):
        for entry in json.loads(f"[{','.join(lines[first : first + _BATCH])}]"):
            yield entry["y"]


def are_labels(Y: Any) -> bool:
    """Is this a list of dictionaries of tensors?"""
    return isinstance(Y, list) and all(
        isinstance(y, Mapping) and all(isinstance(v, torch.Tensor) for v in y.values()) for y in Y
    )


def label_tensors(labels: list[Labels]) -> LabelTensors:
    """Labels as float64 tensors."""
    try:
        return LabelTable.of(labels).as_list()
    except ValueError:  # no table can be made of them
        return [
            {name: torch.tensor(values, dtype=torch.float64) for name, values in y.items()}
            for y in labels
        ]


def _column(values: list[Any]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """The values of some samples, shape (n, ...), and how many each has."""
    sizes = np.array([-1 if value is None else len(value) for value in values], dtype=np.int64)
    if sizes[0] >= 0 and (sizes == sizes[0]).all():
        return np.array(values, dtype=np.float64), sizes
    rows = [np.array([[] if value is None else value], dtype=np.float64) for value in values]
    return _joined(rows), sizes


def _joined(parts: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Arrays of shape (n, k, ...) one after the other, nan where one has a smaller k."""
    parts = [part for part in parts if len(part)]
    if len({part.shape[1:] for part in parts}) == 1:
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
    shapes = {part.shape[2:] for part in parts if part.shape[1]} or {()}
    if len(shapes) > 1:
        raise ValueError(f"a label has values of the shapes {sorted(shapes)[:5]}")
    width = max(part.shape[1] for part in parts)
    joined = np.full((sum(map(len, parts)), width, *shapes.pop()), np.nan)
    first = 0
    for part in parts:
        if part.shape[1]:
            joined[first : first + len(part), : part.shape[1]] = part
        first += len(part)
    return joined
