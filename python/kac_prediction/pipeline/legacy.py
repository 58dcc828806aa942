"""Legacy checkpoints, of kac_prediction before 0.1: their models converted to its conventions.

Those programs rendered a second of sound, normalised it, and gave the network its first 1024
samples. Labels had a scale of their time, no file names them, and their order was changed once.
"""

import logging
import re
from collections.abc import Sequence
from pathlib import Path

import torch

from .._checks import MALFORMED, brief, check_number, reason
from ..dataset.legacy import legacy_scale, sampler_info
from .checkpoint import ExportedModel
from .model import Model
from .model_input import ModelInput

logger = logging.getLogger(__name__)

# The labels of a sampler's sounds, in the order of the last programs, from _REORDERED on.
_LABELS = {"BesselModel": ("drum_size",), "PoissonModel": ("drum_size", "aspect_ratio")}
_REORDERED = "20231101"
# wandb names the folder of a run by when it began: .../run-20231014_091500-1a2b3c4d/files
_WANDB_RUN = re.compile(r"run-(\d{8})_\d{6}-")
_DECAY_TIME = 2.0  # seconds, of the legacy samplers where a file does not say


def convert_legacy(
    model: Model, checkpoint: ExportedModel, file: Path, labels: Sequence[str] | None = None
) -> None:
    """Let the model of a legacy file predict in the conventions of this package.

    Its input becomes whole sounds, which are normalised, and which it crops itself. Its output
    layer is multiplied by the scale of the legacy labels, so that `drum_size` comes out as the
    square root of the area, in metres. Where the file lacks what is needed for that, the model
    stays as it was trained, with a warning; if `labels` were given, ValueError is raised.
    """
    layer = getattr(model, "linear", None)
    try:
        if not (getattr(model, "crops", False) and isinstance(layer, torch.nn.Linear)):
            raise ValueError(f"how {type(model).__name__} took its sounds is not known")
        dataset = dict(checkpoint["dataset"])
        settings, representation = dataset["sampler_settings"], dataset["representation_settings"]
        decay_time = check_number("decay_time", settings.get("decay_time", _DECAY_TIME))
        dataset["sampler"] = sampler_info(file, dataset["sampler"])
        dataset["sampler_settings"] = {**settings, "decay_time": decay_time / 2}  # to 60 dB
        scale = legacy_scale(dataset["sampler"], settings)
        names = _output_labels(dataset["sampler"]["name"], layer.out_features, checkpoint, labels)
        if representation["output_type"] != "end2end":
            raise ValueError(
                f"its input was not the wave, but {brief(representation['output_type'])}"
            )
        duration = check_number("duration", settings["duration"])
        model_input = ModelInput(
            sample_rate=settings["sample_rate"],
            length=int(duration * check_number("sample_rate", settings["sample_rate"])),
            labels=names,
            units=tuple("m" if name == "drum_size" else "" for name in names),
            normalise=representation["normalise_input"],
        )
    except MALFORMED as error:
        if labels is not None:
            raise ValueError(
                f"{file} has no outputs {', '.join(labels)}: {reason(error)}"
            ) from error
        logger.warning("%s predicts in the terms of a legacy program: %s", file, reason(error))
        return
    factors = torch.tensor([scale if name == "drum_size" else 1.0 for name in names])
    with torch.no_grad():
        layer.weight.mul_(factors.to(layer.weight)[:, None])
        if layer.bias is not None:
            layer.bias.mul_(factors.to(layer.bias))
    model.model_input, model.dataset = model_input, dataset


def _output_labels(
    sampler: str, outputs: int, checkpoint: ExportedModel, asked: Sequence[str] | None
) -> tuple[str, ...]:
    """Return the names of the outputs, in their order; raise ValueError if it cannot be known."""
    known = _LABELS[sampler]
    if asked is not None:
        if len(asked) != outputs or len(set(asked)) != outputs or not set(asked) <= set(known):
            raise ValueError(f"it has {outputs}, among {', '.join(known)}")
        return tuple(asked)
    example = ", ".join(f'"{name}"' for name in known[::-1]) + "," * (len(known) == 1)
    remedy = f"If you know them, say so: loadModel(..., labels=({example}))"
    if outputs != len(known):
        raise ValueError(f"what its {outputs} outputs are is not known. {remedy}")
    # The last programs alone kept `outputs`; of others, the folder of a run of wandb may tell.
    run = _WANDB_RUN.search(str(checkpoint["run_info"].get("exports_dir")))
    orders = {known} if outputs == 1 or "outputs" in checkpoint["hyperparameters"] else set()
    if outputs > 1 and run is not None:
        orders.add(known[::-1] if run[1] < _REORDERED else known)
    if len(orders) != 1:
        raise ValueError(
            "before November 2023 its outputs were aspect_ratio and drum_size, from then on "
            f"drum_size and aspect_ratio, and the file does not tell when it was made. {remedy}"
        )
    return orders.pop()
