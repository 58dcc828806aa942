"""DimOfRectangularDrum: train CRePE to predict the dimensions of a rectangular drum."""

from typing import Any, Final

from typing_extensions import Unpack

from ..pipeline import ModelInput
from ..samplers import Datasets
from ..samplers.published import PUBLISHED_DATASETS
from .result import Result
from .task import DEFAULTS, Options, Task
from .train import train_task

PUBLISHED: Final[Datasets] = "5000-rectangular-drums-of-varying-dimension"

TASK: Final = Task(
    name="DimOfRectangularDrum",
    # The sides are drum_size times and over sqrt(aspect_ratio).
    model_input=ModelInput(
        sample_rate=48000,
        length=1024,
        labels=("drum_size", "aspect_ratio"),
        units=("m", ""),
        scales=("log", "log"),
    ),
    Sampler=PUBLISHED_DATASETS[PUBLISHED].sampler,
    settings=PUBLISHED_DATASETS[PUBLISHED].settings,
    directory="rectangular-drums",
    defaults={**DEFAULTS, "num_of_epochs": 50},
    family="rectangle",
    published=PUBLISHED,
)
"""bin/config/local/dim_of_rectangular_drum.yaml holds the same defaults."""


def DimOfRectangularDrum(
    config_path: str = "", wandb_config: dict[str, Any] | None = None, **options: Unpack[Options]
) -> Result:
    """Train CRePE to predict size and aspect ratio of a rectangle; evaluate it on unseen ones.

    See `train_task` for the arguments and errors.
    """
    return train_task(TASK, config_path, wandb_config, **options)
