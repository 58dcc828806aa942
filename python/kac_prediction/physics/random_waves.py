"""What is known of the high modes of a drum without computing them: how many, and how strong."""

import math
from functools import cache

import numpy as np

from .._arrays import Float64

_SHIFT = 0.7  # of an index
_REACH, _STEP = 256.0, 1 / 32  # of a table of J_0; beyond, where it is below 0.05, it counts as 0


def random_partials(
    rng: np.random.Generator,
    last: float,
    highest: float,
    most: float,
    perimeter: float,
    distance: float,
    depths: tuple[float, float],
) -> tuple[Float64, Float64]:
    """Draw the partials of a drum of unit area beyond those that are known.

    By Weyl's law there are N(k) = k^2 / (4 pi) - P k / (4 pi) modes up to the wavenumber k, with
    the perimeter P. Partial i beyond the last one known, k_0, is where N(k) = N(k_0) + i + s, s
    uniform in [-0.7, 0.7). Eigenfunctions are random waves: at strike and pick-up two normal
    numbers of the correlation J_0(k |x_s - x_p|), each of the variance 1 - J_0(2 k d) at the depth
    d, as beside a straight wall.

    Sources: V. Ya. Ivrii, Funct. Anal. Appl. 14 (1980) 98 (Weyl's law with the perimeter);
    M. V. Berry, J. Phys. A 10 (1977) 2083 (random waves) and 35 (2002) 3025 (beside a wall).

    Args:
        rng: draws them.
        last: wavenumber of the last mode known, at unit area.
        highest: wavenumber up to which they are drawn; the last ones may lie just beyond.
        most: how many at most.
        perimeter: at unit area.
        distance: between strike and pick-up, at unit area.
        depths: of strike and pick-up, at unit area.

    Returns:
        Wavenumbers, and products of the eigenfunctions at strike and pick-up, shape (n,) each.
    """
    known, expected = (k * (k - perimeter) / (4 * math.pi) for k in (last, highest))
    n = int(max(min(expected - known + 1, most), 0))
    index = known + np.arange(1, n + 1) + rng.uniform(-_SHIFT, _SHIFT, n)
    wavenumbers = (perimeter + np.sqrt(perimeter**2 + 16 * math.pi * index)) / 2
    strike, other = rng.standard_normal((2, n))
    correlation = _j0(wavenumbers * distance)
    pick_up = correlation * strike + np.sqrt(1 - correlation**2) * other
    variances = [1 - _j0(2 * depth * wavenumbers) for depth in depths]
    return wavenumbers, strike * pick_up * np.sqrt(variances[0] * variances[1])


def _j0(x: Float64) -> Float64:
    """Return J_0 to 2e-4, faster than SciPy."""
    return np.interp(x, *_table(), right=0.0)


@cache
def _table() -> tuple[Float64, Float64]:
    from scipy.special import j0

    x = np.arange(0, _REACH, _STEP)
    return x, np.asarray(j0(x))
