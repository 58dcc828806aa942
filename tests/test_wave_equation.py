import math

import numpy as np
import pytest

from kac_prediction.physics import (
    FDTDWaveform1D,
    WaveEquationWaveform2D,
    equilateralTriangleAmplitudes,
    equilateralTriangleSeries,
    linearAmplitudes,
    linearSeries,
    rectangularAmplitudes,
    rectangularSeries,
)
from reference import modal_sum

RATE = 48000


def test_is_the_modal_sum() -> None:
    frequencies = rectangularSeries(5, 4, 2.0) * 100 / (2 * 0.3)
    weights = rectangularAmplitudes((0.3, 0.4), 5, 4, 2.0)
    weights *= rectangularAmplitudes((0.154, 0.289), 5, 4, 2.0)
    sound = WaveEquationWaveform2D(frequencies, weights, 7.0, 1 / RATE, 4000)
    expected = modal_sum(frequencies, weights, 7.0, 4000, RATE)
    assert sound.shape == (4000,)
    assert np.abs(sound - expected).max() < 1e-11 * np.abs(expected).max()


def test_a_string_by_differences_sounds_its_modes() -> None:
    # With q = 1 the scheme is exact: the modes of 40 steps turn by pi S / 40 a sample.
    nodes = np.arange(41)
    pluck = np.where((nodes == 10) | (nodes == 12), 1.0, 0.0)
    sound = FDTDWaveform1D(0 * pluck, pluck, 1.0, 0.0, 1.0, 300, 0.3)
    modes = linearSeries(39)
    shape = linearAmplitudes(12 / 40, 39)  # of node 12, which hears
    start = sum(linearAmplitudes(node / 40, 39) for node in (10, 12)) / 40
    turn = np.pi * modes / 40
    expected = np.sin(np.outer(np.arange(300), turn)) @ (start * shape / np.sin(turn))
    np.testing.assert_allclose(sound, expected, atol=1e-12)
    with pytest.raises(ValueError, match="nodes from 3"):
        FDTDWaveform1D([0, 1], [0, 1], 1.0, 0.0, 1.0, 3, 0.5)
    with pytest.raises(ValueError, match=r"w must be at most 1, got 1\.5"):
        FDTDWaveform1D(pluck, pluck, 1.0, 0.0, 1.0, 3, 1.5)


def test_solves_the_equation_of_one_oscillator() -> None:
    # u'' + 2 d u' + (2 pi F)^2 u = 0 from u = 0, u' = A: displacement and energy by differences.
    f, d, k = 50.0, 3.0, 1e-5
    u = WaveEquationWaveform2D([f], [2.0], d, k, 50000)
    speed, bend = (u[2:] - u[:-2]) / (2 * k), (u[2:] - 2 * u[1:-1] + u[:-2]) / k**2
    assert u[0] == 0
    assert (u[1] - u[0]) / k == pytest.approx(2.0, rel=1e-4)
    residue = bend + 2 * d * speed + (2 * math.pi * f) ** 2 * u[1:-1]
    assert np.abs(residue).max() < 1e-4 * np.abs(bend).max()
    energy = speed**2 + (2 * math.pi * f * u[1:-1]) ** 2
    # Over whole periods it falls by 2 d a second.
    assert energy[40000] / energy[0] == pytest.approx(math.exp(-2 * d * 0.4), rel=0.01)


def test_a_hyperbolic_sine_where_the_decay_is_stronger() -> None:
    t = np.arange(1000) / RATE
    kappa = math.sqrt(900.0**2 - (2 * math.pi * 100) ** 2)
    sound = WaveEquationWaveform2D([100.0], [1.0], 900.0, 1 / RATE, 1000)
    np.testing.assert_allclose(
        sound, np.exp(-900 * t) * np.sinh(kappa * t) / kappa, rtol=1e-10, atol=0
    )
    critical = WaveEquationWaveform2D([0.0], [1.0], 0.0, 1 / RATE, 1000)
    np.testing.assert_allclose(critical, t, rtol=1e-12)


def test_modes_from_half_the_sample_rate_are_left_out() -> None:
    frequencies = equilateralTriangleSeries(3, 3) * 1000
    weights = equilateralTriangleAmplitudes(0.2, 0.3, 0.5, 3, 3)[0]
    low = np.where(frequencies < 2000, weights, 0)
    assert 0 < (frequencies < 2000).sum() < 9
    np.testing.assert_array_equal(
        WaveEquationWaveform2D(frequencies, weights, 1.0, 1 / 4000, 500),
        WaveEquationWaveform2D(frequencies, low, 1.0, 1 / 4000, 500),
    )


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (([1.0, 2.0], [1.0], 0.0, 1.0, 5), "one shape"),
        (([1.0], [1.0], 0.0, 0.0, 5), "k.*0.0"),
        (([1.0], [1.0], 0.0, math.nan, 5), "k.*nan"),
        (([1.0], [1.0], -1.0, 0.1, 5), "decay.*-1"),
        (([1.0], [math.inf], 0.0, 0.1, 5), "weight.*inf"),
        (([-1.0], [1.0], 0.0, 0.1, 5), "frequency.*-1"),
        (([1.0], [1.0], 0.0, 0.1, 0), "T must be at least 1, got 0"),
    ],
)
def test_bad_input_is_named(arguments, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        WaveEquationWaveform2D(*arguments)
