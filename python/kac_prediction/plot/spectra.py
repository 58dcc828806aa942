"""Drums and the spectra of their sounds."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from .._arrays import Float64
from .._checks import check_number, check_vectors
from ..geometry import Shape
from .style import INK, MEMBRANE, PREDICTED, TRUE, Picture

_FLOOR = -70.0


@dataclass(frozen=True)
class DrumSpectrum:
    """A drum and the spectrum of a sound it makes."""

    name: str
    shape: Shape
    frequencies: Float64  # Hz, shape (n,), ascending
    levels: Float64  # dB, shape (n,); the largest is drawn as 0
    partials: Float64  # eigenfrequencies, Hz, shape (k,), drawn as lines behind


def spectra_figure(
    drums: Sequence[DrumSpectrum],
    pair: tuple[DrumSpectrum, DrumSpectrum],
    *,
    highest: float = 1200.0,
    title: str = "One size, three shapes; and two shapes, one spectrum",
) -> Picture:
    """Draw drums, each above its spectrum, and below them two with the same eigenfrequencies.

    Args:
        drums: side by side, one at least.
        pair: two drums whose spectra are drawn one above the other.
        highest: where the frequency axes end, Hz.
        title: heading of the figure.

    Raises:
        ValueError: no drums, `highest` not above 0, or a spectrum whose frequencies and levels do
            not match, or with nothing up to `highest`.
    """
    if not drums:
        raise ValueError("drums must hold one drum at least.")
    check_number("highest", highest, above=0)
    figure = Picture(figsize=(10.5, 8.0), facecolor="white")
    figure.set_layout_engine("constrained", h_pad=0.08, w_pad=0.08)
    figure.suptitle(title, fontsize=15, fontweight="bold", color=INK)
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=(1.25, 1.0)).flat
    panels = upper.subplots(2, len(drums), squeeze=False, height_ratios=(1.0, 1.0))
    for (shape, spectrum), drum in zip(panels.T, drums, strict=True):
        _draw_shape(shape, drum, TRUE)
        _draw_spectrum(spectrum, drum, TRUE, highest)
    left, right = lower.subfigures(1, 2, squeeze=False, width_ratios=(1.0, 1.6)).flat
    colours = (TRUE, PREDICTED)
    for axes, drum, colour in zip(left.subplots(1, 2), pair, colours, strict=True):
        _draw_shape(axes, drum, colour)
    for axes, drum, colour in zip(right.subplots(2, 1), pair, colours, strict=True):
        _draw_spectrum(axes, drum, colour, highest)
    return figure


def _draw_shape(axes: Axes, drum: DrumSpectrum, colour: str) -> None:
    """Fill the outline of a drum, its name above it."""
    outline = drum.shape.outline()
    axes.fill(*outline.T, facecolor=MEMBRANE, edgecolor=colour, linewidth=2.2)
    axes.set_title(drum.name, fontsize=11.5, color=INK)
    axes.set_aspect("equal")
    axes.margins(0.08)
    axes.set_axis_off()


def _draw_spectrum(axes: Axes, drum: DrumSpectrum, colour: str, highest: float) -> None:
    """Draw levels over frequency, a line behind them at every eigenfrequency."""
    check_vectors({f"frequencies of {drum.name}": drum.frequencies, "its levels": drum.levels})
    within = drum.frequencies <= highest
    if not within.any():
        raise ValueError(f"{drum.name}: the spectrum has nothing up to {highest} Hz.")
    levels = drum.levels[within]
    partials = drum.partials[drum.partials <= highest]
    axes.vlines(partials, _FLOOR, 5, color="#CCCCCC", linewidth=0.8)
    axes.plot(drum.frequencies[within], levels - levels.max(), color=colour, linewidth=1.2)
    axes.set(xlim=(0, highest), ylim=(_FLOOR, 5), xlabel="frequency (Hz)", ylabel="level (dB)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
