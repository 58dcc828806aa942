"""BesselModel: circular drums, by the modes of a disc."""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _core
from ..dataset import classLocalsToKwargs
from ..dataset.numbers import as_numbers
from ..physics import circularSeries
from .drum import Interval, NumberOrRange, Precision, as_intervals, draw_between
from .modal import ModalDrum, ModalSettings


class BesselModel(ModalDrum):
    """A circular drum: a sum of damped partials with Bessel functions for weights.

    An impulse at the strike, displacement at the pick-up:
    u(t) = sum_mn w_mn exp(-sigma t) sin(omega_mn t) / omega_mn, with
    omega_mn^2 = (2 pi f_mn)^2 - sigma^2, f_mn = z_mn c / (2 sqrt(pi) L), and
    w_mn = e_m J_m(z r_s) J_m(z r_p) cos(m (theta_s - theta_p)) / J_(m+1)(z)^2, where z_mn is the
    n-th zero of J_m. Partials at or above half the sample rate are left out.

    Points are polar, (r, theta), r in units of the radius, theta in radians.

    Example:
        >>> from kac_prediction.samplers import BesselModel
        >>> drum = BesselModel(duration=1.0, sample_rate=48000, drum_size=0.4)
        >>> drum.generateWaveform()
        >>> drum.export("circle.wav")

    Attributes:
        M: number of orders, m = 0 ... M - 1.
        N: number of zeros of each order, n = 1 ... N.
    """

    centroid: ClassVar[tuple[float, ...]] = (0.0, 0.0)

    class Settings(ModalSettings, total=False):
        """The parameters of a circular drum."""

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        M: int = 10,
        N: int = 10,
        amplitude: float = 1.0,
        decay_time: float = 2.0,
        material_density: float = 0.2,
        tension: float = 2000.0,
        drum_size: NumberOrRange = (0.1, 1.0),
        strike_location: Sequence[NumberOrRange] | None = None,
        sample_location: Sequence[float] = (0.83, 0.0),
        precision: Precision = "double",
    ) -> None:
        """Make a sampler of circular drums.

        Args:
            duration: length of a sound in seconds.
            sample_rate: samples per second.
            M: number of orders, m = 0 ... M - 1.
            N: number of zeros of each order, n = 1 ... N.
            amplitude: peak of each sound.
            decay_time: seconds in which the amplitude falls by 60 dB; may be infinite.
            material_density: mass of the membrane, kg/m^2.
            tension: tension of the membrane, N/m.
            drum_size: square root of the area, metres; a number, or a range to draw it from.
            strike_location: a point (r, theta); each of the two a number, or a range within which
                strikes are drawn uniformly over the area. None: anywhere, and the first strike
                on each drum at its middle.
            sample_location: where the drum is heard, (r, theta).
            precision: "single" computes in float32.

        Raises:
            TypeError: `M` or `N` is not an integer.
            ValueError: a number is out of range, a point is not inside the drum, or the smallest
                drum has no partial below half the sample rate.
        """
        super().__init__(**classLocalsToKwargs(locals()))
        self.series = circularSeries(self.N, self.M)
        self.sample_location = _as_point(sample_location)
        radii, self._angles = _as_ranges(strike_location)
        # Uniform over the area: the square of r is uniform, not r.
        self._squares = (radii[0] ** 2, radii[1] ** 2)
        self._radius = radii[0] if radii[0] == radii[1] else None
        self._centre_first = strike_location is None
        self._require_audible(self.series[0, 0])
        self.updateProperties(None)

    def _draw_strike(self) -> tuple[float, ...]:
        r = self._radius
        if r is None:
            r = math.sqrt(draw_between(self.rng, self._squares))
        return r, draw_between(self.rng, self._angles)

    def _sounds(self, struck: Sequence[Any]) -> npt.NDArray[np.floating]:
        sizes = [size for size, _ in struck]
        return _core.circular_drums(
            self.series, self._strikes(struck), self.sample_location, sizes, *self._core_arguments()
        )


def _as_point(value: Sequence[float]) -> tuple[float, float]:
    """Return the setting `sample_location`; raise ValueError outside the drum."""
    point = as_numbers(value)
    if point.shape != (2,) or not (0 <= point[0] < 1) or not math.isfinite(point[1]):
        raise ValueError(
            "sample_location must be a point (r, theta) inside the drum, 0 <= r < 1, "
            f"got {value!r}."
        )
    return float(point[0]), float(point[1])


def _as_ranges(strike: Sequence[NumberOrRange] | None) -> tuple[Interval, Interval]:
    """Return the ranges of r and theta of a strike; raise ValueError outside the drum."""
    if strike is None:
        return (0.0, 1.0), (0.0, 2 * math.pi)
    radii, angles = as_intervals(("r", "theta"), strike)
    if not (0 <= radii[0] < 1 and radii[1] <= 1):
        raise ValueError(f"strike_location must lie inside the drum, 0 <= r < 1, got {strike!r}.")
    return radii, angles
