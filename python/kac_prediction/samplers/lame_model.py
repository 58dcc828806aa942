"""LaméModel: drums of the shape of an equilateral triangle, by its modes."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _core
from .._arrays import Float64
from ..dataset import classLocalsToKwargs
from ..geometry import Shape
from ..physics import equilateralTriangleAmplitudes, equilateralTriangleSeries
from .drum import DENSITY, TENSION, Precision
from .intervals import Interval, NumberOrRange, draw_between
from .modal import ModalDrum

_ROUNDING = 1e-9  # how far three numbers that should add to one may be off


class LaméModel(ModalDrum):
    """An equilateral triangular drum: a sum of damped partials, weighted as Lamé found.

    The frequencies of `ModalDrum` are f_mn = c / (3^(3/4) L) sqrt(m^2 + m n + n^2), and w_mn is
    the product of the eigenfunction at the strike with that at the pick-up, summed over the
    symmetric and the antisymmetric one (`physics.equilateralTriangleAmplitudes`). (m, n) and
    (n, m) are one mode; it sounds, once, if either has a place among m = 1 ... M, n = 1 ... N.

    Points are barycentric, (u, v, w), the distances to the three sides over the height; they add
    to one.
    The pick-up is off every line of symmetry. Of a grid of 0.005 it is the point where the
    quietest of the first 30 modes is loudest: 0.59, where the mean square over the drum is 1 for
    each eigenfunction; of their 54 eigenfunctions none is below 0.09 there.
    `Drum` documents the arguments that all drums share.

    Args:
        M: m = 1 ... M.
        N: n = 1 ... N.
        strike_location: (u, v, w); each a number, or a range. Strikes are drawn uniformly over the
            part of the drum where all three hold. None: anywhere.
        sample_location: where the drum is heard, (u, v, w).
        strike_width: diameter of the raised cosine of the strike in metres, from 0, a point, to the
            smallest drum_size.

    Example:
        >>> from kac_prediction.samplers import LaméModel
        >>> drum = LaméModel(duration=1.0, sample_rate=48000, drum_size=0.4)
        >>> drum.generateWaveform()
        >>> drum.export("triangle.wav")
    """

    coordinates: ClassVar[tuple[str, ...]] = ("u", "v", "w")
    anywhere: ClassVar[tuple[Interval, ...]] = ((0.0, 1.0),) * 3
    centroid: ClassVar[tuple[float, ...]] = (1 / 3, 1 / 3, 1 / 3)
    inside: ClassVar[str] = "u, v and w above 0 and their sum 1"

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        M: int = 10,
        N: int = 10,
        amplitude: float = 1.0,
        decay_time: float = 2.0,
        material_density: float = DENSITY,
        tension: float = TENSION,
        drum_size: NumberOrRange = (0.1, 1.0),
        strike_location: Sequence[NumberOrRange] | None = None,
        sample_location: Sequence[float] = (0.64, 0.225, 0.135),
        precision: Precision = "double",
        strike_width: float = 0.0,
    ) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self._widest = max(range(3), key=lambda i: self._ranges[i][1] - self._ranges[i][0])
        self._check_audible(self._sizes[0], self._lowest())
        self.updateProperties(None)

    @property
    def shape(self) -> Shape:
        """The current drum's shape, at its size, the centroid at the origin."""
        from ..geometry import RegularPolygon  # needs Shapely, which a sound does not

        triangle = RegularPolygon(3)
        triangle.area = self.drum_size**2
        return triangle

    @staticmethod
    def _contains(point: tuple[float, ...]) -> bool:
        return min(point) > 0 and abs(np.sum(point) - 1) <= _ROUNDING

    def _lowest(self) -> float:
        return float(equilateralTriangleSeries(1, 1)[0, 0])

    def _reachable(self, ranges: list[Interval]) -> list[Interval]:
        lows, highs = sum(low for low, _ in ranges), sum(high for _, high in ranges)
        # The others add to at least lows - low and at most highs - high. A number stays as it is.
        tight = [
            (low, high)
            if low == high
            else (max(low, 1 - (highs - high)), min(high, 1 - (lows - low)))
            for low, high in ranges
        ]
        possible = lows <= 1 + _ROUNDING and highs >= 1 - _ROUNDING
        return super()._reachable(tight) if possible and super()._reachable(ranges) else []

    def _draw_strike(self) -> tuple[float, ...]:
        """Draw the two narrower coordinates until the third, the rest, is in its range too.

        Two barycentric coordinates map the triangle linearly, so uniform in them is uniform over
        the area. At least every other draw succeeds: of the rectangle of the two ranges, of sides
        a <= b, those where the third is too large are a corner of legs p, those where it is too
        small the opposite corner of legs q. The third, whose range `_reachable` made as narrow
        as the others leave it, has the width a + b - p - q. As the widest it is at least b wide,
        so p + q <= a, and the corners take at most a^2 / 2 of a b.
        """
        low, high = self._ranges[self._widest]
        while True:
            point = [
                0.0 if i == self._widest else draw_between(self.rng, self._ranges[i])
                for i in range(3)
            ]
            rest = 1.0 - sum(point)
            if low - _ROUNDING <= rest <= high + _ROUNDING:
                point[self._widest] = min(max(rest, low), high)
                return tuple(point)

    def _modes(self, parameters: Any) -> tuple[Float64, Float64]:
        table = self.N, self.M
        struck, heard = (
            equilateralTriangleAmplitudes(u, v, w, *table)
            for u, v, w in (parameters[1:], self.sample_location)
        )
        n, m = np.indices(table)
        twice = (m > n) & (m < self.N) & (n < self.M)  # (n, m) stands in the table too
        return equilateralTriangleSeries(*table), np.where(twice, 0, (struck * heard).sum(axis=0))

    def _kernel(self, *arguments: Any) -> npt.NDArray[np.floating]:
        return _core.triangular_drums(self.M, self.N, *arguments)
