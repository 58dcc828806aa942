"""Sounds that are no drum: against sums term by term, spectra, and what each kind is said to be."""

import numpy as np
import pytest

from kac_prediction.samplers import ModeBank, OtherSounds
from kac_prediction.samplers.elementary_sounds import (
    damped_sines,
    harmonic_tone,
    moving_formants,
    shaped_noise,
)

RATE = 8000
T = np.arange(RATE) / RATE


def rendered(kind: str, count: int = 40) -> np.ndarray:
    sampler = OtherSounds(kind=kind)
    sampler.seed(5)
    return sampler.render(range(count))[0]


def spectra(sounds: np.ndarray) -> np.ndarray:
    """Power at every Hz."""
    return np.abs(np.fft.rfft(sounds * np.hanning(sounds.shape[-1]))) ** 2


@pytest.mark.parametrize("length", [1, 2, 50, 997, 8000])
def test_damped_sines_are_their_sum(length: int) -> None:
    rng, t = np.random.default_rng(1), np.arange(length) / RATE
    f, a, d = rng.uniform(50, 3900, 9), rng.normal(size=9), rng.uniform(0, 50, 9)
    p = rng.uniform(0, 6, 9)
    each = zip(f, a, d, p, strict=True)
    expected = sum(a * np.exp(-d * t) * np.sin(2 * np.pi * f * t + p) for f, a, d, p in each)
    np.testing.assert_allclose(damped_sines(f, a, d, p, length, RATE), expected, atol=1e-9)


def test_a_harmonic_tone_is_the_sum_of_its_harmonics() -> None:
    fundamental = 300 * (1 + 0.2 * np.sin(2 * np.pi * 5 * T))
    phase = 2 * np.pi * np.cumsum(fundamental) / RATE
    amplitudes = np.array([1.0, 0.0, -0.5, 0.25])
    expected = sum(a * np.sin(k * phase) for k, a in enumerate(amplitudes, 1))
    np.testing.assert_allclose(harmonic_tone(fundamental, amplitudes, RATE), expected, atol=1e-9)
    power = spectra(harmonic_tone(np.full(RATE, 440.0), np.ones(30), RATE))
    peaks = np.flatnonzero(power > 0.1 * power.max())
    assert np.abs(peaks / 440 - np.round(peaks / 440)).max() < 0.005
    assert len(np.unique(np.round(peaks / 440))) == 9  # below 4 kHz: no aliases


@pytest.mark.parametrize("exponent", [-0.5, 0.0, 1.0, 2.5])
def test_the_power_of_noise_falls_as_it_should(exponent: float) -> None:
    rng = np.random.default_rng(2)
    noises = [shaped_noise(lambda f: f ** (-exponent / 2), RATE, RATE, rng) for _ in range(20)]
    frequencies, power = np.arange(50, 3500), spectra(np.array(noises)).mean(axis=0)[50:3500]
    slope = np.polyfit(np.log(frequencies), np.log(power), 1)[0]
    assert slope == pytest.approx(-exponent, abs=0.1)
    assert np.mean(np.square(noises)) == pytest.approx(1, rel=0.1)


def test_formants_are_where_they_move() -> None:
    noise = np.random.default_rng(3).normal(size=(20, RATE))
    same = moving_formants(noise[0], np.full((2, 1), 1000.0), np.array([1e12]), RATE)
    np.testing.assert_allclose(same, noise[0], atol=1e-9)
    centres = np.array([[600.0, 2000.0], [600.0, 2000.0], [1200.0, 2800.0], [1200.0, 2800.0]])
    voiced = np.array([moving_formants(each, centres, np.full(2, 60.0), RATE) for each in noise])
    for part, formants in ((voiced[:, :2600], (600, 2000)), (voiced[:, 5400:], (1200, 2800))):
        power = spectra(part).mean(axis=0)
        frequencies = np.fft.rfftfreq(2600, 1 / RATE)
        for formant in formants:
            near = np.abs(frequencies - formant) < 300
            assert frequencies[near][np.argmax(power[near])] == pytest.approx(formant, abs=50)


def test_each_kind_is_as_likely_and_its_sounds_are_those_of_it_alone() -> None:
    kinds = OtherSounds.kinds
    count = 40 * len(kinds)
    any_kind = OtherSounds(0.05)
    any_kind.seed(5)
    sounds, labels = any_kind.render(range(count))
    assert labels == [{"family": [6]}] * count
    assert len(ModeBank.families) == 6
    alike = []
    for kind in kinds:
        one = OtherSounds(0.05, kind=kind)
        one.seed(5)
        alike.append((one.render(range(count))[0] == sounds).all(axis=1))
    assert np.array_equal(np.sum(alike, axis=0), np.ones(count))
    assert all(20 <= number <= 60 for number in np.sum(alike, axis=1))
    peaks = np.abs(sounds).max(axis=1)
    assert 0.03 <= peaks.min() < 0.05
    assert 0.8 < peaks.max() < 1
    assert np.median(peaks) == pytest.approx(0.17, rel=0.2)


def test_sines_have_one_frequency() -> None:
    power = spectra(rendered("sine"))
    peaks = power.argmax(axis=1)
    assert peaks.min() < 150
    assert peaks.max() > 2000
    near = np.abs(np.arange(power.shape[1]) - peaks[:, None]) < 20
    assert ((power * near).sum(axis=1) > 0.95 * power.sum(axis=1)).all()


def test_tones_and_hum_are_harmonic() -> None:
    hum = spectra(rendered("hum")).argmax(axis=1)
    assert np.minimum(hum % 50, hum % 60).max() == 0
    assert len({*hum.tolist()}) > 3
    # Of a tone's phases, one period later most is the same: the highest peak of autocorrelation.
    for sound in rendered("tone"):
        part = sound[2000:3000]
        correlation = np.fft.irfft(np.abs(np.fft.rfft(part, 4096)) ** 2)[:200]
        correlation /= correlation[0] * (1 - np.arange(200) / 1000)
        first = np.argmax(correlation < 0.5)
        assert correlation[first:].max() > 0.8


def test_strings_decay_and_the_high_partials_faster() -> None:
    sounds = rendered("string")
    early, late = spectra(sounds[:, :2000]), spectra(sounds[:, 6000:])
    assert (late.sum(axis=1) < early.sum(axis=1)).all()
    centres = [(part @ np.arange(part.shape[1])) / part.sum(axis=1) for part in (early, late)]
    assert (centres[1] <= centres[0] * 1.02).all()
    assert np.mean(centres[1] < 0.9 * centres[0]) > 0.5


def test_bursts_are_short_and_begin_at_once() -> None:
    energy = rendered("burst").reshape(40, 100, 80) ** 2
    share = np.sort(energy.sum(axis=2), axis=1)[:, ::-1].cumsum(axis=1)
    assert np.median(np.argmax(share > 0.9 * share[:, -1:], axis=1)) < 40  # of 10 ms each
    assert (energy[:, 0].sum(axis=1) > 0).all()


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match=r"kind .*did you mean string"):
        OtherSounds(kind="strings")
    with pytest.raises(ValueError, match="sample_rate must be at least 2000 Hz, got 1000"):
        OtherSounds(1.0, 1000)
