"""Drum: what all drums share, whatever their shape."""

import math
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from operator import index
from typing import Any, ClassVar, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from ..dataset import AudioSampler, SamplerSettings, classLocalsToKwargs
from ..dataset.numbers import as_numbers, require_number

NumberOrRange: TypeAlias = float | Sequence[float]
"""A number, which is fixed, or a pair (low, high), between which each drum's own is drawn."""

Interval: TypeAlias = tuple[float, float]

Precision: TypeAlias = Literal["double", "single"]
"""The numbers that a sound is computed in: float64 or float32."""


class DrumSettings(SamplerSettings, total=False):
    """The parameters that all drums share."""

    amplitude: float
    decay_time: float
    drum_size: NumberOrRange
    material_density: float
    precision: Precision
    tension: float


class Drum(AudioSampler):
    """A membrane under tension, fixed at its rim, struck at one point and heard at another.

    A drum is struck five times, then comes the next. Its body is drawn from `group_rng`, so all
    five strikes share it; where it is struck from `rng`. A subclass is one shape: it says where
    its middle is, draws what else there is of a body, draws a strike, and makes the sounds of a
    batch in one call to the core. It leaves the three verbs alone: a sampler that redefines one is
    rendered a sound at a time.

    Attributes:
        amplitude: peak of each sound.
        decay_time: seconds in which the amplitude falls by 60 dB (T60).
        drum_size: size of the current drum, the square root of its area, metres.
        precision: the numbers that the sounds are computed in; they are handed out in float64.
        sample_location: where the drum is heard, in the coordinates of its shape.
        sigma: decay rate of the amplitude, 1/s.
        strike_location: where the current strike falls, in the coordinates of its shape.
        wave_speed: speed of transverse waves, m/s.
    """

    group_size: ClassVar[int] = 5
    centroid: ClassVar[tuple[float, ...]]
    precision: Precision
    strike_location: tuple[float, ...]
    sample_location: tuple[float, ...]

    class Settings(DrumSettings, total=False):
        """The parameters of a drum; a shape adds its own."""

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        amplitude: float,
        decay_time: float,
        material_density: float,
        tension: float,
        drum_size: NumberOrRange,
        precision: Precision,
        **kwargs: Any,
    ) -> None:
        """Check and store what all drums share; `kwargs` are the arguments of the shape alone.

        Raises:
            ValueError: a number is out of range, with its name and what it should be.
        """
        super().__init__(**classLocalsToKwargs(locals()))
        _require_membrane(amplitude, decay_time, material_density, tension, precision)
        self.amplitude = float(amplitude)
        self.decay_time = float(decay_time)
        self.precision = precision
        self.wave_speed = math.sqrt(tension / material_density)
        self.sigma = 3 * math.log(10) / decay_time
        self._sizes = as_interval("drum_size", drum_size)
        if not self._sizes[0] > 0:
            raise ValueError(f"drum_size must be above 0 metres, got {drum_size!r}.")
        self._centre_first = True

    def _draw_body(self) -> None:
        """Draw from `group_rng` what the strikes on one drum share; a shape draws its own after."""
        self.drum_size = draw_between(self.group_rng, self._sizes)

    @abstractmethod
    def _draw_strike(self) -> tuple[float, ...]:
        """Draw from `rng` where the current drum is struck."""

    def _middle(self) -> tuple[float, ...]:
        """Return where the first strike on the current drum falls."""
        return self.centroid

    def _body_labels(self) -> dict[str, list[float | int]]:
        """Return what there is to learn about the current drum; a shape adds its own."""
        return {"drum_size": [self.drum_size]}

    def _struck(self) -> Any:
        """Return all that the sound of the current strike on the current drum depends on."""
        return self.drum_size, self.strike_location

    @abstractmethod
    def _sounds(self, struck: Sequence[Any]) -> npt.NDArray[np.floating]:
        """Make the sounds, shape (n, length), of n results of `_struck`, in order."""

    def updateProperties(self, i: int | None) -> None:
        """Draw the drum and the strike of sample `i`.

        Args:
            i: index of the sample; the first strike on each drum falls on its middle, unless
                the sampler was told where to strike. None: any strike on any drum.
        """
        self._draw_body()
        if self._centre_first and i is not None and index(i) % self.group_size == 0:
            self.strike_location = self._middle()
        else:
            self.strike_location = self._draw_strike()

    def generateWaveform(self) -> None:
        """Make the sound of the current strike on the current drum."""
        self.waveform = self._sounds([self._struck()])[0].astype(np.float64, copy=False)

    def getLabels(self) -> dict[str, list[float | int]]:
        """Return the drum's own labels, `sample_location` and `strike_location`."""
        return {
            **self._body_labels(),
            "sample_location": [*self.sample_location],
            "strike_location": [*self.strike_location],
        }

    def render(
        self, indices: Iterable[int]
    ) -> tuple[npt.NDArray[np.float64], list[dict[str, list[float | int]]]]:
        """Make n sounds, shape (n, length), and their labels, in one call to the core."""
        struck, labels = [], []
        for i in indices:
            self.reseed(i)
            self.updateProperties(i)
            struck.append(self._struck())
            labels.append(self.getLabels())
        return self._sounds(struck).astype(np.float64, copy=False), labels

    def _require_audible(self, lowest: float) -> None:
        """Raise ValueError unless the smallest drum has a partial below half the sample rate.

        Args:
            lowest: the first number S of the shape's series, f = S c / (2 L).
        """
        frequency = lowest * self.wave_speed / (2 * self._sizes[0])
        if frequency >= self.sample_rate / 2:
            raise ValueError(
                f"a drum_size of {self._sizes[0]} m has no partial below half the sample rate: its "
                f"lowest lies at {frequency:.6g} Hz, the limit at {self.sample_rate / 2:.6g} Hz. "
                "Take a larger drum_size, a lower tension or a higher sample_rate."
            )


def _require_membrane(
    amplitude: float,
    decay_time: float,
    material_density: float,
    tension: float,
    precision: str,
) -> None:
    """Raise an error that names the setting, unless a membrane may have these numbers."""
    require_number("amplitude", amplitude)
    require_number("decay_time", decay_time)
    require_number("material_density", material_density)
    require_number("tension", tension)
    if precision not in get_args(Precision):
        raise ValueError(f"precision must be one of {get_args(Precision)}, got {precision!r}.")
    if not 0 <= amplitude <= float(np.finfo(precision).max):
        raise ValueError(
            f"amplitude must be a number from 0 that {precision} precision holds, got "
            f"{amplitude!r}."
        )
    # So short a time that the rate is not finite is as good as none.
    if not (decay_time > 0 and 3 * math.log(10) / decay_time < math.inf):
        raise ValueError(f"decay_time must be above 0 seconds (inf: no decay), got {decay_time!r}.")
    for name, value in (("material_density", material_density), ("tension", tension)):
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be a finite number above 0, got {value!r}.")
    if not 0 < tension / material_density < math.inf:
        raise ValueError(
            "tension / material_density, the square of the wave speed, must be a finite number "
            f"above 0, got {tension!r} / {material_density!r}."
        )


def draw_between(rng: np.random.Generator, interval: Interval) -> float:
    """Draw a number uniform in [low, high); nothing is drawn where both are the same."""
    low, high = interval
    return low if low == high else low + (high - low) * rng.random()


def as_interval(name: str, value: NumberOrRange) -> Interval:
    """Turn a number or a pair (low, high) into (low, high).

    Raises:
        ValueError: not one or two numbers, not finite, or low above high.
    """
    numbers = np.atleast_1d(as_numbers(value))
    if numbers.ndim != 1 or numbers.size not in (1, 2) or not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be a finite number or a pair (low, high), got {value!r}.")
    if numbers[0] > numbers[-1]:
        raise ValueError(f"{name} must be a pair (low, high) with low <= high, got {value!r}.")
    return float(numbers[0]), float(numbers[-1])


def as_intervals(names: Sequence[str], point: Sequence[NumberOrRange]) -> list[Interval]:
    """Turn the setting `strike_location`, each coordinate a number or a range, into intervals.

    Raises:
        ValueError: not as many coordinates as `names`, or one that is not a number or a range.
    """
    if not hasattr(point, "__len__") or len(point) != len(names):
        raise ValueError(f"strike_location must be ({', '.join(names)}), got {point!r}.")
    return [
        as_interval(f"{name} of strike_location", value)
        for name, value in zip(names, point, strict=True)
    ]
