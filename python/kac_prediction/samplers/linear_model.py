"""LinearModel: strings and columns of air, by their modes."""

from collections.abc import Sequence
from typing import Any, ClassVar

from .._arrays import Float64
from ..dataset import classLocalsToKwargs
from ..dataset.sampler import Labels
from ..physics import linearAmplitudes, linearSeries
from ..physics.linear import check_ends
from .drum import DENSITY, TENSION, DrumSettings, Precision
from .intervals import Interval, NumberOrRange, draw_between
from .modal import ModalDrum, lowest_partial


class LinearModel(ModalDrum):
    """A string, or a column of air: a sum of damped partials of one line.

    The frequencies and weights of `ModalDrum` are f_n = S c / (2 L), with S of
    `physics.linearSeries` and the length L, and the products of `physics.linearAmplitudes` at the
    strike and where it is heard. Its label `size` is L; points are numbers from 0 to 1 along it.
    `Drum` documents the arguments that all drums share.

    Args:
        N: number of modes.
        material_density: mass of a string over its length, kg/m.
        tension: tension of a string, N.
        drum_size: length in metres; a number, or a range to draw it from.
        strike_location: (x,), a number, or a range within which strikes are drawn uniformly.
            None: anywhere.
        sample_location: where the string is heard, (x,).
        boundary_conditions: whether either end is fixed (True) or free (False).

    Example:
        >>> from kac_prediction.samplers import LinearModel
        >>> string = LinearModel(duration=1.0, sample_rate=48000, drum_size=0.65)
        >>> string.generateWaveform()
        >>> string.export("string.wav")
    """

    coordinates: ClassVar[tuple[str, ...]] = ("x",)
    anywhere: ClassVar[tuple[Interval, ...]] = ((0.0, 1.0),)
    centroid: ClassVar[tuple[float, ...]] = (0.5,)
    inside: ClassVar[str] = "0 < x < 1"
    by_series = True

    class Settings(DrumSettings, total=False):
        """The parameters of a string."""

        N: int
        boundary_conditions: Sequence[bool]
        sample_location: Sequence[float]
        strike_location: Sequence[NumberOrRange] | None

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        N: int = 10,
        amplitude: float = 1.0,
        decay_time: float = 2.0,
        material_density: float = DENSITY,
        tension: float = TENSION,
        drum_size: NumberOrRange = (0.1, 1.0),
        strike_location: Sequence[NumberOrRange] | None = None,
        sample_location: Sequence[float] = (0.154,),
        boundary_conditions: Sequence[bool] = (True, True),
        precision: Precision = "double",
    ) -> None:
        super().__init__(**classLocalsToKwargs(locals()))
        self.boundary_conditions = check_ends(boundary_conditions, 2)
        self.series = linearSeries(self.N, self.boundary_conditions)
        (x,) = self.sample_location
        self._heard = linearAmplitudes(x, self.N, self.boundary_conditions)
        self._check_audible(self._sizes[0], self._lowest())
        self.updateProperties(None)

    @staticmethod
    def _contains(point: tuple[float, ...]) -> bool:
        return 0 < point[0] < 1

    def _lowest(self) -> float:
        return lowest_partial(self.series)

    def _draw_strike(self) -> tuple[float, ...]:
        return (draw_between(self.rng, self._ranges[0]),)

    def _body_labels(self) -> Labels:
        return {"size": [self.drum_size]}

    def _modes(self, parameters: Any) -> tuple[Float64, Float64]:
        _, x = parameters
        return self.series, self._heard * linearAmplitudes(x, self.N, self.boundary_conditions)
