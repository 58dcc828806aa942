import math

import numpy as np
import pytest
from scipy.stats import kstest

from kac_prediction.samplers import PoissonModel
from reference import struck

RATE = 8000


def formula(model: PoissonModel, size, ratio, strike, pick_up) -> np.ndarray:
    """The modal sum of a rectangular drum, term by term as it stands in the books."""
    frequencies, weights = [], []
    for m in range(1, model.M + 1):
        for n in range(1, model.N + 1):
            root = math.sqrt(m**2 / ratio + ratio * n**2)
            frequencies.append(model.wave_speed / (2 * size) * root)
            weight = math.sin(m * math.pi * strike[0]) * math.sin(n * math.pi * strike[1])
            weight *= math.sin(m * math.pi * pick_up[0]) * math.sin(n * math.pi * pick_up[1])
            weights.append(weight)
    return struck(model, frequencies, weights)


@pytest.mark.parametrize(
    ("size", "ratio", "strike", "pick_up", "decay_time"),
    [
        (0.3, 1.0, (0.4, 0.1), (0.154, 0.289), 2.0),
        (1.0, 3.3, (0.5, 0.5), (0.5, 0.3), 0.3),
        (0.1, 0.4, (0.9, 0.99), (0.2, 0.7), math.inf),
    ],
)
def test_sound_is_the_modal_sum(size, ratio, strike, pick_up, decay_time) -> None:
    model = PoissonModel(
        0.5,
        RATE,
        amplitude=0.7,
        decay_time=decay_time,
        drum_size=size,
        strike_location=strike,
        sample_location=pick_up,
        aspect_ratio=ratio,
    )
    model.generateWaveform()
    expected = formula(model, size, ratio, strike, pick_up)
    np.testing.assert_allclose(model.waveform, expected, atol=0.7e-10, rtol=0)


def test_m_counts_along_x_and_n_along_y() -> None:
    settings = {"drum_size": 0.5, "strike_location": (0.3, 0.2), "aspect_ratio": 2.0}
    model = PoissonModel(0.2, RATE, M=2, N=5, **settings)
    model.generateWaveform()
    expected = formula(model, 0.5, 2.0, (0.3, 0.2), (0.154, 0.289))
    np.testing.assert_allclose(model.waveform, expected, atol=1e-10)


def test_a_drum_turned_by_a_right_angle_sounds_the_same() -> None:
    sounds = []
    for ratio, turn in ((2.5, 1), (0.4, -1)):
        model = PoissonModel(
            0.2,
            RATE,
            drum_size=0.4,
            aspect_ratio=ratio,
            strike_location=(0.3, 0.2)[::turn],
            sample_location=(0.154, 0.289)[::turn],
        )
        model.generateWaveform()
        sounds.append(model.waveform)
    np.testing.assert_allclose(*sounds, atol=1e-11)


def test_five_strikes_a_drum_the_first_at_its_middle() -> None:
    model = PoissonModel(0.01, RATE)
    model.seed(5)
    _, labels = model.render(range(20))
    bodies = [(label["drum_size"][0], label["aspect_ratio"][0]) for label in labels]
    assert [bodies[i] for i in range(20)] == [bodies[i // 5 * 5] for i in range(20)]
    assert len(set(bodies)) == 4
    strikes = np.array([label["strike_location"] for label in labels]).reshape(4, 5, 2)
    assert (strikes[:, 0] == 0.5).all()
    assert len({tuple(point) for point in strikes[:, 1:].reshape(-1, 2)}) == 16


def test_a_regenerated_strike_has_a_drum_of_its_own() -> None:
    model = PoissonModel(0.05, RATE)
    model.seed(5)
    before, old = model.render(range(10))
    model.seed(5, revisions={7: 1})
    after, new = model.render(range(10))
    assert [i for i in range(10) if not np.array_equal(before[i], after[i])] == [7]
    for name in ("aspect_ratio", "drum_size"):
        assert new[7][name] not in [label[name] for label in old]


def test_what_is_drawn_is_uniform() -> None:
    model = PoissonModel(0.001, RATE)
    model.seed(11)
    _, labels = model.render(i for i in range(5000) if i % 5)
    x, y = np.array([label["strike_location"] for label in labels]).T
    assert kstest(x, "uniform").pvalue > 0.01
    assert kstest(y, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(x, y)[0, 1]) < 0.05
    sizes, ratios = np.array(
        [(label["drum_size"][0], label["aspect_ratio"][0]) for label in labels[::4]]
    ).T
    assert kstest(sizes, "uniform", args=(0.1, 0.9)).pvalue > 0.01
    assert kstest(ratios, "uniform", args=(1, 3)).pvalue > 0.01
    assert abs(np.corrcoef(sizes, ratios)[0, 1]) < 0.1


def test_fixed_drum_and_strike() -> None:
    model = PoissonModel(0.01, RATE, drum_size=0.4, strike_location=[0.2, 0.9], aspect_ratio=1.5)
    label = {
        "aspect_ratio": [1.5],
        "drum_size": [0.4],
        "sample_location": [0.154, 0.289],
        "strike_location": [0.2, 0.9],
    }
    assert model.render(range(6))[1] == [label] * 6


def test_strikes_in_a_range() -> None:
    model = PoissonModel(0.001, RATE, strike_location=[(0.5, 1.0), 0.2])
    model.seed(1)
    x, y = np.array([label["strike_location"] for label in model.render(range(1000))[1]]).T
    assert (y == 0.2).all()
    assert kstest(x, "uniform", args=(0.5, 0.5)).pvalue > 0.01


def test_settings_are_all_arguments() -> None:
    assert PoissonModel(1, RATE, drum_size=0.3).settings == {
        "M": 10,
        "N": 10,
        "amplitude": 1.0,
        "aspect_ratio": (1.0, 4.0),
        "decay_time": 2.0,
        "drum_size": 0.3,
        "duration": 1,
        "material_density": 0.2,
        "precision": "double",
        "sample_location": (0.154, 0.289),
        "sample_rate": RATE,
        "strike_location": None,
        "tension": 2000.0,
    }


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"aspect_ratio": 0.0}, "aspect_ratio.*0"),
        ({"aspect_ratio": (2.0, 1.0)}, "aspect_ratio.*low <= high"),
        ({"aspect_ratio": math.inf}, "aspect_ratio.*inf"),
        # A square of this size is heard, a long rectangle of its area is not.
        ({"drum_size": 0.03, "aspect_ratio": (1.0, 9.0)}, "no partial below half the sample rate"),
        ({"drum_size": 0.03, "aspect_ratio": (0.1, 1.0)}, "no partial below half the sample rate"),
        ({"strike_location": (1.0, 0.5)}, "strike_location.*inside"),
        ({"strike_location": (0.5, 0.0)}, "strike_location.*inside"),
        ({"strike_location": (0.1,)}, "strike_location"),
        ({"strike_location": ()}, "strike_location"),
        ({"strike_location": (0.1, math.nan)}, "y of strike_location.*nan"),
        ({"strike_location": ((0.2, 1.2), 0.5)}, "strike_location.*inside"),
        ({"sample_location": (0.0, 0.5)}, "sample_location.*inside"),
        ({"sample_location": (0.5, 1.0)}, "sample_location.*inside"),
        ({"sample_location": (0.5, math.nan)}, "sample_location.*finite"),
        ({"sample_location": (0.5,)}, "sample_location.*finite"),
    ],
)
def test_impossible_settings_are_named(settings, named: str) -> None:
    PoissonModel(0.1, RATE, drum_size=0.03, aspect_ratio=1.0)
    with pytest.raises(ValueError, match=named):
        PoissonModel(0.1, RATE, **settings)
