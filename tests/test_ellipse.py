import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from scipy.special import ellipe

from kac_prediction.geometry import Circle, Ellipse, Shape

RNG = np.random.default_rng(5)
lengths = st.floats(1e-3, 1e3)
aspects = st.floats(1.0, 1e3)


@settings(derandomize=True, deadline=None)
@given(major=lengths, aspect=aspects)
def test_area_perimeter_and_foci(major: float, aspect: float) -> None:
    ellipse = Ellipse(major, major / aspect, (0.5, -2.0))
    a, b = ellipse.major, ellipse.minor
    assert ellipse.area == pytest.approx(math.pi * a * b)
    assert ellipse.perimeter == pytest.approx(4 * a * ellipe(1 - (b / a) ** 2), rel=1e-9)
    assert ellipse.eccentricity() ** 2 == pytest.approx(1 - (b / a) ** 2, abs=1e-9)
    # The definition: every point of the boundary has one sum of distances to the foci.
    sums = sum(np.linalg.norm(ellipse.outline() - focus, axis=1) for focus in ellipse.foci())
    np.testing.assert_allclose(sums, 2 * a, rtol=1e-9)


def test_known_ellipse() -> None:
    ellipse = Ellipse(5.0, 3.0, (1.0, 0.0))
    assert ellipse.focalDistance() == 4.0
    assert ellipse.eccentricity() == 0.8
    assert ellipse.foci() == ((-3.0, 0.0), (5.0, 0.0))
    assert ellipse.labels == {"major": [5.0], "minor": [3.0]}


def test_semi_axes_may_be_set_and_are_exchanged() -> None:
    exchanged = Ellipse(1.0, 2.0, (1.0, 0.0))
    assert (exchanged.major, exchanged.minor) == (2.0, 1.0)
    exchanged.minor = 5.0
    assert (exchanged.major, exchanged.minor) == (5.0, 2.0)
    exchanged.major = 1.0
    assert (exchanged.major, exchanged.minor) == (2.0, 1.0)
    assert exchanged.area == pytest.approx(2 * math.pi)
    circle = Circle(1.0)
    circle.r = 3.0
    assert circle.labels == {"r": [3.0], "major": [3.0], "minor": [3.0]}
    assert circle.area == pytest.approx(9 * math.pi)
    for wrong in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="r must be"):
            circle.r = wrong
        with pytest.raises(ValueError, match="minor must be"):
            exchanged.minor = wrong
    with pytest.raises(AttributeError, match="set r"):
        circle.major = 2.0


@settings(derandomize=True, deadline=None)
@given(major=lengths, aspect=aspects, area=st.floats(1e-6, 1e6))
def test_setting_the_area_keeps_aspect_and_centroid(
    major: float, aspect: float, area: float
) -> None:
    ellipse = Ellipse(major, major / aspect, (3.0, 4.0))
    before = ellipse.major / ellipse.minor
    ellipse.area = area
    assert ellipse.area == pytest.approx(area)
    assert ellipse.major / ellipse.minor == pytest.approx(before)
    assert ellipse.centroid == (3.0, 4.0)


def test_setting_the_centroid_moves() -> None:
    ellipse = Ellipse(2.0, 1.0)
    ellipse.centroid = (10.0, -1.0)
    np.testing.assert_allclose(ellipse.outline()[:-1].mean(axis=0), (10.0, -1.0))
    assert ellipse.isPointInside((11.9, -1.0))
    assert not ellipse.isPointInside((0.0, 0.0))


@settings(derandomize=True, deadline=None)
@given(major=lengths, aspect=aspects, x=st.floats(-9, 9), y=st.floats(-9, 9))
def test_boundary_belongs_to_it(major: float, aspect: float, x: float, y: float) -> None:
    ellipse = Ellipse(major, major / aspect)
    assert np.all(ellipse.isPointInside(ellipse.outline()))
    assert not np.any(ellipse.isPointInside(ellipse.outline() * 1.001))
    moved = Ellipse(major, major / aspect, (x, y))
    assert moved.isPointInside(moved.centroid)


def nearest(point: np.ndarray, a: float, b: float) -> float:
    """Search half the boundary for the nearest point, about the best of many."""

    def distance(t):
        return np.hypot(a * np.cos(t) - point[0], b * np.sin(t) - point[1])

    ends = np.geomspace(1e-9, 1, 2000)
    angles = np.sort(np.concatenate([np.linspace(0, np.pi, 20000), ends, np.pi - ends]))
    best = int(distance(angles).argmin())
    bounds = angles[max(best - 1, 0)], angles[min(best + 1, len(angles) - 1)]
    found = minimize_scalar(distance, bounds=bounds, method="bounded", options={"xatol": 1e-13})
    return min(found.fun, distance(angles[best]))


@pytest.mark.parametrize("aspect", [1.0, 1.0001, 1.5, 4.0, 30.0, 1000.0])
def test_depth_against_a_search_of_the_boundary(aspect: float) -> None:
    a, b = 0.3 * aspect, 0.3
    # The last centre of curvature of the longer axis, where the nearest point turns into two.
    cusp = (a * a - b * b) / a
    hard = [(0, 0), (cusp, 0), (cusp, 1e-13), (cusp / 2, 0), (a, 1e-7), (0, b / 2), (0, 1e-8)]
    points = np.abs(np.concatenate([hard, RNG.normal(size=(15, 2)) * (a, b)]))
    signs = np.where(((points / (a, b)) ** 2).sum(axis=1) <= 1, 1, -1)
    expected = signs * [nearest(point, a, b) for point in points]
    corner = np.array([5.0, -7.0])
    for turned in points, -points, points * (-1, 1):
        found = Ellipse(a, b, tuple(corner)).depth(turned + corner)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * a)


def test_depth_of_a_disc() -> None:
    points = RNG.normal(size=(100, 2))
    expected = 0.7 - np.hypot(points[:, 0] - 0.1, points[:, 1])
    np.testing.assert_allclose(Circle(0.7, (0.1, 0.0)).depth(points), expected, atol=1e-14)
    assert Circle(0.7).depth([(0, 0)]) == pytest.approx(0.7, rel=1e-12)


def test_a_smooth_boundary_has_neither_walls_nor_corners() -> None:
    assert Ellipse(2.0, 1.0).walls().shape == (0, 2, 2)
    assert Circle(1.0).corners().shape == (0,)


def test_one_point_or_many() -> None:
    circle = Circle(1.0)
    assert circle.isPointInside((0.0, 1.0)) is True
    assert circle.isPointInside(np.array([0.8, 0.8])) is False
    assert np.array_equal(circle.isPointInside([[0, 0], [2, 0]]), [True, False])
    assert np.shape(circle.isPointInside(np.empty((0, 2)))) == (0,)


@pytest.mark.parametrize("shape", [Circle(0.3, (5.0, 5.0)), Ellipse(2.0, 0.5)])
def test_drawing_has_the_shape_of_the_shape(shape: Shape) -> None:
    grid = shape.draw(400)
    assert grid.shape == (400, 400)
    assert grid.dtype == bool
    assert grid.any(axis=1).all()  # along x
    cell = (np.ptp(shape.outline(), axis=0).max() / 400) ** 2
    assert grid.sum() * cell == pytest.approx(shape.area, rel=2e-3)
    assert np.array_equal(grid, grid[::-1])
    assert np.array_equal(grid, grid[:, ::-1])


def test_zero_means_draw_it() -> None:
    rng = np.random.default_rng(1)
    drawn = [Ellipse(1.0, rng=rng) for _ in range(200)]
    assert all(0.25 <= ellipse.minor <= 1.0 for ellipse in drawn)
    assert len({ellipse.minor for ellipse in drawn}) == 200
    assert all(0.1 <= Circle(rng=rng).r < 1.0 for _ in range(200))
    both = Ellipse(0.0, 0.0, rng=rng)
    assert 0.1 <= both.major < 1.0
    given_minor = Ellipse(0.0, 2.0, rng=rng)
    assert given_minor.minor == 2.0 <= given_minor.major < 8.0
    again = [Ellipse(rng=np.random.default_rng(7)).minor for _ in range(2)]
    assert again[0] == again[1]
    assert Circle().r != Circle().r


def test_circle() -> None:
    circle = Circle(2.0)
    assert (circle.r, circle.major, circle.minor) == (2.0, 2.0, 2.0)
    assert circle.perimeter == pytest.approx(4 * math.pi)
    assert circle.eccentricity() == 0
    circle.area = math.pi
    assert circle.r == pytest.approx(1.0)
    assert Circle.of_size(0.7).area == pytest.approx(0.49)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Ellipse(-1.0, 1.0), "major.*-1"),
        (lambda: Ellipse(1.0, math.nan), "minor.*nan"),
        (lambda: Ellipse(math.inf, 1.0), "major.*inf"),
        (lambda: Ellipse(1.0, 1.0, (0.0, math.nan)), "centroid.*nan"),
        (lambda: Ellipse(1.0, 1.0, (0.0, 0.0, 0.0)), "centroid"),
        (lambda: Circle(-0.5), "r must.*-0.5"),
        (lambda: Circle(math.inf), "r must.*inf"),
        (lambda: Circle.of_size(0.0), "drum_size.*0"),
        (lambda: Circle(1.0).draw(0), "grid_size.*0"),
        (lambda: Circle(1.0).outline(2), "points.*2"),
        (lambda: Circle(1.0).isPointInside((0.0, 0.0, 0.0)), "p must"),
        (lambda: Circle(1.0).isPointInside((0.0, math.nan)), "nan"),
        (lambda: setattr(Circle(1.0), "area", 0.0), "area.*0"),
        (lambda: setattr(Circle(1.0), "centroid", (1.0,)), "centroid"),
    ],
)
def test_bad_input_is_named(make, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        make()
