"""ModelInput: crop, then normalise; and labels to columns."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kac_prediction.dataset import InputRepresentation, RepresentationSettings
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


def test_targets_are_columns_in_the_order_of_the_labels() -> None:
    Y = [
        {"drum_size": torch.tensor([i + 0.5]), "strike": torch.tensor([i + 0.25, i + 0.75])}
        for i in range(3)
    ]
    columns = recipe(labels=("strike", "drum_size")).targets(Y)
    assert columns.tolist() == [[i + 0.25, i + 0.75, i + 0.5] for i in range(3)]


def test_targets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="sample 1 has no label drum_size; it has strike"):
        recipe().targets([{"drum_size": torch.ones(1)}, {"strike": torch.ones(1)}])
    with pytest.raises(ValueError, match="sample 1 has 2 numbers for drum_size, sample 0 has 1"):
        recipe().targets([{"drum_size": torch.ones(1)}, {"drum_size": torch.ones(2)}])
    with pytest.raises(ValueError, match="no samples"):
        recipe().targets([])


MEL: RepresentationSettings = {"output_type": "mel", "n_mels": 9, "log": -80.0}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_representation_is_of_the_normalised_crop(dtype: torch.dtype) -> None:
    sounds = torch.rand(3, 2000, dtype=dtype, generator=torch.Generator().manual_seed(0))
    seen = ModelInput(48000, 1500, ("a",), ("",), representation=MEL)
    mel = InputRepresentation(
        48000, MEL, precision="single" if dtype == torch.float32 else "double"
    )
    inputs = seen.inputs(sounds)
    assert (inputs.dtype, inputs.shape) == (dtype, (3, 9, 6))
    assert torch.allclose(inputs, mel.transform(sounds[:, :1500]))
    assert torch.equal(inputs[1], seen.inputs(sounds[1]))
    raw = ModelInput(48000, 1500, ("a",), ("",), normalise=False, representation=MEL)
    unchanged = InputRepresentation(48000, {**MEL, "normalise_input": False})
    expected = unchanged.transform(sounds[:, :1500]).to(dtype)
    assert torch.allclose(raw.inputs(sounds), expected, atol=1e-3)
    assert not torch.allclose(raw.inputs(sounds), inputs, atol=1)


def test_without_a_representation_a_model_sees_waves() -> None:
    sounds = torch.rand(2, 20)
    assert torch.equal(recipe().inputs(sounds), recipe().waveforms(sounds))


def test_a_representation_must_fit() -> None:
    with pytest.raises(ValueError, match="n_fft"):
        ModelInput(48000, 1500, ("a",), ("",), representation={"n_fft": 9})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ValueError, match="at least 257 samples"):
        ModelInput(48000, 200, ("a",), ("",), representation=MEL)


def test_it_survives_a_checkpoint() -> None:
    seen = ModelInput(48000, 1500, ("a",), ("",), representation=MEL)
    assert ModelInput.from_dict(json.loads(json.dumps(seen.to_dict()))) == seen
    assert hash(seen) == hash(ModelInput.from_dict(seen.to_dict()))
    original = ModelInput(44100, 512, ("drum_size", "aspect_ratio"), ("m", ""), normalise=False)
    fields = json.loads(json.dumps(original.to_dict()))
    assert fields["size_convention"] == "sqrt(area)"
    assert ModelInput.from_dict(fields) == original
    with pytest.raises(ValueError, match="colour"):
        ModelInput.from_dict({**fields, "colour": "red"})


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"sample_rate": 0}, "sample_rate"),
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
    with pytest.raises(TypeError, match="labels must be a tuple"):
        ModelInput(**(good | {"labels": "drum_size"}))  # type: ignore[arg-type]
