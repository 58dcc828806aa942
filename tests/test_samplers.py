"""Every sampler that is exported is found and held to what all of them promise."""

import doctest
import inspect
import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile

import kac_prediction.samplers
from kac_prediction.dataset import AudioSampler
from kac_prediction.samplers.drum import Drum

SAMPLERS = [
    member
    for member in vars(kac_prediction.samplers).values()
    if inspect.isclass(member) and issubclass(member, AudioSampler)
]
RATE, DURATION, COUNT = 8000, 0.05, 13
# What a sampler must be told beside duration and sample rate.
EXTRA = {"FDTDModel": {"arbitrary_shape": "ConvexPolygon"}}


def make(sampler: type[AudioSampler]) -> AudioSampler:
    return sampler(DURATION, RATE, **EXTRA.get(sampler.__name__, {}))


@pytest.fixture(params=SAMPLERS, ids=lambda sampler: sampler.__name__)
def sampler(request: pytest.FixtureRequest) -> AudioSampler:
    made = make(request.param)
    made.seed(42)
    return made


def test_samplers_were_found() -> None:
    assert {"BesselModel", "FDTDModel", "LaméModel", "PoissonModel", "TestSweep", "TestTone"} <= {
        member.__name__ for member in SAMPLERS
    }


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
    if labels[0]:
        assert all(a != b for a, b in zip(twin.render(range(1, 5))[1], labels[1:5], strict=True))


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
    drum = getattr(kac_prediction.samplers, name)(0.01, RATE, **extra)
    drum.seed(42)
    (label,) = drum.render([8])[1]
    for key, numbers in DRAWN[name].items():
        assert label[key] == pytest.approx(numbers, rel=1e-9)


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
    assert sampler.settings.keys() == inspect.signature(type(sampler)).parameters.keys()
    assert sampler.settings.keys() == type(sampler).Settings.__annotations__.keys() | {
        "duration",
        "sample_rate",
    }
    again = type(sampler)(**sampler.settings)
    again.seed(42)
    assert np.array_equal(again.render([3])[0], sampler.render([3])[0])


@pytest.mark.parametrize("drum", [sampler for sampler in SAMPLERS if issubclass(sampler, Drum)])
def test_the_example_of_every_drum_makes_a_sound_file(
    drum: type[Drum], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (example,) = doctest.DocTestFinder(recurse=False).find(drum)
    assert len(example.examples) == 4
    assert doctest.DocTestRunner().run(example).failed == 0
    (written,) = tmp_path.glob("*.wav")
    sound, rate = soundfile.read(written)
    assert (len(sound), rate) == (48000, 48000)
    assert 0.999 < np.abs(sound).max() <= 1
