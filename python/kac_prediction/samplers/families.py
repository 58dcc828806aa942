"""The published datasets: by what they were made, and where they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from ..dataset import AudioSampler
from .bessel_model import BesselModel
from .fdtd_model import FDTDModel
from .poisson_model import PoissonModel

Datasets: TypeAlias = Literal[
    "2000-convex-polygonal-drums-of-varying-size",
    "5000-circular-drums-of-varying-size",
    "5000-rectangular-drums-of-varying-dimension",
]
"""Names of the published datasets, each an archive of one Zenodo record."""

_RECORD = "10.5281/zenodo.7274474"
_SECOND = {"duration": 1.0, "sample_rate": 48000}


@dataclass(frozen=True)
class Family:
    """What is known of a published dataset.

    Attributes:
        size: number of sounds.
        sampler_name: name of the sampler that made it.
        settings: settings with which the sampler makes sounds of this kind.
        sampler: the class of that name, where this package has it.
        doi: DOI of the record that holds the archive.
    """

    size: int
    sampler_name: str
    settings: Mapping[str, Any]
    sampler: type[AudioSampler] | None = None
    doi: str = _RECORD


FAMILIES: Final[Mapping[Datasets, Family]] = MappingProxyType(
    {
        "2000-convex-polygonal-drums-of-varying-size": Family(
            2000,
            "FDTDModel",
            _SECOND | {"arbitrary_shape": "ConvexPolygon", "drum_size": (0.1, 1.0)},
            FDTDModel,
        ),
        "5000-circular-drums-of-varying-size": Family(5000, "BesselModel", _SECOND, BesselModel),
        "5000-rectangular-drums-of-varying-dimension": Family(
            5000, "PoissonModel", _SECOND, PoissonModel
        ),
    }
)
"""Every name of `Datasets` with what is known of it."""
