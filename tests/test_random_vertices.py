"""Vertices of random polygons: their distribution, and which make a drum."""

import numpy as np

from kac_prediction.geometry.random_polygons import ConvexPolygon, is_a_drum


def test_convex_ones_are_drawn_from_the_unit_square() -> None:
    rng = np.random.default_rng(4)
    polygons = np.array([ConvexPolygon._draw(6, rng) for _ in range(4000)])
    sizes = np.ptp(polygons, axis=1)
    # Six uniform numbers reach over a length distributed as Beta(5, 2).
    np.testing.assert_allclose(sizes.mean(axis=0), 5 / 7, atol=0.01)
    np.testing.assert_allclose(sizes.std(axis=0), np.sqrt(5 / 196), atol=0.006)
    assert sizes.max() < 1
    # No diagonal is preferred: x and y were paired at random.
    steps = np.diff(polygons, axis=1, append=polygons[:, :1])
    assert abs(steps.prod(axis=2).sum(axis=1).mean()) < 0.01


def test_what_is_no_drum() -> None:
    assert is_a_drum(np.array([(0, 0), (1, 0), (0, 1.0)]))
    # Too narrow, a sliver, two vertices nearly one, a neck that all but closes, a crossing.
    assert is_a_drum(np.array([(0, 0), (1, 0), (1, 0.05), (0, 0.05)]))
    assert not is_a_drum(np.array([(0, 0), (1, 0), (1, 0.02), (0, 0.02)]))
    assert not is_a_drum(np.array([(0, 0), (1, 0), (0.5, 0.02)]))
    assert not is_a_drum(np.array([(0, 0), (1, 0), (1, 1e-4), (0, 1)]))
    neck = [(0, 0), (1, 0), (0.5, 0.4999), (1, 1), (0, 1), (0.4999, 0.5)]
    assert not is_a_drum(np.array(neck))
    assert not is_a_drum(np.array([(0, 0), (1, 1), (1, 0), (0, 1.0)]))
