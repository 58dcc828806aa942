"""FDTDModel: drums of any shape, by finite differences in the time domain."""

import math
import pickle
from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import check_number
from ..dataset import classLocalsToKwargs
from ..dataset.sampler import Labels
from ..geometry import Shape
from ..physics import drum_grid
from .drum import DENSITY, TENSION, Drum, DrumSettings, Precision
from .intervals import NumberOrRange, as_intervals
from .membrane import Grid, Membrane, Strike
from .shapes import ShapeSource

_MOST_DRAWS = 100


class FDTDModel(Drum):
    """A drum of any shape, simulated on a grid.

    The five-point leapfrog on the live nodes of `physics.drum_grid`, k = 1 / sample_rate,
    q = (c k / h)^2 <= 1/2:
    (1 + sigma k) u_next = (2 - 4 q) u + q (four neighbours) - (1 - sigma k) u_previous.
    At rest, it is given the speed of a raised cosine about the strike; heard is the displacement,
    bilinear at the pick-up. Source: Bilbao, Numerical Sound Synthesis, 2009, chapter 11.

    The scheme is symmetric, so that strike and pick-up may change places: all strikes on a drum
    are heard in one simulation, that of a blow on the pick-up.

    A shape that is drawn, but too narrow for three cells of the grid, is drawn again.
    Its labels are those of the shape, at its size, and where it is struck and heard. Of `vertices`,
    x0, y0, x1, y1, ..., the last is repeated until all drums of a dataset have as many; `N` says
    how many count.

    Points are (x, y) in metres from the centroid. A strike is drawn uniformly over the area, less
    a rim of half a step of the grid that does not move, and less what a neck narrower than a step
    cuts off. The first strike on each drum falls on the centroid; where that is outside or on the
    rim (a star may have it there), on the point farthest from the wall. Unless it is set, the
    pick-up lies on the ray from this point at 1 radian to the x axis, 0.58 of the way to the wall
    (the angle is off every line of symmetry of rectangles and regular polygons; the fraction is
    where the quietest of the first ten modes of discs, triangles and rectangles is loudest).
    In a narrow corner it lies nearer to the middle, by as many halvings as bring it off the rim.

    `Drum` documents the arguments that all drums share.

    Args:
        arbitrary_shape: a class of geometry, or its name, by which it is stored; or a shape, whose
            outline all drums have, at their `drum_size`. A class of your own is found by its name
            once it is defined.
        drum_size: square root of the area, metres; a number, or a range to draw it from. None: that
            of the shape given.
        shape_settings: arguments of the class; what it leaves to be drawn is drawn.
        strike_width: diameter of the strike in metres, from 0 to the smallest drum_size. One
            narrower than the grid's step is spread over the nodes around it.
        sample_location: where the drum is heard, (x, y), which every drum must reach. None: where
            the formula above puts it.
        strike_location: (x, y); each a number, or a range within which strikes are drawn
            uniformly, as far as it lies on the drum. None: anywhere.

    Example:
        >>> from kac_prediction.samplers import FDTDModel
        >>> drum = FDTDModel(duration=1.0, sample_rate=48000, arbitrary_shape="ConvexPolygon")
        >>> drum.generateWaveform()
        >>> drum.export("polygon.wav")

    Raises:
        TypeError: not a shape, or arguments that it does not take.
        ValueError: a number is out of range, no shape has the name, a point does not lie inside the
            drum, or the drum is smaller than three cells of the grid, as are 100 that are drawn in
            its stead; also raised later, where it depends on what is drawn.
    """

    coordinates: ClassVar[tuple[str, ...]] = ("x", "y")
    fixed: ClassVar[frozenset[str]] = Drum.fixed | {
        "arbitrary_shape",
        "shape_settings",
        "strike_width",
    }

    class Settings(DrumSettings, total=False):
        """The parameters of a drum of any shape."""

        arbitrary_shape: type[Shape] | str | Shape
        drum_size: NumberOrRange | None  # type: ignore[misc]
        sample_location: Sequence[float] | None
        shape_settings: Mapping[str, Any] | None
        strike_location: Sequence[NumberOrRange] | None
        strike_width: float

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        arbitrary_shape: type[Shape] | str | Shape,
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
        kwargs = classLocalsToKwargs(locals())
        shapes = ShapeSource(arbitrary_shape, shape_settings)
        # What is stored with a dataset must be plain: a class by its name.
        kwargs["arbitrary_shape"] = shapes.kind.__name__
        if shape_settings is not None or isinstance(arbitrary_shape, Shape):
            kwargs["shape_settings"] = dict(shapes.settings)
        if drum_size is None:
            if not isinstance(arbitrary_shape, Shape):
                raise ValueError("drum_size must be given, as there is no shape that has one")
            kwargs["drum_size"] = math.sqrt(arbitrary_shape.area)
        super().__init__(**kwargs)
        self.arbitrary_shape, self.shape_settings = shapes.kind, shapes.settings
        self._set_up(shapes, strike_width, strike_location, sample_location)

    def _set_up(
        self,
        shapes: ShapeSource,
        strike_width: float,
        strike_location: Sequence[NumberOrRange] | None = None,
        sample_location: Sequence[float] | None = None,
    ) -> None:
        """Check and store what a simulated drum needs, and draw the first one."""
        self._shapes = shapes
        self.strike_width = check_number("strike_width", strike_width, least=0)
        self._check_widths(self.strike_width)
        self._step = math.sqrt(2) * self.wave_speed / self.sample_rate
        self._check_smallest(self._sizes[0])
        # Lower left and upper right corner of where strikes are drawn.
        self._box = None
        if strike_location is not None:
            self._box = np.transpose(as_intervals(self.coordinates, strike_location))
        self._centre_first = strike_location is None
        self._pick_up = None
        if sample_location is not None:
            self._pick_up = self._point("sample_location", sample_location)
        self._drawn_from, self._state_after = b"", self.group_rng.bit_generator.state
        self.updateProperties(None)

    def _check_smallest(self, size: float) -> None:
        """Raise ValueError where no drum of a size can sound."""
        smallest = 3 * self._step * math.sqrt(math.pi) / 2  # a disc three cells across
        if size < smallest:
            raise ValueError(
                f"a drum_size of {size} m is smaller than three cells of the grid, whose "
                f"smallest stable step is {self._step:.6g} m: take a drum_size of at least "
                f"{smallest:.6g} m, a higher sample_rate or a lower tension"
            )

    def _lay_out(self, size: float, shape: Shape) -> Grid:
        """Return the grid of a shape; raise ValueError where it cannot sound."""
        return drum_grid(shape, self._step)

    @property
    def shape(self) -> Shape:
        """The current drum's shape, at its size, the centroid at the origin."""
        return self._body.shape

    @property
    def sample_location(self) -> tuple[float, ...]:
        """Where the current drum is heard, (x, y) in metres from the centroid."""
        return self._body.pick_up

    def _set_size(self, size: float) -> None:
        """Scale the current drum, with the strike on it."""
        shape, factor = deepcopy(self.shape), size / self._drum_size
        shape.area = size * size
        body = self._membrane(size, shape, self._lay_out(size, shape))
        strike = tuple(factor * x for x in self._strike)
        body.require_inside("strike_location", strike)
        self._body, self._strike, self._drum_size = body, strike, size
        self._drawn_from = b""  # not as it was drawn: no other sound shares its simulation

    def _require_inside(self, name: str, point: tuple[float, ...]) -> None:
        self._body.require_inside(name, point)

    def _membrane(self, size: float, shape: Shape, grid: Grid) -> Membrane:
        return Membrane(size, shape, self._shapes.labels(shape), grid, self._pick_up)

    def _draw_body(self) -> None:
        # A drum drawn from the same random numbers is at hand. The state of the generator tells,
        # and is left as drawing leaves it, so that what is drawn after this is the same too.
        generator = self.group_rng.bit_generator
        source = pickle.dumps(generator.state)
        if self._drawn_from != source:
            super()._draw_body()
            for draw in range(_MOST_DRAWS):
                shape = self._shapes.draw(self.drum_size, self.group_rng)
                try:
                    grid = self._lay_out(self.drum_size, shape)
                    break
                except ValueError:  # too narrow for it
                    if draw == _MOST_DRAWS - 1:
                        raise
            self._body = self._membrane(self.drum_size, shape, grid)
            self._drawn_from, self._state_after = source, generator.state
        generator.state = self._state_after
        self._drum_size = self._body.size

    def _middle(self) -> tuple[float, ...]:
        return self._body.middle

    def _draw_strike(self) -> tuple[float, ...]:
        return self._body.draw_strike(self.rng, self._box)

    def _body_labels(self) -> Labels:
        labels = {name: [*numbers] for name, numbers in self._body.labels.items()}
        return {**labels, **super()._body_labels()}

    def _parameters(self) -> Strike:
        return Strike(
            self._drawn_from, self._body, self.strike_location, self.strike_width, self.sigma
        )

    def _sounds(self, parameters: Sequence[Strike]) -> npt.NDArray[np.floating]:
        return self._simulate(parameters, self.sample_rate, self.length)

    def _simulate(
        self, strikes: Sequence[Strike], sample_rate: int, length: int
    ) -> npt.NDArray[np.floating]:
        """Return the sounds of n strikes at a sample rate, shape (n, length)."""
        # Sounds of one drum share one simulation, also where others were asked for in between.
        firsts = {strike.source: strike for strike in strikes}
        number = {source: drum for drum, source in enumerate(firsts)}
        drums = [strike.drum for strike in firsts.values()]
        # c_0, c_1 and c_2 of each grid: u_next = c_0 (four neighbours) + c_1 u - c_2 u_previous.
        steps = np.array([drum.grid.step for drum in drums])
        loss = np.array([strike.sigma for strike in firsts.values()]) / sample_rate
        q = (self.wave_speed / (sample_rate * steps)) ** 2
        coefficients = np.stack([q, 2 - 4 * q, 1 - loss], axis=-1) / (1 + loss)[:, None]
        return _core.membranes(
            [_core.Grid(drum.grid.live) for drum in drums],
            coefficients,
            [drum.grid.nodes_at(drum.pick_up) for drum in drums],
            np.array([number[strike.source] for strike in strikes], dtype=np.int64),
            [strike.drum.grid.raised_cosine(strike.point, strike.width) for strike in strikes],
            length,
            self.amplitude,
            self.precision,
            self.threads,
        )
