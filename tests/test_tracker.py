import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kac_prediction.pipeline import Routine
from kac_prediction.pipeline.tracker import LocalTracker, WandbTracker
from kac_prediction.samplers import TestTone
from models_of_users import Counter, parameters

RECORD = {"epoch": 3, "training_loss": 0.5, "selection_loss": {"aggregate": 0.25}}


class FakeRun:
    """A run of wandb; `broken` names the method that fails."""

    def __init__(self, config: dict[str, Any], broken: str) -> None:
        self.config = {**config, "_wandb": {}}
        self.broken = broken
        self.calls: list[Any] = []

    def log(self, record: dict[str, Any], step: int) -> None:
        if self.broken == "log":
            raise OSError("the network is gone")
        self.calls.append((record, step))

    def finish(self, exit_code: int) -> None:
        if self.broken == "finish":
            raise OSError("the network is gone")
        self.calls.append(exit_code)


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for the package, which counts what happens."""
    package = SimpleNamespace(broken="", arguments={}, run=None, runs=[], sweep={})

    def init(**arguments: Any) -> FakeRun:
        if package.broken == "init":
            raise RuntimeError("not logged in")
        package.arguments = arguments
        package.run = FakeRun({**arguments["config"], **package.sweep}, package.broken)
        package.runs.append((arguments["id"], package.run))
        return package.run

    package.init = init
    monkeypatch.setitem(sys.modules, "wandb", package)
    return package


def test_the_local_tracker_writes_a_line_an_epoch(tmp_path: Path) -> None:
    tracker = LocalTracker(tmp_path)
    assert tracker.config({"batch_size": 3}) == {}
    for epoch in range(3):
        tracker.log({**RECORD, "epoch": epoch})
        lines = (tmp_path / "log.jsonl").read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == list(range(epoch + 1))
    tracker.finish()
    assert json.loads(lines[-1]) == {**RECORD, "epoch": 2}


def test_wandb_gets_config_losses_with_their_step_and_the_end(wandb: SimpleNamespace) -> None:
    wandb.sweep = {"learning_rate": 0.5}
    settings = {"project": "drums", "config": {"batch_size": 7}}
    tracker = WandbTracker(settings, "some-id", "/somewhere")
    changed = tracker.config({"batch_size": 3, "learning_rate": 0.1})
    assert changed == {"batch_size": 7, "learning_rate": 0.5}
    assert wandb.arguments["project"] == "drums"
    assert (wandb.arguments["id"], wandb.arguments["dir"]) == ("some-id", "/somewhere")
    tracker.log(RECORD)
    tracker.finish(failed=True)
    assert wandb.run.calls == [(RECORD, 3), 1]
    tracker.log(RECORD)
    tracker.finish()
    assert len(wandb.run.calls) == 2


def test_settled_parameters_are_told_and_not_asked_for(wandb: SimpleNamespace) -> None:
    tracker = WandbTracker({"config": {"batch_size": 7, "note": "x"}}, "some-id", "/somewhere")
    tracker.config({"batch_size": 3}, settled=True)
    assert wandb.arguments["config"] == {"batch_size": 3, "note": "x"}


@pytest.fixture
def followed(wandb: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Routine:
    """A routine on wandb that could train now."""
    monkeypatch.delenv("WANDB_RUN_ID", raising=False)
    routine = Routine(str(tmp_path), {"id": "first", "config": {"batch_size": 2}})
    routine.setParameters(parameters(num_of_epochs=1))
    tone = {"duration": 0.01, "sample_rate": 8000}
    routine.importDataset(str(tmp_path / "tones"), "", TestTone, None, tone, dataset_size=10)
    routine.M = Counter()
    return routine


def train(routine: Routine) -> None:
    def score(i: int, loop_length: int, x: Any, y: Any) -> None:
        routine.M.testing_loss["aggregate"] += 1.0

    routine.train(score)


def test_training_again_is_a_run_of_its_own_on_wandb_too(
    followed: Routine, wandb: SimpleNamespace
) -> None:
    directories = []
    for batch_size in (2, 5):
        followed.P["batch_size"] = batch_size
        train(followed)
        name, run = wandb.runs[-1]
        assert name == followed.R["id"]
        assert run.config["batch_size"] == batch_size
        assert run.calls == [(followed.history[0], 0), 0]
        directories.append(followed.R["exports_dir"])
    assert len(wandb.runs) == len({name for name, _ in wandb.runs}) == len(set(directories)) == 2
    assert all((Path(directory) / "log.jsonl").is_file() for directory in directories)


def test_parameters_set_after_a_training_begin_another_run(
    followed: Routine, wandb: SimpleNamespace
) -> None:
    train(followed)
    followed.setParameters(parameters(num_of_epochs=2))
    assert [name for name, _ in wandb.runs] == ["first", followed.R["id"]]
    assert followed.R["id"] != "first"
    assert followed.P["batch_size"] == 2
    train(followed)
    assert len(wandb.runs) == 2
    assert [len(run.calls) for _, run in wandb.runs] == [2, 3]


def test_an_id_that_is_there_already_keeps_its_name_on_wandb(
    followed: Routine, wandb: SimpleNamespace, tmp_path: Path
) -> None:
    train(followed)
    again = Routine(str(tmp_path), {"id": "first"})
    assert again.R["id"] == "first"
    assert again.R["exports_dir"] != followed.R["exports_dir"]
    assert Path(again.R["exports_dir"]).name.startswith("first-")


@pytest.mark.parametrize("broken", ["init", "log", "finish"])
def test_wandb_that_fails_is_mentioned_once_and_left_alone(
    broken: str, wandb: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    wandb.broken = broken
    tracker = WandbTracker({"project": "drums"}, "some-id", "/somewhere")
    tracker.config({"batch_size": 3})
    for _ in range(3):
        tracker.log(RECORD)
    tracker.finish()
    assert len(caplog.messages) == 1
    assert "weights and biases failed" in caplog.messages[0]


def test_wandb_that_is_missing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ImportError, match="pip install wandb"):
        WandbTracker({"project": "drums"}, "some-id", "/somewhere")


PROGRAM = """
import sys
from models_of_users import Linear, parameters
from kac_prediction.pipeline import Routine
from kac_prediction.samplers import TestTone

directory = sys.argv[1]
settings = {"project": "drums", "mode": "offline", "config": {"batch_size": 2}}
routine = Routine(directory, wandb_config=settings)
assert routine.using_wandb
routine.setParameters(parameters(num_of_epochs=2))
assert routine.P == parameters(num_of_epochs=2, batch_size=2), routine.P
tone = {"duration": 0.01, "sample_rate": 8000}
routine.importDataset(directory + "/tones", "", TestTone, None, tone, dataset_size=10)
routine.D.X = routine.D.X[:, :3]
routine.M = Linear(**routine.P)

def score(i, loop_length, x, y):
    routine.M.testing_loss["aggregate"] += routine.M.criterion(routine.M(x), y)

for _ in range(2):
    routine.train(score)
    print(routine.R["exports_dir"])
"""


def test_a_run_with_the_real_wandb_offline(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parent),
        "WANDB_SILENT": "true",
        "WANDB_MODE": "offline",
    }
    environment.pop("WANDB_RUN_ID", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    runs = [Path(line) for line in done.stdout.splitlines()]
    assert len(set(runs)) == 2
    for run in runs:
        names = {path.name for path in run.iterdir()}
        assert {"best.pt", "epoch_000.pt", "epoch_001.pt", "log.jsonl"} <= names
        (journal,) = run.rglob(f"run-{run.name}.wandb")
        content = journal.read_bytes()
        for word in (b"selection_loss", b"training_loss", b"learning_rate", b"batch_size"):
            assert word in content
