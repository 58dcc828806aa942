"""Drums and the spectra of their sounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..geometry import Shape
from .style import INK, MEMBRANE, PREDICTED, TRUE

_FLOOR = -70.0


@dataclass(frozen=True)
class Voice:
    """A drum and the spectrum of a sound it makes.

    Attributes:
        name: of the drum.
        shape: of the drum.
        frequencies: of the spectrum, Hz, shape (n,), ascending.
        levels: of the spectrum, dB, shape (n,); the largest is drawn as 0.
        partials: eigenfrequencies, Hz, shape (k,); each is drawn as a line behind the spectrum.
    """

    name: str
    shape: Shape
    frequencies: npt.NDArray[np.float64]
    levels: npt.NDArray[np.float64]
    partials: npt.NDArray[np.float64]


def spectra_figure(
    voices: Sequence[Voice],
    pair: tuple[Voice, Voice],
    *,
    highest: float = 1200.0,
    title: str = "One size, three shapes; and two shapes, one spectrum",
) -> Figure:
    """Draw drums, each above its spectrum, and below them two with the same eigenfrequencies.

    Args:
        voices: drums side by side, one at least.
        pair: two drums whose spectra are drawn one above the other.
        highest: where the frequency axes end, Hz.
        title: heading of the figure.

    Returns:
        The figure, not attached to any window: `figure.savefig(path)`.

    Raises:
        ValueError: no voices, `highest` is not above 0, or a spectrum whose frequencies and levels
            do not match or that has nothing up to `highest`.
    """
    if not voices:
        raise ValueError("voices must hold one drum at least.")
    if not highest > 0:
        raise ValueError(f"highest must be a frequency above 0 Hz, got {highest!r}.")
    figure = Figure(figsize=(10.5, 8.0), facecolor="white")
    figure.set_layout_engine("constrained", h_pad=0.08, w_pad=0.08)
    figure.suptitle(title, fontsize=15, fontweight="bold", color=INK)
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.25, 1.0)).flat
    panels = upper.subplots(2, len(voices), squeeze=False, height_ratios=(1.0, 1.0))
    for (drum, spectrum), voice in zip(panels.T, voices, strict=True):
        _draw_shape(drum, voice, TRUE)
        _draw_spectrum(spectrum, voice, TRUE, highest)
    left, right = lower.subfigures(1, 2, squeeze=False, width_ratios=(1.0, 1.6)).flat
    colours = (TRUE, PREDICTED)
    for axes, voice, colour in zip(left.subplots(1, 2), pair, colours, strict=True):
        _draw_shape(axes, voice, colour)
    for axes, voice, colour in zip(right.subplots(2, 1), pair, colours, strict=True):
        _draw_spectrum(axes, voice, colour, highest)
    return figure


def _draw_shape(axes: Axes, voice: Voice, colour: str) -> None:
    """Fill the outline of a drum, its name above it."""
    outline = voice.shape.outline()
    axes.fill(*outline.T, facecolor=MEMBRANE, edgecolor=colour, linewidth=2.2)
    axes.set_title(voice.name, fontsize=11.5, color=INK)
    axes.set_aspect("equal")
    axes.margins(0.08)
    axes.set_axis_off()


def _draw_spectrum(axes: Axes, voice: Voice, colour: str, highest: float) -> None:
    """Draw levels over frequency, a line behind them at every eigenfrequency.

    Raises:
        ValueError: frequencies and levels do not match, or are all above `highest`.
    """
    if voice.frequencies.ndim != 1 or voice.frequencies.shape != voice.levels.shape:
        raise ValueError(
            f"{voice.name}: frequencies and levels must have one shape (n,), "
            f"got {voice.frequencies.shape} and {voice.levels.shape}."
        )
    within = voice.frequencies <= highest
    if not within.any():
        raise ValueError(f"{voice.name}: the spectrum has nothing up to {highest} Hz.")
    levels = voice.levels[within]
    partials = voice.partials[voice.partials <= highest]
    axes.vlines(partials, _FLOOR, 5, color="#CCCCCC", linewidth=0.8)
    axes.plot(voice.frequencies[within], levels - levels.max(), color=colour, linewidth=1.2)
    axes.set(xlim=(0, highest), ylim=(_FLOOR, 5), xlabel="frequency (Hz)", ylabel="level (dB)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
