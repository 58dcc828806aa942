"""Fans of a few elements against formulas, finer elements and identities of their derivatives."""

import numpy as np
import pytest

from kac_prediction.geometry import ConvexPolygon, IrregularStar, Polygon
from kac_prediction.listening.fan_elements import fan_degree, fan_eigenvalues
from kac_prediction.physics import modes

SQUARE = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])


def test_a_square() -> None:
    found = fan_eigenvalues(SQUARE, np.array([1.0, 1.1]), 10, 10)
    assert found is not None
    orders = np.arange(1, 8) ** 2
    exact = np.sort((np.pi / 2) ** 2 * np.add.outer(orders, orders).ravel())[:10]
    np.testing.assert_allclose(found[0], exact, rtol=1e-4)
    assert (found[0] > exact * (1 - 1e-10)).all()


@pytest.mark.parametrize(("kind", "tolerance"), [(ConvexPolygon, 2e-4), (IrregularStar, 2e-3)])
def test_frequencies_of_refined_elements(kind: type[Polygon], tolerance: float) -> None:
    shape = kind(7, rng=np.random.default_rng(1))
    found = fan_eigenvalues(shape.vertices, np.array(shape.centroid), 20, fan_degree(7, 500))
    assert found is not None
    exact = modes(shape, 20).eigenvalues / shape.area
    np.testing.assert_allclose(np.sqrt(found[0]), np.sqrt(exact), rtol=tolerance)


def test_derivatives() -> None:
    shape = ConvexPolygon(6, rng=np.random.default_rng(3))
    vertices, centre, step = shape.vertices, np.array(shape.centroid), 1e-5
    found = fan_eigenvalues(vertices, centre, 8, 8)
    assert found is not None
    values, slopes = found
    # Twice the size, a quarter of the eigenvalues.
    by_size = (slopes * (vertices - centre)).sum(axis=(1, 2))
    np.testing.assert_allclose(by_size, -2 * values, rtol=1e-9)
    for corner, axis in ((0, 0), (4, 1)):
        ends = []
        for way in (step, -step):
            moved = vertices.copy()
            moved[corner, axis] += way
            end = fan_eigenvalues(moved, centre, 8, 8)
            assert end is not None
            ends.append(end[0])
        difference = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(slopes[:, corner, axis], difference, rtol=1e-5, atol=1e-5)


def test_what_is_not_seen_from_the_centre() -> None:
    assert fan_eigenvalues(SQUARE, np.array([3.0, 1.0]), 5, 4) is None
