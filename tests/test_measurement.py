"""Measured partials: known ones, two of them closer than bins, in noise; and a drum's."""

import math

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from kac_prediction.listening import measure_partials
from kac_prediction.physics import rectangularSeries
from kac_prediction.samplers import PoissonModel

RATE = 4000


def test_known_partials_are_measured() -> None:
    # The second pair lies 1.3 bins apart.
    frequencies = np.array([103.2, 187.0, 241.0, 242.3, 398.5, 655.5, 871.3])
    decay = np.array([2.0, 3.0, 3.0, 4.0, 4.0, 6.0, 9.0])
    amplitudes = np.array([1.0, 0.2, 1.5, 1.0, 0.05, 0.3, 0.1])
    rng, t = np.random.default_rng(0), np.arange(RATE) / RATE
    phases = rng.uniform(0, 2 * math.pi, 7)
    omega = np.sqrt((2 * math.pi * frequencies) ** 2 - decay**2)
    waves = np.exp(-decay * t[:, None]) * np.cos(omega * t[:, None] + phases)
    sound = waves @ amplitudes + rng.normal(scale=0.01, size=len(t))
    found = measure_partials(5 * sound, RATE, highest=1000.0)
    assert len(found) == 7
    errors = np.abs(found.frequencies - frequencies)
    assert (errors < 4 * found.deviations).all()
    assert (found.deviations < 0.05).all()
    np.testing.assert_allclose(found.decay_rates, decay, rtol=0.15)
    np.testing.assert_allclose(found.amplitudes, 5 * amplitudes, rtol=0.15)
    lower = measure_partials(sound, RATE, most=3, highest=300.0)
    assert len(lower) == 3
    assert lower.frequencies.max() <= 300.0


def test_a_drum_has_the_partials_of_its_series() -> None:
    drum = PoissonModel(0.5, 8000, drum_size=0.3, aspect_ratio=1.7, strike_location=(0.4, 0.3))
    drum.generateWaveform()
    series = np.sort(rectangularSeries(10, 10, 1.7), axis=None) * drum.wave_speed / 0.6
    found = measure_partials(drum.waveform, 8000, highest=700.0)
    nearest = np.abs(found.frequencies[:, None] - series).min(axis=1)
    assert np.quantile(nearest / found.frequencies, 0.9) < 1e-4
    assert len(found) >= 8


def test_noise_has_none_and_threads_change_nothing() -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=2000)
    assert len(measure_partials(noise, RATE)) <= 2
    sound = np.sin(np.arange(2000) * 0.4) * np.exp(-np.arange(2000) / 900) + 0.01 * noise
    found = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            found.append(measure_partials(sound, RATE))
    for name, values in vars(found[0]).items():
        np.testing.assert_array_equal(values, vars(found[1])[name])


def test_what_cannot_be_measured_is_refused() -> None:
    sound = np.sin(np.arange(200) * 0.4)
    for wrong, message in (
        ((np.zeros(200), RATE), "silent"),
        ((sound[:3], RATE), "16 samples"),
        ((sound * np.nan, RATE), "finite"),
        ((sound, -1), "sample_rate"),
        ((sound, RATE, 0), "most"),
        ((sound, RATE, 4, 0.0), "highest"),
    ):
        with pytest.raises(ValueError, match=message):
            measure_partials(*wrong)
