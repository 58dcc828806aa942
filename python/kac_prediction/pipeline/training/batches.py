"""Batches of a dataset: its split into sets, where its samples lie, and who gets which."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

import numpy as np
import torch

from ..._threads import prefetch
from ...dataset.labels import LabelTable
from .distributed import ProcessGroup
from .options import check_fractions

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]  # inputs and targets
Split: TypeAlias = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # indices of the three sets
Transform: TypeAlias = Callable[[torch.Tensor, torch.Generator], torch.Tensor]  # of inputs

_WHOLE = ""  # the label of targets that have no labels
_REMEDY = "give routine.D.Y a tensor of shape (n, columns)"


def split_groups(groups: torch.Tensor, fractions: Sequence[float], seed: int = 0) -> Split:
    """Return the samples of training, validation and test set, which share no group, ascending.

    The groups (drums), shape (n,), are shuffled by a generator of their own and cut where the sizes
    come nearest to the fractions, so that a set is off by at most half a group at either end. Raise
    ValueError where the fractions do not sum to 1, or there are fewer groups than sets.
    """
    fractions = check_fractions("dataset_split", fractions)
    _, group_of, sizes = torch.unique(groups, return_inverse=True, return_counts=True)
    count, wanted = len(sizes), [fraction > 0 for fraction in fractions]
    if count < sum(wanted):
        raise ValueError(
            f"the split {tuple(fractions)} needs at least {sum(wanted)} groups (drums), but the"
            f" dataset has {count}: make it larger, or set a part of dataset_split to 0"
        )
    shuffled = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    ends = torch.cumsum(sizes[shuffled], 0)
    starts = torch.cat([torch.zeros(1, dtype=ends.dtype), ends]).double()

    def nearest_cut(fraction: float, low: int, high: int) -> int:
        target = int(ends[-1]) * fraction
        return low + int(torch.argmin((starts[low : high + 1] - target).abs()))

    first = nearest_cut(fractions[0], 1, count - wanted[1] - wanted[2])
    second = first if not wanted[1] else count
    if wanted[1] and wanted[2]:
        second = nearest_cut(fractions[0] + fractions[1], first + 1, count - 1)
    place = torch.empty_like(shuffled)
    place[shuffled] = torch.arange(count)
    place = place[group_of]
    training = torch.nonzero(place < first).flatten()
    validation = torch.nonzero((place >= first) & (place < second)).flatten()
    return training, validation, torch.nonzero(place >= second).flatten()


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
        memory = math.inf
        if device.type == "cuda":
            memory = torch.cuda.mem_get_info(device)[0]
        else:
            with suppress(AttributeError, OSError, ValueError):  # not every system tells
                memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        sizes = (tensor.numel() * dtype.itemsize for tensor in (X, Y))
        self._resident = all(2 * size <= memory for size in sizes)
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
        sizes = map(len, batch_indices(indices, processes.size * batch_size))
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


def batch_indices(indices: torch.Tensor, batch_size: int) -> Sequence[torch.Tensor]:
    """Cut indices into batches of `batch_size` (0 or less: all); the last may be smaller."""
    size = batch_size if batch_size > 0 else len(indices)
    return torch.split(indices, size) if len(indices) else ()


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
    with suppress(TypeError, ValueError):  # of which the cause is named below
        table = LabelTable.of(labels, keep_dtypes=True)
        if all((n == max(n[0], 0)).all() for n in table.sizes.values()):
            return table.columns[_WHOLE] if _WHOLE in table.columns else table.matrix()
    sizes: list[dict[str, torch.Size]] = [{} for _ in labels]
    for i, y in enumerate(labels):
        sample = f"sample {i} of routine.D.Y"
        for name, value in y.items():
            place = sample if name == _WHOLE else f"{name!r} in {sample}"
            sizes[i][name] = _numbers(value, place).shape
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
