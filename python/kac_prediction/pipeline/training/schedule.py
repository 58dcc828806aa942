"""The course of a training: its learning rate, and when it stops early."""

import math
from dataclasses import dataclass

import torch

from .options import ScheduleKind

_START, _END = 1 / 25, 1e-4  # one cycle: the first and the last factor


class LearningRate:
    """Sets the learning rate of an optimiser step by step, as a factor of the initial one.

    'constant': 1. 'cosine': from 1 to 0 along half a cosine (Loshchilov and Hutter, 2017,
    https://doi.org/10.48550/arXiv.1608.03983). 'one_cycle': from 1/25 up to 1 and down to 1e-4,
    each along half a cosine (Smith and Topin, 2018, https://doi.org/10.48550/arXiv.1708.07120).

    `steps` are those of the whole training, and `warm_up` is the share of them, in [0, 1), in which
    one cycle rises. As torch's schedulers do, groups keep the initial rate as `initial_lr`.
    """

    def __init__(
        self,
        optimiser: torch.optim.Optimizer,
        kind: ScheduleKind = "constant",
        steps: int = 0,
        warm_up: float = 0.25,
    ) -> None:
        self._groups = [group for group in optimiser.param_groups if "lr" in group]
        self._kind, self._steps, self._warm_up = kind, steps, warm_up
        for group in self._groups:
            group.setdefault("initial_lr", float(group["lr"]))

    def factor(self, step: int) -> float:
        """Return the factor of a step, counted from 0."""
        if self._kind == "constant":
            return 1.0
        if self._kind == "cosine":
            return _half_cosine(1.0, 0.0, step / max(1, self._steps))
        last = max(1, self._steps - 1)
        peak = self._warm_up * last
        if step < peak:
            return _half_cosine(_START, 1.0, step / peak)
        return _half_cosine(1.0, _END, (step - peak) / max(1e-9, last - peak))

    def set(self, step: int) -> None:
        """Set the rate of a step; a tensor, which a CUDA graph reads, is changed in place."""
        factor = self.factor(step)
        for group in self._groups:
            rate = group["initial_lr"] * factor
            if isinstance(group["lr"], torch.Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def at(self, step: int) -> float | None:
        """Return the rate of the first group at a step; None where the optimiser has none."""
        if not self._groups:
            return None
        return float(self._groups[0]["initial_lr"] * self.factor(step))


def _half_cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * min(1.0, share))) / 2


@dataclass
class EarlyStopping:
    """Stops when a loss has not improved for `patience` epochs."""

    patience: float = 32  # at least 1; infinity: never stop
    best: float = math.inf  # the lowest loss so far
    waited: int = 0  # epochs since then

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ValueError(f"patience must be at least 1 epoch, not {self.patience}")

    @property
    def improved(self) -> bool:
        """Whether the last loss was the lowest so far."""
        return self.waited == 0

    @property
    def stopped(self) -> bool:
        """Whether to stop."""
        return self.waited >= self.patience

    def step(self, loss: float) -> bool:
        """Take the loss of an epoch; return whether to stop. An equal loss is no improvement."""
        if loss < self.best:
            self.best, self.waited = loss, 0
        else:
            self.waited += 1
        return self.stopped
