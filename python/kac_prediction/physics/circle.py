"""The modes of a circular drum.

Mode (m, n) has m nodal diameters, m from 0, and n nodal circles counting the rim, n from 1. Its
wavenumber on a disc of radius 1 is z_mn, the n-th zero of J_m. For m > 0 two eigenfunctions share
it, one with cos(m theta), one with sin(m theta).
Under a free rim z_mn is the n-th zero of J'_m, that of m = 0 and n = 1 being 0: all of the disc
moves alike, and nothing sounds.
Source: Rayleigh, The Theory of Sound I, chapter IX.
"""

import math
from functools import lru_cache

import numpy as np
from scipy.special import jn_zeros, jnp_zeros, jv, jvp

from .._arrays import ArrayLike, Bool, Float64
from .._checks import check_count, check_flag, check_number
from .chladni import ChladniPattern

_MOST_ZEROS = 1200


def besselJ(n: ArrayLike, x: ArrayLike) -> Float64:
    """Return J_n(x), the Bessel function of the first kind of real order; both broadcast."""
    values: Float64 = jv(np.asarray(n, dtype=np.float64), np.asarray(x, dtype=np.float64))
    return values


def besselJZero(n: float, m: int) -> float:
    """Return the m-th zero of J_n above 0, m from 1 to 1200: (0, 1) gives 2.404826.

    The order n is a real number from 0; between two integers there is just one zero between the
    m-th of both, which grows with the order.
    Source: Watson, A Treatise on the Theory of Bessel Functions (1944), 15.22 and 15.6.
    """
    m, order = check_count("m", m, most=_MOST_ZEROS), check_number("n", n, least=0)
    below = math.floor(order)
    low = float(jn_zeros(below, m)[-1])
    if order == below:
        return low
    # Imported where it is used: it takes as long to load as all the rest.
    from scipy.optimize import brentq

    high = float(jn_zeros(below + 1, m)[-1])
    # A little more than between both, for orders that are next to an integer.
    ends = low * (1 - 1e-9), high * (1 + 1e-9)
    return float(brentq(lambda z: jv(order, z), *ends, xtol=1e-15, rtol=1e-15))


def circularSeries(N: int, M: int, boundary_conditions: bool = True) -> Float64:
    """Return the series of a disc: its wavenumbers at unit area over pi, z_mn / sqrt(pi).

    N orders and M zeros of each: shape (N, M), row n the first M zeros of J_n, n = 0 ... N - 1.
    A drum of size L (m) and wave speed c (m/s) sounds at f = S c / (2 L).

    Args:
        N: orders, the rows.
        M: zeros of each order, the columns, 1200 at most.
        boundary_conditions: True: the rim is fixed; False: it is free, with the zeros of J'_n.
    """
    orders, count = check_count("N", N), check_count("M", M, most=_MOST_ZEROS)
    fixed = check_flag("boundary_conditions", boundary_conditions)
    return np.stack([_zeros(n, count, fixed) for n in range(orders)]) / math.sqrt(math.pi)


def circularAmplitudes(r: float, theta: float, S: ArrayLike) -> Float64:
    """Return the eigenfunctions of a disc of unit area at the point (r, theta), signs kept.

    phi = sqrt(e_n / q) J_n(z r) times cos(n theta) and sin(n theta), e_0 = 1 and else 2, and with
    q = J'_n(z)^2 + (1 - n^2 / z^2) J_n(z)^2, which under a fixed rim is J_(n+1)(z)^2. They are
    orthonormal over the disc, so the weights of the partials that a strike at a and a pick-up at b
    make are `np.sum(amplitudes(a) * amplitudes(b), axis=0)`, which is
    e_n J_n(z r_a) J_n(z r_b) cos(n (theta_a - theta_b)) / q.

    r is in units of the radius, from 0 to 1, theta in radians, and S the `circularSeries`, shape
    (N, M), row n of order n, of a rim that is fixed or free.

    Returns:
        Shape (2, N, M): the cosine and the sine of each pair; the sine of order 0 is 0.

    Raises:
        ValueError: the point is outside the disc, or `S` is not two-dimensional.
    """
    series = np.asarray(S, dtype=np.float64)
    if series.ndim != 2:
        raise ValueError(f"S must have shape (N, M), row n of order n, got {series.shape}")
    r, theta = check_number("r", r, least=0, most=1), check_number("theta", theta)
    n = np.arange(len(series), dtype=np.float64)[:, None]
    z = series * math.sqrt(math.pi)
    rest = 1 - (n / np.where(z == 0, np.inf, z)) ** 2
    norm = np.sqrt(jvp(n, z) ** 2 + rest * jv(n, z) ** 2)
    radial = np.sqrt(np.where(n == 0, 1.0, 2.0)) * jv(n, z * r) / norm
    return np.stack([np.cos(n * theta) * radial, np.sin(n * theta) * radial])


def circularCymatics(n: int, m: int, H: int, boundary_conditions: bool = True) -> Float64:
    """Return how one mode of a circular drum moves, J_n(z r) cos(n theta), signs kept.

    Of a degenerate pair this is the cosine.

    Args:
        n: order, the number of nodal diameters, from 0 (as in `besselJZero`).
        m: which zero, the number of nodal circles counting a fixed rim, from 1.
        H: cells along each side of the drawing, from 1; the drum fills it.
        boundary_conditions: as of `circularSeries`.

    Returns:
        U[x, y], shape (H, H), its largest movement about 1; nan outside of the drum.
    """
    n, m = check_count("n", n, 0), check_count("m", m, most=_MOST_ZEROS)
    z = _zeros(n, m, check_flag("boundary_conditions", boundary_conditions))[-1]
    x, y = np.meshgrid(*[(np.arange(check_count("H", H)) + 0.5) * 2 / H - 1] * 2, indexing="ij")
    r, theta = np.hypot(x, y), np.arctan2(y, x)
    largest = np.abs(jv(n, np.linspace(0, z, 1024))).max()
    field: Float64 = jv(n, z * r) * np.cos(n * theta) / largest
    return np.where(r <= 1, field, np.nan)


def circularChladniPattern(n: int, m: int, H: int, tolerance: float = 0.1) -> Bool:
    """Draw where sand comes to rest on a circular drum: the nodal lines of one mode.

    Args:
        n: as of `circularCymatics`, whose `ChladniPattern` it is.
        m: as of `circularCymatics`.
        H: as of `circularCymatics`.
        tolerance: sand lies where the mode moves less than this part of its largest movement.

    Returns:
        mask[x, y], shape (H, H), True where sand lies.
    """
    return ChladniPattern(circularCymatics(n, m, H), tolerance)


@lru_cache(maxsize=256)
def _zeros(n: int, count: int, fixed: bool) -> Float64:
    """Return the first zeros of J_n, or of its derivative, of which J'_0 has one at 0."""
    zeros: Float64 = jn_zeros(n, count) if fixed else jnp_zeros(n, count)
    return zeros if fixed or n else np.concatenate([[0.0], zeros[:-1]])
