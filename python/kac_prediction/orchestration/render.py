"""The sound of a score: a sum of the sounds of its strikes."""

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from .._arrays import Float64
from .._checks import check_whole
from ..samplers.drum import Drum as Sampler
from .drum import Drum

if TYPE_CHECKING:
    from .score import Score, Strike

_DECAYS: Final = 1.5  # T60: 90 dB
_LEAST: Final = 1.0  # s that are made of a sound, so that its peak is among them
_DRUMS: Final = 64  # whose modes are kept


def rendered(score: "Score", sample_rate: int) -> Float64:
    """Return the sound of a score, one strike after the other added."""
    rate = check_whole("sample_rate", sample_rate)
    total = np.zeros(round(score.duration * rate))
    for drum in {score.drums[strike.drum] for strike in score.strikes}:
        _sampler(drum, rate)  # what cannot sound is refused before the others do
    for strike in score.strikes:
        start = round(strike.time * rate)
        made = sound(score, strike, rate)
        total[start : start + len(made)] += made
    return total


def sound(score: "Score", strike: "Strike", sample_rate: int) -> Float64:
    """Return the sound of a strike until it is 90 dB down, or its score ends."""
    rate = check_whole("sample_rate", sample_rate)
    left = round(score.duration * rate) - round(strike.time * rate)
    made = min(_DECAYS * strike.decay_time * rate, max(left, _LEAST * rate))
    sampler = _sampler(score.drums[strike.drum], rate)
    struck = sampler.strike(
        at=strike.location, decay=strike.decay_time, duration=max(round(made), 1) / rate
    )
    return strike.level * struck[:left]


@lru_cache(maxsize=_DRUMS)
def _sampler(drum: Drum, sample_rate: int) -> Sampler:
    """Return the sampler of a drum, whose strikes leave it as it is."""
    try:
        return drum.sampler(1.0, sample_rate)
    except ValueError as error:
        raise ValueError(f"{drum}: {error}") from error
