"""Axes of drawings in HTML: where values lie, and round ones of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt
from matplotlib.ticker import LogLocator, MaxNLocator


@dataclass(frozen=True)
class Axis:
    """Where values from `low` to `high` lie, in pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def at(self, values: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the pixels of values."""
        low, high, found = self.low, self.high, np.asarray(values, dtype=np.float64)
        if self.logarithmic:
            low, high, found = np.log(low), np.log(high), np.log(found)
        span = high - low or 1.0
        return self.start + (found - low) / span * (self.end - self.start)

    def ticks(self, whole: bool = False) -> npt.NDArray[np.float64]:
        """Return a few round values, or whole numbers."""
        most = max(2, int(abs(self.end - self.start) / 30))
        locator = MaxNLocator(min(most, 6), integer=whole, steps=(1, 2, 5, 10))
        ticks = np.asarray(locator.tick_values(self.low, self.high))
        if self.logarithmic and self.high > 5 * self.low:
            ticks = np.asarray(LogLocator(subs=(1, 2, 5)).tick_values(self.low, self.high))
        return ticks[(ticks >= self.low) & (ticks <= self.high)]


def grid(x: Axis, y: Axis, across: str, up: str, whole: bool = False) -> Iterator[str]:
    """Draw lines at round values, and say these and what they are of; `whole` numbers across."""
    for tick, at in zip(x.ticks(whole), x.at(x.ticks(whole)), strict=True):
        yield f'<path d="M{at:.1f} {y.start}V{y.end}" stroke="#8884"/>'
        yield f'<text x="{at:.1f}" y="{y.start + 16}" text-anchor="middle">{tick:g}</text>'
    for tick, at in zip(y.ticks(), y.at(y.ticks()), strict=True):
        yield f'<path d="M{x.start} {at:.1f}H{x.end}" stroke="#8884"/>'
        yield f'<text x="{x.start - 5}" y="{at + 4:.1f}" text-anchor="end">{tick:.3g}</text>'
    yield f'<text x="{x.end}" y="{y.start + 33}" text-anchor="end">{escape(across)}</text>'
    yield f'<text x="{x.start}" y="{y.start + 33}">{escape(up)}</text>'


def drawing(pieces: Iterable[str], name: str, width: int, height: int, rem: int = 40) -> str:
    """Return a drawing that is as wide as there is room, up to a width in rem."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(name)}" font-size="13" fill="currentColor" '
        f'style="display:block;width:100%;max-width:{rem}rem">{"".join(pieces)}</svg>'
    )
