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

_SECOND = {"duration": 1.0, "sample_rate": 48000}


@dataclass(frozen=True)
class PublishedDataset:
    """A published dataset.

    Attributes:
        family: one of `FAMILIES`.
        size: number of sounds.
        sampler: the sampler of the name that the dataset names.
        settings: its settings, in our convention of size: `drum_size` is sqrt(area), metres.
        doi: DOI of the record that holds the archive.
    """

    family: str
    size: int
    sampler: type[AudioSampler]
    settings: Mapping[str, Any]
    doi: str = "10.5281/zenodo.7274474"

    @property
    def length(self) -> int:
        """Number of samples of each sound."""
        length: int = round(self.settings["duration"] * self.settings["sample_rate"])
        return length


PUBLISHED_DATASETS: Final[Mapping[Datasets, PublishedDataset]] = MappingProxyType(
    {
        "2000-convex-polygonal-drums-of-varying-size": PublishedDataset(
            "polygon",
            2000,
            FDTDModel,
            _SECOND | {"arbitrary_shape": "ConvexPolygon", "drum_size": (0.1, 1.0)},
        ),
        "5000-circular-drums-of-varying-size": PublishedDataset(
            "circle", 5000, BesselModel, _SECOND
        ),
        "5000-rectangular-drums-of-varying-dimension": PublishedDataset(
            "rectangle", 5000, PoissonModel, _SECOND
        ),
    }
)
"""The published datasets by their names."""


def published_of(family: str) -> PublishedDataset:
    """Return the published dataset of one of `FAMILIES`."""
    return next(each for each in PUBLISHED_DATASETS.values() if each.family == family)
