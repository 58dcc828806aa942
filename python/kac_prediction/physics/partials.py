"""The partials of the families of drums whose partials follow from size and aspect ratio."""

import math
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from .._arrays import Float64
from ..geometry.families import ELONGATED
from .circle import circularSeries
from .ellipse_series import MOST_ELONGATED, elliptical_series
from .triangle import equilateralTriangleSeries

_ORDERS: Final = 60


class Series(NamedTuple):
    """Partials of h drums of unit area, S = 2 L f / c, ascending, the slopes and how many modes."""

    numbers: Float64  # shape (h, k); inf: no such partial
    slopes: Float64  # d log S / d log epsilon, shape (h, k)
    modes: Float64  # at that frequency, shape (h, k)


def series(family: str, log_aspect: Float64, highest: float) -> Series:
    """Return the partials up to S = `highest` for each logarithm of an aspect ratio, shape (h,)."""
    if family in ELONGATED:
        log_aspect = np.clip(log_aspect, 0, math.log(MOST_ELONGATED))
        if family == "ellipse":
            numbers, slopes = elliptical_series(np.exp(log_aspect))
        else:
            numbers, slopes = _rectangular(log_aspect, highest)
        numbers = np.where(numbers <= highest, numbers, np.inf)
        most = max(1, int((numbers < np.inf).sum(axis=1).max()))
        order = np.argsort(numbers, axis=1, kind="stable")[:, :most]
        numbers = np.take_along_axis(numbers, order, axis=1)
        slopes = np.take_along_axis(slopes, order, axis=1)
        return Series(numbers, slopes, np.ones(numbers.shape))
    numbers, modes = _circular() if family == "circle" else _triangular()
    count = max(1, int(np.searchsorted(numbers, highest, side="right")))
    shape = (len(log_aspect), count)
    some = np.where(numbers[:count] <= highest, numbers[:count], np.inf)
    return Series(
        np.broadcast_to(some, shape), np.zeros(shape), np.broadcast_to(modes[:count], shape)
    )


def _rectangular(log_aspect: Float64, highest: float) -> tuple[Float64, Float64]:
    """Return S of rectangles, S^2 = m^2 / epsilon + epsilon n^2, and the slopes."""
    longest = math.exp(float(log_aspect.max()) / 2)
    shortest = math.exp(-float(log_aspect.min()) / 2)
    m, n = np.meshgrid(
        np.arange(1, 2 + int(highest * longest)), np.arange(1, 2 + int(highest * shortest))
    )
    along = (m.ravel() ** 2) * np.exp(-log_aspect)[:, None]
    across = (n.ravel() ** 2) * np.exp(log_aspect)[:, None]
    square = along + across
    return np.sqrt(square), (across - along) / (2 * square)


@cache
def _circular() -> tuple[Float64, Float64]:
    """Return the series of the circle, ascending, and the number of modes at each frequency."""
    zeros = circularSeries(_ORDERS, _ORDERS // 2)
    modes = np.where(np.arange(_ORDERS) == 0, 1.0, 2.0)[:, None] * np.ones(zeros.shape)
    order = np.argsort(zeros, axis=None)
    complete = zeros.ravel()[order] < min(zeros[:, -1].min(), circularSeries(_ORDERS, 1)[-1, 0])
    return zeros.ravel()[order][complete], modes.ravel()[order][complete]


@cache
def _triangular() -> tuple[Float64, Float64]:
    """Return the series of the equilateral triangle, ascending, each frequency once."""
    numbers, modes = np.unique(equilateralTriangleSeries(_ORDERS, _ORDERS), return_counts=True)
    complete = numbers < 2 / 3**0.75 * (_ORDERS + 1)
    return numbers[complete], modes[complete].astype(np.float64)
