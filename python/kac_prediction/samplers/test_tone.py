"""TestTone: one steady note of a plain waveshape."""

from collections.abc import Iterable
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import check_choice, check_number
from ..dataset import AudioSampler, SamplerSettings, classLocalsToKwargs
from .fixed_settings import FixedSettings

Waveshape: TypeAlias = Literal["saw", "sin", "sqr", "tri"]

_LOWEST, _HIGHEST = 110.0, 880.0


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

    __test__: ClassVar[bool] = False
    """Tells pytest that the name does not mean a test."""

    class Settings(SamplerSettings, total=False):
        """The parameters of a test tone."""

        f_0: float
        waveshape: Waveshape

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        f_0: float = 0.0,
        waveshape: Waveshape = "sin",
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
        self._f_0 = self._fixed_f_0 or _LOWEST + (_HIGHEST - _LOWEST) * self.rng.random()

    def generateWaveform(self) -> None:
        """Make the sound of the current frequency."""
        self.waveform = self._sounds([self.f_0])[0]

    def getLabels(self) -> dict[str, list[float | int]]:
        """Return `f_0`, Hz."""
        return {"f_0": [self.f_0]}

    def render(
        self, indices: Iterable[int]
    ) -> tuple[npt.NDArray[np.float64], list[dict[str, list[float | int]]]]:
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
