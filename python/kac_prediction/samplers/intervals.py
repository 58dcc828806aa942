"""Numbers of drums that are fixed, or drawn from a range."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from .._checks import check_numbers

NumberOrRange: TypeAlias = float | Sequence[float]
"""A number, which is fixed, or a pair (low, high), between which each drum's own is drawn."""

Interval: TypeAlias = tuple[float, float]


def draw_between(rng: np.random.Generator, interval: Interval) -> float:
    """Draw a number uniform in [low, high); nothing is drawn where both are the same."""
    low, high = interval
    return low if low == high else low + (high - low) * rng.random()


def draw_log_uniform(rng: np.random.Generator, interval: Interval) -> float:
    """Draw a number log-uniform in [low, high); nothing is drawn where both are the same."""
    low, high = interval
    return low if low == high else low * (high / low) ** rng.random()


def as_interval(name: str, value: NumberOrRange) -> Interval:
    """Turn a number or a pair (low, high) into (low, high); raise ValueError for anything else."""
    try:
        numbers = check_numbers(name, value, 1, 2)
    except ValueError as error:
        raise ValueError(
            f"{name} must be a finite number or a pair (low, high), got {value!r}"
        ) from error
    if numbers[0] > numbers[-1]:
        raise ValueError(f"{name} must be a pair (low, high) with low <= high, got {value!r}")
    return numbers[0], numbers[-1]


def as_intervals(names: Sequence[str], point: Sequence[NumberOrRange]) -> list[Interval]:
    """Turn the setting `strike_location`, a number or a range for each name, into intervals."""
    if not hasattr(point, "__len__") or len(point) != len(names):
        raise ValueError(f"strike_location must be ({', '.join(names)}), got {point!r}")
    return [
        as_interval(f"{name} of strike_location", value)
        for name, value in zip(names, point, strict=True)
    ]
