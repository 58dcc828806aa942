"""The page of a score: target and result to play, strikes over time, drums, and distances."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .. import _html
from .html_page import sound_played, write_page

if TYPE_CHECKING:
    from ..orchestration import Comparison, Score

_LONGEST: Final = 2**20
"""Samples of a player, 22 s at 48 kHz, which are 2.8 MB: two of them can be sent by mail."""

_SHORTEST: Final = 0.1  # s of a spectrogram


def write_score_page(
    path: Path,
    score: "Score",
    heard: Path,
    target: Path | None = None,
    comparison: "Comparison | None" = None,
) -> None:
    """Write the page of a score and the sound it makes, beside that of a target if it has one."""
    title = f"Orchestration of {target.name}" if target else f"Arrangement: {score}"
    write_page(path, title, [*_sections(score, heard, target, comparison)])


def _sections(
    score: "Score", heard: Path, target: Path | None, comparison: "Comparison | None"
) -> Iterator[str]:
    """Yield what the page shows."""
    from ..orchestration.drawing import drums_to_scale, piano_roll

    sounds = [(target, "the target"), (heard, "the score")]
    yield _html.block(str(score), *(_played(file, name) for file, name in sounds if file))
    roll = (
        "each strike begins at a line, lasts for its T60, and has the more colour the louder it is"
    )
    yield f"<p><b>Strikes</b>: {roll}</p>{piano_roll(score)}"
    yield f"<p><b>Drums</b>, to scale</p>{drums_to_scale(score.drums, score.strikes)}"
    if comparison is not None:
        yield comparison._repr_html_()


def _played(file: Path, name: str) -> str:
    """Return a player of the beginning of a sound file, over its spectrogram."""
    from ..listening.sound_file import read_mono

    sound, rate = read_mono(file, _LONGEST)
    if len(sound) == _LONGEST:
        name = f"{name}, its first {_LONGEST / rate:.0f} s: the whole is {file.name}"
    if len(sound) < _SHORTEST * rate:
        return _html.player(sound, rate, name)
    return sound_played(sound, rate, name, _LONGEST)
