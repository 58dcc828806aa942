import contextlib
import math

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from kac_prediction.geometry import (
    IrregularStar,
    Polygon,
    RegularPolygon,
    RegularStar,
    TravellingSalesmanPolygon,
    UnitRectangle,
    isospectral_pair,
    largestVector,
    normalisePolygon,
    weylCondition,
)

RNG = np.random.default_rng(3)
L_SHAPE = [(-1, -1), (1, -1), (1, 0), (0, 0), (0, 1), (-1, 1)]


def shoelace(vertices: np.ndarray) -> float:
    x, y = np.asarray(vertices, dtype=float).T
    return 0.5 * (x @ np.roll(y, -1) - y @ np.roll(x, -1))


def test_an_l_shape() -> None:
    shape = Polygon(L_SHAPE)
    assert (shape.N, shape.area, shape.perimeter) == (6, 3.0, 8.0)
    # Three unit squares.
    np.testing.assert_allclose(shape.centroid, (-1 / 6, -1 / 6), rtol=1e-14)
    assert shape.simple
    assert not shape.convex
    np.testing.assert_allclose(shape.corners() / np.pi, [0.5, 0.5, 0.5, 1.5, 0.5, 0.5])
    assert shape.labels == {"N": [6], "vertices": [-1, -1, 1, -1, 1, 0, 0, 0, 0, 1, -1, 1]}
    assert shape.isPointInside((-0.5, 0.5))
    assert not shape.isPointInside((0.5, 0.5))
    np.testing.assert_allclose(
        shape.depth([(-0.5, -0.5), (-0.9, 0.5), (0.5, 0.5), (2, -2), (0, 0), (0.3, 0.4)]),
        [0.5, 0.1, -0.5, -math.sqrt(2), 0, -0.3],
    )


def test_the_order_of_the_user_is_kept_and_the_outline_is_counter_clockwise() -> None:
    clockwise = Polygon(L_SHAPE[::-1])
    assert np.array_equal(clockwise.vertices, L_SHAPE[::-1])
    assert shoelace(clockwise.vertices) == -3
    for shape in clockwise, Polygon(L_SHAPE):
        outline = shape.outline()
        assert outline.shape == (7, 2)
        assert shoelace(outline[:-1]) == 3
        assert np.array_equal(outline[0], shape.vertices[0])
        assert np.array_equal(outline[-1], outline[0])
        walls = shape.walls()
        assert walls.shape == (6, 2, 2)
        assert np.array_equal(walls[:, 0], outline[:-1])
        assert np.array_equal(walls[:, 1], outline[1:])
        assert shape.corners()[np.flatnonzero((outline[:-1] == 0).all(axis=1))] == pytest.approx(
            1.5 * np.pi
        )
    assert clockwise.area == 3
    assert clockwise.depth([(-0.5, -0.5)]) == 0.5


def test_solidity() -> None:
    assert Polygon(L_SHAPE).solidity == pytest.approx(6 / 7)
    assert RegularPolygon(5).solidity == pytest.approx(1)
    for _ in range(20):
        star = IrregularStar(9, rng=RNG)
        assert star.solidity == pytest.approx(star.area / ConvexHull(star.vertices).volume)


def test_a_straight_vertex_is_kept() -> None:
    shape = Polygon([(0, 0), (0.1, 0.3), (0.2, 0.6), (-1, 1)])
    assert shape.N == 4
    assert shape.convex
    assert shape.corners()[1] == pytest.approx(np.pi)


def test_vertices_are_a_copy_and_read_only() -> None:
    given = np.array(L_SHAPE, dtype=np.float64)
    shape = Polygon(given)
    given[0] = 100
    assert shape.vertices[0, 0] == -1
    assert shape.vertices.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        shape.vertices[0] = 5
    shape.area = 1
    with pytest.raises(ValueError, match="read-only"):
        shape.vertices[0] = 5


def test_moving_and_scaling_moves_the_vertices() -> None:
    shape = Polygon(L_SHAPE)
    before = shape.vertices
    shape.centroid = (10, 20)
    np.testing.assert_allclose(shape.vertices - before, np.tile((61 / 6, 121 / 6), (6, 1)))
    shape.area = 12
    np.testing.assert_allclose(shape.vertices - (10, 20), 2 * (before + 1 / 6), atol=1e-13)
    assert shape.labels["vertices"] == shape.vertices.ravel().tolist()
    np.testing.assert_allclose(shape.centroid, (10, 20))
    assert shape.perimeter == pytest.approx(16)
    # What was handed out before has not changed.
    assert np.array_equal(before, L_SHAPE)


def test_area_and_centroid_against_random_points() -> None:
    shape = isospectral_pair()[0]
    points = RNG.random((200_000, 2)) * 3
    inside = shape.isPointInside(points)
    assert 9 * inside.mean() == pytest.approx(shape.area, abs=0.03)
    np.testing.assert_allclose(points[inside].mean(axis=0), shape.centroid, atol=0.01)


def test_depth_against_the_formula_of_each_edge() -> None:
    shape = isospectral_pair()[1]
    points = RNG.random((500, 2)) * 4 - 0.5
    best = np.full(500, np.inf)
    for start, end in shape.walls():
        along = np.clip((points - start) @ (end - start) / ((end - start) ** 2).sum(), 0, 1)
        foot = start + along[:, None] * (end - start)
        best = np.minimum(best, np.linalg.norm(points - foot, axis=1))
    depth = shape.depth(points)
    np.testing.assert_allclose(np.abs(depth), best, atol=1e-14)
    assert np.array_equal(depth >= 0, shape.isPointInside(points))


def test_the_boundary_belongs_to_it() -> None:
    for shape in isospectral_pair():
        shape.area = 0.0137
        shape.centroid = (0.3, -12.1)
        part = RNG.random((40, 1, 1))
        points = (shape.walls()[:, 0] * part + shape.walls()[:, 1] * (1 - part)).reshape(-1, 2)
        assert np.all(shape.isPointInside(points))
        assert (shape.depth(points) >= 0).all()


def test_attributes_may_be_called_and_vertices_set() -> None:
    shape = Polygon(L_SHAPE)
    assert (shape.N(), shape.convex(), shape.simple()) == (shape.N, shape.convex, shape.simple)
    assert (repr(shape.N), repr(shape.convex), repr(shape.simple)) == ("6", "False", "True")
    assert type(shape.convex()) is bool
    shape.vertices = [(0, 0), (1, 0), (0, 2)]
    assert (shape.N, shape.area) == (3, 1.0)
    assert shape.convex
    assert shape.labels == {"N": [3], "vertices": [0, 0, 1, 0, 0, 2]}
    with pytest.raises(ValueError, match="at least three"):
        shape.vertices = [(0, 0), (1, 0)]
    assert shape.N == 3
    regular = RegularPolygon(5)
    regular.vertices = L_SHAPE
    assert regular.N == 6
    with pytest.raises(ValueError, match="leave its range"):
        Polygon(np.array(L_SHAPE) * 1e-50).area = 1e300
    with pytest.raises(AttributeError, match="UnitRectangle follow from epsilon: make a Polygon"):
        UnitRectangle(2.0).vertices = L_SHAPE


@pytest.mark.parametrize(
    "shape",
    [
        *(TravellingSalesmanPolygon(n, rng=np.random.default_rng(n)) for n in (3, 4, 7, 30)),
        *(RegularPolygon(n) for n in (3, 4, 5, 12)),
        UnitRectangle(2.0),
        RegularStar(5, 2),
        Polygon(L_SHAPE),
    ],
    ids=lambda shape: f"{type(shape).__name__}-{shape.N}",
)
def test_a_canonical_form(shape: Polygon) -> None:
    form = normalisePolygon(shape)
    assert (form.area, form.N) == (pytest.approx(1), shape.N)
    np.testing.assert_allclose(form.centroid, 0, atol=1e-12)
    along = form.vertices[np.abs(form.vertices[:, 1] - form.vertices[0, 1]) < 1e-9, 0]
    assert along.max() - form.vertices[0, 0] == pytest.approx(largestVector(form.vertices)[0])
    for _ in range(4):
        angle, scale, shift = RNG.uniform(0, 7), RNG.uniform(0.1, 10), RNG.normal(size=2)
        turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        turn[:, 0] *= RNG.choice([-1, 1])
        moved = np.roll(shape.vertices, RNG.integers(shape.N), axis=0)[:: RNG.choice([-1, 1])]
        again = normalisePolygon(Polygon(moved @ turn + shift))
        np.testing.assert_allclose(again.vertices, form.vertices, atol=1e-6)
    np.testing.assert_allclose(normalisePolygon(form).vertices, form.vertices, atol=1e-6)
    other = shape.vertices.copy()
    other[0] *= 1.01
    assert np.abs(normalisePolygon(Polygon(other)).vertices - form.vertices).max() > 1e-4


EXTREME = [0.0, 1e-310, 1e-160, 1e-16, 1e-12, 1e-6, 1e8, 1e16, 1e154, 1.7e308, math.nan, math.inf]


def mutated(rng: np.random.Generator) -> np.ndarray:
    """Vertices of a drum, of which some were put elsewhere, or all scaled, squeezed or moved."""
    vertices = np.array([L_SHAPE, RegularStar(3 + 2, 2).vertices[:6]][rng.integers(2)], dtype=float)
    for _ in range(rng.integers(1, 4)):
        which, value = rng.integers(6), rng.choice(EXTREME)
        match rng.integers(6):
            case 0:
                vertices[which, rng.integers(2)] = value
            case 1:
                vertices *= value
            case 2:
                vertices[which] = vertices[rng.integers(6)] + rng.choice([0, 1e-16, 1e-12, 1e-9])
            case 3:
                vertices[which] += rng.normal(size=2) * 10.0 ** rng.integers(-17, 3)
            case 4:
                vertices[:, rng.integers(2)] *= 10.0 ** rng.integers(-18, 18)
            case 5:
                vertices += 10.0 ** rng.integers(18)
    return vertices


def test_what_a_mutation_breaks_is_named() -> None:
    """Nothing but ValueError is raised, and no warning, by what can be asked of a polygon."""
    rng, made = np.random.default_rng(15), 0
    for _ in range(250):
        with np.errstate(all="ignore"):
            vertices = mutated(rng)
        try:
            shape = Polygon(vertices)
        except ValueError:
            continue
        made += 1
        x, y = shape.centroid
        assert shape.area > 0 <= shape.solidity <= 1 + 1e-9
        assert shape.perimeter**2 >= 12 * shape.area
        assert len(shape.corners()) == len(vertices)
        assert shape.labels["N"] == [len(vertices)]
        assert shape.isPointInside((x, y)) in (True, False)
        assert weylCondition(shape, shape)
        shape.draw(4)
        for wanted in (
            lambda shape=shape: normalisePolygon(shape),
            lambda shape=shape: setattr(shape, "area", float(rng.choice(EXTREME))),
            lambda shape=shape: setattr(shape, "centroid", rng.choice(EXTREME, 2)),
        ):
            with contextlib.suppress(ValueError):
                wanted()
    assert made > 50


def test_only_a_polygon_has_a_canonical_form() -> None:
    with pytest.raises(TypeError, match="must be a Polygon"):
        normalisePolygon(L_SHAPE)  # type: ignore[arg-type]


def test_a_drawing() -> None:
    grid = Polygon(L_SHAPE).draw(10)
    expected = np.ones((10, 10), dtype=bool)
    expected[5:, 5:] = False
    assert np.array_equal(grid, expected)
    wide = Polygon([(0, 0), (4, 0), (4, 1), (0, 1)]).draw(8)
    assert np.array_equal(np.flatnonzero(wide.any(axis=0)), [3, 4])


@pytest.mark.parametrize(
    ("vertices", "named"),
    [
        ([(0, 0), (1, 1)], "at least three, got 2"),
        ([], r"\(n, 2\)"),
        ([(0, 0, 0), (1, 1, 1), (2, 0, 0)], r"\(n, 2\)"),
        ([(0, 0), (1, 1), (2,)], r"points \(x, y\)"),
        ("abc", r"points \(x, y\)"),
        ([(0, 0), (1, 0), (math.nan, 1)], "nan.* as point 2"),
        ([(0, 0), (math.inf, 0), (1, 1)], "inf.* as point 1"),
        ([(0, 0), (1, 0), (1, 0), (0, 1)], "vertex 2 repeats vertex 1.*leave it out"),
        ([(0, 0), (1, 0), (1, 1), (0, 0)], "vertex 3 repeats vertex 0.*closes itself"),
        ([(0, 0), (2, 0), (1, 0), (1, 1)], "folds back on itself at vertex 1"),
        ([(0, 0), (1, 1), (2, 2)], "folds back on itself at vertex 0"),
        ([(0, 0), (0.1, 0.3), (0.2, 0.6)], "folds back"),
        (
            [(0, 0), (1, 1), (1, 0), (0, 1)],
            "from vertex 0 to vertex 1 meets the edge from vertex 2 to vertex 3",
        ),
        (
            [(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)],
            "vertex 0 to vertex 1 meets the edge from vertex 2 to vertex 3",
        ),
        (
            [(5, 5), (0, 0), (9, 0), (9, 9), (5, 5.5), (5, 4.5), (4, 9)],
            "from vertex 0 to vertex 1 meets .* vertex 4 to vertex 5|folds",
        ),
        ([(0, 0), (1e-200, 0), (0, 1e-200)], "farther apart than 1e-100"),
        ([(1e17, 0), (1e17 + 16, 0), (1e17, 1e-3), (1e17 + 16, 1e-3)], "meets the edge"),
    ],
)
def test_the_vertex_at_fault_is_named(vertices, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Polygon(vertices)


def test_the_far_end_of_a_crossing_counts_round() -> None:
    pentagram = [(math.sin(4 * math.pi * k / 5), math.cos(4 * math.pi * k / 5)) for k in range(5)]
    with pytest.raises(ValueError, match=r"vertex 0 to vertex 1 meets .* vertex 2 to vertex 3"):
        Polygon(pentagram)
    with pytest.raises(ValueError, match=r"vertex 1 to vertex 2 meets .* vertex 3 to vertex 0"):
        Polygon([(0, 0), (0, 1), (1, 0), (1, 1)])


def test_a_place_too_far_is_refused_and_nothing_moves() -> None:
    shape = Polygon(L_SHAPE)
    for place in (1e20, 0.0), (0.0, -1e308):
        with pytest.raises(ValueError, match="run together"):
            shape.centroid = place
    with pytest.raises(ValueError, match="run together"):
        shape.area = 1e-323
    assert np.array_equal(shape.vertices, L_SHAPE)
    assert shape.area == 3
