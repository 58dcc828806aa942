import math

import numpy as np
import pytest

from kac_prediction.physics import (
    circularSeries,
    equilateralTriangleAmplitudes,
    equilateralTriangleSeries,
    rectangularSeries,
)

# Of unit area: the side, and the corners that u, v and w count from the opposite sides of.
SIDE = 2 / 3**0.25
CORNERS = SIDE * np.array([[0.5, math.sqrt(0.75)], [0.0, 0.0], [1.0, 0.0]])


def at(x: float, y: float) -> np.ndarray:
    """The amplitudes at a point in the plane."""
    point = np.linalg.solve(np.vstack([CORNERS.T, np.ones(3)]), [x, y, 1])
    return equilateralTriangleAmplitudes(*point, 6, 6)


def lattice(steps: int) -> list[tuple[float, float, float]]:
    """The points inside whose barycentric coordinates are whole steps."""
    return [
        (i / steps, j / steps, (steps - i - j) / steps)
        for i in range(1, steps)
        for j in range(1, steps - i)
    ]


def test_series() -> None:
    series = equilateralTriangleSeries(4, 3)
    assert series.shape == (4, 3)
    assert series[3, 1] == pytest.approx(2 / 3**0.75 * math.sqrt(4 + 8 + 16))
    np.testing.assert_array_equal(series.T, equilateralTriangleSeries(3, 4))


def test_first_eigenvalue() -> None:
    first = equilateralTriangleSeries(1, 1)[0, 0]
    assert (math.pi * first) ** 2 == pytest.approx(22.7928750, abs=5e-8)
    # f = S c / (2 L)
    assert first / 2 == pytest.approx(0.759836, abs=5e-7)


def test_of_all_drums_of_one_area_the_round_one_sounds_lowest() -> None:
    # Faber 1923, Krahn 1925; of the triangles and quadrilaterals the regular ones (Pólya).
    disc, square = circularSeries(1, 1)[0, 0], rectangularSeries(1, 1, 1.0)[0, 0]
    assert disc < square < rectangularSeries(1, 1, 1.2)[0, 0]
    assert square < equilateralTriangleSeries(1, 1)[0, 0]


def test_eigenfunctions_solve_the_equation() -> None:
    # -lap phi = lambda phi with lambda = (pi S)^2, by differences of the fourth order.
    eigenvalues = (math.pi * equilateralTriangleSeries(6, 6)) ** 2
    h = 1e-3
    for x, y in ((0.4, 0.3), (0.8, 0.75), (0.9, 0.2)):
        lines = [[at(x + k * h * a, y + k * h * b) for k in (-2, -1, 1, 2)] for a, b in np.eye(2)]
        second = sum(16 * (p + q) - (o + r) for o, p, q, r in lines)
        laplacian = (second - 60 * at(x, y)) / (12 * h * h)
        np.testing.assert_allclose(laplacian, -eigenvalues * at(x, y), atol=0.02)


def test_eigenfunctions_vanish_on_the_sides() -> None:
    for t in np.linspace(0, 1, 9):
        for point in ((0, t, 1 - t), (1 - t, 0, t), (t, 1 - t, 0)):
            assert np.abs(equilateralTriangleAmplitudes(*point, 6, 6)).max() < 1e-13


def test_eigenfunctions_are_orthonormal_at_unit_area() -> None:
    # Equal steps integrate these products exactly; each point stands for two of 900 cells.
    both = np.stack([equilateralTriangleAmplitudes(*p, 6, 6) for p in lattice(30)])
    once, twice = np.triu_indices(6), np.triu_indices(6, 1)
    functions = np.hstack([both[:, 0][:, *once], both[:, 1][:, *twice]])
    np.testing.assert_allclose(functions.T @ functions * 2 / 900, np.eye(21 + 15), atol=1e-12)


def test_signs_are_those_of_the_formula() -> None:
    # (1, 2), l = -3, at u = 1/2 and d = pi (v - w) / 3 = pi / 12: sin of -3 pi / 2, pi / 2, pi.
    d = math.pi / 12
    symmetric, antisymmetric = equilateralTriangleAmplitudes(0.5, 0.375, 0.125, 2, 1)[:, 1, 0]
    scale = math.sqrt(4 / 3)
    assert symmetric == pytest.approx(scale * (math.cos(d) + math.cos(5 * d)))
    assert antisymmetric == pytest.approx(scale * (math.sin(-d) + math.sin(5 * d)))


def test_symmetric_and_antisymmetric() -> None:
    one = equilateralTriangleAmplitudes(0.2, 0.5, 0.3, 4, 4)
    mirrored = equilateralTriangleAmplitudes(0.2, 0.3, 0.5, 4, 4)
    np.testing.assert_allclose(one[0], mirrored[0], atol=1e-12)
    np.testing.assert_allclose(one[1], -mirrored[1], atol=1e-12)
    assert not one[1].diagonal().any()
    # (m, n) and (n, m) are one mode.
    np.testing.assert_allclose(one[0], one[0].T, atol=1e-12)
    np.testing.assert_allclose(one[1], -one[1].T, atol=1e-12)


def test_what_a_mode_carries_does_not_depend_on_which_corner_comes_first() -> None:
    a, b = np.array([0.2, 0.5, 0.3]), np.array([0.64, 0.225, 0.135])
    products = [
        np.sum(
            equilateralTriangleAmplitudes(*np.roll(a, k), 5, 5)
            * equilateralTriangleAmplitudes(*np.roll(b, k), 5, 5),
            axis=0,
        )
        for k in range(3)
    ]
    np.testing.assert_allclose(products[1], products[0], atol=1e-12)
    np.testing.assert_allclose(products[2], products[0], atol=1e-12)


def test_which_modes_sound_at_the_centroid() -> None:
    heard = np.abs(equilateralTriangleAmplitudes(1 / 3, 1 / 3, 1 / 3, 9, 9)).max(axis=0) > 1e-12
    m, n = np.arange(1, 10)[:, None], np.arange(1, 10)
    np.testing.assert_array_equal(heard, ((m - n) % 3 == 0) & (m % 3 != 0) & (n % 3 != 0))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: equilateralTriangleSeries(0, 3), "N.*0"),
        (lambda: equilateralTriangleSeries(3, -1), "M.*-1"),
        (lambda: equilateralTriangleAmplitudes(0.5, 0.5, 0.5, 2, 2), "0.5, 0.5, 0.5"),
        (lambda: equilateralTriangleAmplitudes(1.2, -0.1, -0.1, 2, 2), "-0.1"),
        (lambda: equilateralTriangleAmplitudes(math.nan, 0.5, 0.5, 2, 2), "nan"),
        (lambda: equilateralTriangleAmplitudes(0.5, math.nan, 0.5, 2, 2), "nan"),
        (lambda: equilateralTriangleAmplitudes(0.2, 0.3, 0.5, 2, 0), "M.*0"),
    ],
)
def test_bad_input_is_named(call, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        call()
