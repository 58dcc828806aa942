"""Convert the labels of legacy datasets to the conventions of this package."""

import math
import re
from typing import TYPE_CHECKING

from ..labels import LabelTensors
from ..sampler import SamplerInfo

if TYPE_CHECKING:
    from ..torch_dataset import TorchDataset

_LAST = (2, 0)

# Factors from a legacy `drum_size` to the square root of the area in metres.
_SCALES = {
    # kac_drumset: f = z c / L, z a Bessel function's zero; here f = z c / (2 sqrt(pi) L).
    "BesselModel": 1 / (2 * math.sqrt(math.pi)),
    # kac_drumset: f = c sqrt(m^2 / eps + eps n^2) / L; here f = c sqrt(..) / (2 L).
    "PoissonModel": 1 / 2,
}


def current_labels(dataset: "TorchDataset") -> LabelTensors:
    """Return the labels of a dataset with `drum_size` as the square root of the area in metres.

    Only the samples that `TorchDataset.legacy` marks are converted, by the sampler's name and
    version; other labels stay as they are, and so does the dataset: assign them to `dataset.Y`. In
    a legacy dataset `decay_time` is a T120, strikes are not uniform over the area, and there is no
    pick-up.

    Raises:
        TypeError: Y has been shaped already.
        ValueError: the scale that a legacy sampler, or this version of it, used is not known.
    """
    labels: object = dataset.Y
    if not isinstance(labels, list):
        raise TypeError("Y has been shaped already: convert the labels of a dataset as loaded.")
    if not dataset.legacy.any():
        return dataset.Y
    scale = legacy_scale(dataset.sampler)
    return [
        y | {"drum_size": y["drum_size"] * scale} if legacy and "drum_size" in y else y
        for y, legacy in zip(dataset.Y, dataset.legacy.tolist(), strict=True)
    ]


def legacy_scale(sampler: SamplerInfo) -> float:
    """Return the factor from a `drum_size` of kac_drumset (up to 2.0) to metres.

    The version is '' in datasets of 2022. A sampler or version that is not known is a ValueError.
    """
    name, version = sampler["name"], sampler["version"]
    found = re.match(r"(\d+)\.(\d+)", version)
    known = version == "" or (found is not None and (int(found[1]), int(found[2])) <= _LAST)
    if name not in _SCALES or not known:
        raise ValueError(
            f"The drum_size of {name} of version {version or 'unknown'} (kac_drumset) has no known "
            f"scale: known are {', '.join(_SCALES)} up to version {'.'.join(map(str, _LAST))}. "
            "Generate a dataset with this package instead."
        )
    return _SCALES[name]
