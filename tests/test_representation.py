import ast
import copy
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import reference
from kac_prediction import _core
from kac_prediction.dataset import InputRepresentation

SPECTRA = ["fft", "mel"]
SMALL = {"n_bins": 64, "window_length": 50, "hop_length": 20, "n_mels": 5}
RAW = {**SMALL, "normalise_input": False}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def transformed(sounds, settings, rate=8000, **kwargs):
    return InputRepresentation(rate, settings, **kwargs).transform(sounds).numpy()


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

    @pytest.mark.parametrize(("n_bins", "window", "hop"), [(64, 50, 20), (33, 33, 7), (40, 9, 64)])
    @pytest.mark.parametrize("beyond", [1, 2, 30, 500])
    def test_fft_is_the_squared_transform_of_reflected_frames(self, n_bins, window, hop, beyond):
        sound = noise(n_bins // 2 + beyond, seed=beyond)
        settings = {"n_bins": n_bins, "window_length": window, "hop_length": hop}
        settings |= {"output_type": "fft", "normalise_input": False}
        expected = reference.magnitudes(sound, n_bins, window, hop).astype(float) ** 2
        result = transformed(sound, settings)
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-13 * expected.max())

    @pytest.mark.parametrize("f_max", [None, 4000, 1500.0])
    @pytest.mark.parametrize(("scale", "norm"), [(None, None), ("htk", "slaney"), ("slaney", None)])
    def test_mel_sums_the_bins_under_filters(self, f_max, scale, norm):
        sounds = noise(2, 999)
        mel = {**RAW, "output_type": "mel", "f_min": 100.0, "mel_scale": scale, "mel_norm": norm}
        weights = reference.mel_weights(
            64, 5, 100.0, f_max or 4000, 8000, scale or "htk", "area" if norm else "peak"
        )
        for power in (1, 2):
            power_spectrum = transformed(sounds, {**RAW, "output_type": "fft", "power": power})
            result = transformed(sounds, {**mel, "f_max": f_max, "power": power})
            np.testing.assert_allclose(result, weights @ power_spectrum, rtol=1e-11)

    def test_the_default_of_f_max_is_half_the_sample_rate(self):
        sound, mel = noise(999), {**SMALL, "output_type": "mel"}
        expected = transformed(sound, {**mel, "f_max": 4000}).tobytes()
        assert transformed(sound, mel).tobytes() == expected
        assert transformed(sound, mel, rate=16_000).tobytes() != expected

    def test_power_1_is_the_magnitude(self):
        sound, fft = noise(999), {**SMALL, "output_type": "fft"}
        magnitude, power = (transformed(sound, {**fft, "power": power}) for power in (1, 2))
        np.testing.assert_allclose(magnitude**2, power, rtol=1e-15)
        assert transformed(sound, fft).tobytes() == power.tobytes()

    @pytest.mark.parametrize("output_type", SPECTRA)
    @pytest.mark.parametrize(("power", "factor"), [(None, 10), (2, 10), (1, 20)])
    @pytest.mark.parametrize(("log", "floor"), [(True, -100), (-20.5, -20.5), (-7, -7)])
    def test_log_is_decibels_down_to_a_floor(self, output_type, power, factor, log, floor):
        sounds = noise(2, 999)
        sounds[1] *= 1e-9
        settings = {**RAW, "output_type": output_type, "power": power}
        expected = np.maximum(factor * np.log10(transformed(sounds, settings)), floor)
        result = transformed(sounds, {**settings, "log": log})
        np.testing.assert_allclose(result, expected, rtol=0, atol=1e-12)
        assert result.min() == floor
        silence = transformed(np.zeros(999), {**settings, "log": log})
        assert (silence == floor).all()

    @pytest.mark.parametrize("output_type", ["end2end", *SPECTRA])
    @pytest.mark.parametrize("normalise_input", [False, True])
    def test_single_precision(self, output_type, normalise_input):
        settings = {**SMALL, "output_type": output_type, "normalise_input": normalise_input}
        sounds = noise(3, 801)
        exact = transformed(sounds, settings)
        result = transformed(sounds, settings, precision="single")
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, exact, rtol=0, atol=2e-6 * np.abs(exact).max())
        narrow = sounds.astype(np.float32)
        assert transformed(narrow, settings, precision="single").tobytes() == result.tobytes()
        threads = transformed(sounds, settings, precision="single", threads=5)
        assert threads.tobytes() == result.tobytes()

    @pytest.mark.parametrize(
        ("precision", "least", "most"), [("double", 162, 154), ("single", 23, 19)]
    )
    def test_powers_end_where_the_settings_say(self, precision, least, most):
        """An impulse has one magnitude at all frequencies, its own."""
        fft, impulse = {**RAW, "output_type": "fft"}, np.eye(1, 321, 160)[0]
        for size, expected in ((-least - 2, 0), (most + 1, np.inf)):
            sound = impulse * 10.0**size
            powers = transformed(sound, fft, precision=precision)[:, 8]
            np.testing.assert_array_equal(powers, expected)
            magnitudes = transformed(sound, {**fft, "power": 1}, precision=precision)[:, 8]
            np.testing.assert_allclose(magnitudes, 10.0**size, rtol=1e-6)
        for size in (-least + 2, most - 1):
            powers = transformed(impulse * 10.0**size, fft, precision=precision)[:, 8]
            assert ((powers > 0) & np.isfinite(powers)).all()

    @pytest.mark.parametrize(
        ("precision", "power", "most"),
        [("double", 2, 1e150), ("double", 1, 1e300), ("single", 2, 1e15), ("single", 1, 1e33)],
    )
    def test_samples_up_to_where_spectra_may_not_be_finite(self, precision, power, most):
        for n_bins in (64, 1023, 4096):
            frames = {"n_bins": n_bins, "window_length": n_bins, "hop_length": n_bins}
            settings = {**RAW, **frames, "output_type": "fft", "power": power}
            for loud in (np.full(n_bins, most), np.sign(noise(n_bins)) * most):
                assert np.isfinite(transformed(loud, settings, precision=precision)).all()

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
            assert torch.equal(representation.transform(sounds.astype(">f8")), expected)
            assert torch.equal(representation.transform(np.flip(sounds[::-1], 0)), expected)
            singles = torch.stack([representation.transform(sound) for sound in sounds])
            assert torch.equal(singles, expected)

    @pytest.mark.parametrize("output_type", ["end2end", *SPECTRA])
    @pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int64", "bool", "float16"])
    def test_numbers_of_any_kind(self, output_type, dtype):
        settings = {**SMALL, "output_type": output_type}
        sounds = (noise(2, 300) * 3 + 5).astype(dtype)
        expected = transformed(sounds.astype(float), settings)
        for given in (sounds, torch.from_numpy(sounds)):
            np.testing.assert_array_equal(transformed(given, settings), expected)

    def test_tensors_of_any_kind(self):
        sounds = torch.from_numpy(noise(2, 300)).bfloat16()
        expected = transformed(sounds.double().numpy(), {})
        for given in (
            sounds,
            sounds.double().requires_grad_(),
            sounds.float().T.contiguous().T,
            torch.complex(sounds.float(), -sounds.float()).conj().imag,
        ):
            result = InputRepresentation(8000).transform(given)
            assert not result.requires_grad
            np.testing.assert_array_equal(result.numpy(), expected)

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
    @pytest.mark.parametrize("precision", ["double", "single"])
    def test_a_tensor_comes_back_where_it_was(self, precision):
        representation = InputRepresentation(
            8000, {**SMALL, "output_type": "mel"}, precision=precision
        )
        sounds = torch.from_numpy(noise(3, 300))
        result = representation.transform(sounds.cuda())
        assert result.device.type == "cuda"
        assert torch.equal(result.cpu(), representation.transform(sounds))

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
    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
    def test_copies_do_the_same(self, output_type, copied):
        original = InputRepresentation(
            8000, {**SMALL, "output_type": output_type}, threads=2, precision="single"
        )
        again = copied(original)
        assert torch.equal(again.transform(noise(500)), original.transform(noise(500)))
        assert (again.threads, again.settings) == (2, original.settings)

    @pytest.mark.parametrize("output_type", SPECTRA)
    def test_what_it_shows_cannot_be_changed(self, output_type):
        representation = InputRepresentation(8000, {**SMALL, "output_type": output_type})
        expected = representation.transform(noise(500))
        before = representation.settings
        representation.settings["n_bins"] = 4096
        representation.settings["output_type"] = "end2end"
        representation.settings.clear()
        assert representation.settings == before
        for name in ("settings", "sample_rate", "precision"):
            with pytest.raises(AttributeError):
                setattr(representation, name, before)
        for same in (representation, pickle.loads(pickle.dumps(representation))):
            assert torch.equal(same.transform(noise(500)), expected)

    @pytest.mark.parametrize(
        ("arguments", "text"),
        [
            ((48_000,), "InputRepresentation(48000)"),
            ((8000, {"n_bins": 512, "power": 2}), "InputRepresentation(8000)"),
            (
                (8000, {"output_type": "mel", "log": True, "normalise_input": False}),
                "InputRepresentation(8000, {'log': -100.0, 'normalise_input': False, "
                "'output_type': 'mel'})",
            ),
        ],
    )
    @pytest.mark.parametrize("options", [{}, {"threads": 2}, {"threads": 3, "precision": "single"}])
    def test_it_shows_how_to_make_it_again(self, arguments, text, options):
        representation = InputRepresentation(*arguments, **options)
        shown = "".join(f", {name}={value!r}" for name, value in options.items())
        assert repr(representation) == f"{text[:-1]}{shown})"
        again = eval(repr(representation))
        assert vars(again).keys() == vars(representation).keys()
        for name in ("precision", "sample_rate", "settings", "threads"):
            assert getattr(again, name) == getattr(representation, name)


@pytest.mark.filterwarnings("ignore")  # what librosa imports warns of itself
def test_the_recipe_for_librosas_mel_spectrogram():
    librosa = pytest.importorskip("librosa", reason="librosa is not installed")
    text = (Path(__file__).parents[1] / "docs/spectra.md").read_text()
    settings = ast.literal_eval(re.search(r"librosa's mel .*? is `(\{.*?\})`", text, re.S)[1])
    sound = noise(9000)
    expected = librosa.feature.melspectrogram(
        y=sound, sr=22_050, pad_mode="reflect", dtype=np.float64
    )
    result = transformed(sound, settings, rate=22_050)
    np.testing.assert_allclose(result, expected, rtol=0, atol=1e-10 * expected.max())


PROGRAM = """
import hashlib
import numpy as np
from kac_prediction import _core

sounds = np.random.default_rng(3).normal(size=(5, 20011))
sounds[3] = 0.7
print(_core.instruction_set())
for precision in ("double", "single"):
    signals = _core.normalise(sounds, precision)
    print(hashlib.sha256(signals.tobytes()).hexdigest())
    for filters in (None, _core.MelFilters(512, 32, 22.05, 24000, 48000)):
        for power, floor in ((2, None), (1, -300)):
            plan = _core.Spectrogram(512, 500, 256, filters, power, floor, precision)
            print(hashlib.sha256(plan.transform(signals).tobytes()).hexdigest())
"""


def test_all_instruction_sets_make_the_same_bits():
    printed = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | {"KAC_ISA": name},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for name in _core.instruction_sets()
    ]
    assert [lines[0] for lines in printed] == _core.instruction_sets()
    assert len(set(printed[0])) == 11
    assert all(lines[1:] == printed[0][1:] for lines in printed)
