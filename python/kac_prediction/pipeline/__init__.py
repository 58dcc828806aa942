"""From a dataset to a trained model."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .checkpoint import ExportedModel, ModelInfo, RunInfo, read_checkpoint
    from .early_stopping import EarlyStopping
    from .installing.download import download_dataset
    from .installing.family import generate_family
    from .loading import loadModel
    from .model import Model
    from .model_input import ModelInput
    from .parameters import Parameters
    from .routine import Routine
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "checkpoint": "ExportedModel ModelInfo RunInfo read_checkpoint",
            "early_stopping": "EarlyStopping",
            "installing.download": "download_dataset",
            "installing.family": "generate_family",
            "loading": "loadModel",
            "model": "Model",
            "model_input": "ModelInput",
            "parameters": "Parameters",
            "routine": "Routine",
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
    "download_dataset",
    "generate_family",
    "loadModel",
    "read_checkpoint",
]
