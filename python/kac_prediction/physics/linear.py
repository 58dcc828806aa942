"""The modes of a string, or of a column of air: what moves along one line.

Mode n, from 1, has n half waves between two fixed ends, n - 1 between two free ones, and n - 1/2
between one of each. Two free ends have a mode of no half wave, in which all moves alike and nothing
sounds.
Source: Rayleigh, The Theory of Sound I, chapter VI.
"""

import math
from collections.abc import Sequence

import numpy as np

from .._arrays import ArrayLike, Float64
from .._checks import brief, check_count, check_number

FIXED = (True, True)


def linearSeries(N: int, boundary_conditions: Sequence[bool] = FIXED) -> Float64:
    """Return the series of a string: its wavenumbers at unit length over pi, shape (N,).

    These are its half waves: 1, 2 ... N between two fixed ends, 0, 1 ... between two free ones,
    1/2, 3/2 ... between one of each. A string of length L (m) and wave speed c (m/s) sounds at
    f = S c / (2 L).

    Args:
        N: how many modes.
        boundary_conditions: whether either end is fixed (True) or free (False).
    """
    return half_waves(check_count("N", N), check_ends(boundary_conditions, 2))


def linearAmplitudes(x: float, N: int, boundary_conditions: Sequence[bool] = FIXED) -> Float64:
    """Return the eigenfunctions of a string of unit length at x, signs kept, shape (N,).

    phi = sqrt(2) sin(S pi x) where the first end is fixed, sqrt(2) cos(S pi x) where it is free,
    and 1 for S = 0: orthonormal, so the weights of the partials that a strike at a and a pick-up at
    b make are `amplitudes(a) * amplitudes(b)`. x is in units of the length, from 0 to 1, the other
    arguments are those of `linearSeries`.
    """
    x, ends = check_number("x", x, least=0, most=1), check_ends(boundary_conditions, 2)
    return standing_waves(half_waves(check_count("N", N), ends), x, ends)


def linearCymatics(n: int, X: int, boundary_conditions: Sequence[bool] = FIXED) -> Float64:
    """Return how the n-th mode of a string moves, from 1, in X cells along it, shape (X,).

    It is the eigenfunction at unit length; `boundary_conditions` are as of `linearSeries`.
    """
    ends = check_ends(boundary_conditions, 2)
    number = half_waves(check_count("n", n), ends)[-1]
    return standing_waves(number, cell_centres("X", X), ends)


def check_ends(boundary_conditions: Sequence[bool], count: int) -> tuple[bool, ...]:
    """Return which ends are fixed; ValueError unless `count` times True or False."""
    given = boundary_conditions
    if (
        not isinstance(given, Sequence | np.ndarray)
        or len(given) != count
        or not all(isinstance(end, bool | np.bool_) for end in given)
    ):
        raise ValueError(
            f"boundary_conditions must be {count} times True (fixed) or False (free), got "
            f"{brief(given)}"
        )
    return tuple(bool(end) for end in given)


def half_waves(count: int, ends: tuple[bool, ...]) -> Float64:
    """Return the half waves of the lowest modes between two ends."""
    return np.arange(count, dtype=np.float64) + sum(ends) / 2


def standing_waves(numbers: ArrayLike, x: ArrayLike, ends: tuple[bool, ...]) -> Float64:
    """Return the eigenfunctions of so many half waves at x in [0, 1], orthonormal."""
    numbers = np.asarray(numbers, dtype=np.float64)
    phase = np.pi * numbers * np.asarray(x, dtype=np.float64)
    waves = np.sin(phase) if ends[0] else np.cos(phase)
    return np.asarray(np.where(numbers == 0, 1.0, math.sqrt(2)) * waves)


def cell_centres(name: str, count: int) -> Float64:
    """Return the middles of so many cells of [0, 1]; errors call the count `name`."""
    count = check_count(name, count)
    return (np.arange(count) + 0.5) / count
