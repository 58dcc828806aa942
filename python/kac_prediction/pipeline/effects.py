"""Effects: what rooms, microphones, recorders and file formats do to a sound.

Functions of batches of sounds, tensors of shape (n, samples), float32 or float64, on any device. A
strength is a number, or a tensor (n, 1) with one for each sound. Nothing depends on the values of
the samples but the results, so nothing waits for the device, except in `coded`. A sound that is
silent stays silent, unless something is added to it.
"""

import io
import math
from functools import lru_cache
from typing import Final, Literal

import numpy as np
import soundfile
import torch

from .._checks import check_choice

Strength = float | torch.Tensor  # one for all sounds, or shape (n, 1)
Codec = Literal["mp3", "vorbis"]

LONGEST_RESPONSE: Final = 0.8  # s, after which a room's impulse response is cut
FILTER_TAIL: Final = 0.1  # s, in which filters are taken to have decayed
LOWEST_BAND: Final = 62.5  # Hz, centre of the lowest of the octaves that `damped` splits into
REFERENCE: Final = 1000.0  # Hz, where a tilt is 0 dB, and where a damping is named
TILT_FLOOR: Final = 50.0  # Hz, below which a tilt levels off
LOW_PASS_Q: Final = (0.541196100146197, 1.306562964876377)  # of a Butterworth filter of order 4
HIGH_PASS_Q: Final = (math.sqrt(0.5),)  # of order 2
MP3_RATES: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)  # Hz
CODING_PEAK: Final = 0.5  # of full scale, with which a sound is encoded


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
    product = torch.fft.rfft(x, size) * torch.fft.rfft(response, size)
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
    response = torch.where(low > 0, _butterworth(omega, low, sample_rate, HIGH_PASS_Q, True), 1.0)
    low_pass = _butterworth(omega, high, sample_rate, LOW_PASS_Q, False)
    response = response * torch.where(high < sample_rate / 2, low_pass, 1.0)
    # The powers of 1 - r / z: each its own causal series, 6.02 dB an octave for a power of 1.
    r = math.exp(-2 * math.pi * TILT_FLOOR / sample_rate)
    turn = 2 * math.pi * REFERENCE / sample_rate
    at_reference = math.hypot(1 - r * math.cos(turn), r * math.sin(turn))
    slope = torch.log((1 - r * torch.exp(-1j * omega)) / at_reference)
    response = response * torch.exp(_column(tilt, x) / (20 * math.log10(2)) * slope)
    result: torch.Tensor = torch.fft.irfft(torch.fft.rfft(x, size) * response, size)
    return result[:, :samples]


def _butterworth(
    omega: torch.Tensor, corner: torch.Tensor, sample_rate: int, qs: tuple[float, ...], high: bool
) -> torch.Tensor:
    """Return the response of a low-pass or high-pass at angular frequencies, by its sections' Q."""
    warped = torch.tan(math.pi * corner.clamp(max=0.499 * sample_rate) / sample_rate)
    # s = j a / b in units of the corner; both are finite, up to half the sample rate.
    a, b = torch.sin(omega / 2), torch.cos(omega / 2) * warped
    response = torch.ones_like(omega)
    for q in qs:
        response = response * (-a * a if high else b * b) / (b * b - a * a + 1j * a * b / q)
    return response


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


def coded(
    x: torch.Tensor, sample_rate: int, codec: Codec = "mp3", compression: float = 0.5
) -> torch.Tensor:
    """Return sounds encoded and decoded again by a lossy codec, on the CPU.

    libsndfile does both, at a variable bit rate, and takes away the delay of encoder and decoder.
    A sound is encoded with a peak of half the full scale, and gets its level back; one that is
    silent or has a sample that is not finite is left as it is.

    Args:
        x: the sounds.
        sample_rate: samples per second.
        codec: "mp3" (MPEG layer III) or "vorbis" (Ogg Vorbis).
        compression: from 0 (the best quality) to 1 (the smallest file).

    Raises:
        ValueError: another codec, or one that does not know the sample rate.
    """
    check_choice("codec", codec, ("mp3", "vorbis"))
    if codec == "mp3" and sample_rate not in MP3_RATES:
        raise ValueError(
            f"mp3 knows the sample rates {', '.join(map(str, MP3_RATES))} Hz, got {sample_rate}: "
            "resample, or take vorbis."
        )
    sounds = x.detach().cpu().double().numpy()
    result = np.empty_like(sounds)
    for sound, place in zip(sounds, result, strict=True):
        loudest = np.abs(sound).max()
        scale = CODING_PEAK / loudest if 0 < loudest < np.inf else 0.0
        place[:] = (
            _coded(sound * scale, sample_rate, codec, compression) / scale if scale else sound
        )
    return torch.from_numpy(result).to(x)


def _coded(sound: np.ndarray, sample_rate: int, codec: Codec, compression: float) -> np.ndarray:
    """Return one sound, encoded and decoded in memory."""
    kind, subtype = {"mp3": ("MP3", "MPEG_LAYER_III"), "vorbis": ("OGG", "VORBIS")}[codec]
    memory = io.BytesIO()
    with soundfile.SoundFile(
        memory,
        "w",
        sample_rate,
        channels=1,
        format=kind,
        subtype=subtype,
        compression_level=compression,
    ) as file:
        file.write(sound)
    memory.seek(0)
    decoded, _ = soundfile.read(memory, len(sound), fill_value=0.0)
    return np.asarray(decoded)


def truncated(x: torch.Tensor, end: Strength) -> torch.Tensor:
    """Return sounds that are 0 from the sample `end` on."""
    at = torch.arange(x.shape[1], device=x.device)
    return torch.where(at < _column(end, x), x, 0.0)


def _column(value: Strength, like: torch.Tensor) -> torch.Tensor:
    """Return a strength as a tensor that broadcasts with the sounds."""
    if isinstance(value, torch.Tensor):
        return value.to(like)
    return torch.full((1, 1), value, device=like.device, dtype=like.dtype)
