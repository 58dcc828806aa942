"""Drum: what all drums share, whatever their shape."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from copy import copy
from typing import Any, ClassVar, Final, Literal, TypeAlias, get_args

import numpy as np

from .. import _html
from .._arrays import Float64
from .._checks import check_choice, check_count, check_number, check_numbers
from ..dataset import SamplerSettings, classLocalsToKwargs
from ..dataset.sampler import Labels
from .batch_sampler import BatchSampler
from .intervals import Interval, NumberOrRange, as_interval, draw_between

TENSION: Final = 2000.0
DENSITY: Final = 0.2
WAVE_SPEED: Final = math.sqrt(TENSION / DENSITY)
"""N/m, kg/m^2 and m/s, of all drums that are not told others."""

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


class Drum(BatchSampler):
    """A membrane under tension, fixed at its rim, struck at one point and heard at another.

    A drum is struck five times, then comes the next. Its body is drawn from `group_rng`, so that
    all five strikes share it; where it is struck from `rng`. The first strike on each drum falls on
    its middle, unless the sampler was told where to strike.

    After `updateProperties`, `drum_size` and `strike_location` (of a rectangle also `aspect_ratio`)
    may be set to other values: `generateWaveform` and `getLabels` follow, and the strike keeps its
    place on a drum of another size. All other settings are fixed when a sampler is made.

    A subclass is one shape: it draws what else there is of a body, and a strike, and makes the
    sounds. One that redefines `updateProperties`, `generateWaveform` or `getLabels` is rendered a
    sound at a time.

    Args:
        duration: length of a sound in seconds.
        sample_rate: samples per second.
        amplitude: peak of each sound.
        decay_time: seconds in which the amplitude falls by 60 dB (T60); may be infinite.
        material_density: surface density of the membrane, kg/m^2.
        tension: tension of the membrane, N/m.
        drum_size: square root of the area, metres; a number, or a range to draw it from.
        precision: "single" computes in float32; sounds are handed out in float64.

    Attributes:
        sample_location: where the drum is heard, in the coordinates of its shape.
        sigma: decay rate of the amplitude, 1/s.
        wave_speed: speed of transverse waves, m/s.

    Raises:
        TypeError: an argument is not a number.
        ValueError: a number is out of range.
    """

    group_size: ClassVar[int] = 5
    coordinates: ClassVar[tuple[str, ...]]
    decay_time: float
    sigma: float
    _drum_size: float
    _strike: tuple[float, ...]
    fixed: ClassVar[frozenset[str]] = frozenset(
        {*DrumSettings.__annotations__, "sample_location"} - {"drum_size"}
    )

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
        super().__init__(**classLocalsToKwargs(locals()))
        self.precision = check_choice("precision", precision, get_args(Precision))
        self.amplitude = check_number("amplitude", amplitude, least=0)
        if self.amplitude > float(np.finfo(precision).max):
            raise ValueError(f"amplitude is beyond {precision} precision, got {amplitude!r}")
        self._set_decay(decay_time)
        self.material_density = check_number("material_density", material_density, above=0)
        self.tension = check_number("tension", tension, above=0)
        if not 0 < self.tension / self.material_density < math.inf:
            raise ValueError(
                "tension / material_density, the square of the wave speed, must be a finite number "
                f"above 0, got {tension!r} / {material_density!r}"
            )
        self.wave_speed = math.sqrt(tension / material_density)
        self._sizes = as_interval("drum_size", drum_size)
        if not self._sizes[0] > 0:
            raise ValueError(f"drum_size must be above 0 metres, got {drum_size!r}")
        self._centre_first = True

    @property
    def drum_size(self) -> float:
        """Size of the current drum, the square root of its area, metres; may be set."""
        return self._drum_size

    @drum_size.setter
    def drum_size(self, size: float) -> None:
        self._set_size(check_number("drum_size", size, above=0))

    @property
    def strike_location(self) -> tuple[float, ...]:
        """Where the current strike falls, in the coordinates of the shape; may be set."""
        return self._strike

    @strike_location.setter
    def strike_location(self, point: Sequence[float]) -> None:
        strike = self._point("strike_location", point)
        self._require_inside("strike_location", strike)
        self._strike = strike

    @property
    @abstractmethod
    def sample_location(self) -> tuple[float, ...]:
        """Where the drum is heard, in the coordinates of its shape."""

    @abstractmethod
    def _set_size(self, size: float) -> None:
        """Give the current drum another size."""

    def _set_decay(self, decay_time: float) -> None:
        """Set T60 and the decay rate, past the guard of the settings."""
        infinite = decay_time == math.inf
        decay_time = math.inf if infinite else check_number("decay_time", decay_time, above=0)
        sigma = 3 * math.log(10) / decay_time
        if sigma == math.inf:
            raise ValueError(f"decay_time must be longer than {decay_time!r} seconds")
        vars(self).update(decay_time=decay_time, sigma=sigma)

    def _check_widths(self, widths: NumberOrRange) -> Interval:
        """Return the range of diameters of strikes, which no drum is smaller than."""
        low, high = as_interval("strike_width", widths)
        if not 0 <= low <= high <= self._sizes[0]:
            raise ValueError(
                f"strike_width must lie between 0 and the smallest drum_size, {self._sizes[0]} m, "
                f"got {widths!r}"
            )
        return low, high

    def _draw_body(self) -> None:
        """Draw from `group_rng` what the strikes on one drum share; a shape draws its own after."""
        # What is drawn passes the guard of the settings by: it takes as long as the draw.
        vars(self)["_drum_size"] = draw_between(self.group_rng, self._sizes)

    @abstractmethod
    def _draw_strike(self) -> tuple[float, ...]:
        """Draw from `rng` where the current drum is struck."""

    @abstractmethod
    def _middle(self) -> tuple[float, ...]:
        """Return where the first strike on the current drum falls."""

    @abstractmethod
    def _require_inside(self, name: str, point: tuple[float, ...]) -> None:
        """Raise ValueError, with the setting's name, unless a point lies inside the drum."""

    def _check_audible(self, size: float, lowest: float) -> None:
        """Raise ValueError unless a drum has a partial, S c / (2 L), below half the sample rate."""
        frequency = lowest * self.wave_speed / (2 * size)
        if frequency >= self.sample_rate / 2:
            raise ValueError(
                f"a drum_size of {size} m has no partial below half the sample rate: its lowest "
                f"lies at {frequency:.6g} Hz, the limit at {self.sample_rate / 2:.6g} Hz; take a "
                "larger drum_size, a lower tension or a higher sample_rate"
            )

    def _point(self, name: str, value: Sequence[float]) -> tuple[float, ...]:
        """Return a point as finite numbers, one for each coordinate; else raise ValueError."""
        names = self.coordinates
        return check_numbers(f"{name} ({', '.join(names)})", value, len(names))

    def _body_labels(self) -> Labels:
        """Return the labels of the current drum; a shape adds its own."""
        return {"drum_size": [self.drum_size]}

    def _parameters(self) -> tuple[Any, ...]:
        return self.drum_size, *self.strike_location

    def strike(
        self,
        size: float | None = None,
        at: Sequence[float] | None = None,
        decay: float | None = None,
        duration: float | None = None,
    ) -> Float64:
        """Return the sound of a strike on the current drum, shape (length,), and change nothing.

        It is the sound of `generateWaveform` with these properties, bit for bit.

        Args:
            size: `drum_size` in metres; None: that of the current drum.
            at: `strike_location`; None: where the current strike falls.
            decay: `decay_time` in seconds; None: that of the current drum.
            duration: of the sound, seconds; None: that of the sampler.

        Raises:
            TypeError, ValueError: a number is out of range, the point not inside the drum, or the
                duration shorter than a sample.

        Example:
            >>> from kac_prediction.samplers import BesselModel
            >>> drum = BesselModel(duration=0.2, sample_rate=48000)
            >>> drum.strike(size=0.3, at=(0.5, 0.0), decay=1.5).shape
            (9600,)
        """
        struck = copy(self)
        if size is not None:
            struck.drum_size = size
        if at is not None:
            struck.strike_location = at
        if decay is not None:
            struck._set_decay(decay)
        if duration is not None:
            struck.length = check_count(
                "samples of duration",
                round(check_number("duration", duration, above=0) * self.sample_rate),
            )
        sound: Float64 = struck._sounds([struck._parameters()])[0].astype(np.float64, copy=False)
        return sound

    def _pieces(self) -> list[str]:
        shape = getattr(self, "shape", None)  # a string has none
        drawn = [_html.outline(shape.outline(), repr(shape))] if shape else []
        played = []
        if not self._has_sound() and self.length <= _html.LONGEST:
            played = [_html.player(self.strike(), self.sample_rate, "the current strike")]
        return [*drawn, *super()._pieces(), _html.table(self.getLabels().items()), *played]

    def updateProperties(self, i: int | None = None) -> None:
        """Draw the drum and the strike of sample `i`; None: any strike on any drum."""
        in_the_middle = (
            self._centre_first and i is not None and check_count("i", i, 0) % self.group_size == 0
        )
        self._draw_body()
        vars(self)["_strike"] = self._middle() if in_the_middle else self._draw_strike()

    def getLabels(self) -> Labels:
        """Return the drum's own labels, `sample_location` and `strike_location`."""
        return {
            **self._body_labels(),
            "sample_location": [*self.sample_location],
            "strike_location": [*self.strike_location],
        }

    render = BatchSampler.render
