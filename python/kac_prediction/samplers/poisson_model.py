"""PoissonModel: rectangular drums, by the modes of a rectangle."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _core
from ..dataset import classLocalsToKwargs
from ..dataset.numbers import as_numbers
from ..physics import rectangularSeries
from .drum import Interval, NumberOrRange, Precision, as_interval, as_intervals, draw_between
from .modal import ModalDrum, ModalSettings, between_walls


class PoissonModel(ModalDrum):
    """A rectangular drum: a sum of damped partials with sines for weights.

    An impulse at the strike, displacement at the pick-up:
    u(t) = sum_mn w_mn exp(-sigma t) sin(omega_mn t) / omega_mn, with
    omega_mn^2 = (2 pi f_mn)^2 - sigma^2, f_mn = c / (2 L) sqrt(m^2 / epsilon + epsilon n^2), and
    w_mn = 4 sin(m pi x_s) sin(n pi y_s) sin(m pi x_p) sin(n pi y_p), where the sides are
    L sqrt(epsilon) along x and L / sqrt(epsilon) along y. Partials at or above half the sample
    rate are left out.

    Points are (x, y) in units of the sides.

    Example:
        >>> from kac_prediction.samplers import PoissonModel
        >>> drum = PoissonModel(duration=1.0, sample_rate=48000, aspect_ratio=1.5)
        >>> drum.generateWaveform()
        >>> drum.export("rectangle.wav")

    Attributes:
        M: number of half waves along x, m = 1 ... M.
        N: number of half waves along y, n = 1 ... N.
        aspect_ratio: epsilon of the current drum, the side along x over the side along y.
    """

    centroid: ClassVar[tuple[float, ...]] = (0.5, 0.5)

    class Settings(ModalSettings, total=False):
        """The parameters of a rectangular drum."""

        aspect_ratio: NumberOrRange

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
        sample_location: Sequence[float] = (0.154, 0.289),
        aspect_ratio: NumberOrRange = (1.0, 4.0),
        precision: Precision = "double",
    ) -> None:
        """Make a sampler of rectangular drums.

        Args:
            duration: length of a sound in seconds.
            sample_rate: samples per second.
            M: number of half waves along x, m = 1 ... M.
            N: number of half waves along y, n = 1 ... N.
            amplitude: peak of each sound.
            decay_time: seconds in which the amplitude falls by 60 dB; may be infinite.
            material_density: mass of the membrane, kg/m^2.
            tension: tension of the membrane, N/m.
            drum_size: square root of the area, metres; a number, or a range to draw it from.
            strike_location: a point (x, y); each of the two a number, or a range within which
                strikes are drawn uniformly. None: anywhere, and the first strike on each drum at
                its middle.
            sample_location: where the drum is heard, (x, y).
            aspect_ratio: the side along x over the side along y; a number, or a range to draw it
                from.
            precision: "single" computes in float32.

        Raises:
            TypeError: `M` or `N` is not an integer.
            ValueError: a number is out of range, a point is not inside the drum, or the smallest
                drum has no partial below half the sample rate.
        """
        super().__init__(**classLocalsToKwargs(locals()))
        self._ratios = as_interval("aspect_ratio", aspect_ratio)
        if not self._ratios[0] > 0:
            raise ValueError(f"aspect_ratio must be above 0, got {aspect_ratio!r}.")
        self.sample_location = _as_point(sample_location)
        self._x, self._y = _as_ranges(strike_location)
        self._centre_first = strike_location is None
        # The longer a rectangle of one area, the higher it sounds.
        self._require_audible(max(rectangularSeries(1, 1, ratio)[0, 0] for ratio in self._ratios))
        self.updateProperties(None)

    def _draw_body(self) -> None:
        super()._draw_body()
        self.aspect_ratio = draw_between(self.group_rng, self._ratios)

    def _draw_strike(self) -> tuple[float, ...]:
        return draw_between(self.rng, self._x), draw_between(self.rng, self._y)

    def _body_labels(self) -> dict[str, list[float | int]]:
        return {"aspect_ratio": [self.aspect_ratio], **super()._body_labels()}

    def _struck(self) -> tuple[float, float, tuple[float, ...]]:
        return self.drum_size, self.aspect_ratio, self.strike_location

    def _sounds(self, struck: Sequence[Any]) -> npt.NDArray[np.floating]:
        return _core.rectangular_drums(
            self.M,
            self.N,
            self._strikes(struck),
            self.sample_location,
            [size for size, _, _ in struck],
            [ratio for _, ratio, _ in struck],
            *self._core_arguments(),
        )


def _as_point(value: Sequence[float]) -> tuple[float, float]:
    """Return the setting `sample_location`; raise ValueError outside the drum."""
    point = as_numbers(value)
    if point.shape != (2,) or not ((point > 0) & (point < 1)).all():
        raise ValueError(
            f"sample_location must be a point (x, y) inside the drum, 0 < x, y < 1, got {value!r}."
        )
    return float(point[0]), float(point[1])


def _as_ranges(strike: Sequence[NumberOrRange] | None) -> list[Interval]:
    """Return the ranges of x and y of a strike; raise ValueError outside the drum."""
    if strike is None:
        return [(0.0, 1.0)] * 2
    ranges = as_intervals("xy", strike)
    if not all(map(between_walls, ranges)):
        raise ValueError(f"strike_location must lie inside the drum, 0 < x, y < 1, got {strike!r}.")
    return ranges
