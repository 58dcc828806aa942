"""Mains hum: harmonics of 50 or 60 Hz that sound before a strike and on below it."""

import math
from typing import Final, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar

from .._arrays import Float64
from .._blas import one_thread

_MAINS: Final = (50.0, 60.0)  # Hz
_DEVIATION: Final = 0.3  # Hz, at most, of the mains
_HIGHEST: Final = 1500.0  # Hz, of a harmonic
_RATE: Final = 4000.0  # Hz, at least, of the samples that are fitted
_SHARE: Final = 0.7  # of the power before the strike, from which it is hum
# Seconds: before the strike that tell the hum, just before it that do not, of the beginning in
# which a high-pass settles, and after the strike that are kept.
_SHORTEST, _LONGEST, _GUARD, _SETTLED, _AFTER = 0.05, 0.5, 0.002, 0.1, 5.0
_BLOCK: Final = 2**16  # samples, whose harmonics are computed at once


class _Hum(NamedTuple):
    """The frequency of the mains, Hz, and amplitudes of the columns of `_harmonics`."""

    mains: float
    amplitudes: Float64


def without_hum(waveform: Float64, sample_rate: int, strike: int) -> Float64:
    """Return a waveform, shape (length,), without the mains hum that is heard before the strike.

    Harmonics are fitted by least squares to the half second before it. They are taken away from
    there on to 5 s after it, and what is earlier or later is cut off. Where less than 50 ms precede
    the strike, or what does is no hum, the waveform is returned as it is.
    """
    shortest, longest, guard, settled, after = (
        round(seconds * sample_rate) for seconds in (_SHORTEST, _LONGEST, _GUARD, _SETTLED, _AFTER)
    )
    end = strike - guard
    start = max(0, end - longest, min(settled, end - shortest))
    if end - start < shortest:
        return waveform
    with one_thread():
        hum = _hum(waveform[start:end], sample_rate)
        if hum is None:
            return waveform
        cleaned = waveform[start : strike + after].copy()
        for i in range(0, len(cleaned), _BLOCK):
            block = cleaned[i : i + _BLOCK]
            times: Float64 = np.arange(i, i + len(block)) / sample_rate
            block -= _harmonics(times, hum.mains) @ hum.amplitudes
    return cleaned


def _hum(sound: Float64, sample_rate: int) -> _Hum | None:
    """Return the hum that a sound is; None: it is another sound, or silent."""
    step = max(1, math.floor(sample_rate / _RATE))
    scale = np.abs(sound).max()
    if scale == 0:
        return None
    values: Float64 = sound[::step] / scale
    times: Float64 = np.arange(len(values)) * step / sample_rate

    def left(mains: float) -> float:
        basis = _harmonics(times, mains)
        return float(np.square(values - basis @ _amplitudes(basis, values)).sum())

    near = min(_MAINS, key=left)
    if left(near) > (1 - _SHARE) * values @ values:
        return None
    around = (near - _DEVIATION, near + _DEVIATION)
    mains = float(minimize_scalar(left, bounds=around, method="bounded").x)
    return _Hum(mains, scale * _amplitudes(_harmonics(times, mains), values))


def _amplitudes(basis: Float64, values: Float64) -> Float64:
    """Return the factors of the columns of a basis, shape (n, k), that fit values."""
    return np.asarray(np.linalg.lstsq(basis, values)[0])


def _harmonics(times: Float64, mains: float) -> Float64:
    """Return cosines and sines of the harmonics of a frequency, shape (times, 2 harmonics)."""
    phases = 2 * math.pi * mains * times[:, None] * np.arange(1, _HIGHEST // mains + 1)
    return np.concatenate([np.cos(phases), np.sin(phases)], axis=1)
