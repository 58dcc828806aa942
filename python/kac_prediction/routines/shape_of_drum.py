"""ShapeOfDrum: train CRePE to hear which family of shapes a drum is of, and its dimensions."""

from typing import Any, Final

from typing_extensions import Unpack

from ..architecture import CRePE
from ..pipeline import ModelInput
from ..samplers import FAMILIES, MixedModel
from .result import Result
from .task import RECIPE, Options, Task
from .training import train_task

INPUT: Final = ModelInput(
    sample_rate=48000,
    length=1024,
    labels=("family", "drum_size", "aspect_ratio"),
    units=("", "m", ""),
    scales=("linear", "log", "log"),
    classes={"family": FAMILIES},
)
"""What the model hears, and says: circle, rectangle or polygon, how large, how elongated."""

DEFAULTS: Final[CRePE.ModelHyperParameters] = {**RECIPE, "dataset_size": 6000}
"""The parameters; bin/config/local/shape_of_drum.yaml agrees."""

TASK: Final = Task(
    name="ShapeOfDrum",
    model_input=INPUT,
    Sampler=MixedModel,
    settings={"duration": 0.1, "sample_rate": 48000},
    place="mixed-drums",
    defaults=DEFAULTS,
)


def ShapeOfDrum(
    config_path: str = "", wandb_config: dict[str, Any] | None = None, **options: Unpack[Options]
) -> Result:
    """Train CRePE to hear the shape of a drum, and try it on drums it never heard.

    All drums come from one solver, `MixedModel`, and never from the published sets: their circles
    and rectangles are sums of modes, polygons are simulated on a grid, and a model would learn to
    tell the programs apart, which is easier than shapes.

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
