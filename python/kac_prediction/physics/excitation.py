"""Shapes that a strike gives a membrane or a string, on a grid, and its mean over waves."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from .._arrays import Float64
from .._checks import check_number, check_numbers

_REACH = 64.0  # beyond it the mean of a wave is below 1e-6
_STEP = 1 / 128

_Size = int | Sequence[int]
_Place = float | Sequence[float]


def raisedCosine(matrix_size: _Size, mu: _Place, sigma: float = 0.5) -> Float64:
    """Return a raised cosine, 0.5 (1 + cos(pi d / sigma)) at distance d < sigma from mu, else 0.

    Source: Bilbao, Numerical Sound Synthesis, Wiley 2009, section 11.3 (10.1002/9780470749012).

    Args:
        matrix_size: shape of the result, nodes in each of one or two dimensions; a number for a
            line.
        mu: where the peak is, in the coordinates of the nodes: 0 is the first. One number for each
            dimension; it may lie between nodes, and outside.
        sigma: the radius, in steps of the grid.

    Raises:
        ValueError: the size has no or more than two dimensions or is not positive, mu does not have
            as many or is not finite, or sigma is not positive and finite.
    """
    shape = _shape(matrix_size)
    middle = check_numbers("mu", mu, len(shape))
    sigma = check_number("sigma", sigma, above=0)
    offsets = [np.arange(size) - place for size, place in zip(shape, middle, strict=True)]
    distance = np.abs(offsets[0]) if len(shape) == 1 else np.hypot(offsets[0][:, None], offsets[1])
    bump: Float64 = np.where(distance < sigma, 0.5 * (1 + np.cos(np.pi * distance / sigma)), 0.0)
    return bump


def raisedTriangle(
    matrix_size: _Size,
    mu: _Place,
    x_ab: Sequence[float] | None = None,
    y_ab: Sequence[float] | None = None,
) -> Float64:
    """Return a triangle, or the product of two: 1 at mu, linear to 0 at a and b, 0 beyond.

    Where mu is a or b, the triangle is upright: it starts or ends at 1. `matrix_size` and `mu` are
    as in `raisedCosine`; `x_ab` and `y_ab` are a and b of the first and of the second dimension,
    the first and the last node if left out.

    Raises:
        ValueError: as of `raisedCosine`; or a <= mu <= b does not hold, a or b is not finite, or
            there is a y_ab in one dimension.
    """
    shape = _shape(matrix_size)
    middle = check_numbers("mu", mu, len(shape))
    if len(shape) == 1 and y_ab is not None:
        raise ValueError(f"y_ab needs a matrix_size of two dimensions, got {matrix_size}")
    lines = []
    for name, ab, size, peak in zip(("x_ab", "y_ab"), (x_ab, y_ab), shape, middle, strict=False):
        a, b = (0.0, size - 1.0) if ab is None else check_numbers(name, ab, 2)
        if not a <= peak <= b:
            raise ValueError(f"mu must lie between a and b of {name}, got {peak} and ({a}, {b})")
        x = np.arange(size, dtype=np.float64)
        up = (x - a) / (peak - a) if peak > a else np.where(x < a, 0.0, 1.0)
        down = (b - x) / (b - peak) if peak < b else np.where(x > b, 0.0, 1.0)
        lines.append(np.clip(np.minimum(up, down), 0.0, 1.0))
    return lines[0] if len(shape) == 1 else np.outer(*lines)


def _shape(matrix_size: _Size) -> tuple[int, ...]:
    """Return a size as a shape of one or two dimensions."""
    sizes = check_numbers("matrix_size", matrix_size, 1, 2)
    if not all(size >= 1 and size.is_integer() for size in sizes):
        raise ValueError(f"matrix_size must be one or two positive integers, got {matrix_size}")
    return tuple(int(size) for size in sizes)


def mean_of_waves(reach: Float64) -> Float64:
    """Return the mean of J_0(k d), d from the middle, under a raised cosine of the radius R.

    Args:
        reach: k R, from 0, of any shape; the error is below 2e-6 (a table, linear in between).
    """
    return np.interp(reach, *_wave_table(), right=0.0)


@cache
def _wave_table() -> tuple[Float64, Float64]:
    """Return k R and, by quadrature, int_0^1 (1 + cos(pi r)) J_0(k R r) r dr, 1 at 0."""
    from scipy.special import j0

    nodes, weights = np.polynomial.legendre.leggauss(64)
    r = (1 + nodes) / 2
    weights = weights * (1 + np.cos(np.pi * r)) * r
    reach = np.arange(0, _REACH, _STEP)
    return reach, np.asarray(j0(np.outer(reach, r)) @ weights / weights.sum())
