"""What a prediction says of itself, in a line of text or as HTML."""

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from .. import _html
from ..geometry.families import REGULAR

if TYPE_CHECKING:
    from .prediction import Prediction

UNITS: Final = {"drum_size": "m", "aspect_ratio": "", "decay_time": "s", "wave_speed": "m/s"}
"""Of the numbers of a prediction."""

HEARD: Final = "the drum that was heard"
"""The name of its player."""

_PROBABLE: Final = 0.005  # below it, a family is not listed


def described(prediction: "Prediction") -> str:
    """Return the family and the numbers that are heard, with their intervals, in a line."""
    if not prediction.is_drum:
        return f"no drum in this sound (score {prediction.score:.2f})"
    numbers = ", ".join(
        f"{name} {value} ({low} to {high})" for name, value, low, high in _numbers(prediction)
    )
    percent = 100 * prediction.probabilities[prediction.family]
    return f"{prediction.family} ({percent:.0f} %), {numbers}; intervals of 90 %"


def shown(prediction: "Prediction", player: bool = True) -> str:
    """Return the numbers and the families, outline and perhaps player of the drum, as HTML."""
    if not prediction.is_drum:
        return _html.block(described(prediction))
    families = sorted(prediction.probabilities.items(), key=lambda item: -item[1])
    rows = [(name, f"{100 * p:.1f} %") for name, p in families if p >= _PROBABLE]
    shape, played = prediction.shape, ""
    with suppress(ValueError):  # of a size that no drum sounds at
        drum = prediction.drum()
        played = _html.player(drum.strike(), drum.sample_rate, HEARD) if player else ""
    return _html.block(
        f"{prediction.family}, heard at a wave speed of {prediction.wave_speed:.4g} m/s",
        _html.outline(shape.outline(), repr(shape)),
        _html.table(_numbers(prediction), ("", "heard", "from (90 %)", "to")),
        _html.table(rows, ("family", "probability")),
        played,
    )


def _numbers(prediction: "Prediction") -> list[tuple[str, str, str, str]]:
    """Return name, value and interval of the numbers, in as many digits as the interval has."""
    names = ["drum_size", "decay_time"]
    if prediction.family not in REGULAR:
        names.insert(1, "aspect_ratio")
    if "wave_speed" in prediction.spreads:
        names[0] = "wave_speed"
    rows = []
    for name in names:
        value, (low, high) = float(getattr(prediction, name)), prediction.interval(name)
        digits = 3 if low == high else min(max(-math.floor(math.log10(high - low)), 2), 7)
        unit = f" {UNITS[name]}".rstrip()
        rows.append((name, f"{value:.{digits}f}{unit}", f"{low:.{digits}f}", f"{high:.{digits}f}"))
    return rows
