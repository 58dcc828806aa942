import math

import numpy as np
import pytest

from kac_prediction.physics import (
    rectangularAmplitudes,
    rectangularChladniPattern,
    rectangularSeries,
)


def test_series() -> None:
    series = rectangularSeries(4, 3, 2.5)
    assert series.shape == (3, 4)
    # The first index counts along x, the longer side where epsilon is above 1.
    assert series[2, 0] == pytest.approx(math.sqrt(9 / 2.5 + 2.5))
    np.testing.assert_array_equal(series, rectangularSeries(3, 4, 1 / 2.5).T)


def test_first_eigenvalue_of_the_square() -> None:
    first = rectangularSeries(1, 1, 1.0)[0, 0]
    assert (math.pi * first) ** 2 == pytest.approx(19.7392088, abs=5e-8)
    # f = S c / (2 L)
    assert first / 2 == pytest.approx(0.707107, abs=5e-7)


def test_eigenvalues_are_those_of_the_sides() -> None:
    epsilon = 3.0
    a, b = math.sqrt(epsilon), 1 / math.sqrt(epsilon)
    for m in range(1, 4):
        for n in range(1, 4):
            eigenvalue = (m * math.pi / a) ** 2 + (n * math.pi / b) ** 2
            series = rectangularSeries(3, 3, epsilon)[m - 1, n - 1]
            assert (math.pi * series) ** 2 == pytest.approx(eigenvalue)


def test_eigenfunctions_are_orthonormal_at_unit_area() -> None:
    # Equal steps integrate these products exactly.
    functions = np.stack(
        [
            rectangularAmplitudes((i / 16, j / 16), 4, 5, 2.0).ravel()
            for i in range(16)
            for j in range(16)
        ]
    )
    np.testing.assert_allclose(functions.T @ functions / 256, np.eye(20), atol=1e-12)


def test_amplitudes_vanish_at_the_rim_and_keep_their_sign() -> None:
    for p in ((0, 0.3), (1, 0.3), (0.3, 0), (0.3, 1)):
        assert np.abs(rectangularAmplitudes(p, 5, 5, 1.0)).max() < 1e-14
    np.testing.assert_allclose(
        rectangularAmplitudes((0.25, 0.5), 3, 4, 1.0),
        np.outer([math.sqrt(2), 2, math.sqrt(2), 0], [1, 0, -1]),
        atol=1e-14,
    )


def test_chladni_patterns() -> None:
    pattern = rectangularChladniPattern(1, 3, 90, 40)
    assert pattern.shape == (40, 90)
    # Three half waves along x: sand in columns at a third and two thirds, and along the rim.
    quiet = np.flatnonzero(pattern[20])
    assert np.isin([0, 29, 30, 59, 60, 89], quiet).all()
    assert not pattern[20, [15, 45, 75]].any()
    assert pattern[[0, -1]].all()
    np.testing.assert_array_equal(pattern.T, rectangularChladniPattern(3, 1, 40, 90))
    assert rectangularChladniPattern(1, 3, 90, 40, 0.3).sum() > pattern.sum()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: rectangularSeries(0, 3, 1.0), "N.*0"),
        (lambda: rectangularSeries(3, -1, 1.0), "M.*-1"),
        (lambda: rectangularSeries(3, 3, 0.0), "epsilon.*0"),
        (lambda: rectangularSeries(3, 3, math.inf), "epsilon.*inf"),
        (lambda: rectangularAmplitudes((0.1, 1.1), 3, 3, 1.0), "1.1"),
        (lambda: rectangularAmplitudes((0.1, math.nan), 3, 3, 1.0), "nan"),
        (lambda: rectangularAmplitudes((0.1,), 3, 3, 1.0), "0.1"),
        (lambda: rectangularAmplitudes((0.1, 0.1), 3, 3, math.nan), "epsilon.*nan"),
        (lambda: rectangularChladniPattern(0, 1, 5, 5), "n .*0"),
        (lambda: rectangularChladniPattern(1, 0, 5, 5), "m .*0"),
        (lambda: rectangularChladniPattern(1, 1, 0, 5), "X.*0"),
        (lambda: rectangularChladniPattern(1, 1, 5, 0), "Y.*0"),
        (lambda: rectangularChladniPattern(1, 1, 5, 5, 0.0), "tolerance"),
    ],
)
def test_bad_input_is_named(call, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        call()


def test_half_a_mode_is_no_mode() -> None:
    with pytest.raises(TypeError):
        rectangularSeries(2.5, 1, 1.0)
