"""The constant term of the heat trace, by formula and from eigenvalues."""

import math

import numpy as np
import pytest
from scipy.special import jn_zeros

from kac_prediction.geometry import Circle, UnitRectangle, UnitTriangle
from kac_prediction.geometry.isospectral import heat_constant


def test_constants_of_the_heat_trace() -> None:
    assert heat_constant(Circle(1.0)) == pytest.approx(1 / 6, rel=1e-15)
    assert heat_constant(UnitRectangle(3)) == pytest.approx(1 / 4, rel=1e-14)
    assert heat_constant(UnitTriangle(1, math.pi / 2)) == pytest.approx(1 / 3, rel=1e-14)


def test_the_trace_of_a_square_and_of_a_disc() -> None:
    def constant(eigenvalues: np.ndarray, perimeter: float, t: float) -> float:
        known = 1 / (4 * math.pi * t) - perimeter / (8 * math.sqrt(math.pi * t))
        return float(np.exp(-eigenvalues * t).sum()) - known

    k = np.arange(1, 200)
    square = math.pi**2 * np.add.outer(k**2, k**2).ravel()
    assert constant(square, 4.0, 0.002) == pytest.approx(heat_constant(UnitRectangle(1)), abs=1e-9)
    t = 0.003
    disc = np.concatenate(
        [np.repeat(math.pi * jn_zeros(m, 40) ** 2, 1 if m == 0 else 2) for m in range(100)]
    )
    # The next term is sqrt(t / pi) / 256 times the integral of the curvature squared, 2 pi / radius
    # (Stewartson and Waechter 1971).
    following = math.sqrt(t / math.pi) / 256 * 2 * math.pi * math.sqrt(math.pi)
    found = constant(disc, 2 * math.sqrt(math.pi), t)
    assert found == pytest.approx(1 / 6 + following, abs=1e-4)
