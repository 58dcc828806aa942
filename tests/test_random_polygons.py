"""Random polygons: what is drawn, and that it makes drums."""

import numpy as np
import pytest
import shapely
from scipy.stats import chisquare

from kac_prediction.geometry import (
    ConvexPolygon,
    IrregularStar,
    Polygon,
    TravellingSalesmanPolygon,
    lineIntersection,
)

KINDS = [ConvexPolygon, IrregularStar, TravellingSalesmanPolygon]


def lefts(vertices: np.ndarray) -> np.ndarray:
    u = np.roll(vertices, -1, axis=0) - vertices
    v = np.roll(u, -1, axis=0)
    return u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]


@pytest.mark.parametrize("kind", KINDS)
def test_the_number_of_vertices_is_uniform(kind: type[Polygon]) -> None:
    rng = np.random.default_rng(1)
    counts = np.bincount([kind(rng=rng).N for _ in range(800)], minlength=11)
    assert counts[:3].sum() == 0
    assert len(counts) == 11
    assert chisquare(counts[3:]).pvalue > 0.01
    assert {kind(0, 4, rng=rng).N for _ in range(40)} == {3, 4}
    assert {kind(25, rng=rng).N for _ in range(3)} == {25}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [3, 4, 10, 60])
def test_drawn_polygons_make_drums(kind: type[Polygon], count: int) -> None:
    rng = np.random.default_rng(2)
    for _ in range(25):
        shape = kind(count, rng=rng)
        assert count == shape.N
        assert shape.area == pytest.approx(1)
        np.testing.assert_allclose(shape.centroid, (0, 0), atol=1e-14)
        assert np.array_equal(shape.outline()[:-1], shape.vertices)
        assert list(shape.labels) == ["N", "vertices"]
        if count <= 10:
            disc = shapely.maximum_inscribed_circle(shapely.polygons(shape.vertices), 1e-3)
            assert shapely.length(disc) > 0.089
        edges = np.linalg.norm(np.diff(shape.outline(), axis=0), axis=1)
        assert edges.min() >= 0.1 * (1 - 1e-9) / count**2 * shape.perimeter


def test_convex_ones_turn_left_at_every_vertex() -> None:
    rng = np.random.default_rng(3)
    for _ in range(200):
        shape = ConvexPolygon(rng=rng)
        assert (lefts(shape.vertices) > 0).all()
        assert shape.convex
        assert shape.corners().sum() == pytest.approx((shape.N - 2) * np.pi)


def test_stars_are_seen_from_the_mean_of_their_vertices() -> None:
    rng = np.random.default_rng(5)
    dents = 0
    for _ in range(200):
        shape = IrregularStar(rng=rng)
        x, y = (shape.vertices - shape.vertices.mean(axis=0)).T
        steps = np.diff(np.unwrap(np.arctan2(y, x)), append=np.arctan2(y[0], x[0]) + 2 * np.pi)
        steps = (steps + np.pi) % (2 * np.pi) - np.pi
        assert (steps > 0).all()
        assert steps.sum() == pytest.approx(2 * np.pi)
        dents += not shape.convex
    assert dents > 100


def test_round_trips_do_not_cross() -> None:
    rng = np.random.default_rng(6)
    hidden = 0
    for _ in range(40):
        shape = TravellingSalesmanPolygon(10, rng=rng)
        walls = shape.walls()
        for i in range(10):
            for j in range(i + 1, 10):
                beside = j == i + 1 or (i, j) == (0, 9)
                assert lineIntersection(walls[i], walls[j])[0] == ("vertex" if beside else "none")
        x, y = (shape.vertices - shape.vertices.mean(axis=0)).T
        turned = np.diff(np.unwrap(np.arctan2(y, x)))
        hidden += bool((turned < 0).any())
    # They are no mere stars: from the mean of the vertices some boundary is out of sight.
    assert hidden > 20


def test_many_vertices() -> None:
    shape = TravellingSalesmanPolygon(400, rng=np.random.default_rng(7))
    assert shape.N == 400
    assert shape.simple


@pytest.mark.parametrize("kind", KINDS)
def test_the_generator_alone_decides(kind: type[Polygon]) -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (kind(rng=np.random.default_rng(8)) for _ in range(2))
    assert np.array_equal(first.vertices, second.vertices)
    rng = np.random.default_rng(8)
    assert not np.array_equal(kind(6, rng=rng).vertices, kind(6, rng=rng).vertices)
    assert not np.array_equal(kind(6).vertices, kind(6).vertices)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.parametrize("kind", KINDS)
def test_bad_input_is_named(kind: type[Polygon]) -> None:
    with pytest.raises(ValueError, match=r"max_vertices must be at least 3, got 2"):
        kind(0, 2)
    with pytest.raises(TypeError, match=r"N must be a whole number, got 3\.5"):
        kind(3.5)
    assert kind(5, 0).N == 5
