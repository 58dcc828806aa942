"""ShapeOfDrum: predict whether a drum is a circle, a rectangle or a polygon, and its dimensions."""

from typing import Final

from ..pipeline import ModelInput
from ..samplers import FAMILIES, MixedModel
from .task import DEFAULTS, Task

ShapeOfDrum: Final = Task(
    name="ShapeOfDrum",
    model_input=ModelInput(
        sample_rate=48000,
        length=1024,
        labels=("family", "drum_size", "aspect_ratio"),
        units=("", "m", ""),
        scales=("linear", "log", "log"),
        classes={"family": FAMILIES},
        align_polarity=True,
    ),
    # One solver makes all drums. Of the published sets, circles and rectangles are sums of modes,
    # polygons are simulated on a grid: a model would tell the solvers apart, which is easier.
    Sampler=MixedModel,
    settings={"duration": 0.1, "sample_rate": 48000},
    directory="mixed-drums",
    defaults={**DEFAULTS, "dataset_size": 6000},
)
