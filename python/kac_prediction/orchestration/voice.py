"""Voice: a drum while it is being found in a sound."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from .. import _core
from .._arrays import Float64
from ..geometry.families import ANALYTIC, OUTLINED, REGULAR
from ..listening import Start, refine
from ..physics.partials import series as series_of_family
from ..samplers.drum import WAVE_SPEED
from ..samplers.families import EXACT, modes_struck
from .discovery import is_of
from .drum import Drum
from .fitting import Match, match
from .kit import Family
from .placing import Placed
from .tuning import measured, tuned
from .vibration import Vibration, vibration_of
from .widths import find_width

_HIGHEST: Final = 12.0  # S, up to which partials tell drums
_FITTED: Final = 0.04  # seconds of a strike that a size is fitted to
_SURE: Final = (0.001, 0.002)  # Laplace scales of size and aspect ratio that is fitted again
_FLOOR: Final = 1e-14  # variance of the logarithm of a size
_HEARD: Final = 1.5  # T60s, 90 dB
_LONGEST: Final = 60.0  # seconds of a sound, however slowly it decays
_FASTER: Final = 1.5  # times the decay rate, at most, from fit to fit: reverberation decays slower
_DECAYS: Final = (0.7, 0.85, 1.0, 1.2, 1.45)  # times the decay rate, that are tried


@dataclass
class Voice:
    """A drum, how it vibrates, and how fast its partials decay.

    Attributes:
        drum: as it is known so far; where it is heard is told by the pick-up.
        decay: rate of the amplitudes, 1/s.
        fixed: whether the drum is given, and not to be refined.
        family: to which it is kept while it is refined, and its ranges; None: to its own.
        vibration: its modes, as its sampler sums them.
        series: S = 2 L f / c of its partials, of the lower band that it is told by, shape (k,).
        modes: how many have each frequency, shape (k,).
        pick_up: where it is heard, in the coordinates of the vibration; None: not known.
        shaped: whether its outline is fitted, and not the first that was heard.
    """

    drum: Drum
    decay: float
    fixed: bool = False
    pick_up: Float64 | None = None
    family: Family | None = None
    shaped: bool = False

    def __post_init__(self) -> None:
        self._vibrate()

    def _vibrate(self) -> None:
        """Find the modes of the drum."""
        drum, self.vibration = self.drum, vibration_of(self.drum)
        self.series, self.modes = self.vibration.series, np.ones(len(self.vibration.series))
        if drum.family in ANALYTIC:
            found = series_of_family(drum.family, np.array([math.log(drum.aspect_ratio)]), _HIGHEST)
            self.series, self.modes = found.numbers[0], found.modes[0]

    @property
    def outlined(self) -> bool:
        """Whether only an outline determines it."""
        return self.drum.family in OUTLINED

    @property
    def partials(self) -> Float64:
        """S of all modes that are placed, of an outline as they are measured."""
        return self.series if self.outlined else self.vibration.series

    @property
    def slowness(self) -> float:
        """L / c, seconds."""
        return self.drum.drum_size / self.drum.wave_speed

    @property
    def width(self) -> float:
        """Diameter of a strike in units of the size."""
        return self.drum.struck_over / self.drum.drum_size

    def match(self, sound: Float64, sample_rate: int) -> Match:
        """Return how well the drum explains a sound from the strike on."""
        return match(sound, sample_rate, self.series, self.modes, self.slowness, self.decay)

    def render(self, placed: Placed, sample_rate: int) -> Float64:
        """Return the sound of a placed strike, until it is 90 dB down, shape (n,)."""
        return self._sound(self.vibration, placed, sample_rate)

    def level(self, placed: Placed, sample_rate: int) -> float:
        """Return the peak of a placed strike by all modes of the drum that it excites."""
        count = modes_struck(self.drum.strike_width, self.drum.drum_size)
        sound = self._sound(vibration_of(self.drum, count), placed, sample_rate)
        return float(np.abs(sound).max())

    def _sound(self, vibration: Vibration, placed: Placed, sample_rate: int) -> Float64:
        heard = vibration.at(placed.pick_up[None])[0]
        struck = vibration.at(placed.point[None], self.width)[0]
        weights = placed.weight * (struck * heard).sum(axis=0)
        duration = min(_HEARD * 3 * math.log(10) / self.decay, _LONGEST)
        frequencies = vibration.series[None] / (2 * self.slowness)
        length = int(duration * sample_rate) + 1
        sound = _core.additive(frequencies, weights[None], [self.decay], [0.0], length, sample_rate)
        return np.asarray(sound[0])

    def fit(self, sounds: Sequence[Float64], sample_rate: int) -> None:
        """Refine the drum by strikes on it, each from the strike on."""
        long = [sound for sound in sounds if len(sound) > _FITTED * sample_rate]
        if not long:
            return
        if self.fixed:
            self._fit_decay(long, sample_rate)
        elif self.outlined:
            self.tune(long, sample_rate)
            self._fit_decay(long, sample_rate)
        else:
            self._fit_size(long, sample_rate)
        self.fit_width(long, sample_rate)

    def fit_width(self, sounds: Sequence[Float64], sample_rate: int) -> None:
        """Find how wide the strikes are, unless the drum is given or of exact modes."""
        if self.fixed or self.drum.family in EXACT:
            return
        size, plain = self.drum.drum_size, replace(self.drum, strike_width=None)
        default, highest = plain.struck_over / size, float(self.vibration.series[-1])
        width = find_width(sounds, sample_rate, self.slowness, default, highest)
        self.drum = replace(plain, strike_width=None if width is None else width * size)

    def reshape(self, drum: Drum, sounds: Sequence[Float64], sample_rate: int) -> None:
        """Take the outline of a drum, if that explains strikes better than its own does."""
        other = replace(self, drum=drum)
        own = replace(self)  # its partials are where its shape has them
        if other.gain(sounds, sample_rate) > own.gain(sounds, sample_rate):
            self.drum, self.pick_up = drum, None
            self._vibrate()
            self.tune(sounds, sample_rate)

    def gain(self, sounds: Sequence[Float64], sample_rate: int) -> float:
        """Return by how much the drum explains strikes better than noise does, log evidence."""
        return sum(self.match(sound, sample_rate).gain for sound in sounds)

    def tune(self, sounds: Sequence[Float64], sample_rate: int) -> None:
        """Move the partials of an outline to where they explain strikes best."""
        found = tuned(sounds, sample_rate, self.series, self.slowness, self.decay)
        self.series = measured(sounds, sample_rate, found, self.slowness, self.decay)

    def _fit_size(self, sounds: Sequence[Float64], sample_rate: int) -> None:
        """Fit size, aspect ratio and decay of a family."""
        drum, factor = self.drum, self.drum.wave_speed / WAVE_SPEED
        start = Start(drum.family, drum.drum_size / factor, drum.aspect_ratio, *_SURE)
        found = [
            (len(each), fit) for each in sounds for fit in refine(each, sample_rate, [start])[:1]
        ]
        lengths, fits = zip(*found, strict=True)
        weights = np.array([1 / (fit.size_deviation**2 + _FLOOR) for fit in fits])
        logs = np.log([(fit.drum_size, fit.aspect_ratio, fit.decay_time) for fit in fits])
        size, ratio = np.exp(np.average(logs[:, :2], axis=0, weights=weights)).tolist()
        # What sounds n times as long tells the rate of its decay n^1.5 times as exactly.
        time = math.exp(np.average(logs[:, 2], weights=np.array(lengths) ** 3.0))
        ratio = 1.0 if drum.family in REGULAR else max(1.0, ratio)
        decay = 3 * math.log(10) / time
        self.decay = float(np.clip(decay, self.decay / _FASTER, self.decay * _FASTER))
        refined = replace(drum, drum_size=size * factor, aspect_ratio=ratio)
        if is_of(refined, self.family):
            self.drum = refined
            self._vibrate()

    def _fit_decay(self, sounds: Sequence[Float64], sample_rate: int) -> None:
        """Find the decay rate that explains strikes best, near the one that is known."""
        rates = [self.decay * factor for factor in _DECAYS]
        gains = []
        for self.decay in rates:
            gains.append(self.gain(sounds, sample_rate))
        best = int(np.argmax(gains))
        self.decay = rates[best]
        if 0 < best < len(rates) - 1:  # the top of the parabola through three
            x, y = np.log(rates[best - 1 : best + 2]), gains[best - 1 : best + 2]
            a, b, _ = np.polyfit(x - x[1], y, 2)
            self.decay *= math.exp(-b / (2 * a))
