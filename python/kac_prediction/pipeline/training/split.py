"""The split of a dataset into training, validation and test set, drum by drum."""

from collections.abc import Sequence

import torch

from .options import check_fractions

Split = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Indices of the samples of training, validation and test set, each ascending."""


def split_groups(groups: torch.Tensor, fractions: Sequence[float], seed: int = 0) -> Split:
    """Split samples into three disjoint sets that never share a group.

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
