"""What a score shows of itself in notebooks, as HTML."""

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .. import _html
from .render import rendered

if TYPE_CHECKING:
    from .score import Score

_RATE: Final = 48000  # Hz
_LONGEST: Final = 2**19  # samples of the player, 11 s, which are 1.4 MB of a page
_DRUMS: Final = 16  # that are drawn
_HEADER: Final = ("time", "drum", "location", "level", "decay time")


def shown(score: "Score") -> str:
    """Return the outlines of the drums, a table of the strikes, and a player if it is not long."""
    drawn = [_html.outline(drum.shape.outline(), str(drum)) for drum in score.drums[:_DRUMS]]
    drums = _html.table(((str(k), str(drum)) for k, drum in enumerate(score.drums)), ("", "drum"))
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
    return _html.block(str(score), *drawn, drums, _html.table(strikes, _HEADER), played)
