"""The partials of each family of drums, and the spectra to be expected from them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ..._arrays import Float64
from ..._checks import check_choice
from ...physics import circularSeries
from ...physics.weyl import weyl_density
from ...samplers.shapes import FAMILIES

Float32 = npt.NDArray[np.float32]

PADDING: Final = 2
"""Zero padding of spectra: bins for each bin of the unpadded sound."""

_ASPECTS: Final = (1.0, 4.0)
_ASPECT_STEP: Final = 0.04
_POLYGONS: Final = 4  # groups of aspect ratios
_MODES: Final = 10  # of the modal drums, in either direction
_ALONG: Final = 15  # of a rectangle along its longer side, up to where the continuum begins
_SYMMETRIC: Final = 40  # of a circle struck in the middle, up to the end of the band
_CONTINUUM: Final = (7.5, 60.0, 1 / 6)  # from, to (beyond the band), step
_OVERSAMPLING: Final = 8  # of a bin while spectra are made
_LOBE: Final = 8  # bins to either side that a line reaches


@dataclass(frozen=True)
class Partials:
    """The partials of drums of unit area of one family, S = 2 L f / c.

    S^2 = a / epsilon + b epsilon for each mode at the aspect ratio epsilon: of rectangles
    (Rayleigh, The Theory of Sound I, chapter IX), and of a circle with b = 0 at epsilon = 1 alone.

    Hypotheses say which modes sound, and how loud: of a strike anywhere, or in the middle, where
    only the symmetric modes sound; of 10 by 10 modes, as the modal drums have, or of all, for which
    a continuum of the density of Weyl's law stands from S = 7.5. `blurred` partials are only near
    the true ones: spectra are averaged over each quarter of the aspect ratios.
    """

    aspects: Float64  # that are tried, shape (b,), ascending
    a: Float64  # shape (k,)
    b: Float64  # shape (k,)
    loudness: Float64  # mean phi^2 at the strike, of all modes at a frequency, (hypotheses, k)
    tail: Float64  # S of the continuum, shape (t,)
    tail_loudness: Float64  # shape (hypotheses, t); 0: without a continuum
    blurred: bool = False

    @classmethod
    def of(cls, family: str) -> "Partials":
        """Return the partials of a family; those of a convex polygon are near a rectangle's."""
        check_choice("family", family, FAMILIES)
        tail = np.arange(*_CONTINUUM)
        # The number of modes in each step.
        modes = weyl_density(tail) * _CONTINUUM[2]
        if family == "circle":
            # Modes of order 0 are single, the others come in pairs. In the middle, phi^2 is
            # 1 / J_1(z)^2, about pi z / 2 with z = S sqrt(pi), for order 0, else 0.
            series = circularSeries(_MODES, _SYMMETRIC)
            order, zero = np.indices(series.shape)
            single, few = order == 0, zero < _MODES
            anywhere = np.where(few, np.where(single, 1.0, 2.0), 0)
            middle = np.where(single, np.pi**1.5 / 2 * series, 0)
            known = (single | few).ravel()
            loudness = np.stack([anywhere, middle * few, anywhere, middle]).reshape(4, -1)
            tail_loudness = np.array([[0.0], [0], [1], [0]]) * modes
            squares = series.ravel()[known] ** 2
            return cls(np.ones(1), squares, 0 * squares, loudness[:, known], tail, tail_loudness)
        low, high = np.log(_ASPECTS)
        aspects = np.exp(np.linspace(low, high, 1 + round((high - low) / _ASPECT_STEP)))
        n, m = (i.ravel() + 1.0 for i in np.indices((_MODES, _ALONG)).astype(np.float64))
        rendered = m <= _MODES
        middle = 4 * (m % 2) * (n % 2)  # phi^2 there: 4 if m and n are odd
        loudness = np.stack([rendered, rendered * middle, np.ones(m.size), middle])
        # In the middle, a quarter of the modes sound four times as loud.
        tail_loudness = np.array([[0.0], [0], [1], [1]]) * modes
        if family == "rectangle":
            return cls(aspects, m**2, n**2, loudness, tail, tail_loudness)
        all_modes = slice(2, 3)  # struck anywhere
        loudness, tail_loudness = loudness[all_modes], tail_loudness[all_modes]
        return cls(aspects, m**2, n**2, loudness, tail, tail_loudness, blurred=True)

    @property
    def hypotheses(self) -> Float64:
        """The aspect ratio of each expected spectrum, shape (g,)."""
        if self.blurred:
            quarters = np.array_split(np.log(self.aspects), _POLYGONS)
            return np.exp([quarter.mean() for quarter in quarters])
        return np.tile(self.aspects, len(self.loudness))

    def series(self, aspects: Float64) -> Float64:
        """Return S of all modes for each aspect ratio, shape (..., k)."""
        epsilon = aspects[..., None]
        series: Float64 = np.sqrt(self.a / epsilon + self.b * epsilon)
        return series

    def lines(self) -> Iterator[tuple[Float64, Float64]]:
        """Yield S and the mean power, phi(x_s)^2 / S^2, of the lines of each spectrum."""
        for loudness, tail_loudness in zip(self.loudness, self.tail_loudness, strict=True):
            for series in self.series(self.aspects):
                sounding = loudness > 0
                if tail_loudness.any():
                    sounding &= series < self.tail[0]
                lines = np.concatenate([series[sounding], self.tail])
                yield lines, np.concatenate([loudness[sounding], tail_loudness]) / lines**2


def window(length: int) -> Float64:
    """Return a half wave of a sine: a narrower main lobe than Hann's, and side lobes low enough."""
    half_wave: Float64 = np.sin(np.pi * (np.arange(length) + 0.5) / length)
    return half_wave


def expected_spectra(
    partials: Partials, sizes: Float64, length: int, bins: int, seconds: float, speed: float
) -> Float32:
    """Return the expected power spectra of drums, shape (g, s, bins), the maximum of each 1.

    The first axis is that of `partials.hypotheses`. Sizes are in metres, shape (s,); the sounds, of
    so many samples and seconds, are weighted by `window`; bins are counted from the first above
    0 Hz; the speed is in m/s.
    """
    finer, reach = _OVERSAMPLING // PADDING, _LOBE * _OVERSAMPLING
    lobe = np.abs(np.fft.rfft(window(length), _OVERSAMPLING * length)[: reach + 1]) ** 2
    size = 1 << int(bins * finer + 2 * reach).bit_length()
    spread = np.fft.rfft(np.concatenate([lobe, np.zeros(size - 2 * reach - 1), lobe[:0:-1]]))
    scale = speed * seconds * _OVERSAMPLING / 2 / sizes[:, None]
    row = np.arange(len(sizes))[:, None] * size
    groups = len(partials.hypotheses)
    each = -(-len(partials.aspects) * len(partials.loudness) // groups)
    spectra = np.zeros((groups, len(sizes), bins), dtype=np.float32)
    for k, (lines, powers) in enumerate(partials.lines()):
        place = np.rint(lines * scale).astype(np.int64)
        within = place < bins * finer + reach
        where, power = (row + place)[within], np.broadcast_to(powers, place.shape)[within]
        histogram = np.bincount(where, power, len(sizes) * size).reshape(len(sizes), size)
        smooth = np.fft.irfft(np.fft.rfft(histogram) * spread, size)
        spectra[k // each] += np.maximum(smooth[:, finer : bins * finer + 1 : finer], 0)
    for group in spectra:
        # Where a small drum has no partial in the band, nothing is expected: not 0 / 0.
        group /= np.maximum(group.max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return spectra
