import math

import numpy as np
import pytest
from scipy.signal import sawtooth, square

from kac_prediction.samplers import TestTone

SHAPES = {
    "sin": np.sin,
    "saw": sawtooth,
    "tri": lambda phase: sawtooth(phase, 0.5),
    "sqr": square,
}


@pytest.mark.parametrize("waveshape", SHAPES)
def test_shapes(waveshape) -> None:
    tone = TestTone(0.1, 44100, f_0=441.7, waveshape=waveshape)
    tone.generateWaveform()
    phase = 2 * np.pi * 441.7 * np.arange(4410) / 44100
    expected = SHAPES[waveshape](phase)
    # At a jump, rounding decides the side; everywhere else the two agree.
    steady = np.abs(np.sin(phase / 2)) > 1e-9
    steady &= np.abs(np.cos(phase / 2)) > 1e-9
    np.testing.assert_allclose(tone.waveform[steady], expected[steady], atol=1e-9)
    assert tone.getLabels() == {"f_0": [441.7]}


def test_zero_draws_a_frequency() -> None:
    tone = TestTone(0.01, 8000)
    tone.seed(4)
    _, labels = tone.render(range(500))
    frequencies = np.array([label["f_0"][0] for label in labels])
    assert frequencies.min() >= 110
    assert frequencies.max() < 880
    assert len(set(frequencies)) == 500
    assert frequencies.mean() == pytest.approx(495, abs=30)


def test_the_label_is_what_sounds() -> None:
    tone = TestTone(1.0, 8000)
    tone.seed(1)
    sounds, labels = tone.render([3, 8])
    for sound, label in zip(sounds, labels, strict=True):
        peak = np.argmax(np.abs(np.fft.rfft(sound * np.hanning(8000))))
        assert peak == pytest.approx(label["f_0"][0], abs=1)


def test_a_fixed_frequency_stays() -> None:
    tone = TestTone(0.01, 8000, f_0=200.0)
    assert [label["f_0"] for label in tone.render(range(3))[1]] == [[200.0]] * 3
    tone.updateProperties(None)
    assert tone.f_0 == 200.0


def test_settings() -> None:
    assert TestTone(0.01, 8000, waveshape="tri").settings == {
        "duration": 0.01,
        "f_0": 0.0,
        "sample_rate": 8000,
        "waveshape": "tri",
    }


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"f_0": -1.0}, "f_0.*-1"),
        ({"f_0": math.nan}, "f_0.*nan"),
        ({"f_0": math.inf}, "f_0.*inf"),
        ({"f_0": 4000.0}, "f_0.*4000"),
        ({"waveshape": "noise"}, "waveshape.*noise"),
        ({"sample_rate": 1000}, "880"),
    ],
)
def test_impossible_settings_are_named(settings, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        TestTone(**{"duration": 0.1, "sample_rate": 8000, **settings})
