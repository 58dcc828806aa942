"""From a recording to a Prediction: what the network is given, and what is made of its answers."""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
import torch
from scipy.signal import resample_poly

from kac_prediction.architecture import SpectralCNN
from kac_prediction.geometry import Polygon
from kac_prediction.listening import Prediction, audio, listen, sound_file
from kac_prediction.samplers import BesselModel
from listened import ANY_DRUM, answer, listener

RATE = 48000
CIRCLE = answer({"circle": 0.9, "ellipse": 0.06, "none": 0.04}, 0.3, 1.2, 0.7)


def drum(seconds: float = 1.0, rate: int = RATE, **settings: Any) -> npt.NDArray[np.float64]:
    sampler = BesselModel(
        seconds, rate, drum_size=0.3, decay_time=0.7, strike_location=(0.4, 1.0), **settings
    )
    sampler.generateWaveform()
    return sampler.waveform


def hear(sound: Any = None, rate: Any = RATE, *answers: list[float], **settings: Any) -> Prediction:
    sound = drum() if sound is None else sound
    return listen(sound, rate, listener(*answers or [CIRCLE]), refine=False, **settings)


def test_the_answer_is_that_of_the_network() -> None:
    prediction = hear()
    assert prediction.family == "circle"
    assert prediction.probabilities["circle"] == pytest.approx(0.9 / 0.96)
    assert sum(prediction.probabilities.values()) == pytest.approx(1)
    assert prediction.score == pytest.approx(0.96)
    assert prediction.is_drum
    assert prediction.drum_size == pytest.approx(0.3)
    assert prediction.decay_time == pytest.approx(0.7)
    reach = 0.01 * math.log(10)
    expected = 0.3 * math.exp(-reach), 0.3 * math.exp(reach)
    assert prediction.interval("drum_size") == pytest.approx(expected)
    # A circle is not elongated, whatever the network thinks.
    assert prediction.aspect_ratio == 1.0
    assert prediction.interval("aspect_ratio") == (1.0, 1.0)
    radii = np.hypot(*prediction.outline.T)
    assert radii == pytest.approx(np.full(64, 0.3 / math.sqrt(math.pi)))
    assert prediction.network is None
    assert Prediction.from_json(prediction.to_json()) == prediction


@pytest.mark.parametrize("family", ["ellipse", "rectangle", "triangle"])
def test_the_outline_is_that_of_the_family(family: str) -> None:
    prediction = hear(None, RATE, answer({family: 1.0}, 0.4, 1.5))
    assert prediction.family == family
    assert prediction.aspect_ratio == pytest.approx(1.0 if family == "triangle" else 1.5)
    shape, outline = prediction.shape, prediction.outline
    assert np.abs(shape.depth(outline)).max() < 1e-9
    assert shape.area == pytest.approx(0.16)


def test_the_outline_of_a_polygon_is_what_the_network_drew() -> None:
    radii = 0.2 * np.cos(3 * 2 * np.pi * np.arange(64) / 64) - 0.5
    for family in ("polygon", "star"):
        prediction = hear(None, RATE, answer({family: 1.0}, 0.5, outline=radii))
        drawn = Polygon(prediction.outline)
        assert drawn.area == pytest.approx(0.25)
        assert drawn.centroid == pytest.approx((0, 0), abs=1e-12)
        ratio = np.hypot(*prediction.outline.T) / np.exp(radii)
        assert ratio == pytest.approx(np.full(64, ratio.mean()))


def test_no_drum_is_no_drum() -> None:
    prediction = hear(None, RATE, answer({"none": 0.97, "star": 0.02, "circle": 0.01}))
    assert not prediction.is_drum
    assert prediction.score == pytest.approx(0.03)
    assert prediction.probabilities["star"] == pytest.approx(2 / 3)
    assert str(prediction) == "no drum in this sound (score 0.03)"


def test_sizes_are_proportional_to_the_wave_speed() -> None:
    slow, fast = hear(), hear(wave_speed=250.0)
    assert fast.drum_size == pytest.approx(2.5 * slow.drum_size, rel=1e-12)
    assert fast.outline == pytest.approx(2.5 * slow.outline, rel=1e-12)
    expected = [2.5 * end for end in slow.interval("drum_size")]
    assert fast.interval("drum_size") == pytest.approx(expected)
    assert (fast.wave_speed, fast.decay_time) == (250.0, slow.decay_time)
    # Both would sound alike.
    sounds = [prediction.drum(0.1) for prediction in (slow, fast)]
    for sampler in sounds:
        sampler.generateWaveform()
    np.testing.assert_allclose(sounds[0].waveform, sounds[1].waveform, atol=1e-9)


def test_a_known_size_tells_the_wave_speed() -> None:
    prediction = hear(drum_size=0.36)
    assert prediction.drum_size == 0.36
    assert prediction.interval("drum_size") == (0.36, 0.36)
    assert prediction.wave_speed == pytest.approx(120.0)
    reach = 0.01 * math.log(10)
    expected = 120 * math.exp(-reach), 120 * math.exp(reach)
    assert prediction.interval("wave_speed") == pytest.approx(expected)
    assert "wave_speed 120.0" in str(prediction)
    sampler = prediction.drum()
    assert (sampler.drum_size, sampler.wave_speed) == (0.36, pytest.approx(120.0))
    with pytest.raises(ValueError, match="of wave_speed and drum_size give one"):
        hear(drum_size=0.36, wave_speed=80.0)


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_the_network_hears_the_drum_from_the_strike_on(rate: int) -> None:
    """As a drum that was rendered at the model's rate, a millisecond before the strike on."""
    expected = np.abs(np.fft.rfft(drum(1.0, 8000)))
    rng = np.random.default_rng(0)
    for before in (0.0, 0.3):
        silence = np.zeros(round(before * rate))
        sound = np.concatenate([silence, resample_poly(drum(1.1, 96000), rate, 96000), silence])
        model = listener(CIRCLE)
        listen(5 * sound + 0.2 + 1e-4 * rng.normal(size=len(sound)), rate, model, refine=False)
        assert model.heard.shape == (1, 8000)
        heard = model.heard[0].double().numpy()
        assert np.corrcoef(np.abs(np.fft.rfft(heard)), expected)[0, 1] > 0.99
        loud = np.abs(heard) > 0.02
        assert np.argmax(loud) <= 30  # 3 ms until the wave arrives
        assert np.argmax(loud) >= (7 if before else 0)


def test_a_sound_that_ends_early_ends_in_silence() -> None:
    model = listener(CIRCLE)
    listen(drum(0.1), RATE, model, refine=False)
    heard = model.heard[0]
    assert torch.count_nonzero(heard[820:]) == 0
    assert torch.count_nonzero(heard[:780]) > 700


def test_every_form_of_a_sound_is_heard_alike(tmp_path: Path) -> None:
    sound = np.concatenate([np.zeros(4800), drum()])
    expected, forms = listener(CIRCLE), []
    listen(sound, RATE, expected, refine=False)
    stereo = np.stack([sound, sound], axis=1)
    soundfile.write(tmp_path / "drum.wav", stereo, RATE, subtype="DOUBLE")
    for form in (
        torch.from_numpy(sound),
        stereo,
        sound.tolist(),
        sound.astype(">f8"),
        -sound,
        tmp_path / "drum.wav",
        os.fspath(tmp_path / "drum.wav"),
    ):
        model = listener(CIRCLE)
        rate = None if isinstance(form, str | Path) else RATE
        prediction = listen(form, rate, model, refine=False)
        assert prediction == hear()
        forms.append((model.heard - expected.heard).abs().max())
    assert max(forms) < 1e-6


def test_several_strikes_are_listened_to_together(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "drum.wav", drum(), RATE)
    unsure = answer({"circle": 0.6, "star": 0.4}, 0.40, spreads=(0.04, 0.02, 0.1))
    sure = answer({"circle": 0.8, "star": 0.2}, 0.30, spreads=(0.01, 0.02, 0.1))
    files = [tmp_path / "drum.wav"] * 2
    prediction = listen(files, None, listener(sure, unsure), refine=False)
    assert prediction.probabilities["circle"] == pytest.approx(0.48 / 0.56)
    mean = (16 * math.log(0.3) + math.log(0.4)) / 17
    assert prediction.drum_size == pytest.approx(math.exp(mean))
    assert hear([drum(), drum(0.2)], RATE, sure, sure).drum_size == pytest.approx(0.3)


def test_outlines_of_several_strikes_are_turned_alike() -> None:
    radii = np.random.default_rng(0).normal(0, 0.1, 64)
    turned = np.roll(radii[::-1], 17)
    star = [answer({"star": 1.0}, outline=each) for each in (radii, turned)]
    together = hear([drum(), drum()], RATE, *star)
    assert together.outline == pytest.approx(hear(None, RATE, star[0]).outline, abs=1e-9)


def test_a_listening_has_the_same_bits_on_any_number_of_threads() -> None:
    torch.manual_seed(0)
    model = SpectralCNN(8, 16, 1e-3, 0.01, ANY_DRUM.outputs).eval()
    model.model_input = ANY_DRUM
    sound = np.concatenate([np.zeros(3000), drum()])
    before, answers = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            answers.append(listen(sound, RATE, model, refine=False).to_json())
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert len(set(answers)) == 1


def test_a_long_recording_costs_no_more_than_its_beginning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for function in (sound_file.read_mono, audio.mixed_down):
        monkeypatch.setattr(function, "__defaults__", (96_000,))
    sound = np.concatenate([np.zeros(48000), drum(), 10 * drum()])
    soundfile.write(tmp_path / "long.flac", sound / 11, RATE, subtype="PCM_24")
    model = listener(CIRCLE)
    listen(tmp_path / "long.flac", None, model, refine=False)
    short = listener(CIRCLE)
    listen(sound[:96_000], RATE, short, refine=False)
    assert (model.heard - short.heard).abs().max() < 1e-4


@pytest.mark.parametrize(
    ("sound", "rate", "error", "message"),
    [
        (np.zeros(4000), RATE, ValueError, "the sound is silent"),
        (np.full(4000, 0.3), RATE, ValueError, "the sound is silent"),
        (np.ones(1), RATE, ValueError, "the sound is silent"),
        ([], RATE, ValueError, "empty"),
        (np.zeros((0, 2)), RATE, ValueError, "empty"),
        (np.where(np.arange(4000) == 77, np.nan, 0.1), RATE, ValueError, "sample 77 .* not a fin"),
        (np.r_[np.zeros(4000), np.inf], RATE, ValueError, "sample 4000 .* not a finite"),
        (np.r_[np.zeros(9000), drum(0.004)], RATE, ValueError, r"too short: .* ms after the str"),
        (np.zeros((2, 4000)), RATE, ValueError, r"got \(2, 4000\): transpose it"),
        (np.zeros((9, 2, 2)), RATE, ValueError, r"got \(9, 2, 2\)"),
        (np.ones(9) * 1j, RATE, TypeError, "complex"),
        (3.0, RATE, TypeError, "a sound must be samples.* got 3.0"),
        (np.array(["a.wav"] * 9), RATE, TypeError, "a sound must be samples"),
        ([[1.0], [1.0, 2.0]], RATE, TypeError, "a sound must be samples"),
        (drum(0.1), None, TypeError, "samples need their sample_rate"),
        (drum(0.1), math.nan, ValueError, "sample_rate must be a whole number"),
        (drum(0.1), 48, ValueError, "got 48: is it in kHz"),
        (drum(0.1), -48000, ValueError, "sample_rate must be"),
        (drum(0.1), 1_999_999_973, ValueError, "too short"),
        ("gone.wav", None, FileNotFoundError, "gone.wav"),
        ("gone.wav", RATE, ValueError, "gone.wav has a sample rate of its own"),
    ],
)
def test_what_no_drum_is_heard_in_is_refused(
    sound: Any, rate: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        hear(sound, rate)


def test_errors_name_the_file(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "silent.wav", np.zeros(4000), RATE)
    soundfile.write(tmp_path / "drum.wav", drum(0.1), RATE)
    for sound in (tmp_path / "silent.wav", [tmp_path / "drum.wav", tmp_path / "silent.wav"]):
        with pytest.raises(ValueError, match=r"silent\.wav: the sound is silent"):
            hear(sound, None)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"wave_speed": 0.0}, ValueError, "wave_speed must be above 0"),
        ({"wave_speed": "fast"}, TypeError, "wave_speed must be a number"),
        ({"drum_size": -1.0}, ValueError, "drum_size must be above 0"),
    ],
)
def test_arguments_out_of_range(
    settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        hear(**settings)


def test_models_that_hear_something_else_are_refused() -> None:
    from test_predict import fixed, weighted

    with pytest.raises(ValueError, match=r"lacks the label aspect_ratio, .*listening\.predict"):
        listen(drum(), RATE, weighted())
    with pytest.raises(ValueError, match="lacks the label decay_time, the label outline"):
        listen(drum(), RATE, fixed(1.0))
    with pytest.raises(ValueError, match="model_input is None"):
        listen(drum(), RATE, weighted(None))
    with pytest.raises(TypeError, match="model must be a Model, or the path"):
        listen(drum(), RATE, 7)  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        listen(drum(), RATE, "no/model.pt")
    with pytest.raises(ValueError, match="not finite"):
        hear(None, RATE, [math.nan] * ANY_DRUM.outputs)


@pytest.mark.parametrize(
    "sound",
    [
        np.sign(np.sin(np.arange(9000) / 9)),  # all clipped
        np.eye(1, 9000, 4000)[0],
        np.eye(1, 9000, 0)[0],
        np.random.default_rng(0).normal(size=9000),
        np.arange(9000.0),
        1e300 * drum(0.2),
        (127 * drum(0.2) + 128).astype("u1"),
        np.concatenate([np.zeros(9000), drum(0.02)]),
    ],
)
def test_whatever_sounds_is_listened_to(sound: npt.NDArray[np.float64]) -> None:
    assert hear(sound).family == "circle"
