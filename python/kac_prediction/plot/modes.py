"""How a drum swings: its modes, each with its nodal lines and its frequency."""

import math
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from .._arrays import Float64
from .._checks import check_count, check_number
from ..geometry import Shape
from ..physics import modes
from .style import INK, Picture

_CELLS: Final = 160  # of the drawing, each way
_COLUMNS: Final = 4
_INCHES: Final = 2.2  # of a mode, each way


def modes_figure(
    shape: Shape, count: int = 12, *, wave_speed: float = 100.0, title: str = ""
) -> Picture:
    """Draw the lowest modes of a drum: red where it is up, blue where it is down.

    The nodal lines between, where sand comes to rest, are those of a Chladni pattern. Of modes that
    share a frequency any mixture is a mode, too; one is drawn.

    Args:
        shape: the drum, metres.
        count: how many modes, from 1.
        wave_speed: of the membrane, m/s, which the frequencies above the modes follow.
        title: a line or several.

    Raises:
        TypeError, ValueError: as of `physics.modes`; or `wave_speed` is not above 0.
    """
    check_number("wave_speed", wave_speed, above=0)
    found = modes(shape, check_count("count", count))
    inside = shape.draw(_CELLS)
    fields = np.full((count, *inside.shape), np.nan)
    fields[:, inside] = found(shape.cells(_CELLS)[inside.ravel()]).T
    rows, columns = math.ceil(count / _COLUMNS), min(count, _COLUMNS)
    size = (max(_INCHES * columns, 4.0), (_INCHES + 0.2) * rows + 0.5)
    figure = Picture(figsize=size, facecolor="white", layout="constrained")
    figure.suptitle(title, fontsize=12, color=INK)
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    frequencies = found.frequencies(math.sqrt(shape.area), wave_speed)
    for k, axes in enumerate(panels):
        axes.set_axis_off()
        if k < count:
            _draw_mode(axes, shape, fields[k])
            axes.set_title(f"{k + 1}: {frequencies[k]:.1f} Hz", fontsize=9.5, color=INK)
    return figure


def _draw_mode(axes: Axes, shape: Shape, field: Float64) -> None:
    """Draw how far each place moves, the nodal lines and the rim."""
    outline = shape.outline()
    low, high = outline.min(axis=0), outline.max(axis=0)
    middle, reach = (low + high) / 2, (high - low).max() / 2
    extent = (middle[0] - reach, middle[0] + reach, middle[1] - reach, middle[1] + reach)
    peak = float(np.nanmax(np.abs(field)))
    ends = {"vmin": -peak, "vmax": peak}
    axes.imshow(field.T, origin="lower", extent=extent, cmap="RdBu_r", **ends)  # type: ignore[arg-type]
    if np.nanmin(field) < 0 < np.nanmax(field):
        axes.contour(field.T, [0.0], extent=extent, colors=INK, linewidths=1.0)
    axes.plot(*outline.T, color=INK, linewidth=1.4)
