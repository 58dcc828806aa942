"""TestTone: one steady note of a plain waveshape."""

from collections.abc import Iterable
from typing import ClassVar, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from .. import _core
from ..dataset import AudioSampler, SamplerSettings, classLocalsToKwargs

Waveshape: TypeAlias = Literal["saw", "sin", "sqr", "tri"]

_LOWEST, _HIGHEST = 110.0, 880.0


class TestTone(AudioSampler):
    """A sawtooth, sine, square or triangle wave between -1 and 1.

    The shapes are the plain mathematical ones, so all but the sine carry aliases.

    Attributes:
        f_0: fundamental frequency of the current sound, Hz; also its label.
        waveshape: shape of the wave.
    """

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
        """Make a sampler of test tones.

        Args:
            duration: length of a sound in seconds.
            sample_rate: samples per second.
            f_0: fundamental frequency, Hz. 0: each sound has its own, uniform in [110, 880).
            waveshape: one of saw, sin, sqr and tri.

        Raises:
            ValueError: the frequency is negative, not finite, or not below half the sample rate;
                or the waveshape is unknown.
        """
        super().__init__(**classLocalsToKwargs(locals()))
        if waveshape not in get_args(Waveshape):
            raise ValueError(f"waveshape must be one of {get_args(Waveshape)}, got {waveshape!r}.")
        if not f_0 >= 0:
            raise ValueError(f"f_0 must be a frequency in Hz from 0 (0: drawn), got {f_0!r}.")
        highest = f_0 or _HIGHEST
        if highest >= sample_rate / 2:
            raise ValueError(
                f"f_0 up to {highest} Hz needs a sample_rate above {2 * highest} Hz, "
                f"got {sample_rate}."
            )
        self.waveshape: Waveshape = waveshape
        self._fixed = float(f_0)
        self.updateProperties(None)

    def updateProperties(self, i: int | None) -> None:
        """Draw the frequency of sound `i`, unless it was fixed."""
        self.f_0 = self._fixed or _LOWEST + (_HIGHEST - _LOWEST) * self.rng.random()

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
