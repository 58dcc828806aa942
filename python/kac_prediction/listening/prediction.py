"""Prediction: which drum was heard in a sound, and how sure that is."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from statistics import NormalDist
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple, Self, get_args

from .._arrays import Float64
from .._checks import MALFORMED, check_choice, check_number, check_numbers, reason
from ..geometry import Polygon, Shape
from ..geometry.families import OUTLINED, centred, shape_of
from ..geometry.radii import RADII
from ..geometry.shape import check_points
from ..samplers import ModeBank
from ..samplers.drum import WAVE_SPEED, Drum
from ..samplers.families import sampler_of
from .described import UNITS, described, shown

Kind = Literal["laplace", "normal"]

_DRUM: Final = 0.5  # the lowest score of a drum
_FORMAT: Final = 1  # of the JSON
_SUM: Final = 1e-6  # how far probabilities may be from 1 in sum


class Spread(NamedTuple):
    """How sure a number above 0 is: its logarithm is distributed about that of the prediction.

    Attributes:
        kind: "laplace", with `scale` for the mean absolute deviation, as networks predict it; or
            "normal", with `scale` for the standard deviation, as of fits.
        scale: of the natural logarithm, from 0, which stands for a number that is known.
    """

    kind: Kind
    scale: float

    def reach(self, level: float) -> float:
        """Return how far the central interval of this probability extends to each side."""
        if self.kind == "laplace":
            return -self.scale * math.log1p(-level)
        return self.scale * NormalDist().inv_cdf((1 + level) / 2)


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The drum that was heard in a sound; `listen` returns it.

    Two are equal if all their numbers are. It is immutable, and may be pickled.

    Args:
        probabilities: of each of the families `ModeBank.families`, if it is a drum; of sum 1.
        drum_size: square root of the area, metres.
        aspect_ratio: from 1; of an ellipse the ratio of its axes, of a rectangle of its sides, of a
            polygon or star that of the rectangle of the same principal second moments of area.
        decay_time: T60, seconds.
        outline: 64 points of the boundary, counter-clockwise, shape (64, 2), metres from the
            centroid. A sound tells it up to rotation and reflection.
        score: how probable it is that this is a drum at all, from 0 to 1.
        spreads: how sure `drum_size`, `aspect_ratio`, `decay_time` and `wave_speed` are; a number
            that is not in it is known.
        strike: where the drum was struck, as the `strike_location` of `drum()`; None: not known, as
            `listen` leaves it.
        network: what the network alone predicted, before refinement; None: nothing was refined.
        wave_speed: m/s.

    Raises:
        TypeError, ValueError: a number is not finite or out of range, the outline has another
            shape, a family is not known, or the probabilities do not sum to 1.
    """

    probabilities: Mapping[str, float]
    drum_size: float
    aspect_ratio: float
    decay_time: float
    outline: Float64
    score: float
    spreads: Mapping[str, Spread]
    strike: tuple[float, ...] | None = None
    network: "Prediction | None" = None
    wave_speed: float = WAVE_SPEED

    def __post_init__(self) -> None:
        """Check and freeze the fields."""
        outline = check_points("outline", self.outline, RADII).copy()
        outline.flags.writeable = False
        checked = {name: check_number(name, getattr(self, name), above=0) for name in _POSITIVE}
        checked["aspect_ratio"] = check_number("aspect_ratio", self.aspect_ratio, least=1)
        values: dict[str, Any] = {
            **checked,
            "score": check_number("score", self.score, least=0, most=1),
            "outline": outline,
            "probabilities": MappingProxyType(_checked_probabilities(self.probabilities)),
            "spreads": MappingProxyType(_checked_spreads(self.spreads)),
            "strike": None if self.strike is None else check_numbers("strike", self.strike, 2, 3),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def family(self) -> str:
        """The most probable family."""
        return max(self.probabilities, key=lambda name: self.probabilities[name])

    @property
    def is_drum(self) -> bool:
        """Whether a drum is heard at all: a `score` of at least 0.5."""
        return self.score >= _DRUM

    @property
    def shape(self) -> Shape:
        """The drum's shape at its size, about the origin; a new one each time."""
        area = self.drum_size**2
        if self.family in OUTLINED:
            return centred(Polygon(self.outline), area)
        return shape_of(self.family, self.aspect_ratio, area)

    def interval(self, name: str, level: float = 0.9) -> tuple[float, float]:
        """Return (low, high), between which a number lies with a probability.

        Args:
            name: "drum_size", "aspect_ratio", "decay_time" or "wave_speed".
            level: the probability, from 0 and below 1; as much is left out below as above.

        Raises:
            TypeError, ValueError: another name, or a level out of range.
        """
        value = float(getattr(self, check_choice("name", name, UNITS)))
        level = check_number("level", level, least=0, below=1)
        spread = self.spreads.get(name)
        factor = math.exp(min(spread.reach(level), _WIDEST)) if spread else 1.0
        low, high = value / factor, value * factor
        return (max(1.0, low), high) if name == "aspect_ratio" else (low, high)

    def drum(self, duration: float = 1.0, sample_rate: int = 48000) -> Drum:
        """Return a sampler of the drum, whose `generateWaveform()` plays it.

        It is struck where it was heard to be; where that is not known, always at the same point,
        off its middle. Circles, rectangles and triangles sound by their exact modes, all others by
        those of finite elements.

        Args:
            duration: of its sound, seconds.
            sample_rate: Hz.

        Raises:
            TypeError, ValueError: an argument is out of range, or no partial of the drum lies below
                half the sample rate.
        """
        drum = sampler_of(
            self.family,
            self.drum_size,
            self.aspect_ratio,
            self.outline,
            self.wave_speed,
            duration=duration,
            sample_rate=sample_rate,
            decay_time=self.decay_time,
        )
        drum.seed(0)
        drum.reseed(1)  # the first strike falls on the middle, the second anywhere
        drum.updateProperties(1)
        if self.strike is not None:
            drum.strike_location = self.strike
        return drum

    def to_json(self) -> str:
        """Return it as JSON, from which `from_json` reads the same numbers, bit for bit."""
        return json.dumps(self._plain(), ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the prediction that `to_json` wrote.

        Raises:
            ValueError: it is no JSON of a prediction; the message says what is missing or wrong.
        """
        try:
            return cls._from_plain(json.loads(text))
        except MALFORMED as error:
            raise ValueError(f"this is not the JSON of a Prediction: {reason(error)}") from error

    def _plain(self) -> dict[str, Any]:
        """Return the fields in the types of JSON; `family` and `is_drum` for those who read it."""
        return {
            "format": _FORMAT,
            "is_drum": self.is_drum,
            "family": self.family,
            **{field.name: getattr(self, field.name) for field in fields(self)},
            "probabilities": dict(self.probabilities),
            "outline": self.outline.tolist(),
            "spreads": {name: spread._asdict() for name, spread in self.spreads.items()},
            "network": None if self.network is None else self.network._plain(),
        }

    @classmethod
    def _from_plain(cls, stored: Mapping[str, Any]) -> Self:
        if stored["format"] != _FORMAT:
            raise ValueError(f"its format is {stored['format']!r}, not {_FORMAT}")
        network = stored["network"]
        spreads = {name: Spread(**spread) for name, spread in stored["spreads"].items()}
        return cls(
            **{field.name: stored[field.name] for field in fields(cls)}
            | {"spreads": spreads, "network": network and cls._from_plain(network)}
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Prediction):
            return NotImplemented
        return self._plain() == other._plain()

    def __hash__(self) -> int:
        return hash((self.drum_size, self.aspect_ratio, self.decay_time, self.score))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_json, (self.to_json(),)

    def __repr__(self) -> str:
        return f"<Prediction: {self}>"

    def __str__(self) -> str:
        return described(self)

    def _repr_html_(self) -> str:
        """Return numbers with intervals, outline and a player of the drum, for notebooks."""
        return shown(self)


_POSITIVE: Final = ("drum_size", "decay_time", "wave_speed")
_WIDEST: Final = 300.0  # of the logarithm: what is beyond is no number of float64


def _checked_probabilities(probabilities: Mapping[str, float]) -> dict[str, float]:
    """Return the probabilities of all families, in their order."""
    if not isinstance(probabilities, Mapping):
        raise TypeError(f"probabilities must be a mapping by family, got {probabilities!r}")
    for family in probabilities:
        check_choice("a family of probabilities", family, ModeBank.families)
    found = {
        family: check_number(
            "each of probabilities", probabilities.get(family, 0.0), least=0, most=1
        )
        for family in ModeBank.families
    }
    if abs(sum(found.values()) - 1) > _SUM:
        raise ValueError(f"probabilities must sum to 1, got {found}")
    return found


def _checked_spreads(spreads: Mapping[str, Spread]) -> dict[str, Spread]:
    """Return the spreads, in the order in which the numbers are listed."""
    if not isinstance(spreads, Mapping):
        raise TypeError(f"spreads must be a mapping by name, got {spreads!r}")
    for name in spreads:
        check_choice("a name of spreads", name, UNITS)
    return {
        name: Spread(
            check_choice("the kind of a spread", spreads[name][0], get_args(Kind)),
            check_number("the scale of a spread", spreads[name][1], least=0),
        )
        for name in UNITS
        if name in spreads
    }
