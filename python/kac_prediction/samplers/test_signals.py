"""Test signals: steady tones of a plain waveshape, and a sweep."""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import check_choice, check_number
from ..dataset import SamplerSettings, classLocalsToKwargs
from ..dataset.sampler import Labels
from .batch_sampler import BatchSampler

Waveshape: TypeAlias = Literal["saw", "sin", "sqr", "tri"]

_LOWEST, _HIGHEST = 110.0, 880.0  # Hz, of tones
_SWEPT_FROM = 20.0


class TestTone(BatchSampler):
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

    fixed: ClassVar[frozenset[str]] = BatchSampler.fixed | {"waveshape"}

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

    def updateProperties(self, i: int | None = None) -> None:
        """Draw the frequency of sound `i`, unless it was fixed."""
        frequency = self._fixed_f_0 or _LOWEST + (_HIGHEST - _LOWEST) * self.rng.random()
        vars(self)["_f_0"] = frequency  # past the guard of the settings, which costs as much

    def getLabels(self) -> Labels:
        """Return `f_0`, Hz."""
        return {"f_0": [self.f_0]}

    render = BatchSampler.render

    def _parameters(self) -> float:
        return self.f_0

    def _sounds(self, parameters: Sequence[float]) -> npt.NDArray[np.float64]:
        return _core.tone(self.waveshape, parameters, self.length, self.sample_rate, self.threads)


class TestSweep(BatchSampler):
    """A sine sweep from 20 Hz to half the sample rate, exponential in time, between -1 and 1.

    Every sample of a dataset is the same sound, and there is nothing to learn: it has no labels.
    There is nothing to draw either: `waveform` is the sweep from the start.

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
        self.waveform = _core.sweep(self.length, self.sample_rate)

    def updateProperties(self, i: int | None = None) -> None:
        """Draw nothing."""

    def getLabels(self) -> Labels:
        """Return no labels."""
        return {}

    render = BatchSampler.render

    def _parameters(self) -> None:
        """Return nothing: all sweeps are alike."""

    def _sounds(self, parameters: Sequence[Any]) -> npt.NDArray[np.float64]:
        sweep = _core.sweep(self.length, self.sample_rate)
        return np.repeat(sweep[None], len(parameters), axis=0)
