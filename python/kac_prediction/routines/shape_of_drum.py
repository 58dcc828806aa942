"""ShapeOfDrum: train CRePE to predict the family of shapes of a drum, and its dimensions."""

from typing import Any, Final

from typing_extensions import Unpack

from ..pipeline import ModelInput
from ..samplers import FAMILIES, MixedModel
from .result import Result
from .task import DEFAULTS, Options, Task
from .train import train_task

TASK: Final = Task(
    name="ShapeOfDrum",
    model_input=ModelInput(
        sample_rate=48000,
        length=1024,
        labels=("family", "drum_size", "aspect_ratio"),
        units=("", "m", ""),
        scales=("linear", "log", "log"),
        classes={"family": FAMILIES},
    ),
    Sampler=MixedModel,
    settings={"duration": 0.1, "sample_rate": 48000},
    directory="mixed-drums",
    defaults={**DEFAULTS, "dataset_size": 6000},
)
"""bin/config/local/shape_of_drum.yaml holds the same defaults."""


def ShapeOfDrum(
    config_path: str = "", wandb_config: dict[str, Any] | None = None, **options: Unpack[Options]
) -> Result:
    """Train CRePE to predict whether a drum is a circle, a rectangle or a polygon, and its size.

    All drums come from one solver, `MixedModel`, and never from the published sets: their circles
    and rectangles are sums of modes, their polygons simulated on a grid, and a model would learn to
    tell the solvers apart, which is easier than shapes.

    See `train_task` for the arguments and errors.
    """
    return train_task(TASK, config_path, wandb_config, **options)
