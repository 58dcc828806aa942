"""Where a drum is struck in a recording, behind noise, beside clicks, of any offset."""

import math
from itertools import pairwise
from typing import Final

import numpy as np

from .._arrays import Float64

_HOP: Final = 0.001  # seconds of a frame
_FRAMES: Final = 4096  # that are squared at once
_MEDIAN: Final = 10**6  # samples, of which the middle is taken
_BEFORE: Final = 20  # frames, whose mean energy a strike rises above
# Frames in which a drum rings after the strike, and how these are divided: a click is loud in the
# first part alone. Of a short sound at most such a share of its frames.
_AFTER: Final = 100
_PARTS: Final = (1 / 6, 1 / 2, 1)
_SHARE: Final = 0.3
_QUIETEST: Final = 10  # per cent of the frames, the noise where nothing lies before
# Frames about the rise in which the first sample is looked for.
_EARLIEST: Final = 30
_LATEST: Final = 20
# Powers, of the peak's: what is fainter is not told from silence, as the pre-echo of lossy coding;
# and of the sound's: what lies before a strike at the beginning, if it is to be noise.
_FAINTEST: Final = 10**-4.5
_NOISE: Final = 10**-2
# Seconds of the beginning of a rendered drum, in which it may become loud, where silence ends
# before the strike that is found, and in which it differs from noise; shares of the peak there
# from which it starts, and which its first samples reach, other than what lossy coding fades in.
_GUARD: Final = 0.025
_ENDS: Final = 0.01
_FIRST: Final = 0.0015
_AT_REST: Final = 0.05
_AT_ONCE: Final = 0.002
_LOUD: Final = 0.25  # of the peak of the drum


def find_strike(waveform: Float64, sample_rate: int) -> int:
    """Return the sample at which a drum is struck in a recording, not silent, shape (length,).

    Heard is the strike after which most energy is left: the frame of a millisecond before which
    there is least, and after which there is most for 0.1 s. So a click, a door or the end of a
    noise is none. About that frame, the sample is taken at which two Gaussian noises, of one power
    before and of another after, are most likely to change: Akaike's criterion for the arrival of
    a wave (Maeda, Zisin 38, 1985, 365-379). A constant in the waveform is of no effect.

    Before the wave arrives, 10 ms after the strike on a drum of 1 m that is heard at its other
    side, there is little to find in noise.
    """
    middle = middle_of(waveform)
    hop = max(1, round(_HOP * sample_rate))
    peak = max(middle - float(waveform.min()), float(waveform.max()) - middle)
    energies = _energies(waveform, hop, middle, peak)
    frame = _rise(energies)
    start = max(0, (frame - _EARLIEST) * hop)
    powers = np.square((waveform[start : (frame + _LATEST) * hop] - middle) / peak)
    missing = _EARLIEST * hop - (frame * hop - start)
    noise = 0.0
    if missing and frame > 1:
        # What there is stands for what is missing, unless the drum sounds from the first sample on.
        first = float(energies[: frame - 1].mean())
        noise = first if first < _NOISE * energies[frame : frame + 10].mean() else 0.0
    return start + max(0, change(powers, missing, noise) - 1)


def onset(waveform: Float64, sample_rate: int) -> int:
    """Return the sample from which a model of rendered drums hears a finite waveform, not silent.

    A rendered drum begins at the strike, with ripples of a thousandth of the peak before its wave
    arrives, in which `find_strike` finds little. Where such a one begins with the waveform, or
    after digital silence, it is cut nowhere; else the strike is where `find_strike` finds it, but
    not after the waveform is loud where it is so within 25 ms, as find_strike errs in short ones.
    """
    strike, first = find_strike(waveform, sample_rate), max(3, round(_FIRST * sample_rate))
    middle = middle_of(waveform)
    near = waveform[max(0, strike - first) : strike + round(_HOP * _AFTER * sample_rate)]
    level = np.abs(waveform[: round(_GUARD * sample_rate)] - middle) / np.abs(near - middle).max()
    if (level > _LOUD).any():
        loud = int(np.argmax(level > _LOUD))
        # Never more than half the way to where it is loud: a short one may be all drum.
        start = waveform[: max(3, min(first, loud // 2))]
        if (
            (start[0] == 0 and start[1:8].any())
            or _is_rendered(start)
            or _is_rendered(start - middle)
        ):
            return 0
        strike = min(strike, loud)
    earliest = max(0, strike - first - round(_ENDS * sample_rate))
    moved = np.flatnonzero(np.diff(waveform[earliest : strike + 1]))
    rest = earliest + int(moved[0]) if len(moved) else strike
    begun = waveform[rest : rest + first] - waveform[rest]
    return rest if rest - earliest >= first and _is_rendered(begun) else strike


def _is_rendered(start: Float64) -> bool:
    """Whether a rendered drum may start like this: from rest, at once, smoothly."""
    peak = np.abs(start).max()
    at_rest = abs(start[0]) <= _AT_REST * peak
    at_once = len(start) > 2 and np.abs(start[1:3]).max() >= _AT_ONCE * peak
    # The mean square of the steps between samples over that of the samples is 2 in white noise.
    return bool(at_rest and at_once and np.square(np.diff(start)).sum() <= np.square(start).sum())


def middle_of(waveform: Float64) -> float:
    """Return the median of a waveform, of every nth sample if it is long."""
    return float(np.median(waveform[:: max(1, len(waveform) // _MEDIAN)]))


def _energies(waveform: Float64, hop: int, middle: float, peak: float) -> Float64:
    """Return the mean square of each frame, from -peak to peak about the middle, at least one."""
    frames = max(1, len(waveform) // hop)
    cut = waveform[: frames * hop].reshape(frames, -1)
    parts = ((cut[i : i + _FRAMES] - middle) / peak for i in range(0, frames, _FRAMES))
    return np.concatenate([np.square(part).mean(axis=1) for part in parts])


def _rise(energies: Float64) -> int:
    """Return the frame of the largest rise that lasts."""
    count = len(energies)
    after = max(1, min(_AFTER, math.floor(_SHARE * count)))
    width = min(_BEFORE, count)
    smooth = np.convolve(energies, np.full(width, 1 / width), "valid")
    quiet = np.full(_BEFORE, np.percentile(smooth, _QUIETEST))
    sums = np.cumsum(np.concatenate([[0.0], quiet, energies, np.zeros(after)]))
    ends = sums[_BEFORE:]
    before = (ends[:count] - sums[:count]) / _BEFORE
    edges = [0, *(max(1, round(part * after)) for part in _PARTS)]
    parts = [
        (ends[high : high + count] - ends[low : low + count]) / (high - low)
        for low, high in pairwise(edges)
        if low < high
    ]
    least, most = np.min(parts, axis=0), np.max(parts, axis=0)
    # A louder noise that dies sooner than a drum is not preferred.
    lasting = np.sqrt(least / np.where(most > 0, most, 1))
    rise = (least - before) * lasting
    # Where nothing lasts, as in what ends at once, the loudest rise.
    return int(np.argmax(rise if rise.max() > 0 else parts[0] - before))


def change(powers: Float64, missing: int, noise: float) -> int:
    """Return the index before which powers are most likely of one mean, and from which of another.

    Before the first, `missing` more had the mean `noise`.
    """
    faintest = _FAINTEST * (float(powers.max()) or 1.0)
    sums = np.cumsum(powers)
    before = np.arange(len(powers))
    after = len(powers) - before
    earlier = missing * noise + sums - powers
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.where(missing + before > 0, earlier / (missing + before), 0.0)
    second = (sums[-1] - sums + powers) / after
    criterion = (missing + before) * np.log(first + faintest) + after * np.log(second + faintest)
    return int(np.argmin(criterion))
