"""ModalDrum: what the drums share whose modes are known."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _core
from .._arrays import Float64
from .._checks import check_count, check_number
from ..dataset import classLocalsToKwargs
from ..physics.excitation import mean_of_waves
from .drum import Drum, DrumSettings
from .intervals import Interval, NumberOrRange, as_intervals


class ModalDrum(Drum):
    """A drum that sounds by M times N modes.

    An impulse at the strike, displacement at the pick-up:
    u(t) = sum_mn w_mn exp(-sigma t) sin(omega_mn t) / omega_mn, with
    omega_mn^2 = (2 pi f_mn)^2 - sigma^2; partials at or above half the sample rate are left out.
    The shape makes the frequencies f_mn and the weights w_mn, of which a strike of a width leaves
    the share int J_0(2 pi f_mn r / c) (1 + cos(2 pi r / width)) r dr, its mean under the raised
    cosine of `FDTDModel`. It names the `coordinates` of its
    points, the ranges in which they lie `anywhere`, its `centroid` and what is `inside`, gives its
    lowest partial. Its `_parameters` are numbers, the size first and the strike at the end. The
    core makes its sounds by `_kernel`, or `by_series`, from the `_modes` that physics gives.

    Raises:
        TypeError: an argument is not a number, or `M` or `N` not an integer.
        ValueError: a number is out of range, a point is not inside the drum, or the smallest drum
            has no partial below half the sample rate.
    """

    anywhere: ClassVar[tuple[Interval, ...]]
    centroid: ClassVar[tuple[float, ...]]
    inside: ClassVar[str]
    fixed: ClassVar[frozenset[str]] = Drum.fixed | {"M", "N", "boundary_conditions", "strike_width"}
    by_series: bool = False

    class Settings(DrumSettings, total=False):
        """The parameters of a modal drum; a shape adds its own."""

        M: int
        N: int
        sample_location: Sequence[float]
        strike_location: Sequence[NumberOrRange] | None
        strike_width: float

    def __init__(
        self,
        N: int,
        strike_location: Sequence[NumberOrRange] | None,
        sample_location: Sequence[float],
        **kwargs: Any,
    ) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self.M, self.N = check_count("M", kwargs.get("M", 1)), check_count("N", N)
        self._pick_up = self._point("sample_location", sample_location)
        self._require_inside("sample_location", self._pick_up)
        self._set_width(kwargs.get("strike_width", 0.0))
        self._centre_first = strike_location is None
        self._ranges = list(self.anywhere)
        if strike_location is not None:
            self._ranges = self._reachable(as_intervals(self.coordinates, strike_location))
        if not self._ranges:
            raise ValueError(
                f"strike_location must lie inside the drum, {self.inside}, got {strike_location!r}"
            )

    @property
    def sample_location(self) -> tuple[float, ...]:
        """Where the drum is heard, in the coordinates of its shape."""
        return self._pick_up

    @staticmethod
    @abstractmethod
    def _contains(point: tuple[float, ...]) -> bool:
        """Return whether a point lies inside the drum, off its rim."""

    @abstractmethod
    def _lowest(self) -> float:
        """Return the first number S of the current drum's series, f = S c / (2 L)."""

    def _reachable(self, ranges: list[Interval]) -> list[Interval]:
        """Return ranges of a strike as narrow as the shape leaves them; none outside the drum."""
        inside = all(0 <= low < 1 and 0 < high <= 1 for low, high in ranges)
        return ranges if inside else []

    def _require_inside(self, name: str, point: tuple[float, ...]) -> None:
        if not self._contains(point):
            raise ValueError(f"{name} must lie inside the drum, {self.inside}, got {point!r}")

    def _middle(self) -> tuple[float, ...]:
        return self.centroid

    def _set_size(self, size: float) -> None:
        self._check_audible(size, self._lowest())
        self._drum_size = size

    def _set_width(self, strike_width: float) -> None:
        """Keep the diameter of a strike; a point, as by default, is not stored."""
        self.strike_width = check_number("strike_width", strike_width, least=0)
        self._check_widths(self.strike_width)
        if self.strike_width:
            self.by_series = True
        else:
            self.settings.pop("strike_width", None)

    def _set_rim(self, boundary_conditions: Any, fixed: Any) -> None:
        """Keep what is fixed of the rim; where all is, as by default, it is not stored."""
        self.boundary_conditions = boundary_conditions
        if boundary_conditions == fixed:
            del self.settings["boundary_conditions"]
        else:
            self.by_series = True

    def _kernel(self, *arguments: Any) -> npt.NDArray[np.floating]:
        """Call the core: the modes of the shape, then `arguments`, from the strikes on."""
        raise NotImplementedError

    def _modes(self, parameters: Any) -> tuple[Float64, Float64]:
        """Return the series and the weights w of a drum, of one shape."""
        raise NotImplementedError

    def _sounds(self, parameters: Sequence[Any]) -> npt.NDArray[np.floating]:
        rows = np.array(parameters)
        if self.by_series:
            return self._sums(rows)
        coordinates = len(self.centroid)
        return self._kernel(
            rows[:, -coordinates:],
            self.sample_location,
            *rows[:, :-coordinates].T,
            self.wave_speed,
            self.sigma,
            self.amplitude,
            self.length,
            self.sample_rate,
            self.precision,
            self.threads,
        )

    def _sums(self, rows: Float64) -> npt.NDArray[np.floating]:
        """Sum the modes; one at 0 Hz, in which all of a drum moves alike, is left out."""
        modes = [self._modes(row) for row in rows]
        series, weights = (
            np.stack([part.ravel() for part in each]) for each in zip(*modes, strict=True)
        )
        if self.strike_width:
            weights = weights * mean_of_waves(
                series * (np.pi / 2 * self.strike_width / rows[:, :1])
            )
        return _core.additive(
            series * self.wave_speed / (2 * rows[:, :1]),
            np.where(series == 0, 0.0, weights),
            np.full(len(rows), self.sigma),
            np.full(len(rows), self.amplitude),
            self.length,
            self.sample_rate,
            self.precision,
            self.threads,
        )


def lowest_partial(series: Float64) -> float:
    """Return the lowest number of a series above 0; ValueError where there is none."""
    sounding = series[series > 0]
    if not sounding.size:
        raise ValueError(
            "boundary_conditions without a fixed side leave so few modes only that at 0 Hz: take "
            "a larger M or N"
        )
    return float(sounding.min())
