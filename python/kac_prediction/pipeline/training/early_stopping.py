"""When to stop a training."""

import math
from dataclasses import dataclass


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
