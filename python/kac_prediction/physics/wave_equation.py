"""Sounds of the wave equation with damping, as sums of modes."""

import numpy as np
import numpy.typing as npt

from .. import _core
from .._checks import check_count, check_number
from ..geometry.shape import Float64


def WaveEquationWaveform2D(
    F: npt.ArrayLike, A: npt.ArrayLike, d: float, k: float, T: int
) -> Float64:
    """Return what a drum does at one point after an impulse at another, mode by mode.

    u(t) = sum A exp(-d t) sin(omega t) / omega, omega^2 = (2 pi F)^2 - d^2; where d exceeds
    2 pi F, the sine is a hyperbolic one. Modes at or above half the sample rate are left out. The
    sum is not normalised.

    Args:
        F: frequencies in Hz, of any shape; for a series S, F = S c / (2 L).
        A: a weight for each frequency, of the same shape: the eigenfunction at the strike times
            that at the pick-up.
        d: decay rate of the amplitude, 1/s; 3 ln(10) / T60.
        k: seconds between two samples, one over the sample rate.
        T: length of the sound in samples.

    Returns:
        Shape (T,), the sample n at the time n k.

    Raises:
        ValueError: the shapes differ, or a number is out of range.
    """
    frequencies, weights = np.asarray(F, np.float64), np.asarray(A, np.float64)
    if frequencies.shape != weights.shape:
        raise ValueError(
            f"F and A must have one shape, got {frequencies.shape} and {weights.shape}"
        )
    sound: Float64 = _core.additive(
        frequencies.reshape(1, -1),
        weights.reshape(1, -1),
        [check_number("d", d)],
        [0.0],
        check_count("T", T),
        1 / check_number("k", k, above=0),
        threads=1,
    )[0]
    return sound
