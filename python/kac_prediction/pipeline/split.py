"""How a dataset is divided into training, testing and evaluation."""

import math
from collections.abc import Sequence

import torch

Parts = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Indices of the samples to learn from, to choose by and to evaluate on, each ascending."""


def split_groups(groups: torch.Tensor, fractions: Sequence[float], seed: int = 0) -> Parts:
    """Divide samples into three disjoint parts that never share a group.

    The groups are shuffled by a generator of their own and cut where the sizes come nearest to the
    fractions asked for, so a part is off by at most half a group at either end.

    Args:
        groups: the group (the drum) each sample belongs to, shape (n,).
        fractions: three numbers of at least 0 that sum to 1, the first above 0.
        seed: seed of the shuffle.

    Returns:
        The indices of the samples in each part, int64, each in ascending order.

    Raises:
        ValueError: the fractions are not of that form, or there are fewer groups than parts.
    """
    check_fractions(fractions)
    _, group_of, sizes = torch.unique(groups, return_inverse=True, return_counts=True)
    wanted = [fraction > 0 for fraction in fractions]
    if len(sizes) < sum(wanted):
        raise ValueError(
            f"the split {tuple(fractions)} needs at least {sum(wanted)} groups (drums), but the"
            f" dataset has {len(sizes)}: make it larger, or set a part of dataset_split to 0"
        )
    shuffled = torch.randperm(len(sizes), generator=torch.Generator().manual_seed(seed))
    first, second = _cuts(torch.cumsum(sizes[shuffled], 0), fractions, wanted)
    place = torch.empty_like(shuffled)
    place[shuffled] = torch.arange(len(sizes))
    place = place[group_of]
    training = torch.nonzero(place < first).flatten()
    testing = torch.nonzero((place >= first) & (place < second)).flatten()
    evaluation = torch.nonzero(place >= second).flatten()
    return training, testing, evaluation


def check_fractions(fractions: Sequence[float]) -> None:
    """Refuse a split that is not three numbers of at least 0 that sum to 1, the first above 0.

    Raises:
        ValueError: it is not.
    """
    good = len(fractions) == 3 and all(fraction >= 0 for fraction in fractions)
    if not good or fractions[0] <= 0 or not math.isclose(sum(fractions), 1, abs_tol=1e-6):
        raise ValueError(
            "dataset_split must be three numbers of at least 0 that sum to 1, the first above 0,"
            f" not {tuple(fractions)}"
        )


def _cuts(
    ends: torch.Tensor, fractions: Sequence[float], wanted: Sequence[bool]
) -> tuple[int, int]:
    """Where to cut the shuffled groups, whose sizes add up to `ends`: two counts of groups."""
    count, size = len(ends), int(ends[-1])
    starts = torch.cat([torch.zeros(1, dtype=ends.dtype), ends]).double()

    def nearest(target: float, low: int, high: int) -> int:
        return low + int(torch.argmin((starts[low : high + 1] - target).abs()))

    first = nearest(size * fractions[0], 1, count - wanted[1] - wanted[2])
    if not wanted[1]:
        return first, first
    if not wanted[2]:
        return first, count
    return first, nearest(size * (fractions[0] + fractions[1]), first + 1, count - 1)
