"""The sound that is to be orchestrated, as one channel."""

import os
import sys
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from .._arrays import Float64
from ..listening.audio import check_rate, in_one_channel
from ..listening.sound_file import length_of, read_mono, read_part

LOUDEST: Final = 1e15
"""Of a sample, whose powers are finite in single precision."""


class Target(NamedTuple):
    """A sound that is read part by part.

    Attributes:
        read: returns so many samples from one on, as one channel.
        length: samples.
        sample_rate: Hz.
    """

    read: Callable[[int, int], Float64]
    length: int
    sample_rate: int


def open_target(target: Any, sample_rate: int | None) -> Target:
    """Return a sound to be read in parts; of a file no more is held.

    Where the channels of a file cancel, the loudest is taken part by part.

    Args:
        target: as of `read_target`.
        sample_rate: likewise.

    Raises:
        FileNotFoundError, OSError, TypeError, ValueError: as `read_target`; or samples that are
            not finite.
    """
    if isinstance(target, (str, os.PathLike)):
        if sample_rate is not None:
            raise ValueError(
                f"{os.fspath(target)} has a sample rate of its own: give no sample_rate"
            )
        length, rate = length_of(target)
        return Target(
            lambda start, count: read_part(target, start, count), length, check_rate(rate)
        )
    mono, rate = read_target(target, sample_rate)
    check_finite(mono)
    return Target(lambda start, count: mono[start : start + count], len(mono), rate)


def check_finite(sound: Float64, start: int = 0) -> None:
    """Refuse a part of a target, from a sample on, that is not finite, or as if it were not.

    Raises:
        ValueError: it is not, or beyond LOUDEST; the message says which sample of the target.
    """
    if not max(-sound.min(initial=0), sound.max(initial=0)) <= LOUDEST:  # of NaN both are NaN
        first = int(np.argmin(np.abs(sound) <= LOUDEST))
        finite = np.isfinite(sound[first])
        what = f"beyond {LOUDEST:g}: scale the sound" if finite else "not a finite number"
        raise ValueError(f"sample {start + first} of the target is {what}")


def read_target(target: Any, sample_rate: int | None) -> tuple[Float64, int]:
    """Return all of a sound as one channel, shape (length,), and its rate in Hz; it may be silent.

    Args:
        target: samples, shape (length,) or (length, channels), of which the mean is taken, or the
            loudest channel where they cancel; or the path of a sound file.
        sample_rate: of samples, Hz; a file has its own.

    Raises:
        FileNotFoundError, OSError: the file is not there, or cannot be read.
        TypeError: neither real numbers nor a path; or samples without their rate.
        ValueError: another shape, an empty sound, or an impossible sample rate.
    """
    if isinstance(target, (str, os.PathLike)):
        mono, sample_rate = read_mono(target, sys.maxsize)
        return mono, check_rate(sample_rate)
    rate = check_rate(sample_rate)
    return in_one_channel(target), rate
