"""Train a task: the one training that all routines share."""

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import torch

from ..architecture import CRePE
from ..dataset import loadDataset
from ..dataset.legacy import current_labels
from ..dataset.storage import DatasetDirectory
from ..evaluation import LabelledSounds
from ..pipeline import ModelInput, Routine
from ..pipeline.training.options import merge_parameters
from ..pipeline.training.resume import resumable, seeded
from ..samplers import Datasets
from .criterion import DrumLoss
from .result import Result, training_figure
from .task import Task

logger = logging.getLogger(__name__)

DATA: Final = Path("data")
"""Where datasets are installed and made, in the current directory."""


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
    """Train CRePE on a task, and evaluate the best checkpoint on the test set (unless `testing`).

    `config_path` is a yaml file of parameters ('': none), `wandb_config` holds the arguments of
    `wandb.init` (None: a local run), and `Options` explains all others.

    Raises:
        FileNotFoundError: there is no such yaml file or checkpoint.
        TypeError: a parameter of the wrong type.
        ValueError: an unknown parameter or a wrong value, a checkpoint of another task, or a
            dataset of other drums; before any drum is synthesised.
    """
    if dataset_name and dataset_name != task.published:
        known = f"{task.published}, or on " if task.published else ""
        raise ValueError(f"{task.name} trains on {known}drums made here, not on {dataset_name!r}.")
    if resume:
        _check_checkpoint(task, resume)
    routine = Routine(exports_dir=exports_dir, wandb_config=wandb_config, device=device)
    if resume:
        routine.resume(resume)
    defaults = {**task.defaults, **(task.streaming if stream else {})}
    defaults = merge_parameters(defaults, ("parameters", parameters or {}))
    routine.setParameters(defaults, config_path=config_path)
    with seeded(routine.P["seed"], routine.device):
        routine.M = CRePE(**routine.P, outputs=task.model_input.outputs)
    routine.M.criterion = loss = DrumLoss(task.model_input, task.error)
    routine.check(task.model_input, streaming=stream)
    sounds = _import_sounds(routine, task, dataset_dir, dataset_name, workers)
    routine.use_input(task.model_input)
    if stream:
        routine.stream(*(task.streaming_source or (task.Sampler, task.settings)))

    def innerTestingLoop(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        losses = loss.by_label(routine.M(x), y)
        routine.M.testing_loss["aggregate"] += losses.mean() / loop_length
        for label, value in zip(task.model_input.labels, losses, strict=True):
            routine.M.testing_loss[label] += value / loop_length

    routine.illustrate = lambda: training_figure(task, routine, sounds)
    routine.train(innerTestingLoop)
    return Result.of(task, routine, sounds)


def _check_checkpoint(task: Task, path: str) -> None:
    """Raise ValueError unless a checkpoint is of a training on the same task."""
    _, checkpoint = resumable(path)
    sampler, recipe = checkpoint["dataset"]["sampler"]["name"], checkpoint.get("model_input")
    same = recipe is not None and ModelInput.from_dict(recipe) == task.model_input
    if not same or sampler != task.Sampler.__name__:
        labels = recipe["labels"] if recipe else ["labels without names"]
        raise ValueError(
            f"{path} predicts {', '.join(labels)} of drums by {sampler}: it cannot be resumed by "
            f"{task.name}, which predicts {', '.join(task.model_input.labels)} of drums by "
            f"{task.Sampler.__name__}, of {task.model_input.length} samples each."
        )


def _import_sounds(
    routine: Routine, task: Task, dataset_dir: str, dataset_name: str, workers: int | None
) -> LabelledSounds:
    """Set `routine.D`, with the labels that the task needs; return it as it is now."""
    directory = Path(dataset_dir) if dataset_dir else DATA / task.directory
    installed = DATA / task.published
    if not dataset_dir and (dataset_name or (task.published and _has_sizes(installed))):
        directory = installed
    settings = task.settings
    if dataset_name or DatasetDirectory(str(directory)).holds_dataset():
        # Drums of any size and duration will do, if they are of these shapes.
        shapes = ("arbitrary_shape", "family")
        settings = {key: value for key, value in settings.items() if key in shapes}
    routine.importDataset(
        str(directory),
        dataset_name=task.published if dataset_name else "",
        LocalSampler=task.Sampler,
        representation_settings={"normalise_input": False, "output_type": "end2end"},
        sampler_settings=settings,
        workers=workers,
    )
    logger.info("drums of %s", directory)
    labels = current_labels(routine.D)
    routine.D.Y = labels = task.add_labels(labels) if task.add_labels else labels
    made = routine.D.sampler_settings
    speed = math.sqrt(made.get("tension", 2000.0) / made.get("material_density", 0.2))
    return LabelledSounds(routine.D.X, labels, made["sample_rate"], speed)


def _has_sizes(directory: Path) -> bool:
    """Return whether a directory holds a dataset with the label `drum_size`."""
    if not DatasetDirectory(str(directory)).holds_dataset():
        return False
    dataset = loadDataset(str(directory))
    known = len(dataset) > 0 and "drum_size" in dataset[0][1]
    if not known:
        logger.warning("%s does not say how large its drums are: it is not used", directory)
    return known
