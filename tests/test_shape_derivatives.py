"""How frequencies change with the boundary, against closed forms and differences."""

import numpy as np
import numpy.typing as npt
import pytest

from kac_prediction.geometry import (
    Circle,
    ConvexPolygon,
    Ellipse,
    IrregularStar,
    Polygon,
    Shape,
    UnitRectangle,
)
from kac_prediction.physics import eigenfrequencies, modes

Float64 = npt.NDArray[np.float64]
SHAPES = [
    Circle(0.3),
    Ellipse(2.0, 1.0),
    UnitRectangle(1.7),
    ConvexPolygon(6, rng=np.random.default_rng(1)),
    IrregularStar(7, rng=np.random.default_rng(2)),
]


def of_corner(vertices: Float64, corner: int) -> Float64:
    """Return how frequencies change as a corner moves by x and by y, by differences."""
    step, ways = 1e-3, []
    for axis in np.eye(2):
        logs = []
        for sign in (1, -1):
            moved = vertices.copy()
            moved[corner] += sign * step * axis
            shape = Polygon(moved)
            logs.append(np.log(eigenfrequencies(shape, 10) / np.sqrt(shape.area)))
        ways.append((logs[0] - logs[1]) / (2 * step))
    return np.stack(ways, axis=1)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_frequencies_fall_as_a_drum_grows_and_stay_as_it_moves(shape: Shape) -> None:
    shape.centroid = (3.0, -2.0)

    def displacements(points: Float64) -> Float64:
        ways = np.broadcast_to(np.eye(2), (len(points), 2, 2))
        return np.concatenate([(points - shape.centroid)[..., None], ways], axis=2)

    by_growth, *by_move = modes(shape, 30).derivatives(displacements).T
    np.testing.assert_allclose(by_growth, -1, atol=0.02)
    np.testing.assert_allclose(by_move, 0, atol=0.1 / np.sqrt(shape.area))


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: type(shape).__name__)
def test_all_log_radii_together_scale_a_drum(shape: Shape) -> None:
    shape.centroid = (-1.0, 0.5)
    found = modes(shape, 24)
    lone = np.r_[True, np.diff(found.eigenvalues) > 1e-3 * found.eigenvalues[1:]]
    lone &= np.r_[lone[1:], False]
    np.testing.assert_allclose(found.outline_derivatives()[lone].sum(axis=1), -1, atol=0.02)
    assert found.outline_derivatives(12).shape == (24, 12)


def test_a_circle_bent_to_an_ellipse_parts_one_pair() -> None:
    # Of r = 1 + e cos(2 t), the modes J_1(k r) cos(t) and sin(t) change by -1/2 and 1/2.
    def displacements(points: Float64) -> Float64:
        x, y = points.T
        return np.asarray((points * (x * x - y * y)[:, None])[..., None])

    changes = modes(Circle(1.0), 10).derivatives(displacements)[:, 0]
    expected = [0, -0.5, 0.5, 0, 0, 0, 0, 0, -0.5, 0.5]
    np.testing.assert_allclose(changes, expected, atol=0.01)


def test_log_radii_of_a_circle_weigh_alike_in_its_lowest_mode() -> None:
    np.testing.assert_allclose(modes(Circle(2.0), 1).outline_derivatives()[0], -1 / 64, rtol=0.03)


def test_a_rectangle_that_widens() -> None:
    # f = sqrt(m^2 / a^2 + n^2 / b^2) / 2, and a grows.
    shape = UnitRectangle(1.5)
    m, n = np.indices((12, 12)).reshape(2, -1) + 1
    wide, high = m**2 / 1.5, n**2 * 1.5
    order = np.argsort(wide + high)[:24]
    found = modes(shape, 24).derivatives(lambda points: (points * [1.0, 0.0])[..., None])
    np.testing.assert_allclose(found[:, 0], -(wide / (wide + high))[order], atol=0.03)


@pytest.mark.parametrize("shape", SHAPES[3:], ids=lambda shape: type(shape).__name__)
def test_a_corner_that_moves(shape: Shape) -> None:
    shape.area, shape.centroid = 1.0, (0.0, 0.0)
    vertices = np.array(shape.outline()[:-1])
    start, end = vertices[0], vertices[[-1, 1]]

    def displacements(points: Float64) -> Float64:
        # How near a point of either wall is to their corner.
        ways = end - start
        along = ((points[:, None] - start) * ways).sum(axis=2) / (ways**2).sum(axis=1)
        aside = (points[:, None] - start) @ np.array([[0.0, -1.0], [1.0, 0.0]])
        off = np.abs((aside * ways).sum(axis=2)) / np.hypot(*ways.T)
        on = (off < 1e-9) & (along > -1e-9) & (along < 1 + 1e-9)
        share = np.where(on, 1 - along, 0).max(axis=1)
        return np.asarray(share[:, None, None] * np.eye(2))

    found = modes(shape, 24).derivatives(displacements)[:10]
    expected = of_corner(vertices, 0)
    np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())


def test_an_ellipse_that_is_drawn_out() -> None:
    step, (major, minor) = 1e-3, (1.4, 1.0)
    angles = 2 * np.pi * np.arange(64) / 64

    def log_radii(ratio: float) -> Float64:
        x, y = np.cos(angles) / major / ratio, np.sin(angles) / minor
        return np.asarray(-np.log(np.hypot(x, y)))

    by_radii = (log_radii(1 + step) - log_radii(1 - step)) / (2 * step)
    found = modes(Ellipse(major, minor), 24).outline_derivatives()[:10] @ by_radii
    logs = []
    for ratio in (1 + step, 1 - step):
        shape = Ellipse(major * ratio, minor)
        logs.append(np.log(eigenfrequencies(shape, 10) / np.sqrt(shape.area)))
    np.testing.assert_allclose(found, (logs[0] - logs[1]) / (2 * step), atol=0.005)


def test_what_is_refused() -> None:
    found = modes(Circle(1.0), 3)
    with pytest.raises(ValueError, match="displacements must give finite numbers of shape"):
        found.derivatives(lambda points: points)
    with pytest.raises(ValueError, match="got shape"):
        found.derivatives(lambda points: np.full((*points.shape, 1), np.nan))
    with pytest.raises(ValueError, match="angles"):
        found.outline_derivatives(2)
