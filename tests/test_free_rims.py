"""Drums and strings whose rims are free: their partials, their settings, what they refuse."""

import math
from typing import Any

import numpy as np
import pytest

from kac_prediction.dataset import AudioSampler
from kac_prediction.samplers import BesselModel, LinearModel, PoissonModel
from reference import modal_sum

RATE, LENGTH, SIZE = 48000, 2400, 0.4
FREE = (False, False, False, False)
MIXED = (True, False, False, True)


def disc() -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and weights of a free disc, struck at (0.6, 1.0), as a book has them."""
    # Zeros of J'_m from Abramowitz and Stegun, table 9.5.
    z = np.array([[3.83170597, 7.01558667], [1.84118378, 5.33144277], [3.05423693, 6.70613319]])
    from scipy.special import jv

    m = np.arange(3)[:, None]
    weights = np.where(m == 0, 1, 2) * jv(m, z * 0.6) * jv(m, z * 0.83) * np.cos(m * 1.0)
    weights /= (1 - (m / z) ** 2) * jv(m, z) ** 2
    # M = 3 orders of N = 3: (0, 1) is at 0 Hz, and the third of the others is not in the table.
    return z * 100 / (2 * math.sqrt(math.pi) * SIZE), weights


def rectangle(ends: tuple[bool, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Of a rectangle 2 to 1, struck at (0.3, 0.2), heard at (0.154, 0.289)."""
    frequencies, weights = [], []
    for i in range(3):
        for j in range(2):
            m, n = i + sum(ends[:2]) / 2, j + sum(ends[2:]) / 2
            x, y = (math.sin if ends[0] else math.cos), (math.sin if ends[2] else math.cos)
            weight = (1 if m == 0 else 2) * (1 if n == 0 else 2)
            for p, q in ((0.3, 0.2), (0.154, 0.289)):
                weight *= x(m * math.pi * p) * y(n * math.pi * q)
            frequencies.append(100 / (2 * SIZE) * math.sqrt(m * m / 2 + 2 * n * n))
            weights.append(weight if m or n else 0.0)
    return np.array(frequencies), np.array(weights)


def string(ends: tuple[bool, bool]) -> tuple[np.ndarray, np.ndarray]:
    """Of a string struck at 0.3 and heard at 0.154."""
    n = np.arange(5) + sum(ends) / 2
    wave = np.sin if ends[0] else np.cos
    weights = np.where(n == 0, 0, 2 * wave(n * np.pi * 0.3) * wave(n * np.pi * 0.154))
    return n * 100 / (2 * SIZE), weights


@pytest.mark.parametrize(
    ("Sampler", "settings", "partials"),
    [
        (PoissonModel, {"boundary_conditions": FREE}, rectangle(FREE)),
        (PoissonModel, {"boundary_conditions": [*MIXED]}, rectangle(MIXED)),
        (PoissonModel, {"boundary_conditions": (True,) * 4}, rectangle((True,) * 4)),
        (LinearModel, {}, string((True, True))),
        (LinearModel, {"boundary_conditions": (False, False)}, string((False, False))),
        (LinearModel, {"boundary_conditions": (False, True)}, string((False, True))),
    ],
)
def test_a_sound_is_the_sum_of_its_partials(
    Sampler: type[AudioSampler], settings: dict[str, Any], partials: tuple[np.ndarray, np.ndarray]
) -> None:
    where: dict[str, Any] = {"N": 5, "strike_location": (0.3,)}
    if Sampler is PoissonModel:
        where = {"M": 3, "N": 2, "strike_location": (0.3, 0.2), "aspect_ratio": 2.0}
    drum = Sampler(LENGTH / RATE, RATE, drum_size=SIZE, **where, **settings)
    drum.generateWaveform()
    expected = modal_sum(*partials, 3 * math.log(10) / 2, LENGTH, RATE)
    np.testing.assert_allclose(drum.waveform, expected / np.abs(expected).max(), atol=1e-10)


def test_a_free_disc_sounds_the_zeros_of_the_derivatives() -> None:
    drum = BesselModel(
        1.0, RATE, M=3, N=3, drum_size=SIZE, strike_location=(0.6, 1.0), boundary_conditions=False
    )
    drum.generateWaveform()
    # Far from each other in frequency: the partials are the projections of the sound.
    frequencies, weights = disc()
    times = np.arange(RATE) / RATE
    found = np.abs(
        np.exp(-2j * np.pi * np.outer(frequencies.ravel(), times))
        @ (drum.waveform * np.hanning(RATE))
    )
    strength = np.abs(weights / frequencies).ravel()
    np.testing.assert_allclose(found / found.max(), strength / strength.max(), atol=0.01)


def test_what_is_fixed_is_stored_as_before_and_else_in_full() -> None:
    for Sampler, rim in ((BesselModel, False), (PoissonModel, MIXED)):
        assert "boundary_conditions" not in Sampler(0.01, RATE).settings
        free = Sampler(0.01, RATE, boundary_conditions=rim)
        assert free.settings["boundary_conditions"] == rim
        assert np.array_equal(
            *(each.render([2])[0] for each in (seeded(free), seeded(type(free)(**free.settings))))
        )


def seeded(sampler: AudioSampler) -> AudioSampler:
    sampler.seed(3)
    return sampler


@pytest.mark.parametrize(
    ("Sampler", "settings", "error", "named"),
    [
        (BesselModel, {"boundary_conditions": 1}, TypeError, "boundary_conditions must be True"),
        (PoissonModel, {"boundary_conditions": True}, ValueError, "4 times True"),
        (PoissonModel, {"boundary_conditions": FREE, "M": 1, "N": 1}, ValueError, "larger M or N"),
        (BesselModel, {"boundary_conditions": False, "M": 1, "N": 1}, ValueError, "larger M or N"),
        (LinearModel, {"boundary_conditions": (True,)}, ValueError, "2 times True"),
        (LinearModel, {"drum_size": 1e-4}, ValueError, "no partial below half"),
    ],
)
def test_what_cannot_sound_is_refused(
    Sampler: type[AudioSampler], settings: dict[str, Any], error: type[Exception], named: str
) -> None:
    with pytest.raises(error, match=named):
        Sampler(0.01, RATE, **settings)
