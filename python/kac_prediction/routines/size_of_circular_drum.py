"""SizeOfCircularDrum: train CRePE to predict the size of a circular drum."""

from typing import Any, Final

from typing_extensions import Unpack

from ..pipeline import ModelInput
from ..samplers import Datasets
from ..samplers.published import PUBLISHED_DATASETS
from .result import Result
from .task import STREAMING, Options, Task
from .train import train_task

PUBLISHED: Final[Datasets] = "5000-circular-drums-of-varying-size"

TASK: Final = Task(
    name="SizeOfCircularDrum",
    # The first 21 ms. A drum of 1 m has a fundamental of 68 Hz, 15 ms.
    model_input=ModelInput(
        sample_rate=48000, length=1024, labels=("drum_size",), units=("m",), scales=("log",)
    ),
    Sampler=PUBLISHED_DATASETS[PUBLISHED].sampler,
    settings=PUBLISHED_DATASETS[PUBLISHED].settings,
    directory="circular-drums",
    family="circle",
    published=PUBLISHED,
    streaming={**STREAMING, "learning_rate": 2e-3},
)
"""bin/config/local/size_of_circular_drum.yaml holds the same defaults."""


def SizeOfCircularDrum(
    config_path: str = "", wandb_config: dict[str, Any] | None = None, **options: Unpack[Options]
) -> Result:
    """Train CRePE to predict the size of a circular drum, and evaluate it on unseen ones.

    The model predicts the logarithm of the size, so that errors count relative to it; `predict` and
    the report give metres. See `train_task` for the arguments and errors.
    """
    return train_task(TASK, config_path, wandb_config, **options)
