"""When a trial is stopped: by hand, and by a plainer statement of the same rule."""

from typing import Any

import numpy as np
import pytest

from kac_prediction.pipeline.sweep.hyperband import Hyperband


@pytest.mark.parametrize(
    ("settings", "bands"),
    [
        ({"min_iter": 3}, [3, 9, 27, 81]),
        ({"min_iter": 1, "eta": 2}, [1, 2, 4, 8, 16, 32, 64]),
        ({"min_iter": 2, "eta": 1.5}, [2, 3, 4, 6, 10, 15, 22, 34, 51, 76]),
        ({"max_iter": 27, "s": 2}, [3, 9]),
        ({"max_iter": 60, "s": 2}, [6, 20]),
        ({"max_iter": 60, "s": 9}, [2, 6, 20]),
        ({"max_iter": 27, "s": 2, "min_iter": 5}, [3, 9]),
    ],
)
def test_bands_are_those_of_the_documentation(settings: dict[str, Any], bands: list[int]) -> None:
    rule = Hyperband.of({"type": "hyperband", **settings})
    assert rule.bands(100) == bands
    assert rule.bands(bands[-1]) == bands
    assert rule.bands(bands[-1] - 1) == bands[:-1]
    assert rule.bands(0) == []


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"type": "median", "min_iter": 3}, "type hyperband, not 'median'"),
        ({"type": "hyperband"}, "needs min_iter"),
        ({"type": "hyperband", "max_iter": 2, "s": 2}, "needs min_iter"),
        ({"type": "hyperband", "min_iter": 3, "eta": 1}, "eta must be above 1, not 1"),
        ({"type": "hyperband", "min_iter": 3, "minimum": 1}, "no key minimum"),
    ],
)
def test_what_has_no_bands_is_refused(settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Hyperband.of(settings)


def test_a_trial_among_the_best_third_goes_on() -> None:
    rule = Hyperband(min_iter=2)
    others = [[9.0, loss] for loss in (1.0, 2.0, 3.0, 4.0, 5.0)]
    assert not rule.stops([9.0], others)  # no band yet
    # Of six trials, two may be better.
    assert not rule.stops([9.0, 2.5], others)
    assert rule.stops([9.0, 3.5], others)
    assert not rule.stops([9.0, 3.0], others)
    # Those that have not come so far do not count: of three trials, one may be better.
    assert not rule.stops([9.0, 3.5], [[1.0], [1.0], *others[2:4]])


def test_the_first_trial_goes_on() -> None:
    assert not Hyperband(min_iter=1).stops([9.0], [])
    assert not Hyperband(min_iter=1).stops([9.0], [[]])
    assert not Hyperband(min_iter=1).stops([9.0, 9.0], [[1.0]][:0])


def test_only_the_last_band_counts() -> None:
    rule = Hyperband(min_iter=1, eta=2)
    ahead = [[1.0, 8.0], [1.0, 8.0], [1.0, 8.0]]
    assert rule.stops([5.0], ahead)
    assert not rule.stops([5.0, 7.0], ahead)


def test_strict_is_the_loss_at_the_band_and_else_the_lowest() -> None:
    others = [[9.0, 1.0], [9.0, 2.0]]
    for strict, stopped in ((True, True), (False, False)):
        rule = Hyperband(min_iter=2, eta=3.0, strict=strict)
        assert rule.stops([9.0, 5.0, 0.5], others) is stopped


@pytest.mark.parametrize("strict", [True, False])
def test_against_a_threshold_among_the_sorted_losses(strict: bool) -> None:
    """A trial goes on up to the loss of place floor(n / eta), counted from 0, of all n."""
    rng = np.random.default_rng(0)
    for _ in range(300):
        eta, start = float(rng.uniform(1.1, 4)), int(rng.integers(1, 4))
        rule = Hyperband(min_iter=start, eta=eta, strict=strict)
        trials = [list(rng.normal(size=rng.integers(0, 12))) for _ in range(rng.integers(1, 9))]
        history, others = trials[0], trials[1:]
        bands = [band for band in (int(start * eta**k) for k in range(60)) if band <= len(history)]
        if not bands:
            assert not rule.stops(history, others)
            continue
        band = bands[-1]
        losses = sorted(trial[band - 1] for trial in trials if len(trial) >= band)
        threshold = losses[int(len(losses) / eta)]
        loss = history[band - 1] if strict else min(history)
        assert rule.stops(history, others) == (loss > threshold)
