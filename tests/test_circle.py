import math

import numpy as np
import pytest
from scipy.integrate import quad

from kac_prediction.geometry import Circle
from kac_prediction.physics import (
    ChladniPattern,
    besselJ,
    besselJZero,
    circularAmplitudes,
    circularChladniPattern,
    circularCymatics,
    circularSeries,
    cymatics,
)

RNG = np.random.default_rng(2)


@pytest.mark.parametrize(
    ("order", "zeros"),
    [
        (0, (2.40482556, 5.52007811, 8.65372791)),
        (1, (3.83170597, 7.01558667)),
        (2, (5.1356223, 8.41724414)),
        (3, (6.3801619,)),
    ],
)
def test_zeros(order: int, zeros: tuple[float, ...]) -> None:
    for number, zero in enumerate(zeros, start=1):
        assert besselJZero(order, number) == pytest.approx(zero, abs=1e-8)


def test_a_far_zero() -> None:
    assert besselJZero(9, 10) == pytest.approx(43.84380142, abs=1e-8)


def test_zeros_of_real_orders() -> None:
    # J_(1/2) is a sine over sqrt(x); of other orders the function itself is 0.
    assert [besselJZero(0.5, m) / math.pi for m in (1, 2, 40)] == pytest.approx([1, 2, 40])
    assert besselJZero(3 - 1e-15, 50) == pytest.approx(besselJZero(3, 50), rel=1e-14)
    assert besselJZero(1.5, 1) == pytest.approx(4.493409457909064, rel=1e-14)  # of tan x = x
    for order, m in [(0.1, 1), (2.9999, 3), (7.3, 20)]:
        zero = besselJZero(order, m)
        assert abs(besselJ(order, zero)) < 1e-13
        assert besselJZero(math.floor(order), m) < zero < besselJZero(math.ceil(order), m)


def test_a_free_rim() -> None:
    z = circularSeries(3, 3, False) * math.sqrt(math.pi)
    zeros = [[0, 3.83170597, 7.01558667], [1.84118378, 5.33144277], [3.05423693, 6.70613319]]
    for row, expected in zip(z, zeros, strict=True):
        np.testing.assert_allclose(row[: len(expected)], expected, atol=1e-8)
    # All of it moves alike, or it is level at the rim.
    series, h = circularSeries(3, 3, False), 1e-5
    np.testing.assert_allclose(circularAmplitudes(0.7, 0.2, series)[0, 0, 0], 1.0)
    rim, inside = (circularAmplitudes(r, 0.2, series) for r in (1.0, 1 - h))
    assert np.abs(rim - inside).max() < 1e-7 * np.abs(rim).max()


def test_bessel_integral() -> None:
    # Bessel's own definition: J_n(x) is the mean of cos(n t - x sin t).
    for n, x in [(0, 0.3), (1, 4.0), (5, 20.0)]:
        mean = quad(lambda t, n=n, x=x: math.cos(n * t - x * math.sin(t)), 0, math.pi)[0] / math.pi
        assert besselJ(n, x) == pytest.approx(mean, abs=1e-12)
    assert besselJ([[0], [1]], [1.0, 2.0, 3.0]).shape == (2, 3)


def test_series() -> None:
    series = circularSeries(3, 5)
    assert series.shape == (3, 5)
    first_row = np.array([2.40482556, 5.52007811, 8.65372791, 11.79153444, 14.93091771])
    np.testing.assert_allclose(series[0] * math.sqrt(math.pi), first_row, atol=1e-8)
    assert series[2, 1] == pytest.approx(8.41724414 / math.sqrt(math.pi), abs=1e-8)
    np.testing.assert_allclose((np.pi * circularSeries(1, 1)[0, 0]) ** 2, 18.1684145, atol=5e-8)
    # f = S c / (2 L)
    assert circularSeries(1, 1)[0, 0] / 2 == pytest.approx(0.678389, abs=5e-7)


def test_every_number_of_a_large_series_is_a_zero() -> None:
    z = circularSeries(40, 60) * math.sqrt(math.pi)
    orders = np.arange(40)[:, None]
    assert np.abs(besselJ(orders, z)).max() < 1e-12
    # Zeros of neighbouring orders interlace: none was skipped.
    assert (np.diff(z, axis=1) > 0).all()
    assert ((z[1:, :-1] > z[:-1, :-1]) & (z[1:, :-1] < z[:-1, 1:])).all()


@pytest.mark.parametrize("fixed", [True, False])
def test_eigenfunctions_are_orthonormal_at_unit_area(fixed: bool) -> None:
    series = circularSeries(4, 3, fixed)
    nodes, weights = np.polynomial.legendre.leggauss(40)
    radii, angles = (nodes + 1) / 2, np.arange(24) * 2 * np.pi / 24
    functions, measure = [], []
    for r, weight in zip(radii, weights / 2, strict=True):
        for theta in angles:
            functions.append(circularAmplitudes(r, theta, series).ravel())
            # r dr dtheta on a disc of radius 1, over its area pi
            measure.append(weight * r * (2 * np.pi / 24) / np.pi)
    gram = np.einsum("p,pi,pj->ij", measure, functions, functions)
    sounding = np.ones((2, 4, 3))
    sounding[1, 0] = 0
    np.testing.assert_allclose(gram, np.diag(sounding.ravel()), atol=1e-12)


def test_amplitudes_vanish_at_the_rim_and_keep_their_sign() -> None:
    series = circularSeries(5, 5)
    assert np.abs(circularAmplitudes(1.0, 0.7, series)).max() < 1e-13
    middle = circularAmplitudes(0.0, 0.0, series)
    assert (middle[0, 0] > 0).all()
    assert np.abs(middle[0, 1:]).max() == np.abs(middle[1]).max() == 0
    across = circularAmplitudes(0.5, math.pi, series)
    np.testing.assert_allclose(
        across[0], circularAmplitudes(0.5, 0.0, series)[0] * [[1], [-1], [1], [-1], [1]]
    )


def test_products_depend_on_the_angle_between_strike_and_pick_up() -> None:
    series = circularSeries(10, 10)
    z = series * math.sqrt(math.pi)
    m = np.arange(10)[:, None]
    for r, theta in np.column_stack([np.sqrt(RNG.random(20)), RNG.random(20) * 7]):
        modes = circularAmplitudes(r, theta, series) * circularAmplitudes(0.83, 0.4, series)
        formula = besselJ(m, z * r) * besselJ(m, z * 0.83) * np.cos(m * (theta - 0.4))
        formula *= np.where(m == 0, 1, 2) / besselJ(m + 1, z) ** 2
        np.testing.assert_allclose(modes.sum(axis=0), formula, atol=1e-12)


def test_chladni_patterns() -> None:
    rim = circularChladniPattern(0, 1, 101)
    assert rim.shape == (101, 101)
    assert not rim[50, 50]
    assert not rim[0, 0]
    assert rim[0, 50]
    # (0, 2) is quiet on a circle of radius z_01 / z_02 of the drum's.
    ring = circularChladniPattern(0, 2, 401, tolerance=0.02)
    column = 200 + round(200.5 * 2.40482556 / 5.52007811)
    assert ring[column, 200]
    # cos(n theta) is quiet along its diameters and symmetric about the x axis.
    cross = circularChladniPattern(2, 1, 200)
    assert np.diag(cross)[40:160].all()
    assert np.array_equal(cross, cross[:, ::-1])
    # Sand falls on the drum alone.
    assert np.array_equal(circularChladniPattern(0, 1, 64, 2.0), Circle(1.0).draw(64))
    assert circularChladniPattern(2, 1, 64, 0.2).sum() > circularChladniPattern(2, 1, 64).sum()


def test_fields_have_signs_and_their_patterns() -> None:
    field = circularCymatics(1, 2, 201)
    assert np.nanmax(field) == pytest.approx(1, abs=1e-3) == -np.nanmin(field)
    x, y = 40, 150  # x comes first: cos(theta) is odd in it
    assert field[x, y] == pytest.approx(-field[200 - x, y]) == pytest.approx(field[x, 200 - y])
    np.testing.assert_array_equal(
        ChladniPattern(field, 0.05), circularChladniPattern(1, 2, 201, 0.05)
    )
    assert np.array_equal(~np.isnan(field), Circle(1.0).draw(201))
    free = circularCymatics(0, 1, 51, boundary_conditions=False)
    np.testing.assert_array_equal(free[~np.isnan(free)], 1.0)
    # Of any shape, by finite elements: here of a disc, wherever it lies.
    drawn = cymatics(Circle(0.3, (5.0, -2.0)), 1, 40)
    expected = circularCymatics(0, 1, 40) * circularAmplitudes(0, 0, circularSeries(1, 1))[0, 0, 0]
    np.testing.assert_allclose(np.abs(drawn), expected, atol=0.02)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: besselJZero(-1, 1), "-1"),
        (lambda: besselJZero(0, 0), "got 0"),
        (lambda: besselJZero(0, 1201), "1201"),
        (lambda: circularSeries(3, 0), "M.*0"),
        (lambda: circularSeries(0, 3), "got 0"),
        (lambda: circularCymatics(0, 0, 5), "m.*0"),
        (lambda: ChladniPattern([np.nan]), "finite"),
        (lambda: ChladniPattern([1.0, np.inf]), "finite"),
        (lambda: ChladniPattern(["a"]), "real numbers"),
        (lambda: circularAmplitudes(1.1, 0.0, circularSeries(1, 1)), "1.1"),
        (lambda: circularAmplitudes(0.1, math.nan, circularSeries(1, 1)), "nan"),
        (lambda: circularAmplitudes(0.1, 0.0, [1.0]), "S must"),
        (lambda: circularChladniPattern(0, 1, 0), "H.*0"),
        (lambda: circularChladniPattern(0, 1, 5, 0.0), "tolerance"),
    ],
)
def test_bad_input_is_named(call, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        call()
