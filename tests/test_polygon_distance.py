"""How deep points lie in a polygon: as far from its walls as GEOS says, on the right side."""

import numpy as np
import pytest
import shapely

from every_shape import KINDS, drawn
from kac_prediction.geometry import Polygon, RegularPolygon

POLYGONS = [kind for kind in KINDS if issubclass(kind, Polygon)]


def shapely_distance(vertices: np.ndarray, points: np.ndarray) -> np.ndarray:
    return shapely.distance(shapely.linearrings(vertices), shapely.points(points))


def points_about(vertices: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some of everywhere, and those where it is hard to say: on walls, and in line with corners."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    share = rng.random((20, 1, 1))
    on_walls = (vertices * share + np.roll(vertices, -1, axis=0) * (1 - share)).reshape(-1, 2)
    in_line = np.stack(np.meshgrid(*vertices.T), axis=-1).reshape(-1, 2)
    anywhere = low + (high - low) * rng.uniform(-0.2, 1.2, (3000, 2))
    return np.concatenate([anywhere, on_walls, in_line, np.nextafter(in_line, -100)])


@pytest.mark.parametrize("place", [(0.0, 0.0), (30.0, -7.0)])
@pytest.mark.parametrize("kind", POLYGONS, ids=lambda kind: kind.__name__)
def test_it_is_that_of_shapely(kind: type[Polygon], place: tuple[float, float]) -> None:
    rng = np.random.default_rng(2)
    for seed in range(4):
        shape = drawn(kind, seed)
        shape.area, shape.centroid = 0.01 + seed, place
        for vertices in (shape.vertices, shape.vertices[::-1]):
            points = points_about(vertices, rng)
            expected = shapely_distance(vertices, points)
            rounding = 8 * np.finfo(np.float64).eps * np.abs(vertices).max()
            within = shapely.intersects_xy(shapely.polygons(vertices), *points.T)
            depth = np.where(within | (expected <= rounding), expected, -expected)
            np.testing.assert_allclose(
                Polygon(vertices).depth(points), depth, rtol=1e-15, atol=1e-15
            )


@pytest.mark.parametrize("corners", [3, 100, 9000])
def test_however_many_walls_and_points(corners: int) -> None:
    shape = RegularPolygon(corners)
    vertices = shape.vertices
    points = np.random.default_rng(1).uniform(-0.7, 0.7, (max(3, 30_000 // corners), 2))
    depth, expected = shape.depth(points), shapely_distance(vertices, points)
    np.testing.assert_allclose(np.abs(depth), expected, rtol=1e-14, atol=1e-15)
    assert np.array_equal(depth >= 0, shapely.intersects_xy(shapely.polygons(vertices), *points.T))


def test_vertices_that_have_run_together() -> None:
    shape = Polygon([(0, 0), (1, 0), (1, 1), (1 - 1e-9, 1), (0, 1)])
    shape.centroid = (1e9, 3.0)
    assert (shape.vertices[2] == shape.vertices[3]).all()
    depth = shape.depth([(1e9, 3.0), (1e9 + 2, 3.0), (1e9 + 1.5, 6.5), (1e9, 9.0)])
    np.testing.assert_array_equal(depth, [0.5, -1.5, -np.hypot(1, 3), -5.5])
