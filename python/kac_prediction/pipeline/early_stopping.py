"""When to stop."""

import math
from dataclasses import dataclass


@dataclass
class EarlyStopping:
    """Watches a loss, and says when it has stopped improving.

    Args:
        patience: epochs without an improvement after which to stop, at least 1; infinity: never.

    Raises:
        ValueError: the patience is below 1.
    """

    patience: float = 32
    best: float = math.inf
    waited: int = 0

    def __post_init__(self) -> None:
        if self.patience < 1:
            raise ValueError(f"patience must be at least 1 epoch, not {self.patience}")

    @property
    def improved(self) -> bool:
        """Whether the last step was the best so far."""
        return self.waited == 0

    def step(self, loss: float) -> bool:
        """Take an epoch's loss; return whether to stop. An equal loss is no improvement."""
        if loss < self.best:
            self.best = loss
            self.waited = 0
        else:
            self.waited += 1
        return self.waited >= self.patience
