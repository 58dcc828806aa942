"""Test signals: steady tones of a plain waveshape, and a sweep."""

from collections.abc import Iterable
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import check_choice, check_number
from ..dataset import AudioSampler, SamplerSettings, classLocalsToKwargs
from ..dataset.sampler import Labels
from .fixed_settings import FixedSettings

Waveshape: TypeAlias = Literal["saw", "sin", "sqr", "tri"]

_LOWEST, _HIGHEST = 110.0, 880.0  # Hz, of tones
_SWEPT_FROM = 20.0


class TestTone(FixedSettings, AudioSampler):
    """A sawtooth, sine, square or triangle wave between -1 and 1.

    The shapes are the plain mathematical ones, so all but the sine carry aliases.

    After `updateProperties`, `f_0` may be set to another frequency; the other settings are fixed.

    Args:
        duration: length of a sound in seconds.
        sample_rate: samples per second.
        f_0: fundamental frequency, Hz. 0: each sound has its own, uniform in [110, 880).
        waveshape: one of saw, sin, sqr and tri.

    Raises:
        TypeError: the frequency is not a number.
        ValueError: the frequency is negative, not finite, or not below half the sample rate; or the
            waveshape is unknown.
    """

    fixed: ClassVar[frozenset[str]] = FixedSettings.fixed | {"waveshape"}

    __test__: ClassVar[bool] = False  # the name does not mean a test of pytest
    _f_0: float

    class Settings(SamplerSettings, total=False):
        """The parameters of a test tone."""

        f_0: float
        waveshape: Waveshape

    def __init__(
        self, duration: float, sample_rate: int, f_0: float = 0.0, waveshape: Waveshape = "sin"
    ) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self.waveshape: Waveshape = check_choice("waveshape", waveshape, get_args(Waveshape))
        self._fixed_f_0 = check_number("f_0", f_0, least=0)
        self._check_below_half(self._fixed_f_0 or _HIGHEST)
        self.updateProperties(None)

    @property
    def f_0(self) -> float:
        """Fundamental frequency of the current sound, Hz; also its label; may be set."""
        return self._f_0

    @f_0.setter
    def f_0(self, frequency: float) -> None:
        frequency = check_number("f_0", frequency, above=0)
        self._check_below_half(frequency)
        self._f_0 = frequency

    def _check_below_half(self, highest: float) -> None:
        if highest >= self.sample_rate / 2:
            raise ValueError(
                f"f_0 up to {highest} Hz needs a sample_rate above {2 * highest} Hz, "
                f"got {self.sample_rate}"
            )

    def updateProperties(self, i: int | None) -> None:
        """Draw the frequency of sound `i`, unless it was fixed."""
        frequency = self._fixed_f_0 or _LOWEST + (_HIGHEST - _LOWEST) * self.rng.random()
        vars(self)["_f_0"] = frequency  # past the guard of the settings, which costs as much

    def generateWaveform(self) -> None:
        """Make the sound of the current frequency."""
        self.waveform = self._sounds([self.f_0])[0]

    def getLabels(self) -> Labels:
        """Return `f_0`, Hz."""
        return {"f_0": [self.f_0]}

    def render(self, indices: Iterable[int]) -> tuple[npt.NDArray[np.float64], list[Labels]]:
        """Make n sounds, shape (n, length), and their labels, in one call to the core."""
        labels = []
        for i in indices:
            self.reseed(i)
            self.updateProperties(i)
            labels.append(self.getLabels())
        return self._sounds([label["f_0"][0] for label in labels]), labels

    def _sounds(self, frequencies: list[float]) -> npt.NDArray[np.float64]:
        """Make one sound for each frequency."""
        return _core.tone(self.waveshape, frequencies, self.length, self.sample_rate, self.threads)


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

    def __init__(self, duration: float, sample_rate: int) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        if sample_rate <= 2 * _SWEPT_FROM:
            raise ValueError(
                f"a sweep up from {_SWEPT_FROM} Hz needs a sample_rate above {2 * _SWEPT_FROM} Hz, "
                f"got {sample_rate}"
            )

    def updateProperties(self, i: int | None) -> None:
        """Do nothing: all sweeps are alike."""

    def generateWaveform(self) -> None:
        """Make the sweep."""
        self.waveform = _core.sweep(self.length, self.sample_rate)

    def getLabels(self) -> Labels:
        """Return no labels."""
        return {}

    def render(self, indices: Iterable[int]) -> tuple[npt.NDArray[np.float64], list[Labels]]:
        """Return n times the one sweep, shape (n, length), and n empty dictionaries."""
        count = sum(1 for _ in indices)
        self.generateWaveform()
        return np.repeat(self.waveform[None], count, axis=0), [{} for _ in range(count)]
