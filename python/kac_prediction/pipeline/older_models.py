"""Models of older programs, whose files lack a format version: what they predict, in our terms.

Those programs rendered a second of sound, normalised it, and let the network hear the first 1024
samples of it. Their networks predicted labels in the scale of their time. No file says which column
is which label, and the order was changed once.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import torch

from ..dataset.legacy import legacy_scale, sampler_info
from .info import ExportedModel
from .model import Model
from .model_input import ModelInput

logger = logging.getLogger(__name__)

_UNITS: Final[Mapping[str, str]] = MappingProxyType({"aspect_ratio": "", "drum_size": "m"})
_LABELS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"BesselModel": ("drum_size",), "PoissonModel": ("drum_size", "aspect_ratio")}
)
"""What the models trained on the sounds of a sampler predict, in the order of the last programs."""

_REORDERED: Final = "20231101"
# wandb names the folder of a run by when it began: .../run-20231014_091500-1a2b3c4d/files
_WANDB_RUN: Final = re.compile(r"run-(\d{8})_\d{6}-")
_DECAY_TIME: Final = 2.0  # seconds, of the older samplers where a file does not say


def translate(
    model: Model, checkpoint: ExportedModel, file: Path, labels: Sequence[str] | None = None
) -> None:
    """Let a model of an older file predict in the conventions of this package.

    What it takes becomes `model.model_input`: whole sounds, which are normalised, and which the
    model crops itself. Its output layer is multiplied by the scale of the older labels, so that
    `drum_size` comes out as the square root of the area, in metres. Where the file does not say
    enough for that, the model stays as it was trained, and a line of the log says why.

    Args:
        model: as loaded.
        checkpoint: what it was loaded from.
        file: where that is.
        labels: the names of its outputs, in their order; None: as far as the file tells.

    Raises:
        ValueError: labels were given, and they cannot be those of this model.
    """
    layer = getattr(model, "linear", None)
    try:
        if not (getattr(model, "crops", False) and isinstance(layer, torch.nn.Linear)):
            raise ValueError(f"how {type(model).__name__} took its sounds is not known")
        dataset = _dataset(checkpoint, file)
        scale = legacy_scale(dataset["sampler"])
        names = _labels(dataset["sampler"]["name"], layer.out_features, checkpoint, labels)
        model_input = _recipe(dataset, names)
    except (ValueError, TypeError, KeyError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        if labels is not None:
            raise ValueError(f"{file} has no outputs {', '.join(labels)}: {reason}") from error
        logger.warning("%s predicts in the terms of an older program: %s", file, reason)
        return
    factors = torch.tensor([scale if name == "drum_size" else 1.0 for name in names])
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.mul_(factors.to(parameter).reshape(-1, *[1] * (parameter.ndim - 1)))
    model.model_input, model.dataset = model_input, dataset


def _dataset(checkpoint: ExportedModel, file: Path) -> dict[str, Any]:
    """What the file says of the dataset, in our terms: who made it, and a decay time by 60 dB."""
    dataset = dict(checkpoint["dataset"])
    settings = dict(dataset["sampler_settings"])
    # Older sounds fell by 120 dB in that time.
    settings["decay_time"] = settings.get("decay_time", _DECAY_TIME) / 2
    sampler = sampler_info(file, dataset["sampler"])
    return {**dataset, "sampler": sampler, "sampler_settings": settings}


def _recipe(dataset: Mapping[str, Any], labels: tuple[str, ...]) -> ModelInput:
    """What a model takes that was trained on this dataset."""
    settings, representation = dataset["sampler_settings"], dataset["representation_settings"]
    if representation["output_type"] != "end2end":
        raise ValueError(f"it heard no waves, but {representation['output_type']!r}")
    return ModelInput(
        sample_rate=settings["sample_rate"],
        length=int(settings["duration"] * settings["sample_rate"]),
        labels=labels,
        units=tuple(_UNITS[label] for label in labels),
        normalise=representation["normalise_input"],
    )


def _labels(
    sampler: str, outputs: int, checkpoint: ExportedModel, asked: Sequence[str] | None
) -> tuple[str, ...]:
    """The names of the outputs, in their order.

    Raises:
        ValueError: they cannot be known, or are not those asked for.
    """
    known = _LABELS[sampler]
    if asked is not None:
        if len(asked) != outputs or len(set(asked)) != outputs or not set(asked) <= set(known):
            raise ValueError(f"it has {outputs}, among {', '.join(known)}")
        return tuple(asked)
    if outputs != len(known):
        raise ValueError(f"what its {outputs} outputs are is not known. {_remedy(known)}")
    if outputs == 1:
        return known
    orders = _orders(checkpoint, known)
    if len(orders) != 1:
        raise ValueError(
            "before November 2023 its outputs were aspect_ratio and drum_size, from then on "
            "drum_size and aspect_ratio, and the file does not tell when it was made. "
            f"{_remedy(known[::-1])}"
        )
    return orders.pop()


def _orders(checkpoint: ExportedModel, known: tuple[str, ...]) -> set[tuple[str, ...]]:
    """The orders that the traces of its time in a file speak for.

    They are the folder of a run of wandb, and `outputs` among the hyperparameters, where the last
    programs alone kept it.
    """
    orders = set()
    run = _WANDB_RUN.search(str(checkpoint["run_info"].get("exports_dir")))
    if run is not None:
        orders.add(known[::-1] if run[1] < _REORDERED else known)
    if "outputs" in checkpoint["hyperparameters"]:
        orders.add(known)
    return orders


def _remedy(labels: Sequence[str]) -> str:
    named = ", ".join(f'"{label}"' for label in labels)
    return f"If you know them, say so: loadModel(..., labels=({named}{',' * (len(labels) == 1)}))"
