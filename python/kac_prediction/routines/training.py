"""The one training that serves all routines."""

from collections.abc import Mapping
from typing import Any, Literal

import torch

from ..architecture import CRePE
from ..pipeline import Routine
from ..pipeline.training.options import merge_parameters
from ..pipeline.training.resume import seeded
from ..samplers import Datasets
from .criterion import DrumLoss
from .drums import import_drums
from .result import Result, figure_of
from .task import Task


def train_task(
    task: Task,
    config_path: str = "",
    wandb_config: dict[str, Any] | None = None,
    *,
    exports_dir: str = "model",
    dataset_dir: str = "",
    dataset_name: Datasets | Literal[""] = "",
    parameters: Mapping[str, Any] | None = None,
    workers: int | None = None,
    stream: bool = False,
    resume: str = "",
    device: str | None = None,
) -> Result:
    """Train CRePE on a task, and try it on drums it never heard.

    Args:
        task: what to learn.
        config_path: a yaml file of parameters, over the defaults; '': none.
        wandb_config: arguments of `wandb.init`; None: a local run.
        exports_dir: this and all that follow are explained at `Options`.
        dataset_dir: see there.
        dataset_name: see there.
        parameters: see there.
        workers: see there.
        stream: see there.
        resume: see there.
        device: see there.

    Returns:
        The best model, and how it did on the third part of the dataset (unless `testing`).

    Raises:
        FileNotFoundError: there is no such yaml file or checkpoint.
        TypeError: a parameter of the wrong type.
        ValueError: a parameter that is unknown or makes no sense, or a checkpoint of another
            routine, before any drums are made; or a dataset of something else.
    """
    routine = Routine(exports_dir=exports_dir, wandb_config=wandb_config, device=device)
    if resume:
        routine.resume(resume)
    default = {**task.defaults, **(task.streaming if stream else {})}
    default = merge_parameters(default, ("parameters", parameters or {}))
    routine.setParameters(default, config_path=config_path)
    with seeded(routine.P["seed"], routine.device):
        routine.M = CRePE(**routine.P, outputs=task.model_input.outputs)
    routine.check(task.model_input, streaming=stream)
    drums = import_drums(routine, task, dataset_dir, dataset_name, workers)
    routine.use_input(task.model_input)
    if stream:
        routine.stream(*(task.fresh or (task.Sampler, task.settings)))
    routine.M.criterion = loss = DrumLoss(task.model_input, task.error)

    def innerTestingLoop(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        losses = loss.by_label(routine.M(x), y)
        routine.M.testing_loss["aggregate"] += losses.mean() / loop_length
        for label, value in zip(task.model_input.labels, losses, strict=True):
            routine.M.testing_loss[label] += value / loop_length

    routine.illustrate = lambda: figure_of(task, routine, drums)
    routine.train(innerTestingLoop)
    return Result.of(task, routine, drums)
