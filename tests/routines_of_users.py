"""Routines that are ready to train, and loops that score them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from kac_prediction.dataset import TorchDataset
from kac_prediction.pipeline import Model, Routine
from models_of_users import Linear, parameters

Loop = Callable[[int, int, torch.Tensor, torch.Tensor], None]


def dataset(size: int = 20, group_size: int = 1, inputs: int = 3) -> TorchDataset:
    """A line through the origin, in `inputs` dimensions."""
    X = torch.randn(size, inputs, generator=torch.Generator().manual_seed(0)).double()
    return TorchDataset(
        dataset_dir="/nowhere",
        representation_settings={"output_type": "end2end", "normalise_input": False},
        sampler={"name": "Line", "version": "0.1.0"},
        sampler_settings={"duration": 1.0, "sample_rate": inputs},
        X=X,
        Y=[{"sum": x.sum()[None]} for x in X],
        groups=torch.arange(size) // group_size,
        seed=0,
    )


def ready(tmp_path: Path, model: Model | None = None, **changes: Any) -> Routine:
    """A routine that could train now."""
    routine = Routine(str(tmp_path))
    routine.device = torch.device("cpu")  # the same numbers on every machine
    routine.setParameters(parameters(**changes))
    routine.D = dataset()
    torch.manual_seed(0)
    routine.M = Linear(**routine.P) if model is None else model
    return routine


def squared(routine: Routine) -> Loop:
    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        loss = routine.M.criterion(routine.M(x), y) / loop_length
        routine.M.testing_loss["aggregate"] += loss

    return score


def scripted(routine: Routine, losses: list[float]) -> Loop:
    """Losses by epoch, whatever the model says."""

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        routine.M.testing_loss["aggregate"] += losses[routine.R["epoch"]] / loop_length

    return score


def files(routine: Routine) -> list[str]:
    return sorted(path.name for path in Path(routine.R["exports_dir"]).iterdir())
