"""Slow, plain ways to what the core computes."""

import math

import numpy as np

PI = np.longdouble("3.14159265358979323846264338327950288")
WIDE = np.finfo(np.longdouble).nmant >= 63  # elsewhere long double is double, and no reference


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Normally distributed numbers."""
    return np.random.default_rng(seed).standard_normal(shape)


def modal_sum(frequencies, weights, decay: float, length: int, rate: float) -> np.ndarray:
    """The response of oscillators to an impulse, partial by partial, in long double."""
    time = np.arange(length, dtype=np.longdouble) / np.longdouble(rate)
    sound = np.zeros(length, np.longdouble)
    for frequency, weight in zip(np.ravel(frequencies), np.ravel(weights), strict=True):
        if frequency >= rate / 2:
            continue
        undamped = 2 * PI * np.longdouble(frequency)
        squared = (undamped - decay) * (undamped + decay)
        omega = np.sqrt(abs(squared))
        if squared > 0:
            sound += weight * np.exp(-decay * time) * np.sin(omega * time) / omega
        else:
            slow = undamped * undamped / (decay + omega)
            sound += weight * np.exp(-slow * time) * -np.expm1(-2 * omega * time) / (2 * omega)
    return sound


def struck(model, frequencies, weights) -> np.ndarray:
    """What a sampler of drums makes of partials, at its peak, in float64."""
    decay = 3 * math.log(10) / model.decay_time
    sound = modal_sum(frequencies, weights, decay, model.length, model.sample_rate)
    return (sound * model.amplitude / np.abs(sound).max()).astype(np.float64)


def spectra(signals) -> np.ndarray:
    """The bins 0 to length // 2 of each row by their definition, in long double."""
    signals = np.asarray(signals, np.longdouble)
    length = signals.shape[1]
    turns = np.arange(length)
    cosines, sines = (wave(2 * PI * turns / length) for wave in (np.cos, np.sin))
    result = np.empty((len(signals), length // 2 + 1), np.clongdouble)
    for k in range(length // 2 + 1):
        angles = turns * k % length
        result[:, k].real = signals @ cosines[angles]
        result[:, k].imag = -(signals @ sines[angles])
    return result


def magnitudes(signal, n_fft: int, window_length: int, hop_length: int) -> np.ndarray:
    """A spectrogram's |X|, (bins, frames), by its definition in long double."""
    turns = np.arange(window_length) / np.longdouble(window_length)
    window = np.zeros(n_fft, np.longdouble)
    margin = (n_fft - window_length) // 2
    hann = np.sin(PI * turns) ** 2 if window_length > 1 else 1
    window[margin : margin + window_length] = hann
    padded = np.pad(np.asarray(signal, np.longdouble), n_fft // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop_length]
    return np.abs(spectra(frames * window)).T


def mel_corners(n_mels: int, f_min: float, f_max: float, scale: str) -> np.ndarray:
    """The corners of triangles that are equally wide on a mel scale, in hertz."""
    if scale == "htk":
        low, high = (2595 * np.log10(1 + f / 700) for f in (f_min, f_max))
        return 700 * (10 ** (np.linspace(low, high, n_mels + 2) / 2595) - 1)
    step = np.log(6.4) / 27
    low, high = (f * 3 / 200 if f < 1000 else 15 + np.log(f / 1000) / step for f in (f_min, f_max))
    mels = np.linspace(low, high, n_mels + 2)
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(step * (mels - 15)))


def mel_weights(
    n_fft: int,
    n_mels: int,
    f_min: float,
    f_max: float,
    sample_rate: float,
    scale: str = "htk",
    norm: str = "peak",
) -> np.ndarray:
    """Filters as librosa defines them, one triangle at a time, drawn over the bins."""
    frequencies = np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)
    corners = mel_corners(n_mels, f_min, f_max, scale)
    triangles = [corners[m : m + 3] for m in range(n_mels)]
    heights = [2 / (t[2] - t[0]) if norm == "area" else 1.0 for t in triangles]
    drawn = zip(triangles, heights, strict=True)
    return np.stack([np.interp(frequencies, t, [0, height, 0], 0, 0) for t, height in drawn])


def tones(frequencies, weights=None, seconds: float = 1.0, rate: int = 48000) -> np.ndarray:
    """Partials that decay, as those of a struck drum: sines from the first sample on."""
    t = np.arange(int(seconds * rate)) / rate
    weights = 1 / np.asarray(frequencies) if weights is None else weights
    partials = np.sin(2 * np.pi * np.multiply.outer(t, frequencies)) @ weights
    return (partials * np.exp(-3.5 * t))[None]


def of_size(series, size: float) -> np.ndarray:
    """The frequencies of a drum, of its series, at 100 m/s."""
    return np.sort(np.ravel(series)) * 100 / (2 * size)
