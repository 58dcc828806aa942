"""Hit: a strike while it is being found in a sound."""

from dataclasses import dataclass
from typing import Final

from .._arrays import Float64
from .fitting import Amplitudes, audible, rates_of
from .placing import Placed, Struck
from .voice import Voice

LONGEST_FITTED: Final = 0.5
"""Seconds of a strike that are fitted."""

_PLACED: Final = 64  # samples, by which a strike is placed
_MOVES: Final = 2  # of a strike to the sample at which its partials start as sines


@dataclass(eq=False)
class Hit:
    """A strike that is found.

    Attributes:
        sample: where it falls.
        voice: index of the drum.
        struck: its partials in what was left.
        placed: where on the drum, and how loud.
        sound: what is taken for it, from the sample on.
        left: share of the lower band's energy that it leaves where it is placed.
        worse: by how much that is more than what its partials leave with any amplitudes.
    """

    sample: int
    voice: int
    struck: Struck
    placed: Placed
    sound: Float64
    left: float
    worse: float


def struck_near(
    left: Float64, sample_rate: int, voice: Voice, sample: int, last: int
) -> tuple[int, Struck]:
    """Return the sample on which a strike falls, and its sound until another sample."""
    rates = audible(rates_of(voice.partials, voice.slowness, voice.decay), sample_rate)
    last = min(last, sample + int(LONGEST_FITTED * sample_rate))
    sound = Amplitudes.of(left[sample:last], sample_rate, rates)
    for _ in range(_MOVES):
        moved = {sample + round(delay * sample_rate) for delay in sound.delays()} - {sample}
        tried = {
            first: Amplitudes.of(left[first:last], sample_rate, rates)
            for first in sorted(moved)
            if 0 <= first < last - _PLACED
        } | {sample: sound}
        best = max(tried, key=lambda first: tried[first].explained())
        if best == sample:
            break
        sample, sound = best, tried[best]
    return sample, Struck.of(sound)
