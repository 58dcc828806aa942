"""Checkpoints as trainings leave them."""

from pathlib import Path
from typing import Any

import torch

from kac_prediction.pipeline import ExportedModel, Model
from models_of_users import parameters


def save(path: Path, checkpoint: ExportedModel) -> None:
    """Write a checkpoint, as the package does."""
    torch.save(checkpoint, path)


def exported(model: Model, epoch: int = 0, **changes: Any) -> ExportedModel:
    """What the checkpoint of a model holds; a change to "absent" leaves something out."""
    checkpoint = {
        "dataset": {"dataset_size": 10},
        "hyperparameters": {**parameters(), **model.hyperparameters},
        "evaluation_loss": None,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": model.optimiser.state_dict(),
        "run_info": {
            "epoch": epoch,
            "exports_dir": "/somewhere",
            "id": "abc",
            "model": {"name": type(model).__name__, "version": "0.1.0"},
        },
        "testing_loss": None,
        "training_loss": 0.5,
        "format_version": 1,
        **changes,
    }
    return {key: value for key, value in checkpoint.items() if value != "absent"}  # type: ignore[return-value]
