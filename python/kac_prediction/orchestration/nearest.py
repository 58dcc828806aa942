"""What is no drum: the nearest sound that many strikes on a few drums make."""

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

import numpy as np

from .._arrays import Float64
from ..samplers.drum import WAVE_SPEED
from .atoms import draw_drum
from .kit import Family
from .onsets import onsets_in
from .slope import Float32, Slope
from .swarm import Integers, Swarm
from .vibration import vibration_of
from .voice import Voice

_GRIDS: Final = 0.08, 0.03  # seconds between strikes: while drums are chosen, and then
_STEPS: Final = 4, 24  # down the slope
_SIZES: Final = 0.045, 0.8  # metres, at 100 m/s, of the drums that are tried
_TRIED: Final = 9  # sizes, by points and by mallets half as wide as the drum
_MALLET: Final = 0.5
_DECAY: Final = math.log(1000) / 0.15  # 1/s, to begin with
_LEVELS: Final = 0.05, 0.15, 0.5  # of all drums, of the root mean square around a strike
_FAINT: Final = 3e-5, 1e-4  # root mean square where nothing is struck, least weight of a strike
_PRUNED: Final = 4  # steps, after each of which faint strikes are left out
_CROSSED: Final = 4  # samples in which a wave crosses the smallest drum
_SLOWEST: Final = 0.1  # of a step, at the end
_UNEXPLAINED: Final = 0.02  # share of the energy: of less than that, no drum is found
_NOISY: Final = -0.8, 0.5  # least flatness of noise, and the share that drums explain in it
_FLATNESS: Final = 0.17, (60.0, 2000.0), 12  # seconds of a window, Hz, bins of a band


class Nearest:
    """Drums and strikes on them that come near to a sound which is no drum.

    Assisted orchestration composes a sound of a dictionary by non-negative levels. Here the drums
    of the dictionary are refined: all are struck at the onsets and every 80 ms from there, levels,
    places, decays and sizes descend along the slope of the spectral distance, and drums without
    which it grows least are left out, until as many remain as there may be. These are struck every
    30 ms.

    Args:
        sound: shape (n,).
        sample_rate: Hz.
        where: (first, last) sample between which strikes may fall.
        known: drums that there are, whose sizes stay.
        tried: others; they are at most `most` with those that are kept of these.
        most: drums, at most.
        family: in whose ranges sizes stay.
        seed: draws where drums are struck first.

    Attributes:
        swarms: strikes, drum by drum.
        distance: of their sound.
    """

    def __init__(
        self,
        sound: Float64,
        sample_rate: int,
        where: tuple[int, int],
        known: Sequence[Voice],
        tried: Sequence[Voice],
        most: int,
        family: Family | None,
        seed: int,
    ) -> None:
        self.sound, self.rate, self.where = sound, sample_rate, where
        self._known, self._family, self._rng = known, family, np.random.default_rng(seed)
        self._slope, self._onsets = Slope(sound), onsets_in(sound, sample_rate).times
        self.swarms = self._strike([*known, *tried], _GRIDS[0])
        for left in ((most + len(self.swarms)) // 2, most):
            self._descend(_STEPS[0])
            self._choose(left)
        self.swarms = self._strike([each.voice() for each in self.swarms], _GRIDS[1])
        self._descend(_STEPS[1])
        self.distance = self._slope.distance(self.total(len(sound)))

    def total(self, length: int) -> Float32:
        """Return the sound of all strikes, shape (length,)."""
        return _total(self.swarms, length)

    def _strike(self, voices: Sequence[Voice], grid: float) -> list[Swarm]:
        """Return strikes on drums, of the loudness that comes nearest."""
        samples, levels = self._times(grid)
        swarms = []
        for voice in voices if len(samples) else ():
            if voice.vibration.series[0] / voice.slowness >= self.rate:
                continue  # no partial sounds
            tried = voice.vibration.points
            points = tried[self._rng.integers(len(tried), size=len(samples))]
            swarms.append(Swarm(voice, samples, points, levels, self.rate, self._sizes(voice)))
        sound = _total(swarms, len(self.sound))
        factors = [level / math.sqrt(max(len(swarms), 1)) for level in _LEVELS]
        distances = [self._slope.distance(np.float32(factor) * sound) for factor in factors]
        for each in swarms:
            each.weights = each.weights * factors[int(np.argmin(distances))]
        return swarms

    def _times(self, grid: float) -> tuple[Integers, Float64]:
        """Return the samples of strikes, and the root mean square of the target from there on."""
        step, (first, last) = round(grid * self.rate), self.where
        onsets = np.rint(self._onsets * self.rate).astype(np.int64)
        starts = [first, *onsets[(onsets > first) & (onsets < last)].tolist(), last]
        each = [np.arange(start, end, step) for start, end in pairwise(starts)]
        samples = np.concatenate([times[: max(1, len(times) - 1)] for times in each])
        powers = np.concatenate([[0.0], np.cumsum(np.square(self.sound))])
        ends = np.minimum(samples + step, len(self.sound))
        levels = np.sqrt((powers[ends] - powers[samples]) / np.maximum(ends - samples, 1))
        heard = levels > _FAINT[0]
        return samples[heard], levels[heard]

    def _sizes(self, voice: Voice) -> tuple[float, float] | None:
        """Return the range of a drum's size; None: that of one that is known."""
        if any(voice is each for each in self._known):
            return None
        smallest = _CROSSED * voice.drum.wave_speed / self.rate
        return self._family.drum_size if self._family else (smallest, math.inf)

    def _descend(self, steps: int) -> None:
        """Go down the slope of the distance by shorter and shorter steps."""
        for k in range(steps):
            _, slope = self._slope.of(self.total(len(self.sound)))
            fallen = (1 + math.cos(math.pi * k / steps)) / 2
            for each in self.swarms:
                each.descend(slope, _SLOWEST + (1 - _SLOWEST) * fallen)
            if k % _PRUNED == _PRUNED - 1:
                for each in self.swarms:
                    each.keep(each.weights > _FAINT[1])
                self.swarms = [each for each in self.swarms if len(each.samples)]

    def _choose(self, most: int) -> None:
        """Leave out the drums without which the distance grows least."""
        if len(self.swarms) <= most:
            return
        length, total = len(self.sound), self.total(len(self.sound))
        distances = [self._slope.distance(total - _total([each], length)) for each in self.swarms]
        kept = sorted(np.argsort(distances, kind="stable")[-most:].tolist())
        self.swarms = [self.swarms[k] for k in kept]


def _total(swarms: Sequence[Swarm], length: int) -> Float32:
    """Return the sound of swarms, shape (length,)."""
    total = np.zeros(length, np.float32)
    for each in swarms:
        each.add(total)
    return total


def dictionary(
    family: Family | None, sample_rate: int, wave_speed: float, seed: int
) -> list[Voice]:
    """Return the drums that are tried: in sizes of equal ratios, struck by points and mallets.

    Those of any family are circles, which sound soonest; of one, it draws the shapes.
    """
    rng = np.random.default_rng(seed)
    smallest, factor = _CROSSED * wave_speed / sample_rate, wave_speed / WAVE_SPEED
    low, high = family.drum_size if family else (_SIZES[0] * factor, _SIZES[1] * factor)
    low, high = max(low, smallest), max(high, smallest)
    voices = []
    for size in np.geomspace(low, high, _TRIED).tolist():
        for mallet in (None, _MALLET * size):
            drum = draw_drum(rng, family or Family("circle"), size, wave_speed)
            drum = replace(drum, strike_width=mallet)
            points = vibration_of(drum).points
            pick_up = points[rng.integers(len(points))]
            voices.append(Voice(drum, _DECAY, pick_up=pick_up, family=family))
    return voices


def is_no_drum(sound: Float64, left: Float64, drums: Float64, sample_rate: int) -> bool:
    """Return whether a sound is of no drum, or the drums that are found in it are none.

    Either nearly nothing is explained; or what sounds is noise, whose spectrum is flat where that
    of drums, in noise and rooms, too, has lines; and drums, struck where they are placed, do not
    explain it.

    Args:
        sound: shape (n,).
        left: what partials of any amplitudes leave of it.
        drums: the sound of the strikes that are found, as they are placed.
        sample_rate: Hz.
    """
    energy = float(sound @ sound)
    if not energy > 0:
        return False
    if float(left @ left) > (1 - _UNEXPLAINED) * energy:
        return True
    placed = sound - drums
    poor = float(placed @ placed) > (1 - _NOISY[1]) * energy
    return poor and _flatness(sound, sample_rate) > _NOISY[0]


def _flatness(sound: Float64, sample_rate: int) -> float:
    """Return the mean logarithm of powers over their mean nearby, where the sound is loud.

    It is 0 of a flat spectrum, -0.58 of Gaussian noise, and less of lines.
    """
    seconds, (low, high), band = _FLATNESS
    length = 1 << round(math.log2(seconds * sample_rate))
    padded = np.pad(sound, (0, length))
    frames = np.lib.stride_tricks.sliding_window_view(padded, length)[:: length // 4]
    powers = np.square(np.abs(np.fft.rfft(frames * np.hanning(length))))
    powers = powers[:, round(low * length / sample_rate) : round(high * length / sample_rate)]
    powers = powers[:, : powers.shape[1] // band * band].reshape(len(powers), -1, band) + 1e-30
    means = powers.mean(axis=2)
    return float(((np.log(powers).mean(axis=2) - np.log(means)) * means).sum() / means.sum())
