"""What InputRepresentation refuses, and in which words."""

import numpy as np
import pytest
import torch

import unreadable
from kac_prediction.dataset import InputRepresentation

SPECTRA = ["fft", "mel"]
SMALL = {"n_bins": 64, "window_length": 50, "hop_length": 20, "n_mels": 5}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("precision", ["half", np.array(["single", "single"]), None])
def test_refuses_another_precision(precision):
    with pytest.raises(ValueError, match="precision must be one of double, single, got"):
        InputRepresentation(48_000, precision=precision)


def test_refuses_numbers_beyond_single_precision():
    single = InputRepresentation(48_000, precision="single")
    with pytest.raises(ValueError, match="beyond float32"):
        single.transform([0.0, 1e300])


@pytest.mark.parametrize("output_type", ["end2end", *SPECTRA])
@pytest.mark.parametrize("normalise_input", [False, True])
def test_refuses_what_is_not_finite(output_type, normalise_input):
    settings = {**SMALL, "output_type": output_type, "normalise_input": normalise_input}
    sounds = noise(4, 500)
    sounds[2, 77] = np.nan
    with pytest.raises(ValueError, match="sample 77 of signal 2 is nan"):
        InputRepresentation(48_000, settings).transform(sounds)


@pytest.mark.parametrize("output_type", ["end2end", *SPECTRA])
@pytest.mark.parametrize("shape", [(), (0,), (2, 0), (2, 2, 99)])
def test_refuses_other_shapes(output_type, shape):
    settings = {**SMALL, "output_type": output_type}
    with pytest.raises(ValueError, match="shape"):
        InputRepresentation(48_000, settings).transform(np.zeros(shape))


@pytest.mark.parametrize(
    ("threads", "error"),
    [(-1, ValueError), (1.0, TypeError), pytest.param(10**5000, ValueError, id="huge")],
)
def test_refuses_a_bad_number_of_threads(threads, error):
    with pytest.raises(error, match="threads must be"):
        InputRepresentation(8000, threads=threads)


def test_says_how_it_read_a_sound_of_two_channels():
    with pytest.raises(ValueError, match=r"2 samples .*\(900, 2\) is the shape of 900 sounds"):
        InputRepresentation(8000, {"output_type": "fft"}).transform(noise(900, 2))


@pytest.mark.parametrize("output_type", SPECTRA)
def test_refuses_a_sound_too_short_to_reflect(output_type):
    settings = {**SMALL, "output_type": output_type}
    with pytest.raises(ValueError, match=r"32 samples .*64"):
        InputRepresentation(48_000, settings).transform(noise(32))
    with pytest.raises(ValueError, match=r"32 samples .*64"):
        InputRepresentation.transformShape(32, settings)


@pytest.mark.parametrize(
    "waveform", [np.zeros(9, complex), torch.zeros(9, dtype=torch.cfloat), ["1", "2"], [None]]
)
def test_refuses_what_are_no_real_numbers(waveform):
    with pytest.raises(TypeError, match=r"real numbers, got (complex|<U|object)"):
        InputRepresentation(48_000).transform(waveform)


@pytest.mark.parametrize(("kind", "remedy"), [*unreadable.REMEDIES.items()])
def test_refuses_what_holds_no_plain_samples(kind, remedy):
    waveform = unreadable.waveform(kind)
    for read in (InputRepresentation(48_000).transform, InputRepresentation.normalise):
        with pytest.raises(TypeError, match=remedy):
            read(waveform)


@pytest.mark.parametrize("ragged", [[[1, 2, 3], [1, 2]], [np.zeros(9), np.zeros(8)]])
def test_refuses_sounds_of_several_lengths(ragged):
    with pytest.raises(ValueError, match="equally long: cut or pad them"):
        InputRepresentation(48_000).transform(ragged)
