"""Slow, plain ways to what the core computes."""

import math

import numpy as np


def modal_sum(frequencies, weights, decay: float, length: int, rate: float) -> np.ndarray:
    """The response of oscillators to an impulse, partial by partial, in long double."""
    pi = np.longdouble("3.14159265358979323846264338327950288")
    time = np.arange(length, dtype=np.longdouble) / np.longdouble(rate)
    sound = np.zeros(length, np.longdouble)
    for frequency, weight in zip(np.ravel(frequencies), np.ravel(weights), strict=True):
        if frequency >= rate / 2:
            continue
        undamped = 2 * pi * np.longdouble(frequency)
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
