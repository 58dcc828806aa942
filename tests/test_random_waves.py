"""The modes drawn beyond those that are known: as many as Weyl counts, and correlated as waves."""

import math

import numpy as np
import pytest
from scipy.special import j0

from kac_prediction.physics.random_waves import random_partials


def test_random_partials_are_counted_and_correlated_as_waves() -> None:
    rng, perimeter, last, highest = np.random.default_rng(0), 4.2, 37.0, 120.0
    drawn = [
        random_partials(rng, last, highest, math.inf, perimeter, 0.11, (9.0, 9.0))
        for _ in range(2000)
    ]
    wavenumbers = np.concatenate([one for one, _ in drawn])
    weights = np.concatenate([one for _, one in drawn])
    for low, top in ((40, 60), (60, 90), (90, 119)):
        some = (wavenumbers > low) & (wavenumbers < top)
        expected = (top * (top - perimeter) - low * (low - perimeter)) / (4 * math.pi)
        assert some.sum() / 2000 == pytest.approx(expected, rel=3e-3)
        c = j0(0.11 * wavenumbers[some])
        # Of two normal numbers of correlation c the product has mean c and variance 1 + c^2.
        assert np.mean(weights[some] - c) == pytest.approx(0, abs=0.02)
        assert np.mean((weights[some] - c) ** 2 / (1 + c**2)) == pytest.approx(1, rel=0.03)
    # Beside a wall a wave is weaker: at the depth d its variance is 1 - J_0(2 k d).
    beside = [random_partials(rng, 50, 52, 20, perimeter, 9.0, (0.01, 0.02)) for _ in range(3000)]
    power = np.mean([np.mean(one**2) for _, one in beside])
    assert power == pytest.approx((1 - j0(1.02)) * (1 - j0(2.04)), rel=0.1)
    gaps = np.diff(drawn[0][0])
    assert (wavenumbers > last).all()
    assert (gaps < 0).any()  # they change places, as real ones are no ladder
    assert len(random_partials(rng, last, highest, 7, perimeter, 0.1, (1.0, 1.0))[0]) == 7
    for top, most in ((30.0, math.inf), (highest, -5)):
        assert len(random_partials(rng, last, top, most, perimeter, 0.1, (1.0, 1.0))[0]) == 0
