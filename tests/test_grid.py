import math

import numpy as np
import pytest
from scipy.sparse.linalg import LinearOperator, eigsh, splu
from scipy.special import jn_zeros

from every_shape import KINDS, drawn
from kac_prediction.geometry import (
    Circle,
    ConvexPolygon,
    Ellipse,
    IrregularStar,
    Polygon,
    RegularPolygon,
    RegularStar,
    Shape,
    UnitRectangle,
    isospectral_pair,
)
from kac_prediction.physics import DrumGrid, drum_grid, eigenfrequencies

pytestmark = pytest.mark.slow

RATE, SPEED = 48000, 100.0
STEP = math.sqrt(2) * SPEED / RATE
WHOLE = np.arange(1, 20)
DRISCOLL = 2.53794399980
"""Of the isospectral drums, twice as large."""


def series(shape: str) -> np.ndarray:
    """The first ten f L / c, in closed form."""
    m, n = WHOLE[:, None], WHOLE
    if shape == "circle":
        zeros = [np.repeat(jn_zeros(order, 5), 1 + (order > 0)) for order in range(9)]
        found = np.concatenate(zeros) / (2 * math.sqrt(math.pi))
    elif shape == "triangle":
        found = np.sqrt(m**2 + m * n + n**2) / 3**0.75
    else:
        aspect = float(shape)
        found = np.sqrt(m**2 / aspect + aspect * n**2) / 2
    return np.sort(found.ravel())[:10]


def made(shape: str) -> Shape:
    if shape == "circle":
        return Circle(1.0)
    return RegularPolygon(3) if shape == "triangle" else UnitRectangle(float(shape))


def sized(shape: Shape, size: float) -> Shape:
    shape.area = size**2
    shape.centroid = (0.0, 0.0)
    return shape


def turned(shape: Polygon, angle: float) -> Polygon:
    turn = [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    return Polygon(shape.vertices @ np.array(turn))


def eigenvalues(grid: DrumGrid, count: int = 10) -> np.ndarray:
    matrix = -grid.laplacian().tocsc()
    factors = splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    inverse = LinearOperator(matrix.shape, factors.solve, dtype=np.float64)
    return np.sort(eigsh(matrix, count, sigma=0, OPinv=inverse, return_eigenvectors=False))


def frequencies(grid: DrumGrid) -> np.ndarray:
    """What the leapfrog sounds: sin(omega k / 2) = (c k / 2) sqrt(lambda)."""
    half = SPEED / (2 * RATE) * np.sqrt(eigenvalues(grid))
    return RATE / np.pi * np.arcsin(half)


@pytest.mark.parametrize(
    ("shape", "size", "worst"),
    [
        ("circle", 0.1, 4e-3),
        ("circle", 0.2, 3e-3),
        ("circle", 0.3, 2e-3),
        ("circle", 0.5, 1e-3),
        ("1", 0.1, 4e-3),
        ("1", 0.2, 1e-3),
        ("1", 0.3, 5e-4),
        ("1", 0.5, 2e-4),
        ("2", 0.3, 5e-4),
        ("1.7", 0.3, 1e-3),
        ("triangle", 0.1, 4e-3),
        ("triangle", 0.2, 1e-3),
        ("triangle", 0.3, 5e-4),
        ("triangle", 0.5, 2e-4),
    ],
)
def test_first_ten_frequencies(shape: str, size: float, worst: float) -> None:
    grid = drum_grid(sized(made(shape), size), STEP)
    assert STEP <= grid.step <= 1.1 * STEP
    np.testing.assert_allclose(frequencies(grid) * size / SPEED, series(shape), rtol=worst)


@pytest.mark.parametrize("angle", [0.004, 0.03, 0.2, 0.4636476, 0.6, math.pi / 4])
@pytest.mark.parametrize("shape", ["1", "2", "triangle"])
def test_however_the_drum_is_turned(shape: str, angle: float) -> None:
    grid = drum_grid(sized(turned(made(shape), angle), 0.3), STEP)
    np.testing.assert_allclose(frequencies(grid) * 0.3 / SPEED, series(shape), rtol=2.5e-3)


@pytest.mark.parametrize(
    ("shape", "worst"),
    [
        (drawn(ConvexPolygon, 1), 1e-3),
        (drawn(ConvexPolygon, 2), 1e-3),
        (drawn(IrregularStar, 1), 3e-3),
        (RegularStar(7, 3), 6e-3),
    ],
    ids=["convex", "also-convex", "irregular-star", "sharp-star"],
)
def test_polygons_against_finite_elements(shape: Polygon, worst: float) -> None:
    exact = eigenfrequencies(shape, 10, drum_size=0.3, wave_speed=SPEED)
    found = frequencies(drum_grid(sized(shape, 0.3), STEP))
    np.testing.assert_allclose(found, exact, rtol=worst)


def test_an_ellipse() -> None:
    known = [3.566726599853406, 6.275430620157517, 10.028401620452271]
    shape = Ellipse(2.0, 1.0)
    np.testing.assert_allclose(eigenvalues(drum_grid(shape, 0.02), 3), known, rtol=4e-3)


@pytest.mark.parametrize(("cells", "error"), [(20, 2.1e-3), (40, 1.1e-3), (80, 5e-4)])
def test_isospectral_drums_sound_alike(cells: int, error: float) -> None:
    one, other = (drum_grid(sized(s, math.sqrt(3.5)), 1 / cells) for s in isospectral_pair())
    assert one.step == other.step == pytest.approx(1 / cells, rel=1e-12)
    assert one.live.shape != other.live.shape or (one.live != other.live).any()
    first, second = eigenvalues(one), eigenvalues(other)
    np.testing.assert_allclose(first, second, rtol=1e-9)
    assert first[0] / (4 * DRISCOLL) - 1 == pytest.approx(error, abs=5e-5)


def test_isospectral_drum_on_a_fine_grid() -> None:
    grid = drum_grid(isospectral_pair()[0], 1 / 160)
    assert eigenvalues(grid, 1)[0] / (4 * DRISCOLL) - 1 == pytest.approx(2.1e-4, abs=1e-5)


def test_walls_of_a_lattice_polygon_are_the_first_dead_nodes() -> None:
    drums = isospectral_pair()
    for shape in drums:
        grid = drum_grid(shape, 1 / 6)
        corners = (shape.vertices - grid.origin) / grid.step
        np.testing.assert_allclose(corners, np.round(corners), atol=1e-9)
        # Pick: interior points = area - boundary / 2 + 1, with the diagonals' points counted.
        boundary = 6 * (6 + 3)
        assert grid.live.sum() == 36 * 3.5 - boundary / 2 + 1


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_nodes_live_inside(kind: type[Shape]) -> None:
    shape = sized(drawn(kind), 0.3)
    grid = drum_grid(shape, STEP)
    rows, columns = np.indices(grid.live.shape)
    nodes = np.stack([columns, rows], axis=-1) * grid.step + grid.origin
    depth = shape.depth(nodes.reshape(-1, 2)).reshape(grid.live.shape) / grid.step
    assert depth[grid.live].min() > 0.3
    assert depth[~grid.live].max() <= 0.5
    assert not grid.live[[0, -1]].any()
    assert not grid.live[:, [0, -1]].any()
    assert grid.live.sum() * grid.step**2 == pytest.approx(0.09, rel=0.1)
    x, y = grid.deepest()
    assert shape.depth([(x, y)])[0] >= shape.depth(nodes.reshape(-1, 2)).max() - 1.5 * grid.step


def test_laplacian_is_the_five_point_sum() -> None:
    grid = drum_grid(sized(made("triangle"), 0.05), STEP)
    u = np.where(grid.live, np.random.default_rng(0).standard_normal(grid.live.shape), 0)
    five = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * u[1:-1, 1:-1]
    expected = np.pad(five, 1)[grid.live] / grid.step**2
    matrix = grid.laplacian()
    np.testing.assert_allclose(matrix @ u[grid.live], expected, rtol=1e-12, atol=1e-6)
    assert abs(matrix - matrix.T).max() == 0


def positions(grid: DrumGrid, nodes: np.ndarray) -> np.ndarray:
    row, column = np.divmod(nodes, grid.live.shape[1])
    return np.array(grid.origin) + grid.step * np.column_stack([column, row])


def test_bilinear_weights_keep_linear_functions() -> None:
    grid = drum_grid(sized(Circle(1.0), 0.2), STEP)
    for point in np.random.default_rng(1).uniform(-0.1, 0.1, (20, 2)):
        nodes, weights = grid.nodes_at(point)
        assert nodes.dtype == np.int64
        assert len(nodes) == 4
        assert weights.sum() == pytest.approx(1)
        np.testing.assert_allclose(weights @ positions(grid, nodes), point, atol=1e-15)
    on_node = positions(grid, np.array([grid.live.size // 2]))[0]
    nodes, weights = grid.nodes_at(on_node)
    assert weights.max() == pytest.approx(1)


def test_raised_cosine_is_its_formula() -> None:
    grid = drum_grid(sized(Circle(1.0), 0.3), STEP)
    point, width = (0.0123, -0.0456), 0.02
    nodes, weights = grid.raised_cosine(point, width)
    distance = np.hypot(*(positions(grid, np.arange(grid.live.size)) - point).T)
    expected = np.where(distance < width / 2, 1 + np.cos(2 * np.pi * distance / width), 0)
    expected /= expected.sum()
    found = np.zeros(grid.live.size)
    found[nodes] = weights
    np.testing.assert_allclose(found, expected, atol=1e-14)
    assert grid.live.ravel()[nodes].all()


def test_a_strike_narrower_than_the_grid_is_a_point() -> None:
    grid = drum_grid(sized(Circle(1.0), 0.3), STEP)
    point = np.array(grid.origin) + grid.step * np.array([40.5, 60.5])
    for width in (0.0, 1.3 * grid.step):
        for narrow, bilinear in zip(
            grid.raised_cosine(point, width), grid.nodes_at(point), strict=True
        ):
            np.testing.assert_array_equal(narrow, bilinear)


def test_what_reaches_over_the_wall_counts_for_nothing() -> None:
    grid = drum_grid(sized(UnitRectangle(1.0), 0.3), STEP)
    nodes, weights = grid.raised_cosine((0.15, 0.0), 0.02)
    assert weights[grid.live.ravel()[nodes]].sum() < 0.5
    far, none = grid.raised_cosine((1.0, 1.0), 0.02)
    assert len(far) == len(none) == 0
    assert grid.carries((0.0, 0.0))
    assert not grid.carries((0.15, 0.0))
    assert not grid.carries((-3.0, 2.0))


def test_behind_a_neck_narrower_than_a_step_nothing_moves() -> None:
    dumbbell = [(0, 0), (0.2, 0), (0.2, 0.1), (0.3, 0.1), (0.3, 0), (0.4, 0), (0.4, 0.1001)]
    grid = drum_grid(Polygon([*dumbbell, (0.2, 0.1001), (0.2, 0.2), (0, 0.2)]), STEP)
    assert grid.carries((0.1, 0.1))
    assert not grid.carries((0.35, 0.05))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_smaller_than_three_cells(kind: type[Shape]) -> None:
    with pytest.raises(ValueError, match=r"0.005 m in size is smaller than three cells"):
        drum_grid(sized(drawn(kind), 0.005), STEP)


def test_three_cells_are_enough() -> None:
    assert drum_grid(UnitRectangle(1.0), 0.25).live.sum() == 9
    with pytest.raises(ValueError, match="three cells"):
        drum_grid(UnitRectangle(1.0), 0.3)


@pytest.mark.parametrize("step", [0.0, -1.0, math.inf, math.nan])
def test_impossible_steps(step: float) -> None:
    with pytest.raises(ValueError, match=f"smallest_step.*{step}"):
        drum_grid(Circle(1.0), step)


def test_too_many_nodes() -> None:
    with pytest.raises(ValueError, match=r"16777216 nodes.*smaller drum"):
        drum_grid(Circle(1.0), 1e-5)
