"""SizeOfCircularDrum: train CRePE to hear the size of a circular drum."""

from typing import Any, Final

from typing_extensions import Unpack

from ..architecture import CRePE
from ..pipeline import ModelInput
from ..samplers import Datasets
from ..samplers.published import PUBLISHED_DATASETS
from .result import Result
from .task import FRESH, RECIPE, Options, Task
from .training import train_task

PUBLISHED: Final[Datasets] = "5000-circular-drums-of-varying-size"

INPUT: Final = ModelInput(
    sample_rate=48000, length=1024, labels=("drum_size",), units=("m",), scales=("log",)
)
"""What the model hears: the first 21 ms. A drum of 1 m has a fundamental of 68 Hz, 15 ms."""

DEFAULTS: Final[CRePE.ModelHyperParameters] = {**RECIPE}
"""The parameters; bin/config/local/size_of_circular_drum.yaml agrees."""

TASK: Final = Task(
    name="SizeOfCircularDrum",
    model_input=INPUT,
    Sampler=PUBLISHED_DATASETS[PUBLISHED].sampler,
    settings=PUBLISHED_DATASETS[PUBLISHED].settings,
    place="circular-drums",
    defaults=DEFAULTS,
    family="circle",
    published=PUBLISHED,
    streaming={**FRESH, "learning_rate": 2e-3},
)


def SizeOfCircularDrum(
    config_path: str = "", wandb_config: dict[str, Any] | None = None, **options: Unpack[Options]
) -> Result:
    """Train CRePE to hear the size of a circular drum, and try it on drums it never heard.

    The model answers with the logarithm of the size, so that an error counts by its share of the
    drum; `predict` and the report say metres.

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
