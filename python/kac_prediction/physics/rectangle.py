"""The modes of a rectangular drum.

Mode (n, m) has n half waves along y and m along x, both from 1. The aspect ratio epsilon is the
side along x over the side along y, so a drum of size L has the sides L sqrt(epsilon) and
L / sqrt(epsilon). A side may be free instead of fixed: see `linearSeries`, of which there is one
along each side.
Source: Rayleigh, The Theory of Sound I, chapter IX.
"""

from collections.abc import Sequence

import numpy as np

from .._arrays import ArrayLike, Bool, Float64
from .._checks import check_count, check_number, check_numbers
from .chladni import ChladniPattern
from .linear import cell_centres, check_ends, half_waves, standing_waves

FIXED = (True, True, True, True)


def rectangularSeries(
    N: int, M: int, epsilon: float, boundary_conditions: Sequence[bool] = FIXED
) -> Float64:
    """Return the series of a rectangle: its wavenumbers at unit area over pi.

    S = sqrt(m^2 / epsilon + epsilon n^2), shape (N, M): row n = 1 ... N, half waves along y, and
    column m = 1 ... M, half waves along x. Between free sides n and m are 0 ... N - 1 and M - 1,
    between one of each kind 1/2, 3/2 ...
    A drum of size L (m) and wave speed c (m/s) sounds at f = S c / (2 L).

    Args:
        N: half waves along y, the rows.
        M: half waves along x, the columns.
        epsilon: the side along x over the side along y.
        boundary_conditions: which of the four sides are fixed, the others free: at the least and
            the greatest x, at the least and the greatest y.
    """
    check_number("epsilon", epsilon, above=0)
    ends = check_ends(boundary_conditions, 4)
    n, m = half_waves(check_count("N", N), ends[2:]), half_waves(check_count("M", M), ends[:2])
    series: Float64 = np.sqrt(m**2 / epsilon + epsilon * (n**2)[:, None])
    return series


def rectangularAmplitudes(
    p: ArrayLike,
    N: int,
    M: int,
    epsilon: float,
    boundary_conditions: Sequence[bool] = FIXED,
) -> Float64:
    """Return the eigenfunctions of a rectangle of unit area at the point p, signs kept.

    phi = 2 sin(n pi y) sin(m pi x), shape (N, M), row n, column m, where p is (x, y) in units of
    the sides, each from 0 to 1: there they are the same for every aspect ratio epsilon. They are
    orthonormal over the rectangle, so the weights of the partials that a strike at a and a pick-up
    at b make are `amplitudes(a) * amplitudes(b)`. The arguments are those of `rectangularSeries`.

    Raises:
        ValueError: the point is outside the rectangle.
    """
    check_number("epsilon", epsilon, above=0)
    x, y = check_numbers("p", p, 2)
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"p must be a point (x, y) of the rectangle, 0 <= x, y <= 1, got {p!r}")
    ends = check_ends(boundary_conditions, 4)
    n, m = half_waves(check_count("N", N), ends[2:]), half_waves(check_count("M", M), ends[:2])
    return np.outer(standing_waves(n, y, ends[2:]), standing_waves(m, x, ends[:2]))


def rectangularCymatics(
    n: int, m: int, X: int, Y: int, boundary_conditions: Sequence[bool] = FIXED
) -> Float64:
    """Return how one mode of a rectangular drum moves, signs kept.

    Args:
        n: which mode along y, from 1: the n-th row of `rectangularSeries`.
        m: which mode along x, from 1: the m-th column.
        X: cells of the drawing along x, from 1, which the drum fills.
        Y: cells of the drawing along y, from 1.
        boundary_conditions: as of `rectangularSeries`.

    Returns:
        U[x, y], shape (X, Y), the eigenfunction at unit area.
    """
    ends = check_ends(boundary_conditions, 4)
    x, y = cell_centres("X", X), cell_centres("Y", Y)
    along_x = standing_waves(half_waves(check_count("m", m), ends[:2])[-1], x, ends[:2])
    along_y = standing_waves(half_waves(check_count("n", n), ends[2:])[-1], y, ends[2:])
    return np.outer(along_x, along_y)


def rectangularChladniPattern(n: int, m: int, X: int, Y: int, tolerance: float = 0.1) -> Bool:
    """Draw where sand comes to rest on a rectangular drum, as `circularChladniPattern` does.

    Args:
        n: as of `rectangularCymatics`, whose `ChladniPattern` it is.
        m: as of `rectangularCymatics`.
        X: as of `rectangularCymatics`.
        Y: as of `rectangularCymatics`.
        tolerance: as of `circularChladniPattern`.

    Returns:
        mask[x, y], shape (X, Y), True where sand lies.
    """
    return ChladniPattern(rectangularCymatics(n, m, X, Y), tolerance)
