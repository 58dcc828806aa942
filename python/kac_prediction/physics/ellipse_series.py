"""The series of elliptical drums, over the aspect ratio.

An ellipse is a disc, stretched: at unit area and the aspect ratio epsilon its Laplacian is
pi (d_xx / epsilon + epsilon d_yy) on the unit disc, and the polynomials
(1 - r^2) r^m P_p(r^2) cos m theta make a basis that converges faster than any power (Ritz). Modes
are even or odd about either axis; within such a class they cross where the aspect ratio changes,
and are told apart by their eigenfunctions.
"""

import math
from functools import cache
from typing import Final, NamedTuple

import numpy as np
from scipy.linalg import eigh
from scipy.optimize import linear_sum_assignment
from scipy.special import eval_jacobi, roots_legendre

from .._arrays import ArrayLike, Float64
from .._blas import one_thread

MOST_ELONGATED: Final = 5.0
"""The largest aspect ratio of the table."""

_NODES: Final = 20  # of the table, over the logarithm of the aspect ratio
_DEGREE: Final = 38  # of the polynomials
_KEPT: Final = 48  # modes of each class


class _Table(NamedTuple):
    """Logarithms of the series of each mode at the nodes, and their slopes, shape (nodes, k)."""

    spacing: float
    logarithms: Float64
    slopes: Float64


def elliptical_series(epsilon: ArrayLike) -> tuple[Float64, Float64]:
    """Return the series of ellipses, wavenumbers at unit area over pi, and their slopes.

    A drum of size L (m) and wave speed c (m/s) sounds at f = S c / (2 L). The 60 lowest modes, and
    most of the 130 after them, are among those returned, in no order: mode k keeps its column.
    They are interpolated in a table, made at the first call in a quarter of a second, to 1e-5.

    Args:
        epsilon: the longer axis over the shorter one, 1 to 5, any shape.

    Returns:
        S and d log S / d log epsilon, of the shape of `epsilon` and an axis of modes.

    Raises:
        ValueError: an aspect ratio out of range.
    """
    ratio = np.asarray(epsilon, dtype=np.float64)
    if not ((ratio >= 1) & (ratio <= MOST_ELONGATED)).all():
        raise ValueError(f"epsilon must be from 1 to {MOST_ELONGATED}, got {epsilon!r}")
    table = _table()
    root = np.sqrt(np.log(ratio))
    place = root / table.spacing
    node = np.minimum(place.astype(np.int64), _NODES - 2)
    t = (place - node)[..., None]
    low, high = table.logarithms[node], table.logarithms[node + 1]
    rise, end = table.slopes[node] * table.spacing, table.slopes[node + 1] * table.spacing
    # The cubic with these values and slopes at both ends.
    second = 3 * (high - low) - 2 * rise - end
    third = rise + end - 2 * (high - low)
    logarithm = low + t * (rise + t * (second + t * third))
    slope = (rise + t * (2 * second + 3 * t * third)) / table.spacing
    # At a circle modes neither rise nor fall but in pairs
    slope = slope / np.maximum(2 * root[..., None], 1e-6)
    return np.exp(logarithm), slope


@cache
def _table() -> _Table:
    """Make the table: all modes at all nodes."""
    nodes = np.linspace(0, math.sqrt(math.log(MOST_ELONGATED)), _NODES)
    with one_thread():
        classes = [_followed(x, y, nodes) for x in (0, 1) for y in (0, 1)]
    values, slopes = (np.concatenate(part, axis=1) for part in zip(*classes, strict=True))
    return _Table(float(nodes[1]), values, slopes)


def _followed(odd_x: int, odd_y: int, nodes: Float64) -> tuple[Float64, Float64]:
    """Return log S and its slopes of the modes of a class, each in its column at every node."""
    along, across, mass = _matrices(odd_x, odd_y)
    values, slopes = np.empty((2, len(nodes), _KEPT))
    before = None
    for i, epsilon in enumerate(np.exp(nodes**2)):
        stiffness = math.pi * (along / epsilon + across * epsilon)
        eigenvalues, vectors = eigh(stiffness, mass, subset_by_index=(0, _KEPT - 1))
        if before is not None:
            order = linear_sum_assignment(-np.abs(before.T @ mass @ vectors))[1]
            eigenvalues, vectors = eigenvalues[order], vectors[:, order]
        turning = math.pi * (across * epsilon - along / epsilon)
        values[i] = np.log(eigenvalues / math.pi**2) / 2
        slopes[i] = (vectors * (turning @ vectors)).sum(axis=0) / (2 * eigenvalues) * 2 * nodes[i]
        before = vectors
    return values, slopes


def _matrices(odd_x: int, odd_y: int) -> tuple[Float64, Float64, Float64]:
    """Return the integrals of d_x d_x, d_y d_y and products of the basis over the unit disc."""
    # Odd in y: sines; odd in x: orders of the parity of odd_x + odd_y.
    orders = [
        (m, p)
        for m in range((odd_x + odd_y) % 2, _DEGREE + 1, 2)
        for p in range((_DEGREE - m) // 2 + 1)
        if m or not odd_y
    ]
    m, p = np.array(orders).T[:, :, None, None].astype(np.float64)
    x, w = roots_legendre(_DEGREE + 4)
    r, radial_weight = (1 + x) / 2, w / 2
    angles = np.arange(2 * _DEGREE + 6) * (2 * math.pi / (2 * _DEGREE + 6))
    r, theta = r[:, None], angles[None, :]
    weight = (radial_weight[:, None] * r * np.full(theta.shape, angles[1])).ravel()
    argument = 2 * r**2 - 1
    jacobi = eval_jacobi(p, 2, m, argument)
    falling = np.where(
        p > 0, (p + m + 3) / 2 * eval_jacobi(np.maximum(p - 1, 0), 3, m + 1, argument), 0
    )
    radial = r**m * (1 - r**2) * jacobi
    steep = m * r ** np.maximum(m - 1, 0) * (1 - r**2) * jacobi - 2 * r ** (m + 1) * jacobi
    steep = steep + r**m * (1 - r**2) * falling * 4 * r
    wave = np.sin(m * theta) if odd_y else np.cos(m * theta)
    turned = m * np.cos(m * theta) if odd_y else -m * np.sin(m * theta)
    around = radial / r * turned
    outward = steep * wave
    by_x = (outward * np.cos(theta) - around * np.sin(theta)).reshape(len(orders), -1)
    by_y = (outward * np.sin(theta) + around * np.cos(theta)).reshape(len(orders), -1)
    function = (radial * wave).reshape(len(orders), -1)
    along, across, mass = ((each * weight) @ each.T for each in (by_x, by_y, function))
    norm = 1 / np.sqrt(np.diag(mass))
    return along * np.outer(norm, norm), across * np.outer(norm, norm), mass * np.outer(norm, norm)
