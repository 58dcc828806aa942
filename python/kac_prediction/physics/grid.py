"""DrumGrid: where a shape lies on the square grid of the finite difference scheme."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse

from ..geometry import Shape
from .grid_placement import place
from .live_nodes import live_nodes

_Float64 = npt.NDArray[np.float64]
Weights = tuple[npt.NDArray[np.int64], _Float64]
"""Nodes as flat indices row * columns + column, and what each weighs."""

_MOST_NODES = 2**24
_NONE: Weights = (np.empty(0, dtype=np.int64), np.empty(0))


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
    live: npt.NDArray[np.bool_]
    origin: tuple[float, float]

    def laplacian(self) -> sparse.csr_matrix:
        """Return the five-point Laplacian on the live nodes, in the order of `live.ravel()`.

        (sum of the four neighbours - 4 u) / step^2, where a dead neighbour counts 0 (Dirichlet):
        symmetric and negative definite, its eigenvalues are those of the drum with the sign
        changed, 1/m^2.

        Returns:
            Shape (n, n) for n live nodes.
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

    def nodes_at(self, point: npt.ArrayLike) -> Weights:
        """Return the four nodes around a point (x, y) in metres, with their bilinear weights.

        Dead nodes keep their weight, which counts for nothing; a point beyond the matrix has no
        nodes at all.
        """
        x, y = self._in_steps(point)
        column, row = math.floor(x), math.floor(y)
        along, up = np.array([1 - x + column, x - column]), np.array([1 - y + row, y - row])
        return self._kept(row + np.array([0, 1]), column + np.array([0, 1]), np.outer(up, along))

    def raised_cosine(self, point: npt.ArrayLike, width: float) -> Weights:
        """Return the nodes under a raised cosine, (1 + cos(2 pi d / width)) / 2 at distance d.

        The weights sum to 1 over the nodes of the unbounded grid: those beyond the wall count for
        nothing. Where no node lies within half the width the point is spread bilinearly.

        Args:
            point: where its peak lies, (x, y) in metres.
            width: diameter of its support in metres, from 0.
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

    def carries(self, point: npt.ArrayLike) -> bool:
        """Say whether a point (x, y) in metres is heard: more than half its weight is live."""
        nodes, weights = self.nodes_at(point)
        return bool(weights[self.live.ravel()[nodes]].sum() > 0.5)

    def deepest(self) -> tuple[float, float]:
        """Return a live node that lies farthest from all dead ones, (x, y) in metres."""
        distance = ndimage.distance_transform_edt(self.live)
        row, column = np.unravel_index(np.argmax(distance), self.live.shape)
        x, y = self.origin
        return x + self.step * float(column), y + self.step * float(row)

    def _in_steps(self, point: npt.ArrayLike) -> tuple[float, float]:
        """A point in units of the step, counted from node (0, 0)."""
        x, y = np.asarray(point, dtype=np.float64)
        return float(x - self.origin[0]) / self.step, float(y - self.origin[1]) / self.step

    def _kept(
        self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], weights: _Float64
    ) -> Weights:
        """Flat indices and weights of those nodes that the matrix holds and that weigh."""
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

    Args:
        shape: the drum, in metres.
        smallest_step: no step is smaller, metres; sqrt(2) c / sample_rate is the stable limit of
            the five-point leapfrog.

    Raises:
        ValueError: the step is not a finite number above 0; the drum is smaller than three cells
            across, that is, no live node has four live neighbours; or it has over 2^24 nodes.
    """
    if not 0 < smallest_step < math.inf:
        raise ValueError(f"smallest_step must be a finite number above 0, got {smallest_step!r}.")
    boundary = shape.outline()
    low, high = boundary.min(axis=0), boundary.max(axis=0)
    if np.prod((high - low) / smallest_step + 3) > _MOST_NODES:
        raise ValueError(
            f"a drum {_size(shape):.6g} m in size has over {_MOST_NODES} nodes {smallest_step:.3g} "
            "m apart: take a smaller drum or a larger step (a lower sample rate)."
        )
    step, anchor = place(shape.walls(), shape.area, shape.centroid, smallest_step)
    first = np.floor((low - anchor) / step) - 1
    columns, rows = (np.ceil((high - anchor) / step) + 2 - first).astype(int).tolist()
    x, y = (anchor + step * first).tolist()
    live = live_nodes(shape, (x, y), step, rows, columns)
    inner = live[1:-1, 1:-1] & live[:-2, 1:-1] & live[2:, 1:-1] & live[1:-1, :-2] & live[1:-1, 2:]
    if not inner.any():
        raise ValueError(
            f"a drum {_size(shape):.6g} m in size is smaller than three cells of {step:.3g} m "
            "across: take a larger drum or a smaller step (a higher sample rate, a lower tension)."
        )
    live.flags.writeable = False
    return DrumGrid(step, live, (x, y))


def _size(shape: Shape) -> float:
    return math.sqrt(shape.area)
