import numpy as np
import pytest
import torch

from kac_prediction import _core
from kac_prediction.dataset import InputRepresentation

DEFAULTS = {
    "f_min": 22.05,
    "hop_length": 256,
    "n_bins": 512,
    "n_mels": 32,
    "normalise_input": True,
    "output_type": "end2end",
    "window_length": 512,
}
SPECTRA = ["fft", "mel"]
SMALL = {"n_bins": 64, "window_length": 50, "hop_length": 20, "n_mels": 5}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


class TestSettings:
    @pytest.mark.parametrize("given", [None, {}, {"n_bins": 512}])
    def test_shows_all_seven_in_order(self, given):
        shown = InputRepresentation(48_000, given).settings
        assert shown == DEFAULTS
        assert list(shown) == sorted(DEFAULTS)

    def test_keeps_what_was_given_as_plain_types(self):
        given = {
            "f_min": np.float32(30),
            "hop_length": np.int64(100),
            "normalise_input": np.bool_(False),
            "output_type": "mel",
        }
        shown = InputRepresentation(48_000, given).settings
        assert shown == DEFAULTS | {
            "f_min": 30.0,
            "hop_length": 100,
            "normalise_input": False,
            "output_type": "mel",
        }
        assert [type(value) for value in shown.values()] == [float, int, int, int, bool, str, int]
        assert "n_bins" not in given

    @pytest.mark.parametrize(
        ("given", "error", "message"),
        [
            ({"n_fft": 512}, ValueError, "n_fft.*n_bins"),
            ({"n_bins": 0}, ValueError, "n_bins .*0"),
            ({"n_bins": 512.0}, TypeError, "n_bins .*512.0"),
            ({"n_bins": True}, TypeError, "n_bins"),
            ({"hop_length": -1}, ValueError, "hop_length .*-1"),
            ({"window_length": "512"}, TypeError, "window_length"),
            ({"n_mels": 0}, ValueError, "n_mels"),
            ({"f_min": -0.1}, ValueError, "f_min"),
            ({"f_min": float("nan")}, ValueError, "f_min .*nan"),
            ({"f_min": None}, TypeError, "f_min"),
            ({"f_min": 24_000, "output_type": "mel"}, ValueError, "f_min .*24000"),
            ({"normalise_input": 1}, TypeError, "normalise_input"),
            ({"output_type": "stft"}, ValueError, "output_type .*end2end.*'stft'"),
            ({"output_type": []}, ValueError, "output_type"),
            ({"output_type": "fft", "n_bins": 256}, ValueError, "window_length .*256, got 512"),
            ([("n_bins", 512)], TypeError, "dictionary"),
        ],
    )
    def test_refuses_what_it_cannot_use(self, given, error, message):
        with pytest.raises(error, match=message):
            InputRepresentation(48_000, given)

    @pytest.mark.parametrize(("rate", "error"), [(0, ValueError), (1.5, TypeError)])
    def test_refuses_a_bad_sample_rate(self, rate, error):
        with pytest.raises(error, match="sample_rate"):
            InputRepresentation(rate)


class TestNormalise:
    def test_the_ends_become_minus_one_and_one(self):
        sounds = noise(5, 3, 1000) * 0.01 + 0.3
        result = InputRepresentation.normalise(sounds)
        np.testing.assert_array_equal(result.min(axis=-1), -np.ones((5, 3)))
        np.testing.assert_array_equal(result.max(axis=-1), np.ones((5, 3)))
        low, high = sounds.min(-1, keepdims=True), sounds.max(-1, keepdims=True)
        np.testing.assert_allclose(result, (2 * sounds - low - high) / (high - low), atol=1e-13)

    def test_again_changes_nothing_much(self):
        once = InputRepresentation.normalise(noise(100))
        np.testing.assert_allclose(InputRepresentation.normalise(once), once, atol=1e-15)

    @pytest.mark.parametrize("value", [0.0, 0.7, -1e300, 5e-324])
    def test_a_constant_becomes_silence(self, value):
        np.testing.assert_array_equal(
            InputRepresentation.normalise(np.full((2, 8), value)), np.zeros((2, 8))
        )

    def test_the_smallest_and_the_largest_numbers(self):
        np.testing.assert_array_equal(InputRepresentation.normalise([0.0, 5e-324]), [-1.0, 1.0])
        np.testing.assert_array_equal(InputRepresentation.normalise([0.0, 1.7e308]), [-1.0, 1.0])
        with pytest.raises(ValueError, match="too far apart"):
            InputRepresentation.normalise([-1.7e308, 1.7e308])

    def test_leaves_its_argument_alone(self):
        sounds = noise(10)
        before = sounds.copy()
        InputRepresentation.normalise(sounds)
        np.testing.assert_array_equal(sounds, before)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_refuses_what_is_not_finite(self, value):
        sounds = noise(3, 9)
        sounds[1:, 4] = value
        with pytest.raises(ValueError, match=f"sample 4 of signal 1 is {value}"):
            InputRepresentation.normalise(sounds)

    @pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
    def test_refuses_what_is_empty(self, shape):
        with pytest.raises(ValueError, match="at least one sample"):
            InputRepresentation.normalise(np.zeros(shape))


class TestTransform:
    def test_end2end_is_the_normalised_wave(self):
        sounds = noise(3, 100)
        result = InputRepresentation(48_000).transform(sounds)
        assert result.dtype == torch.float64
        np.testing.assert_array_equal(result.numpy(), InputRepresentation.normalise(sounds))

    def test_end2end_without_normalisation_is_a_copy(self):
        sounds = noise(100)
        before = sounds.copy()
        result = InputRepresentation(48_000, {"normalise_input": False}).transform(sounds)
        np.testing.assert_array_equal(result.numpy(), sounds)
        result.zero_()
        np.testing.assert_array_equal(sounds, before)

    def test_fft_is_torch_s_power_spectrogram(self):
        sound = noise(2000)
        settings = {**SMALL, "output_type": "fft", "normalise_input": False}
        expected = torch.stft(
            torch.from_numpy(sound),
            64,
            20,
            50,
            window=torch.hann_window(50, dtype=torch.float64),
            return_complex=True,
        )
        result = InputRepresentation(48_000, settings).transform(sound)
        torch.testing.assert_close(result, expected.abs() ** 2, rtol=0, atol=1e-11)

    def test_mel_takes_the_settings_and_the_sample_rate(self):
        sounds = noise(2, 999)
        settings = {**SMALL, "output_type": "mel", "f_min": 100.0}
        plan = _core.MelSpectrogram(64, 50, 20, 5, 100.0, 8000)
        result = InputRepresentation(8000, settings).transform(sounds)
        expected = plan.power(InputRepresentation.normalise(sounds))
        np.testing.assert_array_equal(result.numpy(), expected)

    @pytest.mark.parametrize("output_type", ["end2end", *SPECTRA])
    @pytest.mark.parametrize("normalise_input", [False, True])
    def test_batches_threads_and_kinds_of_array_do_not_change_a_bit(
        self, output_type, normalise_input
    ):
        settings = {**SMALL, "output_type": output_type, "normalise_input": normalise_input}
        sounds = noise(7, 801).astype(np.float32)
        expected = InputRepresentation(48_000, settings, threads=1).transform(sounds)
        for threads in (0, 2, 7):
            representation = InputRepresentation(48_000, settings, threads=threads)
            assert torch.equal(representation.transform(torch.from_numpy(sounds)), expected)
            assert torch.equal(representation.transform(sounds.tolist()), expected)
            singles = torch.stack([representation.transform(sound) for sound in sounds])
            assert torch.equal(singles, expected)

    @pytest.mark.parametrize("output_type", ["end2end", *SPECTRA])
    @pytest.mark.parametrize("length", [65, 257, 1000])
    def test_shape(self, output_type, length):
        settings = {**SMALL, "output_type": output_type}
        shape = InputRepresentation.transformShape(length, settings)
        representation = InputRepresentation(48_000, settings)
        assert representation.transform(noise(length)).shape == shape
        assert representation.transform(noise(3, length)).shape == (3, *shape)
        assert representation.transform(np.zeros((0, length))).shape == (0, *shape)

    @pytest.mark.parametrize("output_type", ["end2end", *SPECTRA])
    @pytest.mark.parametrize("normalise_input", [False, True])
    def test_refuses_what_is_not_finite(self, output_type, normalise_input):
        settings = {**SMALL, "output_type": output_type, "normalise_input": normalise_input}
        sounds = noise(4, 500)
        sounds[2, 77] = np.nan
        with pytest.raises(ValueError, match="sample 77 of signal 2 is nan"):
            InputRepresentation(48_000, settings).transform(sounds)

    @pytest.mark.parametrize("output_type", ["end2end", *SPECTRA])
    @pytest.mark.parametrize("shape", [(), (0,), (2, 0), (2, 2, 99)])
    def test_refuses_other_shapes(self, output_type, shape):
        settings = {**SMALL, "output_type": output_type}
        with pytest.raises(ValueError, match="shape"):
            InputRepresentation(48_000, settings).transform(np.zeros(shape))

    @pytest.mark.parametrize("output_type", SPECTRA)
    def test_refuses_a_sound_too_short_to_reflect(self, output_type):
        settings = {**SMALL, "output_type": output_type}
        with pytest.raises(ValueError, match=r"32 samples .*64"):
            InputRepresentation(48_000, settings).transform(noise(32))
        with pytest.raises(ValueError, match=r"32 samples .*64"):
            InputRepresentation.transformShape(32, settings)

    def test_refuses_complex_numbers(self):
        with pytest.raises(TypeError, match="complex"):
            InputRepresentation(48_000).transform(np.zeros(9, dtype=complex))


class TestTransformShape:
    @pytest.mark.parametrize(
        ("settings", "shape"),
        [
            ({}, (48_000,)),
            ({"output_type": "fft"}, (257, 188)),
            ({"output_type": "mel"}, (32, 188)),
            ({"output_type": "fft", "n_bins": 513, "hop_length": 100}, (257, 480)),
            ({"output_type": "mel", "n_mels": 40, "hop_length": 50_000}, (40, 1)),
        ],
    )
    def test_known_shapes(self, settings, shape):
        assert InputRepresentation.transformShape(48_000, settings) == shape

    @pytest.mark.parametrize(
        ("length", "error"), [(0, ValueError), (-1, ValueError), (2.5, TypeError)]
    )
    def test_refuses_a_bad_length(self, length, error):
        with pytest.raises(error, match="data_length"):
            InputRepresentation.transformShape(length, {})

    def test_refuses_bad_settings(self):
        with pytest.raises(ValueError, match="unknown representation setting 'bins'"):
            InputRepresentation.transformShape(100, {"bins": 3})
