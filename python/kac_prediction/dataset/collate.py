"""Batches that a DataLoader need not put together: their samples were read at once."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import torch

try:  # where torch keeps what its documentation says may be extended
    from torch.utils.data._utils.collate import collate, default_collate_fn_map
except ImportError:  # another torch: its default collate stacks the samples
    default_collate_fn_map = {}

Sample: TypeAlias = tuple[torch.Tensor, dict[str, torch.Tensor]]


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
