"""Drums of any family by finite differences on a fine grid: partials, labels, and the strike."""

import math

import numpy as np
import pytest

from kac_prediction.geometry import Ellipse, Polygon, UnitRectangle
from kac_prediction.physics import (
    circularSeries,
    equilateralTriangleSeries,
    modes,
    rectangularSeries,
)
from kac_prediction.samplers import AnyShapeModel, BankModel, ModeBank

RATE, SPEED = 8000, 100.0


def made(duration: float = 0.05, seed: int = 1, **settings: object) -> AnyShapeModel:
    drum = AnyShapeModel(duration, RATE, **settings)
    drum.seed(seed)
    return drum


def lowest(family: str, ratio: float) -> np.ndarray:
    """sqrt(lambda) / pi of the lowest six modes at unit area, of closed form."""
    series = {
        "circle": lambda: circularSeries(8, 8),
        "rectangle": lambda: rectangularSeries(8, 8, ratio),
        "triangle": lambda: equilateralTriangleSeries(8, 8),
    }[family]()
    return np.unique(np.round(series, 9))[:6]


@pytest.mark.parametrize("family", ["circle", "rectangle", "triangle"])
def test_partials_are_those_of_closed_form(family: str) -> None:
    size = 0.7
    drum = made(0.6, family=family, drum_size=size, decay_time=100.0, precision="single")
    sounds, labels = drum.render(range(5))
    expected = lowest(family, labels[0]["aspect_ratio"][0]) * SPEED / (2 * size)
    bins = 2**18
    window = np.hanning(drum.length)
    power = (np.abs(np.fft.rfft(sounds * window, bins)) ** 2).sum(axis=0)
    apart = 2.5 / 0.6  # Hz: neighbours that are closer are not told apart
    told = [f for f in expected if np.sort(np.abs(expected - f))[1] > 2 * apart]
    assert len(told) >= 3
    for frequency in told:
        near = np.arange(
            *np.round(np.array([-1, 1]) * apart * bins / RATE + frequency * bins / RATE)
        )
        peak = near[np.argmax(power[near.astype(int)])] * RATE / bins
        assert peak == pytest.approx(frequency, rel=1e-3)


def test_the_strike_is_at_the_first_sample() -> None:
    """Against the sum of the partials that finite elements find, of which each begins as a sine."""
    drum = made(0.03, family="polygon", drum_size=0.5, strike_width=0.1)
    (sound,), _ = drum.render([3])
    found = modes(drum.shape, 200)
    weights = found([drum.strike_location], 0.1)[0] * found([drum.sample_location])[0]
    omega = 2 * math.pi * found.frequencies(0.5)
    t = np.arange(-8, drum.length + 8)[:, None] / RATE
    partials = np.exp(-drum.sigma * t) * np.sin(omega * t) / omega
    other = np.where(t >= 0, partials, 0) @ weights
    first = 120  # samples, before the two are out of phase
    fits = [
        np.corrcoef(sound[:first], other[8 + lag : 8 + lag + first])[0, 1] for lag in range(-3, 4)
    ]
    assert np.argmax(fits) == 3
    assert fits[3] > 0.99


@pytest.mark.parametrize("sizes", [0.35, (0.2, 0.9)])
def test_the_beginning_of_a_sound_is_not_changed_by_its_end(sizes: object) -> None:
    long, short = (made(duration, drum_size=sizes) for duration in (0.06, 0.02))
    (a, one), (b, other) = long.render([0, 5]), short.render([0, 5])
    assert one == other
    for whole, cut in zip(a, b, strict=True):
        start = whole[: len(cut)]
        np.testing.assert_allclose(start / np.abs(start).max(), cut, atol=1e-9)


def test_what_lies_above_half_the_sample_rate_is_not_heard() -> None:
    """Of a drum of which every partial is resolved: no peak but at partials of its own."""
    size = 0.1
    drum = made(0.4, family="rectangle", drum_size=size, decay_time=100.0, precision="single")
    sounds, labels = drum.render(range(5))
    power = (np.abs(np.fft.rfft(sounds * np.blackman(drum.length), axis=1)) ** 2).sum(axis=0)
    series = rectangularSeries(40, 40, labels[0]["aspect_ratio"][0]).ravel()
    frequencies = np.fft.rfftfreq(drum.length, 1 / RATE)
    distance = np.abs(frequencies[:, None] - series * SPEED / (2 * size)).min(axis=1)
    strange = (distance > 0.01 * frequencies + 12) & (frequencies > 100)
    assert strange.sum() > 100
    assert power[strange].max() < 1e-5 * power.max()


def test_each_family_is_as_likely_and_labelled_as_a_bank_labels_it() -> None:
    drum = made(drum_size=(0.3, 1.0), decay_time=(0.3, 6.0), strike_width=(0.002, 0.03))
    angles = 2 * np.pi * np.arange(64) / 64
    families, decay_times, widths = [], [], []
    for i in range(0, 300, 5):
        drum.reseed(i)
        drum.updateProperties(i)
        y, shape = drum.getLabels(), drum.shape
        name = ModeBank.families[int(y["family"][0])]
        families.append(name)
        decay_times.append(y["decay_time"][0])
        widths.append(drum.strike_width)
        size, ratio = y["drum_size"][0], y["aspect_ratio"][0]
        assert shape.area == pytest.approx(size**2)
        rim = (
            size * np.exp(y["outline"])[:, None] * np.column_stack([np.cos(angles), np.sin(angles)])
        )
        np.testing.assert_allclose(shape.depth(rim), 0, atol=1e-9)
        assert isinstance(shape, Polygon) == (name not in {"circle", "ellipse"})
        if name in {"circle", "triangle"}:
            assert ratio == pytest.approx(1)
        elif name == "star":
            assert shape.solidity <= 0.9
        elif name == "polygon":
            assert shape.convex
        elif name == "rectangle":
            assert isinstance(shape, UnitRectangle)
            sides = np.hypot(*np.diff(shape.vertices[:3], axis=0).T)
            assert ratio == pytest.approx(sides.max() / sides.min())
        else:
            assert isinstance(shape, Ellipse)
            assert ratio == pytest.approx(shape.major / shape.minor)
        assert shape.isPointInside(y["strike_location"])
        assert shape.isPointInside(y["sample_location"])
    assert all(3 <= families.count(name) <= 20 for name in ModeBank.families)
    assert 0.3 <= min(decay_times) < 0.6 < 3 < max(decay_times) < 6
    assert 0.5 < np.exp(np.mean(np.log(decay_times))) < 2.7
    assert 0.002 <= min(widths) < 0.01 < 0.02 < max(widths) < 0.03


def test_its_labels_are_those_of_a_bank(tmp_path: object) -> None:
    bank = BankModel(0.01, RATE, ModeBank.make(f"{tmp_path}/b", 1, modes=5, workers=1).path)
    labels, other = made().getLabels(), bank.getLabels()
    assert labels.keys() == other.keys()
    assert {name: len(each) for name, each in labels.items()} == {
        name: len(each) for name, each in other.items()
    }


def test_strikes_on_a_drum_differ_in_place_alone() -> None:
    drum = made(0.01, decay_time=(0.3, 6.0), drum_size=(0.5, 1.0))
    _, labels = drum.render(range(10))
    for name in ("drum_size", "outline", "decay_time", "sample_location"):
        values = [y[name] for y in labels]
        assert all(value == values[0] for value in values[:5])
        assert all(value == values[5] for value in values[5:])
        assert name == "outline" or values[0] != values[5]
    assert len({tuple(y["strike_location"]) for y in labels}) == 10


def test_decay() -> None:
    drum = made(0.4, family="circle", drum_size=0.8, decay_time=0.5, precision="single")
    (sound,), _ = drum.render([1])
    early, late = (np.sum(sound[start : start + 800] ** 2) for start in (400, 2400))
    assert 10 * math.log10(late / early) == pytest.approx(-60 * 0.25 / 0.5, abs=3)


@pytest.mark.parametrize(
    ("wrong", "error", "named"),
    [
        ({"family": "pentagon"}, ValueError, "family"),
        ({"decay_time": (0.0, 1.0)}, ValueError, "decay_time"),
        ({"decay_time": math.inf}, ValueError, "decay_time must be a finite number or a pair"),
        ({"strike_width": (0.01, 0.2)}, ValueError, "between 0 and the smallest drum_size, 0.1 m"),
        ({"strike_width": -0.1}, ValueError, "strike_width must lie between 0"),
        ({"drum_size": 0.01}, ValueError, "has no partial below half the sample rate"),
    ],
)
def test_what_it_refuses(wrong: dict[str, object], error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        AnyShapeModel(0.1, RATE, **wrong)
