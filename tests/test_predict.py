"""Predictions from sounds, and the drum that was heard."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from kac_prediction.architecture import CRePE
from kac_prediction.pipeline import Model, ModelInput, Parameters, predict
from kac_prediction.pipeline.audio import onset
from kac_prediction.pipeline.predict import drum_heard, predict_file
from kac_prediction.samplers import BesselModel
from samplers_of_users import Click

RATE = 48000
INPUT = ModelInput(sample_rate=RATE, length=1024, labels=("drum_size",), units=("m",))


class Ear(Model):
    """Answers with weighted sums of what it hears, and notes how it was called."""

    class ModelHyperParameters(Parameters):
        """No more than the common ones."""

    def __init__(self, outputs: int = 1, length: int = 1024) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.linspace(-1, 2, length).repeat(outputs, 1))
        self.calls: list[tuple[bool, bool, torch.dtype]] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls.append((self.training, torch.is_grad_enabled(), x.dtype))
        return x @ self.weight.T

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Learn nothing."""


def ear(model_input: ModelInput | None = INPUT, **arguments: Any) -> Ear:
    model = Ear(**arguments)
    model.model_input = model_input
    return model


def drum(size: float = 0.4, sample_rate: int = RATE) -> BesselModel:
    sampler = BesselModel(
        duration=0.2, sample_rate=sample_rate, drum_size=size, strike_location=(0.4, 1.0)
    )
    sampler.updateProperties(None)
    sampler.generateWaveform()
    return sampler


def test_a_prediction_is_the_model_on_its_input() -> None:
    sound = drum().waveform
    model = ear()
    expected = float(INPUT.waveforms(sound) @ model.weight[0].detach().double())
    prediction = predict(model, sound, RATE)
    assert prediction == {"drum_size": pytest.approx(expected, rel=1e-5)}
    assert type(prediction["drum_size"]) is float


def test_every_form_of_a_sound_gives_one_answer() -> None:
    sound, model = drum().waveform, ear()
    expected = predict(model, sound, RATE)["drum_size"]
    late = np.concatenate([np.zeros(4800), sound])
    stereo = np.stack([late, late], axis=1)
    for form in (torch.from_numpy(sound), stereo, torch.from_numpy(stereo), late.astype("f4")):
        assert predict(model, form, RATE)["drum_size"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("rate", [44100, 96000])
def test_another_rate_gives_nearly_the_same_answer(rate: int) -> None:
    here, there = drum().waveform, drum(sample_rate=rate).waveform
    answers = [predict(ear(), x, r)["drum_size"] for x, r in ((here, RATE), (there, rate))]
    scale = ear().weight.abs().sum().item()
    assert abs(answers[0] - answers[1]) < 0.01 * scale


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training: bool) -> None:
    model = ear().double().train(training)
    predict(model, drum().waveform, RATE)
    assert model.calls == [(False, False, torch.float64)]
    assert model.training is training
    assert torch.is_grad_enabled()
    with pytest.raises(RuntimeError):
        predict(ear(length=7).train(training), drum().waveform, RATE)
    assert model.training is training


def test_dropout_and_batch_norm_are_at_rest() -> None:
    torch.manual_seed(0)
    model = CRePE("tiny", 0.5, 1e-3, "adam", 1)
    model.model_input = INPUT
    before = {name: value.clone() for name, value in model.state_dict().items()}
    sound = drum().waveform
    assert predict(model, sound, RATE) == predict(model, sound, RATE)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_outputs_are_named_by_their_labels() -> None:
    two = ModelInput(RATE, 1024, ("drum_size", "aspect_ratio"), ("m", ""))
    model = ear(two, outputs=2)
    with torch.no_grad():
        model.weight[1] *= 2
    prediction = predict(model, drum().waveform, RATE)
    assert list(prediction) == ["drum_size", "aspect_ratio"]
    assert prediction["aspect_ratio"] == pytest.approx(2 * prediction["drum_size"])
    with pytest.raises(ValueError, match="1 outputs, but its model_input names 2 labels"):
        predict(ear(two), drum().waveform, RATE)


def test_a_model_may_see_spectra() -> None:
    seen = ModelInput(RATE, 2048, ("a", "b"), ("", ""), representation={"output_type": "fft"})
    sound = drum().waveform
    spectrum = seen.inputs(sound[onset(sound, RATE) :])
    model = ear(seen, outputs=2, length=spectrum.numel())
    model.forward = lambda x: x.flatten(1) @ model.weight.T  # type: ignore[method-assign]
    expected = model.weight.double() @ spectrum.flatten()
    assert list(predict(model, sound, RATE).values()) == pytest.approx(expected.tolist(), rel=1e-4)


def test_half_of_a_complex_sound_is_not_dropped() -> None:
    with pytest.raises(TypeError, match="complex"):
        predict(ear(), drum().waveform * 1j, RATE)


def test_a_model_without_a_recipe_says_so() -> None:
    with pytest.raises(ValueError, match="model_input is None"):
        predict(ear(None), drum().waveform, RATE)


def test_files_are_predicted_and_named_in_errors(tmp_path: Path) -> None:
    sound = drum().waveform
    soundfile.write(tmp_path / "drum.wav", sound, RATE, subtype="DOUBLE")
    assert predict_file(ear(), tmp_path / "drum.wav") == predict(ear(), sound, RATE)
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    with pytest.raises(ValueError, match=r"silence\.wav: the sound is silent"):
        predict_file(ear(), tmp_path / "silence.wav")
    soundfile.write(tmp_path / "short.wav", sound[:500], RATE)
    with pytest.raises(ValueError, match=r"short\.wav: the sound is too short"):
        predict_file(ear(), str(tmp_path / "short.wav"))
    with pytest.raises(FileNotFoundError, match=r"gone\.wav"):
        predict_file(ear(), tmp_path / "gone.wav")


def trained_on(name: str, **settings: Any) -> Ear:
    model = ear()
    settings = {"duration": 1.0, "sample_rate": RATE, **settings}
    model.dataset = {"sampler": {"name": name, "version": "0"}, "sampler_settings": settings}
    return model


def test_the_drum_heard_has_the_size_heard() -> None:
    model = trained_on("BesselModel", drum_size=[0.1, 1.0], decay_time=0.7, M=4, N=5)
    heard = drum_heard(model, {"drum_size": 0.37}, duration=0.3)
    assert isinstance(heard, BesselModel)
    heard.generateWaveform()
    assert heard.getLabels()["drum_size"] == [0.37]
    assert (heard.length, heard.decay_time, heard.M, heard.N) == (14400, 0.7, 4, 5)
    assert 0 < heard.strike_location[0] < 1
    again = drum_heard(model, {"drum_size": 0.37}, duration=0.3)
    again.generateWaveform()
    assert np.array_equal(heard.waveform, again.waveform)
    assert np.abs(heard.waveform).max() == pytest.approx(1.0)


def test_the_drum_heard_sounds_at_its_own_pitch() -> None:
    """The fundamental of a disc of area L^2 lies at 0.678389 c / L."""
    model = trained_on("BesselModel", drum_size=[0.1, 1.0], M=1, N=1)
    heard = drum_heard(model, {"drum_size": 0.25}, duration=1.0, sample_rate=8000)
    heard.generateWaveform()
    peak = np.argmax(np.abs(np.fft.rfft(heard.waveform)))
    assert peak == pytest.approx(0.678389 * 100 / 0.25, abs=1)


def test_a_drum_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(ValueError, match="does not know what it was trained on"):
        drum_heard(ear(), {"drum_size": 0.3})
    with pytest.raises(ValueError, match="Click, which is no sampler of this package"):
        drum_heard(trained_on("Click"), {"level": 0.3})
    with pytest.raises(ValueError, match="no sampler"):
        drum_heard(trained_on("families"), {})
    with pytest.raises(ValueError, match="drum_size"):
        drum_heard(trained_on("BesselModel", drum_size=[0.1, 1.0]), {"drum_size": -0.2})


def test_a_sampler_of_ones_own_can_be_heard_too() -> None:
    heard = drum_heard(trained_on("Click", loudest=0.9), {"loudest": 0.5}, 1.0, 8000, Click)
    assert heard.settings == {"duration": 1.0, "sample_rate": 8000, "loudest": 0.5}
