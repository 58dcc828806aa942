"""TestSweep: a sine that climbs through everything a sound file can hold."""

from collections.abc import Iterable
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from .. import _core
from ..dataset import AudioSampler, classLocalsToKwargs
from .fixed_settings import FixedSettings

_LOWEST = 20.0


class TestSweep(FixedSettings, AudioSampler):
    """A sine sweep from 20 Hz to half the sample rate, exponential in time, between -1 and 1.

    Every sample of a dataset is the same sound, and there is nothing to learn: it has no labels.

    Args:
        duration: length of a sound in seconds.
        sample_rate: samples per second.

    Raises:
        ValueError: half the sample rate is not above 20 Hz.
    """

    __test__: ClassVar[bool] = False
    """Tells pytest that the name does not mean a test."""

    def __init__(self, duration: float, sample_rate: int) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        if sample_rate <= 2 * _LOWEST:
            raise ValueError(
                f"a sweep up from {_LOWEST} Hz needs a sample_rate above {2 * _LOWEST} Hz, "
                f"got {sample_rate}"
            )

    def updateProperties(self, i: int | None) -> None:
        """Do nothing: all sweeps are alike."""

    def generateWaveform(self) -> None:
        """Make the sweep."""
        self.waveform = _core.sweep(self.length, self.sample_rate)

    def getLabels(self) -> dict[str, list[float | int]]:
        """Return no labels."""
        return {}

    def render(
        self, indices: Iterable[int]
    ) -> tuple[npt.NDArray[np.float64], list[dict[str, list[float | int]]]]:
        """Return n times the one sweep, shape (n, length), and n empty dictionaries."""
        count = sum(1 for _ in indices)
        self.generateWaveform()
        return np.repeat(self.waveform[None], count, axis=0), [{} for _ in range(count)]
