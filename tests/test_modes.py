import math
import pickle

import numpy as np
import pytest
from scipy.special import jn_zeros, jv
from threadpoolctl import threadpool_limits

from kac_prediction.geometry import (
    Circle,
    ConvexPolygon,
    Ellipse,
    IrregularStar,
    Polygon,
    RegularPolygon,
    RegularStar,
    Shape,
    TravellingSalesmanPolygon,
    UnitRectangle,
    isospectral_pair,
)
from kac_prediction.physics import (
    eigenfrequencies,
    equilateralTriangleAmplitudes,
    equilateralTriangleSeries,
    modes,
)

pytestmark = pytest.mark.slow

L_SHAPE = Polygon([(0, 0), (0, 1), (-1, 1), (-1, -1), (1, -1), (1, 0)])
WHOLE = np.arange(1, 40)


def inside(shape: Shape, count: int = 20000) -> np.ndarray:
    """Points uniform over a shape."""
    outline = shape.outline(512)
    low, high = outline.min(axis=0), outline.max(axis=0)
    points = low + (high - low) * np.random.default_rng(7).random((count, 2))
    return points[shape.isPointInside(points)]


def of_circle(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Eigenvalues at unit area, ascending, each once, with their m and their zero."""
    m = np.repeat(np.arange(30), 12)
    zeros = np.array([jn_zeros(order, 12) for order in range(30)]).ravel()
    order = np.argsort(zeros)[:n]
    return np.pi * zeros[order] ** 2, m[order], zeros[order]


@pytest.mark.parametrize("n", [1, 3, 20, 60, 200])
@pytest.mark.parametrize(
    ("shape", "exact"),
    [
        (Circle(0.3), np.repeat(of_circle(200)[0], np.where(of_circle(200)[1] > 0, 2, 1))),
        (UnitRectangle(1.0), np.pi**2 * np.add.outer(WHOLE**2, WHOLE**2).ravel()),
        (UnitRectangle(3.7), np.pi**2 * np.add.outer(WHOLE**2 / 3.7, WHOLE**2 * 3.7).ravel()),
        (
            RegularPolygon(3),
            4
            * np.pi**2
            / 3**1.5
            * (WHOLE[:, None] ** 2 + np.outer(WHOLE, WHOLE) + WHOLE**2).ravel(),
        ),
    ],
    ids=["circle", "square", "rectangle", "triangle"],
)
def test_frequencies_of_closed_form(shape: Shape, exact: np.ndarray, n: int) -> None:
    found = modes(shape, n)
    assert len(found) == n
    assert (np.diff(found.eigenvalues) >= 0).all()
    exact = np.sort(exact)[:n]
    # Elements are stiffer than what they stand for: from above, but for rounding.
    assert (found.eigenvalues > exact * (1 - 1e-7)).all()
    np.testing.assert_allclose(found.eigenvalues, exact, rtol=1e-3)
    np.testing.assert_allclose(found.eigenvalues[: n // 10], exact[: n // 10], rtol=6e-5)


@pytest.mark.parametrize(
    "shape",
    [
        *(ConvexPolygon(rng=np.random.default_rng(seed)) for seed in range(2)),
        Ellipse(4.0, 1.0),
        L_SHAPE,
        IrregularStar(9, rng=np.random.default_rng(1)),
        TravellingSalesmanPolygon(10, rng=np.random.default_rng(2)),
        RegularStar(5, 2),
        Polygon([(0, 0), (1, 0), (0.8, 0.03)]),
        Polygon([(0, 0), (1, 0), (1, 1), (0.501, 1), (0.5, 0.4), (0.499, 1), (0, 1)]),
    ],
    ids=lambda shape: type(shape).__name__,
)
def test_sixty_frequencies_of_any_shape(shape: Shape) -> None:
    fine = eigenfrequencies(shape, 60, 0.4, 130.0)
    np.testing.assert_allclose(modes(shape, 60).frequencies(0.4, 130.0), fine, rtol=5e-4)


def test_one_cannot_hear_the_shape_of_a_drum() -> None:
    one, other = (modes(shape, 60).eigenvalues for shape in isospectral_pair())
    np.testing.assert_allclose(one, other, rtol=8e-4)
    np.testing.assert_allclose(one[:20], other[:20], rtol=2e-4)


def test_a_larger_drum_is_deeper() -> None:
    drums = [Circle(1.0), Polygon([(-1, -1), (1, -1), (1, 1), (-1, 1)]), Circle(math.sqrt(2))]
    spectra = [modes(drum, 10).eigenvalues / drum.area for drum in drums]
    assert (spectra[0] > spectra[1]).all()
    assert (spectra[1] > spectra[2]).all()


@pytest.mark.parametrize(
    "shape",
    [Ellipse(1.6, 1.0), L_SHAPE, ConvexPolygon(rng=np.random.default_rng(5))],
    ids=lambda shape: type(shape).__name__,
)
def test_eigenfunctions_are_orthonormal(shape: Shape) -> None:
    # The midpoint rule on a grid of which the drum takes a part: as fine as its boundary allows.
    outline = shape.outline(2048)
    low, high = outline.min(axis=0), outline.max(axis=0)
    step = math.sqrt(shape.area / 40000)
    x, y = np.meshgrid(*(np.arange(a + step / 2, b, step) for a, b in zip(low, high, strict=True)))
    values = modes(shape, 40)(np.column_stack([x.ravel(), y.ravel()]))
    means = values.T @ values * step**2 / shape.area
    np.testing.assert_allclose(means, np.eye(40), atol=2e-3)


def test_they_solve_helmholtz_equation() -> None:
    # Of its solutions the mean over a circle is J_0(sqrt(lambda) r) times what is in the middle.
    shape = IrregularStar(7, rng=np.random.default_rng(3))
    shape.area = 1.0
    found, points, r = modes(shape, 60), inside(shape, 400), 0.05
    points = points[shape.depth(points) > r]
    angles = 2 * np.pi * np.arange(64) / 64
    circle = r * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    means = (
        found((points[:, None] + circle).reshape(-1, 2)).reshape(len(points), 64, -1).mean(axis=1)
    )
    expected = jv(0, np.sqrt(found.eigenvalues) * r) * found(points)
    np.testing.assert_allclose(means[:, :20], expected[:, :20], atol=5e-3)
    np.testing.assert_allclose(means, expected, atol=0.06)


def test_eigenfunctions_of_a_square() -> None:
    square = UnitRectangle(1.0)
    corner, points = square.outline().min(axis=0), inside(square, 500)
    x, y = (points - corner).T
    found = modes(square, 60)(points)
    alone = {(1, 1): 0, (2, 2): 3, (3, 3): 10}
    for (p, q), k in alone.items():
        exact = 2 * np.sin(p * np.pi * x) * np.sin(q * np.pi * y)
        assert min(np.abs(found[:, k] - exact).max(), np.abs(found[:, k] + exact).max()) < 1e-3
    # A pair spans what both span: of (1, 2) and (2, 1).
    pair = [2 * np.sin(p * np.pi * x) * np.sin((3 - p) * np.pi * y) for p in (1, 2)]
    exact = sum(np.outer(phi, phi) for phi in pair)
    np.testing.assert_allclose(found[:, 1:3] @ found[:, 1:3].T, exact, atol=1e-3)


def test_eigenfunctions_of_a_disc_of_any_size_anywhere() -> None:
    disc = Circle(3.0)
    disc.centroid = (50.0, -20.0)
    points = inside(disc, 300)
    x, y = ((points - disc.centroid) / 3.0).T
    r, angle = np.hypot(x, y), np.arctan2(y, x)
    values, k = modes(disc, 100)(points), 0
    for _, m, zero in zip(*of_circle(15), strict=True):
        count = 1 if m == 0 else 2
        radial = jv(m, zero * r) / jv(m + 1, zero)
        exact = count * np.outer(radial, radial) * np.cos(m * (angle[:, None] - angle))
        some = values[:, k : k + count]
        np.testing.assert_allclose(some @ some.T, exact, atol=1e-2)
        k += count


def test_eigenfunctions_of_a_triangle() -> None:
    triangle, struck, heard = RegularPolygon(3), (0.41, 0.36, 0.23), (0.64, 0.225, 0.135)
    first, second = (equilateralTriangleAmplitudes(*point, 9, 9) for point in (struck, heard))
    order = np.argsort(equilateralTriangleSeries(9, 9), axis=None)
    order = order[np.less_equal(*np.divmod(order, 9))][:12]  # (m, n) and (n, m) once
    exact = (first * second).sum(axis=0).ravel()[order]
    corners = triangle.outline()[:3]
    values = np.prod(modes(triangle, 60)(np.array([struck, heard]) @ corners), axis=0)
    counts = np.where(np.equal(*np.divmod(order, 9)), 1, 2)
    sums = np.add.reduceat(values[: counts.sum()], np.cumsum(counts) - counts)
    np.testing.assert_allclose(sums, exact, atol=2e-3)


@pytest.mark.parametrize("shape", [Circle(1.0), L_SHAPE, RegularPolygon(5)])
def test_outside_is_at_rest(shape: Shape) -> None:
    found, outline = modes(shape, 20), shape.outline(200)
    beyond = outline + 0.01 * (outline - shape.centroid)
    assert not found(beyond[shape.depth(beyond) < -1e-6]).any()
    assert not found([(7.0, 7.0)]).any()
    assert np.abs(found(outline)).max() < 1e-3
    assert found(np.empty((0, 2))).shape == (0, 20)


def test_a_wide_strike_is_a_mean() -> None:
    shape, width, point = Ellipse(1.3, 1.0), 0.4, np.array([0.2, 0.1])
    found = modes(shape, 60)
    r = width / 2 * (np.arange(100) + 0.5) / 100
    angles = 2 * np.pi * np.arange(100) / 100
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    weights = np.repeat((1 + np.cos(2 * np.pi * r / width)) * r, 100)
    around = found((point + r[:, None, None] * ways).reshape(-1, 2))
    mean = weights @ around / weights.sum()
    np.testing.assert_allclose(found([point], width)[0, :20], mean[:20], atol=2e-3)
    assert np.abs(found([point])[0] - mean).max() > 0.1
    assert np.array_equal(found([point], 0.0), found([point]))


def test_bits_are_the_same_again() -> None:
    # Neither the threads of the linear algebra nor what was asked before matters.
    shape = ConvexPolygon(rng=np.random.default_rng(11))
    points, first = inside(shape, 300), modes(shape, 60)
    for threads in (1, 2):
        with threadpool_limits(threads):
            again = modes(shape, 60)
        assert np.array_equal(again.eigenvalues, first.eigenvalues)
        assert np.array_equal(again(points), first(points))
    copy = pickle.loads(pickle.dumps(first))
    assert np.array_equal(copy(points), first(points))


def test_signs_do_not_depend_on_how_many_are_asked_for() -> None:
    shape = ConvexPolygon(rng=np.random.default_rng(12))
    points = inside(shape, 300)
    some, more = modes(shape, 10)(points), modes(shape, 30)(points)[:, :10]
    np.testing.assert_allclose(some, more, atol=0.05)


def test_where_it_lies_and_how_large_it_is_do_not_matter() -> None:
    vertices = np.array([(0, 0), (3, 0.2), (2.5, 1.5), (1.2, 0.8), (0.1, 1.7)])
    points = np.array([(0.5, 0.5), (2.2, 0.9)])
    one, other = modes(Polygon(vertices), 20), modes(Polygon(7 * vertices + (50, -8)), 20)
    np.testing.assert_allclose(other.eigenvalues, one.eigenvalues, rtol=1e-6)
    np.testing.assert_allclose(other(7 * points + (50, -8)), one(points), atol=1e-5)


@pytest.mark.parametrize(
    ("call", "error", "named"),
    [
        (lambda: modes("Circle", 3), TypeError, "shape must be a shape.*'Circle'"),
        (lambda: modes(Circle(1.0), 0), ValueError, "n must.*0"),
        (lambda: modes(Circle(1.0), 2.5), TypeError, "n must be a whole number.*2.5"),
        (lambda: modes(Circle(1.0), 3)((0.1, 0.1)), ValueError, r"points.*shape \(n, 2\)"),
        (lambda: modes(Circle(1.0), 3)([(0.1, math.nan)]), ValueError, "points.*finite"),
        (lambda: modes(Circle(1.0), 3)([(0.1, 0.1)], -1.0), ValueError, "width.*-1"),
        (lambda: modes(Circle(1.0), 3).frequencies(0.0), ValueError, "drum_size.*0"),
        (lambda: modes(Circle(1.0), 3).frequencies(1.0, math.inf), ValueError, "wave_speed.*inf"),
    ],
)
def test_bad_input_is_named(call, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        call()
