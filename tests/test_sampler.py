from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import soundfile

from kac_prediction.dataset import AudioSampler, classLocalsToKwargs
from kac_prediction.samplers import TestTone
from samplers_of_users import Broken, Click


def test_settings_are_the_arguments_of_the_constructor() -> None:
    assert Click(0.1, 8000, loudest=0.5).settings == {
        "duration": 0.1,
        "sample_rate": 8000,
        "loudest": 0.5,
    }


def test_class_locals() -> None:
    class Own:
        def __init__(self, a: int, *, b: str = "c", **kwargs: int) -> None:
            self.found = classLocalsToKwargs(locals())

    assert Own(1, d=4).found == {"a": 1, "b": "c", "d": 4}


def test_length_is_rounded() -> None:
    assert Click(0.1, 44100).length == 4410
    assert Click(1 / 3, 48000).length == 16000


def test_a_sampler_without_its_verbs_cannot_be_made() -> None:
    class Half(AudioSampler):
        def generateWaveform(self) -> None:
            pass

    with pytest.raises(TypeError, match="abstract"):
        Half(1.0, 48000)  # type: ignore[abstract]


@pytest.mark.parametrize("duration", [0.0, -1.0, float("nan"), float("inf"), 1e-6])
def test_impossible_durations(duration: float) -> None:
    with pytest.raises(ValueError, match="duration"):
        Click(duration, 48000)


@pytest.mark.parametrize("sample_rate", [44100.5, True])
def test_a_sample_rate_is_an_integer(sample_rate: float) -> None:
    with pytest.raises(TypeError, match="sample_rate"):
        Click(1.0, sample_rate)  # type: ignore[arg-type]


def test_a_sample_rate_is_positive() -> None:
    with pytest.raises(ValueError, match="sample_rate"):
        Click(1.0, 0)


def test_render_is_the_three_verbs_and_a_function_of_seed_and_index() -> None:
    sampler = Click(0.05, 8000)
    sampler.seed(5)
    sounds, labels = sampler.render(range(6))
    again = Click(0.05, 8000)
    again.seed(5)
    for i in (4, 0, 5):
        (sound,), (label,) = again.render([i])
        np.testing.assert_array_equal(sound, sounds[i])
        assert label == labels[i]
        again.reseed(i)
        again.updateProperties(i)
        again.generateWaveform()
        np.testing.assert_array_equal(again.waveform, sounds[i])
    again.seed(6)
    assert again.render([0])[1] != labels[:1]


def test_samples_of_a_group_share_their_body() -> None:
    sampler = Click(0.05, 8000)
    sampler.seed(1)
    _, labels = sampler.render(range(6))
    levels = [y["level"][0] for y in labels]
    assert levels[0::2] == levels[1::2]
    assert len(set(levels)) == 3
    assert len({y["pitch"][0] for y in labels}) == 6


def test_a_revised_sample_has_a_body_of_its_own() -> None:
    sampler = Click(0.05, 8000)
    sampler.seed(1)
    _, before = sampler.render(range(4))
    sampler.seed(1, {0: 1, 1: 1})
    _, after = sampler.render(range(4))
    assert after[2:] == before[2:]
    assert len({y["level"][0] for y in (*before, *after)}) == 4


def test_a_waveform_of_another_length_is_refused() -> None:
    sampler = Broken(0.05, 8000, how="length")
    with pytest.raises(ValueError, match=r"\(400,\), got \(399,\) for sample 2"):
        sampler.render(range(4))


@pytest.mark.parametrize(("bits", "subtype"), [(16, "PCM_16"), (24, "PCM_24"), (32, "PCM_32")])
def test_export(tmp_path: Path, bits: int, subtype: str) -> None:
    sampler = Click(0.05, 8000)
    sampler.updateProperties(None)
    sampler.generateWaveform()
    sampler.export(str(tmp_path / "click.wav"), bits)  # type: ignore[arg-type]
    sound, rate = soundfile.read(tmp_path / "click.wav")
    assert (rate, soundfile.info(tmp_path / "click.wav").subtype) == (8000, subtype)
    np.testing.assert_allclose(sound, sampler.waveform, atol=2.0**-bits)


def test_export_counts_what_it_clips(tmp_path: Path) -> None:
    sampler = Click(0.05, 8000)
    sampler.waveform = np.linspace(-2, 2, 400)
    with pytest.warns(UserWarning, match="200 samples"):
        sampler.export(tmp_path / "loud.wav")
    sound, _ = soundfile.read(tmp_path / "loud.wav")
    assert sound.min() == -1.0
    assert sound.max() == 1.0 - 2.0**-23


def test_there_is_nothing_to_export_before_a_sound_is_made(tmp_path: Path) -> None:
    sampler = Click(0.05, 8000)
    with pytest.raises(ValueError, match="call generateWaveform"):
        sampler.export(tmp_path / "nothing.wav")
    assert not (tmp_path / "nothing.wav").exists()
    sampler.waveform = np.zeros(sampler.length)  # a silence that was meant
    sampler.export(tmp_path / "silence.wav")


def test_export_refuses_what_is_not_finite(tmp_path: Path) -> None:
    sampler = Click(0.05, 8000)
    sampler.waveform[7] = np.inf
    with pytest.raises(ValueError, match="7"):
        sampler.export(tmp_path / "infinite.wav")
    assert not (tmp_path / "infinite.wav").exists()
    sampler.waveform[7] = 0.1
    with pytest.raises(OSError, match="nowhere"):
        sampler.export(tmp_path / "nowhere" / "click.wav")


def test_a_verb_that_a_subclass_redefines_is_heard() -> None:
    class Half(TestTone):
        def generateWaveform(self) -> None:
            super().generateWaveform()
            self.waveform = self.waveform / 2

    tone, half = TestTone(0.05, 8000), Half(0.05, 8000)
    for sampler in (tone, half):
        sampler.seed(3)
    np.testing.assert_array_equal(half.render(range(3))[0], tone.render(range(3))[0] / 2)


def test_labels_that_the_sampler_goes_on_to_change_are_copied() -> None:
    class Reused(Click):
        y: ClassVar[dict[str, list[float | int]]] = {"pitch": [0.0]}

        def getLabels(self) -> dict[str, list[float | int]]:
            self.y["pitch"][0] = self.pitch
            return self.y

    assert len({y["pitch"][0] for y in Reused(0.05, 8000).render(range(4))[1]}) == 4


def test_a_sample_rate_is_stored_as_an_integer() -> None:
    assert isinstance(Click(0.1, 8000.0).settings["sample_rate"], int)  # type: ignore[arg-type]
