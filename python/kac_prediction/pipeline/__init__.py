"""From a dataset to a trained model."""

from .checkpoint import read_checkpoint
from .early_stopping import EarlyStopping
from .info import ExportedModel, ModelInfo, RunInfo
from .installing.download import download_dataset
from .installing.family import generate_family
from .loading import loadModel
from .model import Model
from .model_input import ModelInput
from .parameters import Parameters
from .routine import Routine

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
