"""How wide the strikes on a drum are: from where its spectrum falls off, whatever its shape."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from .._arrays import Float64
from ..physics.excitation import mean_of_waves

_WIDTHS: Final = np.geomspace(1 / 30, 1 / 3, 48)  # in units of the size, that are tried
_FLOORS: Final = 10.0 ** np.arange(-4.5, 0.1, 0.5)  # of what is no drum, times what a point excites
_BANDS: Final = np.geomspace(1, 40, 50)  # S = 2 L f / c between which power is summed
_FREEDOM: Final = 8.0  # of a band, at most: skirts of partials are no noise
_LONGEST: Final = 0.5  # seconds of a strike
_LEAD: Final = 10.0  # of a width over that of drums of which none is given


def find_width(
    sounds: Sequence[Float64],
    sample_rate: float,
    slowness: float,
    default: float,
    highest: float,
) -> float | None:
    """Return the diameter of strikes on a drum in units of its size.

    By Weyl's law the modes of a band are about as many as S, and each has the energy (F / S)^2, F
    being the mean of its wave under the strike; to that comes a floor. Amplitudes of bands, rather
    than powers, in which skirts of a partial would outweigh all else, are taken for gamma
    distributed, of as many degrees of freedom as a band has modes, or bins, up to eight.

    Args:
        sounds: each from the strike on, shape (n,).
        sample_rate: Hz.
        slowness: L / c, seconds.
        default: the diameter that is taken for none, in units of the size.
        highest: S of the highest mode of drums that are struck so.

    Returns:
        None: where no other width than the default explains the sounds better.
    """
    parts = [_amplitudes(sound, sample_rate, slowness) for sound in sounds]
    parts = [part for part in parts if part[0] @ part[1] > 0]
    if not parts:
        return None
    middles = np.sqrt(_BANDS[1:] * _BANDS[:-1])
    shares = mean_of_waves(math.pi / 2 * middles * np.append(default, _WIDTHS)[:, None]) ** 2
    shares[0] *= np.clip((highest - _BANDS[:-1]) / np.diff(_BANDS), 0, 1)
    expected = np.sqrt((shares[:, None] + _FLOORS[:, None]) / middles)
    likely = np.sum([_log_likelihoods(*part, expected) for part in parts], axis=0)
    best = int(np.argmax(likely[1:]))
    return float(_WIDTHS[best]) if likely[1 + best] > likely[0] + _LEAD else None


def _amplitudes(sound: Float64, sample_rate: float, slowness: float) -> tuple[Float64, Float64]:
    """Return amplitude and degrees of freedom of each band, shape (bands,)."""
    sound = sound[: int(_LONGEST * sample_rate)]
    fading = np.cos(math.pi / 2 * np.arange(len(sound)) / len(sound)) ** 2
    power = np.abs(np.fft.rfft(fading * sound)) ** 2
    series = 2 * slowness * np.fft.rfftfreq(len(sound), 1 / sample_rate)
    bins = np.histogram(series, _BANDS)[0]
    sums = np.histogram(series, _BANDS, weights=power)[0]
    modes = math.pi / 4 * np.diff(_BANDS**2)
    return np.sqrt(sums / np.maximum(bins, 1)), np.minimum(np.minimum(bins, modes), _FREEDOM)


def _log_likelihoods(amplitude: Float64, freedom: Float64, expected: Float64) -> Float64:
    """Return those of the best level and floor of each width, shape (widths,)."""
    level = (freedom * amplitude / expected).sum(axis=-1) / freedom.sum()
    logs = -(freedom * np.log(expected)).sum(axis=-1) - freedom.sum() * np.log(level)
    return np.asarray(2 * logs.max(axis=-1))
