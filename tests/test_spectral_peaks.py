"""Spectral peaks and the partials that are fitted to them, on exact frequencies."""

import numpy as np
import pytest

from kac_prediction.listening.classical.partials import Partials
from kac_prediction.listening.classical.peaks import Peaks, count_peaks, find_peaks, fit_peaks
from kac_prediction.physics import rectangularSeries
from kac_prediction.physics.weyl import weyl_series
from reference import of_size, tones

RATE = 48000


def test_exact_peaks_are_fitted_exactly() -> None:
    partials = Partials.of("rectangle")
    frequencies = of_size(rectangularSeries(5, 5, 1.9), 0.35)[None]
    peaks = Peaks(frequencies, np.zeros(frequencies.shape), 1.0)
    sizes, aspects, score = fit_peaks(
        peaks, partials, np.array([[0.352, 0.25]]), np.array([[1.88, 3.0]]), 100.0
    )
    assert sizes[0, 0] == pytest.approx(0.35, rel=1e-9)
    assert aspects[0, 0] == pytest.approx(1.9, rel=1e-9)
    assert score[0, 0] > 3 * score[0, 1]


def test_peaks_are_where_the_sines_are() -> None:
    frequencies, weights = np.array([203.3, 441.71, 458.2, 1999.9]), np.array([0.1, 1.0, 0.02, 0.5])
    sounds = np.concatenate([tones(frequencies, weights), tones(frequencies[1:2], weights[1:2])])
    peaks = find_peaks(sounds, RATE, 2500.0)
    np.testing.assert_allclose(peaks.frequencies[0], frequencies, atol=0.02)
    np.testing.assert_allclose(peaks.levels[0], 20 * np.log10(weights), atol=0.1)
    assert peaks.frequencies[1, 0] == pytest.approx(frequencies[1], abs=0.02)
    assert np.isnan(peaks.frequencies[1, 1:]).all()
    strongest = peaks.strongest(2)
    np.testing.assert_allclose(strongest.frequencies[0], frequencies[[1, 3]], atol=0.02)


def test_noise_has_no_peaks_and_hides_none() -> None:
    rng = np.random.default_rng(0)
    sound = tones([300.0, 700.0], [1.0, 1.0]) + rng.normal(0, 0.3, (1, RATE))
    np.testing.assert_allclose(find_peaks(sound, RATE, 2500.0).frequencies, [[300, 700]], atol=0.1)


def test_weyl_counts_the_modes_of_a_square() -> None:
    series = np.sort(rectangularSeries(20, 20, 1.0).ravel())[:40]
    # Its own perimeter is 4 and its corners' sum is 1/4: near those of other convex drums.
    np.testing.assert_allclose(weyl_series(40)[5:], series[5:], rtol=0.12)
    frequencies = (weyl_series(12) * 100 / (2 * 0.5))[None]
    peaks = Peaks(frequencies, np.zeros(frequencies.shape), 1.0)
    assert count_peaks(peaks, np.array([0.6]), 100.0) == pytest.approx([0.5], rel=1e-12)
    # Modes closer than the bins say nothing: the size stays as it is.
    blurred = Peaks(frequencies, np.zeros(frequencies.shape), 50.0)
    assert count_peaks(blurred, np.array([0.6]), 100.0) == [0.6]
