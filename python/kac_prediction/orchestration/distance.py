"""How far two sounds lie apart: the multi-resolution STFT distance."""

from collections.abc import Iterator
from functools import cache
from itertools import zip_longest
from typing import Final

import numpy as np

from .. import _core
from .._arrays import ArrayLike, Float64
from .._checks import check_samples

WINDOWS: Final = (256, 512, 1024, 2048, 4096)
"""Samples of the windows of the spectral distance."""

FLOOR: Final = 1e-4
"""Where its logarithm levels off, relative to a sine of amplitude 1: -80 dB."""

_BLOCK: Final = 2**18  # samples that are compared at once


def spectral_distance(
    x: ArrayLike | Iterator[ArrayLike], y: ArrayLike | Iterator[ArrayLike]
) -> float:
    r"""Return the multi-resolution STFT distance of two mono sounds of one sample rate.

    The mean over windows of n = 256, 512, 1024, 2048 and 4096 samples of

    .. math:: \overline{\bigl| |X| - |Y| \bigr|} + \overline{\left|
        \ln \sqrt{|X|^2 + e_n^2} - \ln \sqrt{|Y|^2 + e_n^2} \right|}, \quad e_n = 10^{-4} n / 4,

    each a mean over all bins and frames: the L1 distance of magnitudes and of their logarithms, as
    in DDSP (Engel, Hantrakul, Gu and Roberts, "DDSP: differentiable digital signal processing",
    ICLR 2020). The window is Hann's, periodic, and not normalised, so that a sine of amplitude 1
    has a mean magnitude of 1 and n / 4 at its bin, 80 dB above the floor e_n. Frames begin a
    quarter of a window apart, from the first that holds the first sample to the last that holds the
    last; around a sound, and after the shorter one, there is silence.

    It is symmetric, 0 for equal sounds, the same on any number of threads, and not indifferent to
    level: twice as loud is another sound.

    Args:
        x: a sound, shape (length,), or an iterator of the blocks of one, of any lengths, such as
            `soundfile.blocks(path, 2**18)`: then the memory does not grow with the sound.
        y: likewise.

    Raises:
        TypeError: anything but real numbers.
        ValueError: another shape; no sample at all; one that is not finite, or so large that its
            spectrum is not.
    """
    plan = _plan()
    sounds = np.zeros((2, plan.history + _BLOCK))
    total, length, none = np.zeros((len(WINDOWS), 2)), 0, np.empty(0)
    for blocks in zip_longest(_blocks("x", x), _blocks("y", y), fillvalue=none):
        size = max(map(len, blocks))
        end = plan.history - size // -plan.step * plan.step
        for sound, block in zip(sounds, blocks, strict=True):
            sound[plan.history : plan.history + len(block)] = block
            sound[plan.history + len(block) : end] = 0
        total += plan.sums(*sounds[:, :end])
        sounds[:, : plan.history] = sounds[:, end - plan.history : end].copy()
        length += size
    if not length:
        raise ValueError("x and y are empty: one of them must have a sample")
    sounds[:, plan.history :] = 0
    total += plan.sums(*sounds[:, : 2 * plan.history])
    windows = np.array(WINDOWS)
    return float((total.sum(1) / ((3 - 4 * length // -windows) * (windows // 2 + 1))).mean())


@cache
def _plan() -> _core.SpectralDistance:
    """Return the plan of all distances."""
    return _core.SpectralDistance(WINDOWS, FLOOR)


def _blocks(name: str, sound: ArrayLike | Iterator[ArrayLike]) -> Iterator[Float64]:
    """Yield a sound in blocks of `_BLOCK` samples, and what is left."""
    block, filled, before = np.empty(_BLOCK), 0, 0
    for given in sound if isinstance(sound, Iterator) else (sound,):
        samples = check_samples(name, given)
        if samples.ndim != 1:
            raise ValueError(f"{name} must be mono, of shape (length,), got {samples.shape}")
        at = 0
        while at < len(samples):
            piece = samples[at : at + _BLOCK - filled]
            finite = np.isfinite(piece)
            if not finite.all():
                first = before + at + int(np.argmin(finite))
                raise ValueError(f"sample {first} of {name} is not a finite number")
            block[filled : filled + len(piece)] = piece
            at, filled = at + len(piece), filled + len(piece)
            if filled == _BLOCK:
                yield block
                filled = 0
        before += len(samples)
    yield block[:filled]
