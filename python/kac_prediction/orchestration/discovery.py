"""Which new drum is heard in a part of a sound: by the network and the fit of `listening`."""

import math
from collections.abc import Iterator
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
_IMPOSSIBLE: Final = -40.0  # logarithm of a probability
_LIKELY: Final = 0.05  # probability of an outline that is worth a fit


class Heard(NamedTuple):
    """A drum that is heard, and the rate in 1/s at which its amplitudes decay."""

    drum: Drum
    decay: float


class Listener:
    """The network and the fits of `listening`, for parts of a sound.

    Args:
        sample_rate: Hz.
        wave_speed: m/s.
        outlines: how many outlines may be fitted, each of which takes two seconds.
        family: of which drums are to be, and their ranges; None: of any.
    """

    def __init__(
        self, sample_rate: int, wave_speed: float, outlines: int, family: Family | None = None
    ) -> None:
        self.sample_rate, self.wave_speed, self.outlines = sample_rate, wave_speed, outlines
        self.family, self._network = family, network_of(None)

    def drums(self, sound: Float64, outlines: bool) -> Iterator[Heard]:
        """Yield the drums that may sound from the strike on, the one that is found sooner first."""
        if len(sound) < _SHORTEST * self.sample_rate or np.ptp(sound) == 0:
            return
        strike = Strike(sound / np.abs(sound).max(), self.sample_rate, 0)
        answer = answer_of(self._network, [strike])
        if not answer.prediction().is_drum:
            return
        if self.family is not None:
            answer = _of_family(answer, self.family.name)
        heard = refined_answer(answer, [strike], outlines=False)
        if heard.family not in OUTLINED:
            yield from self._found(heard)
        likely = sum(answer.families[name] for name in OUTLINED) > _LIKELY
        if outlines and likely and self.outlines > 0:
            self.outlines -= 1
            heard = refined_answer(answer, [strike])
            if heard.family in OUTLINED:
                yield from self._found(heard)

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


def _of_family(answer: Answer, family: str) -> Answer:
    """Return an answer in which the drum is of a family for sure."""
    logs = np.full(len(answer.log_probabilities), _IMPOSSIBLE)
    logs[ModeBank.families.index(family)] = 0.0
    logs[-1] = answer.log_probabilities[-1]
    return replace(answer, log_probabilities=logs)
