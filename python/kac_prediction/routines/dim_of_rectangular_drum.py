"""DimOfRectangularDrum: predict the size and the aspect ratio of a rectangular drum."""

from typing import Final

from ..pipeline import ModelInput
from ..samplers.published import PUBLISHED_DATASETS
from .task import DEFAULTS, Task

DimOfRectangularDrum: Final = Task(
    name="DimOfRectangularDrum",
    # The sides are drum_size times and over sqrt(aspect_ratio).
    model_input=ModelInput(
        sample_rate=48000,
        length=1024,
        labels=("drum_size", "aspect_ratio"),
        units=("m", ""),
        scales=("log", "log"),
        align_polarity=True,
    ),
    Sampler=PUBLISHED_DATASETS["5000-rectangular-drums-of-varying-dimension"].sampler,
    settings=PUBLISHED_DATASETS["5000-rectangular-drums-of-varying-dimension"].settings,
    directory="rectangular-drums",
    defaults={**DEFAULTS, "num_of_epochs": 50},
    family="rectangle",
    published="5000-rectangular-drums-of-varying-dimension",
)
