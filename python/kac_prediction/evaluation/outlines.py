"""How alike two outlines are, whichever way round they lie."""

import math

import numpy as np

from .._arrays import ArrayLike, Float64


def overlap(outlines: ArrayLike, others: ArrayLike) -> Float64:
    """Return the intersection over union of drums, at the best of all rotations and reflections.

    Args:
        outlines: natural logarithms of radii about an origin, at equal steps of the angle, shape
            (n, angles); they are compared at unit area.
        others: the same, of as many drums; turned and reflected in steps of an angle.

    Returns:
        From 0 to 1, shape (n,).

    Raises:
        ValueError: they differ in shape, or are not such arrays of finite numbers.
    """
    first, second = np.asarray(outlines, np.float64), np.asarray(others, np.float64)
    if first.ndim != 2 or first.shape != second.shape:
        raise ValueError(
            f"outlines must have one shape (n, angles), got {first.shape} and {second.shape}"
        )
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("outlines must be finite")
    first, second = unit_area(first), unit_area(second)
    best = np.zeros(len(first))
    for way in (second, second[:, ::-1]):
        for step in range(first.shape[1]):
            turned = np.roll(way, step, axis=1)
            both = np.exp(2 * np.minimum(first, turned)).sum(axis=1)
            either = np.exp(2 * np.maximum(first, turned)).sum(axis=1)
            np.maximum(best, both / either, out=best)
    return best


def unit_area(outlines: Float64) -> Float64:
    """Return outlines, logarithms of radii, shape (n, angles), scaled to an area of 1.

    The area is the integral of r^2 / 2 over the angle.
    """
    highest = outlines.max(axis=1, keepdims=True)
    squares = np.exp(2 * (outlines - highest)).mean(axis=1, keepdims=True)
    scaled: Float64 = outlines - highest - np.log(math.pi * squares) / 2
    return scaled
