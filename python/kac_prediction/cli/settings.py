"""Settings as command lines give them: KEY=VALUE, points, and the samplers that take them."""

import ast
import inspect
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from .. import geometry, samplers
from .._checks import MALFORMED, brief, did_you_mean
from .command import OneOf

if TYPE_CHECKING:
    from ..dataset import AudioSampler

_NO_SAMPLERS = {"FAMILIES", "Datasets", "ModeBank"}
SAMPLERS: Final = tuple(name for name in samplers.__all__ if name not in _NO_SAMPLERS)
"""The samplers of the package."""

_OPTIONS = {"drum_size": "--size", "aspect_ratio": "--aspect-ratio", "decay_time": "--decay-time"}
_NO_SHAPES = {"Shape", "ShapeSettings"}
_SHAPES = tuple(n for n in geometry.__all__ if n[0].isupper() and n not in _NO_SHAPES)

_FINITE = "FiniteElementModel"
_DRAWN: Final = {"drum_size": (0.1, 1.0)}  # as of the other samplers, where it is not given
_SHORT: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "circle": ("BesselModel", {}),
    "rectangle": ("PoissonModel", {}),
    "triangle": ("LaméModel", {}),
    "ellipse": (_FINITE, {"arbitrary_shape": "Ellipse"} | _DRAWN),
    "polygon": (_FINITE, {"arbitrary_shape": "ConvexPolygon"} | _DRAWN),
    "star": (_FINITE, {"arbitrary_shape": "IrregularStar"} | _DRAWN),
    "string": ("LinearModel", {}),
    "noise": ("OtherSounds", {"kind": "noise"}),
    "sweep": ("TestSweep", {}),
    "tone": ("TestTone", {}),
}


class Numbers(click.ParamType):  # type: ignore[type-arg]
    """One number or two with a comma between them; of points several, with spaces between these."""

    def __init__(self, name: str, example: str, points: bool = False) -> None:
        """Take numbers, or points (x, y)."""
        self.name, self._example, self._points = name, example, points

    def convert(self, value: Any, param: Any, ctx: Any) -> list[Any]:
        """Return the numbers, or a list of them for each point."""
        try:
            rows = [[float(number) for number in part.split(",")] for part in value.split()]
        except ValueError:
            rows = []
        counts = {2} if self._points else {1, 2}
        several = self._points or len(rows) == 1
        if not (rows and several and counts.issuperset(map(len, rows))):
            self.fail(f"{brief(value)} is not as in {self._example}", param, ctx)
        return rows if self._points else rows[0]


class Setting(click.ParamType):  # type: ignore[type-arg]
    """KEY=VALUE, the value in JSON or as Python writes it; anything else is a text."""

    name = "KEY=VALUE"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, Any]:
        """Return the key and its value."""
        key, equals, text = value.partition("=")
        if not (equals and key.strip()):
            self.fail(f"{brief(value)} must be KEY=VALUE, such as seed=0", param, ctx)
        return key.strip(), _value(text.strip())


def _value(text: str) -> Any:
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (*MALFORMED, SyntaxError, MemoryError):
            continue
    return text


DRUM = click.argument("drum", type=OneOf((*_SHORT, *SAMPLERS, *_SHAPES)))
RANGE = Numbers("NUMBER|LOW,HIGH", "0.3, or 0.1,1 for a range")
SET = click.option(
    "--set", "changes", multiple=True, type=Setting(), help="Any other setting; several times."
)


def drum_options(command: Any) -> Any:
    """Add the options that say which drum it is."""
    for option in reversed(
        (
            DRUM,
            click.option("--size", type=RANGE, help="Square root of the area, metres."),
            click.option("--aspect-ratio", type=RANGE, help="Of a rectangle or an ellipse."),
            click.option("--decay-time", type=RANGE, help="T60, seconds."),
            click.option(
                "--vertices",
                type=Numbers("POINTS", "'0,0 2,0 1,1'", points=True),
                help="Of a polygon: '0,0 2,0 1,1'.",
            ),
            click.option("--duration", type=float, default=1.0, show_default=True, help="Seconds."),
            click.option("--sample-rate", type=int, default=48000, show_default=True, help="Hz."),
            SET,
        )
    ):
        command = option(command)
    return command


def sampler_of(
    drum: str,
    size: list[float] | None,
    aspect_ratio: list[float] | None,
    decay_time: list[float] | None,
    vertices: Sequence[Sequence[float]] | None,
    changes: Sequence[tuple[str, Any]],
    **settings: Any,
) -> tuple[type["AudioSampler"], dict[str, Any]]:
    """Return the sampler of a drum, by its name or that of its shape, and its settings."""
    name, own = _SHORT.get(drum, (drum, {}))
    if drum in _SHAPES:
        name, own = _FINITE, {"arbitrary_shape": drum, **_DRAWN}
    given = {"drum_size": size, "aspect_ratio": aspect_ratio, "decay_time": decay_time}
    for key, value in given.items():
        if value is not None:
            settings[key] = value[0] if len(value) == 1 else value
    settings = own | settings
    if vertices is not None:
        if drum not in ("polygon", _FINITE, "FDTDModel"):
            raise click.UsageError(f"--vertices go with polygon, not with {drum}")
        settings |= {"arbitrary_shape": "Polygon", "shape_settings": {"vertices": vertices}}
    if settings.get("arbitrary_shape") == "Ellipse" and aspect_ratio is not None:
        if len(aspect_ratio) > 1:
            raise click.UsageError(
                "--aspect-ratio of an ellipse is one number: leave it out to draw it from 1 to 4"
            )
        settings["shape_settings"] = {"major": settings.pop("aspect_ratio"), "minor": 1.0}
    settings |= dict(changes)
    Sampler = getattr(samplers, name)
    _check_settings(drum, Sampler, settings)
    return Sampler, settings


def struck(seed: int | None, **drum: Any) -> tuple["AudioSampler", int]:
    """Return a sampler whose drum and strike are drawn, and the seed they are drawn from."""
    Sampler, settings = sampler_of(**drum)
    from ..dataset.sampler import fresh_seed

    sampler = Sampler(**settings)
    seed = fresh_seed() if seed is None else seed
    sampler.seed(seed)
    sampler.updateProperties(None)
    return sampler, seed


def _check_settings(drum: str, Sampler: type["AudioSampler"], settings: Mapping[str, Any]) -> None:
    """Refuse settings that a sampler does not take, and the lack of those that it needs."""
    known = inspect.signature(Sampler).parameters
    for key in settings:
        if key not in known:
            listed = f": it takes {', '.join(known)}"
            if key not in _OPTIONS:
                listed = did_you_mean(key, known) or listed
            raise click.UsageError(f"{drum} takes no {_OPTIONS.get(key, brief(key))}{listed}")
    for key, parameter in known.items():
        if parameter.default is parameter.empty and key not in settings:
            raise click.UsageError(f"{drum} needs {key}: give it by --set {key}=VALUE")
