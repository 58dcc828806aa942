"""How alike outlines are, beside areas by Shapely."""

import numpy as np
import pytest
from shapely import Polygon, affinity

from kac_prediction.evaluation import overlap

ANGLES = 2 * np.pi * np.arange(64) / 64


def polygon(log_radii: np.ndarray) -> Polygon:
    radii = np.exp(log_radii)
    shape = Polygon(radii[:, None] * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)]))
    return affinity.scale(shape, *[shape.area**-0.5] * 2, origin=(0, 0))


def smooth(rng: np.random.Generator) -> np.ndarray:
    waves = np.exp(1j * np.outer(range(1, 5), ANGLES))
    return np.real((rng.normal(size=4) + 1j * rng.normal(size=4)) * 0.1 @ waves)


def test_the_areas_are_those_of_shapely() -> None:
    """At the best of the same rotations and reflections, each tried."""
    rng = np.random.default_rng(0)
    first, second = smooth(rng), smooth(rng)
    found = overlap(first[None], second[None])[0]
    shape, best = polygon(first), 0.0
    for way in (second, second[::-1]):
        for step in range(64):
            other = polygon(np.roll(way, step))
            best = max(best, shape.intersection(other).area / shape.union(other).area)
    assert found == pytest.approx(best, abs=2e-3)


def test_neither_size_nor_turns_count() -> None:
    outline = smooth(np.random.default_rng(1))
    turned = np.roll(outline[::-1], 11) + 0.3
    assert overlap(outline[None], turned[None])[0] == pytest.approx(1)


def test_a_disc_and_an_ellipse() -> None:
    """Of the same area, axes sqrt(r) and 1 / sqrt(r): they meet at tan(theta) = sqrt(r)."""
    r = 3.0
    radii = 1 / np.hypot(np.cos(ANGLES) / r**0.5, np.sin(ANGLES) * r**0.5)
    corner = np.arctan(r**-0.5)
    # Within the angle of the corner the disc is inside, beyond it the ellipse.
    inside = 2 * corner / np.pi + 1 - 2 * np.arctan(r * np.tan(corner)) / np.pi
    found = overlap(np.log(radii)[None], np.zeros((1, 64)))[0]
    assert found == pytest.approx(inside / (2 - inside), abs=2e-3)


def test_what_is_no_outline_is_refused() -> None:
    for first, second, text in (
        (np.zeros(64), np.zeros(64), r"shape \(n, angles\), got \(64,\)"),
        (np.zeros((1, 64)), np.zeros((2, 64)), r"got \(1, 64\) and \(2, 64\)"),
        (np.full((1, 64), np.nan), np.zeros((1, 64)), "must be finite"),
    ):
        with pytest.raises(ValueError, match=text):
            overlap(first, second)
