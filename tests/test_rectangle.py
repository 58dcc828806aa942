import math

import numpy as np
import pytest

from kac_prediction.physics import (
    linearAmplitudes,
    linearCymatics,
    linearSeries,
    rectangularAmplitudes,
    rectangularChladniPattern,
    rectangularSeries,
)


def test_series() -> None:
    series = rectangularSeries(4, 3, 2.5)
    assert series.shape == (4, 3)
    # Columns count along x, the longer side where epsilon is above 1.
    assert series[0, 2] == pytest.approx(math.sqrt(9 / 2.5 + 2.5))
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
            series = rectangularSeries(3, 3, epsilon)[n - 1, m - 1]
            assert (math.pi * series) ** 2 == pytest.approx(eigenvalue)


@pytest.mark.parametrize("ends", [(True,) * 4, (False,) * 4, (False, True, True, False)])
def test_eigenfunctions_are_orthonormal_at_unit_area(ends: tuple[bool, ...]) -> None:
    # Equal steps integrate these products exactly, from the middle of each.
    steps = (np.arange(16) + 0.5) / 16
    functions = np.stack(
        [rectangularAmplitudes((x, y), 4, 5, 2.0, ends).ravel() for x in steps for y in steps]
    )
    np.testing.assert_allclose(functions.T @ functions / 256, np.eye(20), atol=1e-12)


def test_free_sides_are_level_and_fixed_ones_at_rest() -> None:
    epsilon, h = 2.0, 1e-3
    for ends in ((False, True, True, False), (True, False, False, True), (False,) * 4):

        def at(x: float, y: float, ends=ends) -> np.ndarray:
            return rectangularAmplitudes((x, y), 3, 4, epsilon, ends)

        # The equation, in units of the sides; then each side.
        twice = [at(0.3 + a * h, 0.4 + b * h) for a, b in ((1, 0), (-1, 0), (0, 1), (0, -1))]
        second = [(p + q - 2 * at(0.3, 0.4)) / h**2 for p, q in (twice[:2], twice[2:])]
        eigenvalues = (math.pi * rectangularSeries(3, 4, epsilon, ends)) ** 2
        left = second[0] / epsilon + second[1] * epsilon
        np.testing.assert_allclose(left, -eigenvalues * at(0.3, 0.4), atol=2e-2)
        points = [(0, 0.4), (1, 0.4), (0.3, 0), (0.3, 1)]
        inwards = [(h, 0.4), (1 - h, 0.4), (0.3, h), (0.3, 1 - h)]
        for fixed, point, inside in zip(ends, points, inwards, strict=True):
            off = at(*point) if fixed else (at(*point) - at(*inside)) / h
            assert np.abs(off).max() < (1e-14 if fixed else 0.2)


def test_strings() -> None:
    np.testing.assert_array_equal(linearSeries(3), [1, 2, 3])
    np.testing.assert_array_equal(linearSeries(3, (False, False)), [0, 1, 2])
    np.testing.assert_array_equal(linearSeries(3, [True, False]), [0.5, 1.5, 2.5])
    np.testing.assert_allclose(linearAmplitudes(0.25, 2), [1, math.sqrt(2)])
    np.testing.assert_allclose(linearAmplitudes(1.0, 2, (False, False)), [1, -math.sqrt(2)])
    np.testing.assert_allclose(linearAmplitudes(1.0, 2, (True, False)), [2**0.5, -(2**0.5)])
    np.testing.assert_allclose(
        linearCymatics(2, 4), math.sqrt(2) * np.sin(2 * math.pi * np.array([1, 3, 5, 7]) / 8)
    )


def test_amplitudes_vanish_at_the_rim_and_keep_their_sign() -> None:
    for p in ((0, 0.3), (1, 0.3), (0.3, 0), (0.3, 1)):
        assert np.abs(rectangularAmplitudes(p, 5, 5, 1.0)).max() < 1e-14
    np.testing.assert_allclose(
        rectangularAmplitudes((0.25, 0.5), 3, 4, 1.0),
        np.outer([1, 0, -1], [math.sqrt(2), 2, math.sqrt(2), 0]),
        atol=1e-14,
    )


def test_chladni_patterns() -> None:
    pattern = rectangularChladniPattern(1, 3, 90, 40)
    assert pattern.shape == (90, 40)
    # Three half waves along x: sand at a third and two thirds of it, and along the rim.
    quiet = np.flatnonzero(pattern[:, 20])
    assert np.isin([0, 29, 30, 59, 60, 89], quiet).all()
    assert not pattern[[15, 45, 75], 20].any()
    assert pattern[:, [0, -1]].all()
    np.testing.assert_array_equal(pattern.T, rectangularChladniPattern(3, 1, 40, 90))
    assert rectangularChladniPattern(1, 3, 90, 40, 0.3).sum() > pattern.sum()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: rectangularSeries(0, 3, 1.0), "N.*0"),
        (lambda: rectangularSeries(3, -1, 1.0), "M.*-1"),
        (lambda: rectangularSeries(3, 3, 0.0), "epsilon.*0"),
        (lambda: rectangularSeries(3, 3, math.inf), "epsilon.*inf"),
        (lambda: rectangularSeries(3, 3, 1.0, (True, True)), "4 times True"),
        (lambda: rectangularSeries(3, 3, 1.0, True), "4 times True"),
        (lambda: linearSeries(3, (1, 0)), "2 times True"),
        (lambda: linearAmplitudes(1.1, 3), "x .*1.1"),
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
