"""Outlines of polygons from the frequencies of their modes, and what is refused."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from kac_prediction.geometry import ConvexPolygon, Polygon
from kac_prediction.listening import refine_outline
from kac_prediction.listening.vertices import (
    ANGLES,
    drum_of,
    log_radii,
    log_size,
    radii_by_vertices,
    simplified,
    size_by_vertices,
)
from kac_prediction.physics import eigenfrequencies

Float64 = npt.NDArray[np.float64]


def drum(corners: int, size: float, seed: int) -> Polygon:
    """Return a convex drum of so many corners."""
    polygon = ConvexPolygon(corners, rng=np.random.default_rng(seed))
    polygon.area = size**2
    return polygon


def smooth(rng: np.random.Generator, sigma: float) -> Float64:
    """Return an error of log radii that is made of few waves."""
    orders = np.arange(2, 6)
    a, b = rng.normal(0, sigma, (2, 4, 1))
    waves = np.cos(orders[:, None] * ANGLES), np.sin(orders[:, None] * ANGLES)
    return np.asarray((a * waves[0] + b * waves[1]).sum(axis=0))


def overlap(one: Float64, other: Float64) -> float:
    """Return the intersection over the union of outlines of these log radii."""
    low, high = np.minimum(one, other), np.maximum(one, other)
    return float(np.exp(2 * low).sum() / np.exp(2 * high).sum())


@pytest.mark.parametrize("seed", [1, 2])
def test_an_outline_comes_nearer(seed: int) -> None:
    shape, rng = drum(5, 0.4, seed), np.random.default_rng(seed)
    truth = log_radii(shape.outline()[:-1])
    # Some modes are not heard, and the others are measured to 0.03 %.
    exact = np.delete(eigenfrequencies(shape, 32, 0.4), [4, 11, 12, 20])
    partials = exact * (1 + 3e-4 * rng.standard_normal(len(exact)))
    start = truth + smooth(rng, 0.04)
    fit = refine_outline(partials, 3e-4 * partials, start, 0.405, corners=(5,))
    assert fit.fits
    assert fit.misfit < 1e-3
    assert fit.assigned > 0.9
    assert fit.drum_size == pytest.approx(0.4, rel=2e-3)
    assert overlap(fit.log_radii, truth) > max(0.97, overlap(start, truth))
    assert fit.vertices.shape == (5, 2)
    assert (fit.radii_deviations < 0.06).all()
    assert np.exp(log_size(fit.vertices)) == pytest.approx(fit.drum_size)


def test_what_does_not_fit_leaves_the_outline() -> None:
    shape = drum(6, 1.0, 1)
    start = log_radii(shape.outline()[:-1])
    noise = np.sort(np.random.default_rng(2).uniform(80, 400, 30))
    fit = refine_outline(noise, 1e-3 * noise, start, 1.0, corners=(4,))
    assert not fit.fits
    np.testing.assert_allclose(fit.log_radii, start, atol=0.02)


def test_radii_of_a_square_and_of_what_is_not_seen() -> None:
    square = 3 + 2 * np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    radii = np.exp(log_radii(square))
    np.testing.assert_allclose(radii, 0.5 / np.abs([np.cos(ANGLES), np.sin(ANGLES)]).max(axis=0))
    assert float(log_size(square)) == pytest.approx(np.log(2))
    assert np.isnan(log_size(square[::-1]))
    batch = log_radii(np.stack([square, 2 * square]))
    np.testing.assert_allclose(batch, np.log([radii, radii]))


def test_derivatives_by_vertices() -> None:
    vertices = drum(6, 0.7, 4).outline()[:-1]
    step = 1e-5
    for k in range(vertices.size):
        moved = np.array([vertices, vertices])
        moved.reshape(2, -1)[:, k] += step, -step
        by_size = (log_size(moved[0]) - log_size(moved[1])) / (2 * step)
        assert size_by_vertices(vertices)[k] == pytest.approx(float(by_size), abs=1e-6)
        by_radii = (log_radii(moved[0]) - log_radii(moved[1])) / (2 * step)
        np.testing.assert_allclose(radii_by_vertices(vertices)[:, k], by_radii, atol=2e-3)


def test_simplified_outlines_keep_their_corners() -> None:
    vertices = drum(5, 1.0, 2).outline()[:-1]
    walls = np.linspace(vertices, np.roll(vertices, -1, axis=0), 4, endpoint=False)
    points = walls.transpose(1, 0, 2).reshape(-1, 2)
    np.testing.assert_allclose(simplified(points, 5), vertices)


def test_no_drum_is_narrower_than_can_be_told() -> None:
    vertices = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.5, 0.01], [0.0, 1.0]])
    assert drum_of(vertices) is None
    assert drum_of(vertices[[0, 2, 1, 4]]) is None
    assert drum_of(vertices[[0, 1, 2, 4]]) is not None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frequencies": [100.0] * 7, "deviations": [1.0] * 7}, "at least 8 partials, got 7"),
        ({"frequencies": [-1.0, *range(100, 109)]}, "frequencies must be above 0"),
        ({"deviations": [0.0] * 10}, "deviations must be above 0"),
        ({"deviations": [1.0] * 9}, "deviations must be finite numbers of shape"),
        ({"outline": [0.0] * 63}, "outline must be finite numbers of shape"),
        ({"outline": [np.nan] * 64}, "outline must be finite"),
        ({"covariance": np.eye(63)}, "covariance must be finite numbers of shape"),
        ({"drum_size": 0.0}, "drum_size must be above 0"),
        ({"size_spread": -1.0}, "size_spread must be above 0"),
        ({"wave_speed": 0.0}, "wave_speed must be above 0"),
        ({"family": "disc"}, "family"),
        ({"corners": (5, 2)}, "corners must be at least 3, got 2"),
    ],
)
def test_what_is_refused(changes: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {
        "frequencies": np.linspace(100, 300, 10),
        "deviations": np.ones(10),
        "outline": np.zeros(64),
        "drum_size": 0.5,
    }
    with pytest.raises(ValueError, match=message):
        refine_outline(**arguments | changes)
