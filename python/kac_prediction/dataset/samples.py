"""Samples of a dataset: which ones, their labels padded, and batches of them."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from .sampler import Labels
from .storage import Header

try:  # where torch keeps what its documentation says may be extended
    from torch.utils.data._utils.collate import collate, default_collate_fn_map
except ImportError:  # another torch: batches are made of single samples
    default_collate_fn_map = {}

LabelTensors: TypeAlias = list[dict[str, torch.Tensor]]
"""One dictionary of float64 tensors a sample, each of shape (k,)."""

Sample: TypeAlias = tuple[torch.Tensor, dict[str, torch.Tensor]]
Rows: TypeAlias = range | npt.NDArray[np.int64]
"""Samples in some order: a range, which goes upwards, where they are evenly spaced."""


class Batch(Sequence[Sample]):
    """Samples that were read at once: torch's default collate need not stack their data again."""

    class Sample(tuple[torch.Tensor, Any]):
        """A sample of a batch, by which the default collate knows what collates it."""

    def __init__(self, x: torch.Tensor, ys: Any, columns: dict[str, torch.Tensor] | None) -> None:
        default_collate_fn_map.setdefault(Batch.Sample, Batch.collate)
        self._x = x
        self._ys = ys
        self._columns = columns

    @staticmethod
    def can_be_collated() -> bool:
        """Does the torch that is installed let its default collate be extended?"""
        return bool(default_collate_fn_map)

    def __len__(self) -> int:
        return len(self._ys)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return list(self)[i]
        return Batch.Sample((self._x[i], self._ys[i]))

    def __iter__(self) -> Iterator[Any]:
        return zip(self._x.unbind(), self._ys, strict=True)

    @staticmethod
    def collate(batch: Sequence[Any], *, collate_fn_map: Any = None) -> list[Any]:
        """What the default collate makes of the same samples in a list of tuples."""
        if isinstance(batch, Batch):
            ys = batch._ys if batch._columns is None else batch._columns
            if batch._columns is None and not isinstance(ys, torch.Tensor):
                ys = collate(ys, collate_fn_map=collate_fn_map)
            return [batch._x, ys]
        xs, ys = zip(*batch, strict=True)
        return [collate(part, collate_fn_map=collate_fn_map) for part in (xs, ys)]


class Padding:
    """What makes the labels of all samples of one shape.

    Attributes:
        shapes: the labels to be padded, of all samples, and what to; None: nothing is to be.
    """

    def __init__(self, Y: Any) -> None:
        self._Y = Y

    def of(self, whole: "Padding") -> None:
        """Pad as the labels of a whole of which these are a part."""
        self.shapes = whole.shapes

    def __call__(self, y: Any) -> Any:
        """The labels of a sample, padded."""
        return y if self.shapes is None else _padded(y, self.shapes)

    def all(self, ys: Sequence[Any]) -> Sequence[Any]:
        """The labels of some samples, padded."""
        return ys if self.shapes is None else [_padded(y, self.shapes) for y in ys]

    def columns_of(
        self, Y: Any, ys: Any, rows: npt.NDArray[np.int64]
    ) -> dict[str, torch.Tensor] | None:
        """The labels of these samples as one tensor a name, where they were not changed since.

        Stacking them would be most of what a batch costs: every small tensor is a cache miss.
        """
        if self._Y is not Y or self._columns is None:
            return None
        seen, columns, versions = self._columns
        try:
            # Equal by identity, before any tensor is looked at.
            same = ys == [seen[i] for i in rows.tolist()]
        except RuntimeError:  # other tensors stand there now, of more than one number
            return None
        if not same or any(seen[0][name]._version != v for name, v in versions.items()):
            return None
        return {name: gathered(column, rows) for name, column in columns.items()}

    @cached_property
    def _columns(self) -> tuple[LabelTensors, dict[str, torch.Tensor], dict[str, int]] | None:
        # Only of labels that are parts of one tensor: these share a count of what was written.
        if self.shapes is not None or not isinstance(self._Y, list) or not self._Y:
            return None
        first = self._Y[0]
        if not holds_tensors(first) or any(v.is_inference() for v in first.values()):
            return None
        bases = {name: value._base for name, value in first.items()}
        if any(not _parts_of(y, bases) for y in self._Y):
            return None
        columns = {name: torch.stack([y[name] for y in self._Y]) for name in first}
        versions = {name: value._version for name, value in first.items()}
        return [dict(y) for y in self._Y], columns, versions

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]] | None:
        """Found when first asked for: it takes a look at every label.

        Raises:
            ValueError: a label has not as many dimensions in all samples.
        """
        if not isinstance(self._Y, list) or not all(map(holds_tensors, self._Y)):
            return None
        found: dict[str, set[tuple[int, ...]]] = {}
        for y in self._Y:
            for name, value in y.items():
                found.setdefault(name, set()).add(tuple(value.shape))
        for name, shapes in found.items():
            if len({len(shape) for shape in shapes}) > 1:
                raise ValueError(
                    f"Label {name!r} has the shapes {sorted(shapes)[:5]}, which cannot be padded to"
                    " one: assign Y, with as many dimensions for every sample."
                )
        if all(len(s) == 1 for s in found.values()) and all(len(y) == len(found) for y in self._Y):
            return None
        return {name: tuple(map(max, zip(*shapes, strict=True))) for name, shapes in found.items()}


def _padded(y: dict[str, torch.Tensor], shapes: dict[str, tuple[int, ...]]) -> Any:
    out = {}
    for name, shape in shapes.items():
        value = y.get(name, torch.empty([0] * len(shape), dtype=torch.float64))
        dtype = value.dtype if value.is_floating_point() else torch.float64
        out[name] = torch.full(shape, torch.nan, dtype=dtype, device=value.device)
        out[name][tuple(map(slice, value.shape))] = value
    return out


def holds_tensors(y: Any) -> bool:
    """Are these the labels of a sample, tensors by their names?"""
    return isinstance(y, Mapping) and all(isinstance(v, torch.Tensor) for v in y.values())


def _parts_of(y: Any, bases: dict[str, Any]) -> bool:
    return y.keys() == bases.keys() and all(
        base is not None and y[name]._base is base for name, base in bases.items()
    )


def indices_of(indices: Any, size: int) -> npt.NDArray[np.int64]:
    """Indices of samples, none negative, of integers or bools."""
    found = indices.numpy(force=True) if isinstance(indices, torch.Tensor) else np.asarray(indices)
    if found.ndim != 1 or (len(found) and found.dtype.kind not in "biu"):
        raise TypeError(f"Indices of samples must be a sequence of integers or bools: {indices!r}.")
    if found.dtype == bool:
        if len(found) != size:
            raise IndexError(f"A mask of {len(found)} bools for a dataset of {size} samples.")
        return np.flatnonzero(found)
    rows = found.astype(np.int64)
    outside = (rows < -size) | (rows >= size)
    if outside.any():
        raise no_sample(int(rows[outside][0]), size)
    return np.where(rows < 0, rows + size, rows)


def no_sample(i: int, size: int) -> IndexError:
    """The error of an index out of range."""
    return IndexError(f"There is no sample {i} in a dataset of {size} samples.")


def spaced(rows: Rows) -> Rows:
    """Rows as a range that goes upwards, where they are one."""
    if isinstance(rows, range):
        return rows if rows.step > 0 else spaced(np.array(rows, dtype=np.int64))
    if len(rows) < 2:
        return range(rows[0], rows[0] + 1) if len(rows) else range(0)
    step = int(rows[1] - rows[0])
    even = step > 0 and bool((np.diff(rows) == step).all())
    return range(int(rows[0]), int(rows[-1]) + 1, step) if even else rows


def take(values: Any, rows: Rows) -> Any:
    """The rows of a tensor, an array, a range or a list: a view for a range."""
    if isinstance(rows, range):
        return values[rows.start : rows.stop : rows.step]
    if isinstance(values, torch.Tensor):
        return gathered(values, rows)
    if isinstance(values, list | tuple):
        return [values[i] for i in rows.tolist()]
    return np.asarray(values)[rows]


def gathered(values: torch.Tensor, rows: npt.NDArray[np.int64]) -> torch.Tensor:
    """The rows of a tensor, copied together."""
    # By NumPy where it can: torch shares a batch among threads, which takes many times as long as
    # the copying when other processes want the cores too.
    try:
        return torch.from_numpy(values.numpy()[rows])
    except (RuntimeError, TypeError):  # of another device, with a gradient, of a dtype of torch's
        return values.index_select(0, torch.from_numpy(rows).to(values.device))


class Stored(NamedTuple):
    """What stood on the disk when a dataset was opened."""

    fingerprint: dict[str, Any]
    Y: LabelTensors
    groups: torch.Tensor
    older: torch.Tensor


def written(tensor: torch.Tensor) -> bool:
    """Has a tensor, or what it is a view of, been written to since it was made?"""
    return tensor.is_inference() or tensor._version > 0


def are_untouched(Y: Any, stored: LabelTensors) -> bool:
    """Are labels still the very tensors that were loaded, and never written to?"""
    if not isinstance(Y, list) or len(Y) != len(stored) or not all(map(holds_tensors, Y)):
        return False
    return all(
        y.keys() == old.keys() and all(y[k] is old[k] and not written(old[k]) for k in old)
        for y, old in zip(Y, stored, strict=True)
    )


def fingerprint_of(header: Header) -> dict[str, Any]:
    """What tells a dataset from what it was before it was transformed, or its samples redrawn."""
    plain = ("dataset_size", "checksums", "seed", "sampler", "representation_settings")
    long = {"revisions": header.revisions, "groups": header.groups}
    return {name: getattr(header, name) for name in plain} | {
        name: zlib.crc32(np.asarray(values, dtype=np.int64).tobytes())
        for name, values in long.items()
    }


def label_tensors(labels: list[Labels]) -> LabelTensors:
    """Labels as float64 tensors, each of shape (k,).

    Samples that agree in the names and sizes of their labels (all, as a rule) share one tensor a
    label, of which each gets a row: making a small tensor a sample would be what loading costs.
    """
    names = list(labels[0]) if labels else []
    sizes = [len(labels[0][name]) for name in names]
    if any(list(y) != names or [len(y[name]) for name in names] != sizes for y in labels):
        return [
            {name: torch.tensor(values, dtype=torch.float64) for name, values in y.items()}
            for y in labels
        ]
    columns = [
        torch.tensor([y[name] for y in labels], dtype=torch.float64).unbind() for name in names
    ]
    rows = zip(*columns, strict=True) if columns else [()] * len(labels)
    return [dict(zip(names, row, strict=True)) for row in rows]
