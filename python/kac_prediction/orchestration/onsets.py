"""Where something is struck in a sound: spectral flux with an adaptive threshold."""

from typing import Final, NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter1d, median_filter

from .. import _core
from .._arrays import ArrayLike, Float64
from .._checks import check_sound, check_whole

_WINDOW, _HOP = 0.012, 0.0025  # seconds
_LAG: Final = 2  # frames, over which a rise is measured
_LOWEST, _BANDS, _OCTAVE = 60.0, 48, 6  # Hz, number, in an octave
_FAINTEST: Final = 1e-5  # of the loudest band
_CLOSEST: Final = 0.02  # seconds between onsets
_ABOUT: Final = 0.1  # seconds to each side, of which the median is taken
_LEAST, _OVER = 0.1, 1.5  # flux, and times the median, that an onset exceeds
_LATE: Final = 0.001  # seconds from the frame to the onset


class Onsets(NamedTuple):
    """Onsets in a sound.

    Attributes:
        times: seconds, ascending, shape (n,).
        strengths: mean rise of the logarithm of the bands, shape (n,).
    """

    times: Float64
    strengths: Float64


def find_onsets(sound: ArrayLike, sample_rate: int) -> Onsets:
    """Return where something begins to sound, 20 ms apart or more.

    Spectral flux: the mean over bands of a sixth of an octave of the rise of their log magnitudes
    over 5 ms, where a neighbouring band may have been as loud before (Böck and Widmer, "Maximum
    filter vibrato suppression for onset detection", DAFx 2013). An onset is a maximum above 0.1 and
    the median of 0.2 s about it, times 1.5.

    Args:
        sound: mono, shape (n,).
        sample_rate: Hz.

    Raises:
        TypeError: the sound is no real numbers.
        ValueError: it has another shape, or is empty, silent or not finite; or the sample rate is
            below 400 Hz.
    """
    rate = check_whole("sample_rate", sample_rate, least=round(1 / _HOP))
    return onsets_in(check_sound("the sound", sound), rate)


def onsets_in(sound: Float64, rate: int) -> Onsets:
    """Return the onsets of a finite sound, which may be silent or constant."""
    flux, hop = _flux(sound, rate)
    width = max(1, round(_ABOUT / hop))
    usual = median_filter(flux, 2 * width + 1)
    highest = maximum_filter1d(flux, 2 * round(_CLOSEST / hop) + 1)
    frames = np.flatnonzero((flux == highest) & (flux > _LEAST + _OVER * usual))
    times = np.minimum(frames * hop + _LATE, max(0, len(sound) - 1) / rate)
    return Onsets(np.asarray(times, np.float64), flux[frames])


def _flux(sound: Float64, rate: int) -> tuple[Float64, float]:
    """Return the flux of each frame, and the seconds between them."""
    length, hop = round(_WINDOW * rate), max(1, round(_HOP * rate))
    spectrogram = _core.Spectrogram(length, length, hop, None, 2)
    padded = np.pad(sound, (0, max(0, length // 2 + 1 - len(sound))))  # it is reflected
    power = np.asarray(spectrogram.transform(padded[None])[0], np.float64)
    frames = len(sound) // hop + 1
    bands = _bands(power, rate / length)[:, :frames]
    level = np.log(bands + _FAINTEST * bands.max() + np.finfo(float).tiny)
    before = maximum_filter1d(level, 3, axis=0)
    rise = np.maximum(level[:, _LAG:] - before[:, :-_LAG], 0).mean(axis=0)
    return np.concatenate([np.zeros(_LAG), rise]), hop / rate


def _bands(power: Float64, resolution: float) -> Float64:
    """Return the magnitudes of bands, shape (bands, frames), of powers (bins, frames)."""
    frequencies = np.arange(len(power)) * resolution
    edges = np.concatenate([[0], _LOWEST * 2 ** (np.arange(_BANDS) / _OCTAVE)])
    band = np.searchsorted(edges, frequencies, side="right") - 1
    starts = np.flatnonzero(np.diff(band, prepend=-1))
    return np.asarray(np.sqrt(np.add.reduceat(power, starts, axis=0)))
