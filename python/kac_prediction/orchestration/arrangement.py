"""An arrangement: several changes of a score in one call."""

from . import changes
from .changes import Grid
from .kit import Kit
from .score import Score


def arrange(
    score: Score,
    *,
    transpose: float = 0.0,
    kit: Kit | None = None,
    stretch: float = 1.0,
    grid: Grid | None = None,
    most_drums: int | None = None,
    least_level: float | None = None,
) -> Score:
    """Return an arrangement of a score, which stays as it is.

    What is asked for is done in this order: faint strikes are left out, then drums; the rest is
    transposed, given to a kit, stretched and quantised.

    Args:
        score: any.
        transpose: semitones up, as `transpose` does.
        kit: other drums, as `swap_kit` does; None: its own.
        stretch: factor of all times, as `stretch` does.
        grid: seconds, or (beats a minute, places a beat), as `quantise` does; None: no grid.
        most_drums: how many drums are kept, as `thin` does; None: all.
        least_level: that of the faintest strike that is kept, as `above` does; None: all are.

    Raises:
        TypeError, ValueError: an argument is out of range, or the score would be longer than a day.

    Example:
        >>> from kac_prediction.orchestration import Drum, Score, Strike, arrange
        >>> score = Score([Drum("circle", 0.3)], [Strike(0.26, 0, (0.4, 0.0), 0.5, 1.0)], 1.0)
        >>> lower = arrange(score, transpose=-12, stretch=2.0, grid=(120, 4))
        >>> lower.drums[0].drum_size, lower[0].time
        (0.6, 0.5)
    """
    if least_level is not None:
        score = changes.above(score, least_level)
    if most_drums is not None:
        score = changes.thin(score, most_drums)
    score = changes.transpose(score, transpose)
    if kit is not None:
        score = changes.swap_kit(score, kit)
    score = changes.stretch(score, stretch)
    return score if grid is None else changes.quantise(score, grid)
