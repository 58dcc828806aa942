"""A sound: its wave, its spectrum, in which partials have their names, and its spectrogram."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes

from .._arrays import ArrayLike, Float64
from .._checks import check_count, check_number
from ..geometry import Circle, Shape, UnitRectangle
from ..physics import circularSeries, modes, rectangularSeries
from .style import INK, PREDICTED, TRUE, Picture, finish

_FLOOR: Final = -80.0  # dB
_BEYOND: Final = 1.15  # times the highest partial
_APART: Final = 0.014  # of the axis
_WINDOW: Final = 0.02  # seconds, about, of a frame of a spectrogram
_HIGHEST: Final = 8000.0  # Hz, of a spectrogram
_LOWEST: Final = 1000.0  # Hz, where the axis may end at the lowest


def named_partials(
    shape: Shape, count: int, *, wave_speed: float = 100.0
) -> list[tuple[str, float]]:
    """Return the names and the frequencies, Hz, of the lowest partials of a drum.

    Those of a circle are called (m, n), by m nodal diameters and n nodal circles, the rim counted;
    those of a rectangle (m, n), by half waves along x and y; all others by their number.

    Args:
        shape: the drum, at its size, metres.
        count: how many, from 1.
        wave_speed: of the membrane, m/s.

    Raises:
        TypeError, ValueError: as of `physics.modes`; or `wave_speed` is not above 0.
    """
    count = check_count("count", count)
    scale = check_number("wave_speed", wave_speed, above=0) / (2 * shape.area**0.5)
    if isinstance(shape, Circle):
        series, first = circularSeries(2 * count, count), (0, 1)
    elif isinstance(shape, UnitRectangle):
        series, first = rectangularSeries(count, count, shape.epsilon).T, (1, 1)
    else:
        frequencies = modes(shape, count).frequencies(shape.area**0.5, wave_speed)
        return [(str(k + 1), float(f)) for k, f in enumerate(frequencies)]
    rows, columns = np.unravel_index(np.argsort(series, axis=None)[:count], series.shape)
    return [
        (f"({m + first[0]}, {n + first[1]})", float(scale * series[m, n]))
        for m, n in zip(rows.tolist(), columns.tolist(), strict=True)
    ]


def sound_figure(
    waveform: ArrayLike,
    sample_rate: int,
    partials: Sequence[tuple[str, float]] = (),
    *,
    title: str = "",
) -> Picture:
    """Draw a sound above its spectrum, with a line at each partial that is given.

    Args:
        waveform: shape (n,), n from 2.
        sample_rate: Hz.
        partials: names and frequencies, Hz, such as those of `named_partials`.
        title: a line or several.

    Raises:
        TypeError, ValueError: another shape, what is not finite, or a sample rate below 1.
    """
    wave, rate = _checked(waveform, sample_rate)
    figure = Picture(figsize=(9.0, 6.0), facecolor="white", layout="constrained")
    figure.suptitle(title, fontsize=12, color=INK)
    above, below = figure.subplots(2, 1, height_ratios=(1.0, 1.8))
    above.plot(np.arange(len(wave)) / rate, wave, color=TRUE, linewidth=0.6)
    above.margins(x=0)
    finish(above, x_label="time (s)", y_label="amplitude")
    _draw_spectrum(below, wave, rate, partials)
    return figure


def spectrogram_figure(waveform: ArrayLike, sample_rate: int) -> Picture:
    """Draw the spectrogram of a sound, its levels over time and frequency, 80 dB of them.

    Args:
        waveform: shape (n,), n from 2.
        sample_rate: Hz.

    Raises:
        TypeError, ValueError: another shape, what is not finite, or a sample rate below 1.
    """
    wave, rate = _checked(waveform, sample_rate)
    window = min(len(wave), 2 ** max(1, round(math.log2(_WINDOW * rate))))
    figure = Picture(figsize=(4.4, 2.6), facecolor="white", layout="constrained")
    axes = figure.subplots()
    level = 1e-9 * (float(np.abs(wave).max()) or 1.0)
    audible = wave + level * np.cos(np.arange(len(wave)))  # so that silence has a level
    overlap = 3 * window // 4
    *_, image = axes.specgram(audible, NFFT=window, Fs=rate, noverlap=overlap, cmap="magma")
    image.set_clim(image.get_clim()[1] + _FLOOR, image.get_clim()[1])
    axes.set_ylim(0, min(rate / 2, _HIGHEST))
    axes.set_xlabel("time (s)")
    axes.set_ylabel("frequency (Hz)")
    return figure


def _checked(waveform: ArrayLike, sample_rate: int) -> tuple[Float64, int]:
    """Return a sound and its rate; raise ValueError unless they can be drawn."""
    wave, rate = np.asarray(waveform, np.float64), check_count("sample_rate", sample_rate)
    if wave.ndim != 1 or len(wave) < 2 or not np.isfinite(wave).all():
        raise ValueError(f"waveform must be 2 finite numbers or more, got shape {wave.shape}")
    return wave, rate


def _draw_spectrum(
    axes: Axes, wave: Float64, rate: int, partials: Sequence[tuple[str, float]]
) -> None:
    """Draw levels over frequency, under the names of the partials."""
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
    peak = float(spectrum.max()) or 1.0
    levels = 20 * np.log10(np.maximum(spectrum / peak, 10 ** (_FLOOR / 20)))
    axes.plot(np.fft.rfftfreq(len(wave), 1 / rate), levels, color=TRUE, linewidth=0.9)
    half, highest = rate / 2, max((f for _, f in partials), default=0.0)
    end = min(half, max(_BEYOND * highest, _LOWEST)) if partials else half
    beside: list[tuple[str, float]] = []  # names, of those too close to be told apart together
    for name, frequency in sorted(partials, key=lambda partial: partial[1]):
        axes.axvline(frequency, color=PREDICTED, linewidth=0.8, linestyle=(0, (2, 2)), zorder=0)
        if beside and frequency - beside[-1][1] < _APART * end:
            name, frequency = f"{beside[-1][0]} {name}", beside.pop()[1]
        beside.append((name, frequency))
    for name, frequency in beside:
        if frequency < end:
            note = axes.annotate(name, (frequency, 3), rotation=90, fontsize=8, color=PREDICTED)
            note.set(ha="center", va="bottom", annotation_clip=False)
    axes.set(xlim=(0, end), ylim=(_FLOOR, 3))
    finish(axes, x_label="frequency (Hz)", y_label="level (dB)")
