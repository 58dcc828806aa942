"""The classical estimator, on exact partials and on the drums of the samplers."""

import numpy as np
import pytest

from kac_prediction.geometry import ConvexPolygon
from kac_prediction.listening.classical import estimate, identify
from kac_prediction.physics import circularSeries, eigenfrequencies, rectangularSeries
from kac_prediction.samplers import FAMILIES, BesselModel, MixedModel, PoissonModel
from reference import of_size, tones

pytestmark = pytest.mark.slow

RATE = 48000


def struck(Sampler, count: int, samples: int, **settings):
    sampler = Sampler(duration=samples / RATE, sample_rate=RATE, **settings)
    sampler.seed(11)
    sounds, labels = sampler.render(range(count))
    return sounds, {
        name: np.array([label[name][0] for label in labels])
        for name in ("drum_size", "aspect_ratio", "family")
        if name in labels[0]
    }


def relative_error(found, true) -> np.ndarray:
    return np.abs(np.asarray(found) / true - 1)


def test_exact_partials_of_circles_give_their_sizes() -> None:
    sizes = [0.11, 0.3, 0.62, 0.97]
    sounds = np.concatenate([tones(of_size(circularSeries(10, 10), size)) for size in sizes])
    assert estimate("circle", sounds, RATE)["drum_size"] == pytest.approx(sizes, rel=1e-4)


def test_sizes_of_circles() -> None:
    sounds, true = struck(BesselModel, 60, 24000)
    assert relative_error(
        estimate("circle", sounds, RATE)["drum_size"], true["drum_size"]
    ).max() < (1e-3)
    noisy = sounds + np.random.default_rng(1).normal(0, 0.3, sounds.shape) * sounds.std()
    found = estimate("circle", noisy, RATE)["drum_size"]
    assert np.median(relative_error(found, true["drum_size"])) < 1e-3
    # A network's input is 21 ms.
    error = relative_error(
        estimate("circle", sounds[:, :1024], RATE)["drum_size"], true["drum_size"]
    )
    assert np.median(error) < 0.02
    assert error.mean() < 0.08


def test_exact_partials_of_rectangles_give_their_sides() -> None:
    sizes, aspects = np.array([(0.15, 1.0), (0.4, 1.7), (0.7, 2.9), (0.9, 3.9)]).T
    sounds = [
        tones(of_size(rectangularSeries(10, 10, aspect), size))
        for size, aspect in zip(sizes, aspects, strict=True)
    ]
    found = estimate("rectangle", np.concatenate(sounds), RATE)
    assert found["drum_size"] == pytest.approx(sizes, rel=5e-4)
    assert found["aspect_ratio"] == pytest.approx(aspects, rel=3e-3)


def test_dimensions_of_rectangles() -> None:
    sounds, true = struck(PoissonModel, 40, 24000)
    found = estimate("rectangle", sounds, RATE)
    for label, tolerance in (("drum_size", 1e-3), ("aspect_ratio", 5e-3)):
        assert np.quantile(relative_error(found[label], true[label]), 0.9) < tolerance
    short = estimate("rectangle", sounds[:, :1024], RATE)
    assert np.median(relative_error(short["drum_size"], true["drum_size"])) < 0.1


@pytest.mark.parametrize(
    ("Sampler", "family"), [(BesselModel, "circle"), (PoissonModel, "rectangle")]
)
def test_a_strike_in_the_middle_is_no_other_drum(Sampler, family: str) -> None:
    """There only symmetric modes sound: of a circle, every 1.77, as if it were a smaller one."""
    sounds, true = struck(Sampler, 60, 24000, drum_size=(0.2, 0.6))
    middle = slice(None, None, 5)
    found = estimate(family, sounds[middle], RATE)["drum_size"]
    error = relative_error(found, true["drum_size"][middle])
    assert np.median(error) < 1e-3


def test_modal_drums_are_told_apart() -> None:
    circles, true = struck(BesselModel, 20, 12000)
    rectangles, _ = struck(PoissonModel, 20, 12000, aspect_ratio=(1.3, 4.0))
    families, labels = identify(np.concatenate([circles, rectangles]), RATE)
    assert (families[:20] == "circle").mean() > 0.9
    assert (families[20:] == "rectangle").mean() > 0.9
    known = families[:20] == "circle"
    assert relative_error(labels["drum_size"][:20], true["drum_size"])[known].max() < 0.01
    assert (labels["aspect_ratio"][families == "circle"] == 1).all()


def test_simulated_drums_are_told_apart() -> None:
    """All their modes sound: that modal drums have no more than 100 is of no use here."""
    sounds, true = struck(MixedModel, 60, 4800, drum_size=(0.15, 0.4), precision="single")
    families, labels = identify(sounds, RATE)
    right = families == np.array(FAMILIES)[true["family"].astype(int)]
    assert right.mean() > 0.7
    assert np.median(relative_error(labels["drum_size"], true["drum_size"])) < 0.02


def test_polygons_are_estimated_by_the_number_of_their_partials() -> None:
    rng = np.random.default_rng(2)
    sizes = np.array([0.15, 0.4, 0.9])
    sounds = [tones(eigenfrequencies(ConvexPolygon(rng=rng), 30, size)) for size in sizes]
    found = estimate("polygon", np.concatenate(sounds), RATE)
    assert relative_error(found["drum_size"], sizes).max() < 0.1


def test_lowest_partials_may_be_missing() -> None:
    """A drum of another size has partials at most of the places, and is still not chosen."""
    frequencies = of_size(circularSeries(10, 10), 0.4)
    sounds = []
    for silent in ([0], [1, 2], [0, 3]):
        weights = 1 / frequencies
        weights[silent] = 0
        sounds.append(tones(frequencies, weights))
    found = estimate("circle", np.concatenate(sounds), RATE)["drum_size"]
    assert found == pytest.approx([0.4] * 3, rel=1e-3)


@pytest.mark.parametrize(
    ("family", "Sampler"),
    [("circle", BesselModel), ("rectangle", PoissonModel), ("polygon", BesselModel)],
)
def test_played_twice_as_fast_a_drum_is_half_as_large(family: str, Sampler) -> None:
    sounds, _ = struck(Sampler, 10, 24000, drum_size=(0.3, 0.5))
    slow = estimate(family, sounds, RATE, sizes=(0.28, 0.54))["drum_size"]
    # The same in all but its units.
    twice = estimate(family, sounds, 2 * RATE, 200.0, sizes=(0.28, 0.54))["drum_size"]
    np.testing.assert_allclose(twice, slow, rtol=1e-12)
    # The band ends at another frequency of the drum's.
    fast = estimate(family, sounds, 2 * RATE, sizes=(0.14, 0.27))["drum_size"]
    assert np.median(fast / slow) == pytest.approx(0.5, rel=2e-3)
    if family == "circle":
        np.testing.assert_allclose(fast, slow / 2, rtol=1e-3)


def test_loudness_and_type_do_not_matter() -> None:
    sounds, _ = struck(BesselModel, 5, 1024)
    found = estimate("circle", sounds, RATE)["drum_size"]
    np.testing.assert_allclose(
        estimate("circle", 1e-3 * sounds, RATE)["drum_size"], found, rtol=1e-5
    )
    single = estimate("circle", sounds.astype(np.float32), RATE)["drum_size"]
    np.testing.assert_allclose(single, found, rtol=1e-4)


def test_a_sound_gives_the_same_alone_and_in_a_batch() -> None:
    sounds, _ = struck(PoissonModel, 70, 2048, drum_size=(0.3, 0.5))
    parts = [sounds, sounds[3:4], sounds[66:67]]
    found = [estimate("rectangle", part, RATE, sizes=(0.25, 0.6))["drum_size"] for part in parts]
    together, alone = found[0], np.concatenate(found[1:])
    np.testing.assert_allclose(together[[3, 66]], alone, rtol=1e-4)


@pytest.mark.parametrize(
    ("sounds", "settings", "message"),
    [
        (np.ones(1024), {}, r"shape \(n, samples\), got \(1024,\)"),
        (np.ones((0, 1024)), {}, r"got \(0, 1024\)"),
        (np.ones((1, 60)), {}, "at least 77 samples, got 60"),
        (np.stack([np.arange(1024), np.zeros(1024)]), {}, "waveform 1 is silent"),
        (np.stack([np.arange(1024), np.full(1024, np.nan)]), {}, "sample 0 of waveform 1 is not a"),
        (np.ones((1, 1024)), {"sample_rate": 0.0}, "sample_rate"),
        (np.ones((1, 1024)), {"wave_speed": -1.0}, "wave_speed"),
        (np.ones((1, 1024)), {"sizes": (1.0, 0.1)}, r"smallest and the largest, got \[1.0, 0.1\]"),
        (np.ones((1, 1024)), {"sizes": (0.1,)}, "smallest and the largest"),
        (np.ones((1, 1024)), {"sizes": (0.0, 1.0)}, "sizes"),
    ],
)
def test_sounds_that_cannot_be_analysed_are_named(sounds, settings, message: str) -> None:
    settings = {"sample_rate": RATE, **settings}
    with pytest.raises(ValueError, match=message):
        estimate("circle", sounds, **settings)
    with pytest.raises(ValueError, match=message):
        identify(sounds, **settings)


def test_few_sizes_are_enough_to_choose_from() -> None:
    sounds, _ = struck(BesselModel, 2, 24000, drum_size=0.3)
    for family in FAMILIES:
        found = estimate(family, 1e-200 * sounds, RATE, sizes=(0.299, 0.301))["drum_size"]
        assert found == pytest.approx([0.3, 0.3], rel=0.004)


def test_unknown_families_are_named() -> None:
    with pytest.raises(ValueError, match=r"family must be .* got 'star'"):
        estimate("star", tones([100.0], seconds=0.1), RATE)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_lower_sample_rates_are_estimated_as_well(rate: int) -> None:
    drum = BesselModel(duration=1.0, sample_rate=rate, M=60, N=30)
    drum.seed(11)
    sounds, labels = drum.render(range(1, 40, 5))
    sizes = np.array([label["drum_size"][0] for label in labels])
    assert relative_error(estimate("circle", sounds, rate)["drum_size"], sizes).max() < 0.002
