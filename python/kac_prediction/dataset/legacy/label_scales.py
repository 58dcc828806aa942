"""Convert the labels of legacy datasets to the conventions of this package."""

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..labels import LabelTensors
from ..sampler import SamplerInfo

if TYPE_CHECKING:
    from ..torch_dataset import TorchDataset

_LAST = (2, 0)
_RIM = "boundary_conditions"  # a setting that came with the samplers of f = S c / (2 L)

# Factors from a legacy `drum_size` to the square root of the area in metres.
_SCALES = {
    # kac_drumset: f = z c / L, z a Bessel function's zero; here f = z c / (2 sqrt(pi) L).
    "BesselModel": 1 / (2 * math.sqrt(math.pi)),
    # kac_drumset: f = c sqrt(m^2 / eps + eps n^2) / L; here f = c sqrt(..) / (2 L).
    "PoissonModel": 1 / 2,
}


def current_labels(dataset: "TorchDataset") -> LabelTensors:
    """Return the labels of a dataset with `drum_size` as the square root of the area in metres.

    Only the samples that `TorchDataset.legacy` marks are converted, by the sampler's name, version
    and settings; other labels stay as they are, and so does the dataset: assign them to
    `dataset.Y`. In a legacy dataset `decay_time` is a T120, strikes are not uniform over the area,
    and there is no pick-up.

    Raises:
        TypeError: Y has been shaped already.
        ValueError: the scale that a legacy sampler, or this version of it, used is not known.
    """
    labels: object = dataset.Y
    if not isinstance(labels, list):
        raise TypeError("Y has been shaped already: convert the labels of a dataset as loaded.")
    if not dataset.legacy.any():
        return dataset.Y
    scale = legacy_scale(dataset.sampler, dataset.sampler_settings)
    return [
        y | {"drum_size": y["drum_size"] * scale} if legacy and "drum_size" in y else y
        for y, legacy in zip(dataset.Y, dataset.legacy.tolist(), strict=True)
    ]


def legacy_scale(sampler: SamplerInfo, settings: Mapping[str, Any]) -> float:
    """Return the factor from the `drum_size` of a legacy sampler to metres.

    Those of kac_drumset (up to 2.0, '' in datasets of 2022) have scales of their own. Later ones
    render f = S c / (2 L), as this package does, under the same names and numbers of versions; they
    are told by `boundary_conditions` among their settings.

    Raises:
        ValueError: the sampler or its version is not known, or `boundary_conditions` are not those
            that it takes.
    """
    name, version = sampler["name"], sampler["version"]
    found = re.match(r"(\d+)\.(\d+)", version)
    known = version == "" or (found is not None and (int(found[1]), int(found[2])) <= _LAST)
    if name in _SCALES and _RIM in settings:
        rim = settings[_RIM]
        sides = [rim] if name == "BesselModel" else rim
        count = 1 if name == "BesselModel" else 4
        known = version != "" and isinstance(sides, list | tuple) and len(sides) == count
        if known and all(isinstance(side, bool) for side in sides):
            return 1.0
        raise ValueError(
            f"The drum_size of {name} of version {version or 'unknown'} has no known scale with "
            f"{_RIM} {rim!r}: generate a dataset with this package instead."
        )
    if name not in _SCALES or not known:
        raise ValueError(
            f"The drum_size of {name} of version {version or 'unknown'} (kac_drumset) has no known "
            f"scale: known are {', '.join(_SCALES)} up to version {'.'.join(map(str, _LAST))}, and "
            f"any with {_RIM} among the settings. Generate a dataset with this package instead."
        )
    return _SCALES[name]
