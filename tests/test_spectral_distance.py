"""The multi-resolution STFT distance, against its definition."""

from collections.abc import Iterator

import numpy as np
import pytest

from kac_prediction import _core
from kac_prediction.orchestration import spectral_distance
from reference import noise

WINDOWS = (256, 512, 1024, 2048, 4096)
LONG = noise(2, 300_000) / 10  # more than the samples that are compared at once


def definition(x: np.ndarray, y: np.ndarray) -> float:
    """The distance, with NumPy, from all frames at once."""
    distances = []
    for n in WINDOWS:
        hop, length = n // 4, max(len(x), len(y))
        frames = -(-length // hop) + 3
        window = np.sin(np.pi * np.arange(n) / n) ** 2
        starts = np.arange(frames)[:, None] * hop + np.arange(n)
        powers = []
        for sound in (x, y):
            padded = np.zeros(frames * hop + n)
            padded[n - hop : n - hop + len(sound)] = sound
            powers.append(np.abs(np.fft.rfft(padded[starts] * window)) ** 2)
        floor = (1e-4 * n / 4) ** 2
        linear = np.abs(np.sqrt(powers[0]) - np.sqrt(powers[1]))
        logarithmic = np.abs(np.log((powers[0] + floor) / (powers[1] + floor))) / 2
        distances.append(linear.mean() + logarithmic.mean())
    return float(np.mean(distances))


def cut(sound: np.ndarray, size: int) -> Iterator[np.ndarray]:
    return (sound[i : i + size] for i in range(0, len(sound), size))


@pytest.mark.parametrize(
    ("x", "y"),
    [
        *((noise(n) / 10, noise(n, seed=1) / 10) for n in (1, 64, 1023, 1024, 1025, 9000)),
        (noise(9000) / 10, noise(700, seed=1)),
        (np.zeros(3000), np.eye(1, 5000, 4999)[0]),
        (np.sin(np.arange(20_000) / 7), np.sin(np.arange(20_000) / 7.01)),
        tuple(LONG),
    ],
)
def test_agrees_with_its_definition(x: np.ndarray, y: np.ndarray) -> None:
    distance = spectral_distance(x, y)
    assert distance == pytest.approx(definition(x, y), rel=1e-11)
    assert distance == spectral_distance(y, x)  # to the bit


def test_equal_sounds_are_at_no_distance() -> None:
    for x in (LONG[0], LONG[0, :700].astype(np.float32), np.array([3, -4]), np.zeros(1)):
        assert spectral_distance(x, x) == 0
        assert spectral_distance(x, np.append(x, np.zeros(99, x.dtype))) == 0


def test_the_mean_magnitude_of_a_sine_is_its_amplitude() -> None:
    plan, length = _core.SpectralDistance(WINDOWS, 1e-4), 3072 + 50 * 1024
    sums = plan.sums(np.sin(np.arange(length) * np.pi / 8), np.zeros(length))
    for n, linear in zip(WINDOWS, sums[:, 0], strict=True):
        assert linear / (50 * 4096 / n * (n // 2)) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("size", [1000, 2**18, 10**6])
def test_blocks_of_any_length_give_the_same_bits(size: int) -> None:
    x, y = LONG
    whole = spectral_distance(x, y[:280_000])
    assert whole == spectral_distance(cut(x, size), y[:280_000])
    assert whole == spectral_distance(cut(x, size), cut(y[:280_000], 7777))


def test_the_number_of_threads_changes_no_bit() -> None:
    plan = _core.SpectralDistance(WINDOWS, 1e-4)
    x, y = LONG[:, : 3072 + 200 * 1024]
    alone = plan.sums(x, y, threads=1)
    for threads in (2, 3, 7):
        np.testing.assert_array_equal(plan.sums(x, y, threads), alone)


def test_what_is_no_sound_is_refused() -> None:
    good, bad = np.zeros(300_000), np.zeros(300_000)
    bad[290_000] = np.nan
    for x, y, error, message in (
        (good, bad, ValueError, "sample 290000 of y is not a finite number"),
        (cut(bad, 1000), good, ValueError, "sample 290000 of x is not a finite number"),
        (np.zeros((9, 2)), good, ValueError, r"x must be mono, of shape \(length,\), got \(9, 2\)"),
        (good, [1j], TypeError, "y must hold real numbers"),
        (good, iter(["abc"]), TypeError, "y must be samples"),
        (good, None, TypeError, "y must be samples"),
        ([], iter([]), ValueError, "x and y are empty"),
        (good, [1e200], ValueError, "so large that its spectrum is not"),
    ):
        with pytest.raises(error, match=message):
            spectral_distance(x, y)
