"""The modes of an equilateral triangular drum.

They are numbered as Lamé did, by m and n from 1. (m, n) and (n, m) are one mode; where m and n
differ it has two eigenfunctions of one frequency, one symmetric and one antisymmetric about the
altitude v = w. Points are barycentric, (u, v, w): the distances to the three sides over the height,
which add to one.
Source: McCartin, Eigenstructure of the equilateral triangle I, SIAM Review 45 (2003); Lamé 1833.
"""

import math

import numpy as np

from .._arrays import Float64
from .._checks import check_count, check_number


def equilateralTriangleSeries(N: int, M: int) -> Float64:
    """Return the series of an equilateral triangle: its wavenumbers at unit area over pi.

    S = 2 / 3^(3/4) sqrt(m^2 + m n + n^2), shape (N, M): row n = 1 ... N, column m = 1 ... M.
    A drum of size L (m) and wave speed c (m/s) sounds at f = S c / (2 L). Every pair of different m
    and n stands twice in the table where it is square; a sound has it once.
    """
    n, m = _numbers("N", N)[:, None], _numbers("M", M)
    series: Float64 = 2 / 3**0.75 * np.sqrt(m**2 + m * n + n**2)
    return series


def equilateralTriangleAmplitudes(u: float, v: float, w: float, N: int, M: int) -> Float64:
    """Return the eigenfunctions of an equilateral triangle of unit area at (u, v, w), signs kept.

    With l = -(m + n), d = pi (v - w) / 3, and F = cos (symmetric) or sin (antisymmetric),
    T = sin(pi l (1-u)) F((m-n) d) + sin(pi m (1-u)) F((n-l) d) + sin(pi n (1-u)) F((l-m) d),
    over the root of its mean square, which is 3/4, or 3/2 for m = n. They are orthonormal, and make
    weights as `circularAmplitudes` do, each pair of m and n taken once.

    Returns:
        Shape (2, N, M), row n, column m: the symmetric and the antisymmetric ones, the latter 0
        where m = n.

    Raises:
        ValueError: the point is outside the triangle.
    """
    u, v, w = (check_number(name, x, least=0) for name, x in zip("uvw", (u, v, w), strict=True))
    if abs(u + v + w - 1) > 1e-8:
        raise ValueError(f"u, v and w must add to 1, got ({u}, {v}, {w})")
    n, m = _numbers("N", N)[:, None], _numbers("M", M)
    third, d = -(m + n), math.pi * (v - w) / 3
    functions: Float64 = sum(
        np.sin(math.pi * (1 - u) * a) * np.stack([np.cos(b * d), np.sin(b * d)])
        for a, b in ((third, m - n), (m, n - third), (n, third - m))
    )
    return functions / np.sqrt(np.where(m == n, 1.5, 0.75))


def _numbers(name: str, count: int) -> Float64:
    """Return 1, 2 ... `count`; errors call it `name`."""
    return np.arange(1, check_count(name, count) + 1, dtype=np.float64)
