"""What two processes exchange, each of which runs this; one process can do it too."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from kac_prediction.pipeline.training.device import cpu_threads, process_device
from kac_prediction.pipeline.training.distributed import (
    DisagreementError,
    PeerError,
    ProcessGroup,
    all_reduce,
    broadcast_tensors,
)

ALONE = ProcessGroup()
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


def learnt(name: str, processes: ProcessGroup = ALONE) -> dict[str, torch.Tensor]:
    """The weights after two epochs, the last batch of which is smaller and divided unequally."""
    numbers = torch.Generator().manual_seed(3)
    X = torch.randn(21, 3, generator=numbers)
    Y = torch.randn(21, 2, generator=numbers).double()
    model = Mixed(seed=processes.rank)
    if name == "lbfgs":  # which makes much of how numbers are rounded
        X, model = X.double(), model.double()
    processes.broadcast_model(model)
    optimiser = OPTIMISERS[name](model.parameters())
    weight = torch.ones((), dtype=torch.float64)
    with processes.average_gradients(optimiser, weight):
        for x, y in 2 * list(zip(X.split(BATCH), Y.split(BATCH), strict=True)):
            share = processes.shard(len(x))
            weight.fill_((share.stop - share.start) * processes.size / len(x))

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
    return model.state_dict()


def objects(processes: ProcessGroup) -> dict[str, Any]:
    return {
        "who": (
            processes.rank,
            processes.size,
            processes.local_rank,
            processes.local_size,
            processes.leader,
        ),
        "again": vars(ProcessGroup.join("cpu")) == vars(processes),
        "shared": processes.broadcast({"rank": processes.rank}),
        "gathered": processes.all_gather((processes.rank, "x" * processes.rank)),
        "device": str(process_device(torch.device("cpu"), processes)),
        "threads": cpu_threads(processes),
    }


def tensors(processes: ProcessGroup) -> dict[str, Any]:
    """Tensors of all kinds, added up and taken from the leader."""
    base = torch.arange(12.0).reshape(1, 3, 2, 2) + processes.rank
    kinds = {
        "strided": base.contiguous(memory_format=torch.channels_last),
        "transposed": base[0, 0].clone().T,
        "scalar": torch.tensor(1.0 + processes.rank, dtype=torch.float64),
        "bfloat16": torch.full((3,), 2.0 + processes.rank, dtype=torch.bfloat16),
        "complex": torch.full((2,), 1 + 2j) * (1 + processes.rank),
        "empty": torch.empty(0),
    }
    all_reduce(kinds.values(), factor=0.5)
    taken = {
        "bool": torch.tensor([processes.leader, not processes.leader]),
        "int16": torch.full((3,), processes.rank, dtype=torch.int16),
        "nan": torch.tensor([float("nan") if processes.leader else 0.0]),
    }
    broadcast_tensors(taken.values())
    return {**kinds, **taken, "strides": kinds["strided"].stride()}


def buffers(processes: ProcessGroup) -> dict[str, torch.Tensor]:
    """The state of a model of which each process has seen other data."""
    model = Mixed(seed=0)
    for _ in range(1 + processes.rank):
        model.norm(torch.full((4, 5), float(processes.rank)))
    processes.average_buffers(model)
    return model.state_dict()


def equalised(processes: ProcessGroup) -> dict[str, torch.Tensor]:
    model = Mixed(seed=processes.rank)
    processes.broadcast_model(model)
    return model.state_dict()


def turns(processes: ProcessGroup, log: Path) -> str:
    """Who came when; and then what the others hear of the leader that fails."""

    def note(what: str) -> None:
        with log.open("a") as stream:
            stream.write(f"{processes.rank} {what}\n")

    with processes.leader_first():
        note("begins")
        time.sleep(0.05)
        note("ends")
    try:
        with processes.leader_first():
            note("tries")
            raise ValueError("no drums")
    except (PeerError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def disagreements(processes: ProcessGroup) -> list[str]:
    """The messages where models are not alike."""
    models = [Mixed(seed=0), Mixed(seed=0)]
    if not processes.leader:
        models[0].last = torch.nn.Linear(5, 3).double()
        models[1].first.bias.requires_grad_(False)
    messages = []
    try:
        processes.broadcast_model(models[0])
    except DisagreementError as error:
        messages.append(str(error))
    optimiser = torch.optim.SGD(models[1].parameters(), 0.1)
    models[1](torch.ones(2, 3)).sum().backward()
    try:
        with processes.average_gradients(optimiser, torch.ones(())):
            optimiser.step()
    except DisagreementError as error:
        messages.append(str(error))
    return messages


def everything(processes: ProcessGroup, out: Path) -> dict[str, Any]:
    """All of the above, in two processes."""
    return {
        **{name: learnt(name, processes) for name in OPTIMISERS},
        "objects": objects(processes),
        "tensors": tensors(processes),
        "buffers": buffers(processes),
        "equalised": equalised(processes),
        "turns": turns(processes, out / "turns.txt"),
        "disagreements": disagreements(processes),
    }
