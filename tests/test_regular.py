import math

import numpy as np
import pytest

from kac_prediction.geometry import RegularPolygon, RegularStar


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 12, 101])
def test_regular_polygon(count: int) -> None:
    shape = RegularPolygon(count)
    assert count == shape.N
    assert shape.convex
    assert shape.area == pytest.approx(1)
    np.testing.assert_allclose(shape.centroid, (0, 0), atol=1e-15)
    np.testing.assert_allclose(shape.corners(), np.pi * (1 - 2 / count))
    lengths = np.linalg.norm(np.diff(shape.outline(), axis=0), axis=1)
    # Area N s^2 / (4 tan(pi / N)).
    np.testing.assert_allclose(lengths, math.sqrt(4 * math.tan(math.pi / count) / count))
    lowest = shape.walls()[0]
    assert lowest[0, 1] == pytest.approx(shape.vertices[:, 1].min())
    assert lowest[0, 1] == pytest.approx(lowest[1, 1], abs=1e-14)
    assert lowest[1, 0] > lowest[0, 0]
    assert list(shape.labels) == ["N", "vertices"]


def test_pentagram() -> None:
    shape = RegularStar(5, 2)
    assert (shape.N, shape.tips, shape.m) == (10, 5, 2)
    assert shape.labels["N"] == [10]
    assert shape.labels["m"] == [2]
    assert len(shape.labels["vertices"]) == 20
    radii = np.linalg.norm(shape.vertices, axis=1)
    golden = (1 + math.sqrt(5)) / 2
    np.testing.assert_allclose(radii[::2] / radii[1::2], golden**2)
    np.testing.assert_allclose(np.degrees(shape.corners()), np.tile([36, 252], 5))
    np.testing.assert_allclose(shape.vertices[0], (0, radii[0]), atol=1e-15)
    assert not shape.convex


@pytest.mark.parametrize(("tips", "m"), [(5, 2), (6, 2), (7, 2), (7, 3), (8, 3), (12, 5)])
def test_star_has_the_lines_of_its_symbol(tips: int, m: int) -> None:
    shape = RegularStar(tips, m)
    assert shape.area == pytest.approx(1)
    np.testing.assert_allclose(shape.centroid, (0, 0), atol=1e-15)
    corners, notches = shape.vertices[::2], shape.vertices[1::2]
    # A tip, the notches beside it and the m-th tip from it lie on one line.
    for k in range(tips):
        line = corners[(k + m) % tips] - corners[k]
        for notch in (notches[k], notches[(k + m - 1) % tips]):
            u = notch - corners[k]
            assert line[0] * u[1] - line[1] * u[0] == pytest.approx(0, abs=1e-14)
    np.testing.assert_allclose(shape.corners()[::2], np.pi * (1 - 2 * m / tips))


def test_what_is_not_given_is_drawn() -> None:
    rng = np.random.default_rng(4)
    assert {RegularPolygon(rng=rng).N for _ in range(200)} == set(range(3, 11))
    stars = [RegularStar(rng=rng) for _ in range(300)]
    assert {star.tips for star in stars} == set(range(5, 11))
    assert {star.m for star in stars} == {2, 3, 4}
    assert {RegularStar(9, rng=rng).m for _ in range(60)} == {2, 3, 4}
    assert {RegularStar(0, 4, rng=rng).tips for _ in range(100)} == set(range(9, 15))
    assert {RegularPolygon(max_vertices=4, rng=rng).N for _ in range(50)} == {3, 4}
    assert {RegularStar(max_vertices=6, rng=rng).tips for _ in range(50)} == {5, 6}


def test_a_star_by_its_schlafli_symbol() -> None:
    for star in (RegularStar((7, 3)), RegularStar([7, 3]), RegularStar(schlafli_symbol=(7, 3))):
        np.testing.assert_array_equal(star.vertices, RegularStar(7, 3).vertices)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: RegularStar(4, 2), "N must be at least 5.*RegularPolygon"),
        (lambda: RegularStar(5, 1), "from 2 to 2.*got 1"),
        (lambda: RegularStar(8, 4), "from 2 to 3.*got 4"),
        (lambda: RegularStar(7, -2), "got -2"),
        (lambda: RegularStar((5, 2, 1)), r"pair \(N, m\)"),
        (lambda: RegularStar(schlafli_symbol=5), r"pair \(N, m\)"),
        (lambda: RegularStar((5, 1)), "RegularPolygon"),
        (lambda: RegularStar(max_vertices=4), "max_vertices must be at least 5, got 4"),
        (lambda: RegularPolygon(max_vertices=2), "max_vertices must be at least 3, got 2"),
    ],
)
def test_bad_input_is_named(call, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        call()


def test_a_number_of_vertices_is_an_integer() -> None:
    for make in (lambda: RegularPolygon(5.0), lambda: RegularStar(5.0, 2)):
        with pytest.raises(TypeError, match="must be a whole number, got"):
            make()
