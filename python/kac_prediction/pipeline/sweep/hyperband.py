"""When a trial of a sweep has been outdone by others and is not worth its time."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Hyperband:
    """Stops trials at certain iterations (bands), where they are compared with all others.

    The bands are min_iter * eta**k for k from 0, or max_iter / eta**k for k from 1 to s. A trial
    goes on past a band while its loss there is among the best 1 / eta of all trials that have come
    so far: while at most floor(n / eta) of the n trials are better. (So the first one goes on.)
    An iteration is a value of the metric; here, an epoch.

    The rule is that of weights and biases' `early_terminate`, after L. Li et al., "Hyperband: A
    Novel Bandit-Based Approach to Hyperparameter Optimization", JMLR 18 (2018), 1-52,
    https://arxiv.org/abs/1603.06560, and its asynchronous form, https://arxiv.org/abs/1810.05934.

    Attributes:
        eta: above 1.
        min_iter: the first band, where max_iter is 0.
        max_iter: eta times the last band.
        s: how many bands there are before max_iter.
        strict: whether the loss at the band counts, and not the lowest up to now.

    Raises:
        ValueError: there are no bands.
    """

    eta: float = 3.0
    min_iter: int = 0
    max_iter: int = 0
    s: int = 0
    strict: bool = True

    def __post_init__(self) -> None:
        if not self.eta > 1:
            raise ValueError(f"early_terminate: eta must be above 1, not {self.eta}")
        if not self.bands(max(self.max_iter, self.min_iter)):
            raise ValueError(
                "early_terminate needs min_iter from 1, or max_iter and s with max_iter / eta from"
                f" 1: {self}"
            )

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Hyperband":
        """Read the section `early_terminate` of a sweep.

        Raises:
            ValueError: it is of another type, has unknown keys, or means no bands.
        """
        given = dict(settings)
        kind = given.pop("type", None)
        if kind != "hyperband":
            raise ValueError(f"early_terminate must be of the type hyperband, not {kind!r}")
        unknown = given.keys() - cls.__dataclass_fields__.keys()
        if unknown:
            raise ValueError(f"early_terminate has no key {', '.join(sorted(unknown))}")
        return cls(**given)

    def bands(self, length: int) -> list[int]:
        """The iterations up to `length` at which trials are compared, ascending."""
        if self.max_iter:
            ends: Iterable[int] = (
                int(self.max_iter / self.eta**k) for k in range(1, int(self.s) + 1)
            )
        else:
            ends = self._growing(length)
        return sorted({end for end in ends if 1 <= end <= length})

    def stops(self, history: Sequence[float], others: Sequence[Sequence[float]]) -> bool:
        """Whether a trial is to be stopped.

        Args:
            history: its losses so far (lower is better), one an iteration.
            others: those of all other trials, finished and running.
        """
        reached = self.bands(len(history))
        if not reached:
            return False
        band = reached[-1]
        there = [losses[band - 1] for losses in (history, *others) if len(losses) >= band]
        loss = history[band - 1] if self.strict else min(history)
        return sum(other < loss for other in there) > int(len(there) / self.eta)

    def _growing(self, length: int) -> Iterator[int]:
        if self.min_iter < 1:
            return
        for k in itertools.count():
            end = int(self.min_iter * self.eta**k)
            if end > length:
                return
            yield end
