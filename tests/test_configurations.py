"""The options of a training agree: fields, `Parameters`, the docs, and the yaml files."""

from dataclasses import MISSING, fields
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
import yaml

from kac_prediction import routines
from kac_prediction.cli import ROUTINES
from kac_prediction.pipeline import Parameters, TrainingOptions
from kac_prediction.pipeline.training.options import merge_parameters
from kac_prediction.pipeline.training.yaml_file import read_yaml

FOLDER = Path(__file__).parent.parent / "bin" / "config"
DEFAULTS = {name: getattr(routines, name).defaults for name in ROUTINES}
FILES = {
    "any_drum.yaml": "AnyDrum",
    "dim_of_rectangular_drum.yaml": "DimOfRectangularDrum",
    "shape_of_drum.yaml": "ShapeOfDrum",
    "size_of_circular_drum.yaml": "SizeOfCircularDrum",
    "size_of_polygonal_drum.yaml": "SizeOfPolygonalDrum",
}


def test_every_routine_has_its_files() -> None:
    assert set(FILES.values()) == set(ROUTINES)
    for kind in ("local", "wandb"):
        assert {path.name for path in FOLDER.glob(f"{kind}/*.yaml")} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_local_files_are_the_defaults(name: str) -> None:
    defaults = DEFAULTS[FILES[name]]
    assert merge_parameters(defaults, (name, read_yaml(FOLDER / "local" / name))) == defaults
    assert set(read_yaml(FOLDER / "local" / name)) == set(defaults)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("wandb/*.yaml")), ids=lambda path: path.name)
def test_sweeps_name_a_routine_and_values_that_it_takes(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sweep: dict[str, Any] = yaml.safe_load(path.read_text())
    assert (FOLDER.parent.parent / sweep["program"]).is_file()
    (routine,) = set(sweep["command"]) & set(ROUTINES)
    assert routine == FILES[path.name]
    assert sweep["metric"]["name"].split(".")[0].endswith("_loss")
    for name, choice in sweep["parameters"].items():
        ends = [choice[end] for end in ("min", "max", "value") if end in choice]
        for value in [*choice.get("values", []), *ends]:
            merge_parameters(DEFAULTS[routine], (str(path), {name: value}))
    assert not caplog.records


def values(name: str) -> str:
    """What an option may be, in words."""
    kind = get_type_hints(TrainingOptions)[name]
    (option,) = (each for each in fields(TrainingOptions) if each.name == name)
    if all(isinstance(choice, str) for choice in get_args(kind) or [0]):
        return ", ".join(f"`{choice}`" for choice in get_args(kind))
    words = {"above": "above", "least": "from", "most": "to", "below": "below"}
    limits = {key: limit for key, limit in option.metadata.items() if key in words}
    return ", ".join(f"{words[key]} {limit}" for key, limit in limits.items())


def test_the_docs_list_every_option_in_the_words_of_the_code() -> None:
    page = (FOLDER.parent.parent / "docs/training.md").read_text(encoding="utf-8")
    rows = []
    for option in fields(TrainingOptions):
        default = "" if option.default is None else f"`{option.default}`"
        if option.default is MISSING:
            default = "required"
        meaning = option.metadata["meaning"]
        rows.append(f"| `{option.name}` | {default} | {values(option.name)} | {meaning} |")
    assert "\n".join(rows) in page


def test_parameters_are_the_options() -> None:
    hints, options = get_type_hints(Parameters), get_type_hints(TrainingOptions)
    assert list(hints) == [option.name for option in fields(TrainingOptions)]
    for option in fields(TrainingOptions):
        kind = options[option.name]
        optional = option.default is None
        assert (NoneType in get_args(kind)) == optional
        assert kind == (hints[option.name] | None if optional else hints[option.name])
        required = option.default is MISSING
        assert (option.name in Parameters.__required_keys__) == required
        assert option.metadata["meaning"]
