"""Trainings that one process or several can do, and what is seen of them."""

import hashlib
from pathlib import Path
from typing import Any

import torch

from kac_prediction.architecture import CRePE
from kac_prediction.pipeline import Model, Routine
from models_of_users import Linear, parameters
from routines_of_users import dataset

SAMPLES = 43
SPLIT = (27 / SAMPLES, 8 / SAMPLES, 8 / SAMPLES)  # the last batch to learn from has 3 samples


class Plain(Linear):
    """A network of two layers, without dropout; its sixth batch may be another."""

    sixth: float | Exception = 1.0

    def __init__(self, learning_rate: float) -> None:
        super().__init__(learning_rate, inputs=4)
        self.dropout = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh())
        self.optimiser = torch.optim.Adam(self.parameters(), lr=learning_rate)
        self.batches = 0

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.batches += 1
        factor = self.sixth if self.batches == 6 else 1.0
        if isinstance(factor, Exception):
            raise factor
        super().innerTrainingLoop(i, loop_length, x, y * factor)


def ready(out: Path, model: Model, **changes: Any) -> Routine:
    """A routine on the CPU, which could train now."""
    routine = Routine(str(out), device="cpu")
    routine.setParameters(parameters(dataset_split=SPLIT, seed=4, **changes))
    routine.D = dataset(SAMPLES)
    routine.M = model
    return routine


def trained(routine: Routine) -> dict[str, Any]:
    """What can be seen of a training, and of the model whenever it is scored."""
    scored: list[tuple[int, int, int, str]] = []

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        scored.append((routine.R["epoch"], i, loop_length, digest(routine.M)))
        routine.M.testing_loss["aggregate"] += routine.M.criterion(routine.M(x), y) / loop_length
        routine.M.testing_loss["means"] += torch.cat([x, y], 1).mean(0) / loop_length

    routine.train(score)
    return {
        "history": routine.history,
        "weights": routine.M.state_dict(),
        "scored": scored,
        "run": dict(routine.R),
    }


def digest(model: Model) -> str:
    """A checksum of all that a model has learnt."""
    checksum = hashlib.sha256()
    for tensor in model.state_dict().values():
        checksum.update(tensor.detach().contiguous().numpy().tobytes())
    return checksum.hexdigest()


def plain(out: Path, batch_size: int) -> dict[str, Any]:
    """A training whose numbers do not depend on how batches are divided."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = Plain(0.01)
    return trained(ready(out, model, batch_size=batch_size, num_of_epochs=4))


def crepe(out: Path) -> dict[str, Any]:
    """A training with batch normalisation and dropout, from weights that are drawn anew."""
    model = CRePE("tiny", 0.25, 1e-3, "adam", outputs=1)
    routine = ready(out, model, num_of_epochs=2)
    routine.D.X = torch.randn(SAMPLES, 1024, generator=torch.Generator().manual_seed(0))
    return trained(routine)


def failing(out: Path, sixth: float | Exception) -> dict[str, Any]:
    """A training that meets something in batch 1 of epoch 1, where two processes do it."""
    model = Plain(0.01)
    model.sixth = sixth
    return trained(ready(out, model, num_of_epochs=4))


def endless(out: Path) -> None:
    """A training that goes on until somebody ends it; says so when it has come to epoch 7."""
    routine = ready(out, Plain(0.01), num_of_epochs=10**6)

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        routine.M.testing_loss["aggregate"] += 1.0
        if routine.R["epoch"] == 7:
            (out / "under way").touch()

    routine.train(score)
