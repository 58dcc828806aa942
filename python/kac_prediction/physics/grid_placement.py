"""Placement of the square grid under a drum, so that the walls lie where the zeros are."""

import math
from itertools import combinations

import numpy as np

from .._arrays import ArrayLike, Float64

_LOWEST_ROWS = [(1, 0), (0, 1), (1, 1), (1, -1), (1, 2), (2, 1), (1, -2), (2, -1)]
_MOST_WALLS = 8
_SWEEP = np.linspace(1, 1.1, 101)
_DISPERSION = 8.0
_BANDWIDTH = 1e-3


def wall_distance(nx: ArrayLike, ny: ArrayLike) -> Float64:
    """Return how far inside a node must lie to live, in steps, by the wall's normal (nx, ny).

    The dead nodes along a slanted wall are stairs; the line on which the membrane is at rest, as
    seen from afar, should be the wall. Along the rows it is the first dead row. If nodes live
    from 1/2 step on, that lies between half a step inside and half a step outside the wall, on
    average right. Along the diagonals the rows are only 1/sqrt(2) apart and the threshold that is
    right on average is half of that; in between, the line lies outside the first dead nodes, and
    the threshold is smaller still. The first eigenvalue of squares 80 steps wide, turned by 18
    angles, at five random offsets each, gave it to be

        max(1/2 - 0.24 sqrt(n), 1/sqrt(8) - 0.0715 sqrt(m - n)),

    m the larger and n the smaller of |nx| and |ny|, nx^2 + ny^2 = 1, within 0.01. With 1/2 for all
    walls the first ten frequencies of discs and of turned squares and triangles, 100 steps wide,
    came out 0.2 to 0.3 % too high on average, with this between 0.01 % too high and 0.02 % too low.
    """
    x, y = np.abs(nx), np.abs(ny)
    length = np.maximum(np.hypot(x, y), np.finfo(np.float64).tiny)
    small, large = np.minimum(x, y) / length, np.maximum(x, y) / length
    stairs = 0.5 - 0.24 * np.sqrt(small)
    return np.maximum(stairs, math.sqrt(1 / 8) - 0.0715 * np.sqrt(large - small))


def place(
    walls: Float64, area: float, centre: tuple[float, float], smallest_step: float
) -> tuple[float, Float64]:
    """Return the step, and a node (x, y), with which walls fall on nodes.

    Along a wall whose normal is (a, b) / sqrt(a^2 + b^2) with small integers a and b, the nodes
    lie in lines step / sqrt(a^2 + b^2) apart, so that such a wall is either on one of them or,
    all along, off: up to 1.2 % in frequency on a drum 100 steps wide. Other walls cross the lines,
    and what is off averages out. Tried are steps up to 10 % above the smallest, each with a node
    where two of the wanted lines cross.

    A wall of length l that is off by d changes the area by l d and, if all shared the change, the
    frequencies by l d / (2 area). The sum of the squares over the walls is to be least, and with
    it the square of what a larger step adds to the dispersion: the tenth frequency, kappa near
    14 / sqrt(area), is too low by up to (kappa h)^2 / 24, so 8 h^2 / area, and this grows by twice
    the share s that h does; half of that, as it falls between none and all, by the direction. To
    this is added s / 1000 for the highest partials, which a larger step cuts off.

    The walls are the straight parts of the boundary, (from, to) counter-clockwise, shape (k, 2, 2).
    Where there are none, a node lies at the centre.
    """
    normals, norms, positions, targets, lengths = _lined_up(walls, centre, smallest_step)
    steps = _steps(norms, normals, positions, smallest_step)
    # Where the lines of nodes are wanted, normal . x = wanted, shape (steps, walls), and where any
    # two of them cross, shape (steps, pairs, 2).
    wanted = positions + steps[:, None] * targets
    one, other = np.array([*combinations(range(len(normals)), 2)]).T
    (a, b), (c, d) = normals[one].T, normals[other].T
    determinant = a * d - b * c
    crossing = np.abs(determinant) > 0.1
    a, b, c, d, determinant = (number[crossing] for number in (a, b, c, d, determinant))
    p, q = wanted[:, one[crossing]], wanted[:, other[crossing]]
    nodes = np.stack([(d * p - b * q) / determinant, (a * q - c * p) / determinant], axis=-1)
    spacing = (steps[:, None] / norms)[:, None]
    off = (wanted[:, None] - nodes @ normals.T) / spacing
    off = (off - np.round(off)) * spacing
    cost = ((lengths * off) ** 2).sum(axis=2) / (2 * area) ** 2
    growth = (steps / smallest_step - 1)[:, None]
    cost += ((_DISPERSION * smallest_step**2 / area + _BANDWIDTH) * growth) ** 2
    best, node = np.unravel_index(np.argmin(cost), cost.shape)
    return float(steps[best]), nodes[best, node]


def _lined_up(
    walls: Float64, centre: tuple[float, float], smallest_step: float
) -> tuple[Float64, Float64, Float64, Float64, Float64]:
    """Return the longest walls along lines of nodes, after two of no length through the centre.

    Returns:
        Unit normals (k, 2); sqrt(a^2 + b^2) of each; position along the normal; how far from it,
        in steps and along the normal, the nearest line of nodes should be; length.
    """
    rows = np.array(_LOWEST_ROWS, dtype=np.float64)
    norms = np.hypot(*rows.T)
    units = rows / norms[:, None]
    along = walls[:, 1] - walls[:, 0]
    # Along a line of nodes: with its middle on one, no end is farther from it than half a step.
    drift = np.abs(along @ units.T)
    kind = np.argmin(drift, axis=1)
    lengths = np.hypot(*along.T)
    found = np.flatnonzero(drift.min(axis=1, initial=math.inf) < smallest_step)
    found = found[np.argsort(-lengths[found], kind="stable")][:_MOST_WALLS]
    kind = np.concatenate([[0, 1], kind[found]])
    middles = np.concatenate([[centre, centre], walls[found].mean(axis=1)])
    inward = np.column_stack([-along[found, 1], along[found, 0]])
    sides = np.concatenate([[0, 0], np.sign((inward * units[kind[2:]]).sum(axis=1))])
    # The threshold to live half way between two lines: neither is nearly on the wrong side.
    targets = sides * (wall_distance(*units[kind].T) - 0.5 / norms[kind])
    positions = (middles * units[kind]).sum(axis=1)
    return units[kind], norms[kind], positions, targets, np.concatenate([[0, 0], lengths[found]])


def _steps(norms: Float64, normals: Float64, positions: Float64, smallest_step: float) -> Float64:
    """Return the steps to try: a sweep, and those which put two parallel walls on nodes."""
    steps = [smallest_step * _SWEEP]
    for i, j in combinations(range(2, len(norms)), 2):
        if (normals[i] == normals[j]).all():
            distance = abs(positions[i] - positions[j]) * norms[i]
            # The rounding of a distance that is a whole number of steps must not lose one.
            most = math.floor(distance / smallest_step * (1 + 1e-9))
            counts = np.arange(max(most - 3, 1), most + 1)
            fitting = np.maximum(distance / counts, smallest_step)
            steps.append(fitting[fitting <= _SWEEP[-1] * smallest_step])
    return np.concatenate(steps)
