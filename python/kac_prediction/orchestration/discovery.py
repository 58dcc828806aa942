"""Which new drum is heard in a part of a sound: by the network and the fit of `listening`."""

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from .._arrays import Float64
from ..geometry.families import OUTLINED, REGULAR
from ..listening import Prediction
from ..listening.listener import Strike, answer_of, at_speed, network_of, refined_answer
from ..listening.network import Answer
from ..samplers import ModeBank
from .drum import Drum
from .kit import Family

_SHORTEST: Final = 0.03  # seconds of sound that a new drum is heard in
_IMPOSSIBLE, _UNLIKELY = -40.0, -10.0  # logarithms of probabilities
_LIKELY: Final = 0.05  # probability of a polygon or star that is looked for


class Heard(NamedTuple):
    """A drum that is heard, and the rate in 1/s at which its amplitudes decay."""

    drum: Drum
    decay: float


class Listener:
    """The network and the fits of `listening`, for parts of a sound.

    Args:
        sample_rate: Hz.
        wave_speed: m/s.
        family: of which drums are to be, and their ranges; None: of any.
    """

    def __init__(self, sample_rate: int, wave_speed: float, family: Family | None = None) -> None:
        self.sample_rate, self.wave_speed = sample_rate, wave_speed
        self.family, self._network = family, network_of(None)

    def drums(self, sound: Float64, outlines: bool) -> Iterator[Heard]:
        """Yield the drums that may sound from the strike on, the one that is found sooner first.

        Outlines are the network's: those of polygons and stars, if there may be any.
        """
        if len(sound) < _SHORTEST * self.sample_rate or np.ptp(sound) == 0:
            return
        strike = self._strike(sound)
        answer = answer_of(self._network, [strike])
        if not answer.prediction().is_drum:
            return
        if self.family is not None:
            answer = _of_families(answer, [self.family.name])
            outlines = outlines or self.family.name in OUTLINED
        heard = refined_answer(answer, [strike], outlines=False)
        if heard.family not in OUTLINED:
            yield from self._found(heard)
        if outlines and sum(answer.families[name] for name in OUTLINED) > _LIKELY:
            yield from self._found(_of_families(answer, OUTLINED).prediction())

    def outline(self, sounds: Sequence[Float64]) -> Drum | None:
        """Return the polygon or star that is struck, which takes seconds; None: there is none."""
        strikes = [self._strike(sound) for sound in sounds]
        answer = _of_families(answer_of(self._network, strikes), OUTLINED)
        if self.family is not None:
            answer = _of_families(answer, [self.family.name])
        return next((each.drum for each in self._found(refined_answer(answer, strikes))), None)

    def _strike(self, sound: Float64) -> Strike:
        return Strike(sound / np.abs(sound).max(), self.sample_rate, 0)

    def _found(self, heard: Prediction) -> Iterator[Heard]:
        """Yield the drum of a prediction, unless it lies outside the ranges."""
        drum = Drum.of(at_speed(heard, self.wave_speed))
        if is_of(drum, self.family):
            yield Heard(drum, 3 * math.log(10) / heard.decay_time)


def is_of(drum: Drum, family: Family | None) -> bool:
    """Return whether a drum is of a family, within its ranges; None: of any."""
    if family is None:
        return True
    (low, high), (least, most) = family.drum_size, family.aspect_ratio
    ratio_fits = drum.family in REGULAR or least <= drum.aspect_ratio <= most
    return drum.family == family.name and low <= drum.drum_size <= high and ratio_fits


def _of_families(answer: Answer, names: Collection[str]) -> Answer:
    """Return an answer in which the drum is of one of some families for sure."""
    logs = answer.log_probabilities.copy()
    for k, name in enumerate(ModeBank.families):
        logs[k] = max(logs[k], _UNLIKELY) if name in names else _IMPOSSIBLE
    return replace(answer, log_probabilities=logs)
