"""What sounds that are no drum are made of: damped sines, harmonics, shaped noise, formants."""

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from .._arrays import Float64

_FRAME = 0.032  # seconds, about


def damped_sines(
    frequencies: npt.ArrayLike,
    amplitudes: npt.ArrayLike,
    decay_rates: npt.ArrayLike,
    phases: npt.ArrayLike,
    length: int,
    sample_rate: int,
) -> Float64:
    """Return sum_k a_k exp(-d_k t) sin(2 pi f_k t + p_k), shape (length,).

    With z_k = exp((2 pi i f_k - d_k) / sample_rate), sample q B + r is the imaginary part of
    sum_k (a_k e^(i p_k) z_k^(q B)) z_k^r: powers of z are needed for 2 sqrt(length) exponents only.
    """
    block = math.ceil(math.sqrt(length))
    steps = np.arange(block) / sample_rate
    exponents = 2j * np.pi * np.asarray(frequencies) - np.asarray(decay_rates)
    factors = np.asarray(amplitudes) * np.exp(1j * np.asarray(phases))
    rows = factors[:, None] * np.exp(np.multiply.outer(exponents, block * steps))
    columns = np.exp(np.multiply.outer(exponents, steps))
    # Not a matrix product: a library's may round otherwise on another number of threads.
    real = np.concatenate([rows.real, rows.imag]), np.concatenate([columns.imag, columns.real])
    return np.asarray(np.einsum("ka,kb->ab", *real).ravel()[:length])


def harmonic_tone(fundamental: Float64, amplitudes: Float64, sample_rate: int) -> Float64:
    """Return sum_k a_k sin(k phase), k from 1, the phase being the integral of 2 pi fundamental.

    The fundamental is in Hz, shape (length,); harmonics that reach half the sample rate are left
    out. The sum is Horner's of a polynomial in exp(i phase).
    """
    most = math.floor(sample_rate / 2 / float(fundamental.max()))
    turn = np.exp(2j * np.pi / sample_rate * np.cumsum(fundamental))
    total = np.zeros_like(turn)
    for amplitude in amplitudes[:most][::-1].tolist():
        total += amplitude
        total *= turn
    return np.asarray(total.imag)


def shaped_noise(
    magnitude: Callable[[Float64], Float64],
    length: int,
    sample_rate: int,
    rng: np.random.Generator,
) -> Float64:
    """Return Gaussian noise whose spectrum has a magnitude, a function of Hz, shape (length,).

    Its mean square is 1 over a period of the next power of two samples.
    """
    period = max(2, 1 << (length - 1).bit_length())
    frequencies = np.fft.rfftfreq(period, 1 / sample_rate)[1:]
    real, imaginary = rng.standard_normal((2, period // 2))
    spectrum = np.zeros(period // 2 + 1, dtype=np.complex128)
    spectrum[1:] = magnitude(np.asarray(frequencies)) * (real + 1j * imaginary)
    noise = np.fft.irfft(spectrum, period)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))[:length]


def moving_formants(
    sound: Float64, centres: Float64, bandwidths: Float64, sample_rate: int
) -> Float64:
    """Return a sound through resonances that move.

    In Hann windows of about 32 ms, which overlap by half, its spectrum is multiplied by the sum of
    the resonances 1 / sqrt(1 + ((f - F) / (B / 2))^2).

    Args:
        sound: shape (length,).
        centres: F at equal distances from its beginning to its end, Hz, shape (points, formants).
        bandwidths: B of each, Hz, shape (formants,).
        sample_rate: samples per second.
    """
    hop = max(1, round(_FRAME / 2 * sample_rate))
    count = -(-len(sound) // hop) + 1
    padded = np.zeros((count + 1) * hop)
    padded[hop : hop + len(sound)] = sound
    halves = padded.reshape(-1, hop)
    frames = np.concatenate([halves[:-1], halves[1:]], axis=1)
    window = 0.5 - 0.5 * np.cos(np.pi / hop * np.arange(2 * hop))
    at, given = np.linspace(0, 1, count), np.linspace(0, 1, len(centres))
    moving = np.stack([np.interp(at, given, each) for each in centres.T])
    frequencies = np.fft.rfftfreq(2 * hop, 1 / sample_rate)
    away = (frequencies - moving[..., None]) / (bandwidths[:, None, None] / 2)
    spectra = np.fft.rfft(frames * window) * (1 / np.sqrt(1 + away**2)).sum(axis=0)
    filtered = np.fft.irfft(spectra, 2 * hop)
    halves = np.zeros((count + 1, hop))
    halves[:-1] += filtered[:, :hop]
    halves[1:] += filtered[:, hop:]
    return np.asarray(halves.ravel()[hop : hop + len(sound)])
