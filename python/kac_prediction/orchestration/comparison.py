"""How near a score comes to its target, beside what is no orchestration."""

from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from scipy.ndimage import uniform_filter1d

from .. import _html
from .._arrays import Float64
from .._checks import brief
from ..listening.listener import Sound
from .dictionary import nearest_score
from .distance import spectral_distance
from .kit import Family, Kit
from .score import Score
from .target import read_target

_ENVELOPE: Final = 0.01  # s over which power is averaged


@dataclass(frozen=True)
class Comparison:
    """Distances to a target (`spectral_distance`), of a score and of what is none.

    Attributes:
        score: of the score.
        silence: of silence.
        noise: of white noise with the envelope of the target.
        dictionary: of strikes from a fixed dictionary, without refinement.
    """

    score: float
    silence: float
    noise: float
    dictionary: float

    def __str__(self) -> str:
        others = ", ".join(f"{name} {value:.4g}" for name, value in list(asdict(self).items())[1:])
        return f"distance {self.score:.4g}; {others}"

    def to_markdown(self) -> str:
        """Return a table: of each sound its distance, and that of the score as a share of it."""
        lines = [_HEAD, ("---", "---:", "---:"), *_rows(self)]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)

    def _repr_html_(self) -> str:
        """Return the table, for notebooks."""
        return _html.block("Distance to the target", _html.table(_rows(self), _HEAD))


_HEAD: Final = ("sound", "distance to the target", "ratio of the score's to it")
_NAMES: Final = {
    "score": "the score",
    "dictionary": "a fixed dictionary, without refinement",
    "noise": "noise with the target's envelope",
    "silence": "silence",
}


def compare(
    score: Score,
    target: Sound,
    sample_rate: int | None = None,
    *,
    instruments: str | Family | Kit = "free",
    seed: int = 0,
) -> Comparison:
    """Compare a score with its target, beside silence, noise and a fixed dictionary.

    The dictionary (`dictionary_score`) is laid at the onsets of the score.

    Args:
        score: an orchestration of the target.
        target: samples, shape (length,) or (length, channels); or the path of a sound file.
        sample_rate: of samples, Hz.
        instruments: of the dictionary, as of the orchestration.
        seed: draws noise and dictionary.

    Raises:
        FileNotFoundError, OSError: the file is not there, or cannot be read.
        TypeError, ValueError: an argument is not as described.
    """
    if not isinstance(score, Score):
        raise TypeError(f"score must be a Score, got {brief(score)}")
    mono, rate = read_target(target, sample_rate)
    onsets = [strike.time for strike in score if round(strike.time * rate) < len(mono)]
    _, of_dictionary = nearest_score(mono, rate, onsets, instruments, seed=seed)
    return Comparison(
        score=score.distance(mono, rate),
        silence=spectral_distance(np.zeros(1), mono),
        noise=spectral_distance(_noise(mono, rate, seed), mono),
        dictionary=of_dictionary,
    )


def _noise(target: Float64, sample_rate: int, seed: int) -> Float64:
    """Return white noise of the power that a target has around each sample."""
    power = uniform_filter1d(target**2, max(1, round(_ENVELOPE * sample_rate)), mode="constant")
    noise = np.random.default_rng(seed).standard_normal(len(target))
    return noise * np.sqrt(np.maximum(power, 0))


def _rows(comparison: Comparison) -> list[tuple[str, str, str]]:
    """Return the rows of a table."""
    rows = []
    for key, name in _NAMES.items():
        distance = getattr(comparison, key)
        share = f"{comparison.score / distance:.2f}" if distance else ""
        rows.append((name, f"{distance:.4g}", share))
    return rows
