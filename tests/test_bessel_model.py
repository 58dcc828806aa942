import math

import numpy as np
import pytest
from scipy.special import jn_zeros, jv
from scipy.stats import kstest

from kac_prediction.samplers import BesselModel
from reference import struck

RATE = 8000


def formula(model: BesselModel, size, strike, pick_up) -> np.ndarray:
    """The modal sum of a circular drum, term by term as it stands in the books."""
    frequencies, weights = [], []
    for m in range(model.M):
        for z in jn_zeros(m, model.N):
            frequencies.append(z * model.wave_speed / (2 * math.sqrt(math.pi) * size))
            weight = jv(m, z * strike[0]) * jv(m, z * pick_up[0]) / jv(m + 1, z) ** 2
            weights.append(weight * (1 if m == 0 else 2) * math.cos(m * (strike[1] - pick_up[1])))
    return struck(model, frequencies, weights)


@pytest.mark.parametrize(
    ("size", "strike", "pick_up", "decay_time"),
    [
        (0.3, (0.4, 1.0), (0.83, 0.0), 2.0),
        (1.0, (0.0, 0.0), (0.5, 0.3), 0.3),
        (0.1, (0.9, 4.0), (0.2, 2.0), math.inf),
    ],
)
def test_sound_is_the_modal_sum(size, strike, pick_up, decay_time) -> None:
    model = BesselModel(
        0.5,
        RATE,
        amplitude=0.7,
        decay_time=decay_time,
        drum_size=size,
        strike_location=strike,
        sample_location=pick_up,
    )
    model.generateWaveform()
    expected = formula(model, size, strike, pick_up)
    np.testing.assert_allclose(model.waveform, expected, atol=0.7e-10, rtol=0)
    assert np.abs(model.waveform).max() == pytest.approx(0.7)


def test_m_counts_orders_and_n_zeros() -> None:
    model = BesselModel(0.2, RATE, M=2, N=5, drum_size=0.5, strike_location=(0.3, 0.2))
    assert model.series.shape == (2, 5)
    model.generateWaveform()
    expected = formula(model, 0.5, (0.3, 0.2), (0.83, 0.0))
    np.testing.assert_allclose(model.waveform, expected, atol=1e-10)


def test_partials_from_half_the_sample_rate_are_dropped() -> None:
    settings = {"drum_size": 0.1, "strike_location": (0.4, 0.9)}
    low = BesselModel(0.5, 4000, M=6, N=6, **settings)
    high = BesselModel(0.5, 48000, M=6, N=6, **settings)
    for model in (low, high):
        model.generateWaveform()
    frequencies = np.sort(low.series.ravel()) * 100 / (2 * 0.1)
    assert frequencies[0] < 2000 < frequencies[-1] < 24000
    expected = formula(low, 0.1, (0.4, 0.9), (0.83, 0.0))
    np.testing.assert_allclose(low.waveform, expected, atol=1e-10)


def test_strikes_are_uniform_over_the_area() -> None:
    model = BesselModel(0.001, RATE)
    model.seed(11)
    strikes = []
    for i in range(5000):
        if i % 5:
            model.reseed(i)
            model.updateProperties(i)
            strikes.append(model.strike_location)
    r, theta = np.array(strikes).T
    assert kstest(r**2, "uniform").pvalue > 0.01
    assert kstest(theta / (2 * np.pi), "uniform").pvalue > 0.01
    assert abs(np.corrcoef(r, theta)[0, 1]) < 0.05


def test_sizes_are_uniform() -> None:
    model = BesselModel(0.001, RATE)
    model.seed(3)
    _, labels = model.render(range(0, 10000, 5))
    sizes = np.array([label["drum_size"][0] for label in labels])
    assert kstest(sizes, "uniform", args=(0.1, 0.9)).pvalue > 0.01


def test_five_strikes_a_drum_the_first_at_its_middle() -> None:
    model = BesselModel(0.01, RATE)
    model.seed(5)
    _, labels = model.render(range(20))
    sizes = np.array([label["drum_size"][0] for label in labels]).reshape(4, 5)
    assert (sizes == sizes[:, :1]).all()
    assert len(set(sizes[:, 0])) == 4
    strikes = np.array([label["strike_location"] for label in labels]).reshape(4, 5, 2)
    assert (strikes[:, 0] == 0).all()
    assert len({tuple(point) for point in strikes[:, 1:].reshape(-1, 2)}) == 16


def test_a_regenerated_strike_has_a_drum_of_its_own() -> None:
    model = BesselModel(0.05, RATE)
    model.seed(5)
    before, old = model.render(range(10))
    model.seed(5, revisions={7: 1})
    after, new = model.render(range(10))
    changed = [i for i in range(10) if not np.array_equal(before[i], after[i])]
    assert changed == [7]
    assert new[7]["drum_size"] not in [label["drum_size"] for label in old]
    assert new[7]["strike_location"] != old[7]["strike_location"]


def test_fixed_drum_and_strike() -> None:
    model = BesselModel(0.01, RATE, drum_size=0.4, strike_location=[0.2, 1.0])
    _, labels = model.render(range(6))
    assert (
        labels
        == [{"drum_size": [0.4], "sample_location": [0.83, 0.0], "strike_location": [0.2, 1.0]}] * 6
    )


def test_strikes_in_a_range() -> None:
    model = BesselModel(0.001, RATE, strike_location=[(0.5, 1.0), 2.0])
    model.seed(1)
    r, theta = np.array([label["strike_location"] for label in model.render(range(1000))[1]]).T
    assert (theta == 2.0).all()
    assert kstest((r**2 - 0.25) / 0.75, "uniform").pvalue > 0.01


def test_outside_a_dataset_any_strike_on_any_drum() -> None:
    model = BesselModel(0.01, RATE)
    model.seed(0)
    drawn = set()
    for _ in range(5):
        model.updateProperties(None)
        drawn.add((model.drum_size, *model.strike_location))
    assert len(drawn) == 5


def test_settings_are_all_arguments() -> None:
    assert BesselModel(1, RATE, drum_size=0.3).settings == {
        "M": 10,
        "N": 10,
        "amplitude": 1.0,
        "decay_time": 2.0,
        "drum_size": 0.3,
        "duration": 1,
        "material_density": 0.2,
        "precision": "double",
        "sample_location": (0.83, 0.0),
        "sample_rate": RATE,
        "strike_location": None,
        "tension": 2000.0,
    }


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"amplitude": -1.0}, "amplitude.*-1"),
        ({"amplitude": math.inf}, "amplitude.*inf"),
        ({"decay_time": 0.0}, "decay_time.*0"),
        ({"decay_time": math.nan}, "decay_time.*nan"),
        ({"material_density": 0.0}, "material_density.*0"),
        ({"tension": 0.0}, "tension.*0"),
        ({"tension": math.inf}, "tension.*inf"),
        ({"drum_size": 0.0}, "drum_size.*0"),
        ({"drum_size": (0.5, 0.1)}, "drum_size.*low <= high"),
        ({"drum_size": (0.1, 0.2, 0.3)}, "drum_size"),
        ({"drum_size": (0.1, math.nan)}, "drum_size.*nan"),
        ({"drum_size": 0.001}, "no partial below half the sample rate"),
        ({"strike_location": (1.0, 0.0)}, "strike_location.*inside"),
        ({"strike_location": (0.1,)}, "strike_location"),
        ({"strike_location": (0.1, math.inf)}, "theta"),
        ({"strike_location": ((0.2, 1.2), 0.0)}, "strike_location.*inside"),
        ({"sample_location": (-0.1, 0.0)}, "sample_location.*inside"),
        ({"sample_location": (1.0, 0.0)}, "sample_location.*inside"),
        ({"precision": "half"}, "precision.*half"),
        ({"M": 0}, "M.*0"),
        ({"N": 0}, "got 0"),
    ],
)
def test_impossible_settings_are_named(settings, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        BesselModel(0.1, RATE, **settings)
