"""What may sound in an orchestration: a kit of given drums, or a family with ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, overload

from .. import _html
from .._checks import check_choice
from ..samplers import ModeBank
from ..samplers.intervals import as_interval
from . import shown, stored
from .drum import Drum
from .score import check_each


@dataclass(frozen=True, repr=False)
class Kit(Sequence[Drum]):
    """Drums that are there: an orchestration chooses which, when and how loud.

    Args:
        drums: one or more; kept as a tuple.

    Raises:
        TypeError: one is no `Drum`.
        ValueError: there is none.

    Example:
        >>> from kac_prediction.orchestration import Drum, Kit
        >>> kit = Kit([Drum("circle", 0.4, name="floor tom"), Drum("circle", 0.25, name="tom")])
        >>> Kit.from_json(kit.to_json()) == kit
        True
    """

    drums: Sequence[Drum]

    def __post_init__(self) -> None:
        """Check and freeze the drums."""
        object.__setattr__(self, "drums", check_each("drums", self.drums, Drum))
        if not self.drums:
            raise ValueError("a kit must have a drum or more, got none")

    def __len__(self) -> int:
        return len(self.drums)

    @overload
    def __getitem__(self, index: int) -> Drum: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Drum]: ...
    def __getitem__(self, index: int | slice) -> Drum | Sequence[Drum]:
        """Return a drum, or a tuple of some."""
        return self.drums[index]

    def to_json(self) -> str:
        """Return it as JSON, from which `from_json` reads the same numbers, bit for bit."""
        return stored.document(drums=self.drums)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the kit that `to_json` wrote; a score's JSON gives the kit of its drums.

        Raises:
            ValueError: it is no JSON of a kit; the message says what is missing or wrong.
        """
        with stored.refusing("a Kit"):
            return cls(stored.each(Drum, "drum", stored.read(text)["drums"]))

    def write(self, path: str | Path) -> None:
        """Write it as JSON; a file that is there is replaced as a whole, or not at all.

        Raises:
            OSError: it cannot be written.
        """
        stored.write(self.to_json() + "\n", path, "a kit")

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """Return the kit of a file that `write` wrote, or that of a score.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no JSON of a kit; the message names the file.
        """
        return stored.read_from(path, "a kit", cls.from_json)

    def __repr__(self) -> str:
        named = ", ".join(str(drum) for drum in self.drums[:4])
        return f"<Kit: {len(self)} drums, {named}{', ...' if len(self) > 4 else ''}>"

    def _repr_html_(self) -> str:
        """Return the outlines of the drums and a table, for notebooks."""
        return _html.block(repr(self), shown.drawn(self.drums))


@dataclass(frozen=True)
class Family:
    """A family of drums, of any size and elongation in ranges: an orchestration finds them.

    Args:
        name: "circle", "ellipse", "rectangle", "triangle", "polygon" or "star".
        drum_size: (low, high), metres.
        aspect_ratio: (low, high), from 1; of circles and triangles it is of no effect.

    Raises:
        ValueError: the family is not known, or a range is empty or out of range.
    """

    name: str
    drum_size: tuple[float, float] = (0.06, 1.5)
    aspect_ratio: tuple[float, float] = (1.0, 4.0)

    def __post_init__(self) -> None:
        """Check and freeze the fields."""
        values: dict[str, Any] = {"name": check_choice("family", self.name, ModeBank.families)}
        for name, least in (("drum_size", 0.0), ("aspect_ratio", 1.0)):
            low, high = values[name] = as_interval(name, getattr(self, name))
            if low < least or not low > 0:
                bound = "above 0 m" if not least else "at least 1"
                raise ValueError(f"{name} must be {bound}, got {low, high}")
        for name, value in values.items():
            object.__setattr__(self, name, value)
