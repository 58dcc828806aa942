"""The sampler of a drum of each family: by its exact modes where they are known."""

import math
from collections.abc import Sequence
from typing import Any, Final

from .._arrays import ArrayLike
from ..geometry import Shape
from .bessel_model import BesselModel
from .drum import DENSITY, Drum
from .finite_element_model import RIM, FiniteElementModel
from .lame_model import LaméModel
from .modal import ModalDrum
from .poisson_model import PoissonModel

EXACT: Final[dict[str, type[ModalDrum]]] = {
    "circle": BesselModel,
    "rectangle": PoissonModel,
    "triangle": LaméModel,
}
"""The families whose modes are known, with points in coordinates relative to the size."""

MODES: Final = 100
"""Of finite elements, where no width of strikes is given."""

_MOST: Final = 300  # modes: 0.4 to 0.7 s of one core, 400 take twice as long
_REACH: Final = 6.0  # k R of a strike of radius R, beyond which lies 1e-4 of the energy
_WIDEST: Final = 0.01  # m, of a strike
_POINT: Final = 1e-3  # of the size: the least width that is told from a point


def sampler_of(
    family: str,
    drum_size: float,
    aspect_ratio: float,
    outline: ArrayLike | None,
    wave_speed: float,
    sample_location: Sequence[float] | None = None,
    strike_width: float | None = None,
    **settings: Any,
) -> Drum:
    """Return the sampler of a drum; where its strike falls is any.

    Circles, rectangles and triangles sound by their exact modes, all others by those of finite
    elements, an ellipse by its ratio, a polygon or star by its outline.

    Args:
        family: one of `ModeBank.families`.
        drum_size: metres.
        aspect_ratio: of an ellipse or a rectangle.
        outline: of a polygon or a star, shape (n, 2).
        wave_speed: m/s.
        sample_location: where it is heard; None: the sampler's own point.
        strike_width: diameter of its strikes, metres; None: `width_of`, and MODES.
        settings: `duration`, `sample_rate` and `decay_time`.

    Raises:
        TypeError, ValueError: as the sampler has it.
    """
    # A sound tells of tension over density.
    settings |= {"material_density": DENSITY, "tension": DENSITY * wave_speed**2}
    width = width_of(family, drum_size) if strike_width is None else strike_width
    settings |= {"drum_size": drum_size, "strike_width": width}
    if sample_location is not None:
        settings |= {"sample_location": sample_location}
    if family == "rectangle":
        settings |= {"aspect_ratio": aspect_ratio}
    if family in EXACT:
        return EXACT[family](**settings)
    kind, shape = "Polygon", {"vertices": outline}
    if family == "ellipse":
        kind, shape = "Ellipse", {"major": aspect_ratio, "minor": 1.0}
    settings |= {"shape_settings": shape, "modes": modes_struck(strike_width, drum_size)}
    return FiniteElementModel(arbitrary_shape=kind, **settings)


def width_of(family: str, drum_size: float) -> float:
    """Return the diameter of strikes of which none is given, metres: 0 where modes are exact."""
    return 0.0 if family in EXACT else min(_WIDEST, drum_size / 10)


def modes_struck(strike_width: float | None, drum_size: float) -> int:
    """Return by how many modes of finite elements a drum sounds: from 100 to 300.

    All above lie 40 dB below the sum of those that a strike of the width excites, by Weyl's law;
    strikes narrower than a fifth of the size excite more, those of an eighth 20 dB below the sum.
    """
    if strike_width is None:
        return MODES
    highest = 2 * _REACH * drum_size / max(strike_width, _POINT * drum_size)
    return min(max(MODES, math.ceil(highest**2 / (4 * math.pi))), _MOST)


def coordinates_of(family: str) -> tuple[str, ...]:
    """Return the names of the coordinates of a point of such a drum."""
    return EXACT.get(family, FiniteElementModel).coordinates


def is_inside(family: str, point: tuple[float, ...], shape: Shape) -> bool:
    """Return whether a point can be struck, and heard, on a drum of a family, of this shape."""
    if family in EXACT:
        return EXACT[family]._contains(point)
    return bool(shape.depth([point])[0] > RIM * shape.area**0.5)
