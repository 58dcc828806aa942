import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kac_prediction.geometry import UnitRectangle, UnitTriangle


def sides(shape: UnitTriangle) -> np.ndarray:
    return np.sort(np.linalg.norm(np.diff(shape.outline(), axis=0), axis=1))


@pytest.mark.parametrize("epsilon", [0.25, 1.0, 2.0, 30.0])
def test_rectangle(epsilon: float) -> None:
    shape = UnitRectangle(epsilon)
    width, height = np.ptp(shape.vertices, axis=0)
    assert width == pytest.approx(math.sqrt(epsilon))
    assert height == pytest.approx(1 / math.sqrt(epsilon))
    assert shape.area == pytest.approx(1)
    np.testing.assert_allclose(shape.centroid, (0, 0), atol=1e-15)
    np.testing.assert_allclose(shape.corners(), np.pi / 2)
    assert shape.labels["epsilon"] == [epsilon]
    shape.area = 5
    assert (shape.epsilon, shape.labels["epsilon"]) == (epsilon, [epsilon])
    width, height = np.ptp(shape.vertices, axis=0)
    assert width / height == pytest.approx(epsilon)
    assert width * height == pytest.approx(5)


def test_none_means_draw_it_too() -> None:
    for kind, arguments in ((UnitRectangle, 1), (UnitTriangle, 2)):
        given = kind(*[None] * arguments, rng=np.random.default_rng(3))
        zeros = kind(rng=np.random.default_rng(3))
        np.testing.assert_array_equal(given.vertices, zeros.vertices)


def test_rectangles_are_drawn() -> None:
    rng = np.random.default_rng(1)
    drawn = np.array([UnitRectangle(rng=rng).epsilon for _ in range(300)])
    assert drawn.min() >= 1
    assert drawn.max() < 4
    assert drawn.mean() == pytest.approx(2.5, abs=0.15)


@settings(derandomize=True, deadline=None)
@given(r=st.floats(1e-3, 1), theta=st.floats(1e-3, math.pi / 2))
def test_triangle(r: float, theta: float) -> None:
    shape = UnitTriangle(r, theta)
    assert shape.area == pytest.approx(1, rel=1e-9)
    np.testing.assert_allclose(shape.vertices.mean(axis=0), (0, 0), atol=1e-9)
    # It lies on its longest side, along x.
    assert shape.vertices[0, 1] == pytest.approx(shape.vertices[1, 1], abs=1e-12)
    assert shape.vertices[1, 0] - shape.vertices[0, 0] >= sides(shape)[2] * (1 - 1e-12)
    assert (shape.labels["r"], shape.labels["theta"]) == ([r], [theta])


@settings(derandomize=True, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_triangle_is_one_of_them(seed: int) -> None:
    corners = np.random.default_rng(seed).normal(size=(3, 2))
    short, middle, base = np.sort(np.linalg.norm(corners - np.roll(corners, 1, axis=0), axis=1))
    # The apex over a base of 1, from the lengths of the sides, at the right.
    x = (middle**2 - short**2) / (2 * base**2)
    y = math.sqrt((middle / base) ** 2 - (x + 0.5) ** 2)
    theta = math.atan2(y, x)
    # Where its ray leaves the unit disc about the left end of the base.
    end = np.roots([1, math.cos(theta), -0.75]).max()
    shape = UnitTriangle(math.hypot(x, y) / end, theta)
    np.testing.assert_allclose(
        sides(shape) / sides(shape)[2], np.array([short, middle, base]) / base
    )


def test_known_triangles() -> None:
    equilateral = UnitTriangle(1, math.pi / 2)
    np.testing.assert_allclose(sides(equilateral), 2 / 3**0.25)
    # r R = 1/2 is a right angle (Thales).
    theta = math.pi / 3
    right = UnitTriangle(1 / (math.sqrt(3 + 0.25) - 0.5), theta)
    assert right.corners().max() == pytest.approx(np.pi / 2)
    tall = sides(UnitTriangle(1, 1.0))
    assert tall[1] == pytest.approx(tall[2])
    flat = sides(UnitTriangle(0.5, math.pi / 2))
    assert flat[0] == pytest.approx(flat[1])
    # Other pairs are other triangles.
    grid = [(r, theta) for r in (0.25, 0.5, 0.75, 1) for theta in (0.4, 0.8, 1.2, math.pi / 2)]
    ratios = np.array(
        [sides(UnitTriangle(*pair))[:2] / sides(UnitTriangle(*pair))[2] for pair in grid]
    )
    apart = np.abs(ratios[:, None] - ratios).max(axis=2) + np.eye(len(grid))
    assert apart.min() > 1e-3


def test_triangles_are_drawn() -> None:
    rng = np.random.default_rng(2)
    for _ in range(200):
        shape = UnitTriangle(rng=rng)
        assert 0.3 <= shape.r < 1
        assert math.pi / 6 <= shape.theta < math.pi / 2
        # The radius of the largest disc within is 2 area / perimeter.
        assert 2 / shape.perimeter > 0.15
    assert UnitTriangle(0.5, rng=rng).r == 0.5
    assert UnitTriangle(0, 0.5, rng=rng).theta == 0.5


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: UnitRectangle(-1), "epsilon.*-1"),
        (lambda: UnitRectangle(math.nan), "epsilon.*nan"),
        (lambda: UnitTriangle(1.01, 1), "r must.*1.01"),
        (lambda: UnitTriangle(-0.5, 1), "r must.*-0.5"),
        (lambda: UnitTriangle(0.5, 1.6), "theta must.*1.6"),
        (lambda: UnitTriangle(0.5, math.nan), "theta must.*nan"),
        (lambda: UnitTriangle(1e-14, 1.0), "folds back"),
    ],
)
def test_bad_input_is_named(call, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        call()
