import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kac_prediction.geometry import isColinear, largestVector, lineIntersection

RNG = np.random.default_rng(11)

MEETINGS = [
    ("none", [(0, 0), (1, 0)], [(0, 1), (1, 1)], None),
    ("none", [(0, 0), (1, 0)], [(2, 1), (2, -1)], None),
    ("none", [(0, 0), (1, 0)], [(0.5, 0.1), (0.5, 2)], None),
    ("none", [(0, 0), (1, 1)], [(2, 2), (3, 3)], None),
    ("intersect", [(0, 0), (2, 2)], [(0, 2), (2, 0)], (1, 1)),
    ("intersect", [(0, 0), (3, 0)], [(1, -1), (1, 5)], (1, 0)),
    ("vertex", [(0, 0), (1, 0)], [(1, 0), (2, 1)], (1, 0)),
    ("vertex", [(0, 0), (1, 0)], [(-1, 1), (0, 0)], (0, 0)),
    ("branch", [(0, 0), (2, 0)], [(1, 0), (1, 5)], (1, 0)),
    ("branch", [(0, 0), (0.3, 0.9)], [(0.1, 0.3), (7, 0)], (0.1, 0.3)),
    ("adjacent", [(0, 0), (1, 1)], [(1, 1), (3, 3)], (1, 1)),
    ("adjacent", [(0.1, 0.3), (0.2, 0.6)], [(0, 0), (0.1, 0.3)], (0.1, 0.3)),
    ("colinear", [(0, 0), (2, 0)], [(1, 0), (3, 0)], (1.5, 0)),
    ("colinear", [(0, 0), (4, 4)], [(1, 1), (2, 2)], (1.75, 1.75)),
    ("colinear", [(0, 0), (2, 0)], [(0, 0), (1, 0)], (0.75, 0)),
    ("colinear", [(0, 1), (2, 5)], [(0, 1), (2, 5)], (1, 3)),
]


@pytest.mark.parametrize(("kind", "first", "second", "point"), MEETINGS)
@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
@pytest.mark.parametrize("angle", [0.0, 0.7, math.pi / 2, 3.0])
def test_how_two_lines_meet(kind, first, second, point, scale: float, angle: float) -> None:
    turn = scale * np.array(
        [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    )
    shift = scale * np.array([0.4, -0.3])
    a, b = np.array(first) @ turn + shift, np.array(second) @ turn + shift
    for left, right in itertools.product((a, a[::-1]), (b, b[::-1])):
        for found, where in (lineIntersection(left, right), lineIntersection(right, left)):
            assert found == kind
            if point is None:
                assert where.shape == (0,)
            else:
                expected = np.array(point) @ turn + shift
                np.testing.assert_allclose(where, expected, rtol=0, atol=1e-12 * scale * 5)


def test_the_longer_line_says_what_lies_on_it() -> None:
    # Within 1e-12 of the long one; its own line leaves the long one's ends far aside.
    short, long = [(0.5, 0), (0.5 + 1e-6, 5e-13)], [(0, 0), (1, 0)]
    assert lineIntersection(short, long)[0] == lineIntersection(long, short)[0] == "colinear"


coordinates = st.floats(-100, 100)
points = st.tuples(coordinates, coordinates)


@settings(derandomize=True, deadline=None)
@given(
    a=points, b=points, t=st.floats(0.01, 0.99), u=st.floats(0.01, 0.99), angle=st.floats(0.1, 3)
)
def test_a_crossing_is_found_where_it_was_made(a, b, t: float, u: float, angle: float) -> None:
    a, b = np.array(a), np.array(b)
    length = np.hypot(*(b - a))
    if length < 1e-3:
        return
    crossing = a + t * (b - a)
    x, y = b - a
    other = np.array(
        [x * math.cos(angle) - y * math.sin(angle), x * math.sin(angle) + y * math.cos(angle)]
    )
    kind, where = lineIntersection([a, b], [crossing - u * other, crossing + (1 - u) * other])
    assert kind == "intersect"
    np.testing.assert_allclose(where, crossing, rtol=0, atol=1e-11 * (length + 200))


def test_three_points_on_a_line() -> None:
    assert isColinear([(0, 0), (0.1, 0.1), (0.3, 0.3)])
    assert isColinear([(0.3, 0.9), (0.1, 0.3), (0.7, 2.1)])
    assert isColinear(1e6 + np.array([(0, 0), (0.1, 0.3), (0.7, 2.1)]))
    assert isColinear([(0, 0), (1, 0), (0.5, 1e-13)])
    assert isColinear([(1, 2), (1, 2), (5, 5)])
    assert isColinear([(1, 2), (1, 2), (1, 2)])
    assert not isColinear([(0, 0), (1, 0), (0, 1)])
    assert not isColinear([(0, 0), (1, 0), (0.5, 1e-10)])


@settings(derandomize=True, deadline=None)
@given(angle=st.floats(0, 6.3), scale=st.floats(1e-12, 1e12), t=st.floats(-5, 5), x=coordinates)
def test_a_line_is_one_at_any_scale_and_angle(
    angle: float, scale: float, t: float, x: float
) -> None:
    start, along = np.array([x, 1.0]), np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    line = scale * np.array([start, start + along, start + t * along])
    assert isColinear(line) is True
    assert isColinear(line[[2, 0, 1]])
    line[2] += scale * 1e-6 * across
    assert isColinear(line) is False


@pytest.mark.parametrize("count", [2, 3, 10, 700])
def test_largest_vector_against_every_pair(count: int) -> None:
    vertices = RNG.normal(size=(count, 2))
    pairs = itertools.combinations(range(count), 2)
    far, i, j = max((math.dist(vertices[i], vertices[j]), -i, -j) for i, j in pairs)
    length, pair = largestVector(vertices)
    assert pair == (-i, -j)
    assert length == pytest.approx(far, rel=1e-15)


def test_largest_vector_of_special_sets() -> None:
    assert largestVector([(0, 0), (3, 4)]) == (5.0, (0, 1))
    # A square has two diagonals, and a point given twice counts where it came first.
    assert largestVector([(0, 0), (1, 0), (1, 1), (0, 1)]) == (math.sqrt(2), (0, 2))
    assert largestVector([(0, 0), (0, 0), (2, 0), (2, 0), (1, 0)]) == (2.0, (0, 2))
    assert largestVector([(1, 1)] * 5) == (0.0, (0, 1))
    angle = np.arange(3000) * 2 * np.pi / 3000
    length, (i, j) = largestVector(np.column_stack([np.cos(angle), np.sin(angle)]))
    assert length == pytest.approx(2.0, rel=1e-14)
    assert j - i == 1500


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: isColinear([(0, 0), (1, 1)]), r"\(3, 2\)"),
        (lambda: isColinear([(0, 0), (1, 1), (math.nan, 1)]), "nan.*point 2"),
        (lambda: isColinear([0, 1, 2]), "vertices must be points"),
        (lambda: largestVector([(0, 0)]), "at least two.*1"),
        (lambda: largestVector([(0, 0, 0), (1, 1, 1)]), "vertices"),
        (lambda: largestVector([(0, 0), (math.inf, 1)]), "inf.*point 1"),
        (lambda: lineIntersection([(0, 0)], [(0, 0), (1, 1)]), r"A must be .*\(2, 2\), got"),
        (lambda: lineIntersection([(0, 0), (1, 1)], [(0, 0), (1, 1), (2, 2)]), "B must"),
        (lambda: lineIntersection([(0, 0), (1, math.nan)], [(0, 0), (1, 1)]), "A.*nan"),
        (lambda: lineIntersection([(0, 0), (1, 1)], [(2, 3), (2, 3)]), r"B.*\[2.0, 3.0\]"),
    ],
)
def test_bad_input_is_named(call, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        call()
