import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.sparse import csc_array, diags, kronsum
from scipy.sparse.linalg import eigsh
from scipy.special import jn_zeros, jv

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
from kac_prediction.physics import drum_grid, eigenfrequencies, modes, rectangularSeries

pytestmark = pytest.mark.slow

L_SHAPE = Polygon([(0, 0), (0, 1), (-1, 1), (-1, -1), (1, -1), (1, 0)])
# Driscoll, SIAM Review 39 (1997), four times: there the drum is twice as long.
PAIR = 4 * np.array(
    [
        2.53794399980,
        3.65550971352,
        5.17555935622,
        6.53755744376,
        7.24807786256,
        9.20929499840,
        10.5969856913,
        11.5413953956,
        12.3370055014,
        13.0536540557,
    ]
)


def eigenvalues(shape: Shape, n: int) -> np.ndarray:
    """The lowest n eigenvalues of the shape as large as it is."""
    return eigenfrequencies(shape, n, math.sqrt(shape.area), 2 * math.pi) ** 2


def of_disc(n: int) -> np.ndarray:
    """Eigenvalues of the disc of radius 1."""
    zeros = [np.repeat(jn_zeros(m, 12), 1 if m == 0 else 2) for m in range(30)]
    return np.sort(np.concatenate(zeros))[:n] ** 2


def of_rectangle(epsilon: float, n: int) -> np.ndarray:
    """Eigenvalues of the rectangle of unit area."""
    p, q = np.mgrid[1:40, 1:40]
    return np.sort((np.pi**2 * (p**2 / epsilon + q**2 * epsilon)).ravel())[:n]


def of_triangle(n: int) -> np.ndarray:
    """Eigenvalues of the equilateral triangle of unit area."""
    p, q = np.mgrid[1:40, 1:40]
    return np.sort((4 * np.pi**2 / 3**1.5 * (p**2 + p * q + q**2)).ravel())[:n]


class Sector(Shape):
    """A slice of the disc of radius 1: two straight walls, an arc and a corner of any angle."""

    def __init__(self, angle: float, *, named_walls: bool) -> None:
        self.angle, self.named_walls, self.size = angle, named_walls, 1.0

    @property
    def perimeter(self) -> float:
        return (2 + self.angle) * self.size

    @property
    def labels(self) -> dict[str, list[float | int]]:
        return {"angle": [self.angle]}

    def outline(self, points: int = 256) -> np.ndarray:
        # Counted so that no point of the arc but its ends lies on a wall.
        angles = np.linspace(0, self.angle, points - 1)
        arc = np.column_stack([np.cos(angles), np.sin(angles)])
        return self.size * np.vstack([[(0, 0)], arc, [(0, 0)]])

    def walls(self) -> np.ndarray:
        if not self.named_walls:
            return super().walls()
        end = (math.cos(self.angle), math.sin(self.angle))
        return self.size * np.array([[end, (0, 0)], [(0, 0), (1, 0)]])

    def _area(self) -> float:
        return self.angle / 2 * self.size**2

    def _scale(self, factor: float) -> None:
        self.size *= factor

    def _not_asked_for(self, *_: object) -> None:
        raise NotImplementedError

    _centroid = _contains = _depth = _move = _not_asked_for


def of_sector(angle: float, n: int) -> np.ndarray:
    """Eigenvalues of a slice: squares of the zeros of J_(k pi/angle), k from 1."""
    x = np.linspace(0.1, 40, 4000)
    zeros = []
    for order in np.pi / angle * np.arange(1, 40):
        signs = np.sign(jv(order, x))
        for i in np.flatnonzero((signs[1:] != signs[:-1]) & (signs[:-1] != 0)):
            zeros.append(brentq(lambda z, order=order: jv(order, z), x[i], x[i + 1], xtol=1e-13))
    return np.sort(zeros)[:n] ** 2


@pytest.mark.parametrize(
    ("shape", "exact"),
    [
        (Circle(1.0), of_disc(30)),
        (UnitRectangle(1.0), of_rectangle(1.0, 30)),
        (UnitRectangle(3.7), of_rectangle(3.7, 30)),
    ],
)
def test_thirty_closed_forms(shape: Shape, exact: np.ndarray) -> None:
    np.testing.assert_allclose(eigenvalues(shape, 30), exact, rtol=1e-6)
    np.testing.assert_allclose(eigenvalues(shape, 10), exact[:10], rtol=1e-6)
    assert eigenvalues(shape, 1) == pytest.approx(exact[:1], rel=1e-6)


def test_equilateral_triangle() -> None:
    triangle = RegularPolygon(3)
    triangle.area = 1.0
    np.testing.assert_allclose(eigenvalues(triangle, 30), of_triangle(30), rtol=1e-6)


def test_half_a_square() -> None:
    # Its modes are those of the square that change sign in the diagonal.
    p, q = np.mgrid[1:40, 1:40]
    exact = np.sort((np.pi**2 * (p**2 + q**2))[p > q])[:20]
    half = Polygon([(3, 2), (4, 2), (3, 3)])
    np.testing.assert_allclose(eigenvalues(half, 20), exact, rtol=1e-6)


def test_faber_and_krahn_order() -> None:
    # Of all drums of one size the round one is deepest; f L / c.
    shapes = [Circle(0.3), UnitRectangle(1.0), RegularPolygon(3)]
    deepest = [eigenfrequencies(shape, 1, 0.5, 0.5)[0] for shape in shapes]
    np.testing.assert_allclose(deepest, [0.678389, 0.707107, 0.759836], atol=5e-7)
    squares = (2 * np.pi * np.array(deepest)) ** 2
    np.testing.assert_allclose(squares, [18.1684145, 19.7392088, 22.7928750], rtol=1e-7, atol=1e-6)


def test_ellipse() -> None:
    exact = [3.566726599853406, 6.275430620157517, 10.028401620452271]
    np.testing.assert_allclose(eigenvalues(Ellipse(2.0, 1.0), 10)[:3], exact, rtol=1e-7)


@pytest.mark.parametrize(
    ("corners", "first"),
    [(5, 6.02213793204), (6, 5.91741783161), (7, 5.86644931266), (8, 5.83849143359)],
)
def test_regular_polygons(corners: int, first: float) -> None:
    polygon = RegularPolygon(corners)
    polygon.area = math.pi
    assert eigenvalues(polygon, 3)[0] == pytest.approx(first, rel=1e-7)


def test_l_shape() -> None:
    # Betcke and Trefethen, SIAM Review 47 (2005).
    exact = [9.6397238440219, 15.1972519264543, 2 * np.pi**2, 29.5214811141148, 31.9126359571378]
    np.testing.assert_allclose(eigenvalues(L_SHAPE, 10)[:5], exact, rtol=5e-7)


def test_one_cannot_hear_the_shape_of_a_drum() -> None:
    one, other = (eigenvalues(shape, 12) for shape in isospectral_pair())
    np.testing.assert_allclose(one[:10], PAIR, rtol=1e-6)
    np.testing.assert_allclose(other, one, rtol=1e-6)


def five_point(shape: Polygon, cells: int) -> csc_array:
    """The five-point operator with so many cells a unit, its nodes on the corners."""
    sides = np.rint(shape.vertices.max(axis=0) * cells).astype(int) + 1
    x, y = np.meshgrid(*(np.arange(side) / cells for side in sides))
    live = np.flatnonzero(shape.depth(np.column_stack([x.ravel(), y.ravel()])) > 1e-9)
    along, up = (diags([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(s, s)) for s in sides)
    operator = kronsum(along, up, format="csc") * cells**2
    return operator[live][:, live].tocsc()


def test_nor_on_a_grid() -> None:
    spectra = []
    for cells in (8, 16, 32):
        pair = [
            np.sort(eigsh(five_point(shape, cells), 10, sigma=0)[0]) for shape in isospectral_pair()
        ]
        np.testing.assert_allclose(*pair, rtol=1e-9)
        spectra.append(pair[0])
    # The corners of 3/2 pi cost h^(4/3), everything else h^2.
    for power in (4 / 3, 2):
        spectra = [b + (b - a) / (2**power - 1) for a, b in pairwise(spectra)]
    np.testing.assert_allclose(spectra[0], PAIR, rtol=1e-3)


@pytest.mark.parametrize("angle", [0.5, np.pi, 1.5 * np.pi, 1.9 * np.pi])
@pytest.mark.parametrize("named_walls", [True, False])
def test_a_shape_of_ones_own(angle: float, named_walls: bool) -> None:
    sector = Sector(angle, named_walls=named_walls)
    np.testing.assert_allclose(eigenvalues(sector, 12), of_sector(angle, 12), rtol=2e-6)


def test_an_outline_may_run_clockwise_and_pause() -> None:
    class Backwards(Circle):
        def outline(self, points: int = 256) -> np.ndarray:
            return np.repeat(super().outline(points)[::-1], 2, axis=0)

    np.testing.assert_allclose(
        eigenfrequencies(Backwards(2.0), 5), eigenfrequencies(Circle(1.0), 5), rtol=1e-9
    )


def test_weyl() -> None:
    # N(x) = A x/(4 pi) - P sqrt(x)/(4 pi) + C on average: 1/6 for smooth, a sum for corners.
    n = np.arange(1, 121) - 0.5
    for shape, constant in [
        (Ellipse(1.5, 1.0), 1 / 6),
        (L_SHAPE, 5 * 0.75 / 12 + (1 - 2.25) / 36),
    ]:
        x = eigenvalues(shape, 120)
        law = (shape.area * x - shape.perimeter * np.sqrt(x)) / (4 * np.pi) + constant
        assert abs(np.mean((n - law)[20:])) < 0.3
        assert np.abs(n - law).max() < 5


def test_a_larger_drum_is_deeper() -> None:
    f = eigenfrequencies(L_SHAPE, 4)
    np.testing.assert_allclose(eigenfrequencies(L_SHAPE, 4, 0.25, 30.0), f * 4 * 0.3, rtol=1e-12)
    # Inclusion: circle in square in circle.
    drums = [Circle(1.0), Polygon([(-1, -1), (1, -1), (1, 1), (-1, 1)]), Circle(math.sqrt(2))]
    spectra = [eigenvalues(drum, 10) for drum in drums]
    assert (spectra[0] > spectra[1]).all()
    assert (spectra[1] > spectra[2]).all()


def test_where_and_how_it_lies_does_not_matter() -> None:
    vertices = np.array([(0, 0), (3, 0.2), (2.5, 1.5), (1.2, 0.8), (0.1, 1.7)])
    f = eigenfrequencies(Polygon(vertices), 10)
    turn = np.array([[math.cos(1), math.sin(1)], [-math.sin(1), math.cos(1)]])
    for moved in (vertices @ turn, 30 * vertices + (500, -80), vertices[::-1] * (-1, 1)):
        np.testing.assert_allclose(eigenfrequencies(Polygon(moved), 10), f, rtol=1e-6)
    assert np.array_equal(eigenfrequencies(Polygon(vertices), 10), f)


def dividing(polygon: Polygon) -> Polygon:
    """The same polygon with a vertex more in the middle of each edge."""
    vertices = polygon.outline()[:-1]
    middles = (vertices + np.roll(vertices, -1, axis=0)) / 2
    return Polygon(np.stack([vertices, middles], axis=1).reshape(-1, 2))


def test_a_needle() -> None:
    # Its frequencies crowd: these lie within 1e-4 of each other.
    exact = np.sort(rectangularSeries(3, 50, 250.0).ravel())[:3] * 50
    np.testing.assert_allclose(eigenfrequencies(UnitRectangle(250.0), 3), exact, rtol=2e-6)


@pytest.mark.parametrize("solve", [eigenfrequencies, modes])
def test_what_is_too_thin_or_too_much_is_refused_at_once(solve) -> None:
    for angle in (0.0, 0.7):
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        for width, times in ((1e-4, "200"), (1e-6, "2000"), (1e-12, r"2e\+06")):
            needle = Polygon(np.array([(0, 0), (1, 0), (1, width), (0, width)]) @ turn)
            with pytest.raises(ValueError, match=f"too thin, .* a boundary {times} times"):
                solve(needle, 3)
    with pytest.raises(ValueError, match=r"modes are too many.* triangles, at most"):
        solve(Circle(1.0), 10**6)


def test_more_modes_than_memory_are_refused() -> None:
    with pytest.raises(ValueError, match=r"1500 modes on \d+ nodes would take \d+\.?\d* GiB"):
        eigenfrequencies(UnitRectangle(1.0), 1500, 0.3, method="grid", sample_rate=240_000.0)


@pytest.mark.parametrize(
    "shape",
    [
        ConvexPolygon(10, rng=np.random.default_rng(0)),
        IrregularStar(9, rng=np.random.default_rng(1)),
        TravellingSalesmanPolygon(10, rng=np.random.default_rng(2)),
        RegularStar(7, 3),
        Polygon([(0, 0), (1, 0), (0.8, 0.03)]),
        Polygon([(0, 0), (1, 0), (1, 1), (0.501, 1), (0.5, 0.4), (0.499, 1), (0, 1)]),
    ],
    ids=lambda shape: type(shape).__name__,
)
def test_awkward_polygons(shape: Polygon) -> None:
    # Vertices that are no corners, and more modes asked for, give another mesh of the same drum.
    f = eigenfrequencies(shape, 8)
    assert (np.diff(f) > 0).all()
    np.testing.assert_allclose(eigenfrequencies(dividing(shape), 16)[:8], f, rtol=2e-6)


def test_two_rooms_and_a_passage() -> None:
    # Almost two unit squares: each mode nearly twice.
    rooms = [(0, 0), (1, 0), (1, 0.49), (1.2, 0.49), (1.2, 0), (2.2, 0), (2.2, 1), (1.2, 1)]
    drum = Polygon([*rooms, (1.2, 0.51), (1, 0.51), (1, 1), (0, 1)])
    np.testing.assert_allclose(eigenvalues(drum, 6), np.repeat([2, 5, 5], 2) * np.pi**2, rtol=2e-3)


@pytest.mark.parametrize(
    "shape",
    [Circle(1.0), UnitRectangle(2.0), RegularPolygon(3), L_SHAPE, isospectral_pair()[0]],
    ids=["circle", "rectangle", "triangle", "L", "pair"],
)
def test_the_grid_sounds_nearly_so(shape: Shape) -> None:
    f = eigenfrequencies(shape, 10, 0.3)
    np.testing.assert_allclose(eigenfrequencies(shape, 10, 0.3, method="grid"), f, rtol=5e-3)


def test_the_grid_sounds_as_the_scheme_steps() -> None:
    # A mode of the grid, stepped by the scheme, swings at the frequency given for it.
    shape, rate, c, size = Ellipse(1.3, 1.0), 8000.0, 100.0, 0.2
    shape.area = size**2
    step = (c / rate) ** 2 * drum_grid(shape, math.sqrt(2) * c / rate).laplacian().toarray()
    vectors = np.linalg.eigh(-step)[1]
    f = eigenfrequencies(Ellipse(1.3, 1.0), 6, size, c, method="grid", sample_rate=rate)
    for k in range(6):
        mode = vectors[:, k]
        both_neighbours_in_time = 2 * math.cos(2 * math.pi * f[k] / rate) * mode
        np.testing.assert_allclose(both_neighbours_in_time, 2 * mode + step @ mode, atol=1e-10)


@pytest.mark.parametrize(
    ("call", "error", "named"),
    [
        (lambda: eigenfrequencies(Circle(1.0), 0), ValueError, "n must.*0"),
        (lambda: eigenfrequencies(Circle(1.0), 2.5), TypeError, "whole number"),
        (lambda: eigenfrequencies(Circle(1.0), 2, 0.0), ValueError, "drum_size.*0"),
        (lambda: eigenfrequencies(Circle(1.0), 2, 1.0, -3.0), ValueError, "wave_speed.*-3"),
        (lambda: eigenfrequencies(Circle(1.0), 2, math.nan), ValueError, "drum_size.*nan"),
        (lambda: eigenfrequencies(Circle(1.0), 2, method="ear"), ValueError, "method.*'ear'"),
        (
            lambda: eigenfrequencies(Circle(1.0), 2, method="grid", sample_rate=math.inf),
            ValueError,
            "sample_rate.*inf",
        ),
        (
            lambda: eigenfrequencies(Circle(1.0), 200, 0.03, method="grid"),
            ValueError,
            "no 200 modes",
        ),
    ],
)
def test_bad_input_is_named(call, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        call()


@pytest.mark.parametrize(
    ("outline", "named"),
    [
        ([(0, 0), (1, 1), (1, 0), (0, 1)], "meets itself"),
        ([(0, 0), (1, 1), (0, 0)], "at least 3"),
        ([(0, 0), (1, math.nan), (0, 1)], "finite"),
    ],
)
def test_an_unusable_outline_is_named(outline: list[tuple[float, float]], named: str) -> None:
    class Crooked(Circle):
        def outline(self, points: int = 256) -> np.ndarray:
            return np.array([*outline, outline[0]], dtype=np.float64)

    with pytest.raises(ValueError, match=named):
        eigenfrequencies(Crooked(1.0), 2)
