"""FiniteElementModel: drums of any shape, by their modes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import check_count
from ..dataset import classLocalsToKwargs
from ..geometry import Shape
from ..physics import Modes, circularSeries
from ..physics import modes as modes_of
from .drum import DENSITY, TENSION, Precision
from .fdtd_model import FDTDModel
from .intervals import NumberOrRange
from .membrane import Strike

RIM: Final = 1e-3
"""Of a drum's size: so much of it is at rest."""
_CANDIDATES = 64  # points each way, of which the one farthest from the wall is the deepest


@dataclass(frozen=True)
class _Elements:
    """A shape, all of which moves but its very rim, and its modes."""

    shape: Shape
    modes: Modes
    step: float = 0.0

    def carries(self, point: tuple[float, ...]) -> bool:
        """Return whether a point lies inside, and not on the rim, where it would be silent."""
        return bool(self.shape.depth([point])[0] > RIM * math.sqrt(self.shape.area))

    def deepest(self) -> tuple[float, ...]:
        """Return nearly the point farthest from the wall."""
        outline = self.shape.outline()
        low, high = outline.min(axis=0), outline.max(axis=0)
        shares = (np.indices((_CANDIDATES, _CANDIDATES)).reshape(2, -1).T + 0.5) / _CANDIDATES
        points = low + (high - low) * shares
        x, y = points[np.argmax(self.shape.depth(points))].tolist()
        return x, y


class FiniteElementModel(FDTDModel):
    """A drum of any shape: a sum of damped partials, as many as `modes`.

    Frequencies f_k and eigenfunctions phi_k are those of `physics.modes`, the sum is
    u(t) = sum_k phi_k(x_s) phi_k(x_p) exp(-sigma t) sin(omega_k t) / omega_k, with
    omega_k^2 = (2 pi f_k)^2 - sigma^2; x_p is the pick-up, and phi_k(x_s) the mean under the raised
    cosine of the strike. Partials at or above half the sample rate are left out.

    Shapes, strikes, pick-up and labels are those of `FDTDModel`, also of the same seed, but that
    without a grid there is no rim of half a step at rest, and no smallest drum of three cells.
    n modes reach up to about c sqrt(n / pi) / L Hz, which `FDTDModel` exceeds: sounds are duller.
    A convex drum of 60 modes takes 20 ms of one core, each strike on it 0.5 ms a second of sound.

    `FDTDModel` and `Drum` document the other arguments.

    Args:
        modes: how many modes, the lowest.

    Example:
        >>> from kac_prediction.samplers import FiniteElementModel
        >>> drum = FiniteElementModel(1.0, 48000, arbitrary_shape="ConvexPolygon")
        >>> drum.generateWaveform()
        >>> drum.export("polygon.wav")

    Raises:
        TypeError: `modes` is not an integer, not a shape, or arguments that it does not take.
        ValueError: a number is out of range, no shape has the name, a point does not lie inside the
            drum, or it has no partial below half the sample rate; also raised later, where it
            depends on what is drawn.
    """

    fixed: ClassVar[frozenset[str]] = FDTDModel.fixed | {"modes"}

    class Settings(FDTDModel.Settings, total=False):
        """The parameters of a drum of any shape that sounds by its modes."""

        modes: int

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        arbitrary_shape: type[Shape] | str | Shape,
        modes: int = 60,
        amplitude: float = 1.0,
        decay_time: float = 2.0,
        drum_size: NumberOrRange | None = 0.3,
        material_density: float = DENSITY,
        shape_settings: Mapping[str, Any] | None = None,
        strike_width: float = 0.01,
        tension: float = TENSION,
        sample_location: Sequence[float] | None = None,
        strike_location: Sequence[NumberOrRange] | None = None,
        precision: Precision = "double",
    ) -> None:
        settings = classLocalsToKwargs(locals())
        self.modes = check_count("modes", settings.pop("modes"))
        super().__init__(**settings)
        self.settings["modes"] = self.modes

    def _check_smallest(self, size: float) -> None:
        # Of all drums of one size the circular one has the lowest partial (Faber and Krahn).
        self._check_audible(size, float(circularSeries(1, 1)[0, 0]))

    def _lay_out(self, size: float, shape: Shape) -> _Elements:
        self._check_smallest(size)
        elements = _Elements(shape, modes_of(shape, self.modes))
        self._check_audible(size, float(elements.modes.frequencies(1.0, 2.0)[0]))
        return elements

    def _sounds(self, parameters: Sequence[Strike]) -> npt.NDArray[np.floating]:
        frequencies, weights = np.empty((2, len(parameters), self.modes))
        for source, drum in {strike.source: strike.drum for strike in parameters}.items():
            rows = [k for k, strike in enumerate(parameters) if strike.source == source]
            modes, points = drum.grid.modes, [parameters[k].point for k in rows]
            frequencies[rows] = modes.frequencies(drum.size, self.wave_speed)
            weights[rows] = modes(points, self.strike_width) * modes([drum.pick_up])
        # To the core a peak of 0 means "as it comes", but a drum that is not struck is silent.
        weights *= self.amplitude > 0
        count = len(parameters)
        return _core.additive(
            frequencies,
            weights,
            [self.sigma] * count,
            [self.amplitude] * count,
            self.length,
            self.sample_rate,
            self.precision,
            self.threads,
        )
