"""Every sampler that is exported is found and held to what all of them promise."""

import doctest
import inspect
import math
import pickle
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from kac_prediction import samplers
from kac_prediction.dataset import AudioSampler
from kac_prediction.samplers import (
    AnyShapeModel,
    BesselModel,
    FDTDModel,
    FiniteElementModel,
    LaméModel,
    MixedModel,
    ModeBank,
    PoissonModel,
    TestTone,
)
from kac_prediction.samplers.drum import Drum

SAMPLERS = [
    member
    for member in (getattr(samplers, name) for name in samplers.__all__)
    if inspect.isclass(member) and issubclass(member, AudioSampler)
]
RATE, DURATION, COUNT = 8000, 0.05, 13
# What a sampler must be told beside duration and sample rate.
EXTRA = {
    name: {"arbitrary_shape": "ConvexPolygon", "drum_size": 0.35}
    for name in ("FDTDModel", "FiniteElementModel")
}


@pytest.fixture(scope="module", autouse=True)
def a_bank(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("bank") / "drums.bank"
    EXTRA["BankModel"] = {"bank": ModeBank.make(path, 6, modes=30, points=4, workers=1).path}


def make(sampler: type[AudioSampler]) -> AudioSampler:
    return sampler(DURATION, RATE, **EXTRA.get(sampler.__name__, {}))


@pytest.fixture(params=SAMPLERS, ids=lambda sampler: sampler.__name__)
def sampler(request: pytest.FixtureRequest) -> AudioSampler:
    made = make(request.param)
    made.seed(42)
    return made


@pytest.mark.parametrize("kind", [each for each in SAMPLERS if issubclass(each, Drum)])
def test_a_strike_is_the_sound_of_these_properties_and_changes_nothing(kind: type[Drum]) -> None:
    drum, other, short = (
        kind(duration, RATE, **EXTRA.get(kind.__name__, {}), **changes)
        for duration, changes in (
            (DURATION, {}),
            (DURATION, {"decay_time": 0.4}),
            (DURATION / 2, {}),
        )
    )
    for each in (drum, other, short):
        each.seed(3)
        each.reseed(6)
        each.updateProperties(6)
    at = drum.strike_location  # another strike on the same drum
    for each in (drum, other, short):
        each.reseed(7)
        each.updateProperties(7)
    labels = drum.getLabels()
    size = 1.1 * drum.drum_size
    for strike in (
        {},
        {"at": at},
        {"size": size},
        {"decay": 0.4},
        {"size": size, "decay": 0.4},
        {"duration": DURATION / 2},
    ):
        made = deepcopy(other if "decay" in strike else short if "duration" in strike else drum)
        made.drum_size = strike.get("size", made.drum_size)
        made.strike_location = strike.get("at", made.strike_location)
        made.generateWaveform()
        np.testing.assert_array_equal(drum.strike(**strike), made.waveform)
    assert drum.getLabels() == labels
    assert not drum.waveform.any()
    for wrong in (
        {"size": -1.0},
        {"at": (9.0, 9.0, 9.0)},
        {"decay": 0.0},
        {"decay": 1e-320},
        {"duration": 1e-9},
    ):
        with pytest.raises(ValueError, match=r"drum_size|strike_location|decay_time|duration"):
            drum.strike(**wrong)


def test_samplers_were_found() -> None:
    assert {
        "AnyShapeModel",
        "BankModel",
        "BesselModel",
        "FDTDModel",
        "FiniteElementModel",
        "LaméModel",
        "LinearModel",
        "MixedModel",
        "OtherSounds",
        "PoissonModel",
        "TestSweep",
        "TestTone",
    } <= {member.__name__ for member in SAMPLERS}


def test_sounds_and_labels(sampler: AudioSampler) -> None:
    sounds, labels = sampler.render(range(COUNT))
    assert sounds.shape == (COUNT, round(DURATION * RATE))
    assert sounds.dtype == np.float64
    assert np.isfinite(sounds).all()
    assert np.abs(sounds).max() <= 1
    assert np.abs(sounds).max(axis=1).min() > 0
    assert len(labels) == COUNT
    for label in labels:
        assert label.keys() == labels[0].keys()
        for numbers in label.values():
            assert isinstance(numbers, list)
            assert all(type(number) in (float, int) for number in numbers)
    sampler.updateProperties()  # of no dataset
    sampler.generateWaveform()
    assert np.isfinite(sampler.waveform).all()


def test_render_is_the_three_verbs(sampler: AudioSampler) -> None:
    sounds, labels = sampler.render(range(COUNT))
    for i in range(COUNT):
        sampler.reseed(i)
        sampler.updateProperties(i)
        sampler.generateWaveform()
        assert np.array_equal(sampler.waveform, sounds[i])
        assert sampler.getLabels() == labels[i]


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_threads_order_and_chunks_change_no_bit(sampler: AudioSampler, threads: int) -> None:
    sounds, labels = sampler.render(range(COUNT))
    sampler.threads = threads
    order = np.random.default_rng(threads).permutation(COUNT).tolist()
    for chunk in (order[:1], order[1:4], order[4:]):
        again, named = sampler.render(iter(chunk))
        assert np.array_equal(again, sounds[chunk])
        assert named == [labels[i] for i in chunk]


def test_nothing_to_render(sampler: AudioSampler) -> None:
    sounds, labels = sampler.render([])
    assert sounds.shape == (0, sampler.length)
    assert labels == []


def test_the_seed_decides(sampler: AudioSampler) -> None:
    sounds, labels = sampler.render(range(COUNT))
    twin = make(type(sampler))
    twin.seed(42)
    again, named = twin.render(range(COUNT))
    assert np.array_equal(again, sounds)
    assert named == labels
    twin.seed(43)
    if labels[0]:  # else all sounds are alike
        others = twin.render(range(1, 5))[0]
        assert all((a != b).any() for a, b in zip(others, sounds[1:5], strict=True))


# Whoever changes what is drawn, or in which order, makes other datasets of the same seed: a new
# major version.
DRAWN = {
    "BesselModel": {
        "drum_size": [0.2280911678787],
        "strike_location": [0.9227362373561, 5.181134216395],
    },
    "FDTDModel": {
        "drum_size": [0.2426970559596],
        "sample_location": [0.0429071284101, 0.0668238932287],
        "strike_location": [-0.0201218891168, -0.1058818459754],
    },
    "LaméModel": {
        "drum_size": [0.2280911678787],
        "strike_location": [0.0167229575099, 0.1604196974712, 0.8228573450189],
    },
    "PoissonModel": {
        "aspect_ratio": [2.087838293025],
        "drum_size": [0.2280911678787],
        "strike_location": [0.8514421637300, 0.8246031213618],
    },
}


@pytest.mark.parametrize("name", DRAWN)
def test_what_a_seed_draws_stays(name: str) -> None:
    extra = {"arbitrary_shape": "Circle", "drum_size": (0.2, 0.5)} if name == "FDTDModel" else {}
    drum = getattr(samplers, name)(0.01, RATE, **extra)
    drum.seed(42)
    (label,) = drum.render([8])[1]
    for key, numbers in DRAWN[name].items():
        assert label[key] == pytest.approx(numbers, rel=1e-9)


def test_settings_that_would_change_nothing_cannot_be_set(sampler: AudioSampler) -> None:
    """Every argument of every constructor either works when it is set later, or is refused."""
    (sound,), (labels,) = sampler.render([1])
    for name, value in sampler.settings.items():
        if name in {"drum_size", "strike_location", "f_0"} or (
            name == "aspect_ratio" and isinstance(sampler, PoissonModel)
        ):
            continue  # they work: see the next test
        remedy = (
            rf"{name} of a {type(sampler).__name__} cannot be changed: make a new one, .*settings"
        )
        with pytest.raises(AttributeError, match=remedy):
            setattr(sampler, name, value)
    again = sampler.render([1])
    assert np.array_equal(again[0][0], sound)
    assert again[1] == [labels]


@pytest.mark.parametrize(
    ("kind", "fixed"),
    [
        (BesselModel, {"strike_location": (0.4, 1.0)}),
        (PoissonModel, {"strike_location": (0.4, 0.3), "aspect_ratio": 1.3}),
        (LaméModel, {"strike_location": (0.4, 0.25, 0.35)}),
        (FDTDModel, {"strike_location": (0.02, -0.01), "arbitrary_shape": "RegularPolygon"}),
        (FiniteElementModel, {"strike_location": (0.02, 0.01), "arbitrary_shape": "Circle"}),
        (MixedModel, {"family": "rectangle"}),
        (AnyShapeModel, {"family": "ellipse"}),
    ],
)
def test_size_and_strike_that_are_set_are_heard(
    kind: type[AudioSampler], fixed: dict[str, Any]
) -> None:
    settable = {"drum_size": 0.37} | {
        name: fixed[name] for name in ("strike_location", "aspect_ratio") if name in fixed
    }
    told = kind(DURATION, RATE, **fixed | settable)
    extra = {name: value for name, value in fixed.items() if name not in settable}
    drum = kind(DURATION, RATE, **extra, drum_size=0.6)
    for made in (told, drum):
        made.seed(3)
        made.reseed(1)
        made.updateProperties(1)
    for name, value in settable.items():
        setattr(drum, name, value)
        assert getattr(drum, name) == pytest.approx(value)
    for made in (told, drum):
        made.generateWaveform()
    np.testing.assert_allclose(drum.waveform, told.waveform, atol=1e-9)
    for name, numbers in told.getLabels().items():
        assert drum.getLabels()[name] == pytest.approx(numbers, abs=1e-12)
    # Only until the next sample: a dataset does not depend on what was set before.
    drum.render([1])
    assert drum.drum_size == 0.6


@pytest.mark.parametrize(
    "kind",
    [
        BesselModel,
        PoissonModel,
        LaméModel,
        FDTDModel,
        FiniteElementModel,
        MixedModel,
        AnyShapeModel,
    ],
)
def test_what_no_drum_may_have_cannot_be_set(kind: type[AudioSampler]) -> None:
    drum = kind(DURATION, RATE, **EXTRA.get(kind.__name__, {}))
    drum.seed(1)
    before = drum.render([2])
    for size, error in (((0.1, 1.0), TypeError), ("big", TypeError), (0.0, ValueError)):
        with pytest.raises(error, match="drum_size must be"):
            drum.drum_size = size  # type: ignore[assignment]
    with pytest.raises(ValueError, match=r"smaller than three cells|no partial below half"):
        drum.drum_size = 1e-3
    for point in ((7.0, 7.0), "here", (0.1,), (0.1, math.nan), None):
        with pytest.raises(ValueError, match=r"strike_location (\(.*\) )?must"):
            drum.strike_location = point  # type: ignore[assignment]
    drum.generateWaveform()
    assert np.array_equal(drum.waveform, before[0][0])


def test_a_tone_that_is_set_is_heard() -> None:
    tone, told = TestTone(DURATION, RATE, 200.0), TestTone(DURATION, RATE, 333.0)
    tone.f_0 = 333
    for made in (tone, told):
        made.generateWaveform()
    assert np.array_equal(tone.waveform, told.waveform)
    assert tone.getLabels() == {"f_0": [333.0]}
    with pytest.raises(ValueError, match="needs a sample_rate above 8000"):
        tone.f_0 = 4000.0


def test_a_sound_before_anything_was_asked_for(sampler: AudioSampler) -> None:
    fresh = make(type(sampler))
    fresh.generateWaveform()
    assert fresh.waveform.shape == (sampler.length,)
    assert fresh.getLabels().keys() == sampler.getLabels().keys()


def test_pickles(sampler: AudioSampler) -> None:
    sounds, labels = sampler.render(range(COUNT))
    copy = pickle.loads(pickle.dumps(sampler))
    again, named = copy.render(range(COUNT))
    assert np.array_equal(again, sounds)
    assert named == labels


def test_settings_are_the_constructors_arguments(sampler: AudioSampler) -> None:
    arguments = inspect.signature(type(sampler)).parameters.keys()
    assert arguments == type(sampler).Settings.__annotations__.keys() | {"duration", "sample_rate"}
    # A fixed rim and a strike on a point are not stored: earlier datasets stay the same.
    modal = isinstance(sampler, BesselModel | PoissonModel | LaméModel)
    not_stored = {"boundary_conditions", "strike_width"} if modal else set()
    assert sampler.settings.keys() == arguments - not_stored
    again = type(sampler)(**sampler.settings)
    again.seed(42)
    assert np.array_equal(again.render([3])[0], sampler.render([3])[0])


@pytest.mark.parametrize("drum", [each for each in SAMPLERS if each.__name__.endswith("Model")])
def test_the_example_of_every_drum_makes_a_sound_file(
    drum: type[AudioSampler], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = doctest.DocTestFinder(recurse=False).find(drum)
    assert len(example.examples) == 4
    assert doctest.DocTestRunner().run(example).failed == 0
    (written,) = tmp_path.glob("*.wav")
    sound, rate = soundfile.read(written)
    assert (len(sound), rate) == (48000, 48000)
    assert 0.999 < np.abs(sound).max() <= 1
