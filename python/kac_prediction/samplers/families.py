"""The sampler of a drum of each family: by its exact modes where they are known."""

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

MODES: Final = 100  # of finite elements
_WIDEST: Final = 0.01  # m, of a strike


def sampler_of(
    family: str,
    drum_size: float,
    aspect_ratio: float,
    outline: ArrayLike | None,
    wave_speed: float,
    sample_location: Sequence[float] | None = None,
    **settings: Any,
) -> Drum:
    """Return the sampler of a drum; its strike is any.

    Circles, rectangles and triangles sound by their exact modes, all others by those of finite
    elements, an ellipse by its ratio, a polygon or star by its outline.

    Args:
        family: one of `ModeBank.families`.
        drum_size: metres.
        aspect_ratio: of an ellipse or a rectangle.
        outline: of a polygon or a star, shape (n, 2).
        wave_speed: m/s.
        sample_location: where it is heard; None: the sampler's own point.
        settings: `duration`, `sample_rate` and `decay_time`.

    Raises:
        TypeError, ValueError: as the sampler has it.
    """
    # A sound tells of tension over density.
    settings |= {"material_density": DENSITY, "tension": DENSITY * wave_speed**2}
    settings |= {"drum_size": drum_size}
    if sample_location is not None:
        settings |= {"sample_location": sample_location}
    if family == "rectangle":
        settings |= {"aspect_ratio": aspect_ratio}
    if family in EXACT:
        return EXACT[family](**settings)
    kind, shape = "Polygon", {"vertices": outline}
    if family == "ellipse":
        kind, shape = "Ellipse", {"major": aspect_ratio, "minor": 1.0}
    settings |= {"shape_settings": shape, "strike_width": strike_width(family, drum_size)}
    return FiniteElementModel(arbitrary_shape=kind, modes=MODES, **settings)


def strike_width(family: str, drum_size: float) -> float:
    """Return the diameter of the strikes on such a drum, metres: 0 where its modes are exact."""
    return 0.0 if family in EXACT else min(_WIDEST, drum_size / 10)


def coordinates_of(family: str) -> tuple[str, ...]:
    """Return the names of the coordinates of a point of such a drum."""
    return EXACT.get(family, FiniteElementModel).coordinates


def is_inside(family: str, point: tuple[float, ...], shape: Shape) -> bool:
    """Return whether a point can be struck, and heard, on a drum of a family, of this shape."""
    if family in EXACT:
        return EXACT[family]._contains(point)
    return bool(shape.depth([point])[0] > RIM * shape.area**0.5)
