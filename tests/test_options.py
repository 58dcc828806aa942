from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kac_prediction.pipeline.training.options import merge_parameters
from kac_prediction.pipeline.training.yaml_file import read_yaml
from kac_prediction.routines import AnyDrum
from models_of_users import parameters
from mutations import many

FOLDER = Path(__file__).parent.parent / "bin/config/local"


@pytest.fixture
def written(tmp_path: Path) -> Any:
    def write(text: str) -> Path:
        path = tmp_path / "parameters.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_later_layers_win_and_nothing_is_added() -> None:
    default = parameters(optimiser="adam")
    merged = merge_parameters(
        default,
        ("a.yaml", {"batch_size": 8, "learning_rate": 0.5}),
        ("wandb", {"learning_rate": 0.25}),
    )
    assert merged == {**default, "batch_size": 8, "learning_rate": 0.25}
    assert merge_parameters(default) == default
    assert default == parameters(optimiser="adam")


def test_what_is_meant_is_taken() -> None:
    values = {"dataset_split": [1, 0, 0], "learning_rate": 1, "seed": 7}
    merged = merge_parameters(parameters(), ("a.yaml", values))
    assert merged["dataset_split"] == (1.0, 0.0, 0.0)
    assert type(merged["learning_rate"]) is float
    assert merged["seed"] == 7


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("batch_size", "5", "a whole number"),
        ("batch_size", 5.5, "a whole number"),
        ("batch_size", True, "a whole number"),
        ("testing", 1, "True or False"),
        ("compile", "yes", "True or False"),
        ("num_of_epochs", None, "a whole number"),
        ("dataset_split", 0.5, "three numbers"),
        ("dataset_split", ["0.5", 0.25, 0.25], "a number"),
        ("augment_gain", "loud", "a number"),
        ("augment_noise", None, "a number"),
        ("seed", "x", "a whole number"),
        ("learning_rate", "fast", "float"),
        ("learning_rate", True, "float"),
        ("layers", 1.5, "int"),
        ("layers", True, "int"),
        ("flag", 1, "bool"),
        ("optimiser", 3, "str"),
        ("sizes", 3, "tuple"),
    ],
)
def test_a_wrong_type_names_key_file_expected_and_found(
    key: str, value: Any, expected: str
) -> None:
    default = parameters(layers=2, flag=True, optimiser="adam", sizes=(1, 2))
    with pytest.raises(TypeError) as caught:
        merge_parameters(default, ("some.yaml", {key: value}))
    assert str(caught.value).startswith(f"{key} in some.yaml must be {expected}")
    assert repr(value) in str(caught.value) or repr(value[0]) in str(caught.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dataset_split": (0.7, 0.2, 0.2)}, "dataset_split in some.yaml .* sum to 1"),
        ({"dataset_split": [0.5, 0.5]}, "dataset_split in some.yaml must be three numbers"),
        ({"num_of_epochs": -1}, "num_of_epochs in some.yaml must be at least 0, got -1"),
        ({"augment_noise": float("nan")}, "augment_noise in some.yaml must be a finite number"),
        ({"warm_up": 1.0}, "warm_up in some.yaml must be below 1, got 1"),
        ({"schedule": "one_circle"}, "schedule in some.yaml .*did you mean one_cycle?"),
        ({"precision": 16}, "precision in some.yaml must be one of auto, float32"),
        ({"patience": 0}, "patience in some.yaml must be at least 1"),
        ({"dataset_size": 0}, "dataset_size in some.yaml"),
        ({"seed": -1}, "seed in some.yaml"),
        ({"num_of_epochs": 0}, r"num_of_epochs = 0 \(in some.yaml\) means until early stopping"),
        ({"with_early_stopping": True, "dataset_split": (1, 0, 0)}, "give it a share"),
    ],
)
def test_values_without_a_meaning(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        merge_parameters(parameters(), ("some.yaml", values))


def test_until_early_stopping() -> None:
    values = {"num_of_epochs": 0, "with_early_stopping": True}
    assert merge_parameters(parameters(), ("a.yaml", values))["num_of_epochs"] == 0


def test_a_default_schedule_gives_way_where_there_is_no_end(written: Any) -> None:
    """As with the yaml files of legacy programs, which have no schedule."""
    file = read_yaml(
        written(
            "batch_size: 32\ndataset_split: !!python/tuple [0.7, 0.15, 0.15]\ndropout: 0.4\n"
            "num_of_epochs: 0\ntesting: False\nwith_early_stopping: True"
        )
    )
    default = parameters(schedule="one_cycle", dropout=0.1)
    assert merge_parameters(default, ("a.yaml", file))["schedule"] == "constant"
    assert merge_parameters(default, ("a.yaml", {"batch_size": 3}))["schedule"] == "one_cycle"
    asked = file | {"schedule": "cosine"}
    with pytest.raises(ValueError, match=r"schedule = cosine \(in a.yaml\) needs to know the end"):
        merge_parameters(default, ("a.yaml", asked))


def test_a_file_without_one_parameter_is_refused_as_another_kind() -> None:
    sweep = {"program": "bin/train.py", "method": "grid", "parameters": {"seed": {"value": 1}}}
    with pytest.raises(ValueError, match=r"program in s\.yaml .* has none of them: .*bin/sweep"):
        merge_parameters(parameters(), ("s.yaml", sweep))


def test_an_unknown_key_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ValueError, match=r"bach_size in some\.yaml .*did you mean batch_size\?"):
        merge_parameters(parameters(), ("some.yaml", {"bach_size": 2}))
    with pytest.raises(ValueError, match=r"zzz in some\.yaml .*: known are augment_band"):
        merge_parameters(parameters(), ("some.yaml", {"zzz": 1}))


def test_defaults_are_checked_too() -> None:
    with pytest.raises(ValueError, match="defaults lack batch_size, testing"):
        merge_parameters(
            {k: v for k, v in parameters().items() if k not in {"batch_size", "testing"}}
        )
    with pytest.raises(
        TypeError, match="batch_size in the defaults must be a whole number, got '4'"
    ):
        merge_parameters(parameters(batch_size="4"))


def test_yaml_with_tuples_and_exponents(written: Any) -> None:
    path = written(
        "dataset_split: !!python/tuple [0.7, 0.15, 0.15]\nlearning_rate: 1e-3\n"
        "weight_decay: -2.5E+2\nname: 1e\nbatch_size: 10 # a comment\n"
    )
    assert read_yaml(path) == {
        "dataset_split": (0.7, 0.15, 0.15),
        "learning_rate": 0.001,
        "weight_decay": -250.0,
        "name": "1e",
        "batch_size": 10,
    }


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n"])
def test_an_empty_file_changes_nothing(text: str, written: Any) -> None:
    assert read_yaml(written(text)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "- 1\n- 2\n",
        "just text",
        "a: [1, 2",
        "a: !!python/object/apply:os.getcwd []",
        "a: b: c",
        "a: " + "[" * 30 + "]" * 30,
        "a: " + "[" * 30_000,
        "- " * 15_000,
        "a: " + "x" * 10**5,
        "a: " + "9" * 5000,
        "a: &a [*a]",
        "a: 2001-13-45",
        "a: !!timestamp x",
        "a: !!bool x",
        "a: 0b_",
        "? [1]\n: 2",
        "a: \0",
    ],
)
def test_other_files_are_named(text: str, written: Any) -> None:
    path = written(text)
    with pytest.raises(ValueError, match=r"parameters\.yaml") as raised:
        read_yaml(path)
    assert len(str(raised.value)) < 600


def test_an_alias_bomb_is_refused(written: Any) -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))
    with pytest.raises(ValueError, match=r"an alias is not taken, write the value out.*line 2"):
        read_yaml(written(text))


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 1\n", "c: {a: 1, a: 2}", "c:\n- a: 1\n  a: 2\n"])
def test_a_key_that_is_there_twice_is_refused(text: str, written: Any) -> None:
    with pytest.raises(ValueError, match=r"the key a is there twice.*line"):
        read_yaml(written(text))


def test_changed_files_are_read_or_refused(written: Any) -> None:
    """Never with an error of another kind."""
    draw, parts = np.random.default_rng(0), [*"\n: -[]{}!&*'#?|>%@`e0.9~", "!!int ", "1e", "\n  "]
    whole, refused = (FOLDER / "any_drum.yaml").read_text(), 0
    for _ in range(many(100)):
        text = whole
        for place in draw.integers(len(whole), size=draw.integers(1, 4)):
            text = text[:place] + str(draw.choice(parts)) + text[place + draw.integers(3) :]
        try:
            merge_parameters(AnyDrum.defaults, ("a.yaml", read_yaml(written(text))))
        except (TypeError, ValueError):
            refused += 1
    assert 0.2 < refused / many(100) < 1


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00a")
    with pytest.raises(ValueError, match=r"x\.yaml is not a yaml file"):
        read_yaml(tmp_path / "x.yaml")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere/x\.yaml"):
        read_yaml("nowhere/x.yaml")
