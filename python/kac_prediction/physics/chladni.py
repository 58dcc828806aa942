"""How a mode moves, drawn on a grid, and where sand comes to rest on it."""

import numpy as np

from .._arrays import ArrayLike, Bool, Float64
from .._checks import check_count, check_number
from ..geometry import Shape
from ..geometry.shape import check_shape


def cymatics(shape: Shape, n: int, grid_size: int) -> Float64:
    """Return how the n-th mode of a drum of any shape moves, on the grid of `shape.draw`.

    Args:
        shape: any shape, of any size, anywhere.
        n: which of the `modes`, ascending, from 1.
        grid_size: cells along each side of the drawing, from 1.

    Returns:
        U[x, y], shape (grid_size, grid_size), the eigenfunction at unit area, sign kept; nan
        outside of the drum.

    Raises:
        TypeError, ValueError: as of `modes` and `Shape.draw`.
    """
    from .eigenmodes import modes  # only here: discs and rectangles do without

    check_shape("shape", shape)
    inside, points = shape.draw(grid_size), shape.cells(grid_size)
    field = np.full(inside.shape, np.nan)
    field[inside] = modes(shape, check_count("n", n))(points[inside.ravel()])[:, -1]
    return field


def ChladniPattern(U: ArrayLike, tolerance: float = 0.1) -> Bool:
    """Return where sand comes to rest on what moves as the field U: its nodal lines.

    Args:
        U: real numbers, of any shape; nan where nothing is, and sand falls off.
        tolerance: sand lies where |U| is less than this part of its largest value.

    Returns:
        True where sand lies, of the shape of U.

    Raises:
        ValueError: U holds no number, or one that is infinite, or `tolerance` is not above 0.
    """
    tolerance = check_number("tolerance", tolerance, above=0)
    try:
        moved = np.abs(np.asarray(U, dtype=np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"U must be an array of real numbers: {error}") from error
    there = moved[~np.isnan(moved)]
    if not there.size or np.isinf(there).any():
        raise ValueError(
            f"U must hold finite numbers, or nan, got {moved.size} without a finite one"
        )
    quiet: Bool = moved < tolerance * there.max()
    return quiet
