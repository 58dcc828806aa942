"""Finite differences in time and space for membranes of any shape.

Source: Bilbao, Numerical Sound Synthesis, Wiley 2009, chapter 11 (10.1002/9780470749012). With time
step k, grid step h, wave speed c and damping sigma, the membrane u_tt = c^2 laplacian(u) -
2 sigma u_t has, with q = (c k / h)^2,

    c_0 = q / (1 + sigma k), c_1 = (2 - 4 q) / (1 + sigma k), c_2 = (1 - sigma k) / (1 + sigma k).

Nothing grows while |c_2| <= 1 and 4 |c_0| + |c_1| <= 1 + c_2; that is q <= 1/2.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from .. import _core

_Float64 = npt.NDArray[np.float64]


class FDTD_2D:
    """The frames of a membrane, one a time step.

    Where B is 1, u_next = c_0 (sum of the four neighbours) + c_1 u - c_2 u_previous; elsewhere, and
    outside of the matrix, u is 0. The first frame is the one after `u_1`; iterating again starts
    over. Every frame is an array of its own, of shape (rows, columns).

    Nothing keeps the frames from growing if the coefficients let them: see the module.

    Args:
        u_0: displacement one step before `u_1`, shape (rows, columns).
        u_1: displacement at the start, shape (rows, columns). Both count as 0 where B is 0.
        B: 1 where the membrane is, 0 elsewhere, shape (rows, columns).
        c_0: weight of the neighbours' sum.
        c_1: weight of the frame before.
        c_2: weight of the frame before that, subtracted.
        T: how many frames.

    Raises:
        ValueError: the shapes differ, B has other values than 0 and 1 or no 1, a number is not
            finite, or T is negative.
    """

    def __init__(
        self,
        u_0: npt.ArrayLike,
        u_1: npt.ArrayLike,
        B: npt.ArrayLike,
        c_0: float,
        c_1: float,
        c_2: float,
        T: int,
    ) -> None:
        self._grid = _grid(B)
        self._fields = (_field("u_0", u_0, self._grid), _field("u_1", u_1, self._grid))
        self._coefficients = (float(c_0), float(c_1), float(c_2))
        self._length = _length(T, 0)
        self._start()

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Self:
        self._start()
        return self

    def __next__(self) -> _Float64:
        if self._given == self._length:
            raise StopIteration
        self._given += 1
        self._simulation.step()
        return self._simulation.frame()

    def _start(self) -> None:
        self._simulation = _core.Simulation(self._grid, *self._fields, *self._coefficients)
        self._given = 0


def FDTDWaveform2D(
    u_0: npt.ArrayLike,
    u_1: npt.ArrayLike,
    B: npt.ArrayLike,
    c_0: float,
    c_1: float,
    c_2: float,
    T: int,
    w: Sequence[float],
) -> _Float64:
    """Return the displacement of a membrane at one point: u_0, u_1, then the frames of `FDTD_2D`.

    Args:
        u_0: displacement one step before `u_1`, shape (rows, columns).
        u_1: displacement at the start, shape (rows, columns). Both count as 0 where B is 0.
        B: 1 where the membrane is, 0 elsewhere, shape (rows, columns).
        c_0: weight of the neighbours' sum.
        c_1: weight of the frame before.
        c_2: weight of the frame before that, subtracted.
        T: how many samples.
        w: (row, column) as fractions of the matrix, from 0 for the first to 1 for the last;
            displacements in between are bilinear.

    Returns:
        Shape (T,), not scaled.

    Raises:
        ValueError: the shapes differ, B has other values than 0 and 1 or no 1, a number is not
            finite, T is below 1, or w is outside of the matrix.
    """
    grid = _grid(B)
    fields = (_field("u_0", u_0, grid), _field("u_1", u_1, grid))
    nodes, weights = _bilinear(w, grid)
    return _core.fdtd_waveform(
        grid, *fields, float(c_0), float(c_1), float(c_2), _length(T, 1), nodes, weights
    )


def _grid(B: npt.ArrayLike) -> _core.Grid:
    """Return the live cells; raise ValueError unless B is a matrix of 0 and 1."""
    matrix = np.asarray(B)
    if matrix.ndim != 2:
        raise ValueError(f"B must have shape (rows, columns), got {matrix.shape}.")
    wrong = np.argwhere((matrix != 0) & (matrix != 1))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(f"B must be 0 or 1, got {matrix[row, column]} at ({row}, {column}).")
    return _core.Grid(matrix.astype(bool))


def _field(name: str, values: npt.ArrayLike, grid: _core.Grid) -> _Float64:
    """Return a field as an array; raise ValueError unless it is finite and fits the grid."""
    field = np.asarray(values, dtype=np.float64)
    if field.shape != (grid.rows, grid.columns):
        raise ValueError(
            f"{name} must have the shape of B, ({grid.rows}, {grid.columns}), got {field.shape}."
        )
    wrong = np.argwhere(~np.isfinite(field))
    if len(wrong):
        row, column = wrong[0]
        raise ValueError(f"{name} must be finite, got {field[row, column]} at ({row}, {column}).")
    return field


def _length(T: int, least: int) -> int:
    """Return T; raise ValueError unless it is an integer from `least`."""
    if not (least <= T and np.isfinite(T) and int(T) == T):
        raise ValueError(f"T must be an integer from {least}, got {T}.")
    return int(T)


def _bilinear(w: Sequence[float], grid: _core.Grid) -> tuple[npt.NDArray[np.int64], _Float64]:
    """Return the four nodes around w, row * columns + column, and their weights."""
    at = np.asarray(w, dtype=np.float64)
    if at.shape != (2,) or not ((at >= 0) & (at <= 1)).all():
        raise ValueError(f"w must be a (row, column) from 0 to 1 each, got {w}.")
    last = np.array([grid.rows - 1, grid.columns - 1])
    first = np.minimum(np.floor(at * last).astype(np.int64), np.maximum(last - 1, 0))
    rows, columns = np.transpose([first, np.minimum(first + 1, last)])
    beyond = at * last - first
    row_weights, column_weights = np.transpose([1 - beyond, beyond])
    nodes: npt.NDArray[np.int64] = np.add.outer(rows * grid.columns, columns).ravel()
    return nodes, np.outer(row_weights, column_weights).ravel()
