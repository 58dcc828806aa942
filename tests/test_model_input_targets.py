"""ModelInput: labels to columns, and outputs to answers."""

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

from kac_prediction.pipeline import ModelInput
from kac_prediction.samplers import FAMILIES, PoissonModel


def recipe(length: int = 8, labels: tuple[str, ...] = ("drum_size",)) -> ModelInput:
    return ModelInput(sample_rate=48000, length=length, labels=labels, units=("m",) * len(labels))


def test_targets_are_columns_in_the_order_of_the_labels() -> None:
    Y = [
        {"drum_size": torch.tensor([i + 0.5]), "strike": torch.tensor([i + 0.25, i + 0.75])}
        for i in range(3)
    ]
    columns = recipe(labels=("strike", "drum_size")).targets(Y)
    assert columns.tolist() == [[i + 0.25, i + 0.75, i + 0.5] for i in range(3)]


SHAPE = ModelInput(
    sample_rate=48000,
    length=8,
    labels=("drum_size", "family", "aspect_ratio"),
    units=("m", "", ""),
    scales=("log", "linear", "log"),
    classes={"family": FAMILIES},
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
    with pytest.raises(ValueError, match="missing must be one of raise, nan, got 'skip'"):
        SHAPE.targets(Y, missing="skip")  # type: ignore[arg-type]


def test_targets_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="sample 1 has no label drum_size; it has strike"):
        recipe().targets([{"drum_size": torch.ones(1)}, {"strike": torch.ones(1)}])
    with pytest.raises(ValueError, match="sample 1 has 2 numbers for drum_size, sample 0 has 1"):
        recipe().targets([{"drum_size": torch.ones(1)}, {"drum_size": torch.ones(2)}])
    with pytest.raises(ValueError, match="no samples"):
        recipe().targets([])


def test_scales_and_classes_survive_a_checkpoint(tmp_path: Path) -> None:
    for again in (
        ModelInput.from_dict(json.loads(json.dumps(SHAPE.to_dict()))),
        pickle.loads(pickle.dumps(SHAPE)),
    ):
        assert again == SHAPE
        assert hash(again) == hash(SHAPE)
        assert again.classes["family"] == FAMILIES
    torch.save(SHAPE.to_dict(), tmp_path / "recipe.pt")
    assert ModelInput.from_dict(torch.load(tmp_path / "recipe.pt", weights_only=True)) == SHAPE
    assert replace(SHAPE, scales=()) != SHAPE
    assert replace(SHAPE, classes={}) != SHAPE


OUTLINED = replace(
    SHAPE,
    labels=("family", "outline", "drum_size"),
    units=("", "", "m"),
    scales=("linear", "linear", "log"),
    sizes={"outline": 3},
    spreads=("drum_size",),
)


def test_several_numbers_and_spreads_among_the_outputs() -> None:
    assert OUTLINED.outputs == len(FAMILIES) + 3 + 1 + 1
    outputs = torch.arange(16.0).reshape(2, 8)
    parts = OUTLINED.split(outputs)
    assert parts["family"].tolist() == [[0, 1, 2], [8, 9, 10]]
    assert parts["outline"].tolist() == [[3, 4, 5], [11, 12, 13]]
    assert parts["drum_size"].tolist() == [[6], [14]]
    assert OUTLINED.log_spreads(outputs)["drum_size"].tolist() == [[7], [15]]
    assert OUTLINED.log_spreads(outputs[0])["drum_size"].tolist() == [7]
    expected = [2, 3, 4, 5, math.exp(6)]
    torch.testing.assert_close(OUTLINED.values(outputs)[0], torch.tensor(expected))
    assert SHAPE.log_spreads(torch.zeros(SHAPE.outputs)) == {}
    with pytest.raises(
        ValueError, match=r"needs 8: 3 for family, 3 for outline, 1 for drum_size, 1"
    ):
        OUTLINED.split(outputs[:, 1:])


def test_targets_of_several_numbers() -> None:
    tensors = {"family": torch.tensor([1.0]), "outline": torch.arange(3.0)}
    columns = OUTLINED.targets([tensors | {"drum_size": torch.tensor([1.0])}])
    assert columns.tolist() == [[1, 0, 1, 2, 0]]
    unknown = OUTLINED.targets([{"family": torch.tensor([1.0])}], missing="nan")
    assert unknown.shape == (1, 5)
    assert unknown.isnan().tolist() == [[False, True, True, True, True]]
    with pytest.raises(ValueError, match="outline has 1 numbers a sample, the model 3"):
        OUTLINED.targets([tensors | {"outline": torch.ones(1), "drum_size": torch.ones(1)}])


def test_sizes_and_spreads_survive_a_checkpoint() -> None:
    stored = OUTLINED.to_dict()
    assert ModelInput.from_dict(json.loads(json.dumps(stored))) == OUTLINED
    assert not {"sizes", "spreads"} & SHAPE.to_dict().keys()
    assert replace(OUTLINED, spreads=()) != OUTLINED


def test_what_it_was_made_of_may_change_afterwards() -> None:
    names = {"family": list(FAMILIES)}
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
        ({"scales": ("log", "linear", "dB")}, ValueError, "one of linear, log, got 'dB'"),
        ({"scales": ("log", "log", "log")}, ValueError, "family is a class and has no logarithm"),
        ({"classes": ("family",)}, TypeError, "classes must map labels to their names"),
        ({"classes": {"family": "circle"}}, TypeError, "family must be a tuple of texts"),
        ({"classes": {"shape": FAMILIES}}, ValueError, "'shape', which is none of drum_size"),
        ({"classes": {"family": ("circle",)}}, ValueError, "two or more different names"),
        ({"classes": {"family": ("circle", "circle")}}, ValueError, "two or more different names"),
        ({"classes": {"family": ("circle", "")}}, ValueError, "two or more different names"),
        ({"sizes": ("drum_size",)}, TypeError, "sizes must map labels to how many"),
        ({"sizes": {"outline": 3}}, ValueError, "'outline', which is no number among drum_size"),
        ({"sizes": {"family": 3}}, ValueError, "'family', which is no number among drum_size"),
        ({"sizes": {"drum_size": 1}}, ValueError, "size of drum_size must be at least 2, got 1"),
        ({"spreads": "drum_size"}, TypeError, "spreads must be a tuple of texts"),
        ({"spreads": ("family",)}, ValueError, "some of drum_size, aspect_ratio, once each"),
        ({"spreads": ("drum_size", "drum_size")}, ValueError, "once each"),
        (
            {"classes": {"family": (0, 1)}},
            TypeError,
            r"of family must be a tuple of texts, got \(0, 1\)",
        ),
    ],
)
def test_impossible_scales_and_classes_are_refused(
    fields: dict[str, Any], error: type[Exception], text: str
) -> None:
    with pytest.raises(error, match=text):
        replace(SHAPE, **fields)
    with pytest.raises(ValueError, match=text):
        ModelInput.from_dict(SHAPE.to_dict() | fields)
