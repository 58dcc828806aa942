"""LabelTable: the labels of many samples as columns, and every conversion between the two forms."""

import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from .collate import Rows, take
from .sampler import Labels
from .storage.metadata import label_line

LabelTensors: TypeAlias = list[dict[str, torch.Tensor]]
"""One dictionary of float64 tensors a sample, each of shape (k,)."""

_LINES = 2048  # that are parsed at once


class LabelTable:
    """The labels of n samples, a column for each label.

    Attributes:
        columns: by name, shape (n, k, ...), float64 unless dtypes were kept; nan where a sample
            has fewer than k values or lacks the label. Read only: tables share them.
        sizes: by name, how many values each sample has, shape (n,); -1: it lacks the label.
    """

    def __init__(
        self, columns: dict[str, torch.Tensor], sizes: dict[str, npt.NDArray[np.int64]], length: int
    ) -> None:
        self.columns = columns
        self.sizes = sizes
        self._length = length

    @classmethod
    def of(
        cls,
        labels: "LabelTable | Iterable[Mapping[str, Any]]",
        names: Iterable[str] | None = None,
        *,
        keep_dtypes: bool = False,
    ) -> "LabelTable":
        """Return the table of some labels; a table as it is.

        Args:
            labels: a dictionary a sample, of numbers or of lists, arrays or tensors of them.
            names: the labels to read, in the order of the columns; None: all, as they appear.
            keep_dtypes: keep dtypes, as indices of classes need, instead of float64.

        Raises:
            TypeError: a label holds something else than numbers.
            ValueError: the values of a label differ in more than their number.
        """
        if isinstance(labels, LabelTable):
            return labels
        samples, columns, sizes = list(labels), {}, {}
        for name in dict.fromkeys(chain.from_iterable(samples)) if names is None else names:
            values = [y.get(name) for y in samples]
            columns[name], sizes[name] = _column(name, values, keep_dtypes)
        return cls(columns, sizes, len(samples))

    def __len__(self) -> int:
        return self._length

    def matrix(self) -> torch.Tensor:
        """Return all columns side by side, shape (n, number of all values of a sample)."""
        columns = [column.flatten(1) for column in self.columns.values()]
        return torch.cat(columns, dim=1) if columns else torch.empty(len(self), 0)

    def take(self, rows: Rows) -> "LabelTable":
        """Return the table of some samples, padded as this one."""
        columns = {name: take(column, rows) for name, column in self.columns.items()}
        sizes = {name: take(sizes, rows) for name, sizes in self.sizes.items()}
        return LabelTable(columns, sizes, len(rows))

    def sample(self, i: int) -> dict[str, torch.Tensor]:
        """Return a copy of the labels of sample `i`, padded with nan."""
        return {name: column[i].clone() for name, column in self.columns.items()}

    def as_list(self) -> LabelTensors:
        """Return a copy of the labels, a dictionary a sample, without padding."""
        rows: LabelTensors = [{} for _ in range(len(self))]
        for name, column in self.columns.items():
            sizes, width = self.sizes[name], column.shape[1]
            uniform = bool((sizes == width).all())
            for y, values, size in zip(rows, column.clone().unbind(), sizes.tolist(), strict=True):
                if size >= 0:
                    y[name] = values if uniform else values[:size]
        return rows

    def padded_shapes(self) -> dict[str, tuple[int, ...]] | None:
        """Return the shape that each label is padded to; None: no sample needs padding."""
        if all((sizes == self.columns[name].shape[1]).all() for name, sizes in self.sizes.items()):
            return None
        return {name: tuple(column.shape[1:]) for name, column in self.columns.items()}

    def equals(self, Y: Any) -> bool:
        """Return whether these are the labels that `as_list` would return."""
        return (are_labels(Y) and len(Y) == len(self)) and all(
            y.keys() == own.keys()
            and all(y[name].dtype == v.dtype and torch.equal(y[name], v) for name, v in own.items())
            for y, own in zip(Y, self.as_list(), strict=True)
        )


def parsed(lines: Sequence[str]) -> Iterator[Labels]:
    """Yield the labels of lines of metadata.json; raise one of MALFORMED for what is no label."""
    for first in range(0, len(lines), _LINES):
        entries = json.loads(f"[{','.join(lines[first : first + _LINES])}]")
        labels = [entry["y"] for entry in entries]
        values = [*chain.from_iterable(chain.from_iterable(map(dict.values, labels)))]
        if not (set(map(type, values)) <= {int, float} and all(map(math.isfinite, values))):
            for i, y in enumerate(labels, first):  # nested lists of numbers, or something wrong
                label_line(y, i)
        yield from labels


def are_labels(Y: Any) -> bool:
    """Return whether this is a list of dictionaries of tensors."""
    return isinstance(Y, list) and all(
        isinstance(y, Mapping) and all(isinstance(v, torch.Tensor) for v in y.values()) for y in Y
    )


def shapes_to_pad_to(Y: Any) -> dict[str, tuple[int, ...]] | None:
    """Return the shapes that labels of samples are padded to; None: they are as they are."""
    if not are_labels(Y):
        return None
    found: dict[str, set[tuple[int, ...]]] = {}
    for name, value in chain.from_iterable(y.items() for y in Y):
        found.setdefault(name, set()).add(tuple(value.shape))
    for name, shapes in found.items():
        if len(set(map(len, shapes))) > 1:
            raise ValueError(
                f"Label {name!r} has the shapes {sorted(shapes)[:5]}, which cannot be padded to "
                "one: assign Y, with as many dimensions for every sample."
            )
    if all(len(s) == 1 for s in found.values()) and all(len(y) == len(found) for y in Y):
        return None
    return {name: tuple(map(max, zip(*shapes, strict=True))) for name, shapes in found.items()}


def label_tensors(labels: list[Labels]) -> LabelTensors:
    """Return labels as float64 tensors, also those that fit no table."""
    try:
        return LabelTable.of(labels).as_list()
    except ValueError:
        return [
            {name: torch.tensor(np.asarray(values, np.float64)) for name, values in y.items()}
            for y in labels
        ]


def padded(y: Any, shapes: dict[str, tuple[int, ...]] | None) -> Any:
    """Return the labels of one sample, padded with nan to these shapes; None: as they are."""
    if shapes is None:
        return y
    out = {}
    for name, shape in shapes.items():
        value = y.get(name, torch.empty([0] * len(shape), dtype=torch.float64))
        dtype = value.dtype if value.is_floating_point() else torch.float64
        out[name] = torch.full(shape, torch.nan, dtype=dtype, device=value.device)
        out[name][tuple(map(slice, value.shape))] = value
    return out


def pack(values: Any) -> Any:
    """Return X or Y in a form for pickling: tensors without what they are views of."""
    if isinstance(values, torch.Tensor):
        return values if values.untyped_storage().nbytes() <= values.nbytes else values.clone()
    if not are_labels(values):
        return values
    # Tensors by the thousand in a list would each become a shared file on the way to a worker.
    file = io.BytesIO()
    torch.save(values, file)
    return file.getvalue()


def written(tensor: torch.Tensor) -> bool:
    """Return whether a tensor, or what it is a view of, was written to since it was made."""
    return tensor.is_inference() or tensor._version > 0


def unpack(packed: Any) -> Any:
    """Return what `pack` was given."""
    is_packed = isinstance(packed, bytes)
    return torch.load(io.BytesIO(packed), weights_only=True) if is_packed else packed


def _column(
    name: str, values: list[Any], keep_dtypes: bool
) -> tuple[torch.Tensor, npt.NDArray[np.int64]]:
    """Return the values of a label (None: lacking), padded with nan, and how many each has."""
    try:
        sizes = np.array([-1 if value is None else len(value) for value in values], dtype=np.int64)
    except TypeError:  # plain numbers, or tensors without a dimension
        tensors = [None if value is None else _tensor(value) for value in values]
        return _column(name, tensors, keep_dtypes)
    width = max(0, int(sizes.max(initial=0)))
    uniform = bool((sizes == width).all())
    kind = None if keep_dtypes else np.float64
    given = values if uniform else [value for value in values if value is not None]
    try:
        if any(issubclass(cls, torch.Tensor) for cls in set(map(type, given))):
            flat = torch.cat([_tensor(value) for value in given])
            flat = flat if keep_dtypes else flat.double()
        elif uniform:  # quicker than to chain them
            return torch.from_numpy(np.array(values, dtype=kind)), sizes
        else:
            flat = torch.from_numpy(np.array([*chain.from_iterable(given)], dtype=kind))
    except (ValueError, RuntimeError) as error:
        shapes = sorted({tuple(value.shape) for value in given if hasattr(value, "shape")})
        found = f" has the shapes {shapes[:5]}" if shapes else f": {error}"
        raise ValueError(
            f"Label {name!r}{found}; samples may differ in its first dimension alone."
        ) from error
    if uniform:
        return flat.reshape(len(values), width, *flat.shape[1:]), sizes
    shape = (len(values), width, *flat.shape[1:])
    dtype = flat.dtype if flat.is_floating_point() else torch.float64
    column = torch.full(shape, torch.nan, dtype=dtype, device=flat.device)
    present = torch.arange(width) < torch.from_numpy(sizes)[:, None]
    column[present.to(flat.device)] = flat.to(dtype)
    return column, sizes


def _tensor(value: Any) -> torch.Tensor:
    """Return a number or values as a tensor of one dimension or more."""
    tensor = value if isinstance(value, torch.Tensor) else torch.from_numpy(np.asarray(value))
    return tensor if tensor.ndim else tensor[None]
