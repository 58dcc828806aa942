"""Datasets of labelled sounds: samplers, representations, and what is done with them."""

from typing import TYPE_CHECKING

from .._lazy import lazy_names

if TYPE_CHECKING:
    from .export import exportDataset
    from .generate import generateDataset
    from .load import loadDataset
    from .regenerate import regenerateDataPoints
    from .representation import InputRepresentation, RepresentationSettings
    from .sampler import AudioSampler, SamplerInfo, SamplerSettings, classLocalsToKwargs
    from .storage import DatasetError
    from .streaming import StreamingDataset
    from .torch_dataset import TorchDataset
    from .transform import transformDataset
else:
    __getattr__, __dir__ = lazy_names(
        __name__,
        {
            "export": "exportDataset",
            "generate": "generateDataset",
            "load": "loadDataset",
            "regenerate": "regenerateDataPoints",
            "representation": "InputRepresentation RepresentationSettings",
            "sampler": "AudioSampler SamplerInfo SamplerSettings classLocalsToKwargs",
            "storage": "DatasetError",
            "streaming": "StreamingDataset",
            "torch_dataset": "TorchDataset",
            "transform": "transformDataset",
        },
    )

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
