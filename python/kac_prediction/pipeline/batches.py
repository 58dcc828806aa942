"""The samples of a part of the dataset, batch by batch, where the model wants them."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol, TypeAlias

import numpy as np
import torch

from .ahead import ahead
from .training.distributed import ProcessGroup

Batch: TypeAlias = tuple[torch.Tensor, torch.Tensor]  # inputs and targets
Change: TypeAlias = Callable[[torch.Tensor, torch.Generator], torch.Tensor]


class Lessons(Protocol):
    """What a model learns from."""

    def __len__(self) -> int:
        """Batches of an epoch."""

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch, the same whenever they are asked for."""

    @property
    def weights(self) -> Sequence[float]:
        """What the mean loss of each batch counts, beside those of other processes."""

    @property
    def count(self) -> int:
        """Samples of an epoch, of all processes."""


class Samples:
    """Inputs and targets of a whole dataset, and where batches of them go.

    They are moved as a whole where that takes no more than half of the memory there, so that a
    batch is taken by index on the device; else batch by batch, in a thread that is ahead.

    Args:
        X: inputs, shape (n, ...).
        Y: targets, shape (n, columns).
        device: where batches go.
        dtype: what floating numbers become.
    """

    def __init__(
        self, X: torch.Tensor, Y: torch.Tensor, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._where = device, dtype
        self._resident = all(fits(tensor, device, dtype) for tensor in (X, Y))
        self._tensors = (X, Y)
        if self._resident:
            # Not by way of pinned memory, which torch would keep for good: as much as the dataset.
            self._tensors = as_dtype(X, dtype).to(device), as_dtype(Y, dtype).to(device)

    @property
    def device(self) -> torch.device:
        """Where batches go."""
        return self._where[0]

    def batches(self, parts: Iterable[torch.Tensor]) -> Iterator[Batch]:
        """A batch of each set of indices."""
        if not self._resident:
            return ahead(map(self._batch, parts))
        parts = list(parts)
        if parts:
            # All at once: a batch's own would be waited for, and for all the work before it.
            together = moved(torch.cat(parts), *self._where)
            parts = torch.split(together, [len(part) for part in parts])
        return map(self._batch, parts)

    def _batch(self, indices: torch.Tensor) -> Batch:
        x, y = (moved(tensor[indices], *self._where) for tensor in self._tensors)
        return x, y


class Learning:
    """The part of a dataset that a model learns from, of which each process sees its share.

    An epoch is shuffled alike on all of them, and cut into batches of `batch_size` samples for
    each; where fewer are left they share those, or leave them out if there are not enough to go
    round.

    Args:
        samples: of the whole dataset.
        indices: those of this part, shape (m,).
        batch_size: samples in a batch of each process; 0 or less: all at once.
        seed: what the order is drawn from.
        processes: the process group.
        change: makes of raw inputs what the model sees, with numbers drawn from a generator.
    """

    def __init__(
        self,
        samples: Samples,
        indices: torch.Tensor,
        batch_size: int,
        seed: int,
        processes: ProcessGroup,
        change: Change | None = None,
    ) -> None:
        self._samples = samples
        self._indices = indices
        together = processes.size * batch_size if batch_size > 0 else max(1, len(indices))
        sizes = [len(part) for part in torch.split(indices, together)]
        self._sizes = [size for size in sizes if size >= processes.size]
        self._seed = seed
        self._processes = processes
        self._change = change

    def __len__(self) -> int:
        """Batches of an epoch."""
        return len(self._sizes)

    @property
    def count(self) -> int:
        """Samples of an epoch, of all processes."""
        return sum(self._sizes)

    @property
    def weights(self) -> list[float]:
        """This process's samples of each batch, relative to the mean over all processes."""
        shares = (self._processes.shard(size) for size in self._sizes)
        mine = [share.stop - share.start for share in shares]
        return [n * self._processes.size / size for n, size in zip(mine, self._sizes, strict=True)]

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch, in an order that is a function of seed and number."""
        order = generator(torch.device("cpu"), self._seed, number)
        shuffled = self._indices[torch.randperm(len(self._indices), generator=order)]
        together = torch.split(shuffled[: self.count], self._sizes)
        shares = (part[self._processes.shard(len(part))] for part in together)
        batches = self._samples.batches(shares)
        if self._change is None:
            return batches
        draws = generator(self._samples.device, self._seed, number, self._processes.rank)
        change = self._change
        return ((change(x, draws), y) for x, y in batches)


class Scoring:
    """A part of a dataset that a model is scored on, of which each process takes whole batches.

    Args:
        samples: of the whole dataset.
        indices: those of this part, shape (m,).
        batch_size: samples in a batch, the last one may be smaller; 0 or less: all at once.
        processes: the process group.
    """

    def __init__(
        self, samples: Samples, indices: torch.Tensor, batch_size: int, processes: ProcessGroup
    ) -> None:
        self._samples = samples
        size = batch_size if batch_size > 0 else max(1, len(indices))
        self._parts = torch.split(indices, size) if len(indices) else ()
        self._processes = processes

    def __len__(self) -> int:
        """Number of batches, of all processes."""
        return len(self._parts)

    def __iter__(self) -> Iterator[tuple[int, torch.Tensor, torch.Tensor]]:
        """This process's batches in the order of the dataset, each with its number."""
        mine = range(self._processes.rank, len(self._parts), self._processes.size)
        batches = self._samples.batches(self._parts[i] for i in mine)
        return ((i, x, y) for i, (x, y) in zip(mine, batches, strict=True))


def generator(device: torch.device, *key: int) -> torch.Generator:
    """A generator on a device, whose numbers are a function of the key."""
    seed = int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])
    return torch.Generator(device).manual_seed(seed)


def moved(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """A tensor on the device; floating numbers in the dtype, whole ones (classes) as they are."""
    tensor = as_dtype(tensor, dtype)
    if device.type == "cuda" and tensor.device.type == "cpu":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)


def as_dtype(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """A tensor with floating numbers in the dtype, whole ones as they are."""
    return tensor.to(dtype) if tensor.is_floating_point() else tensor


def fits(tensor: torch.Tensor, device: torch.device, dtype: torch.dtype) -> bool:
    """Whether the whole of a tensor would take no more than half of the memory of a device."""
    size = tensor.numel() * dtype.itemsize
    return 2 * size <= _memory(device, size)


def _memory(device: torch.device, unknown: int) -> int:
    """Bytes of memory a device has for data; twice `unknown` where nobody can tell."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 2 * unknown
