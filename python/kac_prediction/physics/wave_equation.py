"""Waveforms of membranes: by finite differences in time and space, and as sums of modes.

Source: Bilbao, Numerical Sound Synthesis, Wiley 2009, chapter 11 (10.1002/9780470749012). With time
step k, grid step h, wave speed c and damping sigma, the membrane u_tt = c^2 laplacian(u) -
2 sigma u_t has, with q = (c k / h)^2,

    c_0 = q / (1 + sigma k), c_1 = (2 - 4 q) / (1 + sigma k), c_2 = (1 - sigma k) / (1 + sigma k).

Nothing grows while |c_2| <= 1 and 4 |c_0| + |c_1| <= 1 + c_2; that is q <= 1/2.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np

from .. import _core
from .._arrays import ArrayLike, Float64
from .._checks import check_count, check_number, check_numbers


def WaveEquationWaveform2D(F: ArrayLike, A: ArrayLike, d: float, k: float, T: int) -> Float64:
    """Return the displacement of a drum at one point after an impulse at another, mode by mode.

    u(t) = sum A exp(-d t) sin(omega t) / omega, omega^2 = (2 pi F)^2 - d^2; where d exceeds
    2 pi F, the sine is a hyperbolic one. Modes at or above half the sample rate are left out. The
    sum is not normalised.

    Args:
        F: frequencies in Hz, of any shape; for a series S, F = S c / (2 L).
        A: a weight for each frequency, of the same shape: the eigenfunction at the strike times
            that at the pick-up.
        d: decay rate of the amplitude, 1/s; 3 ln(10) / T60.
        k: seconds between two samples, one over the sample rate.
        T: length of the sound in samples.

    Returns:
        Shape (T,), the sample n at the time n k.

    Raises:
        ValueError: the shapes differ, or a number is out of range.
    """
    frequencies, weights = np.asarray(F, np.float64), np.asarray(A, np.float64)
    if frequencies.shape != weights.shape:
        raise ValueError(
            f"F and A must have one shape, got {frequencies.shape} and {weights.shape}"
        )
    one_drum = frequencies.reshape(1, -1), weights.reshape(1, -1), [check_number("d", d)], [0.0]
    rate = 1 / check_number("k", k, above=0)
    sound: Float64 = _core.additive(*one_drum, check_count("T", T), rate, threads=1)[0]
    return sound


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
        TypeError: a coefficient is not a number, or T not an integer.
        ValueError: the shapes differ, B has other values than 0 and 1 or no 1, a number is not
            finite, or T is negative.
    """

    def __init__(
        self,
        u_0: ArrayLike,
        u_1: ArrayLike,
        B: ArrayLike,
        c_0: float,
        c_1: float,
        c_2: float,
        T: int,
    ) -> None:
        self._membrane = _check_membrane(u_0, u_1, B, c_0, c_1, c_2)
        self._length = check_count("T", T, 0)
        iter(self)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Self:
        self._simulation, self._given = _core.Simulation(*self._membrane), 0
        return self

    def __next__(self) -> Float64:
        if self._given == self._length:
            raise StopIteration
        self._given += 1
        self._simulation.step()
        return self._simulation.frame()


def FDTDWaveform2D(
    u_0: ArrayLike,
    u_1: ArrayLike,
    B: ArrayLike,
    c_0: float,
    c_1: float,
    c_2: float,
    T: int,
    w: Sequence[float],
) -> Float64:
    """Return the displacement of a membrane at one point: u_0, u_1, then the frames of `FDTD_2D`.

    The first arguments are those of `FDTD_2D`. T is the number of samples, from 1, and w (row,
    column) as fractions of the matrix, from 0 for the first to 1 for the last; displacements in
    between are bilinear. The sound has the shape (T,) and is not scaled.

    Raises:
        TypeError: as of `FDTD_2D`.
        ValueError: as of `FDTD_2D`, or w is outside of the matrix.
    """
    membrane = _check_membrane(u_0, u_1, B, c_0, c_1, c_2)
    rows, columns = membrane[0].rows, membrane[0].columns
    at = np.array(check_numbers("w", w, 2))
    if not ((at >= 0) & (at <= 1)).all():
        raise ValueError(f"w must be a (row, column) from 0 to 1 each, got {w}")
    # The four nodes around w, row * columns + column, and their weights.
    last = np.array([rows - 1, columns - 1])
    first = np.minimum(np.floor(at * last).astype(np.int64), np.maximum(last - 1, 0))
    row, column = np.transpose([first, np.minimum(first + 1, last)])
    beyond = at * last - first
    row_weights, column_weights = np.transpose([1 - beyond, beyond])
    return _core.fdtd_waveform(
        *membrane,
        check_count("T", T),
        np.add.outer(row * columns, column).ravel(),
        np.outer(row_weights, column_weights).ravel(),
    )


def FDTDWaveform1D(
    u_0: ArrayLike,
    u_1: ArrayLike,
    c_0: float,
    c_1: float,
    c_2: float,
    T: int,
    w: float,
) -> Float64:
    """Return the displacement of a string at one point: a membrane of one row of nodes.

    u_next = c_0 (sum of both neighbours) + c_1 u - c_2 u_previous, with q = (c k / h)^2 <= 1
    c_0 = q / (1 + sigma k), c_1 = (2 - 2 q) / (1 + sigma k) and c_2 as of a membrane.

    Args:
        u_0: displacement one step before `u_1`, shape (nodes,), nodes from 3.
        u_1: displacement at the start, shape (nodes,). The first and the last node are fixed, and
            count as 0 in both.
        c_0: weight of the neighbours' sum.
        c_1: weight of the frame before.
        c_2: weight of the frame before that, subtracted.
        T: the number of samples, from 1.
        w: where it is heard, from 0 for the first node to 1 for the last.

    Returns:
        Shape (T,), not scaled.

    Raises:
        TypeError, ValueError: as of `FDTDWaveform2D`.
    """
    first, second = (np.asarray(u, np.float64) for u in (u_0, u_1))
    if first.ndim != 1 or first.shape != second.shape or len(first) < 3:
        raise ValueError(
            "u_0 and u_1 must have one shape (nodes,), nodes from 3, got "
            f"{first.shape} and {second.shape}"
        )
    moving = np.ones((1, len(first)))
    moving[:, [0, -1]] = 0
    at = 0.0, check_number("w", w, least=0, most=1)
    return FDTDWaveform2D(first[None], second[None], moving, c_0, c_1, c_2, T, at)


def _check_membrane(
    u_0: ArrayLike, u_1: ArrayLike, B: ArrayLike, c_0: float, c_1: float, c_2: float
) -> tuple[_core.Grid, Float64, Float64, float, float, float]:
    """Return grid, fields and coefficients as the core takes them."""
    matrix = np.asarray(B)
    if matrix.ndim != 2:
        raise ValueError(f"B must have shape (rows, columns), got {matrix.shape}")
    u_0, u_1 = np.asarray(u_0, np.float64), np.asarray(u_1, np.float64)
    for name, field, kind, right in (
        ("B", matrix, "0 or 1", (matrix == 0) | (matrix == 1)),
        ("u_0", u_0, "finite", np.isfinite(u_0)),
        ("u_1", u_1, "finite", np.isfinite(u_1)),
    ):
        if field.shape != matrix.shape:
            raise ValueError(f"{name} must have the shape of B, {matrix.shape}, got {field.shape}")
        if not right.all():
            row, column = np.argwhere(~right)[0]
            raise ValueError(
                f"{name} must be {kind}, got {field[row, column]} at ({row}, {column})"
            )
    c_0, c_1, c_2 = check_number("c_0", c_0), check_number("c_1", c_1), check_number("c_2", c_2)
    return _core.Grid(matrix.astype(bool)), u_0, u_1, c_0, c_1, c_2
