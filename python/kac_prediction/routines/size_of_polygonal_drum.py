"""SizeOfPolygonalDrum: predict the size and the elongation of a convex polygonal drum."""

from typing import Final

import torch

from ..dataset.labels import LabelTensors
from ..geometry import Polygon
from ..pipeline import ModelInput
from ..pipeline.training.synthesis import Source
from ..samplers import MixedModel
from ..samplers.published import PUBLISHED_DATASETS
from ..samplers.shapes import elongation
from .task import DEFAULTS, Task


def with_aspect_ratio(labels: LabelTensors) -> LabelTensors:
    """Add the label `aspect_ratio` to those of polygons, which have N corners, `vertices`."""
    extended = []
    for y in labels:
        if {"N", "vertices"} <= y.keys():
            polygon = Polygon(y["vertices"].reshape(-1, 2)[: int(y["N"][0])].numpy())
            y = y | {"aspect_ratio": torch.tensor([elongation(polygon)], dtype=torch.float64)}
        extended.append(y)
    return extended


SizeOfPolygonalDrum: Final = Task(
    name="SizeOfPolygonalDrum",
    # What of a polygon can be heard beside its size? A small network was given the first 20
    # eigenfrequencies of 1500 polygons as drawn here, their ratios alone, and asked about 375 that
    # it had not seen: the number of corners was right in 33 % (R^2 0.67), while the elongation
    # (R^2 0.990) and the isoperimetric quotient (0.991) are all but given. By Weyl's law, area and
    # perimeter are heard, and corners count for very little. So `aspect_ratio`, that of the
    # rectangle of the same second moments of area, is the other label.
    model_input=ModelInput(
        sample_rate=48000,
        length=1024,
        labels=("drum_size", "aspect_ratio"),
        units=("m", ""),
        scales=("log", "log"),
        align_polarity=True,
    ),
    Sampler=PUBLISHED_DATASETS["2000-convex-polygonal-drums-of-varying-size"].sampler,
    settings=PUBLISHED_DATASETS["2000-convex-polygonal-drums-of-varying-size"].settings,
    directory="polygonal-drums",
    defaults={**DEFAULTS, "dataset_size": 2000},
    family="polygon",
    # If it was made here: the polygons that were published carry no size.
    published="2000-convex-polygonal-drums-of-varying-size",
    add_labels=with_aspect_ratio,
    sources=lambda _: [
        Source(MixedModel, {"duration": 1.0, "sample_rate": 48000, "family": "polygon"})
    ],
)
