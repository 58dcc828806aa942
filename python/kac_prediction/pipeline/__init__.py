"""From a dataset to a trained model."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .checkpoint import ExportedModel, ModelInfo, RunInfo, read_checkpoint
    from .datasets.importing import generate_family
    from .datasets.install import download_dataset
    from .loading import loadModel
    from .model import Model
    from .model_input import ModelInput
    from .training.early_stopping import EarlyStopping
    from .training.options import Parameters, TrainingOptions
    from .training.routine import Routine
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "checkpoint": "ExportedModel ModelInfo RunInfo read_checkpoint",
            "datasets.importing": "generate_family",
            "datasets.install": "download_dataset",
            "loading": "loadModel",
            "model": "Model",
            "model_input": "ModelInput",
            "training.early_stopping": "EarlyStopping",
            "training.options": "Parameters TrainingOptions",
            "training.routine": "Routine",
        },
    )

__all__ = [
    "EarlyStopping",
    "ExportedModel",
    "Model",
    "ModelInfo",
    "ModelInput",
    "Parameters",
    "Routine",
    "RunInfo",
    "TrainingOptions",
    "download_dataset",
    "generate_family",
    "loadModel",
    "read_checkpoint",
]
