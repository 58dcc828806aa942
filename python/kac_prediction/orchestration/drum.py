"""Drum: an instrument, of any size and shape, and where it is heard."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Final, Self

import numpy as np

from .. import _html
from .._arrays import Float64
from .._checks import brief, check_choice, check_number, check_numbers, shorten
from ..geometry import Polygon, Shape
from ..geometry.families import ELONGATED, OUTLINED, REGULAR, centred, shape_of
from ..geometry.shape import check_points
from ..listening import Prediction
from ..physics import eigenfrequencies
from ..samplers import ModeBank
from ..samplers.drum import WAVE_SPEED
from ..samplers.drum import Drum as Sampler
from ..samplers.families import EXACT, coordinates_of, is_inside, sampler_of, width_of
from ..samplers.shapes import elongation

_FINEST: Final = 10**18  # Hz, at which drums of all sizes sound
_ROUNDING: Final = 1e-9  # of a size or centroid: an outline that is off by less stays as it is


@dataclass(frozen=True, eq=False, repr=False)
class Drum:
    """A drum of a score or a kit: what there is to build of it, and where it is heard.

    Two are equal, and of one hash, if all their fields are. It is immutable, and may be pickled.

    Args:
        family: "circle", "ellipse", "rectangle", "triangle", "polygon" or "star".
        drum_size: square root of the area, metres.
        aspect_ratio: from 1; of an ellipse that of its axes, of a rectangle that of its sides, the
            longer along x. A circle and a triangle have none but 1; of a polygon or star it follows
            from the outline, as in `Prediction`, and what is given is replaced.
        outline: of a polygon or a star, and of no other, its corners, shape (n, 2), metres; they
            are turned counter-clockwise, scaled to `drum_size` and moved to their centroid.
        sample_location: where it is heard, in the coordinates of the family's sampler: of a circle
            (r, theta), of a rectangle (x, y) in units of the sides, of a triangle (u, v, w), of all
            others (x, y) in metres from the centroid. None: the sampler's own point.
        wave_speed: m/s.
        name: what it is called, as by a player; may be left out.
        strike_width: diameter of the strikes on it, metres, up to the size: the wider a mallet, the
            fewer high partials it excites. None: 0, a point, on a circle, rectangle or triangle, on
            others 10 mm or, on small ones, a tenth of the size.

    Raises:
        TypeError, ValueError: a number is not finite or out of range, the family is not known, the
            outline is missing, or given where none belongs, or is no polygon, or the drum is not
            heard at a point inside it.

    Example:
        >>> from kac_prediction.orchestration import Drum
        >>> drum = Drum("ellipse", 0.3, aspect_ratio=1.5, name="left")
        >>> drum.sampler(1.0, 48000).strike(at=(0.02, 0.05)).shape
        (48000,)
    """

    family: str
    drum_size: float
    aspect_ratio: float = 1.0
    outline: Float64 | None = None
    sample_location: tuple[float, ...] | None = None
    wave_speed: float = WAVE_SPEED
    name: str = ""
    strike_width: float | None = None

    def __post_init__(self) -> None:
        """Check and freeze the fields."""
        family = check_choice("family", self.family, ModeBank.families)
        size = check_number("drum_size", self.drum_size, above=0)
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a text, got {brief(self.name)}")
        if self.name.encode(errors="ignore").decode() != self.name:  # halves of a character
            raise ValueError(f"name must be characters of Unicode, got {brief(self.name)}")
        outline, ratio = None, check_number("aspect_ratio", self.aspect_ratio, least=1)
        if family in OUTLINED:
            outline = _checked_outline(family, self.outline, size)
            ratio = max(1.0, elongation(Polygon(outline)))
        elif self.outline is not None:
            raise ValueError(f"outline belongs to polygons and stars: leave it out of a {family}")
        if family in REGULAR and ratio != 1:
            elongated = " or ".join(ELONGATED)
            raise ValueError(f"aspect_ratio of a {family} is 1, got {ratio:g}: take {elongated}")
        values: dict[str, Any] = {
            "drum_size": size,
            "aspect_ratio": ratio,
            "outline": outline,
            "wave_speed": check_number("wave_speed", self.wave_speed, above=0),
        }
        if self.strike_width is not None:
            width = check_number("strike_width", self.strike_width, least=0, most=size)
            values["strike_width"] = width
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if self.sample_location is not None:
            heard = self.check_inside("sample_location", self.sample_location)
            object.__setattr__(self, "sample_location", heard)

    @classmethod
    def of(cls, prediction: Prediction, name: str = "") -> Self:
        """Return the drum that was heard, of the most probable family.

        Raises:
            TypeError: `prediction` is none.
        """
        if not isinstance(prediction, Prediction):
            raise TypeError(f"prediction must be a Prediction, got {brief(prediction)}")
        family = prediction.family
        return cls(
            family,
            prediction.drum_size,
            prediction.aspect_ratio if family in ELONGATED else 1.0,
            prediction.outline if family in OUTLINED else None,
            wave_speed=prediction.wave_speed,
            name=name,
        )

    @property
    def shape(self) -> Shape:
        """Its shape at its size, about the origin; a new one each time."""
        if self.outline is not None:
            return Polygon(self.outline)
        return shape_of(self.family, self.aspect_ratio, self.drum_size**2)

    @property
    def struck_over(self) -> float:
        """Diameter of the strikes on it, metres: `strike_width`, or what is taken for None."""
        given = self.strike_width
        return width_of(self.family, self.drum_size) if given is None else given

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the coordinates in which it is struck and heard."""
        return coordinates_of(self.family)

    @property
    def in_metres(self) -> bool:
        """Whether these are metres from the centroid, rather than relative to the size."""
        return self.family not in EXACT

    @cached_property
    def fundamental(self) -> float:
        """Frequency of its lowest partial, Hz, undamped."""
        return float(eigenfrequencies(self.shape, 1, self.drum_size, self.wave_speed)[0])

    @cached_property
    def heard_at(self) -> tuple[float, ...]:
        """Where it is heard: `sample_location`, or the point of its sampler, where that is None."""
        return self.sample_location or self.sampler(1 / _FINEST, _FINEST).sample_location

    def sampler(self, duration: float, sample_rate: int, decay_time: float = 2.0) -> Sampler:
        """Return a sampler of the drum, whose `strike(at=...)` plays it.

        Circles, rectangles and triangles sound by their exact modes, all others by those of finite
        elements: by 100, which take 20 to 100 ms to find, or where `strike_width` is given, by as
        many as such strikes excite, up to 300, which take 0.7 s.

        Args:
            duration: of a sound, seconds.
            sample_rate: Hz.
            decay_time: T60, seconds.

        Raises:
            TypeError, ValueError: an argument is out of range, no partial of the drum lies below
                half the sample rate, or it has no modes that finite elements find.
        """
        return sampler_of(
            self.family,
            self.drum_size,
            self.aspect_ratio,
            self.outline,
            self.wave_speed,
            self.sample_location,
            self.strike_width,
            duration=duration,
            sample_rate=sample_rate,
            decay_time=decay_time,
        )

    def holds(self, point: tuple[float, ...]) -> bool:
        """Return whether it can be struck and heard at a point: inside, off the rim."""
        return is_inside(self.family, point, self._shape)

    def check_inside(self, name: str, point: Any) -> tuple[float, ...]:
        """Return a point as numbers, if the drum can be struck and heard there.

        Args:
            name: of the point, for the message.
            point: in the `coordinates` of the drum.

        Raises:
            ValueError: it has other coordinates, or lies outside or on the rim.
        """
        named = f"{name} ({', '.join(self.coordinates)})"
        checked = check_numbers(named, point, len(self.coordinates))
        if not self.holds(checked):
            raise ValueError(
                f"{named} must lie inside the drum, off its rim, got {checked}: {self}"
            )
        return checked

    @cached_property
    def _shape(self) -> Shape:
        return self.shape

    def plain(self) -> dict[str, Any]:
        """Return the fields in the types of JSON; a width of strikes only where it is given."""
        stored = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.strike_width is None:
            del stored["strike_width"]
        return stored | {"outline": None if self.outline is None else self.outline.tolist()}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Drum):
            return NotImplemented
        return self.plain() == other.plain()

    def __hash__(self) -> int:
        return hash((self.family, self.drum_size, self.aspect_ratio, self.wave_speed, self.name))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), tuple(getattr(self, field.name) for field in fields(self))

    def __repr__(self) -> str:
        return f"<Drum: {self}>"

    def __str__(self) -> str:
        called = f"{shorten(self.name)}, " if self.name else ""
        ratio = f", aspect ratio {self.aspect_ratio:.3g}" if self.family in ELONGATED else ""
        return f"{called}{self.family} {self.drum_size:.4g} m{ratio}"

    def _repr_html_(self) -> str:
        """Return outline and numbers, for notebooks."""
        return _html.block(
            str(self),
            _html.outline(self._shape.outline(), str(self)),
            _html.table((name, value) for name, value in self.plain().items() if value is not None),
        )


def _checked_outline(family: str, outline: Any, size: float) -> Float64:
    """Return an outline counter-clockwise, of the size, about its centroid, which stays as it is.

    One that is so already keeps its bits, so that what is stored is read as it was.
    """
    if outline is None:
        raise ValueError(f"outline must be given of a {family}: its corners, shape (n, 2)")
    polygon = Polygon(check_points("outline", outline))
    off = max(abs(polygon.area**0.5 / size - 1), *(abs(x) / size for x in polygon.centroid))
    if off > _ROUNDING:
        polygon = centred(polygon, size**2)
    corners = np.array(polygon.vertices)
    if not np.array_equal(corners, polygon.outline()[:-1]):
        corners = corners[::-1].copy()
    corners.flags.writeable = False
    return corners
