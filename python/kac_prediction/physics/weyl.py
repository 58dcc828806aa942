"""Weyl's law of convex drums of unit area: how many modes there are up to S = 2 L f / c.

N(k) = A k^2 / (4 pi) - P k / (4 pi) + C, where k = pi S. The perimeter P and the sum over the
corners C are the medians of 500 polygons of `ConvexPolygon`.
Source: Kac, "Can one hear the shape of a drum?", Am. Math. Monthly 73 (1966), 1-23,
doi:10.1080/00029890.1966.11970915.
"""

from typing import Final

import numpy as np

from .._arrays import Float64

_PERIMETER: Final = 4.26
_CORNERS: Final = 0.26


def weyl_series(count: int) -> Float64:
    """Return S of the first modes, where N is j - 1/2 at mode j, shape (count,)."""
    below = np.arange(1, count + 1) - 0.5 - _CORNERS
    series: Float64 = (_PERIMETER + np.sqrt(_PERIMETER**2 + 16 * np.pi * below)) / (2 * np.pi)
    return series


def weyl_density(series: Float64) -> Float64:
    """Return the modes for each unit of S, dN / dS, of the shape of S."""
    return np.pi * series / 2 - _PERIMETER / 4
