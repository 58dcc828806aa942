"""What all modal drums have in common, whatever their shape."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kac_prediction.physics import (
    WaveEquationWaveform2D,
    circularAmplitudes,
    circularSeries,
    equilateralTriangleAmplitudes,
    equilateralTriangleSeries,
    rectangularAmplitudes,
    rectangularSeries,
)
from kac_prediction.samplers import BesselModel, LaméModel, PoissonModel

DRUMS = [BesselModel, PoissonModel, LaméModel]
LOWEST = {BesselModel: 0.678389, PoissonModel: 0.707107, LaméModel: 0.759836}
RATE = 8000

drums = pytest.mark.parametrize("Sampler", DRUMS)


def square(Sampler, *arguments, **changes):
    """A sampler whose rectangles are squares."""
    if Sampler is PoissonModel:
        changes = {"aspect_ratio": 1.0} | changes
    return Sampler(*arguments, **changes)


def partials(model) -> tuple[np.ndarray, np.ndarray]:
    """The series and the weights of the current strike, from physics."""
    N, M = model.N, model.M
    if isinstance(model, BesselModel):
        series = circularSeries(M, N)
        there, here = (
            circularAmplitudes(*point, series)
            for point in (model.strike_location, model.sample_location)
        )
        return series, (there * here).sum(axis=0)
    if isinstance(model, PoissonModel):
        there, here = (
            rectangularAmplitudes(point, N, M, model.aspect_ratio)
            for point in (model.strike_location, model.sample_location)
        )
        return rectangularSeries(N, M, model.aspect_ratio), there * here
    there, here = (
        equilateralTriangleAmplitudes(*point, N, M)
        for point in (model.strike_location, model.sample_location)
    )
    n, m = np.arange(1, N + 1)[:, None], np.arange(1, M + 1)
    once = (m <= n) | (m > N)
    return equilateralTriangleSeries(N, M), (there * here).sum(axis=0) * once


def peak_frequency(sound: np.ndarray, rate: int) -> float:
    """Where the lowest peak of a spectrum lies, by a parabola through its logarithm."""
    spectrum = np.log(np.abs(np.fft.rfft(sound * np.hanning(len(sound)))) + 1e-30)
    inner = spectrum[1:-1]
    peaks = (inner > spectrum[:-2]) & (inner > spectrum[2:]) & (inner > inner.max() - 4)
    i = np.flatnonzero(peaks)[0] + 1
    a, b, c = spectrum[i - 1 : i + 2]
    return (i + 0.5 * (a - c) / (a - 2 * b + c)) * rate / len(sound)


@drums
def test_the_fundamental_is_heard_where_it_belongs(Sampler) -> None:
    model = square(Sampler, 4.0, RATE, decay_time=math.inf, drum_size=0.25)
    found = peak_frequency(model.render([0])[0][0], RATE) * 0.25 / 100
    assert found == pytest.approx(LOWEST[Sampler], abs=2e-5)


def test_rounder_drums_sound_lower() -> None:
    fundamentals = [
        peak_frequency(square(Sampler, 4.0, RATE, drum_size=0.25).render([0])[0][0], RATE)
        for Sampler in DRUMS
    ]
    assert fundamentals == sorted(fundamentals)


@drums
def test_decay_time_is_t60(Sampler) -> None:
    model = square(Sampler, 0.5, 48000, decay_time=0.5, drum_size=0.3)
    model.seed(3)
    sounds, _ = model.render(range(1, 5))
    # Schroeder's backward integral of the whole sound, all partials together.
    for sound in sounds:
        left = 10 * np.log10(np.cumsum(sound[::-1] ** 2)[::-1])
        fitted = (left < left[0] - 5) & (left > left[0] - 40)
        slope = np.polyfit(np.flatnonzero(fitted) / 48000, left[fitted], 1)[0]
        assert -60 / slope == pytest.approx(0.5, rel=0.01)


@drums
def test_partials_from_half_the_sample_rate_are_dropped(Sampler) -> None:
    low, high = (square(Sampler, 0.25, rate, drum_size=0.1) for rate in (4000, 48000))
    for model in (low, high):
        model.seed(1)
        model.render([1])
    series, weights = partials(low)
    frequencies = series * 1000 / 2
    assert frequencies.min() < 2000 < frequencies.max() < 24000
    for model, cut in ((low, 2000), (high, 24000)):
        kept = np.where(frequencies < cut, weights, 0)
        rate = model.sample_rate
        expected = WaveEquationWaveform2D(frequencies, kept, model.sigma, 1 / rate, model.length)
        expected /= np.abs(expected).max()
        model.generateWaveform()
        np.testing.assert_allclose(model.waveform, expected, atol=1e-11)


@drums
@pytest.mark.parametrize("table", [(3, 6), (6, 3)])
def test_a_strike_of_a_width_is_the_mean_of_strikes_under_a_raised_cosine(Sampler, table) -> None:
    settings = {"M": table[0], "N": table[1], "drum_size": 0.5, "decay_time": 1.0}
    point = square(Sampler, 0.05, RATE, **settings)
    wide = square(Sampler, 0.05, RATE, strike_width=0.1, **settings)
    wide.updateProperties(0)  # its middle
    wide.strike_location = moved(wide, 0.05 + 0.02j)
    nodes, weights = np.polynomial.legendre.leggauss(8)
    total, expected = 0.0, 0.0
    for r, weight in zip((1 + nodes) / 2, weights, strict=True):
        for angle in 2 * np.pi * np.arange(16) / 16:
            point.strike_location = moved(wide, 0.05 * r * np.exp(1j * angle))
            series, here = partials(point)
            share = weight * r * (1 + math.cos(math.pi * r))
            total, expected = total + share, expected + share * here
    expected = WaveEquationWaveform2D(
        series * 100, expected / total, wide.sigma, 1 / RATE, wide.length
    )
    wide.generateWaveform()
    np.testing.assert_allclose(wide.waveform, expected / np.abs(expected).max(), atol=1e-5)


def moved(model, way: complex) -> tuple[float, ...]:
    """Where the strike of a drum falls, moved so many metres."""
    size, at = model.drum_size, model.strike_location
    if isinstance(model, BesselModel):
        place = at[0] * np.exp(1j * at[1]) + way * math.sqrt(math.pi) / size
        return abs(place), float(np.angle(place))
    if isinstance(model, PoissonModel):
        return at[0] + way.real / size, at[1] + way.imag / size
    height = 3**0.25 * size  # of the triangle of area size^2
    return tuple(x + (way * np.exp(2j * np.pi * k / 3)).real / height for k, x in enumerate(at))


@drums
def test_twice_the_speed_on_twice_the_size_is_the_same_sound(Sampler) -> None:
    slow = square(Sampler, 0.1, RATE, drum_size=0.2)
    fast = square(Sampler, 0.1, RATE, drum_size=0.4, tension=400.0, material_density=0.01)
    for model in (slow, fast):
        model.seed(2)
    np.testing.assert_allclose(slow.render([1])[0], fast.render([1])[0], atol=1e-9)


@drums
def test_strike_and_pick_up_may_be_exchanged(Sampler) -> None:
    first = square(Sampler, 0.2, RATE, drum_size=0.5)
    first.updateProperties(None)
    first.generateWaveform()
    second = square(
        Sampler,
        0.2,
        RATE,
        drum_size=0.5,
        strike_location=first.sample_location,
        sample_location=first.strike_location,
    )
    second.generateWaveform()
    np.testing.assert_allclose(first.waveform, second.waveform, atol=1e-11)


@drums
def test_decay_stronger_than_any_partial(Sampler) -> None:
    model = square(Sampler, 0.1, RATE, decay_time=1e-3, drum_size=1.0)
    sounds, _ = model.render(range(5))
    assert np.isfinite(sounds).all()
    assert np.abs(sounds).max(axis=1) == pytest.approx(1.0)


@drums
def test_an_amplitude_of_zero_is_silent(Sampler) -> None:
    assert not Sampler(0.01, RATE, amplitude=0.0).render([0, 1])[0].any()


@drums
def test_single_precision_is_close_and_handed_out_in_double(Sampler) -> None:
    single, double = (Sampler(0.5, RATE, precision=kind) for kind in ("single", "double"))
    for model in (single, double):
        model.seed(8)
    sounds, labels = single.render(range(6))
    expected, names = double.render(range(6))
    assert sounds.dtype == np.float64
    assert labels == names
    assert 0 < np.abs(sounds - expected).max() < 2e-6
    single.reseed(5)
    single.updateProperties(5)
    single.generateWaveform()
    assert single.waveform.dtype == np.float64
    assert np.array_equal(single.waveform, sounds[5])


@drums
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"amplitude": -1.0}, "amplitude.*-1"),
        ({"amplitude": math.nan}, "amplitude.*nan"),
        ({"decay_time": 0.0}, "decay_time.*0"),
        ({"decay_time": math.nan}, "decay_time.*nan"),
        ({"material_density": 0.0}, "material_density.*0"),
        ({"tension": 0.0}, "tension.*0"),
        ({"tension": -2.0}, "tension.*-2"),
        ({"tension": math.inf}, "tension.*inf"),
        ({"drum_size": -0.1}, "drum_size.*-0.1"),
        ({"drum_size": (0.5, 0.1)}, "drum_size.*low <= high"),
        ({"drum_size": 0.001}, "no partial below half the sample rate"),
        # The lowest lies between half the sample rate and all of it.
        ({"drum_size": 0.0141}, "no partial below half the sample rate"),
        ({"sample_rate": 0}, "sample_rate.*0"),
        ({"amplitude": 1e39, "precision": "single"}, "amplitude.*single.*1e\\+39"),
        ({"decay_time": 1e-320}, "decay_time.*1e-320"),
        ({"tension": 1e-300, "material_density": 1e300}, "tension / material_density"),
        ({"strike_location": 3.0}, "strike_location must be.*got 3"),
        ({"precision": "half"}, "precision.*half"),
        ({"M": 0}, "M.*0"),
        ({"N": -2}, "N.*-2"),
    ],
)
def test_impossible_settings_are_named(Sampler, changes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        Sampler(**({"duration": 0.1, "sample_rate": RATE} | changes))


@drums
def test_half_a_mode_is_no_mode(Sampler) -> None:
    for name in ("M", "N"):
        with pytest.raises(TypeError):
            Sampler(0.1, RATE, **{name: 2.5})


def range_of(low: float, high: float):
    """A number, or a pair of them in order."""
    number = st.floats(low, high)
    return st.one_of(number, st.tuples(number, number).map(lambda pair: tuple(sorted(pair))))


def require_inside(model, point: list[float]) -> None:
    """Labels describe a point of the drum."""
    if isinstance(model, BesselModel):
        assert 0 <= point[0] <= 1
        assert math.isfinite(point[1])
    else:
        assert all(0 <= x <= 1 for x in point)
        assert isinstance(model, PoissonModel) or sum(point) == pytest.approx(1, abs=1e-12)


@drums
@settings(derandomize=True, deadline=None, max_examples=40)
@given(
    orders=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    amplitude=st.floats(0, 10),
    decay_time=st.one_of(st.floats(1e-3, 1e3), st.just(math.inf)),
    # The smallest, tightest and lightest still has its lowest partial below half the sample rate.
    material_density=st.floats(0.05, 10),
    tension=st.floats(1, 1e4),
    drum_size=range_of(0.05, 3.0),
    index=st.integers(0, 1000),
)
def test_any_possible_drum(Sampler, orders, index, **given_settings) -> None:
    model = Sampler(0.05, 48000, M=orders[0], N=orders[1], **given_settings)
    model.seed(1)
    sounds, labels = model.render([index])
    sound, label = sounds[0], labels[0]
    assert np.isfinite(sound).all()
    assert np.abs(sound).max() == pytest.approx(model.amplitude, rel=1e-12)
    sizes = given_settings["drum_size"]
    assert np.min(sizes) <= label["drum_size"][0] <= np.max(sizes)
    require_inside(model, label["strike_location"])
    require_inside(model, label["sample_location"])
    assert_it_only_decays(model, sound)


def assert_it_only_decays(model, sound: np.ndarray) -> None:
    """No sample is beyond what its partials' energies, which only fall, allow."""
    series, weights = partials(model)
    frequencies = series * model.wave_speed / (2 * model.drum_size)
    squared = (2 * math.pi * frequencies) ** 2 - model.sigma**2
    sounding = frequencies < model.sample_rate / 2
    if (squared[sounding] <= 0).any():
        return
    raw = WaveEquationWaveform2D(
        frequencies, weights, model.sigma, 1 / model.sample_rate, model.length
    )
    bound = np.abs(weights[sounding] / np.sqrt(squared[sounding])).sum()
    time = np.arange(model.length) / model.sample_rate
    envelope = bound * np.exp(-model.sigma * time) * (1 + 1e-9)
    scale = model.amplitude / np.abs(raw).max()
    assert (np.abs(sound) <= envelope * scale).all()
