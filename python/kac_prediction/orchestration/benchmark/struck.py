"""Known drums, each struck several times anywhere: by exact series, else by finite differences."""

import math
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice
from typing import ClassVar

import numpy as np

from ..._arrays import Float64
from ...evaluation.test_set import EXACT
from ...geometry.families import OUTLINED
from ...samplers import FDTDModel
from ...samplers.any_shape_model import FINENESS, REACH, decimate
from ...samplers.bank_shapes import draw_shape
from ...samplers.drum import WAVE_SPEED
from ...samplers.drum import Drum as Sampler
from ..drum import Drum


@dataclass(frozen=True, eq=False)
class Struck:
    """A drum, and strikes on it."""

    drum: Drum
    decay_time: float  # seconds
    waveforms: Float64  # shape (strikes, samples), each of a peak of 1
    locations: list[tuple[float, ...]]


class _Simulated(FDTDModel):
    """A drum of one shape, all strikes on which share one simulation."""

    group_size: ClassVar[int] = 1 << 20


def strike_drum(
    rng: np.random.Generator,
    family: str,
    size: float,
    decay_time: float,
    strikes: int,
    length: int,
    sample_rate: int,
    mallet: float,
) -> Struck:
    """Draw a drum of a family and a size, and strike it; all is drawn uniformly over its area.

    Ellipses, polygons and stars are simulated at a multiple of the sample rate, on a grid of 87
    steps across or more, in 0.2 to 2 s of one core for a second of sound at 48 kHz. Their strikes
    are as wide as the mallet, a share of the size; on all others they are points.

    Returns:
        Strikes as long as `length`, in samples.
    """
    shape, ratio = draw_shape(family, rng)
    outline = shape.outline()[:-1] if family in OUTLINED else None
    width = None if family in EXACT else mallet * size
    drum = Drum(family, size, ratio, outline, strike_width=width)
    multiple = 1
    if family not in EXACT:
        multiple = max(1, round(FINENESS * math.sqrt(2) * WAVE_SPEED / sample_rate / size))
    sampler_of = partial(
        _sampler,
        duration=(length + REACH) / sample_rate,
        sample_rate=sample_rate * multiple,
        decay_time=decay_time,
    )
    seed = int(rng.integers(2**63))
    (pick_up,) = _heard(sampler_of(drum), seed, 1)[1]
    drum = replace(drum, sample_location=pick_up)
    fine, locations = _heard(sampler_of(drum), seed + 1, strikes)
    waveforms = np.array(decimate(fine, multiple)[:, :length], np.float64)
    waveforms /= np.abs(waveforms).max(axis=1, keepdims=True)
    return Struck(drum, decay_time, waveforms, locations)


def _sampler(drum: Drum, duration: float, sample_rate: int, decay_time: float) -> Sampler:
    """Return a drum's own sampler where its series is exact, else one that simulates it."""
    if drum.family in EXACT:
        return drum.sampler(duration, sample_rate, decay_time)
    return _Simulated(
        duration,
        sample_rate,
        drum.shape,
        drum_size=drum.drum_size,
        decay_time=decay_time,
        sample_location=drum.sample_location,
        strike_width=drum.struck_over,
        precision="single",
    )


def _heard(sampler: Sampler, seed: int, strikes: int) -> tuple[Float64, list[tuple[float, ...]]]:
    """Return so many strikes anywhere on a drum, and where they fall."""
    sampler.seed(seed)
    off_centre = (i for i in count() if i % sampler.group_size)
    waveforms, labels = sampler.render(islice(off_centre, strikes))
    return waveforms, [tuple(each["strike_location"]) for each in labels]
