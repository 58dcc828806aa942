"""Changes of a score: small pure functions from one to another."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, TypeAlias

import numpy as np
from scipy.optimize import linear_sum_assignment

from .._checks import brief, check_count, check_number, check_numbers
from .drum import Drum
from .kit import Kit
from .locations import carried
from .score import Score, Strike

Grid: TypeAlias = float | tuple[float, float]
"""Seconds from one place of a strike to the next, or (beats a minute, places a beat)."""

_OCTAVES: Final = 10


def transpose(score: Score, semitones: float) -> Score:
    """Return a score on drums of another size, of the same shapes.

    Sizes are divided by 2^(semitones / 12), by which all partials rise; so are widths of strikes
    that are given. Strikes and pick-ups keep their places on the drums, and levels and decay times
    (T60) stay: the gestures are as long.

    Args:
        score: any.
        semitones: up, or where negative, down; at most ten octaves.

    Raises:
        TypeError, ValueError: out of range.
    """
    most = 12.0 * _OCTAVES
    factor = 2 ** (-check_number("semitones", semitones, least=-most, most=most) / 12)
    strikes = [
        replace(strike, location=_scaled(strike.location, score.drums[strike.drum], factor))
        for strike in score
    ]
    return Score([_resized(drum, factor) for drum in score.drums], strikes, score.duration)


def swap_kit(score: Score, kit: Kit) -> Score:
    """Return a score on the drums of a kit, as many of them as are needed.

    Each drum of the score becomes one of the kit: so that the lowest partials change least, in
    octaves and in sum, and none of the kit stands for more drums than it must. Strikes keep their
    direction from the middle and their share of the way to the wall, levels and decay times.

    Args:
        score: any.
        kit: of any drums; their pick-ups are kept.

    Raises:
        TypeError: `kit` is none.
        ValueError: a drum has no modes that finite elements find.
    """
    if not isinstance(kit, Kit):
        raise TypeError(f"kit must be a Kit, got {brief(kit)}")
    if not score.drums:
        return score
    own, given = (np.log2([drum.fundamental for drum in drums]) for drums in (score.drums, kit))
    chairs = np.tile(np.arange(len(kit)), math.ceil(len(own) / len(given)))
    _, chosen = linear_sum_assignment(np.abs(own[:, None] - given[chairs]))
    numbers = chairs[chosen].tolist()
    strikes = [
        replace(
            strike,
            drum=numbers[strike.drum],
            location=carried(strike.location, score.drums[strike.drum], kit[numbers[strike.drum]]),
        )
        for strike in score
    ]
    return _of(kit, strikes, score.duration)


def stretch(score: Score, factor: float) -> Score:
    """Return a score that is slower by a factor, or where that is below 1, faster.

    Times and duration are multiplied by it; the drums sound as they are, for as long (T60).

    Args:
        score: any.
        factor: above 0.

    Raises:
        TypeError, ValueError: out of range, or the score would be longer than a day.
    """
    factor = check_number("factor", factor, above=0)
    duration = factor * score.duration
    last = math.nextafter(duration, 0.0)  # where rounding makes a strike fall on the end
    strikes = [replace(strike, time=min(factor * strike.time, last)) for strike in score]
    return Score(score.drums, strikes, duration)


def quantise(score: Score, grid: Grid) -> Score:
    """Return a score whose strikes fall on the places of a grid, each on the nearest.

    The grid begins with the score; of two places as near the later one is taken. Strikes that fall
    together both stay. Where one falls on the end of the score, that is a step later.

    Args:
        score: any.
        grid: seconds from one place to the next; or (beats a minute, places a beat): (120, 4) are
            sixteenths of a quarter at 120, 0.125 s.

    Raises:
        TypeError, ValueError: a number is not above 0, or the score would be longer than a day.
    """
    numbers = check_numbers("grid", grid, 1, 2)
    for number in numbers:
        check_number("grid", number, above=0)
    step = numbers[0] if len(numbers) == 1 else 60 / (numbers[0] * numbers[1])
    times = [math.floor(strike.time / step + 0.5) * step for strike in score]
    strikes = [replace(strike, time=time) for strike, time in zip(score, times, strict=True)]
    reached = max(times, default=0.0) >= score.duration
    return Score(score.drums, strikes, max(times) + step if reached else score.duration)


def thin(score: Score, most_drums: int) -> Score:
    """Return a score on so many of its drums, those that carry most; the others fall silent.

    That is the sum over a drum's strikes of level^2 times decay time, to which the energy of their
    sounds is in proportion. The drums keep their order; those that rest go first.

    Args:
        score: any.
        most_drums: from 1.

    Raises:
        TypeError, ValueError: it is no whole number, or below 1.
    """
    most = check_count("most_drums", most_drums)
    energies = np.zeros(len(score.drums))
    for strike in score:
        energies[strike.drum] += strike.level**2 * strike.decay_time
    kept = set(np.argsort(-energies, kind="stable")[:most].tolist())
    return _of(score.drums, (strike for strike in score if strike.drum in kept), score.duration)


def above(score: Score, least_level: float) -> Score:
    """Return a score without its faint strikes, and without the drums that rest then.

    Args:
        score: any.
        least_level: of the faintest strike that is kept, from 0.

    Raises:
        TypeError, ValueError: it is no number, or negative.
    """
    least = check_number("least_level", least_level, least=0)
    return _of(score.drums, (s for s in score if s.level >= least), score.duration)


def _of(drums: Sequence[Drum], strikes: Iterable[Strike], duration: float) -> Score:
    """Return a score of strikes and those of the drums that are struck."""
    strikes = list(strikes)
    struck = sorted({strike.drum for strike in strikes})
    renumbered = [replace(strike, drum=struck.index(strike.drum)) for strike in strikes]
    return Score([drums[k] for k in struck], renumbered, duration)


def _resized(drum: Drum, factor: float) -> Drum:
    """Return a drum of another size, heard at the same place, with mallets of another size."""
    heard, width = drum.sample_location, drum.strike_width
    return replace(
        drum,
        drum_size=factor * drum.drum_size,
        outline=None if drum.outline is None else factor * drum.outline,
        sample_location=None if heard is None else _scaled(heard, drum, factor),
        strike_width=None if width is None else factor * width,
    )


def _scaled(location: tuple[float, ...], drum: Drum, factor: float) -> tuple[float, ...]:
    """Return a location on a drum of another size: those in metres change."""
    return tuple(factor * x for x in location) if drum.in_metres else location
