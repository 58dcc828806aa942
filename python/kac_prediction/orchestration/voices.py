"""Voices: the drums that are found in a sound so far, and how new ones are."""

import math
from collections.abc import Sequence
from typing import Final

from .._arrays import Float64
from ..geometry.families import ANALYTIC
from .discovery import Listener
from .drum import Drum
from .fitting import NOTHING, Match
from .voice import Voice

_SURE: Final = 0.85  # share of a drum of a known series: no outline is fitted
_ROUGHLY: Final = 50.0  # log evidence of an outline before its partials are moved
_SURELY: Final = (50.0, 150.0)  # log evidence of a new drum; of one heard before all others
_NEW: Final = 0.5  # times what the drums that are known leave, at most, that a new one leaves
_LISTENS: Final = 8  # times the number of drums: how often a new one is looked for
_SAME: Final = 0.003  # logarithm of the ratio of sizes, and of aspect ratios, of one drum
_MORE: Final = 2  # times the number of drums: how many are known at once


class Voices(list[Voice]):
    """The drums that are known.

    Args:
        known: drums that are known already.
        sample_rate: of the sound, Hz.
        listener: which hears new ones; None: there are no others.
        most: drums that are looked for, at most.
    """

    def __init__(
        self, known: Sequence[Voice], sample_rate: int, listener: Listener | None, most: int
    ) -> None:
        super().__init__(known)
        self.rate, self.listener, self.most = sample_rate, listener, _MORE * most
        self._listens = _LISTENS * most

    @property
    def may_grow(self) -> bool:
        """Whether a new drum may be looked for."""
        return self.listener is not None and self._listens > 0 and len(self) < self.most

    def best(self, segment: Float64) -> tuple[int, Match]:
        """Return which of the drums explains a segment best, and how well; -1: none."""
        best = -1, NOTHING
        for k, voice in enumerate(self):
            found = voice.match(segment, self.rate)
            if found.gain > best[1].gain:
                best = k, found
        return best

    def hear(
        self, segment: Float64, best: Match, least: float, outlines: bool = True
    ) -> Match | None:
        """Add the drum that is heard in a segment, if it explains much more than those known."""
        if self.listener is None:
            return None
        self._listens -= 1
        found: tuple[Match, Voice] | None = None
        for drum, decay in self.listener.drums(segment, outlines):
            voice = Voice(drum, decay, family=self.listener.family)
            matched = voice.match(segment, self.rate)
            if voice.outlined and matched.gain > _ROUGHLY:
                voice.tune([segment], self.rate)
                matched = voice.match(segment, self.rate)
            if found is None or matched.gain > found[0].gain:
                found = matched, voice
            if matched.explained > _SURE:
                break
        if found is None:
            return None
        matched, voice = found
        surely = _SURELY[not outlines]
        better = matched.gain > best.gain and 1 - matched.explained < _NEW * (1 - best.explained)
        if any(_alike(voice.drum, other.drum) for other in self):
            return None  # what a strike on it leaves, perhaps since its decay is not known well
        if matched.explained < least or matched.gain < surely or not better:
            return None
        voice.fit_width([segment], self.rate)
        self.append(voice)
        return matched


def _alike(first: Drum, second: Drum) -> bool:
    """Return whether two drums, but for their outlines, are one."""
    ratios = first.drum_size / second.drum_size, first.aspect_ratio / second.aspect_ratio
    same = first.family == second.family and first.family in ANALYTIC
    return same and all(abs(math.log(ratio)) < _SAME for ratio in ratios)
