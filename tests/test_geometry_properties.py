"""What holds for every shape."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from every_shape import KINDS, drawn
from kac_prediction.geometry import Polygon, Shape, weylCondition

shapes = st.builds(drawn, st.sampled_from(KINDS), st.integers(0, 10_000))
places = st.tuples(st.floats(-100, 100), st.floats(-100, 100))
areas = st.floats(1e-6, 1e6)
always = settings(derandomize=True, deadline=None, max_examples=60)


def about(shape: Shape, count: int = 300) -> np.ndarray:
    """Points in and about a shape, the same for each."""
    low, high = shape.outline().min(axis=0), shape.outline().max(axis=0)
    share = np.random.default_rng(0).random((count, 2)) * 1.4 - 0.2
    return low + share * (high - low)


@always
@given(shape=shapes, area=areas, place=places)
def test_area_and_centroid_are_what_was_set(shape: Shape, area: float, place) -> None:
    before, perimeter = shape.outline() - shape.centroid, shape.perimeter / math.sqrt(shape.area)
    scale = math.sqrt(area / shape.area)
    shape.centroid = place
    shape.area = area
    size = math.sqrt(area)
    assert shape.area == pytest.approx(area, rel=1e-8)
    np.testing.assert_allclose(shape.centroid, place, rtol=1e-12, atol=1e-9 * size)
    np.testing.assert_allclose(
        shape.outline() - place, before * scale, rtol=0, atol=1e-9 * size + 1e-12
    )
    assert shape.perimeter / size == pytest.approx(perimeter, rel=1e-8)


@always
@given(shape=shapes, area=areas, place=places)
def test_inside_is_where_the_depth_is_not_negative(shape: Shape, area: float, place) -> None:
    shape.area, shape.centroid = area, place
    points = np.concatenate([about(shape), shape.outline()])
    depth = shape.depth(points)
    assert np.array_equal(shape.isPointInside(points), depth >= 0)
    assert np.isfinite(depth).all()
    assert np.abs(shape.depth(shape.outline())).max() <= 1e-12 * (math.sqrt(area) + 200)
    # Nothing inside is deeper than the disc of the same area, and nobody's depth outruns a walk.
    assert depth.max() <= math.sqrt(area / math.pi) * (1 + 1e-12)
    walks = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert (np.abs(np.diff(depth)) <= walks * (1 + 1e-9) + 1e-12).all()


@always
@given(shape=shapes)
def test_the_outline_encloses_the_area(shape: Shape) -> None:
    outline = shape.outline(4096)
    x, y = outline[:-1].T
    assert np.array_equal(outline[0], outline[-1])
    enclosed = (x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    assert enclosed == pytest.approx(shape.area, rel=1e-6)
    length = np.linalg.norm(np.diff(outline, axis=0), axis=1).sum()
    assert length == pytest.approx(shape.perimeter, rel=1e-6)
    # Isoperimetric: no boundary is shorter than the disc's.
    assert shape.perimeter**2 >= 4 * math.pi * shape.area * (1 - 1e-12)


@always
@given(shape=shapes)
def test_random_points_measure_area_and_centroid(shape: Shape) -> None:
    grid = shape.draw(80)
    low, high = shape.outline().min(axis=0), shape.outline().max(axis=0)
    cell = (high - low).max() / 80
    assert grid.sum() * cell**2 == pytest.approx(shape.area, abs=0.5 * shape.perimeter * cell)
    cells = np.argwhere(grid)  # (x, y)
    middle = (low + high) / 2 + (cells + 0.5 - 40).mean(axis=0) * cell
    np.testing.assert_allclose(middle, shape.centroid, atol=2 * cell)


@always
@given(shape=shapes, angle=st.floats(0, 7), mirror=st.sampled_from([1, -1]))
def test_turning_changes_nothing_that_is_heard(shape: Shape, angle: float, mirror: int) -> None:
    if not isinstance(shape, Polygon):
        return
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    turn *= ((mirror,), (1,))
    other = Polygon(shape.vertices @ turn)
    assert weylCondition(shape, other)
    assert other.convex == shape.convex
    np.testing.assert_allclose(other.centroid, shape.centroid @ turn, atol=1e-12)
    points = about(shape)
    np.testing.assert_allclose(other.depth(points @ turn), shape.depth(points), atol=1e-12)


@always
@given(shape=shapes)
def test_walls_and_corners_make_the_boundary(shape: Shape) -> None:
    walls, corners = shape.walls(), shape.corners()
    assert len(walls) == len(corners)
    if not len(walls):
        return
    assert np.array_equal(walls[:, 1], np.roll(walls[:, 0], -1, axis=0))
    lengths = np.linalg.norm(walls[:, 1] - walls[:, 0], axis=1)
    assert lengths.sum() == pytest.approx(shape.perimeter)
    assert corners.sum() == pytest.approx((len(corners) - 2) * math.pi)
    # The inside lies left of each wall.
    along = (walls[:, 1] - walls[:, 0]) / lengths[:, None]
    inwards = np.column_stack([-along[:, 1], along[:, 0]])
    beside = walls.mean(axis=1) + 1e-7 * inwards
    assert np.all(shape.isPointInside(beside))
    assert not np.any(shape.isPointInside(beside - 2e-7 * inwards))
