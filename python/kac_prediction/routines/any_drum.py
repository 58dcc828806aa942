"""AnyDrum: predict family, size, outline and decay of drums of any shape, from any recording."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

from .._files import replacing
from ..architecture import SpectralCNN
from ..geometry.radii import RADII
from ..listening.predicted_labels import run_model
from ..pipeline import ModelInput, read_checkpoint
from ..pipeline.training.synthesis import Source
from ..samplers import AnyShapeModel, BankModel, ModeBank, OtherSounds
from .criterion import DrumLoss
from .result import Result
from .task import Task

SHARES: Final = dict(zip(ModeBank.families, (0.03, 0.17, 0.15, 0.03, 0.31, 0.31), strict=True))
"""How often each family is in the bank: seldom where all of one are alike."""

SHAPES, SEED = 40000, 1
"""Of the bank of modes that the training hears; it takes two cores 20 minutes."""

COMPACT: Final = "any-drum.pt"
"""The checkpoint of a finished training as it ships: calibrated, in half precision."""

_OTHERS: Final = 0.1  # share of sounds that are no drum
_LEVEL: Final = 0.9  # of the intervals that are calibrated


@dataclass(frozen=True)
class _AnyDrum(Task):
    """A routine whose best model is calibrated, and written once more, small enough to ship."""

    def __call__(self, *args: Any, **options: Any) -> Result:
        """Train as `Task.__call__` does; `any-drum.pt` beside `best.pt` is the calibrated model."""
        result = super().__call__(*args, **options)
        if result.leader and isinstance(result.model, SpectralCNN):
            X, Y = torch.as_tensor(result.routine.D.X), torch.as_tensor(result.routine.D.Y)
            validation = result.routine.parts()[1]
            calibrate(result.model, X[validation], Y[validation])
            write_compact(result.model, result.best, result.best.with_name(COMPACT))
        return result


def bank_sources(directory: Path) -> list[Source]:
    """Return what the training hears: drums of a bank beside a dataset's directory, and others."""
    file = directory.with_name(f"{directory.name}.bank")
    file.parent.mkdir(parents=True, exist_ok=True)
    bank = (
        ModeBank(file) if file.exists() else ModeBank.make(file, SHAPES, families=SHARES, seed=SEED)
    )
    length = {"duration": 1.01, "sample_rate": 8000}  # moved onsets need more than a second
    drums = {
        **length,
        "bank": str(bank.path),
        "decay_time": (0.1, 10.0),
        "modes": (40, 20000),
        "precision": "single",
        "strike_width": (0.002, 0.03),
    }
    return [
        Source(BankModel, drums, share=1 - _OTHERS),
        Source(OtherSounds, length, share=_OTHERS),
    ]


def calibrate(model: SpectralCNN, X: torch.Tensor, Y: torch.Tensor) -> None:
    """Scale the spreads that a model predicts until 90 % of its intervals hold the truth.

    X and Y are inputs and targets of sounds that it has not learnt from.
    """
    model_input = model.model_input
    if model_input is None:
        raise ValueError("the model does not say what it hears: its model_input is None")
    outputs = run_model(model, X, model_input.outputs)
    numbers, spreads = model_input.split(outputs), model_input.log_spreads(outputs)
    targets = model_input.columns(Y.to(outputs))
    first = model_input.outputs - len(spreads)
    for place, (label, log_scale) in enumerate(spreads.items()):
        errors = (numbers[label] - targets[label]).abs() * torch.exp(-log_scale)
        held = torch.quantile(errors[errors.isfinite()], _LEVEL)
        with torch.no_grad():
            model.linear.bias[first + place] += torch.log(held / -math.log(1 - _LEVEL))


def write_compact(model: SpectralCNN, checkpoint: Path, path: Path) -> None:
    """Write a model of a checkpoint without its optimiser and its places, in half precision."""
    content = dict(read_checkpoint(checkpoint))
    content.pop("progress", None)
    content["optimizer_state_dict"] = {}
    content["run_info"] = {**content["run_info"], "exports_dir": ""}  # type: ignore[dict-item]
    content["model_state_dict"] = {
        name: value.half() if value.is_floating_point() else value
        for name, value in model.state_dict().items()
    }
    with replacing(path) as staged:
        torch.save(content, staged)


AnyDrum: Final = _AnyDrum(
    name="AnyDrum",
    model_input=ModelInput(
        sample_rate=8000,
        length=8000,
        labels=("family", "drum_size", "aspect_ratio", "outline", "decay_time"),
        units=("", "m", "", "", "s"),
        normalise=False,
        scales=("linear", "log", "log", "linear", "log"),
        classes={"family": (*ModeBank.families, "none")},
        sizes={"outline": RADII},
        spreads=("drum_size", "aspect_ratio", "decay_time"),
    ),
    Sampler=AnyShapeModel,
    settings={
        "duration": 1.01,
        "sample_rate": 8000,
        "decay_time": (0.3, 6.0),
        "strike_width": (0.002, 0.03),
        "precision": "single",
    },
    directory="any-drums",
    sources=bank_sources,
    always_streams=True,
    streaming={},
    network=SpectralCNN,
    loss=lambda model_input: DrumLoss(
        model_input,
        weights={"drum_size": 0.25, "aspect_ratio": 0.25, "outline": 40.0, "decay_time": 0.05},
        priors={"family": [*((1 - _OTHERS) * share for share in SHARES.values()), _OTHERS]},
    ),
    defaults=SpectralCNN.ModelHyperParameters(
        augment_band=0.15,
        augment_clicks=0.1,
        augment_clipping=0.05,
        augment_coding=0.05,
        augment_damping=0.2,
        augment_lead=0.003,
        augment_noise=-10.0,
        augment_noise_window=1024 / 48000,
        augment_offset=0.1,
        augment_onset=0.002,
        augment_polarity=0.5,
        augment_quantise=0.05,
        augment_room=0.25,
        augment_second_drum=0.1,
        augment_truncate=0.2,
        batch_size=64,
        dataset_size=1500,
        dataset_split=(0.02, 0.48, 0.5),
        hidden=256,
        learning_rate=3e-3,
        num_of_epochs=12,
        schedule="one_cycle",
        seed=0,
        steps_per_epoch=1000,
        testing=False,
        weight_decay=1e-3,
        width=64,
        with_early_stopping=False,
    ),
)
