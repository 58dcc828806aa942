"""The sound that is to be orchestrated, as one channel."""

import os
import sys
from typing import Any

from .._arrays import Float64
from ..listening.audio import check_rate, in_one_channel
from ..listening.sound_file import read_mono


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
