"""Targets as a tensor, of whatever a user has assigned to `routine.D.Y`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

_REMEDY = "give routine.D.Y a tensor of shape (n, columns)"


def as_columns(Y: Any) -> torch.Tensor:
    """Targets as a tensor of shape (n, columns).

    Args:
        Y: a tensor or an array, taken as it is; or one item a sample: a dictionary, whose labels
            become columns in the order of the first sample's, or a number, list or tensor.

    Raises:
        TypeError: a sample is something else.
        ValueError: there are no samples, or they do not all have the same labels and sizes.
    """
    if not isinstance(Y, list | tuple):
        return _numbers(Y, "routine.D.Y")
    if not Y:
        raise ValueError(f"routine.D.Y holds no samples: {_REMEDY}")
    rows = [_row(y, Y[0], f"sample {i} of routine.D.Y") for i, y in enumerate(Y)]
    for i, row in enumerate(rows):
        if row.shape != rows[0].shape or _labels(Y[i]) != _labels(Y[0]):
            raise ValueError(
                f"sample {i} of routine.D.Y has {_sizes(Y[i])}, sample 0 {_sizes(Y[0])}: a model"
                f" needs the same of all; {_REMEDY}"
            )
    return torch.stack(rows)


def _row(y: Any, first: Any, name: str) -> torch.Tensor:
    """The numbers of one sample, a single one as a column."""
    if not isinstance(y, Mapping):
        row = _numbers(y, name)
        return row if row.ndim else row[None]
    labels = first if isinstance(first, Mapping) else y
    columns = [_numbers(y[key], f"{key!r} in {name}").reshape(-1) for key in labels if key in y]
    return torch.cat(columns) if columns else torch.empty(0)


def _numbers(value: Any, name: str) -> torch.Tensor:
    """A tensor as it is, and of anything else that holds numbers; in float64 where Python would."""
    if isinstance(value, torch.Tensor):
        return value
    try:
        return torch.tensor(np.asarray(value))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{name} is {value!r:.80}, a {type(value).__name__}, which holds no row of numbers:"
            f" {_REMEDY}"
        ) from error


def _labels(y: Any) -> set[str] | None:
    return set(y) if isinstance(y, Mapping) else None


def _sizes(y: Any) -> str:
    if not isinstance(y, Mapping):
        return f"the shape {tuple(np.shape(y))}"
    sizes = {key: _numbers(values, key).numel() for key, values in y.items()}
    return f"the labels {sizes}"
