"""FDTDModel: drums of any shape, by finite differences in the time domain."""

import math
import pickle
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..dataset import classLocalsToKwargs
from ..dataset.numbers import as_numbers, require_number
from ..geometry import Shape
from ..physics import drum_grid
from .drum import Drum, DrumSettings, NumberOrRange, Precision, as_intervals
from .membrane import Membrane, Point
from .shapes import ShapeSource

_MOST_DRAWS = 256


class FDTDModel(Drum):
    """A drum of any shape, simulated on a grid.

    The five-point leapfrog on the live nodes of `physics.drum_grid`, k = 1 / sample_rate,
    q = (c k / h)^2 <= 1/2:
    (1 + sigma k) u_next = (2 - 4 q) u + q (four neighbours) - (1 - sigma k) u_previous.
    At rest, it is given the speed of a raised cosine about the strike; heard is the displacement,
    bilinear at the pick-up. Source: Bilbao, Numerical Sound Synthesis, 2009, chapter 11.

    The scheme is symmetric, so that strike and pick-up may change places: all strikes on a drum
    are heard in one simulation, that of a blow on the pick-up.

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

    Example:
        >>> from kac_prediction.samplers import FDTDModel
        >>> drum = FDTDModel(duration=1.0, sample_rate=48000, arbitrary_shape="ConvexPolygon")
        >>> drum.generateWaveform()
        >>> drum.export("polygon.wav")

    Attributes:
        shape: the current drum's shape, at its size, the centroid at the origin.
        strike_width: diameter of a strike in metres.
    """

    class Settings(DrumSettings, total=False):
        """The parameters of a drum of any shape."""

        arbitrary_shape: type[Shape] | str
        sample_location: Sequence[float] | None
        shape_settings: Mapping[str, Any] | None
        strike_location: Sequence[NumberOrRange] | None
        strike_width: float

    def __init__(
        self,
        duration: float,
        sample_rate: int,
        arbitrary_shape: type[Shape] | str,
        amplitude: float = 1.0,
        decay_time: float = 2.0,
        drum_size: NumberOrRange = 0.3,
        material_density: float = 0.2,
        shape_settings: Mapping[str, Any] | None = None,
        strike_width: float = 0.01,
        tension: float = 2000.0,
        sample_location: Sequence[float] | None = None,
        strike_location: Sequence[NumberOrRange] | None = None,
        precision: Precision = "double",
    ) -> None:
        """Make a sampler of drums of one kind of shape.

        Args:
            duration: length of a sound in seconds.
            sample_rate: samples per second.
            arbitrary_shape: a class of geometry, or its name, by which it is stored. A shape of
                your own is found by its name once it is defined.
            amplitude: peak of each sound.
            decay_time: seconds in which the amplitude falls by 60 dB; may be infinite.
            drum_size: square root of the area, metres; a number, or a range to draw it from.
            material_density: mass of the membrane, kg/m^2.
            shape_settings: arguments of the shape; what it leaves to be drawn is drawn.
            strike_width: diameter of the strike in metres, from 0 to the smallest drum_size.
                One narrower than the grid's step is spread over the nodes around it.
            tension: tension of the membrane, N/m.
            sample_location: where the drum is heard, (x, y), which every drum must reach. None:
                where the formula above puts it.
            strike_location: a point (x, y); each of the two a number, or a range within which
                strikes are drawn uniformly, as far as it lies on the drum. None: anywhere, and the
                first strike on each drum at its middle.
            precision: "single" computes in float32.

        Raises:
            TypeError: not a shape, or arguments that it does not take.
            ValueError: a number is out of range, no shape is called so, a point does not lie inside
                the drum, or the drum is smaller than three cells of the grid; also raised later,
                where it depends on what is drawn.
        """
        kwargs = classLocalsToKwargs(locals())
        self._shapes = ShapeSource(arbitrary_shape, shape_settings)
        # What is stored with a dataset must be plain: a class by its name.
        kwargs["arbitrary_shape"] = self._shapes.kind.__name__
        kwargs["shape_settings"] = None if shape_settings is None else dict(self._shapes.settings)
        super().__init__(**kwargs)
        if not 0 <= require_number("strike_width", strike_width) <= self._sizes[0]:
            raise ValueError(
                "strike_width must lie between 0 and the smallest drum_size, "
                f"{self._sizes[0]} m, got {strike_width!r}."
            )
        self.strike_width = float(strike_width)
        self._step = math.sqrt(2) * self.wave_speed / self.sample_rate
        self._require_three_cells()
        # Lower left and upper right corner of where strikes are drawn.
        self._box = (
            None if strike_location is None else np.transpose(as_intervals("xy", strike_location))
        )
        self._centre_first = strike_location is None
        self._pick_up = None if sample_location is None else _as_point(sample_location)
        self._body: Membrane | None = None
        self._source, self._drawn = b"", self.group_rng.bit_generator.state
        self.updateProperties(None)

    def _require_three_cells(self) -> None:
        """Raise ValueError where not even a disc of the smallest size is three cells across."""
        smallest = 3 * self._step * math.sqrt(math.pi) / 2
        if self._sizes[0] < smallest:
            raise ValueError(
                f"a drum_size of {self._sizes[0]} m is smaller than three cells of the grid, whose "
                f"smallest stable step is {self._step:.6g} m: take a drum_size of at least "
                f"{smallest:.6g} m, a higher sample_rate or a lower tension."
            )

    def _draw_body(self) -> None:
        """Draw size and shape, unless the last drum was drawn from the same random numbers.

        The state of the generator says so, and is left as drawing leaves it: what is drawn after
        this, and all that is heard, is the same whether or not the drum was at hand.
        """
        generator = self.group_rng.bit_generator
        source = pickle.dumps(generator.state)
        if self._body is None or self._source != source:
            super()._draw_body()
            shape = self._shapes.draw(self.drum_size, self.group_rng)
            self._body = Membrane.laid_out(
                self.drum_size,
                shape,
                drum_grid(shape, self._step),
                self._pick_up,
                self._shapes.labels(shape),
            )
            self._source, self._drawn = source, generator.state
        generator.state = self._drawn
        self.drum_size = self._body.size
        self.shape = self._body.shape
        self.sample_location = self._body.pick_up

    def _middle(self) -> tuple[float, ...]:
        return self._current().middle

    def _draw_strike(self) -> tuple[float, ...]:
        body, box = self._current(), self._box
        if box is not None and (box[0] == box[1]).all():
            point = (float(box[0, 0]), float(box[0, 1]))
            body.require_inside("strike_location", point)
            return point
        drawn = body.draw_strike(self.rng, box, _MOST_DRAWS)
        if drawn is None and box is not None:
            raise ValueError(
                f"no strike with x and y in the ranges {box.T.tolist()} of strike_location falls "
                f"on a drum of {body.size:.6g} m: of {16 * _MOST_DRAWS} not one did."
            )
        return drawn or body.middle

    def _body_labels(self) -> dict[str, list[float | int]]:
        labels = {name: [*numbers] for name, numbers in self._current().labels.items()}
        return {**labels, **super()._body_labels()}

    def _struck(self) -> tuple[bytes, Membrane, tuple[float, ...]]:
        return self._source, self._current(), self.strike_location

    def _sounds(self, struck: Sequence[Any]) -> npt.NDArray[np.floating]:
        # Sounds of one drum share one simulation, also where others were asked for in between.
        bodies = {source: body for source, body, _ in struck}
        number = {source: drum for drum, source in enumerate(bodies)}
        grids = [body.grid for body in bodies.values()]
        return _core.membranes(
            [_core.Grid(grid.live) for grid in grids],
            np.array([self._coefficients(grid.step) for grid in grids]).reshape(-1, 3),
            [body.grid.nodes_at(body.pick_up) for body in bodies.values()],
            np.array([number[source] for source, _, _ in struck], dtype=np.int64),
            [body.grid.raised_cosine(point, self.strike_width) for _, body, point in struck],
            self.length,
            self.amplitude,
            self.precision,
            self.threads,
        )

    def _coefficients(self, step: float) -> tuple[float, float, float]:
        """c_0, c_1 and c_2: u_next = c_0 (four neighbours) + c_1 u - c_2 u_previous."""
        q = (self.wave_speed / (self.sample_rate * step)) ** 2
        loss = self.sigma / self.sample_rate
        return q / (1 + loss), (2 - 4 * q) / (1 + loss), (1 - loss) / (1 + loss)

    def _current(self) -> Membrane:
        """The drum that was drawn last; there is one from the constructor on."""
        if self._body is None:
            raise RuntimeError("no drum has been drawn yet: call updateProperties.")
        return self._body


def _as_point(value: Sequence[float]) -> Point:
    point = as_numbers(value)
    if point.shape != (2,) or not np.isfinite(point).all():
        raise ValueError(f"sample_location must be two finite numbers (x, y), got {value!r}.")
    return float(point[0]), float(point[1])
