"""What scores and kits show of themselves in notebooks, as HTML."""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .. import _html
from .drawing import drums_to_scale, piano_roll
from .render import rendered

if TYPE_CHECKING:
    from .drum import Drum
    from .score import Score, Strike

_RATE: Final = 48000  # Hz
_LONGEST: Final = 2**19  # samples of the player, 11 s, which are 1.4 MB of a page
_HEADER: Final = ("time", "drum", "location", "level", "decay time")


def shown(score: "Score") -> str:
    """Return a player, if it is not long, the piano-roll, the drums and a table of the strikes."""
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
    pieces = [played, drawn(score.drums, score.strikes), _html.table(strikes, _HEADER)]
    with suppress(ValueError):  # as `drawn`
        pieces.insert(1, piano_roll(score))
    return _html.block(str(score), *pieces)


def drawn(drums: Sequence["Drum"], strikes: Sequence["Strike"] = ()) -> str:
    """Return the drums to scale; nothing where one has no modes that finite elements find."""
    with suppress(ValueError):
        return drums_to_scale(drums, strikes)
    return ""
