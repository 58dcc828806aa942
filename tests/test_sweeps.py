"""Sweeps: their files, their ranking, and running them here."""

import importlib.metadata
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from kac_prediction._files import read_records
from kac_prediction.cli import ROUTINES
from kac_prediction.pipeline.sweep import (
    LocalSweep,
    Metric,
    SweepError,
    Trial,
    local,
    process,
    ranking,
    ranking_table,
    read_sweep,
)
from kac_prediction.pipeline.training.options import read_yaml

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "bin/config/wandb").glob("*.yaml"))

# A training of no time: its loss is its parameter, in every epoch a little less.
PROGRAM = """
import argparse, json, pathlib, sys, time
import yaml

parser = argparse.ArgumentParser()
parser.add_argument("routine")
parser.add_argument("--config")
parser.add_argument("--exports-dir")
options = parser.parse_args()
given = yaml.safe_load(open(options.config))
if given.get("broken"):
    print("about to break")
    sys.exit("out of memory: " + given["broken"])
run = pathlib.Path(options.exports_dir) / "run"
while run.exists():
    run = run.with_name(run.name + "s")
run.mkdir()
try:
    for epoch in range(given.get("epochs", 4)):
        loss = {"aggregate": given["x"] - epoch / 100}
        with open(run / "log.jsonl", "a") as stream:
            stream.write(json.dumps({"epoch": epoch, "selection_loss": loss}) + "\\n")
        if epoch == 3 and given["x"] == given.get("slow"):
            time.sleep(60)
except KeyboardInterrupt:
    (run / "saved").touch()
    sys.exit(1)
"""


@pytest.fixture
def sweep_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a sweep of the program."""
    (tmp_path / "train.py").write_text(PROGRAM)

    def write(parameters: dict[str, Any], **changes: Any) -> Path:
        content = {
            "program": "train.py",
            "command": ["${env}", "python3", "${program}", "Routine", "--wandb", "${args}"],
            "method": "grid",
            "metric": {"name": "selection_loss.aggregate", "goal": "minimize"},
            "parameters": parameters,
            **changes,
        }
        file = tmp_path / "sweep.yaml"
        file.write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
        return file

    return write


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "POLL", 0.01)


@pytest.mark.optional
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_are_what_weights_and_biases_takes(path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    try:
        files = importlib.metadata.files("sweeps") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the schema is of the package sweeps: pip install --no-deps sweeps==0.3.0")
    (file,) = [file for file in files if file.as_posix().endswith("config/schema.json")]
    schema = json.loads(file.read_text())
    content = yaml.safe_load(path.read_text())
    jsonschema.validate(content, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**content, "early_terminate": {"type": "hyperband"}}, schema)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_run_here_too(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    sweep = read_sweep(path)
    words = process.command(sweep, Path("c.yaml"), Path("out"))
    (routine,) = set(words) & set(ROUTINES)
    assert words[0] == sys.executable
    assert words[1] == str(ROOT / "bin/train.py")
    assert words[2:] == [routine, "--config", "c.yaml", "--exports-dir", "out"]
    assert sweep.stopping is not None
    epochs = sweep.parameters["num_of_epochs"]["value"]
    assert sweep.stopping.bands(epochs) == [6, 20]
    first, second = (LocalSweep(sweep, tmp_path / name, seed=1) for name in "ab")
    drawn = [first.parameters(i) for i in range(20)]
    assert drawn == [second.parameters(i) for i in range(20)]
    assert len({one["learning_rate"] for one in drawn}) == 20
    assert {one["batch_size"] for one in drawn} == {32, 64, 128}


METRIC = Metric("loss")


def trial(number: int, values: list[float], **more: Any) -> Trial:
    return Trial(number, {"x": number, "same": 1}, "finished", values, **more)


def test_the_ranking_is_by_the_best_value() -> None:
    trials = [trial(0, [3.0, 2.0, 9.0]), trial(1, []), trial(2, [1.0, 5.0]), trial(3, [2.0])]
    assert [one.number for one in ranking(trials, METRIC)] == [2, 0, 3, 1]
    highest = Metric("accuracy", "maximize")
    assert [one.number for one in ranking(trials, highest)] == [0, 2, 3, 1]


def test_the_ranking_is_a_table_of_what_differs() -> None:
    text = ranking_table([trial(0, [0.5]), trial(1, [0.25, 0.3], run="/r/1"), trial(2, [])], METRIC)
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["trial", "loss", "epochs", "state", "x"]
    assert lines[1] == ["1", "1", "0.25", "2", "finished", "1"]
    assert lines[2] == ["2", "0", "0.5", "1", "finished", "0"]
    assert lines[3] == ["3", "2", "-", "0", "finished", "2"]
    assert text.splitlines()[-1] == "best: trial 1, in /r/1"


@pytest.mark.parametrize(
    ("value", "found"),
    [(0.5, 0.5), (3, 3.0), (None, None), ("low", None), (True, None), (float("nan"), None)],
)
def test_metrics_are_found_inside_of_records(value: Any, found: float | None) -> None:
    assert Metric("a.b").value_in({"a": {"b": value}}) == found
    assert Metric("a.b.c").value_in({"a": {"b": value}}) is None
    assert Metric("b").value_in({"a": 1}) is None


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"method": "guess"}, "method must be random, grid or bayes, not 'guess'"),
        ({"program": None}, "needs the key program"),
        ({"metric": None}, "needs the key metric"),
        ({"metric": {"goal": "minimize"}}, "metric must be a mapping with a name"),
        ({"metric": {"name": "x", "goal": "low"}}, "goal must be minimize or maximize, not 'low'"),
        ({"parameters": {"x": {}}}, "parameter x needs value"),
        ({"early_terminate": {"type": "envelope"}}, "not 'envelope'"),
    ],
)
def test_what_is_no_sweep_is_named(
    changes: dict[str, Any], complaint: str, sweep_file: Callable[..., Path]
) -> None:
    with pytest.raises(ValueError, match=rf"sweep\.yaml: .*{complaint}"):
        read_sweep(sweep_file(**{"parameters": {"x": {"value": 1}}, **changes}))


def test_a_program_that_is_nowhere_is_named(sweep_file: Callable[..., Path]) -> None:
    sweep = read_sweep(sweep_file({"x": {"value": 1}}, program="no.py"))
    with pytest.raises(FileNotFoundError, match=r"program no\.py"):
        process.command(sweep, Path("c"), Path("o"))


def test_commands_may_name_variables(
    sweep_file: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROUTINE", "Drum")
    words = ["${interpreter}", "${program}", "${envvar:ROUTINE}", "${args_no_hyphens}"]
    sweep = read_sweep(sweep_file({"x": {"value": 1}}, command=words))
    assert process.command(sweep, Path("c"), Path("o"))[2:4] == ["Drum", "--config"]


def test_a_grid_is_run_and_ranked(sweep_file: Callable[..., Path], tmp_path: Path) -> None:
    file = sweep_file({"x": {"values": [0.5, 0.3, 0.4]}, "epochs": {"value": 2}})
    sweep = LocalSweep(read_sweep(file), tmp_path / "out")
    sweep.run()
    best, *_ = ranking(sweep.trials.values(), sweep.sweep.metric)
    assert (best.number, best.values) == (1, [0.3, 0.29])
    assert [one.state for one in sweep.trials.values()] == ["finished"] * 3
    header, *lines = read_records(tmp_path / "out" / "trials.jsonl")
    assert header["seed"] == sweep.seed
    assert [line["parameters"]["x"] for line in lines] == [0.5, 0.3, 0.4]
    assert read_yaml(tmp_path / "out/trial_0001/config.yaml") == {"x": 0.3, "epochs": 2}
    assert Path(best.run) == tmp_path / "out/trial_0001/run"


def test_a_sweep_goes_on_where_it_was(sweep_file: Callable[..., Path], tmp_path: Path) -> None:
    def number(seed: int | None = None) -> LocalSweep:
        return LocalSweep(read_sweep(file), tmp_path / "out", seed)

    file = sweep_file({"x": {"min": 0.0, "max": 1.0}}, method="random", run_cap=4)
    first = number(7)
    first.run(2)
    assert list(first.trials) == [0, 1]
    with (tmp_path / "out" / "trials.jsonl").open("a") as stream:
        stream.write('{"number": 2, "para')  # killed here
    again = number()
    assert again.seed == 7
    assert again.trials == first.trials
    again.run()
    assert list(again.trials) == [0, 1, 2, 3]
    assert again.parameters(0) == first.trials[0].parameters
    assert len({one.parameters["x"] for one in again.trials.values()}) == 4
    again.run(4)
    assert len(read_records(tmp_path / "out" / "trials.jsonl")) == 5
    with pytest.raises(ValueError, match="seed, which is 7 and not 8"):
        number(8)
    sweep_file({"x": {"min": 0.0, "max": 2.0}}, method="random")
    with pytest.raises(ValueError, match="trials of another sweep"):
        number()


def test_trials_that_fail_end_no_sweep(
    sweep_file: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    file = sweep_file({"broken": {"values": ["", "batch_size 512"]}, "x": {"values": [1, 2]}})
    sweep = LocalSweep(read_sweep(file), tmp_path / "out")
    sweep.run()
    assert [one.state for one in sweep.trials.values()] == ["finished"] * 2 + ["failed"] * 2
    assert sweep.trials[2].message.startswith("out of memory: batch_size 512 (see ")
    assert "trial 2 failed after 0 epochs" in caplog.text
    # Run again, those that failed are tried again.
    again = LocalSweep(read_sweep(file), tmp_path / "out")
    again.run()
    records = read_records(tmp_path / "out" / "trials.jsonl")[1:]
    assert [record["number"] for record in records] == [0, 1, 2, 3, 2, 3]


def test_trials_that_all_fail_end_the_sweep(
    sweep_file: Callable[..., Path], tmp_path: Path
) -> None:
    file = sweep_file({"broken": {"value": "always"}, "x": {"min": 1, "max": 90}})
    sweep = LocalSweep(read_sweep(file), tmp_path / "out")
    with pytest.raises(SweepError, match="all of 3 trials failed, the last one by: out of memory"):
        sweep.run()
    assert len(sweep.trials) == 3


def test_a_metric_that_is_not_there_is_named(
    sweep_file: Callable[..., Path], tmp_path: Path
) -> None:
    file = sweep_file({"x": {"value": 1}}, metric={"name": "loss"})
    sweep = LocalSweep(read_sweep(file), tmp_path / "out")
    sweep.run()
    assert "no loss: there are epoch, selection_loss" in sweep.trials[0].message


def test_trials_that_are_outdone_are_stopped_and_save(
    sweep_file: Callable[..., Path], tmp_path: Path
) -> None:
    # The second one would take a minute, and is worse than the first after two epochs.
    file = sweep_file(
        {"x": {"values": [0.1, 0.2, 0.9]}, "slow": {"value": 0.9}, "epochs": {"value": 9}},
        early_terminate={"type": "hyperband", "min_iter": 2, "eta": 2},
    )
    sweep = LocalSweep(read_sweep(file), tmp_path / "out")
    sweep.run()
    assert [one.state for one in sweep.trials.values()] == ["finished", "finished", "stopped"]
    assert 2 <= len(sweep.trials[2].values) <= 4
    assert (Path(sweep.trials[2].run) / "saved").exists()


def test_a_target_that_is_reached_ends_the_sweep(
    sweep_file: Callable[..., Path], tmp_path: Path
) -> None:
    metric = {"name": "selection_loss.aggregate", "target": 0.25}
    file = sweep_file({"x": {"values": [0.5, 0.2, 0.4, 0.6]}}, metric=metric)
    sweep = LocalSweep(read_sweep(file), tmp_path / "out")
    sweep.run()
    assert list(sweep.trials) == [0, 1]


def test_several_trials_at_once_after_the_first_has_begun(
    sweep_file: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    together: list[int] = []
    environments: list[dict[str, str]] = []

    class Watched(process.Process):
        def __init__(self, trial: Trial, *rest: Any) -> None:
            if any(one.values for one in sweep.trials.values()):
                together.append(len(sweep._running))
            else:
                assert not sweep._running
            environments.append(rest[-1])
            super().__init__(trial, *rest)

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(local, "Process", Watched)
    file = sweep_file({"x": {"min": 1, "max": 8}, "epochs": {"value": 4}, "slow": {"value": 0}})
    sweep = LocalSweep(read_sweep(file), tmp_path / "out", jobs=3, gpus=("4", "5"))
    sweep.run()
    assert len(sweep.trials) == 8
    assert max(together) <= 2
    assert {one["CUDA_VISIBLE_DEVICES"] for one in environments} <= {"4", "5"}
    assert all(int(one["OMP_NUM_THREADS"]) >= 1 for one in environments)


def test_bayes_draws_at_random_and_says_so(
    sweep_file: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = sweep_file({"x": {"min": 0.0, "max": 1.0}}, method="bayes")
    sweep = LocalSweep(read_sweep(file), tmp_path / "out", seed=1)
    assert "drawing at random" in caplog.text
    assert 0 < sweep.parameters(0)["x"] < 1


def test_the_command_prints_the_ranking_also_after_ctrl_c(
    sweep_file: Callable[..., Path], tmp_path: Path
) -> None:
    file = sweep_file({"x": {"values": [0.5, 0.3]}, "slow": {"value": 0.3}})
    words = [sys.executable, str(ROOT / "bin/sweep.py"), str(file), "--out", str(tmp_path / "out")]
    started = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    log = tmp_path / "out/trial_0001/run/log.jsonl"
    deadline = time.monotonic() + 60
    while len(read_records(log)) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    started.send_signal(signal.SIGINT)
    said, complaint = started.communicate(timeout=60)
    assert started.returncode == 1
    assert "interrupted; the same command goes on" in complaint
    lines = [line.split() for line in said.splitlines()]
    place = lines.index(["trial", "selection_loss.aggregate", "epochs", "state", "x"])
    assert lines[place + 1][:5] == ["1", "1", "0.27", "4", "interrupted"]
    assert lines[place + 2][:5] == ["2", "0", "0.47", "4", "finished"]
    assert (log.parent / "saved").exists()
    again = LocalSweep(read_sweep(file), tmp_path / "out")
    assert again.trials[1].state == "interrupted"
    assert list(again._numbers(None)) == [1]
