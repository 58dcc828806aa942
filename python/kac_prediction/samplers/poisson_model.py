"""PoissonModel: rectangular drums, by the modes of a rectangle."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _core
from .._arrays import Float64
from .._checks import check_number
from ..dataset import classLocalsToKwargs
from ..dataset.sampler import Labels
from ..geometry import Shape
from ..physics import rectangularAmplitudes, rectangularSeries
from ..physics.linear import check_ends
from .drum import DENSITY, TENSION, Precision
from .intervals import Interval, NumberOrRange, as_interval, draw_between
from .modal import ModalDrum, lowest_partial


class PoissonModel(ModalDrum):
    """A rectangular drum: a sum of damped partials with sines for weights.

    The frequencies and weights of `ModalDrum` are f_mn = c / (2 L) sqrt(m^2/epsilon + epsilon n^2)
    and w_mn = 4 sin(m pi x_s) sin(n pi y_s) sin(m pi x_p) sin(n pi y_p), where the sides are
    L sqrt(epsilon) along x and L / sqrt(epsilon) along y. Sides that are free have the modes of
    `physics.rectangularSeries` and `rectangularAmplitudes`.

    Points are (x, y) in units of the sides.
    `Drum` documents the arguments that all drums share.

    Args:
        M: number of half waves along x, m = 1 ... M.
        N: number of half waves along y, n = 1 ... N.
        strike_location: (x, y); each a number, or a range within which strikes are drawn
            uniformly. None: anywhere.
        sample_location: where the drum is heard, (x, y).
        aspect_ratio: the side along x over the side along y; a number, or a range to draw it from.
        boundary_conditions: which sides are fixed, the others free: at the least and the greatest
            x, at the least and the greatest y.
        strike_width: diameter of the raised cosine of the strike in metres, from 0, a point, to the
            smallest drum_size.

    Example:
        >>> from kac_prediction.samplers import PoissonModel
        >>> drum = PoissonModel(duration=1.0, sample_rate=48000, aspect_ratio=1.5)
        >>> drum.generateWaveform()
        >>> drum.export("rectangle.wav")
    """

    coordinates: ClassVar[tuple[str, ...]] = ("x", "y")
    anywhere: ClassVar[tuple[Interval, ...]] = ((0.0, 1.0),) * 2
    centroid: ClassVar[tuple[float, ...]] = (0.5, 0.5)
    inside: ClassVar[str] = "0 < x, y < 1"

    class Settings(ModalDrum.Settings, total=False):
        """The parameters of a rectangular drum."""

        aspect_ratio: NumberOrRange
        boundary_conditions: Sequence[bool]

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
        sample_location: Sequence[float] = (0.154, 0.289),
        aspect_ratio: NumberOrRange = (1.0, 4.0),
        precision: Precision = "double",
        boundary_conditions: Sequence[bool] = (True, True, True, True),
        strike_width: float = 0.0,
    ) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self._set_rim(check_ends(boundary_conditions, 4), (True,) * 4)
        self._ratios = as_interval("aspect_ratio", aspect_ratio)
        if not self._ratios[0] > 0:
            raise ValueError(f"aspect_ratio must be above 0, got {aspect_ratio!r}")
        # Fixed, the longer one of one area sounds higher; free, the square does.
        ratios = {*self._ratios, min(max(self._ratios[0], 1.0), self._ratios[1])}
        self._check_audible(self._sizes[0], max(map(self._lowest_of, ratios)))
        self.updateProperties(None)

    @property
    def aspect_ratio(self) -> float:
        """The current drum's side along x over its side along y; may be set."""
        return self._aspect_ratio

    @aspect_ratio.setter
    def aspect_ratio(self, ratio: float) -> None:
        ratio = check_number("aspect_ratio", ratio, above=0)
        self._check_audible(self.drum_size, self._lowest_of(ratio))
        self._aspect_ratio = ratio

    @property
    def shape(self) -> Shape:
        """The current drum's shape, at its size, the centroid at the origin."""
        from ..geometry import UnitRectangle  # needs Shapely, which a sound does not

        rectangle = UnitRectangle(self.aspect_ratio)
        rectangle.area = self.drum_size**2
        return rectangle

    @staticmethod
    def _contains(point: tuple[float, ...]) -> bool:
        return all(0 < x < 1 for x in point)

    def _lowest(self) -> float:
        return self._lowest_of(self.aspect_ratio)

    def _lowest_of(self, ratio: float) -> float:
        """Return the first number above 0 of the series of an aspect ratio."""
        few = min(self.N, 2), min(self.M, 2)
        return lowest_partial(rectangularSeries(*few, ratio, self.boundary_conditions))

    def _draw_body(self) -> None:
        super()._draw_body()
        vars(self)["_aspect_ratio"] = draw_between(self.group_rng, self._ratios)

    def _draw_strike(self) -> tuple[float, ...]:
        return tuple(draw_between(self.rng, interval) for interval in self._ranges)

    def _body_labels(self) -> Labels:
        return {"aspect_ratio": [self.aspect_ratio], **super()._body_labels()}

    def _parameters(self) -> tuple[Any, ...]:
        return self.drum_size, self.aspect_ratio, *self.strike_location

    def _modes(self, parameters: Any) -> tuple[Float64, Float64]:
        _, ratio, *strike = parameters
        rectangle = self.N, self.M, ratio, self.boundary_conditions
        struck, heard = (
            rectangularAmplitudes(point, *rectangle) for point in (strike, self.sample_location)
        )
        return rectangularSeries(*rectangle), struck * heard

    def _kernel(self, *arguments: Any) -> npt.NDArray[np.floating]:
        return _core.rectangular_drums(self.M, self.N, *arguments)
