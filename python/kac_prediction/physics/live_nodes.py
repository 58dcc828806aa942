"""Which nodes of a grid live: those that lie far enough inside a shape."""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from ..geometry import Shape
from .grid_placement import wall_distance

_Float64 = npt.NDArray[np.float64]
_Bools = npt.NDArray[np.bool_]
_Nodes = npt.NDArray[np.int64]

_BLOCKS = (8, 2, 1)
_SHALLOWEST_LIVE, _DEEPEST_DEAD = 0.3, 0.5
"""What `wall_distance` lies between, in steps."""
_CROSS = ndimage.generate_binary_structure(2, 1)


def live_nodes(
    shape: Shape, origin: tuple[float, float], step: float, rows: int, columns: int
) -> _Bools:
    """Return which nodes live: by how deep they lie, and of the parts that remain the largest.

    Those that lie 1/2 step deep or more live, and some of those that lie a little less deep:
    `wall_distance` says how deep they must, by the way to the wall, which the depths of the four
    neighbours tell. Parts are what rows and columns connect.

    Args:
        shape: in metres.
        origin: where node (0, 0) lies, (x, y) in metres.
        step: distance between neighbouring nodes, metres.
        rows: number of rows; the first and the last, as of the columns, lie outside the shape.
        columns: number of columns.

    Returns:
        Shape (rows, columns).
    """
    depths = _Depths(shape, origin, step)
    live, row, column = _deep_blocks(depths, rows, columns)
    depth = depths.at(row, column)
    live[row, column] = depth > _DEEPEST_DEAD
    between = (depth > _SHALLOWEST_LIVE) & (depth <= _DEEPEST_DEAD)
    row, column = row[between], column[between]
    right, left, above, below = depths.at(
        row + np.array([[0], [0], [1], [-1]]), column + np.array([[1], [-1], [0], [0]])
    )
    live[row, column] = depth[between] > wall_distance(right - left, above - below)
    return _largest_part(np.ascontiguousarray(live[:rows, :columns]))


class _Depths(NamedTuple):
    """How deep nodes lie within a shape, in steps."""

    shape: Shape
    origin: tuple[float, float]
    step: float

    def at(self, row: npt.NDArray[np.number], column: npt.NDArray[np.number]) -> _Float64:
        """The depth at places in units of the step, of the shape of `row` and of `column`."""
        x, y = self.origin
        points = np.stack([x + self.step * column, y + self.step * row], axis=-1)
        depth = self.shape.depth(points.reshape(-1, 2)) / self.step
        return depth.reshape(row.shape)


def _deep_blocks(depths: _Depths, rows: int, columns: int) -> tuple[_Bools, _Nodes, _Nodes]:
    """Which nodes live, by the blocks they are in, and the row and column of those left open.

    Depth changes by no more than one goes. So where the middle of a block lies deeper than 1 step,
    or less deep than 0, by the way to its corners, so do all of its nodes; others are divided.

    Returns:
        Shape (rows, columns), each filled up to whole blocks; shapes (n,) and (n,).
    """
    height, width = (-(-count // _BLOCKS[0]) * _BLOCKS[0] for count in (rows, columns))
    live = np.zeros((height, width), dtype=np.bool_)
    row, column = _corners(height, width, _BLOCKS[0])
    for block, part in pairwise(_BLOCKS):
        middle = (block - 1) / 2
        depth = depths.at(row + middle, column + middle)
        corner = math.sqrt(2) * middle
        deep = depth >= 1 + corner
        split = ~deep & (depth > -corner)
        blocks = live.reshape(height // block, block, width // block, block)
        blocks[row[deep] // block, :, column[deep] // block, :] = True
        down, along = _corners(block, block, part)
        row, column = (row[split, None] + down).ravel(), (column[split, None] + along).ravel()
    return live, row, column


def _corners(height: int, width: int, block: int) -> tuple[_Nodes, _Nodes]:
    """The rows and columns where the blocks of a rectangle begin, both shape (n,)."""
    row, column = np.divmod(np.arange(height * width // block**2), width // block)
    return row * block, column * block


def _largest_part(live: _Bools) -> _Bools:
    """Of the parts that rows and columns connect, the one with the most nodes."""
    if _in_one_part(live):
        return live
    numbered, count = ndimage.label(live, _CROSS)
    if count < 2:
        return live
    return np.asarray(numbered == 1 + np.argmax(np.bincount(numbered.ravel())[1:]))


def _in_one_part(live: _Bools) -> bool:
    """Say whether every row lives in one stretch, beside one of the next: quickly, mostly so."""
    stretches = np.count_nonzero(live[:, 1:] > live[:, :-1])
    rows = np.count_nonzero(live.any(axis=1))
    beside = np.count_nonzero((live[1:] & live[:-1]).any(axis=1))
    return bool(stretches == rows == beside + 1)
