"""Batches of a dataset: where its samples lie, how they are shuffled, and who gets which."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any, TypeAlias

import numpy as np
import torch

from ...dataset.labels import LabelTable
from ...dataset.prefetch import prefetch
from .distributed import ProcessGroup

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]  # inputs and targets
Transform: TypeAlias = Callable[[torch.Tensor, torch.Generator], torch.Tensor]  # of inputs

_WHOLE = ""  # the label of targets that have no labels
_REMEDY = "give routine.D.Y a tensor of shape (n, columns)"


class Samples:
    """Inputs and targets of a whole dataset, and the device that batches of them go to.

    They are moved as a whole if that takes no more than half of the memory there, so that a batch
    is taken by index on the device; else batch by batch, prefetched in a thread. Floating numbers
    become `dtype`, whole ones (classes) stay as they are. `targets` are those given.
    """

    def __init__(
        self, X: torch.Tensor, Y: torch.Tensor, device: torch.device, dtype: torch.dtype
    ) -> None:
        self.device, self.dtype, self.targets = device, dtype, Y
        self._tensors = X, Y
        memory = available_memory(device)
        sizes = (tensor.numel() * dtype.itemsize for tensor in (X, Y))
        self._resident = memory is None or all(2 * size <= memory for size in sizes)
        if self._resident:
            # Not by way of pinned memory, which torch would keep for good: as much as the dataset.
            self._tensors = to_dtype(X, dtype).to(device), to_dtype(Y, dtype).to(device)

    def batches(self, parts: Iterable[torch.Tensor]) -> Iterator[Batch]:
        """Return an iterator over the batches of some sets of indices."""
        if not self._resident:
            return prefetch(map(self._batch, parts))
        parts = list(parts)
        if parts:
            # All at once: each move would wait for the device, and for all the work before it.
            together = to_device(torch.cat(parts), self.device, self.dtype)
            parts = torch.split(together, [len(part) for part in parts])
        return map(self._batch, parts)

    def _batch(self, indices: torch.Tensor) -> Batch:
        x, y = (to_device(tensor[indices], self.device, self.dtype) for tensor in self._tensors)
        return x, y


class TrainingBatches:
    """Shuffled batches of a training set, of which each process gets its share.

    The order of an epoch is the same in all processes. It is cut into batches of `batch_size`
    samples (0 or less: all) for each process; a smaller remainder is shared evenly, or left out
    where there is not a sample for each. `transform` changes the inputs, by random numbers that
    depend on seed, epoch and process. `count` is the samples of an epoch, of all processes, and
    `weights` this process's samples of each batch, relative to the mean over all processes.
    """

    def __init__(
        self,
        samples: Samples,
        indices: torch.Tensor,
        batch_size: int,
        seed: int,
        processes: ProcessGroup,
        transform: Transform | None = None,
    ) -> None:
        self._samples, self._indices, self._seed = samples, indices, seed
        self._processes, self._transform = processes, transform
        together = processes.size * batch_size if batch_size > 0 else max(1, len(indices))
        sizes = [len(part) for part in torch.split(indices, together)]
        self._sizes = [size for size in sizes if size >= processes.size]
        self.count = sum(self._sizes)
        shards = [processes.shard(size) for size in self._sizes]
        self.weights = [
            (shard.stop - shard.start) * processes.size / size
            for shard, size in zip(shards, self._sizes, strict=True)
        ]

    def epoch(self, number: int) -> Iterator[Batch]:
        """Return the batches of an epoch, which depend on seed and number alone."""
        order = generator(torch.device("cpu"), self._seed, number)
        shuffled = self._indices[torch.randperm(len(self._indices), generator=order)]
        together = torch.split(shuffled[: self.count], self._sizes)
        batches = self._samples.batches(part[self._processes.shard(len(part))] for part in together)
        if self._transform is None:
            return batches
        draws = generator(self._samples.device, self._seed, number, self._processes.rank)
        transform = self._transform
        return ((transform(x, draws), y) for x, y in batches)


class EvaluationBatches:
    """Batches of a validation or test set, of which each process gets whole ones.

    They hold `batch_size` samples (0 or less: all), the last one may be smaller.
    """

    def __init__(
        self, samples: Samples, indices: torch.Tensor, batch_size: int, processes: ProcessGroup
    ) -> None:
        self._samples, self._processes = samples, processes
        size = batch_size if batch_size > 0 else max(1, len(indices))
        self._parts = torch.split(indices, size) if len(indices) else ()

    def __len__(self) -> int:
        """Number of batches, of all processes."""
        return len(self._parts)

    def __iter__(self) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
        """Yield this process's batches in the order of the dataset, each with its number."""
        own = range(self._processes.rank, len(self._parts), self._processes.size)
        batches = self._samples.batches(self._parts[i] for i in own)
        return ((i, x, y) for i, (x, y) in zip(own, batches, strict=True))


def as_targets(Y: Any) -> torch.Tensor:
    """Return `routine.D.Y` as a tensor of shape (n, columns).

    It is a tensor or an array; or one item a sample: a number, list or tensor, or a dictionary,
    whose labels become columns in the order of the first sample's. Raise TypeError where a sample
    holds no numbers, ValueError where there are none or their labels and sizes differ.
    """
    if not isinstance(Y, list | tuple):
        return _numbers(Y, "routine.D.Y")
    if not Y:
        raise ValueError(f"routine.D.Y holds no samples: {_REMEDY}")
    labels = [y if isinstance(y, Mapping) else {_WHOLE: y} for y in Y]
    try:
        table = LabelTable.of(labels, keep_dtypes=True)
        unlike = table.first_unlike()
        if unlike is None and all(sizes[0] >= 0 for sizes in table.sizes.values()):
            return table.columns[_WHOLE] if _WHOLE in table.columns else table.matrix()
    except (TypeError, ValueError):
        unlike = None
    sizes = [
        {
            name: _numbers(value, f"{name!r} in {place}" if name != _WHOLE else place).shape
            for name, value in y.items()
        }
        for y, place in zip(labels, (f"sample {i} of routine.D.Y" for i in count()), strict=False)
    ]
    unlike = next(i for i, size in enumerate(sizes) if size != sizes[0])
    described = [
        f"the shape {tuple(size[_WHOLE])}"
        if _WHOLE in size
        else f"the labels { {name: shape.numel() for name, shape in size.items()} }"
        for size in (sizes[unlike], sizes[0])
    ]
    raise ValueError(
        f"sample {unlike} of routine.D.Y has {described[0]}, sample 0 {described[1]}: a model needs"
        f" the same of all; {_REMEDY}"
    )


def _numbers(value: Any, name: str) -> torch.Tensor:
    """Return a tensor as it is, and one of anything else that holds numbers."""
    if isinstance(value, torch.Tensor):
        return value
    try:
        return torch.tensor(np.asarray(value))
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"{name} is {value!r:.80}, a {type(value).__name__}, which holds no row of numbers:"
            f" {_REMEDY}"
        ) from error


def generator(device: torch.device, *key: int) -> torch.Generator:
    """Return a random generator on a device, seeded by a hash of the key."""
    seed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(seed)


def to_device(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """Move a tensor to a device, floating numbers in the dtype."""
    tensor = to_dtype(tensor, dtype)
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def to_dtype(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return a tensor with floating numbers in the dtype, whole ones as they are."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def available_memory(device: torch.device) -> int | None:
    """Return the bytes of memory of a device; None where they are unknown."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None
