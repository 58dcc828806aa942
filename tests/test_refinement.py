"""Refinement: drums whose size is known, made by the samplers, found again from their sounds."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from threadpoolctl import threadpool_limits

from kac_prediction.geometry import Ellipse
from kac_prediction.geometry.families import ANALYTIC
from kac_prediction.listening import Fit, Start, refine
from kac_prediction.listening.bands import band
from kac_prediction.listening.damped_partials import Samples, evidence
from kac_prediction.physics import circularSeries, modes
from kac_prediction.physics.ellipse_series import elliptical_series
from kac_prediction.physics.partials import series
from kac_prediction.samplers import BesselModel, FiniteElementModel, LaméModel, PoissonModel

RATE = 8000
Float64 = npt.NDArray[np.float64]


def sound_of(family: str, duration: float = 0.25) -> tuple[Float64, float, float]:
    """Return a sound, the size and the aspect ratio of a drum."""
    settings = {"duration": duration, "sample_rate": RATE}
    if family == "circle":
        drum = BesselModel(**settings, drum_size=0.31, strike_location=(0.4, 0.7))
    elif family == "triangle":
        drum = LaméModel(**settings, drum_size=0.31, strike_location=(0.2, 0.5, 0.3))
    elif family == "rectangle":
        drum = PoissonModel(
            **settings, drum_size=0.31, aspect_ratio=1.7, strike_location=(0.4, 0.3)
        )
    else:
        drum = FiniteElementModel(
            **settings,
            arbitrary_shape="Ellipse",
            shape_settings={"major": math.sqrt(1.7), "minor": 1 / math.sqrt(1.7)},
            drum_size=0.31,
            strike_location=(0.05, 0.03),
        )
    drum.generateWaveform()
    return drum.waveform, 0.31, 1.7 if family in ("ellipse", "rectangle") else 1.0


def starts_at(size: float, aspect: float) -> list[Start]:
    return [Start(family, size, aspect, 0.009, 0.019) for family in ANALYTIC]


@pytest.mark.parametrize("family", ANALYTIC)
def test_size_and_aspect_ratio_of_a_drum_are_found(family: str) -> None:
    sound, size, aspect = sound_of(family)
    fits = refine(sound, RATE, starts_at(1.015 * size, 1.03 * aspect))
    best = fits[0]
    assert best.family == family
    # The frequencies of the elliptical drum itself are that accurate.
    tolerance = 2e-4 if family == "ellipse" else 3e-5
    assert best.drum_size == pytest.approx(size, rel=tolerance)
    assert best.aspect_ratio == pytest.approx(aspect, rel=tolerance)
    assert best.decay_time == pytest.approx(2.0, rel=0.01)
    assert best.explained > 0.99
    assert best.confirmed > 0.98
    assert [fit.score for fit in fits] == sorted((fit.score for fit in fits), reverse=True)
    round_ones = {"circle", "ellipse"} if family == "circle" else {family}
    assert all(fit.explained < 0.9 for fit in fits if fit.family not in round_ones)


def test_noise_late_onset_and_wave_speed() -> None:
    sound, size, _ = sound_of("circle")
    rng = np.random.default_rng(0)
    noisy = 3.0 * sound[12:] + rng.normal(scale=0.03, size=len(sound) - 12)
    (fit,) = refine(noisy, RATE, [Start("circle", 0.985 * size * 1.7)], wave_speed=170.0)
    error = abs(math.log(fit.drum_size / (1.7 * size)))
    assert error < 1e-4
    assert error < 4 * fit.size_deviation
    assert fit.size_deviation < 1e-4


def test_a_start_far_away_is_mended() -> None:
    sound, size, _ = sound_of("rectangle")
    (fit,) = refine(sound, RATE, [Start("rectangle", 1.15 * size, 2.0, 0.009, 0.019)])
    assert fit.drum_size == pytest.approx(size, rel=3e-5)
    assert fit.aspect_ratio == pytest.approx(1.7, rel=3e-5)


def test_what_is_no_drum_is_not_confirmed() -> None:
    rng, t = np.random.default_rng(0), np.arange(RATE // 2) / RATE
    chord = sum(np.sin(2 * np.pi * f * t) for f in (220.0, 277.2, 329.6)) * np.exp(-3 * t)
    for other in (rng.normal(size=len(t)), np.sin(2 * np.pi * 440 * t), chord):
        fits = refine(other, RATE, starts_at(0.3, 1.5)[:2])
        assert max(fit.confirmed for fit in fits) < 0.6


def test_starts_of_other_shapes_hint_at_the_size() -> None:
    sound, size, _ = sound_of("circle")
    far = Start("circle", 1.1 * size, size_spread=0.005)
    (fit,) = refine(sound, RATE, [far, Start("polygon", size), Start("star", size)])
    assert fit.family == "circle"
    assert fit.drum_size == pytest.approx(size, rel=1e-4)
    assert refine(sound, RATE, [Start("polygon", size)]) == []
    assert refine(sound, RATE, []) == []


def test_the_number_of_threads_changes_no_bit() -> None:
    sound, size, aspect = sound_of("ellipse", 0.1)
    found: list[list[Fit]] = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            found.append(refine(sound, RATE, starts_at(1.01 * size, aspect)))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (np.zeros(1000), "silent"),
        (np.full(1000, 0.3), "silent"),
        (np.ones(1), "16 samples"),
        (np.r_[np.arange(99.0), np.nan], "sample 99"),
        (np.zeros((10, 2)), "mono"),
    ],
)
def test_sounds_without_a_drum_are_refused(sound: Float64, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refine(sound, RATE, [Start("circle", 0.3)])


def test_wrong_starts_are_refused() -> None:
    sound, size, _ = sound_of("circle", 0.05)
    start = Start("circle", size)
    wrong = [
        ({"family": "square"}, "family"),
        ({"drum_size": 0.0}, "drum_size"),
        ({"size_spread": -1.0}, "size_spread"),
        ({"aspect_spread": math.nan}, "aspect_spread"),
    ]
    for change, message in wrong:
        with pytest.raises(ValueError, match=message):
            refine(sound, RATE, [replace(start, **change)])
    with pytest.raises(ValueError, match="sample_rate"):
        refine(sound, 0, [start])
    with pytest.raises(TypeError, match="real"):
        refine(sound * 1j, RATE, [start])


def test_short_and_extreme_sounds_get_an_answer() -> None:
    sound, size, _ = sound_of("circle")
    for part in (sound[:16], sound[:400], np.clip(sound, -0.01, 0.01) * 1e-200):
        fits = refine(part, RATE, starts_at(size, 1.5)[:2])
        numbers = [value for fit in fits for value in vars(fit).values() if value != fit.family]
        assert np.isfinite(numbers).all()
    for far in (1e-3, 1e3):
        assert len(refine(sound, RATE, starts_at(far, 1.5)[1:3])) == 2


def test_the_evidence_is_that_of_a_gaussian_process() -> None:
    rng, n = np.random.default_rng(0), 200
    t = np.arange(n) / 2000
    rates = -rng.uniform(2, 9, (2, 4)) + 2j * np.pi * rng.uniform(80, 900, (2, 4))
    prior, noise, sound = rng.uniform(0.5, 2, (2, 4)), np.array([0.1, 0.3]), rng.normal(size=n)
    samples = Samples(sound, 1 / 2000, n)
    found = evidence(samples, rates, prior, noise)
    for h in range(2):
        waves = np.exp(t[:, None] * rates[h])
        design = np.hstack([waves.real, waves.imag]) * np.sqrt(np.tile(prior[h], 2))
        covariance = noise[h] * np.eye(n) + design @ design.T
        exact = sound @ np.linalg.solve(covariance, sound) + np.linalg.slogdet(covariance)[1]
        assert found.cost[h] == pytest.approx(exact / 2, rel=1e-9)
    for k in range(8):
        step = np.zeros((2, 4), complex)
        step[:, k % 4] = (1j, -1)[k // 4] * 1e-4
        ends = [evidence(samples, rates + s * step, prior, noise).cost for s in (1, -1)]
        np.testing.assert_allclose(found.slope[:, k], (ends[0] - ends[1]) / 2e-4, rtol=1e-5)


def test_the_series_of_families() -> None:
    zeros = np.sort(circularSeries(20, 30), axis=None)[:60]
    np.testing.assert_allclose(series("circle", np.zeros(1), 20.0).numbers[0, :60], zeros)
    for aspect in (1.3, 3.6):
        exact = modes(Ellipse(aspect, 1.0), 60).frequencies(1.0, 2.0)
        found, slopes = elliptical_series(aspect)
        np.testing.assert_allclose(np.sort(found)[:60], exact, rtol=5e-4)
        np.testing.assert_allclose(np.sort(found)[:20], exact[:20], rtol=3e-5)
        more, less = (elliptical_series(aspect * math.exp(s))[0] for s in (1e-4, -1e-4))
        np.testing.assert_allclose(slopes, np.log(more / less) / 2e-4, atol=1e-4)
    # At a circle they are those of the circle.
    twice = np.sort(
        np.r_[circularSeries(1, 20).ravel(), np.tile(circularSeries(30, 20)[1:], (2, 1)).ravel()]
    )
    np.testing.assert_allclose(np.sort(elliptical_series(1.0)[0])[:60], twice[:60], rtol=1e-9)
    with pytest.raises(ValueError, match="epsilon"):
        elliptical_series(0.9)


def test_a_band_holds_what_lies_below_its_edge() -> None:
    t = np.arange(4000) / RATE
    low, high = np.sin(2 * np.pi * 200 * t), np.sin(2 * np.pi * 900 * t)
    found = band(low + high, RATE, 500.0, 1e9)
    times = np.arange(len(found.samples.values)) * found.samples.step
    inner = slice(40, -40)
    expected = np.sin(2 * np.pi * 200 * times)[inner]
    np.testing.assert_allclose(found.samples.values[inner], expected, atol=5e-3)
