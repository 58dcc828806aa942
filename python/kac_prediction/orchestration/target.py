"""The sound that is to be orchestrated, as one channel."""

import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._arrays import Float64
from ..listening.audio import check_rate, in_one_channel
from ..listening.sound_file import length_of, read_mono, read_part


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
    """Refuse a part of a target, from a sample on, that is not finite.

    Raises:
        ValueError: it is not; the message says which sample of the target.
    """
    if not np.isfinite([sound.min(initial=0), sound.max(initial=0)]).all():
        first = start + int(np.argmin(np.isfinite(sound)))
        raise ValueError(f"sample {first} of the target is not a finite number")


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
