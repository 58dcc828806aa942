"""The published datasets: by what they were made, and where they are.

They are in two Zenodo records. Two names are in both, with two scales of `drum_size`: which record
a dataset is of is part of what it is, and is told by its sampler's settings (`dataset.legacy`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal, TypeAlias

from .._checks import check_choice
from ..dataset import AudioSampler
from .bessel_model import BesselModel
from .fdtd_model import FDTDModel
from .poisson_model import PoissonModel

Datasets: TypeAlias = Literal[
    "2000-convex-polygonal-drums-of-varying-size",
    "5000-circular-drums-of-varying-size",
    "5000-rectangular-drums-of-varying-dimension",
    "2000-convex-polygon-drums-of-varying-area",
    "2000-elliptic-drums-of-varying-area",
    "2000-irregular-star-drums-of-varying-area",
    "2000-regular-star-drums-of-varying-area",
    "2000-simple-polygon-drums-of-varying-area",
]
"""Names of the published datasets, each an archive of a Zenodo record."""

RECORDS: Final = ("23148121", "7274474")
"""Zenodo records that hold published datasets, the newest first."""

_SECOND = {"duration": 1.0, "sample_rate": 48000}


@dataclass(frozen=True)
class PublishedDataset:
    """A published dataset.

    Attributes:
        family: one of `FAMILIES`; '': of another kind.
        size: number of sounds.
        sampler: the sampler of the name that the dataset names.
        settings: its settings, in our convention of size: `drum_size` is sqrt(area), metres.
        record: the Zenodo record that holds the archive, one of `RECORDS`.
    """

    family: str
    size: int
    sampler: type[AudioSampler]
    settings: Mapping[str, Any]
    record: str = RECORDS[0]

    @property
    def doi(self) -> str:
        """DOI of the record."""
        return f"10.5281/zenodo.{self.record}"

    @property
    def length(self) -> int:
        """Number of samples of each sound."""
        length: int = round(self.settings["duration"] * self.settings["sample_rate"])
        return length


_CIRCLES = PublishedDataset("circle", 5000, BesselModel, _SECOND)
_RECTANGLES = PublishedDataset("rectangle", 5000, PoissonModel, _SECOND)


def _drums(kind: str, family: str = "", record: str = RECORDS[0]) -> PublishedDataset:
    """Return 2000 drums of a kind of shape, simulated."""
    settings = _SECOND | {"arbitrary_shape": kind, "drum_size": (0.1, 1.0)}
    return PublishedDataset(family, 2000, FDTDModel, settings, record)


PUBLISHED_DATASETS: Final[Mapping[Datasets, PublishedDataset]] = MappingProxyType(
    {
        "2000-convex-polygonal-drums-of-varying-size": _drums(
            "ConvexPolygon", "polygon", RECORDS[1]
        ),
        "5000-circular-drums-of-varying-size": _CIRCLES,
        "5000-rectangular-drums-of-varying-dimension": _RECTANGLES,
        "2000-convex-polygon-drums-of-varying-area": _drums("ConvexPolygon"),
        "2000-elliptic-drums-of-varying-area": _drums("Ellipse"),
        "2000-irregular-star-drums-of-varying-area": _drums("IrregularStar"),
        "2000-regular-star-drums-of-varying-area": _drums("RegularStar"),
        "2000-simple-polygon-drums-of-varying-area": _drums("TravellingSalesmanPolygon"),
    }
)
"""The published datasets by their names, each of the newest record that holds it."""

_EARLIER: Final[Mapping[str, PublishedDataset]] = {
    "5000-circular-drums-of-varying-size": replace(_CIRCLES, record=RECORDS[1]),
    "5000-rectangular-drums-of-varying-dimension": replace(_RECTANGLES, record=RECORDS[1]),
}


def published_dataset(name: Datasets, record: str = "") -> PublishedDataset:
    """Return a published dataset of a Zenodo record; '': the newest that holds it.

    Raises:
        ValueError: there is no such name, or it is not in this record.
    """
    newest = PUBLISHED_DATASETS[check_choice("name", name, PUBLISHED_DATASETS)]
    held = [newest, *([_EARLIER[name]] if name in _EARLIER else [])]
    records = [each.record for each in held]
    return held[records.index(check_choice("record", record or newest.record, records))]


def record_told_by(name: str, settings: Mapping[str, Any]) -> str:
    """Return the record that a dataset of a name in both is of; '': there is but one.

    The samplers of the newer one have `boundary_conditions` among their settings.
    """
    return RECORDS["boundary_conditions" not in settings] if name in _EARLIER else ""


def published_of(family: str) -> PublishedDataset:
    """Return the published dataset of one of `FAMILIES`."""
    return next(each for each in PUBLISHED_DATASETS.values() if each.family == family)
