"""Predictions from sounds, and the drum that was heard."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from kac_prediction.architecture import CRePE
from kac_prediction.listening import drum_heard, onset, predict, predict_file
from kac_prediction.pipeline import Model, ModelInput, Parameters
from kac_prediction.samplers import BesselModel, FDTDModel, PoissonModel
from samplers_of_users import Click

RATE = 48000
INPUT = ModelInput(sample_rate=RATE, length=1024, labels=("drum_size",), units=("m",))


class Weighted(Model):
    """Predicts weighted sums of its input, and records how it was called."""

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


def weighted(model_input: ModelInput | None = INPUT, **arguments: Any) -> Weighted:
    model = Weighted(**arguments)
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
    model = weighted()
    expected = float(INPUT.waveforms(sound) @ model.weight[0].detach().double())
    prediction = predict(model, sound, RATE)
    assert prediction == {"drum_size": pytest.approx(expected, rel=1e-5)}
    assert type(prediction["drum_size"]) is float


def test_every_form_of_a_sound_gives_one_prediction() -> None:
    sound, model = drum().waveform, weighted()
    expected = predict(model, sound, RATE)["drum_size"]
    late = np.concatenate([np.zeros(4800), sound])
    stereo = np.stack([late, late], axis=1)
    for form in (torch.from_numpy(sound), stereo, torch.from_numpy(stereo), late.astype("f4")):
        assert predict(model, form, RATE)["drum_size"] == pytest.approx(expected, rel=1e-4)


def test_both_polarities_give_one_prediction_where_they_are_aligned() -> None:
    sound, model = drum().waveform, weighted(replace(INPUT, align_polarity=True))
    late = np.concatenate([np.zeros(4800), sound])
    for x in (sound, late, late + 0.3):
        assert predict(model, -x, RATE) == predict(model, x, RATE)


@pytest.mark.parametrize("rate", [44100, 96000])
def test_another_rate_gives_nearly_the_same_prediction(rate: int) -> None:
    here, there = drum().waveform, drum(sample_rate=rate).waveform
    predictions = [predict(weighted(), x, r)["drum_size"] for x, r in ((here, RATE), (there, rate))]
    scale = weighted().weight.abs().sum().item()
    assert abs(predictions[0] - predictions[1]) < 0.01 * scale


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training: bool) -> None:
    model = weighted().double().train(training)
    predict(model, drum().waveform, RATE)
    assert model.calls == [(False, False, torch.float64)]
    assert model.training is training
    assert torch.is_grad_enabled()
    with pytest.raises(RuntimeError):
        predict(weighted(length=7).train(training), drum().waveform, RATE)
    assert model.training is training


def test_dropout_and_batch_norm_are_in_eval_mode() -> None:
    torch.manual_seed(0)
    model = CRePE("tiny", 0.5, 1e-3, "adam", 1)
    model.model_input = INPUT
    before = {name: value.clone() for name, value in model.state_dict().items()}
    sound = drum().waveform
    assert predict(model, sound, RATE) == predict(model, sound, RATE)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_outputs_are_named_by_their_labels() -> None:
    two = ModelInput(RATE, 1024, ("drum_size", "aspect_ratio"), ("m", ""))
    model = weighted(two, outputs=2)
    with torch.no_grad():
        model.weight[1] *= 2
    prediction = predict(model, drum().waveform, RATE)
    assert list(prediction) == ["drum_size", "aspect_ratio"]
    assert prediction["aspect_ratio"] == pytest.approx(2 * prediction["drum_size"])
    with pytest.raises(ValueError, match="1 outputs, but its model_input needs 2: 1 for drum"):
        predict(weighted(two), drum().waveform, RATE)


SHAPE = ModelInput(
    RATE,
    1024,
    labels=("family", "drum_size", "aspect_ratio"),
    units=("", "m", ""),
    scales=("linear", "log", "log"),
    classes={"family": ("polygon", "circle", "rectangle")},
)


class Fixed(Weighted):
    """Predicts the same outputs for every input."""

    def __init__(self, *outputs: float) -> None:
        super().__init__(len(outputs))
        self.answer = torch.nn.Parameter(torch.tensor([outputs]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        super().forward(x)
        return self.answer + 0 * x[:, :1]


def fixed(*outputs: float, model_input: ModelInput = SHAPE) -> Fixed:
    model = Fixed(*outputs)
    model.model_input = model_input
    return model


def test_predictions_are_in_the_units_of_the_labels() -> None:
    """The outputs are ln(0.25), ln(3) and the logit of a rectangle."""
    model = fixed(0.1, -2.0, 0.2, -1.3862944, 1.0986123)
    prediction = predict(model, drum().waveform, RATE)
    assert list(prediction) == ["family", "drum_size", "aspect_ratio"]
    assert prediction["family"] == "rectangle"
    assert prediction["drum_size"] == pytest.approx(0.25, rel=1e-6)
    assert prediction["aspect_ratio"] == pytest.approx(3, rel=1e-6)
    assert [type(value) for value in prediction.values()] == [str, float, float]
    for family, logits in {"polygon": (0, -1, -2), "circle": (-5, 5, 3)}.items():
        answer = predict(fixed(*map(float, logits), 0, 0), drum().waveform, RATE)
        assert answer == {"family": family, "drum_size": 1.0, "aspect_ratio": 1.0}
    with pytest.raises(ValueError, match=r"4 outputs, .* needs 5: 3 for family, 1 for drum_size"):
        predict(fixed(1.0, 2.0, 3.0, 4.0), drum().waveform, RATE)


def test_a_model_of_halves_gives_numbers_of_more_digits() -> None:
    """The exponential is that of the half the model gave, not a half itself."""
    model = fixed(0.0, 0.0, 0.0, -1.1, 0.7).bfloat16()
    prediction = predict(model, drum().waveform, RATE)
    halves = model.answer[0].double().exp().tolist()
    assert [prediction["drum_size"], prediction["aspect_ratio"]] == pytest.approx(halves[3:], 1e-6)
    assert model.calls[0][2] == torch.bfloat16


def test_a_prediction_is_exact_within_autocast() -> None:
    model, sound = weighted(), drum().waveform
    expected = predict(model, sound, RATE)
    with torch.autocast("cpu", torch.bfloat16):
        assert predict(model, sound, RATE) == expected
        assert torch.is_autocast_enabled("cpu")
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.bfloat16


def test_a_module_in_eval_mode_stays_in_eval_mode() -> None:
    model = CRePE("tiny", 0.5, 1e-3, "adam", 1).train()
    model.model_input = INPUT
    model.conv_layers[2].eval()
    before = {name: module.training for name, module in model.named_modules()}
    predict(model, drum().waveform, RATE)
    assert {name: module.training for name, module in model.named_modules()} == before


def test_a_model_without_parameters_may_predict() -> None:
    model = weighted()
    del model.weight
    model.forward = lambda x: x[:, :1] * 0 + 0.5  # type: ignore[method-assign]
    assert predict(model, drum().waveform, RATE) == {"drum_size": 0.5}


def test_a_model_may_see_spectra() -> None:
    seen = ModelInput(RATE, 2048, ("a", "b"), ("", ""), representation={"output_type": "fft"})
    sound = drum().waveform
    spectrum = seen.inputs(sound[onset(sound, RATE) :])
    model = weighted(seen, outputs=2, length=spectrum.numel())
    model.forward = lambda x: x.flatten(1) @ model.weight.T  # type: ignore[method-assign]
    expected = model.weight.double() @ spectrum.flatten()
    assert list(predict(model, sound, RATE).values()) == pytest.approx(expected.tolist(), rel=1e-4)


def test_half_of_a_complex_sound_is_not_dropped() -> None:
    with pytest.raises(TypeError, match="complex"):
        predict(weighted(), drum().waveform * 1j, RATE)


def test_a_model_without_a_recipe_says_so() -> None:
    with pytest.raises(ValueError, match="model_input is None"):
        predict(weighted(None), drum().waveform, RATE)


def test_files_are_predicted_and_named_in_errors(tmp_path: Path) -> None:
    sound = drum().waveform
    soundfile.write(tmp_path / "drum.wav", sound, RATE, subtype="DOUBLE")
    assert predict_file(weighted(), tmp_path / "drum.wav") == predict(weighted(), sound, RATE)
    soundfile.write(tmp_path / "silence.wav", np.zeros(RATE), RATE)
    with pytest.raises(ValueError, match=r"silence\.wav: the sound is silent"):
        predict_file(weighted(), tmp_path / "silence.wav")
    soundfile.write(tmp_path / "short.wav", sound[:500], RATE)
    with pytest.raises(ValueError, match=r"short\.wav: the sound is too short"):
        predict_file(weighted(), str(tmp_path / "short.wav"))
    with pytest.raises(FileNotFoundError, match=r"gone\.wav"):
        predict_file(weighted(), tmp_path / "gone.wav")


def trained_on(name: str, **settings: Any) -> Weighted:
    model = weighted()
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


MEMBRANE = {"tension": 1800.0, "decay_time": 0.7, "amplitude": 0.5}


def shape_trained(**settings: Any) -> Fixed:
    """A model that tells shapes apart, trained on a sampler of its user."""
    model = fixed(0.0, 0.0, 0.0, 0.0, 0.0)
    settings = {"duration": 0.1, "sample_rate": RATE, **MEMBRANE, **settings}
    model.dataset = {"sampler": {"name": "Shapes", "version": "0"}, "sampler_settings": settings}
    return model


@pytest.mark.parametrize(("family", "kind"), [("circle", BesselModel), ("rectangle", PoissonModel)])
def test_the_drum_heard_is_of_the_family_heard(
    family: str, kind: type[BesselModel | PoissonModel]
) -> None:
    prediction = {"family": family, "drum_size": 0.3, "aspect_ratio": 0.5}
    heard = drum_heard(shape_trained(drum_size=(0.1, 1.0), M=3), prediction)
    assert type(heard) is kind
    assert (heard.duration, heard.sample_rate, heard.amplitude) == (0.1, RATE, 0.5)
    assert (heard.decay_time, heard.wave_speed) == (0.7, pytest.approx(9000**0.5))
    assert heard.getLabels()["drum_size"] == [0.3]
    # A circle has no aspect ratio; and what only one family knows is its own.
    assert heard.getLabels().get("aspect_ratio") == (None if family == "circle" else [0.5])
    assert heard.settings["M"] == kind(0.1, RATE).settings["M"] != 3
    heard.generateWaveform()
    assert np.abs(heard.waveform).max() == pytest.approx(0.5)


def test_the_polygon_heard_is_a_convex_one_of_its_size() -> None:
    prediction = {"family": "polygon", "drum_size": 0.3, "aspect_ratio": 0.5}
    heard = drum_heard(shape_trained(), prediction, duration=0.02)
    assert isinstance(heard, FDTDModel)
    assert heard.shape.area == pytest.approx(0.09)
    assert heard.shape.convex
    assert heard.duration == 0.02
    again = drum_heard(shape_trained(), prediction, duration=0.02)
    assert again.getLabels() == heard.getLabels()


def test_a_family_is_enough_where_nothing_else_is_known_of_the_training() -> None:
    heard = drum_heard(fixed(0.0), {"family": "circle", "drum_size": 0.4})
    assert isinstance(heard, BesselModel)
    assert heard.settings["drum_size"] == 0.4


def test_classes_that_are_no_families_change_nothing() -> None:
    classes = {"hardness": ("soft", "hard")}
    two = ModelInput(RATE, 1024, ("drum_size", "hardness"), ("m", ""), classes=classes)
    model = trained_on("BesselModel", M=2)
    model.model_input = two
    heard = drum_heard(model, {"drum_size": 0.2, "hardness": "soft"})
    assert (heard.settings["drum_size"], heard.settings["M"]) == (0.2, 2)
    # A class that is a setting is the setting of that name.
    prediction = {"arbitrary_shape": "RegularPolygon", "drum_size": 0.2}
    triangle = trained_on("FDTDModel", arbitrary_shape="Circle", duration=0.01)
    assert drum_heard(triangle, prediction).settings["arbitrary_shape"] == "RegularPolygon"


def test_a_family_of_ones_own_needs_its_sampler() -> None:
    model = shape_trained(loudest=0.9)
    model.model_input = replace(SHAPE, classes={"family": ("circle", "click")})
    with pytest.raises(ValueError, match="family 'click' is none of the families circle, rect"):
        drum_heard(model, {"family": "click"})
    model.dataset["sampler_settings"] = {"duration": 0.1, "sample_rate": RATE}
    heard = drum_heard(model, {"family": "click", "loudest": 0.5}, Sampler=Click)
    assert isinstance(heard, Click)
    assert heard.loudest == 0.5


def test_a_legacy_dataset_that_names_few_settings_still_takes_the_size() -> None:
    heard = drum_heard(trained_on("BesselModel"), {"drum_size": 0.37})
    assert heard.settings["drum_size"] == 0.37


def test_a_drum_that_cannot_be_built_is_refused() -> None:
    with pytest.raises(ValueError, match="does not know what it was trained on"):
        drum_heard(weighted(), {"drum_size": 0.3})
    with pytest.raises(ValueError, match="Click, which is no sampler of this package"):
        drum_heard(trained_on("Click"), {"level": 0.3})
    with pytest.raises(ValueError, match="no sampler"):
        drum_heard(trained_on("families"), {})
    with pytest.raises(ValueError, match="drum_size"):
        drum_heard(trained_on("BesselModel", drum_size=[0.1, 1.0]), {"drum_size": -0.2})


def test_a_sampler_of_ones_own_can_be_heard_too() -> None:
    heard = drum_heard(trained_on("Click", loudest=0.9), {"loudest": 0.5}, 1.0, 8000, Click)
    assert heard.settings == {"duration": 1.0, "sample_rate": 8000, "loudest": 0.5}
