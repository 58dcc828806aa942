"""The gradients of several processes become one, whatever loop a model trains in."""

from collections.abc import Callable, Sequence
from itertools import zip_longest
from typing import Any

import torch

from .collectives import add_up, everybodys

Weight = Callable[[], float | torch.Tensor]


class DisagreementError(ValueError):
    """The processes do not train the same model. All of them raise it."""


class Averaging:
    """Averages gradients over all processes, as a hook before the steps of an optimiser.

    Args:
        size: number of processes.
        weight: what this process's gradients count; asked for at every step.
    """

    def __init__(self, size: int, weight: Weight) -> None:
        self._size = size
        self._weight = weight
        self._agreed: list[bool] = []

    def __call__(
        self, optimiser: torch.optim.Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        """Average them now, or where the optimiser asks for them itself, each time it has."""
        closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
        if closure is None:
            self._average(optimiser)
            return None

        def averaged() -> torch.Tensor:
            # Some optimisers go by the loss, which then is to be the same in all processes.
            loss = torch.as_tensor(closure()).detach().clone()
            self._average(optimiser, loss)
            return loss

        return (optimiser, averaged), {}

    def _average(self, optimiser: torch.optim.Optimizer, *others: torch.Tensor) -> None:
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        having = [parameter.grad is not None for parameter in parameters]
        if having != self._agreed:
            agree([_described(p) for p in parameters], "parameter", "of the optimiser")
            self._agreed = having
        gradients = [p.grad for p in parameters if p.grad is not None]
        add_up([*gradients, *others], self._weight() / self._size)


def agree(mine: Sequence[str], noun: str, place: str) -> None:
    """Refuse to go on where processes describe something otherwise than the first one.

    Args:
        mine: this process's description, thing by thing.
        noun: what one of these is.
        place: what it is part of.

    Raises:
        DisagreementError: in all processes; names the first difference.
    """
    everybody = everybodys(list(mine))
    for rank, theirs in enumerate(everybody):
        pairs = zip_longest(everybody[0], theirs, fillvalue="not there")
        for i, (first, other) in enumerate(pairs):
            if first != other:
                raise DisagreementError(
                    f"{noun} {i} {place} is {first} in process 0, but {other} in process {rank}:"
                    " make model and optimiser alike in all processes, and use the same parameters"
                    " in every step"
                )


def _described(parameter: torch.Tensor) -> str:
    """What must be the same of a parameter in all processes.

    Raises:
        ValueError: its gradient is sparse.
    """
    gradient = parameter.grad
    kind = "without a gradient" if gradient is None else f"with a gradient in {gradient.dtype}"
    if gradient is not None and gradient.layout != torch.strided:
        raise ValueError(
            f"the gradient of a parameter of shape {tuple(parameter.shape)} is sparse, which cannot"
            " be averaged over processes: make its layer with sparse=False"
        )
    return f"of shape {tuple(parameter.shape)} {kind}"
