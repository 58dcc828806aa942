"""Which samples of a dataset are meant, and how they are taken."""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

Rows: TypeAlias = range | npt.NDArray[np.int64]
"""Samples in some order: an ascending range where they are evenly spaced."""


def rows_of(indices: Any, size: int) -> npt.NDArray[np.int64]:
    """Return the non-negative indices that integers, or `size` bools, stand for.

    Raises:
        IndexError: there is no such sample, or not as many bools as samples.
        TypeError: neither integers nor bools.
    """
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


def compact(values: Any) -> Any:
    """Return a tensor without the rest of what it is a view of, which pickling would keep."""
    whole = not isinstance(values, torch.Tensor)
    return values if whole or values.untyped_storage().nbytes() <= values.nbytes else values.clone()
