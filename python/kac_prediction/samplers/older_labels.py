"""Labels of datasets that older software made, in the conventions of this package."""

import math
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..dataset import SamplerInfo, TorchDataset
from ..dataset.labels import LabelTensors

_LAST = (2, 0)

_SCALES: Final[Mapping[str, float]] = MappingProxyType(
    {
        # Rendered with f = z c / L_old, z a Bessel function's zero; ours is z c / (2 sqrt(pi) L).
        "BesselModel": 1 / (2 * math.sqrt(math.pi)),
        # Rendered with f = c sqrt(m^2 / eps + eps n^2) / L_old; ours is c sqrt(..) / (2 L).
        "PoissonModel": 1 / 2,
    }
)
"""What the older `drum_size` is multiplied by to be the square root of the area in metres."""


def current_labels(dataset: TorchDataset) -> LabelTensors:
    """The labels of a dataset with `drum_size` in our convention: sqrt(area), in metres.

    A dataset says which of its samples came from older software (`TorchDataset.older`); they alone
    are converted, by the sampler's name and version. All other labels stay as they are, and so does
    the dataset. Of an older dataset, note that `decay_time` is the time of a fall by 120 dB, that
    strikes are not uniform over the area, and that there is no pick-up.

    Args:
        dataset: as loaded, Y not yet shaped.

    Returns:
        One dictionary a sample; assign it to `dataset.Y` to learn from it.

    Raises:
        TypeError: Y has been shaped already.
        ValueError: there are samples of older software, and how its sampler (or this version of
            it) scaled its labels is not known.
    """
    labels: object = dataset.Y
    if not isinstance(labels, list):
        raise TypeError("Y has been shaped already: convert the labels of a dataset as loaded.")
    if not dataset.older.any():
        return dataset.Y
    scale = older_scale(dataset.sampler)
    return [
        y | {"drum_size": y["drum_size"] * scale} if older and "drum_size" in y else y
        for y, older in zip(dataset.Y, dataset.older.tolist(), strict=True)
    ]


def older_scale(sampler: SamplerInfo) -> float:
    """What an older `drum_size` is multiplied by, by who made it: up to version 2.0 of old.

    Args:
        sampler: name and version; a version of '' is that of the sets of 2022, which name none.

    Raises:
        ValueError: the sampler or the version is not known.
    """
    name, version = sampler["name"], sampler["version"]
    found = re.match(r"(\d+)\.(\d+)", version)
    known = version == "" or (found is not None and (int(found[1]), int(found[2])) <= _LAST)
    if name not in _SCALES or not known:
        raise ValueError(
            f"It is not known how older software, {name} of version {version or 'unknown'}, scaled "
            f"drum_size: known are {', '.join(_SCALES)} up to version {'.'.join(map(str, _LAST))}. "
            "Generate a dataset with this package instead."
        )
    return _SCALES[name]
