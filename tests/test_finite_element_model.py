"""Drums of any shape by their modes: against the grid, and against shapes of closed form."""

import math

import numpy as np
import pytest

from kac_prediction.physics import eigenfrequencies, modes
from kac_prediction.samplers import (
    BesselModel,
    FDTDModel,
    FiniteElementModel,
    LaméModel,
    PoissonModel,
)

pytestmark = pytest.mark.slow

RATE, SIZE = 48000, 0.3
COMMON = {"duration": 1.0, "sample_rate": RATE, "drum_size": SIZE, "decay_time": math.inf}


def levels(sound: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """The amplitudes of the partials at given frequencies, fitted all at once."""
    t = np.arange(len(sound)) / RATE
    waves = np.exp(2j * np.pi * np.outer(frequencies, t))
    partials = np.vstack([waves.imag, waves.real])
    # The normal equations: partials that are told apart are nearly orthogonal.
    fitted = np.linalg.solve(partials @ partials.T, partials @ sound)
    return np.hypot(*fitted.reshape(2, -1))


def peak_near(sound: np.ndarray, frequency: float) -> float:
    """The frequency of the highest peak within 1 % of one expected."""
    bins = 8 * len(sound)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), bins))
    low, high = (int(frequency * side * bins / RATE) for side in (0.99, 1.01))
    return (low + int(np.argmax(spectrum[low:high]))) * RATE / bins


CIRCLE_RADIUS = SIZE / math.sqrt(math.pi)
TRIANGLE = (
    2
    * SIZE
    / 3**0.75
    * np.array([(np.cos(a), np.sin(a)) for a in np.pi / 2 + 2 * np.pi / 3 * np.arange(3)])
)


def polar(r: float, angle: float) -> tuple[float, float]:
    return CIRCLE_RADIUS * r * math.cos(angle), CIRCLE_RADIUS * r * math.sin(angle)


def barycentric(*point: float) -> tuple[float, float]:
    x, y = np.array(point) @ TRIANGLE
    return float(x), float(y)


@pytest.mark.parametrize(
    ("modal", "own", "strike", "pick_up", "shape", "settings", "at"),
    [
        (BesselModel, {}, (0.46, 0.5), (0.83, 0.0), "Circle", {}, polar),
        (
            PoissonModel,
            {"aspect_ratio": 2.0},
            (0.39, 0.34),
            (0.154, 0.289),
            "UnitRectangle",
            {"epsilon": 2.0},
            lambda x, y: ((x - 0.5) * SIZE * math.sqrt(2), (y - 0.5) * SIZE / math.sqrt(2)),
        ),
        (
            LaméModel,
            {},
            (0.41, 0.36, 0.23),
            (0.64, 0.225, 0.135),
            "RegularPolygon",
            {"N": 3},
            barycentric,
        ),
    ],
    ids=["circle", "rectangle", "triangle"],
)
def test_sounds_as_the_modes_of_closed_form(
    modal, own, strike, pick_up, shape, settings, at
) -> None:
    one = modal(**COMMON, **own, M=30, N=30, strike_location=strike, sample_location=pick_up)
    other = FiniteElementModel(
        **COMMON,
        modes=100,
        arbitrary_shape=shape,
        shape_settings=settings,
        strike_width=0.0,
        strike_location=at(*strike),
        sample_location=at(*pick_up),
    )
    (exact,), (sound,) = one.render([1])[0], other.render([1])[0]
    # Those of one frequency, split by the elements by less than that, count once.
    frequencies = np.unique(np.round(modes(other.shape, 30).frequencies(SIZE), 1))[:20]
    for frequency in frequencies:
        assert peak_near(sound, frequency) == pytest.approx(peak_near(exact, frequency), rel=5e-4)
    expected, found = levels(exact, frequencies), levels(sound, frequencies)
    ratio = (found / found[0]) / (expected / expected[0])
    strong = expected > expected.max() / 30
    assert strong.sum() >= 8
    assert np.abs(20 * np.log10(ratio[strong])).max() < 0.5


@pytest.mark.parametrize("shape", ["ConvexPolygon", "Ellipse", "IrregularStar"])
@pytest.mark.parametrize("seed", range(3))
def test_sounds_as_the_grid(shape: str, seed: int) -> None:
    kinds = FDTDModel, FiniteElementModel
    drums = [kind(**COMMON, arbitrary_shape=shape) for kind in kinds]
    for drum in drums:
        drum.seed(seed)
    (grid,), (elements,) = (drum.render([1])[0] for drum in drums)
    expected, measured = (
        np.array(f(drums[1].shape))
        for f in (
            lambda shape: modes(shape, 40).frequencies(SIZE),
            lambda shape: eigenfrequencies(shape, 40, SIZE, method="grid", sample_rate=RATE),
        )
    )
    np.testing.assert_allclose(measured[:10], expected[:10], rtol=3e-3)
    found, heard = levels(elements, expected), levels(grid, measured)
    audible = found[:20] > found.max() / 10
    assert audible.sum() >= 5
    # Their peaks are equal, to which the grid's thousands of partials add: one gain for all.
    assert np.ptp(20 * np.log10((heard / found)[:20][audible])) < 1.5


def test_the_same_seed_is_the_same_drum_as_on_the_grid() -> None:
    drums = [
        kind(0.05, RATE, "TravellingSalesmanPolygon", drum_size=(0.3, 0.5))
        for kind in (FDTDModel, FiniteElementModel)
    ]
    for drum in drums:
        drum.seed(5)
    grid, elements = (drum.render(range(10))[1] for drum in drums)
    for one, other in zip(grid, elements, strict=True):
        assert one.keys() == other.keys()
        for name in one.keys() - {"strike_location"}:
            assert other[name] == pytest.approx(one[name])
    same = [
        a["strike_location"] == b["strike_location"] for a, b in zip(grid, elements, strict=True)
    ]
    assert sum(same) >= 8  # the rim of half a step that is at rest is none here


def test_a_wide_strike_is_duller_and_more_modes_are_sharper() -> None:
    place = {"strike_location": (0.03, 0.05), "shape_settings": {"epsilon": 1.3}}
    rms = []
    for settings in ({}, {"strike_width": 0.1}, {"modes": 8}):
        drum = FiniteElementModel(0.2, RATE, "UnitRectangle", **place, **settings)
        (sound,) = drum.render([1])[0]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        rms.append(np.sqrt(np.mean(spectrum[160:] ** 2) / np.mean(spectrum[:160] ** 2)))
    assert rms[1] < rms[0] / 2
    assert rms[2] < rms[0] / 10


def test_it_decays_by_sixty_decibels() -> None:
    drum = FiniteElementModel(1.0, 8000, "Circle", decay_time=0.8)
    ringing = FiniteElementModel(1.0, 8000, "Circle", decay_time=math.inf)
    (sound,), (undamped,) = (each.render([0])[0] for each in (drum, ringing))
    for time in (0.2, 0.6):
        some = slice(round(time * 8000), round((time + 0.1) * 8000))
        ratio = np.sqrt(np.mean(sound[some] ** 2) / np.mean(undamped[some] ** 2))
        ratio /= np.sqrt(np.mean(sound[:800] ** 2) / np.mean(undamped[:800] ** 2))
        assert 20 * math.log10(ratio) == pytest.approx(-60 * time / 0.8, abs=1.5)


def test_edges_of_its_settings() -> None:
    # Smaller than three cells of a grid; one mode; silence; a star whose centroid lies outside.
    assert (
        np.abs(
            FiniteElementModel(0.01, RATE, "Circle", drum_size=0.004, strike_width=0).render([0])[0]
        ).max()
        == 1
    )
    assert np.abs(FiniteElementModel(0.1, RATE, "Circle", modes=1).render([3])[0]).max() == 1
    assert not FiniteElementModel(0.01, RATE, "Circle", amplitude=0.0).render([0, 1])[0].any()
    vertices = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0.9), (0.9, 0.9), (0.9, 0.1), (0, 0.1)]
    hook = FiniteElementModel(0.05, RATE, "Polygon", shape_settings={"vertices": vertices})
    (label,) = hook.render([0])[1]
    assert hook.shape.depth([label["strike_location"]])[0] > 0.05 * 0.3


@pytest.mark.parametrize(
    ("settings", "error", "named"),
    [
        ({"modes": 0}, ValueError, "modes must be at least 1, got 0"),
        ({"modes": 2.5}, TypeError, "modes must be a whole number, got 2.5"),
        (
            {"drum_size": 1e-4, "strike_width": 0},
            ValueError,
            "no partial below half the sample rate",
        ),
        ({"strike_width": 0.4}, ValueError, "strike_width must lie between 0 and"),
        ({"strike_location": (0.5, 0.5)}, ValueError, "strike_location must lie inside"),
        ({"sample_location": (0.5, 0.5)}, ValueError, "sample_location must lie inside"),
        (
            {"arbitrary_shape": "Cirle"},
            ValueError,
            "no shape is called .Cirle.: choose from Circle",
        ),
        ({"shape_settings": {"radius": 1}}, TypeError, "shape_settings do not fit Circle"),
    ],
)
def test_bad_settings_are_named(settings, error: type[Exception], named: str) -> None:
    with pytest.raises(error, match=named):
        FiniteElementModel(
            **{"duration": 0.1, "sample_rate": RATE, "arbitrary_shape": "Circle"} | settings
        )
