"""The nodes that live, against the rule applied to every single node."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from every_shape import KINDS, drawn
from kac_prediction.geometry import Polygon, Shape
from kac_prediction.physics.grid import live_nodes
from kac_prediction.physics.grid_placement import wall_distance

STEP = 0.003
NARROW = {
    "boomerang": [(0, 0), (4, 2), (0.5, 0), (4, -2)],
    "slit": [(0, 0), (1, 0), (0.2, 0.501), (1, 0.02), (1, 1), (0, 1)],
    "neck": [(0, 0), (2, 0), (2, 1), (3, 1), (3, 0), (4, 0), (4, 1.02), (2, 1.02), (2, 2), (0, 2)],
    "comb": [
        (0, 0),
        (6, 0),
        (6, 4),
        (5, 4),
        (5, 1),
        (4, 1),
        (4, 4),
        (2, 4),
        (2, 1),
        (1, 1),
        (1, 4),
    ],
}


def by_the_rule(
    shape: Shape, origin: tuple[float, float], step: float, rows: int, columns: int
) -> np.ndarray:
    row, column = np.indices((rows, columns))
    nodes = np.stack([origin[0] + step * column, origin[1] + step * row], axis=-1)
    depth = shape.depth(nodes.reshape(-1, 2)).reshape(rows, columns) / step
    up, across = np.gradient(depth)
    live = (depth > 0.5) | ((depth > 0.3) & (depth > wall_distance(across, up)))
    numbered, _ = ndimage.label(live)
    return numbered == 1 + np.argmax(np.bincount(numbered.ravel())[1:])


def agree(shape: Shape, step: float, offset: tuple[float, float]) -> None:
    low, high = shape.outline().min(axis=0), shape.outline().max(axis=0)
    origin = (float(low[0] - (1 + offset[0]) * step), float(low[1] - (1 + offset[1]) * step))
    columns, rows = (math.ceil(side / step) + 4 for side in (high - low).tolist())
    expected = by_the_rule(shape, origin, step, rows, columns)
    live = live_nodes(shape, origin, step, rows, columns)
    assert live.flags.c_contiguous
    assert np.array_equal(live, expected)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_shape(kind: type[Shape]) -> None:
    rng = np.random.default_rng(4)
    for seed in range(4):
        shape = drawn(kind, seed)
        shape.area, shape.centroid = rng.uniform(0.05, 0.6) ** 2, (0.01, 0.02)
        agree(shape, STEP, tuple(rng.random(2)))


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("angle", [0.0, 0.3, 0.7])
def test_narrow_parts(name: str, angle: float) -> None:
    turn = [[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]]
    for size in (0.06, 0.15, 0.3):
        shape = Polygon(np.array(NARROW[name]) @ np.array(turn))
        shape.area = size**2
        agree(shape, STEP, (0.1, 0.6))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(0, 2**32), st.floats(8, 40))
def test_random_polygons_of_few_nodes(seed: int, cells: float) -> None:
    rng = np.random.default_rng(seed)
    kind = [kind for kind in KINDS if issubclass(kind, Polygon)][seed % 7]
    agree(drawn(kind, seed), math.sqrt(drawn(kind, seed).area) / cells, tuple(rng.random(2)))
