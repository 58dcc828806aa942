import json

import numpy as np
import pytest

from kac_prediction.dataset import InputRepresentation, RepresentationSettings

DEFAULTS = {
    "f_min": 22.05,
    "hop_length": 256,
    "n_bins": 512,
    "n_mels": 32,
    "normalise_input": True,
    "output_type": "end2end",
    "window_length": 512,
}
BEYOND = {"f_max": 8000.0, "log": -80.0, "mel_norm": "slaney", "mel_scale": "slaney", "power": 1}


def shown(settings, sample_rate=48_000):
    return InputRepresentation(sample_rate, settings).settings


@pytest.mark.parametrize("given", [None, {}, {"n_bins": 512}])
def test_shows_all_seven_in_order(given):
    assert shown(given) == DEFAULTS
    assert list(shown(given)) == sorted(DEFAULTS)


def test_keeps_what_was_given_as_plain_types():
    given = {
        "f_min": np.float32(30),
        "hop_length": np.int64(100),
        "normalise_input": np.bool_(False),
        "output_type": "mel",
    }
    settings = shown(given)
    assert settings == DEFAULTS | {
        "f_min": 30.0,
        "hop_length": 100,
        "normalise_input": False,
        "output_type": "mel",
    }
    assert [type(value) for value in settings.values()] == [float, int, int, int, bool, str, int]
    assert "n_bins" not in given


@pytest.mark.parametrize("output_type", ["end2end", "fft", "mel"])
def test_shows_the_others_where_they_are_asked_for(output_type):
    settings = shown({**BEYOND, "output_type": output_type})
    assert settings == DEFAULTS | BEYOND | {"output_type": output_type}
    assert list(settings) == sorted(DEFAULTS | BEYOND)
    assert shown(json.loads(json.dumps(settings))) == settings


@pytest.mark.parametrize("key", BEYOND)
def test_none_is_not_asked_for(key):
    assert shown({key: None}) == DEFAULTS
    assert shown({key: BEYOND[key]}) == DEFAULTS | {key: BEYOND[key]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"log": True}, -100.0),
        ({"log": np.bool_(True)}, -100.0),
        ({"log": False}, None),
        ({"log": np.bool_(False)}, None),
        ({"log": -60}, -60.0),
        ({"log": np.float32(-60)}, -60.0),
        ({"f_max": 24_000}, 24_000.0),
        ({"power": np.int64(1)}, 1),
        ({"power": 1.0}, 1),
        ({"power": 2}, None),
        ({"power": 2.0}, None),
        ({"mel_scale": "htk"}, None),
    ],
)
def test_what_is_shown_of_what_was_asked_for(given, expected):
    (key,) = given
    found = shown(given).get(key)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"n_fft": 512}, ValueError, "n_fft.*f_max, .*n_bins"),
        ({"n_mel": 8}, ValueError, r"did you mean n_mels\?"),
        ({"n_bins": 0}, ValueError, "n_bins .*0"),
        ({"n_bins": 512.0}, TypeError, "n_bins .*512.0"),
        ({"n_bins": True}, TypeError, "n_bins"),
        ({"hop_length": -1}, ValueError, "hop_length .*-1"),
        ({"window_length": "512"}, TypeError, "window_length"),
        ({"n_mels": 0}, ValueError, "n_mels"),
        ({"f_min": -0.1}, ValueError, "f_min"),
        ({"f_min": float("nan")}, ValueError, "f_min .*nan"),
        ({"f_min": None}, TypeError, "f_min"),
        ({"f_min": 24_000, "output_type": "mel"}, ValueError, "f_min .*24000 Hz, got 24000"),
        ({"f_max": -1}, ValueError, "f_max .*-1"),
        ({"f_max": "8000"}, TypeError, "f_max must be a number, got '8000'"),
        ({"f_max": True}, TypeError, "f_max must be a number, got True"),
        ({"f_max": float("inf")}, ValueError, "f_max .*inf"),
        ({"f_max": 22.05, "output_type": "mel"}, ValueError, "f_max must be above f_min, 22.05"),
        ({"f_max": 24_001, "output_type": "mel"}, ValueError, "f_max .*24000 Hz, got 24001"),
        ({"power": 3}, ValueError, "power must be 1 or 2, got 3"),
        ({"power": 0}, ValueError, "power must be 1 or 2, got 0"),
        ({"power": True}, TypeError, "power must be a number, got True"),
        ({"power": 1.5}, ValueError, "power must be 1 or 2, got 1.5"),
        ({"hop_length": 10**20}, ValueError, "hop_length must be at most 16777216"),
        ({"log": float("nan")}, ValueError, "log must be .* got nan"),
        ({"log": 0}, ValueError, "log must be below 0, got 0.* a negative number such as -100"),
        ({"log": 80}, ValueError, "log must be below 0, got 80.* floor in decibels"),
        ({"log": float("-inf")}, ValueError, "log must be .* got -inf"),
        ({"log": -1e39}, ValueError, "log must be at least -3.40.*e\\+38, got -1e\\+39"),
        ({"log": "dB"}, TypeError, "log must be a number, got 'dB': give True, False or the floor"),
        ({"mel_scale": "bark"}, ValueError, "mel_scale must be one of htk, slaney, got 'bark'"),
        ({"mel_norm": "area"}, ValueError, "mel_norm must be one of slaney, got 'area'"),
        ({"mel_norm": True}, ValueError, "mel_norm .* got True"),
        ({"normalise_input": 1}, TypeError, "normalise_input"),
        ({"output_type": "stft"}, ValueError, "output_type .*end2end.*'stft'"),
        ({"output_type": []}, ValueError, "output_type"),
        ({"output_type": np.array(["fft", "mel"])}, ValueError, "output_type must be one of"),
        ({"output_type": np.array(["fft"])}, ValueError, "output_type must be one of"),
        ({"mel_scale": np.zeros(2)}, ValueError, "mel_scale must be one of htk, slaney, got array"),
        ({"mel_norm": np.zeros(2)}, ValueError, "mel_norm must be one of slaney, got array"),
        ({"output_type": "fft", "n_bins": 256}, ValueError, "window_length .*256, got 512"),
        ([("n_bins", 512)], TypeError, "dictionary"),
    ],
)
def test_refuses_what_it_cannot_use(given, error, message):
    with pytest.raises(error, match=message):
        shown(given)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("digits", [400, 5000])  # Python prints no more than 4300 of them
@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("f_max", "must be a finite number"),
        ("f_min", "must be a finite number"),
        ("hop_length", "must be at (most 16777216|least 1)"),
        ("log", "must be a finite number"),
        ("power", "must be a finite number"),
    ],
)
def test_refuses_whole_numbers_without_end(key, remedy, digits, sign):
    with pytest.raises(ValueError, match=f"{key} {remedy}, got a number beyond float64"):
        shown({key: sign * 10**digits})


@pytest.mark.parametrize("output_type", ["end2end", "fft"])
def test_what_does_not_concern_an_output_type_may_be_any(output_type):
    given = {"f_max": 10.0, "f_min": 50_000.0, "n_mels": 999, "output_type": output_type}
    assert shown(given) == DEFAULTS | given


@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (0, ValueError, "at least 1, got 0"),
        (1.5, TypeError, "a whole number, got 1.5"),
        (2**53 + 1, ValueError, "at most 9007199254740992, got 9007199254740993"),
        pytest.param(10**400, ValueError, "at most .* got a number beyond float64", id="huge"),
    ],
)
@pytest.mark.parametrize("output_type", ["end2end", "mel"])
def test_refuses_a_bad_sample_rate(output_type, rate, error, message):
    with pytest.raises(error, match=f"sample_rate must be {message}"):
        InputRepresentation(rate, {"output_type": output_type})


def test_help_names_every_setting():
    for key in RepresentationSettings.__annotations__:
        assert key in InputRepresentation.__doc__
        assert f"{key}: " in RepresentationSettings.__doc__
