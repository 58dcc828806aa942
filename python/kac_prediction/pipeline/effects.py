"""Effects: what rooms, microphones, recorders and file formats do to a sound.

Functions of batches of sounds, tensors of shape (n, samples), float32 or float64, on any device. A
strength is a number, or a tensor (n, 1) with one for each sound. Nothing depends on the values of
the samples but the results, so nothing waits for the device. Silence stays silent.
"""

import math
from functools import lru_cache, reduce
from typing import Final

import torch

Strength = float | torch.Tensor  # one for all sounds, or shape (n, 1)

LONGEST_RESPONSE: Final = 0.8  # s, after which a room's impulse response is cut
FILTER_TAIL: Final = 0.1  # s, in which filters are taken to have decayed
LOWEST_BAND: Final = 62.5  # Hz, centre of the lowest of the octaves that `damped` splits into
REFERENCE: Final = 1000.0  # Hz, where a tilt is 0 dB, and where a damping is named
TILT_FLOOR: Final = 50.0  # Hz, below which a tilt levels off
LOW_PASS_Q: Final = (0.541196100146197, 1.306562964876377)  # of a Butterworth filter of order 4
HIGH_PASS_Q: Final = (math.sqrt(0.5),)  # of order 2


def rms(x: torch.Tensor) -> torch.Tensor:
    """Return the root mean square of each sound, shape (n, 1)."""
    return x.square().mean(1, keepdim=True).sqrt()


def peak(x: torch.Tensor) -> torch.Tensor:
    """Return the largest magnitude in each sound, shape (n, 1)."""
    return x.abs().amax(1, keepdim=True)


@lru_cache(maxsize=64)
def fast_length(least: int) -> int:
    """Return the smallest number from `least` with no prime factor above 5, fast to transform."""
    size = max(1, least)
    while True:
        rest = size
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return size
        size += 1


def coloured_noise(
    like: torch.Tensor, exponent: Strength, generator: torch.Generator
) -> torch.Tensor:
    """Return noise of RMS 1 with a power spectrum 1 / f^exponent, in the shape of the sounds.

    0 is white, 1 pink, 2 brown. A constant (bin 0) is weighted as bin 1.
    """
    white = torch.randn(like.shape, generator=generator, device=like.device, dtype=like.dtype)
    spectrum = torch.fft.rfft(white)
    bins = torch.arange(spectrum.shape[1], device=like.device, dtype=like.dtype)
    # The amplitude goes with the root of the power.
    weighted = spectrum * bins.clamp(min=1) ** (-exponent / 2)
    noise: torch.Tensor = torch.fft.irfft(weighted, like.shape[1])
    return noise / rms(noise)


def impulse_response(
    like: torch.Tensor,
    sample_rate: int,
    decay_time: Strength,
    ratio: Strength,
    delay: Strength,
    generator: torch.Generator,
) -> torch.Tensor:
    """Return the impulse response of a room for each sound: a direct sound, then decaying noise.

    The statistical model of a diffuse field (J. D. Polack, 1988): white Gaussian noise under an
    exponential of the reverberation time.

    Args:
        like: the sounds, whose number, device and dtype the responses have.
        sample_rate: samples per second.
        decay_time: T60, seconds.
        ratio: energy of the direct sound to that expected of all the noise, dB.
        delay: seconds, of at least a sample, from the direct sound to the first reflections.
        generator: on the device of the sounds.

    Returns:
        Shape (n, taps): the direct sound is a 1 in the first tap; cut after 0.8 s, or as soon as
        the sounds end.
    """
    taps = min(like.shape[1], round(LONGEST_RESPONSE * sample_rate))
    n = torch.arange(taps, device=like.device, dtype=like.dtype)
    first = (_column(delay, like) * sample_rate).round().clamp(min=1)
    rate = 3 * math.log(10) / _column(decay_time, like) / sample_rate
    # The squares of exp(-rate n) from `first` on are a geometric series, without an end.
    energy = torch.exp(-2 * rate * first) / -torch.expm1(-2 * rate)
    level: torch.Tensor = 10 ** (-_column(ratio, like) / 20) / energy.sqrt()
    shape = len(like), taps
    noise = torch.randn(shape, generator=generator, device=like.device, dtype=like.dtype)
    tail = noise * torch.exp(-rate * n) * level
    return torch.where(n >= first, tail, 0.0) + (n == 0)


def convolved(x: torch.Tensor, response: torch.Tensor) -> torch.Tensor:
    """Return each sound convolved with its impulse response, shape (n, taps), cut to its length."""
    samples = x.shape[1]
    size = fast_length(samples + response.shape[1] - 1)
    product = _product(torch.fft.rfft(x, size), torch.fft.rfft(response, size))
    result: torch.Tensor = torch.fft.irfft(product, size)[:, :samples]
    return result


def filtered(
    x: torch.Tensor,
    sample_rate: int,
    low: Strength = 0.0,
    high: Strength = math.inf,
    tilt: Strength = 0.0,
) -> torch.Tensor:
    """Return sounds through a high-pass, a low-pass and a tilt, all causal and of minimum phase.

    Butterworth filters by the bilinear transform, of order 2 (12 dB an octave) and 4 (24 dB).

    Args:
        x: the sounds.
        sample_rate: samples per second.
        low: corner (-3 dB) of the high-pass, Hz; 0: none.
        high: corner of the low-pass, Hz; from half the sample rate: none.
        tilt: slope, dB per octave, about 1 kHz; below 50 Hz it levels off.
    """
    samples = x.shape[1]
    size = fast_length(samples + round(FILTER_TAIL * sample_rate))
    omega = torch.arange(size // 2 + 1, device=x.device, dtype=x.dtype) * (2 * math.pi / size)
    low, high = _column(low, x), _column(high, x)
    high_pass = _butterworth(omega, low, sample_rate, HIGH_PASS_Q, high=True)
    low_pass = _butterworth(omega, high, sample_rate, LOW_PASS_Q, high=False)
    response = _product(
        torch.where(low > 0, high_pass, 1.0), torch.where(high < sample_rate / 2, low_pass, 1.0)
    )
    response = _product(response, _tilt(omega, _column(tilt, x), sample_rate))
    result: torch.Tensor = torch.fft.irfft(_product(torch.fft.rfft(x, size), response), size)
    return result[:, :samples]


def _butterworth(
    omega: torch.Tensor, corner: torch.Tensor, sample_rate: int, qs: tuple[float, ...], high: bool
) -> torch.Tensor:
    """Return the response of a low-pass or high-pass at angular frequencies, by its sections' Q."""
    warped = torch.tan(math.pi * corner.clamp(max=0.499 * sample_rate) / sample_rate)
    # s = j a / b in units of the corner; both are finite, up to half the sample rate.
    a, b = torch.sin(omega / 2), torch.cos(omega / 2) * warped
    sections = []
    for q in qs:
        real, imaginary = b * b - a * a, a * b / q
        gain = (-a * a if high else b * b) / (real.square() + imaginary.square())
        sections.append(torch.complex(gain * real, -gain * imaginary))
    return reduce(_product, sections)


def _tilt(omega: torch.Tensor, slope: torch.Tensor, sample_rate: int) -> torch.Tensor:
    """Return the response of a tilt: a power of 1 - r / z, which is 6.02 dB an octave for 1."""
    r = math.exp(-2 * math.pi * TILT_FLOOR / sample_rate)
    turn = 2 * math.pi * REFERENCE / sample_rate
    at_reference = math.hypot(1 - r * math.cos(turn), r * math.sin(turn))
    real, imaginary = 1 - r * torch.cos(omega), r * torch.sin(omega)
    logarithm = torch.log((real.square() + imaginary.square()).sqrt() / at_reference)
    power = slope / (20 * math.log10(2))
    magnitude, phase = torch.exp(power * logarithm), power * torch.atan(imaginary / real)
    return torch.complex(magnitude * torch.cos(phase), magnitude * torch.sin(phase))


def _product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the product of complex numbers, in the same bits for any number of threads.

    torch rounds a complex product otherwise at the ends of what each thread computes.
    """
    real = a.real * b.real - a.imag * b.imag
    return torch.complex(real, a.real * b.imag + a.imag * b.real)


def damped(
    x: torch.Tensor, sample_rate: int, decay_time: Strength, exponent: Strength = 1.0
) -> torch.Tensor:
    """Return sounds, struck at sample 0, with a further loss that grows with frequency.

    A sound is split into octaves from 62.5 Hz on, with slopes of sin^2 that sum to 1, and each is
    multiplied by exp(-k t), k = 3 ln 10 / decay_time * (f / 1 kHz)^exponent at its centre f.

    Args:
        x: the sounds.
        sample_rate: samples per second.
        decay_time: T60 at 1 kHz by this loss alone, seconds.
        exponent: how the loss grows: 1 with the frequency, 2 with its square.
    """
    samples = x.shape[1]
    size = fast_length(samples + round(FILTER_TAIL * sample_rate))
    spectrum = torch.fft.rfft(x, size)
    hertz = torch.arange(spectrum.shape[1], device=x.device, dtype=x.dtype) * (sample_rate / size)
    octave = torch.log2(hertz.clamp(min=LOWEST_BAND) / LOWEST_BAND)
    seconds = torch.arange(samples, device=x.device, dtype=x.dtype) / sample_rate
    loss = 3 * math.log(10) / _column(decay_time, x)
    result = torch.zeros_like(x)
    for band in range(math.ceil(math.log2(sample_rate / 2 / LOWEST_BAND)) + 1):
        weight = torch.sin(math.pi / 2 * (1 - (octave - band).abs()).clamp(min=0)).square()
        part = torch.fft.irfft(spectrum * weight, size)[:, :samples]
        growth = (LOWEST_BAND * 2.0**band / REFERENCE) ** _column(exponent, x)
        result = result + part * torch.exp(-loss * growth * seconds)
    return result


def overlaid(
    x: torch.Tensor, other: torch.Tensor, level: Strength, shift: Strength
) -> torch.Tensor:
    """Return sounds with others over them, whose peak is `level` dB above theirs.

    The others, shape (n, samples), begin `shift` samples later; a negative shift takes as many from
    their beginning. Silent others add nothing.
    """
    at = torch.arange(x.shape[1], device=x.device) - _column(shift, x).round().long()
    moved = other.gather(1, at.expand_as(x).clamp(0, other.shape[1] - 1))
    heard = torch.where((at >= 0) & (at < other.shape[1]), moved, 0.0)
    loudest = peak(other)
    gain = 10 ** (_column(level, x) / 20) * peak(x) / loudest
    return x + torch.where(loudest > 0, heard * gain, 0.0)


def clicked(
    x: torch.Tensor,
    sample_rate: int,
    positions: torch.Tensor,
    levels: torch.Tensor,
    decay: Strength = 1e-4,
) -> torch.Tensor:
    """Return sounds with clicks, which jump and decay exponentially.

    `positions` (seconds) and `levels` (of the sound's peak; the sign is the click's) have the shape
    (n, clicks); `decay` is the time constant in seconds.
    """
    at = torch.arange(x.shape[1], device=x.device, dtype=x.dtype)
    scale = _column(decay, x) * sample_rate
    loudest, result = peak(x), x
    for position, level in zip(positions.unbind(1), levels.unbind(1), strict=True):
        after = at - (position[:, None] * sample_rate).round()
        click = torch.where(after >= 0, torch.exp(-after.clamp(min=0) / scale), 0.0)
        result = result + level[:, None] * loudest * click
    return result


def clipped(x: torch.Tensor, share: Strength) -> torch.Tensor:
    """Return sounds clipped at a share of their peak."""
    limit = _column(share, x) * peak(x)
    return torch.minimum(torch.maximum(x, -limit), limit)


def shifted(x: torch.Tensor, share: Strength) -> torch.Tensor:
    """Return sounds with a constant added, a share of their peak."""
    return x + _column(share, x) * peak(x)


def quantised(x: torch.Tensor, bits: int = 8, headroom: Strength = 0.0) -> torch.Tensor:
    """Return sounds rounded to so many bits; full scale is `headroom` dB above their peak."""
    levels = 2.0 ** (bits - 1)
    step = peak(x) * 10 ** (_column(headroom, x) / 20) / levels
    rounded = (x / step).round().clamp(-levels, levels - 1) * step
    return torch.where(step > 0, rounded, x)


def truncated(x: torch.Tensor, end: Strength) -> torch.Tensor:
    """Return sounds that are 0 from the sample `end` on."""
    at = torch.arange(x.shape[1], device=x.device)
    return torch.where(at < _column(end, x), x, 0.0)


def _column(value: Strength, like: torch.Tensor) -> torch.Tensor:
    """Return a strength as a tensor that broadcasts with the sounds."""
    if isinstance(value, torch.Tensor):
        return value.to(like)
    return torch.full((1, 1), value, device=like.device, dtype=like.dtype)
