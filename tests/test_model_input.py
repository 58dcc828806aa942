"""ModelInput: crop, then normalise; and labels to columns."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import unreadable
from kac_prediction.dataset import InputRepresentation
from kac_prediction.pipeline import ModelInput


def recipe(length: int = 8, labels: tuple[str, ...] = ("drum_size",)) -> ModelInput:
    return ModelInput(sample_rate=48000, length=length, labels=labels, units=("m",) * len(labels))


def test_the_crop_comes_before_the_normalisation() -> None:
    sound = np.array([0.0, 1.0, 2.0, 1.0, 100.0, -100.0])
    assert recipe(4).waveforms(sound).tolist() == [-1.0, 0.0, 1.0, 0.0]


@given(arrays(np.float64, (3, 12), elements=st.floats(-1e6, 1e6)))
def test_the_ends_of_each_sound_become_one(sounds: np.ndarray) -> None:
    x = torch.from_numpy(sounds[:, :8])
    low, high = x.amin(-1, keepdim=True), x.amax(-1, keepdim=True)
    constant = high == low
    expected = (x - low) / torch.where(constant, 1, high - low) * 2 - 1
    expected = torch.where(constant, 0, expected)
    # The same bits, from an array and from a tensor; and as a dataset normalises.
    assert torch.equal(recipe(8).waveforms(sounds), expected)
    assert torch.equal(recipe(8).waveforms(torch.from_numpy(sounds)), expected)
    assert np.array_equal(expected.numpy(), InputRepresentation.normalise(sounds[:, :8]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_a_sound_keeps_its_dtype(dtype: torch.dtype) -> None:
    x = recipe(3).waveforms(torch.tensor([0.0, 1.0, 4.0], dtype=dtype))
    assert x.dtype == dtype
    assert x.tolist() == [-1.0, -0.5, 1.0]


def test_a_span_beyond_float64_is_refused() -> None:
    with pytest.raises(ValueError, match="too far apart"):
        recipe(2).waveforms(np.array([-1e308, 1e308]))


def test_a_batch_is_its_sounds_one_by_one() -> None:
    sounds = np.random.default_rng(0).normal(size=(5, 20))
    batch = recipe().waveforms(sounds)
    assert batch.shape == (5, 8)
    assert batch.dtype == torch.float64
    for row, sound in zip(batch, sounds, strict=True):
        assert torch.equal(row, recipe().waveforms(torch.from_numpy(sound)))


def test_the_sounds_given_are_left_alone() -> None:
    sounds = torch.arange(16.0).reshape(2, 8)
    recipe().waveforms(sounds)
    assert torch.equal(sounds, torch.arange(16.0).reshape(2, 8))
    array = np.arange(10)[::-1]
    array.flags.writeable = False
    assert recipe().waveforms(array).tolist() == (np.arange(8)[::-1] / 3.5 - 1).tolist()


def test_a_constant_becomes_zero_and_raw_sound_may_stay_raw() -> None:
    assert recipe().waveforms(np.full(9, 0.3)).tolist() == [0.0] * 8
    raw = ModelInput(48000, 2, ("a",), ("",), normalise=False)
    assert raw.waveforms(torch.tensor([3, 4, 5])).tolist() == [3.0, 4.0]
    assert raw.waveforms(np.float32([0.1, 0.2])).dtype == torch.float32


@given(arrays(np.float32, (3, 8), elements=st.floats(-1e3, 1e3, width=32)))
def test_polarity_is_aligned_by_the_first_loud_sample(sounds: np.ndarray) -> None:
    heard = replace(recipe(), normalise=False, align_polarity=True).waveforms(sounds).numpy()
    for row, sound in zip(heard, sounds, strict=True):
        loud = next(x for x in sound if abs(x) >= 0.5 * np.abs(sound).max())
        assert np.array_equal(row, -sound if loud < 0 else sound)
    normalised = replace(recipe(), align_polarity=True)
    assert torch.equal(normalised.waveforms(-sounds), normalised.waveforms(sounds))
    assert torch.equal(normalised.waveforms(sounds), recipe().waveforms(heard))


@pytest.mark.parametrize("shape", [(7,), (3, 7), (2, 3, 8), ()])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="at least 8 samples at 48000 Hz, got") as error:
        recipe().waveforms(np.zeros(shape))
    assert str(shape) in str(error.value)


def test_a_sample_that_is_not_finite_is_named() -> None:
    sounds = np.zeros((3, 9))
    sounds[1, 5], sounds[2, 8] = np.nan, np.inf
    with pytest.raises(ValueError, match="sample 5 of sound 1 is not a finite number"):
        recipe().waveforms(sounds)
    assert torch.equal(recipe().waveforms(sounds[2]), torch.zeros(8, dtype=torch.float64))


@pytest.mark.parametrize(("kind", "remedy"), [*unreadable.REMEDIES.items()])
def test_what_holds_no_plain_samples_is_refused(kind: str, remedy: str) -> None:
    with pytest.raises(TypeError, match=remedy):
        recipe().inputs(unreadable.waveform(kind))


@pytest.mark.parametrize("sound", [["1"] * 9, np.ones(9) * 1j, [10**400] * 9, None])
def test_what_are_no_real_numbers_is_refused(sound: Any) -> None:
    with pytest.raises(TypeError, match="a waveform must hold real numbers"):
        recipe().inputs(sound)
    with pytest.raises(ValueError, match="equally long"):
        recipe().inputs([[0.0] * 9, [0.0] * 8])


def test_it_survives_a_checkpoint() -> None:
    seen = ModelInput(48000, 1500, ("a",), ("",), representation={"output_type": "mel"})
    assert ModelInput.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen
    assert hash(seen) == hash(ModelInput.from_dict(seen.to_dict()))
    original = ModelInput(44100, 512, ("drum_size", "aspect_ratio"), ("m", ""), normalise=False)
    fields = json.loads(json.dumps(original.to_dict()))
    assert fields["size_convention"] == "sqrt(area)"
    assert ModelInput.from_dict(fields) == original
    aligned = replace(original, align_polarity=True)
    assert ModelInput.from_dict(json.loads(json.dumps(aligned.to_dict()))) == aligned
    with pytest.raises(ValueError, match="colour"):
        ModelInput.from_dict({**fields, "colour": "red"})


def test_a_checkpoint_from_before_scales_and_classes() -> None:
    """As version 0.1.0 wrote it."""
    fields = {
        "sample_rate": 48000,
        "length": 8,
        "labels": ["drum_size"],
        "units": ["m"],
        "normalise": True,
        "size_convention": "sqrt(area)",
        "representation": None,
    }
    assert ModelInput.from_dict(fields) == recipe()
    assert (recipe().scales, dict(recipe().classes)) == (("linear",), {})
    outputs = torch.tensor([[0.25], [-1.0]])
    assert torch.equal(recipe().values(outputs), outputs)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"sample_rate": 0}, "sample_rate"),
        ({"sample_rate": 10**400}, "sample_rate must be at most .* beyond float64"),
        ({"sample_rate": math.inf}, "sample_rate must be a whole number from 1, got inf"),
        ({"sample_rate": math.nan}, "sample_rate must be a whole number from 1, got nan"),
        ({"length": "long"}, "length must be a whole number from 1, got 'long'"),
        ({"length": None}, "length must be a whole number from 1, got None"),
        ({"length": 0.5}, "length"),
        ({"labels": ()}, "labels"),
        ({"labels": ("a", "a"), "units": ("", "")}, "different"),
        ({"units": ()}, "unit"),
    ],
)
def test_impossible_recipes_are_refused(fields: dict[str, object], text: str) -> None:
    good = {"sample_rate": 48000, "length": 8, "labels": ("drum_size",), "units": ("m",)}
    with pytest.raises(ValueError, match=text):
        ModelInput(**(good | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"labels": "drum_size"}, "labels must be a tuple of texts, got the text 'drum_size'"),
        ({"labels": 5}, "labels must be a tuple of texts, got 5"),
        ({"labels": (1,)}, r"labels must be a tuple of texts, got \(1,\)"),
        ({"units": (None,)}, "units must be a tuple of texts"),
        ({"normalise": "no"}, "normalise must be True or False, got 'no'"),
    ],
)
def test_fields_of_other_types_are_refused(fields: dict[str, object], text: str) -> None:
    with pytest.raises(TypeError, match=text):
        replace(recipe(), **fields)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=text):
        ModelInput.from_dict(recipe().to_dict() | fields)
