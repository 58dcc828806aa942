import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from every_shape import KINDS, TRIANGLE
from kac_prediction import _core
from kac_prediction.geometry import (
    Polygon,
    Shape,
)
from kac_prediction.physics import drum_grid
from kac_prediction.samplers import FDTDModel

RATE = 8000
BOOMERANG = [(0.0, 0.0), (4.0, 2.0), (0.5, 0.0), (4.0, -2.0)]


def needed(kind: type[Shape]) -> dict[str, object]:
    return {"vertices": TRIANGLE} if kind is Polygon else {}


def model(kind: type[Shape] | str = "ConvexPolygon", duration: float = 0.05, **settings):
    made = FDTDModel(duration, RATE, kind, **settings)
    made.seed(7)
    return made


def direct(sampler: FDTDModel, strike, pick_up) -> np.ndarray:
    """The struck drum step by step: no reciprocity, one simulation for one sound."""
    grid = drum_grid(sampler.shape, math.sqrt(2) * sampler.wave_speed / sampler.sample_rate)
    nodes, weights = grid.raised_cosine(strike, sampler.strike_width)
    struck = np.zeros(grid.live.size)
    struck[nodes] = weights
    struck = np.where(grid.live, struck.reshape(grid.live.shape), 0)
    q = (sampler.wave_speed / sampler.sample_rate / grid.step) ** 2
    loss = 3 * math.log(10) / sampler.decay_time / sampler.sample_rate
    nodes, weights = grid.nodes_at(pick_up)
    previous, u, sound = np.zeros_like(struck), struck, []
    for _ in range(sampler.length):
        sound.append(weights @ previous.ravel()[nodes])
        around = np.zeros_like(u)
        around[1:-1, 1:-1] = u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
        following = ((2 - 4 * q) * u + q * around - (1 - loss) * previous) / (1 + loss)
        previous, u = u, np.where(grid.live, following, 0)
    return np.array(sound) * sampler.amplitude / np.abs(sound).max()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_sound_is_the_direct_simulation(kind: type[Shape]) -> None:
    sampler = model(kind, shape_settings=needed(kind), amplitude=0.7, decay_time=0.3)
    sounds, labels = sampler.render([8])
    (label,) = labels
    expected = direct(sampler, label["strike_location"], label["sample_location"])
    np.testing.assert_allclose(sounds[0], expected, atol=0.7e-9, rtol=0)


def test_the_core_simulates_the_same() -> None:
    sampler = model(duration=0.1, decay_time=1.0)
    sounds, labels = sampler.render([3])
    grid = drum_grid(sampler.shape, math.sqrt(2) * sampler.wave_speed / RATE)
    nodes, weights = grid.raised_cosine(labels[0]["strike_location"], sampler.strike_width)
    struck = np.zeros(grid.live.size)
    struck[nodes] = weights
    heard = grid.nodes_at(labels[0]["sample_location"])
    q, loss = (sampler.wave_speed / RATE / grid.step) ** 2, 3 * math.log(10) / RATE
    scheme = (q / (1 + loss), (2 - 4 * q) / (1 + loss), (1 - loss) / (1 + loss))
    rest, struck = np.zeros(grid.live.shape), struck.reshape(grid.live.shape)
    sound = _core.fdtd_waveform(
        _core.Grid(grid.live), rest, struck, *scheme, sampler.length, *heard
    )
    np.testing.assert_allclose(sounds[0], sound / np.abs(sound).max(), atol=1e-9, rtol=0)


def test_strike_and_pick_up_change_places() -> None:
    # With a strike that is a point, bilinear as the pick-up is.
    places = [(0.05, 0.02), (-0.03, 0.06)]
    sounds = []
    for strike, pick_up in (places, places[::-1]):
        sampler = model(
            "UnitRectangle",
            shape_settings={"epsilon": 1.5},
            strike_location=strike,
            sample_location=pick_up,
            strike_width=0.0,
        )
        sounds.append(sampler.render([1])[0][0])
    np.testing.assert_allclose(*sounds, atol=1e-9)


def test_decay_time_is_t60() -> None:
    sampler = model("Circle", duration=0.6, decay_time=0.8, drum_size=0.2)
    sound = sampler.render([0])[0][0]
    blocks = np.log10(np.square(sound.reshape(12, -1)).mean(axis=1))
    slope = 10 * np.polyfit(np.arange(12) * 0.05, blocks, 1)[0]
    assert -60 / slope == pytest.approx(0.8, rel=0.01)


def test_single_precision() -> None:
    double = model(duration=0.2).render(range(5))[0]
    single = model(duration=0.2, precision="single").render(range(5))[0]
    assert single.dtype == np.float64
    assert np.abs(single - double).max() < 1e-3
    assert np.abs(single - double).max() > 0


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_and_chunks_change_no_bit(threads: int) -> None:
    sampler = model(drum_size=(0.2, 0.5))
    sounds, labels = sampler.render(range(23))
    sampler.threads = threads
    order = np.random.default_rng(threads).permutation(23).tolist()
    for chunk in (order[:1], order[1:5], order[5:]):
        again, named = sampler.render(chunk)
        assert np.array_equal(again, sounds[chunk])
        assert named == [labels[i] for i in chunk]


def test_what_is_at_hand_changes_nothing() -> None:
    sampler, fresh = model(), model()
    sampler.reseed(6)
    sampler.updateProperties(6)
    sampler.reseed(7)
    fresh.reseed(7)
    for each in (sampler, fresh):
        each.updateProperties(7)
    assert sampler.getLabels() == fresh.getLabels()
    assert sampler.group_rng.random(3).tolist() == fresh.group_rng.random(3).tolist()


def test_five_strikes_a_drum_the_first_at_its_middle() -> None:
    sampler = model(drum_size=(0.2, 0.6))
    _, labels = sampler.render(range(20))
    for name in ("vertices", "N", "drum_size", "sample_location"):
        of = [tuple(label[name]) for label in labels]
        assert all(len(set(of[i : i + 5])) == 1 for i in range(0, 20, 5))
    assert len({tuple(label["vertices"]) for label in labels}) == 4
    strikes = [tuple(label["strike_location"]) for label in labels]
    assert strikes[::5] == [(0.0, 0.0)] * 4
    assert len(set(strikes)) == 17


def test_a_middle_that_is_not_on_the_drum() -> None:
    sampler = model("Polygon", drum_size=0.4, shape_settings={"vertices": BOOMERANG})
    _, labels = sampler.render([0])
    assert not sampler.shape.isPointInside((0.0, 0.0))
    depth = sampler.shape.depth([labels[0]["strike_location"], labels[0]["sample_location"]])
    assert (depth > 0).all()
    outline = sampler.shape.outline()
    points = np.random.default_rng(0).uniform(outline.min(0), outline.max(0), (2000, 2))
    assert depth[0] > 0.75 * sampler.shape.depth(points).max()


def test_strikes_are_uniform_over_the_area() -> None:
    sampler = model("Circle", drum_size=0.5, duration=0.001, tension=200.0)
    sampler.seed(11)
    strikes = []
    for i in range(2500):
        if i % 5:
            sampler.reseed(i)
            sampler.updateProperties(i)
            strikes.append(sampler.strike_location)
    x, y = np.array(strikes).T
    rim = math.sqrt(2) * math.sqrt(1000) / RATE / 2
    radius = 0.5 / math.sqrt(math.pi) - rim
    assert kstest((x**2 + y**2) / radius**2, "uniform").pvalue > 0.01
    assert kstest(np.arctan2(y, x) / (2 * np.pi) + 0.5, "uniform").pvalue > 0.01


def test_a_predicted_drum_can_be_played() -> None:
    sampler = model("Circle", drum_size=0.37, strike_location=(0.1, -0.05))
    _, labels = sampler.render(range(6))
    assert all(label["drum_size"] == [0.37] for label in labels)
    assert all(label["strike_location"] == [0.1, -0.05] for label in labels)
    ranged = model("Circle", strike_location=((0.05, 0.5), -0.05)).render(range(20))[1]
    x, y = np.array([label["strike_location"] for label in ranged]).T
    assert (y == -0.05).all()
    assert 0.05 < x.min() < x.max() < 0.3 / math.sqrt(math.pi)
    assert len(set(x)) == 20


def test_the_pick_up_is_where_the_formula_puts_it() -> None:
    made = model("Circle", drum_size=0.5)
    # The outline is a 256-gon, inside the circle by less than a ten thousandth.
    away = 0.58 * 0.5 / math.sqrt(math.pi)
    expected = (away * math.cos(1), away * math.sin(1))
    np.testing.assert_allclose(made.sample_location, expected, rtol=1e-4)


def test_the_pick_up_lies_before_the_first_wall() -> None:
    # A wide drum with a slot: the ray from the middle leaves it and comes in again.
    slot = [(0, 0), (4, 0), (4, 3), (0, 3), (0, 2.4), (3.5, 2.4), (3.5, 2.2), (0, 2.2)]
    made = model("Polygon", drum_size=2.0, shape_settings={"vertices": slot}, duration=0.001)
    way = np.linspace(0, 1, 200)[:, None] * made.sample_location
    assert (made.shape.depth(way) > 0).all()
    beyond = np.array(made.sample_location) / 0.58
    assert made.shape.depth([beyond])[0] == pytest.approx(0, abs=1e-9)


def test_no_strike_falls_on_the_rim() -> None:
    made = model("RegularStar", drum_size=0.4, duration=0.001)
    depths = []
    for i in range(1, 400):
        made.reseed(i)
        made.updateProperties(i)
        step = drum_grid(made.shape, math.sqrt(2) * made.wave_speed / RATE).step
        depths.append(made.shape.depth([made.strike_location])[0] / step)
    assert 0.5 <= min(depths) < 0.6


def test_the_pick_up_is_off_every_line_of_symmetry() -> None:
    for sides in range(3, 11):
        made = model("RegularPolygon", shape_settings={"N": sides}, drum_size=0.5)
        x, y = made.sample_location
        angles = np.pi / 2 + np.pi / sides * np.arange(2 * sides)
        assert np.abs(np.cos(angles) * y - np.sin(angles) * x).min() > 0.005


@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(KINDS),
    seed=st.integers(0, 2**32),
    size=st.floats(0.35, 1.0),
    decay=st.floats(0.1, 10.0) | st.just(math.inf),
    width=st.floats(0, 0.3),
    tension=st.floats(500.0, 2000.0),
)
def test_no_nan_no_growth_all_inside(kind, seed, size, decay, width, tension) -> None:
    sampler = FDTDModel(
        0.2,
        4000,
        kind,
        decay_time=decay,
        drum_size=size,
        shape_settings=needed(kind),
        strike_width=width,
        tension=tension,
    )
    sampler.seed(seed)
    sounds, labels = sampler.render(range(6))
    assert np.isfinite(sounds).all()
    np.testing.assert_allclose(np.abs(sounds).max(axis=1), 1)
    # What grows with the steps is all at the end.
    assert (np.square(sounds[:, :400]).sum(axis=1) > 0.05 * np.square(sounds).sum(axis=1)).all()
    for i, label in enumerate(labels):
        sampler.reseed(i)
        sampler.updateProperties(i)
        points = [label["strike_location"], label["sample_location"]]
        assert (sampler.shape.depth(points) > 0).all()
        assert sampler.shape.area == pytest.approx(label["drum_size"][0] ** 2)


def test_pickles_with_the_drum_it_holds() -> None:
    sampler = model()
    sampler.reseed(4)
    sampler.updateProperties(4)
    copy = pickle.loads(pickle.dumps(sampler))
    for each in (sampler, copy):
        each.generateWaveform()
    assert np.array_equal(copy.waveform, sampler.waveform)
    assert copy.getLabels() == sampler.getLabels()


def test_a_decay_stronger_than_any_partial() -> None:
    sounds, _ = model("Circle", duration=0.2, decay_time=1e-4).render(range(5))
    assert np.isfinite(sounds).all()
    np.testing.assert_allclose(np.abs(sounds).max(axis=1), 1)


def test_silence() -> None:
    assert not model(amplitude=0.0).render([0, 1])[0].any()
