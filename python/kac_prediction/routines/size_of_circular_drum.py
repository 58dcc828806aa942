"""SizeOfCircularDrum: predict the size of a circular drum."""

from typing import Final

from ..pipeline import ModelInput
from ..samplers.published import PUBLISHED_DATASETS
from .task import STREAMING, Task

SizeOfCircularDrum: Final = Task(
    name="SizeOfCircularDrum",
    # The first 21 ms. A drum of 1 m has a fundamental of 68 Hz, 15 ms. The model predicts the
    # logarithm of the size, so that errors count relative to it.
    model_input=ModelInput(
        sample_rate=48000,
        length=1024,
        labels=("drum_size",),
        units=("m",),
        scales=("log",),
        align_polarity=True,
    ),
    Sampler=PUBLISHED_DATASETS["5000-circular-drums-of-varying-size"].sampler,
    settings=PUBLISHED_DATASETS["5000-circular-drums-of-varying-size"].settings,
    directory="circular-drums",
    family="circle",
    published="5000-circular-drums-of-varying-size",
    streaming={**STREAMING, "learning_rate": 2e-3},
)
