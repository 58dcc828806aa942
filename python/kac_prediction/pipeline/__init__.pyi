from .checkpoint import ExportedModel, ModelInfo, RunInfo
from .checkpoint_reader import read_checkpoint
from .datasets.importing import generate_family
from .datasets.install import download_dataset
from .loading import loadModel
from .model import Model
from .model_input import ModelInput
from .module import as_model
from .training.options import Parameters, TrainingOptions
from .training.routine import Routine
from .training.schedule import EarlyStopping

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
    "as_model",
    "download_dataset",
    "generate_family",
    "loadModel",
    "read_checkpoint",
]
