"""What scores and kits show of themselves in notebooks, as HTML."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .. import _html
from .render import rendered

if TYPE_CHECKING:
    from .drum import Drum
    from .score import Score

_RATE: Final = 48000  # Hz
_LONGEST: Final = 2**19  # samples of the player, 11 s, which are 1.4 MB of a page
_DRUMS: Final = 16  # that are drawn
_HEADER: Final = ("time", "drum", "location", "level", "decay time")


def shown(score: "Score") -> str:
    """Return the outlines of the drums, a table of the strikes, and a player if it is not long."""
    strikes = (
        (
            f"{strike.time:.3f} s",
            str(strike.drum),
            ", ".join(f"{x:.3g}" for x in strike.location),
            f"{strike.level:.3g}",
            f"{strike.decay_time:.3g} s",
        )
        for strike in score
    )
    played = ""
    if score.duration * _RATE <= _LONGEST:
        with suppress(ValueError):  # of a drum that does not sound at this rate
            played = _html.player(rendered(score, _RATE), _RATE, "the score", _LONGEST)
    return _html.block(str(score), *drawn(score.drums), _html.table(strikes, _HEADER), played)


def drawn(drums: Sequence["Drum"]) -> list[str]:
    """Return the outlines of some drums and a table of all."""
    outlines = [_html.outline(drum.shape.outline(), str(drum)) for drum in drums[:_DRUMS]]
    rows = ((str(k), str(drum)) for k, drum in enumerate(drums))
    return [*outlines, _html.table(rows, ("", "drum"))]
