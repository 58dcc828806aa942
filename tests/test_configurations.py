"""The yaml files that come with the project."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from kac_prediction.cli import ROUTINES
from kac_prediction.pipeline.parameters import merge_parameters, read_yaml
from kac_prediction.routines.size_of_circular_drum import DEFAULTS

FOLDER = Path(__file__).parent.parent / "bin" / "config"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("local/*.yaml")), ids=lambda path: path.name)
def test_local_files_fit_the_defaults(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    merge_parameters(DEFAULTS, (str(path), read_yaml(path)))
    assert not caplog.records


@pytest.mark.parametrize("path", sorted(FOLDER.glob("wandb/*.yaml")), ids=lambda path: path.name)
def test_sweeps_name_a_routine_and_values_that_it_takes(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sweep: dict[str, Any] = yaml.safe_load(path.read_text())
    assert (FOLDER.parent.parent / sweep["program"]).is_file()
    assert set(sweep["command"]) & set(ROUTINES)
    assert sweep["metric"]["name"].split(".")[0].endswith("_loss")
    for name, choice in sweep["parameters"].items():
        ends = [choice[end] for end in ("min", "max", "value") if end in choice]
        for value in [*choice.get("values", []), *ends]:
            merge_parameters(DEFAULTS, (str(path), {name: value}))
    assert not caplog.records


def test_there_are_some() -> None:
    assert len(list(FOLDER.glob("*/*.yaml"))) >= 2
