"""AnyShapeModel: drums of the shapes that banks of modes are made of, by finite differences."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from .._checks import check_choice
from ..dataset import classLocalsToKwargs
from ..dataset.sampler import Labels
from ..geometry import (
    Circle,
    ConvexPolygon,
    Ellipse,
    IrregularStar,
    Polygon,
    RegularPolygon,
    Shape,
    UnitRectangle,
)
from ..geometry.radii import log_radii
from ..physics import circularSeries, drum_grid
from .bank_shapes import draw_shape
from .drum import DENSITY, TENSION, Drum, DrumSettings, Precision
from .fdtd_model import FDTDModel
from .intervals import NumberOrRange, as_interval, draw_between, draw_log_uniform
from .membrane import Grid, Strike
from .mode_bank import ModeBank
from .shapes import ShapeSource, elongation

FINENESS = 130  # steps of the grid across a drum
REACH = 64  # samples, on either side, that a decimated one is made of

_FAMILIES: Final[Mapping[type[Shape], str]] = {
    Circle: "circle",
    Ellipse: "ellipse",
    UnitRectangle: "rectangle",
    RegularPolygon: "triangle",
    ConvexPolygon: "polygon",
    IrregularStar: "star",
}


class AnyShapeModel(FDTDModel):
    """A drum of one of the families of `ModeBank`, simulated on a grid as `FDTDModel` does.

    It is to test what was learnt from a `BankModel`: drums that no bank holds, by another solver.
    Shapes are drawn as `ModeBank` says, each family as likely, and the labels are those of
    `BankModel`, which documents them.

    A grid that follows the sample rate would be coarse for small drums. So they are simulated at a
    multiple p of it: about 130 steps across each drum, p = max(2, round(184 c / (sample_rate L))).
    Sounds are then decimated by a linear-phase low-pass, flat up to 0.92 of half the sample rate
    and 80 dB down from all of it on. The strike stays at the first sample.

    Each drum has a shape, a size, a decay time and a pick-up; all strikes on it are heard in one
    simulation. Each strike, the first too, has a place and a width of its own. Places are uniform
    over the area, less a rim of half a step. A drum takes 0.2 s of one core for a second of sound
    at 8 kHz in single precision, 1.5 s where it is 0.1 m large.

    After `updateProperties`, `drum_size` and `strike_location` may be set. `Drum` documents the
    other arguments.

    Args:
        family: one of `ModeBank.families`; "": drawn for each drum.
        decay_time: T60 in seconds; a number, or a range to draw it from, log-uniform.
        strike_width: diameter of the raised cosine of the strike in metres, from 0 to the smallest
            drum_size; a number, or a range.

    Attributes:
        decay_time: T60 of the current drum, seconds.
        strike_width: that of the current strike, metres.

    Example:
        >>> from kac_prediction.samplers import AnyShapeModel
        >>> drum = AnyShapeModel(1.0, 48000, family="star", drum_size=0.2)
        >>> drum.generateWaveform()
        >>> drum.export("star.wav")

    Raises:
        TypeError: an argument is not a number.
        ValueError: a number is out of range, there is no such family, or a circle of the smallest
            size has no partial below half the sample rate.
    """

    fixed: ClassVar[frozenset[str]] = Drum.fixed | {"family", "strike_width"}

    class Settings(DrumSettings, total=False):
        """The parameters of a drum of any of the families."""

        decay_time: NumberOrRange  # type: ignore[misc]
        family: str
        strike_width: NumberOrRange

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        family: str = "",
        amplitude: float = 1.0,
        decay_time: NumberOrRange = 2.0,
        drum_size: NumberOrRange = (0.1, 1.0),
        material_density: float = DENSITY,
        strike_width: NumberOrRange = 0.01,
        tension: float = TENSION,
        precision: Precision = "double",
    ) -> None:
        settings = classLocalsToKwargs(locals())
        self._decay_times = as_interval("decay_time", decay_time)
        # FDTDModel's own constructor is for one kind of shape.
        Drum.__init__(self, **settings | {"decay_time": self._decay_times[0]})
        self.settings["decay_time"] = decay_time
        self.family = family
        self._widths = self._check_widths(strike_width)
        self._set_up(_AnyShape(family), self._widths[0])
        self._centre_first = False

    def _check_smallest(self, size: float) -> None:
        # Of all drums of one size the circular one has the lowest partial (Faber and Krahn).
        self._check_audible(size, float(circularSeries(1, 1)[0, 0]))

    def _multiple(self, size: float) -> int:
        """Return at which multiple of the sample rate a drum is simulated."""
        return max(2, round(FINENESS * self._step / size))

    def _lay_out(self, size: float, shape: Shape) -> Grid:
        self._check_smallest(size)
        return drum_grid(shape, self._step / self._multiple(size))

    def _draw_body(self) -> None:
        known = self._drawn_from
        super()._draw_body()
        if self._drawn_from != known:
            self._body.pick_up = self._body.draw_strike(self.group_rng, None)
            self._set_decay(draw_log_uniform(self.group_rng, self._decay_times))
            self._state_after = self.group_rng.bit_generator.state

    def _draw_strike(self) -> tuple[float, ...]:
        vars(self)["strike_width"] = draw_between(self.rng, self._widths)
        return super()._draw_strike()

    def _set_size(self, size: float) -> None:
        factor = size / self._drum_size
        x, y = (factor * place for place in self.sample_location)
        super()._set_size(size)
        self._body.pick_up = x, y

    def _body_labels(self) -> Labels:
        return {**super()._body_labels(), "decay_time": [self.decay_time]}

    def _sounds(self, parameters: Sequence[Strike]) -> npt.NDArray[np.floating]:
        sounds = np.empty((len(parameters), self.length))
        multiples = np.array([self._multiple(strike.drum.size) for strike in parameters])
        for multiple in np.unique(multiples).tolist():
            rows = np.flatnonzero(multiples == multiple).tolist()
            strikes = [parameters[k] for k in rows]
            length = (self.length + REACH) * multiple
            fine = self._simulate(strikes, self.sample_rate * multiple, length)
            sounds[rows] = decimate(fine, multiple)[:, : self.length]
        peaks = np.abs(sounds).max(axis=1, keepdims=True)
        sounds *= self.amplitude / np.where(peaks > 0, peaks, 1)
        return sounds


class _AnyShape(ShapeSource):
    """Draws shapes of one of the families, or of any."""

    def __init__(self, family: str) -> None:
        super().__init__(ConvexPolygon, None)  # not used: `_of_any_size` draws
        self._families = ModeBank.families
        if family != "":
            self._families = (check_choice("family", family, ModeBank.families),)

    def _of_any_size(self, rng: np.random.Generator) -> Shape:
        return draw_shape(self._families[rng.integers(len(self._families))], rng)[0]

    def labels(self, shape: Shape) -> Labels:
        """Return the family, how elongated the shape is, and its outline at unit area."""
        ratio = 1.0
        if isinstance(shape, Polygon):
            ratio = elongation(shape)
        elif isinstance(shape, Ellipse):
            ratio = shape.major / shape.minor
        return {
            "family": [ModeBank.families.index(_FAMILIES[type(shape)])],
            "aspect_ratio": [ratio],
            "outline": (log_radii(shape) - math.log(shape.area) / 2).tolist(),
        }


def decimate(sounds: npt.NDArray[np.floating], factor: int) -> npt.NDArray[np.floating]:
    """Return the sounds, shape (n, length), at a fraction of their sample rate; the first stays."""
    # Imported here: no other sampler needs it, and it slows the import of them all.
    from scipy.signal import firwin, resample_poly

    low_pass: Any = firwin(2 * REACH * factor + 1, 0.96 / factor, window=("kaiser", 8.0))
    return np.asarray(resample_poly(sounds, 1, factor, axis=1, window=low_pass))
