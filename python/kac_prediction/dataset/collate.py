"""Samples of a dataset by their numbers, alone or as batches that need no collating."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

try:  # where torch keeps what its documentation says may be extended
    from torch.utils.data._utils.collate import collate, default_collate_fn_map
except ImportError:  # another torch: its default collate stacks the samples
    default_collate_fn_map = {}

Sample: TypeAlias = tuple[torch.Tensor, dict[str, torch.Tensor]]

Rows: TypeAlias = range | npt.NDArray[np.int64]
"""Samples in some order: an ascending range where they are evenly spaced."""


def rows_of(indices: Any, size: int) -> npt.NDArray[np.int64]:
    """Return the non-negative indices that integers, or `size` bools, stand for."""
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
        raise IndexError(f"There is no sample {rows[outside][0]} in a dataset of {size} samples.")
    return np.where(rows < 0, rows + size, rows)


def as_range(rows: Rows) -> Rows:
    """Return rows as an ascending range, where they are one."""
    if isinstance(rows, range):
        return rows if rows.step > 0 else as_range(np.array(rows, dtype=np.int64))
    if len(rows) < 2:
        return range(rows[0], rows[0] + 1) if len(rows) else range(0)
    step = int(rows[1] - rows[0])
    even = step > 0 and bool((np.diff(rows) == step).all())
    return range(int(rows[0]), int(rows[-1]) + 1, step) if even else rows


def take(values: Any, rows: Rows) -> Any:
    """Return the rows of a tensor, an array, a range or a list: a view for a range."""
    if isinstance(rows, range):
        return values[rows.start : rows.stop : rows.step]
    if isinstance(values, list | tuple):
        return [values[i] for i in rows.tolist()]
    if not isinstance(values, torch.Tensor):
        return np.asarray(values)[rows]
    # By NumPy where it can: torch shares a batch among threads, which takes many times as long as
    # the copying when other processes want the cores too.
    try:
        return torch.from_numpy(values.numpy()[rows])
    except (RuntimeError, TypeError):  # of another device, with a gradient, of a dtype of torch's
        return values.index_select(0, torch.from_numpy(rows).to(values.device))


class BatchSample(tuple[torch.Tensor, Any]):
    """A sample of a `Batch`, by whose type the default collate finds `collate_batch`."""


class Batch(Sequence[Sample]):
    """A sequence of samples that holds them as tensors of the whole batch."""

    def __init__(self, x: torch.Tensor, labels: dict[str, torch.Tensor]) -> None:
        default_collate_fn_map.setdefault(BatchSample, collate_batch)
        self.x, self.labels = x, labels

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(len(self))[i]]
        return BatchSample((self.x[i], {name: values[i] for name, values in self.labels.items()}))


def collate_batch(batch: Sequence[Any], *, collate_fn_map: Any = None) -> list[Any]:
    """Return what the default collate makes of the same samples in a list of tuples."""
    if isinstance(batch, Batch):
        return [batch.x, batch.labels]
    xs, ys = zip(*batch, strict=True)
    return [collate(part, collate_fn_map=collate_fn_map) for part in (xs, ys)]


def batch_samples(x: torch.Tensor, labels: dict[str, torch.Tensor]) -> Sequence[Sample]:
    """Return the samples of a batch in the form that a DataLoader collates soonest."""
    batch = Batch(x, labels)
    # A worker process lets torch stack the samples, straight into memory that it shares.
    in_worker = torch.utils.data.get_worker_info() is not None
    if in_worker or not default_collate_fn_map or not isinstance(x, torch.Tensor):
        return [(x, y) for x, y in batch]
    return batch
