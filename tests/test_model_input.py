"""ModelInput: crop, then normalise; and labels to columns."""

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch.utils.data import DataLoader

import unreadable
from kac_prediction.dataset import InputRepresentation, RepresentationSettings
from kac_prediction.pipeline import ModelInput
from kac_prediction.samplers import PoissonModel
from kac_prediction.samplers.families import FAMILIES, FAMILY_NAMES


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


def test_targets_are_columns_in_the_order_of_the_labels() -> None:
    Y = [
        {"drum_size": torch.tensor([i + 0.5]), "strike": torch.tensor([i + 0.25, i + 0.75])}
        for i in range(3)
    ]
    columns = recipe(labels=("strike", "drum_size")).targets(Y)
    assert columns.tolist() == [[i + 0.25, i + 0.75, i + 0.5] for i in range(3)]


FAMILIES_HEARD = ("circle", "rectangle", "polygon")
SHAPE = ModelInput(
    sample_rate=48000,
    length=8,
    labels=("drum_size", "family", "aspect_ratio"),
    units=("m", "", ""),
    scales=("log", "linear", "log"),
    classes={"family": FAMILIES_HEARD},
)


def drums(*rows: tuple[float, ...]) -> list[dict[str, torch.Tensor]]:
    """Labels of drums, each given as (size, family, aspect ratio) or the first of these."""
    names = ("drum_size", "family", "aspect_ratio")
    return [
        {name: torch.tensor([x], dtype=torch.float64) for name, x in zip(names, row, strict=False)}
        for row in rows
    ]


def test_targets_are_float64_whatever_the_labels_are() -> None:
    assert recipe().targets([{"drum_size": torch.tensor([3])}]).dtype == torch.float64
    assert recipe().targets([{"drum_size": torch.tensor(3.0)}]).tolist() == [[3.0]]


def test_a_logarithm_is_that_of_the_number() -> None:
    """Sizes of a real sampler, their octaves counted by NumPy."""
    sampler = PoissonModel(0.01, 48000, drum_size=(0.1, 1.0), aspect_ratio=(1.0, 4.0))
    sampler.seed(0)
    _, labels = sampler.render(range(0, 100, 5))
    rows = [{k: torch.tensor(x, dtype=torch.float64) for k, x in y.items()} for y in labels]
    seen = ModelInput(48000, 8, ("strike_location", "drum_size"), ("", "m"), scales=("log", "log"))
    rows = [each | {"strike_location": each["strike_location"].clamp(0.1)} for each in rows]
    targets = seen.targets(rows)
    assert targets.shape == (20, 3)
    octaves = np.log2([each["drum_size"][0] for each in labels])
    assert targets[:, 2].numpy() / math.log(2) == pytest.approx(octaves, rel=1e-12)
    assert targets[3, :2].exp().tolist() == pytest.approx(rows[3]["strike_location"].tolist())


@given(
    st.lists(
        st.tuples(st.floats(1e-3, 1e3), st.integers(0, 2), st.floats(1e-3, 1e3)),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_learnt_perfectly_is_answered_perfectly(rows: list[tuple[float, ...]]) -> None:
    """Outputs with a high logit for the right class and the targets elsewhere."""
    targets = SHAPE.targets(drums(*rows))
    outputs = torch.zeros(len(rows), SHAPE.outputs, dtype=torch.float64)
    columns = SHAPE.split(outputs)  # views: what is written to them is in the outputs
    columns["drum_size"][:] = targets[:, 0:1]
    columns["family"][range(len(rows)), targets[:, 1].long()] = 5.0
    columns["aspect_ratio"][:] = targets[:, 2:3]
    assert torch.allclose(SHAPE.values(outputs), torch.tensor(rows, dtype=torch.float64))
    assert torch.equal(SHAPE.values(outputs), SHAPE.unscaled(targets))
    # Less loss nowhere: the columns are those that a loss takes.
    right = torch.nn.functional.cross_entropy(columns["family"], targets[:, 1].long())
    assert right < torch.nn.functional.cross_entropy(columns["family"] * 0, targets[:, 1].long())


def test_outputs_are_split_in_the_order_of_the_labels() -> None:
    assert (SHAPE.outputs, recipe().outputs) == (5, 1)
    outputs = torch.tensor([[0.0, -1.0, 3.0, 2.0, math.log(2)], [math.log(0.5), 9, 8, 7, 0]])
    split = SHAPE.split(outputs)
    assert {name: x.shape for name, x in split.items()} == {
        "drum_size": (2, 1),
        "family": (2, 3),
        "aspect_ratio": (2, 1),
    }
    assert torch.equal(split["family"], outputs[:, 1:4])
    expected = torch.tensor([[1.0, 1.0, 2.0], [0.5, 0.0, 1.0]])
    assert torch.allclose(SHAPE.values(outputs), expected)
    assert torch.equal(SHAPE.values(outputs[1]), SHAPE.values(outputs)[1])


@pytest.mark.parametrize("wrong", [torch.zeros(3, 4), torch.zeros(6), torch.tensor(1.0)])
def test_another_number_of_outputs_is_refused(wrong: torch.Tensor) -> None:
    text = "needs 5: 1 for drum_size, 3 for family, 1 for aspect_ratio"
    for method in (SHAPE.split, SHAPE.values):
        with pytest.raises(ValueError, match=text):
            method(wrong)
    with pytest.raises(ValueError, match="a column for each of drum_size, family, aspect_ratio"):
        SHAPE.unscaled(wrong)


def test_values_have_the_digits_of_float32() -> None:
    """In bfloat16, exp(-0.8) would be off by a hundredth, as many as the error that is reported."""
    outputs = torch.tensor([[-0.8, 1, 2, 3, 1.1]]).bfloat16()
    values = SHAPE.values(outputs)
    assert values.dtype == torch.float32
    exact = np.exp(outputs[0, [0, 4]].double().numpy())
    assert values[0, [0, 2]].numpy() == pytest.approx(exact, rel=1e-6)
    assert SHAPE.values(outputs.double()).dtype == torch.float64


def test_a_label_that_a_family_does_not_have_is_nan() -> None:
    Y = drums((0.5, 0), (0.5, 1, 2.0), (0.5, 2, math.nan))
    targets = SHAPE.targets(Y, missing="nan")
    assert targets.isnan().tolist() == [
        [False, False, True],
        [False, False, False],
        [False, False, True],
    ]
    assert SHAPE.unscaled(targets)[:, 2].isnan().tolist() == [True, False, True]
    with pytest.raises(ValueError, match="sample 0 has no label aspect_ratio; it has drum_size, f"):
        SHAPE.targets(Y)
    with pytest.raises(ValueError, match="sample 2 has aspect_ratio nan"):
        replace(SHAPE, classes={}).targets(drums((1, 1, 1), (1, 1, 1), (1, 1, math.nan)))
    # As many columns as samples that have the label say.
    pair = recipe(labels=("strike",)).targets([{}, {"strike": torch.ones(2)}], missing="nan")
    assert pair.isnan().tolist() == [[True, True], [False, False]]
    assert recipe().targets([{}], missing="nan").isnan().tolist() == [[True]]


@pytest.mark.parametrize(
    ("drum", "text"),
    [
        ((0.0, 1, 1), "sample 1 has drum_size 0: what is learnt as a logarithm must be above 0"),
        ((-0.25, 1, 1), "sample 1 has drum_size -0.25"),
        ((0.3, 1, math.inf), "sample 1 has aspect_ratio inf: a label must be finite"),
        ((0.3, 3, 1), "sample 1 has family 3: .* one of circle, rectangle, polygon"),
        ((0.3, -1, 1), "sample 1 has family -1"),
        ((0.3, 0.5, 1), "sample 1 has family 0.5"),
    ],
)
@pytest.mark.parametrize("missing", ["raise", "nan"])
def test_numbers_that_cannot_be_learnt_are_named(
    drum: tuple[float, ...], text: str, missing: Any
) -> None:
    with pytest.raises(ValueError, match=text):
        SHAPE.targets(drums((0.3, 1, 1), drum, (0.3, 1, 1)), missing)


def test_a_class_is_one_number() -> None:
    Y = [each | {"family": torch.zeros(2)} for each in drums((0.3, 1, 1.0))]
    with pytest.raises(ValueError, match="family is a class, one number a sample, got 2"):
        SHAPE.targets(Y)
    with pytest.raises(ValueError, match="missing must be 'raise' or 'nan', got 'skip'"):
        SHAPE.targets(Y, missing="skip")  # type: ignore[arg-type]


def test_every_family_that_can_be_heard_was_published() -> None:
    assert set(FAMILY_NAMES) == set(FAMILIES_HEARD)
    assert sorted(FAMILY_NAMES.values()) == sorted(FAMILIES)


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


CROWDED: RepresentationSettings = {"output_type": "mel", "n_mels": 77}


def test_spectra_are_planned_once(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever asks, and as often: every plan of these warns of its silent filters."""
    seen = ModelInput(48000, 1500, ("a",), ("",), representation=CROWDED)
    sounds = torch.rand(2, 1500, dtype=torch.float64)
    expected = seen.inputs(sounds)
    copies = [copy.deepcopy(seen), pickle.loads(pickle.dumps(seen)), replace(seen, normalise=False)]
    for again in (seen, *copies):
        assert torch.equal(again.inputs(seen.waveforms(sounds)), expected)
        assert ModelInput.from_dict(again.to_dict()) == again
    assert (copies[0], copies[1]) == (seen, seen)
    assert sum("stay silent" in record.message for record in caplog.records) == 1
    for _ in range(3):  # The other precision has a plan of its own.
        assert torch.allclose(seen.inputs(sounds.float()).double(), expected, rtol=1e-4)
    assert sum("stay silent" in record.message for record in caplog.records) == 2


class Seen(torch.utils.data.Dataset[torch.Tensor]):
    def __init__(self, model_input: ModelInput, sounds: torch.Tensor) -> None:
        self.model_input, self.sounds = model_input, sounds

    def __getitem__(self, i: int) -> torch.Tensor:
        return self.model_input.inputs(self.sounds[i])

    def __len__(self) -> int:
        return len(self.sounds)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_worker_of_a_loader_sees_the_same_spectra() -> None:
    seen = ModelInput(48000, 1500, ("a",), ("",), representation=MEL)
    sounds = torch.rand(4, 1500)
    expected = seen.inputs(sounds)
    loader = DataLoader(Seen(seen, sounds), 4, num_workers=1, multiprocessing_context="fork")
    assert torch.equal(next(iter(loader)), expected)


def test_halves_hold_a_spectrum_or_it_is_refused() -> None:
    """The power of a tone is (n_bins / 4)^2 at its peak, and float16 ends at 65504."""
    tone = torch.sin(2 * torch.pi * torch.arange(4096) / 16).half()
    settings: Any = {"output_type": "fft", "n_bins": 2048, "window_length": 2048}

    def seen(**others: Any) -> ModelInput:
        return ModelInput(48000, 4096, ("a",), ("",), representation=settings | others)

    with pytest.raises(ValueError, match=r"beyond torch.float16, .* 6.55e\+04: set log .* wider"):
        seen().inputs(tone)
    for remedied in (seen(log=-80.0).inputs(tone), seen(power=1).inputs(tone)):
        assert remedied.dtype == torch.float16
        assert torch.isfinite(remedied).all()
    with pytest.raises(ValueError, match=r"beyond torch.float8_e5m2, .* less amplitude"):
        seen().inputs(tone.to(torch.float8_e5m2))
    power = seen().inputs(tone.float())
    assert power.max() == pytest.approx(512**2, rel=1e-3)
    torch.testing.assert_close(seen().inputs(tone.bfloat16()).float(), power, rtol=0, atol=2000)


@pytest.mark.parametrize(("dtype", "size"), [(torch.float32, 1e20), (torch.float64, 1e160)])
def test_a_spectrum_that_overflows_is_refused(dtype: torch.dtype, size: float) -> None:
    seen = ModelInput(48000, 1500, ("a",), ("",), normalise=False, representation=MEL)
    with pytest.raises(ValueError, match=f"a spectrum is beyond {dtype}, .* less amplitude"):
        seen.inputs(size * torch.rand(2, 1500, dtype=dtype))
    assert seen.inputs(torch.rand(0, 1500, dtype=dtype)).shape == (0, 9, 6)


def test_without_a_representation_a_model_sees_waves() -> None:
    sounds = torch.rand(2, 20)
    assert torch.equal(recipe().inputs(sounds), recipe().waveforms(sounds))


def test_a_representation_must_fit() -> None:
    with pytest.raises(ValueError, match="n_fft"):
        ModelInput(48000, 1500, ("a",), ("",), representation={"n_fft": 9})  # type: ignore[typeddict-unknown-key]
    with pytest.raises(ValueError, match="f_max must be at most half the sample rate"):
        ModelInput(8000, 1500, ("a",), ("",), representation={**MEL, "f_max": 5000})
    for wrong in ("mel", 5, [("n_bins", 512)]):
        with pytest.raises(TypeError, match=r"such as \{'output_type': 'mel'\}, or None, got"):
            ModelInput(48000, 1500, ("a",), ("",), representation=wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="n_bins must be a whole number"):
        ModelInput(48000, 1500, ("a",), ("",), representation={"n_bins": [5]})  # type: ignore[typeddict-item]
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


def test_scales_and_classes_survive_a_checkpoint(tmp_path: Path) -> None:
    for again in (
        ModelInput.from_dict(json.loads(json.dumps(SHAPE.to_dict()))),
        pickle.loads(pickle.dumps(SHAPE)),
    ):
        assert again == SHAPE
        assert hash(again) == hash(SHAPE)
        assert again.classes["family"] == FAMILIES_HEARD
    torch.save(SHAPE.to_dict(), tmp_path / "recipe.pt")
    assert ModelInput.from_dict(torch.load(tmp_path / "recipe.pt", weights_only=True)) == SHAPE
    assert replace(SHAPE, scales=()) != SHAPE
    assert replace(SHAPE, classes={}) != SHAPE


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


def test_what_it_was_made_of_may_change_afterwards() -> None:
    names = {"family": list(FAMILIES_HEARD)}
    seen = replace(SHAPE, classes=names)  # type: ignore[arg-type]
    names["family"].clear()
    assert seen == SHAPE
    with pytest.raises(FrozenInstanceError):
        seen.scales = ("linear",) * 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("fields", "error", "text"),
    [
        ({"scales": "log"}, TypeError, "scales must be a tuple of texts, got the text 'log'"),
        ({"scales": ("log", "log")}, ValueError, "each of 3 labels needs its scale"),
        ({"scales": ("log", "linear", "dB")}, ValueError, "'linear' or 'log', got 'dB'"),
        ({"scales": ("log", "log", "log")}, ValueError, "family is a class and has no logarithm"),
        ({"classes": ("family",)}, TypeError, "classes must map labels to their names"),
        ({"classes": {"family": "circle"}}, TypeError, "family must be a tuple of texts"),
        ({"classes": {"shape": FAMILIES_HEARD}}, ValueError, "'shape', which is none of drum_size"),
        ({"classes": {"family": ("circle",)}}, ValueError, "two or more different names"),
        ({"classes": {"family": ("circle", "circle")}}, ValueError, "two or more different names"),
        ({"classes": {"family": ("circle", "")}}, ValueError, "two or more different names"),
        ({"classes": {"family": (0, 1)}}, ValueError, "two or more different names"),
    ],
)
def test_impossible_scales_and_classes_are_refused(
    fields: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        replace(SHAPE, **fields)
    with pytest.raises(ValueError, match=text):
        ModelInput.from_dict(SHAPE.to_dict() | fields)


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
    with pytest.raises(TypeError, match="labels must be a tuple"):
        ModelInput(**(good | {"labels": "drum_size"}))  # type: ignore[arg-type]
