"""What two processes exchange, each of which runs this; one process can do it too."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from kac_prediction.pipeline.parallel.averaging import DisagreementError
from kac_prediction.pipeline.parallel.collectives import PeerError, add_up, take_leaders
from kac_prediction.pipeline.parallel.distributed import Ranks, share_of

BATCH = 8  # of all processes together
OPTIMISERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "sgd": lambda parameters: torch.optim.SGD(parameters, 0.1, momentum=0.9),
    "adam": lambda parameters: torch.optim.Adam(parameters, 0.01),
    "lbfgs": lambda parameters: torch.optim.LBFGS(parameters, max_iter=3),
}


class Mixed(torch.nn.Module):
    """Parameters of two dtypes, one that is never used, and buffers of several kinds."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.first = torch.nn.Linear(3, 5)
            self.norm = torch.nn.BatchNorm1d(5)
            self.last = torch.nn.Linear(5, 2).double()
            self.unused = torch.nn.Parameter(torch.randn(4))
            self.short = torch.nn.Parameter(torch.randn(3).bfloat16(), requires_grad=False)
        self.register_buffer("mask", torch.arange(4) % 2 == seed % 2)
        self.register_buffer("limits", torch.tensor([float("-inf"), 0.1]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(self.first(x))
        predicted: torch.Tensor = self.last(hidden.double())
        return predicted


def learnt(name: str, ranks: Ranks) -> dict[str, torch.Tensor]:
    """The weights after two epochs, the last batch of which is smaller and divided unequally."""
    numbers = torch.Generator().manual_seed(3)
    X = torch.randn(21, 3, generator=numbers)
    Y = torch.randn(21, 2, generator=numbers).double()
    model = Mixed(seed=ranks.rank)
    if name == "lbfgs":  # which makes much of how numbers are rounded
        X, model = X.double(), model.double()
    ranks.equalise(model)
    optimiser = OPTIMISERS[name](model.parameters())
    weights = [1.0]
    handle = ranks.average_gradients(optimiser, lambda: weights[-1])
    for x, y in 2 * list(zip(X.split(BATCH), Y.split(BATCH), strict=True)):
        share = share_of(len(x), ranks)
        weights.append((share.stop - share.start) * ranks.size / len(x))

        def loss(x: torch.Tensor = x[share], y: torch.Tensor = y[share]) -> torch.Tensor:
            optimiser.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            return loss

        if name == "lbfgs":
            optimiser.step(loss)
        else:
            loss()
            optimiser.step()
    handle.remove()
    return model.state_dict()


def objects(ranks: Ranks) -> dict[str, Any]:
    return {
        "who": (ranks.rank, ranks.size, ranks.local_rank, ranks.local_size, ranks.leader),
        "again": vars(Ranks.join("cpu")) == vars(ranks),
        "shared": ranks.share({"rank": ranks.rank}),
        "gathered": ranks.gather((ranks.rank, "x" * ranks.rank)),
        "device": str(ranks.device("cpu")),
        "threads": ranks.threads(),
    }


def tensors(ranks: Ranks) -> dict[str, Any]:
    """Tensors of all kinds, added up and taken from the leader."""
    base = torch.arange(12.0).reshape(1, 3, 2, 2) + ranks.rank
    kinds = {
        "strided": base.contiguous(memory_format=torch.channels_last),
        "transposed": base[0, 0].clone().T,
        "scalar": torch.tensor(1.0 + ranks.rank, dtype=torch.float64),
        "bfloat16": torch.full((3,), 2.0 + ranks.rank, dtype=torch.bfloat16),
        "complex": torch.full((2,), 1 + 2j) * (1 + ranks.rank),
        "empty": torch.empty(0),
    }
    add_up(kinds.values(), factor=0.5)
    taken = {
        "bool": torch.tensor([ranks.leader, not ranks.leader]),
        "int16": torch.full((3,), ranks.rank, dtype=torch.int16),
        "nan": torch.tensor([float("nan") if ranks.leader else 0.0]),
    }
    take_leaders(taken.values())
    return {**kinds, **taken, "strides": kinds["strided"].stride()}


def buffers(ranks: Ranks) -> dict[str, torch.Tensor]:
    """The state of a model of which each process has seen other data."""
    model = Mixed(seed=0)
    for _ in range(1 + ranks.rank):
        model.norm(torch.full((4, 5), float(ranks.rank)))
    ranks.average_buffers(model)
    return model.state_dict()


def equalised(ranks: Ranks) -> dict[str, torch.Tensor]:
    model = Mixed(seed=ranks.rank)
    ranks.equalise(model)
    return model.state_dict()


def turns(ranks: Ranks, log: Path) -> str:
    """Who came when; and then what the others hear of the leader that fails."""

    def note(what: str) -> None:
        with log.open("a") as stream:
            stream.write(f"{ranks.rank} {what}\n")

    with ranks.in_turn():
        note("begins")
        time.sleep(0.05)
        note("ends")
    try:
        with ranks.in_turn():
            note("tries")
            raise ValueError("no drums")
    except (PeerError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def disagreements(ranks: Ranks) -> list[str]:
    """The messages where models are not alike."""
    models = [Mixed(seed=0), Mixed(seed=0)]
    if not ranks.leader:
        models[0].last = torch.nn.Linear(5, 3).double()
        models[1].first.bias.requires_grad_(False)
    messages = []
    try:
        ranks.equalise(models[0])
    except DisagreementError as error:
        messages.append(str(error))
    optimiser = torch.optim.SGD(models[1].parameters(), 0.1)
    ranks.average_gradients(optimiser, lambda: 1.0)
    models[1](torch.ones(2, 3)).sum().backward()
    try:
        optimiser.step()
    except DisagreementError as error:
        messages.append(str(error))
    return messages


def everything(ranks: Ranks, out: Path) -> dict[str, Any]:
    """All of the above, in two processes."""
    return {
        **{name: learnt(name, ranks) for name in OPTIMISERS},
        "objects": objects(ranks),
        "tensors": tensors(ranks),
        "buffers": buffers(ranks),
        "equalised": equalised(ranks),
        "turns": turns(ranks, out / "turns.txt"),
        "disagreements": disagreements(ranks),
    }
