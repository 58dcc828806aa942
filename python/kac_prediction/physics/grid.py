"""The square grid of the finite difference scheme under a drum, and which of its nodes live."""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse

from .._arrays import ArrayLike, Bool, Float64
from .._checks import check_number
from ..geometry import Shape
from ..geometry.shape import check_shape
from .grid_placement import place, wall_distance

_Bools = Bool
_Nodes = npt.NDArray[np.int64]
Weights = tuple[npt.NDArray[np.int64], Float64]
"""Nodes as flat indices row * columns + column, and what each weighs."""

_MOST_NODES = 2**24
_BLOCKS = (8, 2, 1)
_SHALLOWEST_LIVE, _DEEPEST_DEAD = 0.3, 0.5  # steps: `wall_distance` lies between


@dataclass(frozen=True, eq=False)
class DrumGrid:
    """A drum on a square grid: which nodes move, and where they lie.

    Node (row, column) lies at `origin` + `step` (column, row). One mapping serves the shape, the
    strike and the pick-up.

    Attributes:
        step: distance between neighbouring nodes, metres.
        live: which nodes move, shape (rows, columns); all others, and all beyond the matrix, are
            at rest. Rows go along y from the lowest, columns along x. Its rim is dead.
        origin: where node (0, 0) lies, (x, y) in metres.
    """

    step: float
    live: _Bools
    origin: tuple[float, float]

    def laplacian(self) -> sparse.csr_matrix:
        """Return the five-point Laplacian on the live nodes, in the order of `live.ravel()`.

        (sum of the four neighbours - 4 u) / step^2, where a dead neighbour counts 0 (Dirichlet):
        symmetric and negative definite, its eigenvalues are those of the drum with the sign
        changed, 1/m^2. Its shape is (n, n) for n live nodes.
        """
        live = self.live
        numbers = np.cumsum(live.ravel()).reshape(live.shape) - 1
        beside, above = live[:, :-1] & live[:, 1:], live[:-1] & live[1:]
        one = np.concatenate([numbers[:, :-1][beside], numbers[:-1][above]])
        other = np.concatenate([numbers[:, 1:][beside], numbers[1:][above]])
        count = int(live.sum())
        diagonal = np.arange(count)
        rows = np.concatenate([one, other, diagonal])
        columns = np.concatenate([other, one, diagonal])
        values = np.ones(len(rows))
        values[-count:] = -4
        matrix = sparse.coo_matrix((values / self.step**2, (rows, columns)), (count, count))
        return matrix.tocsr()

    def nodes_at(self, point: ArrayLike) -> Weights:
        """Return the four nodes around a point (x, y) in metres, with their bilinear weights.

        Dead nodes keep their weight, which counts for nothing; a point beyond the matrix has no
        nodes at all.
        """
        x, y = self._in_steps(point)
        column, row = math.floor(x), math.floor(y)
        along, up = np.array([1 - x + column, x - column]), np.array([1 - y + row, y - row])
        return self._kept(row + np.array([0, 1]), column + np.array([0, 1]), np.outer(up, along))

    def raised_cosine(self, point: ArrayLike, width: float) -> Weights:
        """Return the nodes under a raised cosine, (1 + cos(2 pi d / width)) / 2 at distance d.

        The weights sum to 1 over the nodes of the unbounded grid: those beyond the wall count for
        nothing. Where no node lies within half the width the point is spread bilinearly. Metres:
        `point` is where its peak lies, (x, y), and `width` the diameter of its support, from 0.
        """
        x, y = self._in_steps(point)
        radius = width / (2 * self.step)
        columns = np.arange(math.ceil(x - radius), math.floor(x + radius) + 1)
        rows = np.arange(math.ceil(y - radius), math.floor(y + radius) + 1)
        distance = np.hypot((rows - y)[:, None], columns - x)
        near = distance < radius
        if not near.any():
            return self.nodes_at(point)
        weights = np.where(near, 1 + np.cos(np.pi * np.minimum(distance / radius, 1)), 0)
        return self._kept(rows, columns, weights / weights.sum())

    def carries(self, point: ArrayLike) -> bool:
        """Return whether a point (x, y) in metres moves: more than half its weight is live."""
        nodes, weights = self.nodes_at(point)
        return bool(weights[self.live.ravel()[nodes]].sum() > 0.5)

    def deepest(self) -> tuple[float, float]:
        """Return a live node that lies farthest from all dead ones, (x, y) in metres."""
        distance = ndimage.distance_transform_edt(self.live)
        row, column = np.unravel_index(np.argmax(distance), self.live.shape)
        x, y = self.origin
        return x + self.step * float(column), y + self.step * float(row)

    def _in_steps(self, point: ArrayLike) -> tuple[float, float]:
        """Return a point in units of the step, counted from node (0, 0)."""
        x, y = np.asarray(point, dtype=np.float64)
        return float(x - self.origin[0]) / self.step, float(y - self.origin[1]) / self.step

    def _kept(self, rows: _Nodes, columns: _Nodes, weights: Float64) -> Weights:
        """Return flat indices and weights of those nodes that the matrix holds and that weigh."""
        (height, width), nodes = self.live.shape, rows[:, None] * self.live.shape[1] + columns
        held = ((rows >= 0) & (rows < height))[:, None] & (columns >= 0) & (columns < width)
        held &= weights > 0
        return nodes[held], weights[held]


def drum_grid(shape: Shape, smallest_step: float) -> DrumGrid:
    """Lay a shape on a square grid, so that the walls lie where the zeros are.

    The step is a little above the smallest, and the grid is shifted, so that walls along rows,
    columns and diagonals fall on nodes as nearly as one step allows (`grid_placement.place`). A
    node lives if it lies inside by more than about half a step; how much, depends on how the wall
    is inclined to the grid (`grid_placement.wall_distance`). Of what a neck narrower than a step
    divides, the larger part lives.

    For the five-point leapfrog to be stable the smallest step is sqrt(2) c / sample_rate, metres.

    Raises:
        TypeError: `shape` is not a shape.
        ValueError: the step is not a finite number above 0; the drum is smaller than three cells
            across, that is, no live node has four live neighbours; or it has over 2^24 nodes.
    """
    check_shape("shape", shape)
    smallest_step = check_number("smallest_step", smallest_step, above=0)
    size = math.sqrt(shape.area)
    boundary = shape.outline()
    low, high = boundary.min(axis=0), boundary.max(axis=0)
    if np.prod((high - low) / smallest_step + 3) > _MOST_NODES:
        raise ValueError(
            f"a drum {size:.6g} m in size has over {_MOST_NODES} nodes {smallest_step:.3g} "
            "m apart: take a smaller drum or a larger step (a lower sample rate)"
        )
    step, anchor = place(shape.walls(), shape.area, shape.centroid, smallest_step)
    first = np.floor((low - anchor) / step) - 1
    columns, rows = (np.ceil((high - anchor) / step) + 2 - first).astype(int).tolist()
    x, y = (anchor + step * first).tolist()
    live = live_nodes(shape, (x, y), step, rows, columns)
    inner = live[1:-1, 1:-1] & live[:-2, 1:-1] & live[2:, 1:-1] & live[1:-1, :-2] & live[1:-1, 2:]
    if not inner.any():
        raise ValueError(
            f"a drum {size:.6g} m in size is smaller than three cells of {step:.3g} m "
            "across: take a larger drum or a smaller step (a higher sample rate, a lower tension)"
        )
    live.flags.writeable = False
    return DrumGrid(step, live, (x, y))


def live_nodes(
    shape: Shape, origin: tuple[float, float], step: float, rows: int, columns: int
) -> _Bools:
    """Return which nodes live: by how deep they lie, and of the parts that remain the largest.

    Those that lie 1/2 step deep or more live, and some of those that lie a little less deep:
    `wall_distance` tells how deep they must, by the way to the wall, which the depths of the four
    neighbours tell. Parts are what rows and columns connect.

    Depth changes by no more than one goes. So where the middle of a block of nodes lies deeper than
    1 step, or less deep than 0, by the way to its corners, so do all of its nodes; other blocks are
    divided, down to single nodes. The first and the last row and column lie outside the shape.
    """

    def depth_at(row: npt.NDArray[np.number], column: npt.NDArray[np.number]) -> Float64:
        points = np.stack([origin[0] + step * column, origin[1] + step * row], axis=-1)
        return (shape.depth(points.reshape(-1, 2)) / step).reshape(row.shape)

    height, width = (-(-count // _BLOCKS[0]) * _BLOCKS[0] for count in (rows, columns))
    live = np.zeros((height, width), dtype=np.bool_)
    row, column = _corners(height, width, _BLOCKS[0])
    for block, part in pairwise(_BLOCKS):
        middle = (block - 1) / 2
        depth = depth_at(row + middle, column + middle)
        corner = math.sqrt(2) * middle
        deep = depth >= 1 + corner
        split = ~deep & (depth > -corner)
        blocks = live.reshape(height // block, block, width // block, block)
        blocks[row[deep] // block, :, column[deep] // block, :] = True
        down, along = _corners(block, block, part)
        row, column = (row[split, None] + down).ravel(), (column[split, None] + along).ravel()
    depth = depth_at(row, column)
    live[row, column] = depth > _DEEPEST_DEAD
    between = (depth > _SHALLOWEST_LIVE) & (depth <= _DEEPEST_DEAD)
    row, column = row[between], column[between]
    right, left, above, below = depth_at(
        row + np.array([[0], [0], [1], [-1]]), column + np.array([[1], [-1], [0], [0]])
    )
    live[row, column] = depth[between] > wall_distance(right - left, above - below)
    return _largest_part(np.ascontiguousarray(live[:rows, :columns]))


def _corners(height: int, width: int, block: int) -> tuple[_Nodes, _Nodes]:
    """Return the rows and columns where the blocks of a rectangle begin, both shape (n,)."""
    row, column = np.divmod(np.arange(height * width // block**2), width // block)
    return row * block, column * block


def _largest_part(live: _Bools) -> _Bools:
    """Return, of the parts that rows and columns connect, the one with the most nodes."""
    # Mostly every row lives in one stretch, beside one of the next: that is found quickly.
    stretches = np.count_nonzero(live[:, 1:] > live[:, :-1])
    beside = np.count_nonzero((live[1:] & live[:-1]).any(axis=1))
    if stretches == np.count_nonzero(live.any(axis=1)) == beside + 1:
        return live
    numbered, count = ndimage.label(live, ndimage.generate_binary_structure(2, 1))
    if count < 2:
        return live
    return np.asarray(numbered == 1 + np.argmax(np.bincount(numbered.ravel())[1:]))
