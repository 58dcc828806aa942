"""DimOfRectangularDrum: train CRePE to hear the size and the aspect ratio of a rectangular drum."""

from typing import Any, Final

from typing_extensions import Unpack

from ..architecture import CRePE
from ..pipeline import ModelInput
from ..samplers import Datasets
from ..samplers.published import PUBLISHED_DATASETS
from .result import Result
from .task import RECIPE, Options, Task
from .training import train_task

PUBLISHED: Final[Datasets] = "5000-rectangular-drums-of-varying-dimension"

INPUT: Final = ModelInput(
    sample_rate=48000,
    length=1024,
    labels=("drum_size", "aspect_ratio"),
    units=("m", ""),
    scales=("log", "log"),
)
"""What the model hears, and says: the sides are drum_size times and over sqrt(aspect_ratio)."""

DEFAULTS: Final[CRePE.ModelHyperParameters] = {**RECIPE, "num_of_epochs": 50}
"""The parameters; bin/config/local/dim_of_rectangular_drum.yaml agrees."""

TASK: Final = Task(
    name="DimOfRectangularDrum",
    model_input=INPUT,
    Sampler=PUBLISHED_DATASETS[PUBLISHED].sampler,
    settings=PUBLISHED_DATASETS[PUBLISHED].settings,
    place="rectangular-drums",
    defaults=DEFAULTS,
    family="rectangle",
    published=PUBLISHED,
)


def DimOfRectangularDrum(
    config_path: str = "", wandb_config: dict[str, Any] | None = None, **options: Unpack[Options]
) -> Result:
    """Train CRePE to hear the dimensions of a rectangular drum, and try it on unheard ones.

    Args:
        config_path: a yaml file of parameters, over the defaults; '': none.
        wandb_config: arguments of `wandb.init`; None: a local run.
        options: see `Options`.

    Returns:
        The best model, and how it did on the third part of the dataset (unless `testing`).

    Raises:
        FileNotFoundError: there is no such yaml file or checkpoint.
        TypeError: a parameter of the wrong type.
        ValueError: a parameter that makes no sense, or a dataset of something else.
    """
    return train_task(TASK, config_path, wandb_config, **options)
