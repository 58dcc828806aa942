"""Partials are assigned to modes in order; the cheapest way is found."""

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from kac_prediction.listening.matching import STRAY, UNHEARD, match_partials

Float64 = npt.NDArray[np.float64]


def cheapest(partials: Float64, modes: Float64, deviations: Float64) -> float:
    """Return the least cost of all assignments there are."""
    costs = []
    for count in range(min(len(partials), len(modes)) + 1):
        for some in combinations(range(len(partials)), count):
            for those in combinations(range(len(modes)), count):
                difference = (partials[list(some)] - modes[list(those)]) / deviations[list(some)]
                unheard = those[-1] + 1 - count if count else 0
                stray = len(partials) - count
                costs.append((difference**2).sum() / 2 + UNHEARD * unheard + STRAY * stray)
    return min(costs)


@pytest.mark.parametrize("seed", range(8))
def test_no_assignment_is_cheaper(seed: int) -> None:
    rng = np.random.default_rng(seed)
    modes, partials = np.sort(rng.normal(0, 4, 6)), np.sort(rng.normal(0, 4, 5))
    deviations = rng.uniform(0.1, 1, 5)
    found = match_partials(partials, modes, deviations)
    assert found.cost == pytest.approx(cheapest(partials, modes, deviations))
    difference = (partials[found.partials] - modes[found.modes]) / deviations[found.partials]
    unheard = found.modes[-1] + 1 - len(found.modes) if len(found.modes) else 0
    stray = len(partials) - len(found.partials)
    assert found.cost == pytest.approx(
        (difference**2).sum() / 2 + UNHEARD * unheard + STRAY * stray
    )
    assert (np.diff(found.modes) > 0).all()
    assert (np.diff(found.partials) > 0).all()


def test_modes_that_are_not_heard_and_a_partial_of_no_drum() -> None:
    modes = np.log(np.arange(5.0, 25.0))
    heard = np.delete(np.arange(14), [2, 3, 9])
    partials = np.sort(np.append(modes[heard] + 1e-4, np.log(10.5)))
    found = match_partials(partials, modes, np.full(12, 5e-3))
    assert found.modes.tolist() == heard.tolist()
    assert partials[found.partials].tolist() == (modes[heard] + 1e-4).tolist()


def test_no_partials() -> None:
    found = match_partials(np.empty(0), np.arange(3.0), np.empty(0))
    assert (len(found.modes), found.cost) == (0, 0.0)
