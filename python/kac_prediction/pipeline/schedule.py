"""How the learning rate changes in the course of a training."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

import torch

Kind = Literal["constant", "cosine", "one_cycle"]

_FIRST, _LAST = 1 / 25, 1e-4  # one cycle: shares of the learning rate where it begins and ends


@dataclass(frozen=True)
class Schedule:
    """The learning rate of each step, as a share of the one that the model's optimiser asks for.

    'constant': all of it. 'cosine': from all of it to nothing, along half a cosine (Loshchilov and
    Hutter, 2017, https://doi.org/10.48550/arXiv.1608.03983). 'one_cycle': from a twenty-fifth up to
    all of it and down to a ten-thousandth, each along half a cosine (Smith and Topin, 2018,
    https://doi.org/10.48550/arXiv.1708.07120).

    Args:
        kind: which of them.
        steps: steps of the whole training; of no account to 'constant'.
        warm_up: share of the steps that one cycle rises for, in [0, 1).
    """

    kind: Kind = "constant"
    steps: int = 0
    warm_up: float = 0.25

    @classmethod
    def of(cls, parameters: Mapping[str, Any], steps: int) -> Self:
        """The schedule of a training of so many steps."""
        return cls(
            parameters.get("schedule", cls.kind), steps, parameters.get("warm_up", cls.warm_up)
        )

    def share(self, step: int) -> float:
        """Share of the learning rate at a step, counted from 0."""
        if self.kind == "constant":
            return 1.0
        last = max(1, self.steps - 1)
        if self.kind == "cosine":
            return _between(1.0, 0.0, step / max(1, self.steps))
        peak = self.warm_up * last
        if step < peak:
            return _between(_FIRST, 1.0, step / peak)
        return _between(1.0, _LAST, (step - peak) / max(1e-9, last - peak))


class LearningRate:
    """Sets the learning rate of an optimiser, step by step.

    What the optimiser asked for is kept in its groups as `initial_lr`, as torch's schedulers do.

    Args:
        optimiser: of the model.
        schedule: share of each step.
    """

    def __init__(self, optimiser: torch.optim.Optimizer | None, schedule: Schedule) -> None:
        groups = [] if optimiser is None else optimiser.param_groups
        self._groups = [group for group in groups if "lr" in group]
        self._schedule = schedule
        for group in self._groups:
            group.setdefault("initial_lr", float(group["lr"]))

    def set(self, step: int) -> None:
        """Set the rate of a step, counted from 0."""
        share = self._schedule.share(step)
        for group in self._groups:
            rate = group["initial_lr"] * share
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)  # a recorded step reads it there
            else:
                group["lr"] = rate

    def at(self, step: int) -> float | None:
        """The rate of the first group at a step; None where the optimiser has none."""
        if not self._groups:
            return None
        return float(self._groups[0]["initial_lr"] * self._schedule.share(step))


def _between(first: float, last: float, share: float) -> float:
    """From one number to another along half a cosine."""
    return last + (first - last) * (1 + math.cos(math.pi * min(1.0, share))) / 2
