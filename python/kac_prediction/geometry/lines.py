"""Points and line segments, and how they meet."""

from typing import Literal

import numpy as np
import shapely

from .._arrays import ArrayLike, Float64
from .shape import check_points

Meeting = Literal["none", "intersect", "vertex", "branch", "adjacent", "colinear"]

_FLAT = 1e-12
_ROUNDING = 4 * np.finfo(np.float64).eps
_ROWS = 256


def isColinear(vertices: ArrayLike) -> bool:
    """Return whether three points, shape (3, 2), lie on one line.

    They do where the triangle they span is no higher, over its longest side, than 1e-12 of that
    side or than the rounding of the coordinates, whatever the unit of length. Two points that are
    the same always do, with any third.

    Raises:
        ValueError: `vertices` has another shape or holds a number that is not finite.
    """
    points = check_points("vertices", vertices, 3)
    sides = np.roll(points, -1, axis=0) - points
    longest = float(np.hypot(*sides.T).max())
    if longest == 0:
        return True
    (a, b), (c, d) = sides[:2]
    height = abs(a * d - b * c) / longest
    return bool(height <= _tolerance(points, longest))


def largestVector(vertices: ArrayLike) -> tuple[float, tuple[int, int]]:
    """Return the largest distance between two points, and which they are.

    Only corners of the convex hull can, so the rest is left out before all distances are taken.

    Args:
        vertices: shape (n, 2), n from 2.

    Returns:
        Their distance and their indices i < j, the first pair of several as far apart.

    Raises:
        ValueError: `vertices` has another shape, fewer than two points or a number that is not
            finite.
    """
    points = check_points("vertices", vertices)
    if len(points) < 2:
        raise ValueError(f"vertices must be at least two points, got {len(points)}")
    # The corners of the convex hull, ascending, each point once.
    corners = shapely.get_coordinates(shapely.convex_hull(shapely.multipoints(points)))
    values, first = np.unique(points @ (1, 1j), return_index=True)
    chosen = np.sort(first[np.isin(values, corners @ (1, 1j))])
    if len(chosen) < 2:
        return 0.0, (0, 1)
    best, pair = -1.0, (0, 1)
    for start in range(0, len(chosen), _ROWS):
        rows = chosen[start : start + _ROWS]
        distances = np.hypot(*(points[rows, None] - points[chosen]).transpose(2, 0, 1))
        i, j = divmod(int(distances.argmax()), len(chosen))
        if distances[i, j] > best:
            best, pair = float(distances[i, j]), (int(rows[i]), int(chosen[j]))
    return best, pair


def lineIntersection(A: ArrayLike, B: ArrayLike) -> tuple[Meeting, Float64]:
    """Return how two line segments meet, and where; `A` and `B` are their ends, shape (2, 2) each.

    Points closer than 1e-12 of the longer segment, or than rounding, count as one.

    Returns:
        How they meet and the point, shape (2,):

        - "none": they do not meet; the point is empty, shape (0,);
        - "intersect": each crosses the other between its ends;
        - "vertex": they share an end and turn there;
        - "branch": an end of one lies between the ends of the other: that end;
        - "adjacent": they share an end, and one goes on where the other stops, on one line;
        - "colinear": they share more than a point of one line: the mean of the four ends.

    Raises:
        ValueError: `A` or `B` has another shape, holds a number that is not finite, or has two ends
            that are one point.
    """
    a, b = check_points("A", A, 2), check_points("B", B, 2)
    for name, (start, end) in (("A", a), ("B", b)):
        if (start == end).all():
            raise ValueError(f"{name} must have two ends, both are {start.tolist()}")
    lengths = [float(np.hypot(*(line[1] - line[0]))) for line in (a, b)]
    tolerance = _tolerance(np.concatenate([a, b]), max(lengths))
    # Seen from the longer one, whose direction is known best.
    base, other = (a, b) if lengths[0] >= lengths[1] else (b, a)
    along, aside = _seen_from(base, other)
    if (np.abs(aside) <= tolerance).all():
        overlap = min(max(lengths), along.max()) - max(0.0, along.min())
        if overlap > tolerance:
            return "colinear", np.concatenate([base, other]).mean(axis=0)
        if overlap < -tolerance:
            return "none", np.empty(0)
        return "adjacent", (base[1] if along.max() > abs(along.min()) else base[0]).copy()
    apart = np.hypot(*(a[:, None] - b).transpose(2, 0, 1))
    if apart.min() <= tolerance:
        return "vertex", a[apart.argmin() // 2].copy()
    for line, length, ends in ((a, lengths[0], b), (b, lengths[1], a)):
        along, aside = _seen_from(line, ends)
        touching = (along > 0) & (along < length) & (np.abs(aside) <= tolerance)
        if touching.any():
            return "branch", ends[touching.argmax()].copy()
    from_a, from_b = np.signbit(_seen_from(a, b)[1]), _seen_from(b, a)[1]
    if from_a[0] == from_a[1] or np.signbit(from_b[0]) == np.signbit(from_b[1]):
        return "none", np.empty(0)
    return "intersect", a[0] + (a[1] - a[0]) * (from_b[0] / (from_b[0] - from_b[1]))


def _seen_from(line: Float64, points: Float64) -> tuple[Float64, Float64]:
    """Return how far points lie along a line, from its first end, and to the left of it."""
    direction = (line[1] - line[0]) / np.hypot(*(line[1] - line[0]))
    relative = points - line[0]
    aside: Float64 = direction[0] * relative[:, 1] - direction[1] * relative[:, 0]
    return relative @ direction, aside


def _tolerance(points: Float64, length: float) -> float:
    return max(_FLAT * length, _ROUNDING * float(np.abs(points).max()))
