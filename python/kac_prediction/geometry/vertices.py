"""Vertices of polygons: what is asked of them, and what is measured on them."""

import numpy as np
import numpy.typing as npt
import shapely

from .shape import Float64

_FOLDED = 1e-12


def following(values: Float64) -> Float64:
    """Return what belongs to the next vertex, for each: `np.roll(values, -1, axis=0)`, sooner."""
    return np.concatenate([values[1:], values[:1]])


def turns(vertices: Float64) -> Float64:
    """Return the angle by which the boundary turns left at each vertex, in [-pi, pi]."""
    leaving = following(vertices) - vertices
    arriving = np.concatenate([leaving[-1:], leaving[:-1]])
    across = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    angles: Float64 = np.arctan2(across, (arriving * leaving).sum(axis=1))
    return angles


def signed_area(vertices: Float64) -> float:
    """Return the area that the boundary encloses, negative where it runs clockwise."""
    x, y = (vertices - vertices[0]).T
    return 0.5 * float(x @ following(y) - y @ following(x))


def require_vertices(value: npt.ArrayLike) -> Float64:
    """Return the vertices of a polygon as a new array, shape (N, 2).

    Raises:
        ValueError: they are not points, fewer than three, not finite, repeated, folded back on
            each other, or the boundary meets itself: which vertex does, and the remedy.
    """
    try:
        vertices = np.array(value, dtype=np.float64)
    except ValueError as error:
        raise ValueError(f"vertices must be points (x, y), got {value!r}.") from error
    if vertices.ndim != 2 or vertices.shape[1] != 2:
        raise ValueError(f"vertices must be points of shape (N, 2), got {vertices.shape}.")
    if len(vertices) < 3:
        raise ValueError(f"vertices must be at least three, got {len(vertices)}: add some.")
    _refuse_not_finite(vertices)
    _refuse_repeated(vertices)
    _refuse_folded(vertices)
    _refuse_crossing(vertices)
    return vertices


def _refuse_not_finite(vertices: Float64) -> None:
    wrong = np.flatnonzero(~np.isfinite(vertices).all(axis=1))
    if wrong.size:
        raise ValueError(
            f"vertex {wrong[0]} is {vertices[wrong[0]].tolist()}: give it two finite numbers."
        )


def _refuse_repeated(vertices: Float64) -> None:
    repeated = (vertices == following(vertices)).all(axis=1)
    if not repeated.any():
        return
    first = int(repeated.argmax())
    if first == len(vertices) - 1:
        raise ValueError(
            f"vertex {first} repeats vertex 0, {vertices[0].tolist()}: leave it out, a polygon "
            "closes itself."
        )
    raise ValueError(
        f"vertex {first + 1} repeats vertex {first}, {vertices[first].tolist()}: leave it out."
    )


def _refuse_folded(vertices: Float64) -> None:
    folded = np.abs(turns(vertices)) >= np.pi - _FOLDED
    if folded.any():
        first = int(folded.argmax())
        raise ValueError(
            f"the boundary folds back on itself at vertex {first}, {vertices[first].tolist()}, and "
            "encloses nothing there: move it off the line of its neighbours, or leave it out."
        )


def _refuse_crossing(vertices: Float64) -> None:
    polygon = shapely.polygons(vertices)
    if shapely.is_valid(polygon) and shapely.area(polygon) > 0:
        return
    count = len(vertices)
    edges = shapely.linestrings(np.stack([vertices, following(vertices)], axis=1))
    pairs = shapely.STRtree(edges).query(edges, predicate="intersects").T
    steps = pairs[:, 1] - pairs[:, 0]
    apart = pairs[(steps > 1) & (steps < count - 1)]
    if not len(apart):
        raise ValueError(
            f"vertices 0 to {count - 1} enclose no area that double precision can tell from 0: "
            "give them in a larger unit, or nearer to the origin."
        )
    first, second = apart[np.lexsort(apart.T[::-1])][0]
    raise ValueError(
        f"the edge from vertex {first} to vertex {first + 1} meets the edge from vertex {second} "
        f"to vertex {(second + 1) % count}: move one of these vertices, or put them in another "
        "order; the boundary of a drum must not meet itself."
    )
