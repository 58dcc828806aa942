"""The samples of a part of the dataset, batch by batch, where the model wants them."""

import os
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

_REMEDY = "give routine.D.Y a tensor of shape (n, columns)"


class Batches:
    """One part of a dataset.

    Args:
        X: inputs of the whole dataset, shape (n, ...).
        Y: targets of the whole dataset, shape (n, columns).
        indices: the samples of this part, shape (m,).
        batch_size: samples in a batch, the last one may be smaller; 0 or less: all at once.
        device: where batches go; no copy is made of what is there already.
        dtype: what floating numbers become.
    """

    def __init__(
        self,
        X: torch.Tensor,
        Y: torch.Tensor,
        indices: torch.Tensor,
        batch_size: int,
        device: torch.device,
        dtype: torch.dtype,
    ) -> None:
        self._tensors = (X, Y)
        self._indices = indices
        self._batch_size = batch_size if batch_size > 0 else max(1, len(indices))
        self._device = device
        self._dtype = dtype

    def __len__(self) -> int:
        """Number of batches."""
        return -(-len(self._indices) // self._batch_size)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Every batch, in the order of the dataset."""
        return self._in_order(self._indices)

    def shuffled(self, generator: torch.Generator) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Every batch of an epoch, in an order drawn from the generator."""
        return self._in_order(
            self._indices[torch.randperm(len(self._indices), generator=generator)]
        )

    def _in_order(self, indices: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        X, Y = self._tensors
        orders = (torch.split(indices.to(tensor.device), self._batch_size) for tensor in (X, Y))
        for of_x, of_y in zip(*orders, strict=True):
            yield (
                moved(X[of_x], self._device, self._dtype),
                moved(Y[of_y], self._device, self._dtype),
            )


def moved(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """A tensor on the device; floating numbers in the dtype, whole ones (classes) as they are."""
    return tensor.to(device, dtype if tensor.is_floating_point() else tensor.dtype)


def moved_if_it_fits(
    tensor: torch.Tensor, device: torch.device, dtype: torch.dtype
) -> torch.Tensor:
    """The tensor moved as a whole, or as it is where that would take over half of the memory."""
    size = tensor.numel() * dtype.itemsize
    return moved(tensor, device, dtype) if 2 * size <= _memory(device, size) else tensor


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


def _memory(device: torch.device, unknown: int) -> int:
    """Bytes of memory a device has for data; twice `unknown` where nobody can tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 2 * unknown
