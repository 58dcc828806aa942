"""One physics, two solvers: the modes of simple shapes against the grid."""

import math

import numpy as np
import pytest
from scipy.special import jn_zeros, jv

from kac_prediction.samplers import BesselModel, FDTDModel, LaméModel, PoissonModel

RATE, SIZE, WIDTH, SPEED = 48000, 0.3, 0.01, 100.0
COMMON = {"duration": 2.0, "sample_rate": RATE, "drum_size": SIZE, "decay_time": math.inf}
WHOLE = np.arange(1, 20)


def partials(series: np.ndarray) -> np.ndarray:
    """The ten lowest frequencies of S c / (2 L), those that are one heard once."""
    frequencies = np.unique(np.round(series.ravel() * SPEED / (2 * SIZE), 6))
    return frequencies[:10]


def spectrum(sound: np.ndarray, expected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The frequency and the amplitude of the highest peak near each expected frequency.

    A parabola through the logarithm of a Hann window's main lobe, eight times interpolated, finds
    the peak to a thousandth of a bin.
    """
    bins = 8 * len(sound)
    amplitudes = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), bins))
    found = []
    for frequency in expected:
        low, high = (int(frequency * side * bins / RATE) for side in (0.99, 1.01))
        top = low + int(np.argmax(amplitudes[low:high]))
        left, middle, right = np.log(amplitudes[top - 1 : top + 2])
        aside = (left - right) / (2 * (left - 2 * middle + right))
        found.append(((top + aside) * RATE / bins, np.exp(middle - (left - right) * aside / 4)))
    frequencies, heights = np.array(found).T
    return frequencies, heights


def width_factor(frequencies: np.ndarray) -> np.ndarray:
    """What the strike's width leaves of each partial: the kernel's Hankel transform, 1 at 0."""
    r = (np.arange(400) + 0.5) / 400 * WIDTH / 2
    kernel = (1 + np.cos(2 * np.pi * r / WIDTH)) * r
    kappa = 2 * np.pi * frequencies / SPEED
    return jv(0, np.outer(kappa, r)) @ kernel / kernel.sum()


def circle():
    zeros = np.array([jn_zeros(m, 6) for m in range(10)])
    radius = SIZE / math.sqrt(math.pi)
    strike, pick_up = (0.46, 0.5), (0.83, 0.0)
    at = [(radius * r * math.cos(a), radius * r * math.sin(a)) for r, a in (strike, pick_up)]
    return BesselModel, {}, strike, pick_up, "Circle", {}, at, zeros / math.sqrt(math.pi)


def rectangle(aspect: float):
    m, n = WHOLE[:, None], WHOLE
    sides = SIZE * math.sqrt(aspect), SIZE / math.sqrt(aspect)
    strike, pick_up = (0.39, 0.34), (0.154, 0.289)
    at = [((x - 0.5) * sides[0], (y - 0.5) * sides[1]) for x, y in (strike, pick_up)]
    series = np.sqrt(m**2 / aspect + aspect * n**2)
    shape = {"epsilon": aspect}
    return (
        PoissonModel,
        {"aspect_ratio": aspect},
        strike,
        pick_up,
        "UnitRectangle",
        shape,
        at,
        series,
    )


def triangle():
    m, n = WHOLE[:, None], WHOLE
    radius = 2 * SIZE / 3**0.75
    angles = np.pi / 2 + 2 * np.pi / 3 * np.arange(3)
    corners = radius * np.column_stack([np.cos(angles), np.sin(angles)])
    strike, pick_up = (0.41, 0.36, 0.23), (0.64, 0.225, 0.135)
    at = [tuple(np.array(point) @ corners) for point in (strike, pick_up)]
    series = 2 / 3**0.75 * np.sqrt(m**2 + m * n + n**2)
    return LaméModel, {}, strike, pick_up, "RegularPolygon", {"N": 3}, at, series


@pytest.mark.parametrize(
    "drum",
    [circle(), rectangle(1.0), rectangle(2.0), triangle()],
    ids=["circle", "square", "rectangle", "triangle"],
)
def test_partials_and_levels(drum) -> None:
    modal, own, strike, pick_up, shape, settings, (struck, heard), series = drum
    one = modal(**COMMON, **own, strike_location=strike, sample_location=pick_up)
    other = FDTDModel(
        **COMMON,
        arbitrary_shape=shape,
        shape_settings=settings,
        strike_location=struck,
        sample_location=heard,
        strike_width=WIDTH,
    )
    expected = partials(series)
    sounds = [model.render([1])[0][0] for model in (one, other)]
    (exact, levels), (measured, _) = (spectrum(sound, expected) for sound in sounds)
    # Down to 40 dB below the strongest there is a frequency to be measured.
    audible = levels > levels.max() / 100
    assert audible.sum() >= 9
    np.testing.assert_allclose(exact[audible], expected[audible], rtol=2e-4)
    np.testing.assert_allclose(measured[audible], expected[audible], rtol=3e-3)
    # A degenerate pair is split by the grid, by up to 1 Hz: levels are those of its first quarter
    # of a second, before the two part.
    (_, levels), (_, others) = (spectrum(sound[: RATE // 4], expected) for sound in sounds)
    strong = levels > levels.max() / 10
    assert strong.sum() >= 5
    ratio = 20 * np.log10(others / (levels * width_factor(expected)))[strong]
    assert np.ptp(ratio) < 1.5
