"""Sounds to orchestrate: arrangements of known drums, and sounds that are no drum."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ..._arrays import Float64
from ..._checks import check_choice, check_count, check_number
from ...samplers import ModeBank
from ...samplers.intervals import draw_log_uniform
from ..drum import Drum
from ..score import Score, Strike
from .struck import Struck, strike_drum

Integers = npt.NDArray[np.int64]

SIZES: Final = (0.1, 0.6)
"""Of drums, metres."""

DECAY_TIMES: Final = (0.3, 2.0)
"""T60 of drums, seconds."""

LEVELS: Final = (-20.0, 0.0)
"""Of the strikes' peaks, dB."""

MALLETS: Final = (1 / 8, 1 / 4)
"""Diameters of the strikes on drums that are simulated, of their size: felt of 20 to 60 mm."""

DRUMS: Final = (1, 6)
STRIKES: Final = (10, 60)
"""How many of an arrangement."""

OVERLAPS: Final = (0.005, 0.03)
"""Seconds by which a strike follows the one before in an arrangement with overlaps."""

_LEAST_RATIO = 1.08  # of the sizes of two drums of a family
_MARGINS = (0.05, 0.5)  # seconds before the first strike and after the last
_HEARD = 1.5  # T60s, 90 dB, after which a strike has ended
_FEWEST = 2  # strikes on each drum


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A sound, and all strikes on known drums that it is the sum of, by time.

    Attributes:
        sound: shape (samples,).
        sample_rate: Hz.
        drums: those that are struck, by falling size.
        times: of the strikes, seconds, shape (n,).
        which: the index of each strike's drum, shape (n,).
        levels: its peak, shape (n,).
        decay_times: its T60, seconds, shape (n,).
        locations: where it falls, in the coordinates of the drum's sampler.
    """

    sound: Float64
    sample_rate: int
    drums: tuple[Drum, ...]
    times: Float64
    which: Integers
    levels: Float64
    decay_times: Float64
    locations: tuple[tuple[float, ...], ...]

    @property
    def score(self) -> Score:
        """The score that has found everything; its drums sound by their own samplers."""
        columns = self.times, self.which, self.locations, self.levels, self.decay_times
        strikes = [Strike(*values) for values in zip(*columns, strict=True)]
        return Score(self.drums, strikes, len(self.sound) / self.sample_rate)


def arrangement(
    seed: int,
    families: Sequence[str] = ModeBank.families,
    drums: int | None = None,
    strikes: int | None = None,
    duration: float = 10.0,
    closest: float = 0.1,
    overlaps: bool = False,
    sample_rate: int = 48000,
    mallet: float | None = None,
) -> Arrangement:
    """Make strikes on known drums, and their sum.

    Circles, rectangles and triangles sound by the series of their samplers; ellipses, polygons and
    stars by finite differences, so that no solver hears itself. Drums are 0.1 to 0.6 m large,
    log-uniform, two of a family differing by 8 % or more; each has a T60 of 0.3 to 2 s,
    log-uniform, and is heard and struck anywhere, at least twice. Peaks are uniform from -20 to
    0 dB. A strike ends 90 dB down, or with the sound.

    Args:
        seed: of everything, from 0.
        families: of `ModeBank.families`, each as likely.
        drums: how many; None: 1 to 6.
        strikes: how many; None: 10 to 60, but two a drum.
        duration: seconds.
        closest: the shortest time between two strikes, seconds.
        overlaps: whether every third strike follows the one before by 5 to 30 ms instead, on
            another drum if there is one.
        sample_rate: Hz.
        mallet: diameter of the strikes on drums that are simulated, of their size, up to 1; None:
            each drum has its own, of MALLETS, log-uniform. The wider, the fewer high partials.

    Raises:
        ValueError: there is no such family, or so many strikes do not fit.
    """
    families = [check_choice("family", family, ModeBank.families) for family in families]
    rng = np.random.default_rng(seed)
    number, n = _counts(rng, drums, strikes)
    times = _times(rng, n, duration, check_number("closest", closest, above=0), overlaps)
    which = _which(rng, n, number, overlaps)
    levels = 10 ** (rng.uniform(*LEVELS, n) / 20)
    sizes = _sizes(rng, [families[k] for k in rng.integers(len(families), size=number)])
    length, struck = round(duration * sample_rate), []
    bounds = MALLETS if mallet is None else (mallet, mallet)
    mallets = rng.spawn(1)[0]  # draws nothing of what the rest is drawn from
    for (family, size), count in zip(sizes, np.bincount(which).tolist(), strict=True):
        decay = draw_log_uniform(rng, DECAY_TIMES)
        heard = min(length, round(_HEARD * decay * sample_rate))
        share = draw_log_uniform(mallets, bounds)
        struck.append(strike_drum(rng, family, size, decay, count, heard, sample_rate, share))
    return _summed(times, which, levels, struck, length, sample_rate)


def _counts(rng: np.random.Generator, drums: int | None, strikes: int | None) -> tuple[int, int]:
    """Draw the numbers of drums and strikes that are not given."""
    drawn = rng.integers(*DRUMS, endpoint=True), rng.integers(*STRIKES, endpoint=True)
    number = int(drawn[0]) if drums is None else check_count("drums", drums)
    if strikes is None:
        return number, max(int(drawn[1]), _FEWEST * number)
    if check_count("strikes", strikes) < _FEWEST * number:
        raise ValueError(f"{number} drums take {_FEWEST * number} strikes or more, got {strikes}")
    return number, strikes


def _times(
    rng: np.random.Generator, n: int, duration: float, closest: float, overlaps: bool
) -> Float64:
    """Draw the times of strikes, sorted, uniform but for the shortest gaps."""
    followers = np.arange(2, n, 3) if overlaps else np.arange(0)
    gaps = np.full(n, closest)
    gaps[0] = 0.0
    gaps[followers] = rng.uniform(*OVERLAPS, len(followers))
    free = duration - sum(_MARGINS) - gaps.sum()
    if not free > 0:
        raise ValueError(
            f"{n} strikes {closest} s apart do not fit into {duration} s: take fewer strikes, a "
            "smaller closest or a longer duration"
        )
    slack = np.sort(rng.uniform(0, free, n))
    slack[followers] = slack[followers - 1]
    return np.asarray(_MARGINS[0] + np.cumsum(gaps) + slack)


def _which(rng: np.random.Generator, n: int, drums: int, overlaps: bool) -> Integers:
    """Draw the drum of each strike."""
    twice = np.tile(np.arange(drums), _FEWEST)
    while True:
        which = rng.permutation(np.append(twice, rng.integers(drums, size=n - len(twice))))
        if overlaps and drums > 1:
            same = 1 + np.flatnonzero(which[1:] == which[:-1])
            same = same[same % 3 == 2]
            which[same] = (which[same] + rng.integers(1, drums, len(same))) % drums
        if (np.bincount(which, minlength=drums) >= _FEWEST).all():
            return which


def _sizes(rng: np.random.Generator, families: Sequence[str]) -> list[tuple[str, float]]:
    """Draw the size of a drum of each family; return both by falling size."""
    found: list[tuple[str, float]] = []
    while len(found) < len(families):
        family, size = families[len(found)], draw_log_uniform(rng, SIZES)
        same = [other for kind, other in found if kind == family]
        if all(abs(math.log(size / other)) >= math.log(_LEAST_RATIO) for other in same):
            found.append((family, size))
    return sorted(found, key=lambda each: -each[1])


def _summed(
    times: Float64,
    which: Integers,
    levels: Float64,
    struck: Sequence[Struck],
    length: int,
    sample_rate: int,
) -> Arrangement:
    """Return the arrangement of strikes on drums."""
    sound = np.zeros(length)
    turns = [zip(each.waveforms, each.locations, strict=True) for each in struck]
    locations = []
    for time, k, level in zip(times.tolist(), which.tolist(), levels.tolist(), strict=True):
        waveform, location = next(turns[k])
        rest = sound[round(time * sample_rate) :]
        rest[: len(waveform)] += level * waveform[: len(rest)]
        locations.append(location)
    return Arrangement(
        sound,
        sample_rate,
        tuple(each.drum for each in struck),
        times,
        which,
        levels,
        np.array([each.decay_time for each in struck])[which],
        tuple(locations),
    )
