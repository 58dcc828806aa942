"""Figures: how much of an arrangement a score has found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..._arrays import Float64
from ..score import Score
from .material import Arrangement, Integers

TOLERANCE: Final = 0.01
"""Seconds between a true strike and one that is found."""

_ROUNDING = 1e-9  # seconds: 10 ms are within 10 ms


@dataclass(frozen=True)
class Figures:
    """How much of an arrangement a score has found.

    A true drum is matched with a found one, and no other, such that the strikes that both have in
    common within 10 ms are most in all, and then those that only the found one has are fewest.

    Attributes:
        onsets: F1 of the times, matched one to one within 10 ms.
        drums: how many there are, and how many the score strikes.
        sizes: relative errors of the true drums that have a match.
        strikes: share of the true strikes within 10 ms of one, and each of one of its own, on the
            drum that is matched to theirs.
    """

    onsets: float
    drums: tuple[int, int]
    sizes: tuple[float, ...]
    strikes: float

    @classmethod
    def of(cls, truth: Arrangement, score: Score) -> Self:
        """Compare a score with the truth."""
        times = np.array([strike.time for strike in score])
        which = np.array([strike.drum for strike in score], np.int64)
        common = _common(truth, times, which, len(score.drums))
        true = np.array([drum.drum_size for drum in truth.drums])
        errors = np.abs(np.array([drum.drum_size for drum in score.drums]) / true[:, None] - 1)
        rows, columns = matched_drums(common, np.bincount(which, minlength=len(score.drums)))
        return cls(
            onset_score(truth.times, times),
            (len(truth.drums), len(set(which.tolist()))),
            tuple(errors[rows, columns].tolist()),
            float(common[rows, columns].sum() / len(truth.times)),
        )

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the figures of which `dataclasses.asdict` was stored."""
        true, found = stored["drums"]
        return cls(**{**stored, "drums": (true, found), "sizes": tuple(stored["sizes"])})


def onset_score(true: Float64, found: Float64) -> float:
    """Return the F1 of times, both in order, matched one to one within 10 ms.

    It is twice the matches over all times, true and found; 1 where there are none.
    """
    total = len(true) + len(found)
    return 2 * coincident(true, found) / total if total else 1.0


def coincident(first: Float64, second: Float64) -> int:
    """Return how many times, both in order, can be matched one to one within 10 ms: the most."""
    i = j = matches = 0
    while i < len(first) and j < len(second):
        away = second[j] - first[i]
        if abs(away) <= TOLERANCE + _ROUNDING:
            i, j, matches = i + 1, j + 1, matches + 1
        elif away > 0:
            i += 1
        else:
            j += 1
    return matches


def matched_drums(common: Integers, strikes: Integers) -> tuple[Integers, Integers]:
    """Match drums one to one, so that most strikes are in common.

    Among matches that are as good, found drums with fewer other strikes are preferred.

    Args:
        common: strikes of each true and each found drum in common, shape (true, found).
        strikes: of each found drum, shape (found,).

    Returns:
        The indices of true drums and of those that are matched to them, shape (matches,); drums
        that have no strike in common are left out.
    """
    # All other strikes together count less than one in common.
    others = (strikes - common) / (strikes.sum() + 1)
    rows, columns = linear_sum_assignment(common - others, maximize=True)
    kept = common[rows, columns] > 0
    return rows[kept], columns[kept]


def _common(truth: Arrangement, times: Float64, which: Integers, drums: int) -> Integers:
    """Return the strikes that each true and each found drum have in common, (true, found)."""
    return np.array(
        [
            [coincident(truth.times[truth.which == i], times[which == j]) for j in range(drums)]
            for i in range(len(truth.drums))
        ],
        np.int64,
    ).reshape(len(truth.drums), drums)
