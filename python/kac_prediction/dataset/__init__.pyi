from .export import exportDataset
from .generate import generateDataset
from .regenerate import regenerateDataPoints
from .representation import InputRepresentation, RepresentationSettings
from .sampler import AudioSampler, SamplerInfo, SamplerSettings, classLocalsToKwargs
from .storage import DatasetError
from .streaming import StreamingDataset
from .torch_dataset import TorchDataset, loadDataset
from .transform import transformDataset

__all__ = [
    "AudioSampler",
    "DatasetError",
    "InputRepresentation",
    "RepresentationSettings",
    "SamplerInfo",
    "SamplerSettings",
    "StreamingDataset",
    "TorchDataset",
    "classLocalsToKwargs",
    "exportDataset",
    "generateDataset",
    "loadDataset",
    "regenerateDataPoints",
    "transformDataset",
]
