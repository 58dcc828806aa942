"""The yaml files that come with the project."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kac_prediction.cli import ROUTINES
from kac_prediction.pipeline.training.options import merge_parameters, read_yaml
from kac_prediction.routines import ROWS

FOLDER = Path(__file__).parent.parent / "bin" / "config"
DEFAULTS = {row.task.name: row.task.defaults for row in ROWS}
FILES = {
    "dim_of_rectangular_drum.yaml": "DimOfRectangularDrum",
    "shape_of_drum.yaml": "ShapeOfDrum",
    "size_of_circular_drum.yaml": "SizeOfCircularDrum",
    "size_of_polygonal_drum.yaml": "SizeOfPolygonalDrum",
}


def test_every_routine_has_its_files_and_a_row_of_the_table() -> None:
    assert set(FILES.values()) == set(ROUTINES) == set(DEFAULTS)
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
