"""SizeOfPolygonalDrum: train CRePE to hear the size and the elongation of a convex polygon."""

from typing import Any, Final

import torch
from typing_extensions import Unpack

from ..architecture import CRePE
from ..dataset.labels import LabelTensors
from ..geometry import Polygon
from ..pipeline import ModelInput
from ..samplers import Datasets, MixedModel
from ..samplers.published import PUBLISHED_DATASETS
from ..samplers.shapes import elongation
from .result import Result
from .task import RECIPE, Options, Task
from .training import train_task

PUBLISHED: Final[Datasets] = "2000-convex-polygonal-drums-of-varying-size"

INPUT: Final = ModelInput(
    sample_rate=48000,
    length=1024,
    labels=("drum_size", "aspect_ratio"),
    units=("m", ""),
    scales=("log", "log"),
)
"""What the model hears, and says.

What of a polygon can be heard beside its size? Of 1500 polygons as they are drawn here, a small
network was given the first 20 eigenfrequencies, their ratios alone, and asked what polygon it was,
of 375 that it had not seen: the number of corners was right in 33 % of them (R^2 0.67), while how
elongated a polygon is (R^2 0.990) and its isoperimetric quotient (0.991) are all but in the open.
As Weyl's law has it, area and perimeter are heard; corners count for very little. So
`aspect_ratio`, as of the rectangle of the same second moments of area, is the other label.
"""

DEFAULTS: Final[CRePE.ModelHyperParameters] = {**RECIPE, "dataset_size": 2000}
"""The parameters; bin/config/local/size_of_polygonal_drum.yaml agrees."""


def with_aspect_ratio(labels: LabelTensors) -> LabelTensors:
    """Add the label `aspect_ratio` to those of polygons, which have N corners, `vertices`."""
    return [
        y | {"aspect_ratio": torch.tensor([_elongation(y)], dtype=torch.float64)}
        if {"N", "vertices"} <= y.keys()
        else y
        for y in labels
    ]


def _elongation(y: dict[str, torch.Tensor]) -> float:
    corners = int(y["N"][0])
    return elongation(Polygon(y["vertices"].reshape(-1, 2)[:corners].numpy()))


TASK: Final = Task(
    name="SizeOfPolygonalDrum",
    model_input=INPUT,
    Sampler=PUBLISHED_DATASETS[PUBLISHED].sampler,
    settings=PUBLISHED_DATASETS[PUBLISHED].settings,
    place="polygonal-drums",
    defaults=DEFAULTS,
    family="polygon",
    published=PUBLISHED,  # if it was made here: the polygons that were published carry no size
    labelled=with_aspect_ratio,
    fresh=(MixedModel, {"duration": 1.0, "sample_rate": 48000, "family": "polygon"}),
)


def SizeOfPolygonalDrum(
    config_path: str = "", wandb_config: dict[str, Any] | None = None, **options: Unpack[Options]
) -> Result:
    """Train CRePE to hear the size and the elongation of a convex polygon, and try it on others.

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
