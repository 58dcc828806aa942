"""The modes of a rectangular drum.

Mode (m, n) has m half waves along x and n along y, both from 1. The aspect ratio epsilon is the
side along x over the side along y, so a drum of size L has the sides L sqrt(epsilon) and
L / sqrt(epsilon).
Source: Rayleigh, The Theory of Sound I, chapter IX.
"""

import numpy as np
import numpy.typing as npt

from .._checks import check_count, check_number, check_numbers
from ..geometry.shape import Float64


def rectangularSeries(N: int, M: int, epsilon: float) -> Float64:
    """Return the series of a rectangle: its wavenumbers at unit area over pi.

    S = sqrt(m^2 / epsilon + epsilon n^2) for m = 1 ... M, n = 1 ... N and the aspect ratio epsilon,
    the side along x over the side along y: shape (M, N).
    A drum of size L (m) and wave speed c (m/s) sounds at f = S c / (2 L).
    """
    check_number("epsilon", epsilon, above=0)
    m, n = mode_numbers("M", M), mode_numbers("N", N)
    series: Float64 = np.sqrt((m**2)[:, None] / epsilon + epsilon * n**2)
    return series


def rectangularAmplitudes(p: npt.ArrayLike, N: int, M: int, epsilon: float) -> Float64:
    """Return the eigenfunctions of a rectangle of unit area at the point p, signs kept.

    phi = 2 sin(m pi x) sin(n pi y) for m = 1 ... M and n = 1 ... N, shape (M, N), where p is (x, y)
    in units of the sides, each from 0 to 1: there they are the same for every aspect ratio epsilon.
    They are orthonormal over the rectangle, so the weights of the partials that a strike at a and a
    pick-up at b make are `amplitudes(a) * amplitudes(b)`.

    Raises:
        ValueError: the point is outside the rectangle.
    """
    check_number("epsilon", epsilon, above=0)
    x, y = check_numbers("p", p, 2)
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"p must be a point (x, y) of the rectangle, 0 <= x, y <= 1, got {p!r}")
    m, n = mode_numbers("M", M), mode_numbers("N", N)
    return 2 * np.outer(np.sin(np.pi * m * x), np.sin(np.pi * n * y))


def rectangularChladniPattern(
    n: int, m: int, X: int, Y: int, tolerance: float = 0.1
) -> npt.NDArray[np.bool_]:
    """Draw where sand comes to rest on a rectangular drum, as `circularChladniPattern` does.

    Args:
        n: half waves along y, from 1.
        m: half waves along x, from 1.
        X: cells of the drawing along x, which the drum fills.
        Y: cells of the drawing along y; the drawing has the shape (Y, X).
        tolerance: as of `circularChladniPattern`.
    """
    tolerance = check_number("tolerance", tolerance, above=0)
    x = (mode_numbers("X", X) - 0.5) / X
    y = (mode_numbers("Y", Y) - 0.5) / Y
    along_x = np.sin(np.pi * check_count("m", m) * x)
    along_y = np.sin(np.pi * check_count("n", n) * y)
    quiet: npt.NDArray[np.bool_] = np.abs(np.outer(along_y, along_x)) < tolerance
    return quiet


def mode_numbers(name: str, count: int) -> Float64:
    """Return 1, 2, ... `count`; errors call it `name`."""
    return np.arange(1, check_count(name, count) + 1, dtype=np.float64)
