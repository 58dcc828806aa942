"""Known drums, each struck several times anywhere: by exact series, else by finite differences."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import Any, ClassVar, Final

import numpy as np

from ..._arrays import Float64
from ...geometry import Shape
from ...geometry.families import OUTLINED
from ...samplers import BesselModel, FDTDModel, LaméModel, PoissonModel
from ...samplers.any_shape_model import FINENESS, REACH, decimate
from ...samplers.bank_shapes import draw_shape
from ...samplers.drum import WAVE_SPEED, Drum

_WIDTH = 0.01  # of a strike, metres, at most a tenth of the drum


@dataclass(frozen=True, eq=False)
class TrueDrum:
    """A drum of an arrangement, in the words of `Drum`."""

    family: str
    drum_size: float
    aspect_ratio: float
    outline: Float64 | None
    sample_location: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Struck:
    """A drum, and strikes on it."""

    drum: TrueDrum
    decay_time: float  # seconds
    waveforms: Float64  # shape (strikes, samples), each of a peak of 1
    locations: list[tuple[float, ...]]


class _Simulated(FDTDModel):
    """A drum of one shape, all strikes on which share one simulation."""

    group_size: ClassVar[int] = 1 << 20


_EXACT: Final[dict[str, Callable[..., Drum]]] = {
    "circle": BesselModel,
    "rectangle": PoissonModel,
    "triangle": LaméModel,
}


def strike_drum(
    rng: np.random.Generator,
    family: str,
    size: float,
    decay_time: float,
    strikes: int,
    length: int,
    sample_rate: int,
) -> Struck:
    """Draw a drum of a family and a size, and strike it; all is drawn uniformly over its area.

    Ellipses, polygons and stars are simulated at a multiple of the sample rate, on a grid of 87
    steps across or more, in 0.2 to 2 s of one core for a second of sound at 48 kHz.

    Returns:
        Strikes as long as `length`, in samples.
    """
    shape, ratio = draw_shape(family, rng)
    multiple = 1
    if family not in _EXACT:
        multiple = max(1, round(FINENESS * math.sqrt(2) * WAVE_SPEED / sample_rate / size))
    make = partial(
        _EXACT.get(family, _Simulated),
        (length + REACH) / sample_rate,
        sample_rate * multiple,
        drum_size=size,
        decay_time=decay_time,
        **_settings(family, shape, ratio, size),
    )
    seed = int(rng.integers(2**63))
    (pick_up,) = _heard(make(), seed, 1)[1]
    drum = make(sample_location=pick_up)
    fine, locations = _heard(drum, seed + 1, strikes)
    waveforms = decimate(fine, multiple)[:, :length]
    waveforms /= np.abs(waveforms).max(axis=1, keepdims=True)
    outline = drum.shape.vertices if family in OUTLINED else None
    return Struck(TrueDrum(family, size, ratio, outline, pick_up), decay_time, waveforms, locations)


def _settings(family: str, shape: Shape, ratio: float, size: float) -> dict[str, Any]:
    """Return the arguments of a drum's sampler that tell its shape."""
    if family == "rectangle":
        return {"aspect_ratio": ratio}
    if family in _EXACT:
        return {}
    return {
        "arbitrary_shape": shape,
        "strike_width": min(_WIDTH, size / 10),
        "precision": "single",
    }


def _heard(drum: Drum, seed: int, strikes: int) -> tuple[Float64, list[tuple[float, ...]]]:
    """Return so many strikes anywhere on a drum, and where they fall."""
    drum.seed(seed)
    off_centre = (i for i in count() if i % drum.group_size)
    waveforms, labels = drum.render(islice(off_centre, strikes))
    return waveforms, [tuple(each["strike_location"]) for each in labels]
