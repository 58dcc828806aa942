"""The modes of a circular drum.

Mode (m, n) has m nodal diameters, m from 0, and n nodal circles counting the rim, n from 1. Its
wavenumber on a disc of radius 1 is z_mn, the n-th zero of J_m. For m > 0 two eigenfunctions share
it, one with cos(m theta), one with sin(m theta).
Source: Rayleigh, The Theory of Sound I, chapter IX.
"""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import jn_zeros, jv

from .._checks import check_count, check_number
from ..geometry.shape import Float64

_MOST_ZEROS = 1200


def besselJ(n: npt.ArrayLike, x: npt.ArrayLike) -> Float64:
    """Return J_n(x), the Bessel function of the first kind of real order; both broadcast."""
    values: Float64 = jv(np.asarray(n, dtype=np.float64), np.asarray(x, dtype=np.float64))
    return values


def besselJZero(n: int, m: int) -> float:
    """Return the m-th zero of J_n above 0, n from 0 and m from 1 to 1200: (0, 1) gives 2.404826."""
    return float(jn_zeros(check_count("n", n, 0), check_count("m", m, most=_MOST_ZEROS))[-1])


def circularSeries(N: int, M: int) -> Float64:
    """Return the series of a disc: its wavenumbers at unit area over pi, z_mn / sqrt(pi).

    The first N zeros, 1200 at most, of the M orders m = 0 ... M - 1: shape (M, N), row m of J_m.
    A drum of size L (m) and wave speed c (m/s) sounds at f = S c / (2 L).
    """
    count = check_count("N", N, most=_MOST_ZEROS)
    zeros = [jn_zeros(m, count) for m in range(check_count("M", M))]
    return np.stack(zeros) / math.sqrt(math.pi)


def circularAmplitudes(r: float, theta: float, S: npt.ArrayLike) -> Float64:
    """Return the eigenfunctions of a disc of unit area at the point (r, theta), signs kept.

    phi = sqrt(e_m) J_m(z_mn r) / |J_(m+1)(z_mn)| times cos(m theta) and sin(m theta), e_0 = 1 and
    else 2. They are orthonormal over the disc, so the weights of the partials that a strike at a
    and a pick-up at b make are `np.sum(amplitudes(a) * amplitudes(b), axis=0)`, which is
    e_m J_m(z r_a) J_m(z r_b) cos(m (theta_a - theta_b)) / J_(m+1)(z)^2.

    r is in units of the radius, from 0 to 1, theta in radians, and S the `circularSeries`, shape
    (M, N), row m of order m.

    Returns:
        Shape (2, M, N): the cosine and the sine of each pair; the sine of order 0 is 0.

    Raises:
        ValueError: the point is outside the disc, or `S` is not two-dimensional.
    """
    series = np.asarray(S, dtype=np.float64)
    if series.ndim != 2:
        raise ValueError(f"S must have shape (M, N), row m of order m, got {series.shape}")
    r, theta = check_number("r", r, least=0, most=1), check_number("theta", theta)
    m = np.arange(len(series), dtype=np.float64)[:, None]
    z = series * math.sqrt(math.pi)
    radial = np.sqrt(np.where(m == 0, 1.0, 2.0)) * jv(m, z * r) / np.abs(jv(m + 1, z))
    return np.stack([np.cos(m * theta) * radial, np.sin(m * theta) * radial])


def circularChladniPattern(n: int, m: int, H: int, tolerance: float = 0.1) -> npt.NDArray[np.bool_]:
    """Draw where sand comes to rest on a circular drum: the nodal lines of one mode.

    Of a degenerate pair the cosine is drawn, J_n(z r) cos(n theta).

    Args:
        n: order, the number of nodal diameters, from 0 (as in `besselJZero`).
        m: which zero of J_n, the number of nodal circles counting the rim, from 1.
        H: cells along each side of the drawing, from 1; the drum fills it.
        tolerance: sand lies where the mode moves less than this part of its largest movement.

    Returns:
        Shape (H, H), True where sand lies. Rows go along y from the lowest, columns along x.
    """
    tolerance = check_number("tolerance", tolerance, above=0)
    z = besselJZero(n, m)
    x, y = np.meshgrid(*[(np.arange(check_count("H", H)) + 0.5) * 2 / H - 1] * 2)
    r, theta = np.hypot(x, y), np.arctan2(y, x)
    largest = np.abs(jv(n, np.linspace(0, z, 1024))).max()
    quiet: npt.NDArray[np.bool_] = np.abs(jv(n, z * r) * np.cos(n * theta)) < tolerance * largest
    return quiet & (r <= 1)
