"""Resuming a training: what a checkpoint keeps of its progress, and how it is restored."""

import logging
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn.parameter import is_lazy

from ..._checks import MALFORMED, brief, reason
from ..._files import plain
from ...dataset import TorchDataset
from ..checkpoint import LAST, ExportedModel
from ..checkpoint_reader import read_checkpoint
from ..model import Model, load_weights
from ..model_input import ModelInput
from .batches import Split
from .progress import check_optimiser, check_progress

logger = logging.getLogger(__name__)


def resumable(path: str | Path) -> tuple[Path, ExportedModel]:
    """Return the file to resume from (a directory stands for its `last.pt`), and what it holds."""
    file = Path(path)
    if file.is_dir():
        file /= LAST
    checkpoint = read_checkpoint(file)
    if "progress" not in checkpoint:
        raise ValueError(
            f"{file} does not hold what a training needs to go on: it is of an older version. Load"
            " it with loadModel, and train that model anew"
        )
    try:
        check_progress(checkpoint)
    except MALFORMED as error:
        raise ValueError(
            f"{file} cannot be resumed, for no training writes such a file: {reason(error)}"
        ) from error
    return file, checkpoint


def check_model(
    checkpoint: ExportedModel,
    model: Model,
    parameters: Mapping[str, Any],
    model_input: ModelInput | None = None,
) -> None:
    """Refuse to resume with another model, another optimiser or (where known) other inputs."""
    info = checkpoint["run_info"]["model"]
    if info is not None and info["name"] != type(model).__name__:
        raise ValueError(
            f"the checkpoint to resume from holds a {info['name']:.100}, but routine.M is a"
            f" {type(model).__name__}"
        )
    for name, tensor in model.state_dict().items():
        stored: Any = checkpoint["model_state_dict"].get(name)
        both = isinstance(stored, torch.Tensor) and isinstance(tensor, torch.Tensor)
        if both and not is_lazy(tensor) and stored.shape != tensor.shape:
            raise ValueError(
                f"the checkpoint to resume from does not fit routine.M: {name} has the shape"
                f" {tuple(stored.shape)} there, but {tuple(tensor.shape)} here"
            )
    now = model_input or model.model_input
    if "model_input" in checkpoint and now is not None:
        was = ModelInput.from_dict(checkpoint["model_input"])
        for each in fields(was):
            old, new = getattr(was, each.name), getattr(now, each.name)
            if old != new:
                raise ValueError(
                    "the checkpoint to resume from is of a model of other inputs:"
                    f" {each.name} was {brief(old)} and now is {brief(new)}"
                )
    optimiser = checkpoint["hyperparameters"].get("optimiser")
    if optimiser is not None and parameters.get("optimiser", optimiser) != optimiser:
        raise ValueError(
            f"the training to resume has the state of the optimiser {optimiser!s:.100}, which"
            f" {parameters['optimiser']} cannot use: ask for the same"
        )


def check_streaming(checkpoint: ExportedModel, streaming: bool) -> None:
    """Refuse to stream what was not streamed, and vice versa."""
    if checkpoint["progress"]["streaming"] != streaming:
        source = "the dataset" if streaming else "sounds synthesised on the fly"
        raise ValueError(
            f"the training to resume learnt from {source}, which this one would not: call"
            " routine.stream (--stream) for both or for neither"
        )


def check_data(checkpoint: ExportedModel, dataset: TorchDataset, split: Split) -> None:
    """Refuse to resume with other data, which would leak from training into validation and test."""
    was, now = checkpoint["dataset"], dataset.info
    different = [key for key in was if key in now and was[key] != now[key]]
    if different:
        raise ValueError(
            f"the training to resume had a dataset with other {', '.join(different)}: give"
            f" importDataset that dataset, not {dataset.dataset_dir}"
        )
    stored: list[torch.Tensor] = checkpoint["progress"]["split"]
    if not all(old.equal(new.cpu()) for old, new in zip(stored, split, strict=True)):
        raise ValueError(
            "the dataset would be split otherwise than in the training to resume: give the same"
            " dataset_split, seed and testing"
        )


def restore(checkpoint: ExportedModel, model: Model, parameters: Mapping[str, Any]) -> None:
    """Restore a model, which must fit, and its optimiser; log which parameters have changed."""
    check_model(checkpoint, model, parameters)
    stored = checkpoint["hyperparameters"]
    for key, value in plain(dict(parameters)).items():
        if key in stored and stored[key] != value:
            logger.warning("resuming with %s = %r, which was %s", key, value, brief(stored[key]))
    groups = [dict(group) for group in model.optimiser.param_groups]
    rates = [group.get("lr") for group in groups]
    try:
        load_weights(model, checkpoint["model_state_dict"])
        model.optimiser.load_state_dict(checkpoint["optimizer_state_dict"])
        check_optimiser(model.optimiser, groups)
    except (RuntimeError, *MALFORMED) as error:
        raise ValueError(
            f"the checkpoint to resume from does not fit routine.M: {error}"
        ) from error
    # A rate that is now another one stays as the model was built with it.
    if parameters.get("learning_rate") != stored.get("learning_rate"):
        for group, rate in zip(model.optimiser.param_groups, rates, strict=True):
            group["lr"] = group["initial_lr"] = rate


def random_state(device: torch.device) -> dict[str, Any]:
    """Return the states of all random generators, as tensors and plain numbers."""
    legacy: Any = np.random.get_state()  # noqa: NPY002
    _, keys, place, has_gauss, gauss = legacy
    version, words, spare = random.getstate()
    state: dict[str, Any] = {
        "torch": torch.get_rng_state(),
        "numpy": [torch.tensor(keys.astype(np.int64)), int(place), int(has_gauss), float(gauss)],
        "python": [version, torch.tensor(words), spare],
    }
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(state: Mapping[str, Any], device: torch.device) -> None:
    """Restore the random state of a checkpoint; raise ValueError where it is none."""
    try:
        set_random_state(state, device)
    except (RuntimeError, *MALFORMED) as e:
        raise ValueError(f"the checkpoint to resume from has no random state: {e}") from e


def set_random_state(state: Mapping[str, Any], device: torch.device) -> None:
    """Restore what `random_state` returned."""
    torch.set_rng_state(state["torch"])
    keys, place, has_gauss, gauss = state["numpy"]
    legacy = ("MT19937", keys.numpy().astype(np.uint32), place, has_gauss, gauss)
    np.random.set_state(legacy)  # noqa: NPY002
    version, words, spare = state["python"]
    random.setstate((version, tuple(words.tolist()), spare))
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])


@contextmanager
def seeded(seed: int | None, device: torch.device) -> Iterator[None]:
    """Seed all random generators (None: leave them) in the block, and restore them after it."""
    before = random_state(device)
    try:
        if seed is not None:
            # Not torch.manual_seed, which would seed every device of the machine.
            torch.default_generator.manual_seed(seed)
            np.random.seed(seed % 2**32)  # noqa: NPY002
            random.seed(seed)
            if device.type == "cuda":
                with torch.cuda.device(device):
                    torch.cuda.manual_seed(seed)
            elif device.type == "mps":
                torch.mps.manual_seed(seed)
        yield
    finally:
        set_random_state(before, device)
