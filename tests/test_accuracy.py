"""The accuracy table: what is trained, what is kept, and what is written."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kac_prediction.cli import ROUTINES
from kac_prediction.routines import SizeOfCircularDrum
from programs import load_program

program = load_program("report")
ROWS, Row, to_markdown = program.ROWS, program.Row, program.to_markdown
TASK = SizeOfCircularDrum
ROW = Row("circles", TASK, changes={"dropout": 0.5}, seeds=(0, 1))


def record(row: Any, seed: int, error: float = 0.01, quick: bool = False) -> dict[str, Any]:
    errors = {
        "model": {"mean_absolute": error, "median_relative": 2 * error},
        "mean predictor": {"mean_absolute": 0.2, "median_relative": 0.5},
    }
    label = {"label": "drum_size", "unit": "m", "count": 750, "errors": errors, "parts": []}
    return {
        "row": row.name,
        "seed": seed,
        "parameters": row.parameters(seed, quick),
        "device": "cpu",
        "seconds": 60.0 * (1 + seed),
        "sounds": 750,
        "report": {"labels": {"drum_size": label}, "classes": {}},
    }


def test_a_line_for_each_label_with_the_means_of_all_seeds() -> None:
    lines = to_markdown([record(ROW, 0, 0.01), record(ROW, 1, 0.02)]).splitlines()
    assert lines[0] == "| drums | seeds | time of one | label | model | mean predictor |"
    assert lines[1].count("---") == 6
    assert lines[2:] == [
        "| circles | 0, 1 | 1.5 min | drum_size | 1.50 cm, 3.00% | 20.00 cm, 50.00% |"
    ]


def test_classes_and_estimators_without_a_prediction() -> None:
    shapes = record(Row("shapes", TASK), 0)
    shapes["report"]["classes"] = {"family": {"right": {"model": 0.9, "mean predictor": 0.4}}}
    circles = record(ROW, 0)
    circles["report"]["labels"]["drum_size"]["errors"]["classical"] = {
        "mean_absolute": 0.0,
        "median_relative": 0.001,
    }
    lines = to_markdown([circles, shapes]).splitlines()
    assert lines[2].endswith("| 20.00 cm, 50.00% | 0.00 cm, 0.10% |")
    assert lines[3] == "| shapes | 0 | 1.0 min | family | 90.0% right | 40.0% right |  |"
    assert lines[4] == "|  |  |  | drum_size | 1.00 cm, 2.00% | 20.00 cm, 50.00% |  |"
    assert to_markdown([]).splitlines()[0] == "| drums | seeds | time of one | label | model |"


def test_what_was_trained_is_not_trained_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = []

    def train(self: Any, seed: int, quick: bool, **options: Any) -> dict[str, Any]:
        trained.append((self.name, seed, quick, options))
        return record(self, seed, quick=quick)

    monkeypatch.setattr(Row, "train", train)
    monkeypatch.chdir(tmp_path)
    row, out = ROWS[0], Path("report")
    out.mkdir()
    (out / "rows.jsonl").write_text(json.dumps(record(row, 1)) + "\n")
    arguments = ["--only", "circles", "--seeds", "0,1", "--device", "cpu"]
    for _ in range(2):
        result = CliRunner().invoke(program.report, arguments)
        assert result.exit_code == 0, result.output
        places = {"exports_dir": str(out / "model"), "dataset_dir": "", "device": "cpu"}
        assert trained == [("circles", 0, False, places)]
        kept = [json.loads(line)["seed"] for line in (out / "rows.jsonl").read_text().splitlines()]
        assert kept == [1, 0]
        assert "| circles | 0, 1 | 1.5 min | drum_size | 1.00 cm, 2.00% |" in result.output
    # Another recipe is another training, and so is a quick one.
    other = {**record(row, 1), "parameters": {**row.parameters(1), "dropout": 0.4}}
    for name, further in (("rows.jsonl", []), ("quick.jsonl", ["--quick"])):
        trained.clear()
        (out / name).write_text(json.dumps(other) + "\n")
        CliRunner().invoke(program.report, ["--only", "circles", "--seeds", "1", *further])
        assert [each[1] for each in trained] == [1]


def test_rows_have_names_of_their_own_and_the_settings_that_were_agreed() -> None:
    rows = {row.name: row for row in ROWS}
    assert len(rows) == len(ROWS)
    assert {row.task.name for row in ROWS} == set(ROUTINES)
    assert rows["circles"].seeds == (0, 1, 2)
    fixed = rows["circles"].parameters(0)
    assert (fixed["dataset_size"], fixed["num_of_epochs"]) == (5000, 60)
    assert rows["rectangles"].parameters(0)["num_of_epochs"] == 50
    streamed = rows["rectangles, streaming"].parameters(0)
    assert streamed["num_of_epochs"] * streamed["steps_per_epoch"] == 4000
    assert (streamed["batch_size"], streamed["schedule"], streamed["dropout"]) == (
        64,
        "one_cycle",
        0.0,
    )


@pytest.mark.slow
def test_the_program_goes_on_and_prints_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = ["--quick", "--only", "circles", "--seeds", "3", "--device", "cpu"]
    result = CliRunner().invoke(program.report, arguments)
    assert result.exit_code == 0, result.output
    assert "| circles | 3 | " in result.output
    (line,) = (tmp_path / "report/quick.jsonl").read_text().splitlines()
    assert json.loads(line)["parameters"]["dataset_size"] == 60
    assert not (tmp_path / "data").exists()
    monkeypatch.setattr(Row, "train", None)
    again = CliRunner().invoke(program.report, arguments)
    assert again.output.splitlines()[-1] == result.output.splitlines()[-1]
