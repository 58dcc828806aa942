"""Assign measured partials to the modes of a drum, in order, some of either left out."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]

UNHEARD: Final = 3.0  # what a mode costs that no partial is assigned to, as half a square of sigmas
STRAY: Final = 20.0  # what a partial costs that belongs to no mode


class Matching(NamedTuple):
    """Which partial belongs to which mode.

    Attributes:
        partials: indices of partials, ascending, shape (m,).
        modes: the index of the mode of each, ascending, shape (m,).
        cost: half the squares of the residuals, `UNHEARD` for each mode passed over below the last
            one assigned, and `STRAY` for each partial left out.
        left_out: the part of the cost that is theirs.
    """

    partials: npt.NDArray[np.int64]
    modes: npt.NDArray[np.int64]
    cost: float
    left_out: float


def match_partials(partials: Float64, modes: Float64, deviations: Float64) -> Matching:
    """Return the cheapest assignment of partials to modes that keeps their order.

    Dynamic programming: of the first i modes and j partials the cheapest assignment ends with a
    mode or a partial that is left out, or with a pair.

    Args:
        partials: log frequencies, ascending, shape (p,).
        modes: log frequencies of all modes up to above the last partial, ascending, shape (n,).
        deviations: standard deviations of the partials from their modes, shape (p,).
    """
    count = len(partials)
    pairs = ((modes[:, None] - partials) / deviations) ** 2 / 2
    stray = STRAY * np.arange(count + 1)
    best = np.empty((len(modes) + 1, count + 1))
    best[0] = stray
    for i, row in enumerate(pairs):
        least = best[i] + UNHEARD
        least[1:] = np.minimum(least[1:], best[i, :-1] + row)
        # Leaving out more and more partials: a running minimum.
        best[i + 1] = np.minimum.accumulate(least - stray) + stray
    # Modes above the last partial assigned are not missing.
    i, j = int(np.argmin(best[:, -1])), count
    cost, found = float(best[i, j]), []
    while i and j:
        before = (best[i - 1, j - 1] + pairs[i - 1, j - 1], best[i - 1, j] + UNHEARD)
        last = int(np.argmin((*before, best[i, j - 1] + STRAY)))
        i, j = i - (last != 2), j - (last != 1)
        if last == 0:
            found.append((j, i))
    ends = np.array(found[::-1], dtype=np.int64).reshape(-1, 2)
    partials_found, modes_found = ends.T
    kept = float(pairs[modes_found, partials_found].sum())
    return Matching(partials_found, modes_found, cost, cost - kept)
