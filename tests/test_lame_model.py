import math

import numpy as np
import pytest
from scipy.stats import ks_2samp, kstest

from kac_prediction.physics import equilateralTriangleAmplitudes, equilateralTriangleSeries
from kac_prediction.samplers import LaméModel
from reference import struck

RATE = 8000
PICK_UP = (0.64, 0.225, 0.135)


def pairs(model: LaméModel) -> set[tuple[int, int]]:
    return {(min(m, n), max(m, n)) for m in range(1, model.M + 1) for n in range(1, model.N + 1)}


def formula(model: LaméModel, size, strike, pick_up, modes) -> np.ndarray:
    """The modal sum of a triangular drum, term by term as it stands in the books."""
    frequencies, weights = [], []
    for m, n in modes:
        side = 2 * size / 3**0.25
        root = math.sqrt(m**2 + m * n + n**2)
        frequencies.append(2 * model.wave_speed / (3 * side) * root)
        weight = sum(lame(m, n, f, *strike) * lame(m, n, f, *pick_up) for f in (np.cos, np.sin))
        weights.append(weight / (1.5 if m == n else 0.75))
    return struck(model, frequencies, weights)


def lame(m: int, n: int, f, u: float, v: float, w: float) -> float:
    third, d = -(m + n), math.pi * (v - w) / 3
    return (
        np.sin(math.pi * third * (1 - u)) * f((m - n) * d)
        + np.sin(math.pi * m * (1 - u)) * f((n - third) * d)
        + np.sin(math.pi * n * (1 - u)) * f((third - m) * d)
    )


def strikes(model: LaméModel, indices) -> np.ndarray:
    return np.array([label["strike_location"] for label in model.render(indices)[1]])


@pytest.mark.parametrize(
    ("size", "strike", "pick_up", "decay_time", "M", "N"),
    [
        (0.3, (0.4, 0.1, 0.5), PICK_UP, 2.0, 10, 10),
        (1.0, (1 / 3, 1 / 3, 1 / 3), (0.5, 0.3, 0.2), 0.3, 4, 9),
        (0.1, (0.9, 0.07, 0.03), (0.2, 0.7, 0.1), math.inf, 9, 4),
    ],
)
def test_sound_is_the_modal_sum(size, strike, pick_up, decay_time, M, N) -> None:
    model = LaméModel(
        0.5,
        RATE,
        M=M,
        N=N,
        amplitude=0.7,
        decay_time=decay_time,
        drum_size=size,
        strike_location=strike,
        sample_location=pick_up,
    )
    model.generateWaveform()
    expected = formula(model, size, strike, pick_up, pairs(model))
    np.testing.assert_allclose(model.waveform, expected, atol=0.7e-10, rtol=0)


def test_which_partials_sound_from_the_middle() -> None:
    model = LaméModel(0.2, RATE, drum_size=0.3)
    sound = model.render([0])[0][0]
    assert model.strike_location == model.centroid
    few = {(m, n) for m, n in pairs(model) if (m - n) % 3 == 0 and m % 3 != 0 and n % 3 != 0}
    assert len(few) == 10 + 6
    expected = formula(model, 0.3, model.centroid, PICK_UP, few)
    np.testing.assert_allclose(sound, expected, atol=1e-10, rtol=0)


def test_every_low_mode_is_heard_at_the_pick_up() -> None:
    once = np.triu_indices(10)
    order = np.argsort(equilateralTriangleSeries(10, 10)[once], kind="stable")[:30]
    lowest = equilateralTriangleAmplitudes(*PICK_UP, 10, 10)[:, *once][:, order]
    assert np.hypot(*lowest).min() == pytest.approx(0.588, abs=0.001)
    each = np.abs(lowest[lowest != 0])
    assert len(each) == 54
    assert each.min() > 0.09


def test_five_strikes_a_drum_the_first_at_its_middle() -> None:
    model = LaméModel(0.01, RATE)
    model.seed(5)
    _, labels = model.render(range(20))
    sizes = np.array([label["drum_size"][0] for label in labels]).reshape(4, 5)
    assert (sizes == sizes[:, :1]).all()
    assert len(set(sizes[:, 0])) == 4
    points = np.array([label["strike_location"] for label in labels]).reshape(4, 5, 3)
    assert (points[:, 0] == 1 / 3).all()
    assert len({tuple(point) for point in points[:, 1:].reshape(-1, 3)}) == 16


def test_strikes_are_uniform_over_the_area() -> None:
    model = LaméModel(0.001, RATE)
    model.seed(11)
    points = strikes(model, [i for i in range(5000) if i % 5])
    np.testing.assert_allclose(points.sum(axis=1), 1, atol=1e-12)
    assert points.min() > 0
    # Beyond u lies a triangle of (1 - u)^2 of the area.
    for coordinate in points.T:
        assert kstest((1 - coordinate) ** 2, "uniform").pvalue > 0.01
    u, v, _ = points.T
    assert kstest(v / (1 - u), "uniform").pvalue > 0.01


@pytest.mark.parametrize(
    "ranges",
    [
        ((0.2, 0.4), (0.1, 0.5), (0.0, 1.0)),
        ((0.0, 1.0), (0.3, 0.9), (0.05, 0.45)),
        ((0.0, 0.2), (0.0, 0.25), (0.0, 0.7)),
    ],
)
def test_strikes_in_ranges_are_uniform_over_what_they_leave(ranges) -> None:
    model = LaméModel(0.001, RATE, strike_location=ranges)
    model.seed(1)
    found = strikes(model, range(2000))
    anywhere = np.random.default_rng(2).dirichlet([1, 1, 1], 100_000)
    low, high = np.array(ranges).T
    expected = anywhere[((anywhere >= low) & (anywhere <= high)).all(axis=1)]
    assert len(expected) > 500
    assert ((found >= low) & (found <= high)).all()
    for i in range(3):
        assert ks_2samp(found[:, i], expected[:, i]).pvalue > 0.01


@pytest.mark.parametrize(
    ("strike", "fixed"),
    [
        ((0.2, 0.5, 0.3), {0: 0.2, 1: 0.5, 2: 0.3}),
        ((1 / 3, 1 / 3, 1 / 3), {0: 1 / 3, 1: 1 / 3, 2: 1 / 3}),
        ((0.2, (0.0, 1.0), 0.3), {0: 0.2, 1: 0.5, 2: 0.3}),
        ((0.2, (0.0, 1.0), (0.1, 0.5)), {0: 0.2}),
    ],
)
def test_fixed_coordinates(strike, fixed) -> None:
    points = strikes(LaméModel(0.01, RATE, drum_size=0.4, strike_location=strike), range(50))
    for i, value in fixed.items():
        np.testing.assert_allclose(points[:, i], value, atol=1e-15, rtol=0)
    np.testing.assert_allclose(points.sum(axis=1), 1, atol=1e-15)
    if len(fixed) == 1:
        assert len(np.unique(points[:, 1])) == 50
        assert (points[:, 1] >= 0.3).all()
        assert (points[:, 1] <= 0.7 + 1e-15).all()


def test_labels() -> None:
    model = LaméModel(0.01, RATE, drum_size=0.4, strike_location=[0.2, 0.5, 0.3])
    label = {
        "drum_size": [0.4],
        "sample_location": [0.64, 0.225, 0.135],
        "strike_location": [0.2, 0.5, 0.3],
    }
    assert model.render(range(6))[1] == [label] * 6


def test_settings_are_all_arguments() -> None:
    assert LaméModel(1, RATE, drum_size=0.3).settings == {
        "M": 10,
        "N": 10,
        "amplitude": 1.0,
        "decay_time": 2.0,
        "drum_size": 0.3,
        "duration": 1,
        "material_density": 0.2,
        "precision": "double",
        "sample_location": PICK_UP,
        "sample_rate": RATE,
        "strike_location": None,
        "tension": 2000.0,
    }


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"strike_location": (0.5, 0.5, 0.5)}, "strike_location.*inside"),
        ({"strike_location": (0.5, 0.5, 0.0)}, "strike_location.*inside"),
        ({"strike_location": (0.5, 0.5, (0.0, 1.0))}, "strike_location.*inside"),
        ({"strike_location": (0.7, 0.6, -0.3)}, "strike_location.*inside"),
        ({"strike_location": (1.0, (0, 1), (0, 1))}, "strike_location.*inside"),
        ({"strike_location": ((0.0, 0.3), (0.0, 0.3), (0.0, 0.3))}, "strike_location.*inside"),
        ({"strike_location": ((0.5, 0.9), (0.6, 0.7), (0.0, 0.3))}, "strike_location.*inside"),
        ({"strike_location": (0.5, 0.5)}, "strike_location"),
        ({"strike_location": ()}, "strike_location"),
        ({"strike_location": (0.1, 0.3, math.nan)}, "w of strike_location.*nan"),
        ({"sample_location": (0.5, 0.5, 0.0)}, "sample_location.*inside"),
        ({"sample_location": (0.5, 0.4, 0.2)}, "sample_location.*inside"),
        ({"sample_location": (0.5, 0.5, math.nan)}, "sample_location.*finite"),
        ({"sample_location": (0.5, 0.5)}, "sample_location.*finite"),
    ],
)
def test_impossible_settings_are_named(settings, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        LaméModel(0.1, RATE, **settings)
