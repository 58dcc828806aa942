"""BesselModel: circular drums, by the modes of a disc."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _core
from .._arrays import Float64
from .._checks import check_flag
from ..dataset import classLocalsToKwargs
from ..geometry import Circle, Shape
from ..physics import circularAmplitudes, circularSeries
from .drum import DENSITY, TENSION, Precision
from .intervals import Interval, NumberOrRange, draw_between
from .modal import ModalDrum, lowest_partial


class BesselModel(ModalDrum):
    """A circular drum: a sum of damped partials with Bessel functions for weights.

    The frequencies and weights of `ModalDrum` are f_mn = z_mn c / (2 sqrt(pi) L) and
    w_mn = e_m J_m(z r_s) J_m(z r_p) cos(m (theta_s - theta_p)) / J_(m+1)(z)^2, where z_mn is the
    n-th zero of J_m, e_0 = 1 and else e_m = 2. Under a free rim they are the zeros of J'_m, and
    (1 - m^2 / z^2) J_m(z)^2 stands for J_(m+1)(z)^2.

    Points are polar, (r, theta), r in units of the radius, theta in radians.
    `Drum` documents the arguments that all drums share.

    Args:
        M: number of orders, m = 0 ... M - 1.
        N: number of zeros of each order, n = 1 ... N.
        strike_location: (r, theta); each a number, or a range within which strikes are drawn
            uniformly over the area. None: anywhere.
        sample_location: where the drum is heard, (r, theta).
        boundary_conditions: True: the rim is fixed; False: it is free.
        strike_width: diameter of the raised cosine of the strike in metres, from 0, a point, to the
            smallest drum_size.

    Example:
        >>> from kac_prediction.samplers import BesselModel
        >>> drum = BesselModel(duration=1.0, sample_rate=48000, drum_size=0.4)
        >>> drum.generateWaveform()
        >>> drum.export("circle.wav")
    """

    coordinates: ClassVar[tuple[str, ...]] = ("r", "theta")
    anywhere: ClassVar[tuple[Interval, ...]] = ((0.0, 1.0), (0.0, 2 * math.pi))
    centroid: ClassVar[tuple[float, ...]] = (0.0, 0.0)
    inside: ClassVar[str] = "0 <= r < 1"

    class Settings(ModalDrum.Settings, total=False):
        """The parameters of a circular drum."""

        boundary_conditions: bool

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
        sample_location: Sequence[float] = (0.83, 0.0),
        precision: Precision = "double",
        boundary_conditions: bool = True,
        strike_width: float = 0.0,
    ) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self._set_rim(check_flag("boundary_conditions", boundary_conditions), True)
        self.series = circularSeries(self.M, self.N, self.boundary_conditions)
        if self.by_series:
            r, theta = self.sample_location
            self._heard = circularAmplitudes(r, theta, self.series)
        self._check_audible(self._sizes[0], self._lowest())
        self.updateProperties(None)

    @property
    def shape(self) -> Shape:
        """The current drum's shape, at its size, the centroid at the origin."""
        return Circle.of_size(self.drum_size)

    @staticmethod
    def _contains(point: tuple[float, ...]) -> bool:
        return 0 <= point[0] < 1

    def _lowest(self) -> float:
        return lowest_partial(self.series)

    def _reachable(self, ranges: list[Interval]) -> list[Interval]:
        low, high = ranges[0]
        return ranges if 0 <= low < 1 and high <= 1 else []

    def _draw_strike(self) -> tuple[float, ...]:
        (low, high), angles = self._ranges
        r = low
        if low < high:  # uniform over the area: the square of r is uniform, not r
            r = math.sqrt(draw_between(self.rng, (low**2, high**2)))
        return r, draw_between(self.rng, angles)

    def _modes(self, parameters: Any) -> tuple[Float64, Float64]:
        _, r, theta = parameters
        return self.series, (circularAmplitudes(r, theta, self.series) * self._heard).sum(axis=0)

    def _kernel(self, *arguments: Any) -> npt.NDArray[np.floating]:
        return _core.circular_drums(self.series, *arguments)
