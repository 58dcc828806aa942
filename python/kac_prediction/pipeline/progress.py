"""What a checkpoint keeps of a training under way, so that it can go on to the same end."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import torch

from .._files import plain
from ..dataset import TorchDataset
from .checkpoint import LAST, ExportedModel, read_checkpoint
from .early_stopping import EarlyStopping
from .model import Model
from .split import Parts
from .tracking.tracker import Record

logger = logging.getLogger(__name__)


def progress_of(
    parts: Parts,
    stopping: EarlyStopping,
    history: Sequence[Record],
    random: list[dict[str, Any]],
    streaming: bool,
) -> dict[str, Any]:
    """What a training needs to go on, beside the model and its optimiser.

    Args:
        parts: indices of the samples of each of the three parts.
        stopping: of early stopping, as it stands.
        history: one record an epoch.
        random: the states of the random generators of each process, by its rank.
        streaming: whether it learns from fresh drums.
    """
    return {
        "split": list(parts),
        "stopping": {"best": stopping.best, "waited": stopping.waited},
        "history": plain(list(history)),
        "random": random,
        "streaming": streaming,
    }


def resumable(path: str | Path) -> tuple[Path, ExportedModel]:
    """Read the checkpoint that a training is to go on from.

    Args:
        path: a checkpoint, or the directory of a run, which stands for its `last.pt`.

    Returns:
        The file, and what it holds.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: it is not a checkpoint, or an older one, which does not say how far it was.
    """
    file = Path(path)
    if file.is_dir():
        file /= LAST
    checkpoint = read_checkpoint(file)
    if "progress" not in checkpoint:
        raise ValueError(
            f"{file} does not hold what a training needs to go on: it is of an older version. Load"
            " it with loadModel, and train that model anew"
        )
    return file, checkpoint


def go_on(
    checkpoint: ExportedModel,
    model: Model,
    stopping: EarlyStopping,
    history: list[Record],
    parameters: Mapping[str, Any],
) -> None:
    """Put a model, its optimiser and all else back to where a checkpoint left them.

    A learning rate that is asked for otherwise than then stays as the model was built with it.

    Raises:
        ValueError: the checkpoint is of another model.
    """
    info = checkpoint["run_info"]["model"]
    if info is not None and info["name"] != type(model).__name__:
        raise ValueError(
            f"the checkpoint to go on from holds a {info['name']}, but routine.M is a"
            f" {type(model).__name__}"
        )
    rates = [group.get("lr") for group in model.optimiser.param_groups]
    try:
        model.load_state_dict(checkpoint["model_state_dict"])
        model.optimiser.load_state_dict(checkpoint["optimizer_state_dict"])
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"the checkpoint to go on from does not fit routine.M: {error}") from error
    if parameters.get("learning_rate") != checkpoint["hyperparameters"].get("learning_rate"):
        for group, rate in zip(model.optimiser.param_groups, rates, strict=True):
            group["lr"] = group["initial_lr"] = rate
    kept = checkpoint["progress"]
    stopping.best, stopping.waited = kept["stopping"]["best"], kept["stopping"]["waited"]
    history[:] = kept["history"]


def check_same(
    checkpoint: ExportedModel,
    dataset: TorchDataset,
    parts: Parts,
    parameters: Mapping[str, Any],
    streaming: bool,
) -> None:
    """Refuse to go on with other data, which would leak what was learnt into what is measured.

    Other parameters are allowed, and said: more epochs are what resuming is often for.

    Raises:
        ValueError: the dataset, or its split, is not that of the checkpoint; or one learns from
            fresh drums and the other does not; or another optimiser is to go on.
    """
    was, now = checkpoint["dataset"], dataset.info
    different = [key for key in was if key in now and was[key] != now[key]]
    if different:
        raise ValueError(
            f"the training to go on with had a dataset with other {', '.join(different)}: give"
            f" importDataset that dataset, not {dataset.dataset_dir}"
        )
    split = cast("list[torch.Tensor]", checkpoint["progress"]["split"])
    if not all(old.equal(new.cpu()) for old, new in zip(split, parts, strict=True)):
        raise ValueError(
            "the dataset would be divided otherwise than in the training to go on with: give the"
            " same dataset_split, seed and testing"
        )
    if checkpoint["progress"]["streaming"] != streaming:
        other = "the dataset" if streaming else "fresh drums"
        raise ValueError(
            f"the training to go on with learnt from {other}, which this one would not: call"
            " routine.stream (--stream) for both or for none"
        )
    stored = checkpoint["hyperparameters"]
    if (
        "optimiser" in stored
        and parameters.get("optimiser", stored["optimiser"]) != (stored["optimiser"])
    ):
        raise ValueError(
            f"the training to go on with has the state of the optimiser {stored['optimiser']}, of"
            f" which {parameters['optimiser']} can make nothing: ask for the same"
        )
    for key, value in plain(dict(parameters)).items():
        if key in stored and stored[key] != value:
            logger.warning("going on with %s = %r, which was %r", key, value, stored[key])
