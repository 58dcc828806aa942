"""How the samples of a sampler depend on each other, observed on a few of them before the work."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from .sampler import AudioSampler, Labels

Rendered: TypeAlias = tuple[npt.NDArray[np.float64], list[Labels]]
"""Waveforms, shape (n, length), and their labels."""

Sample: TypeAlias = tuple[npt.NDArray[np.float64], Labels]


class Behaviour(NamedTuple):
    """What is known of a sampler.

    Attributes:
        label_names: the labels that every sample has; None: not known yet.
        whole_groups: whether a sample depends on the earlier ones of its group.
    """

    label_names: frozenset[str] | None = None
    whole_groups: bool = False

    def checked(self, sampler: str, indices: Sequence[int], labels: list[Labels]) -> Self:
        """Return what is known with these samples too; raise ValueError if other labels were."""
        names = frozenset(labels[0]) if self.label_names is None else self.label_names
        for i, y in zip(indices, labels, strict=True):
            if y.keys() != names:
                raise ValueError(
                    f"{sampler} gives sample {i} the labels {sorted(y)} where others have "
                    f"{sorted(names)}: let getLabels give the same ones for every sample."
                )
        return self._replace(label_names=names)


def observe(make: Callable[[], AudioSampler], size: int | None) -> Behaviour:
    """Render a few samples of a dataset in two orders, and compare them.

    Args:
        make: returns a new sampler, always of the same seed.
        size: of the dataset; None: endless.

    Raises:
        ValueError: a sample depends on others than the earlier ones of its group, or on chance.
    """
    sampler = make()
    group = sampler.group_size
    known = group + 1 if size is None else min(size, group + 1)
    few = [i for i in sorted({0, 1, group - 1, group}) if i < known]
    in_order, whole_groups = _samples(sampler, few), False
    differing = _first_difference(in_order, _samples(make(), few[::-1]))
    if differing is not None and group > 1:
        groups_swapped = [*range(group, known), *range(min(group, known))]
        in_order, whole_groups = _samples(make(), range(known)), True
        differing = _first_difference(in_order, _samples(make(), groups_swapped))
    if differing is not None:
        raise ValueError(
            f"{type(sampler).__name__} makes another sample {differing} if others were made before "
            "it, so that a dataset would depend on workers and interruptions: let "
            "updateProperties(i) draw all of sample i, from self.rng, and what it shares with the "
            "group_size samples of its group from self.group_rng."
        )
    return Behaviour(frozenset(in_order[0][1]), whole_groups)


def render(sampler: AudioSampler, indices: Sequence[int], behaviour: Behaviour) -> Rendered:
    """Render samples, each after those of its group that it depends on."""
    if not behaviour.whole_groups:
        return sampler.render(indices)
    group, last = sampler.group_size, dict[int, int]()
    for i in indices:
        last[i // group] = max(i, last.get(i // group, 0))
    needed = [i for k, end in last.items() for i in range(k * group, end + 1)]
    sounds, labels = sampler.render(needed)
    places = {i: place for place, i in enumerate(needed)}
    rows = [places[i] for i in indices]
    return sounds[rows], [labels[row] for row in rows]


def _samples(sampler: AudioSampler, indices: Sequence[int]) -> dict[int, Sample]:
    """Render samples in this order, and return each by its index."""
    sounds, labels = sampler.render(indices)
    return dict(zip(indices, zip(sounds, labels, strict=True), strict=True))


def _first_difference(samples: dict[int, Sample], others: dict[int, Sample]) -> int | None:
    """Return the first index of a sample that differs; None: none does."""
    for i, (sound, labels) in samples.items():
        other_sound, other_labels = others[i]
        # A batch may round otherwise; labels are compared as text, as they may hold anything.
        if str(labels) != str(other_labels) or not np.allclose(sound, other_sound, equal_nan=True):
            return i
    return None
