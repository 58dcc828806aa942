"""From a dataset to a trained model and its predictions."""

from .checkpoint import read_checkpoint
from .early_stopping import EarlyStopping
from .info import ExportedModel, ModelInfo, RunInfo
from .installing.download import download_dataset
from .installing.family import generate_family
from .loading import loadModel
from .model import Model
from .model_input import ModelInput
from .parameters import Parameters
from .predict import drum_heard, predict, predict_file
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
    "drum_heard",
    "generate_family",
    "loadModel",
    "predict",
    "predict_file",
    "read_checkpoint",
]
