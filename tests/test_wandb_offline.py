"""A training on the real weights and biases, offline, read back from the file it writes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from waiting import PATIENCE
from wandb_journal import FIRST, LAST, MIDDLE, Journal

pytestmark = pytest.mark.slow

# In a process of its own, which wandb has never been in, where every warning is an error.
PROGRAM = """
import json, logging, os, signal, sys, threading, warnings
import torch
from matplotlib.figure import Figure
from models_of_users import Linear, parameters
from kac_prediction.pipeline import Routine
from kac_prediction.pipeline.tracking import wandb as tracking
from kac_prediction.pipeline.tracking.wandb import WandbTracker
from kac_prediction.samplers import TestTone

directory = sys.argv[1]
tracking.START_TIMEOUT = tracking.FINISH_TIMEOUT = float(sys.argv[2])

def state():
    handlers = {number: signal.getsignal(number) for number in signal.valid_signals()}
    hooks = sys.exit, sys.excepthook, threading.excepthook, list(sys.meta_path)
    loggers = list(logging.root.handlers), logging.root.level
    streams = sys.stdin, sys.stdout, sys.stderr
    environment = {key: value for key, value in os.environ.items() if 'WANDB' in key}
    # Packages bring filters for warnings of their own, whenever they are first imported.
    filters = [f for f in warnings.filters if f[2].__module__ == "builtins"]
    return environment, handlers, hooks, loggers, filters, streams

class Noted(Linear):
    def __init__(self, learning_rate, note):
        super().__init__(learning_rate)

def illustrate():
    figure = Figure()
    figure.add_subplot().plot([1, 2])
    return figure

before = state()
note = "long " * 20_000
config = {"batch_size": 2, "note": note}
settings = {"project": "drums", "mode": "offline", "config": config, "watch": "gradients"}
routine = Routine(directory, wandb_config=settings)
assert routine.using_wandb
routine.setParameters(parameters(num_of_epochs=2, note=""))
assert routine.P == parameters(num_of_epochs=2, batch_size=2, note=note), routine.P
tone = {"duration": 0.01, "sample_rate": 8000}
routine.importDataset(directory + "/tones", "", TestTone, None, tone, dataset_size=10)
routine.D.X = routine.D.X[:, :3]
routine.M = Noted(**routine.P)
routine.illustrate = illustrate

def score(i, loop_length, x, y):
    routine.M.testing_loss["aggregate"] += routine.M.criterion(routine.M(x), y)

runs = []
for _ in range(2):
    routine.train(score)
    runs.append((routine.R["exports_dir"], routine.history))

loggedout = WandbTracker({"project": "drums"}, "loggedout", directory)
loggedout.config({"seed": 1})
loggedout.log({"epoch": 0, "training_loss": 0.5})
loggedout.finish(failed=True)
for was, now in zip(before, state()):
    assert was == now, (was, now)
print(json.dumps(runs))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("offline")


@pytest.fixture(scope="module")
def process(place: Path) -> subprocess.CompletedProcess[str]:
    """The program, without an account, and without what else wandb is told by the environment."""
    environment = {key: value for key, value in os.environ.items() if "WANDB" not in key}
    home = {"HOME": str(place / "home"), "NETRC": str(place / "home" / "netrc")}
    folders = {name: str(place / "wandb") for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR")}
    path = {"PYTHONPATH": str(Path(__file__).parent), "WANDB__SERVICE_WAIT": str(PATIENCE)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, str(place), str(PATIENCE)],
        env={**environment, **home, **folders, **path},
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture(scope="module")
def runs(process: subprocess.CompletedProcess[str]) -> list[tuple[Path, Any]]:
    """Directory and history of each run."""
    lines = process.stdout.splitlines()
    return [(Path(directory), history) for directory, history in json.loads(lines[-1])]


def journal(directory: Path, run_id: str) -> tuple[Journal, Path]:
    (file,) = directory.rglob(f"run-{run_id}.wandb")
    return Journal(file), file.parent


def test_the_parameters_are_there(runs: list[tuple[Path, Any]]) -> None:
    assert len({directory for directory, _ in runs}) == 2
    for directory, _ in runs:
        read, _ = journal(directory, directory.name)
        assert read.run_id == directory.name
        assert read.config["batch_size"] == 2
        assert read.config["learning_rate"] == 0.01
        assert read.config["dataset_split"] == [0.6, 0.2, 0.2]
        assert read.exit_code == 0
        # The note is longer than a block of the file.
        assert read.config["note"] == "long " * 20_000
        assert {FIRST, MIDDLE, LAST} <= set(read.kinds)


def test_every_epoch_is_there(runs: list[tuple[Path, Any]]) -> None:
    for directory, history in runs:
        read, _ = journal(directory, directory.name)
        assert [row["_step"] for row in read.history] == [0, 1]
        for row, record in zip(read.history, history, strict=True):
            for name, value in record.items():
                if isinstance(value, dict):
                    assert row[f"{name}.aggregate"] == pytest.approx(value["aggregate"])
                else:
                    assert row[name] == pytest.approx(value)
            assert {"training_loss", "selection_loss.aggregate"} <= row.keys()
            assert {"learning_rate", "samples_per_second"} <= row.keys()
            assert row["gradients/linear.weight._type"] == "histogram"
            assert sum(row["gradients/linear.weight.values"]) == 3


def test_the_picture_is_there(runs: list[tuple[Path, Any]]) -> None:
    for directory, _ in runs:
        read, folder = journal(directory, directory.name)
        last = read.history[-1]
        assert last["drums._type"] == "image-file"
        picture = (folder / "files" / last["drums.path"]).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) == last["drums.size"]


def test_the_checkpoints_are_there(runs: list[tuple[Path, Any]]) -> None:
    for directory, _ in runs:
        read, _ = journal(directory, directory.name)
        name = f"model-{directory.name}"
        assert {artifact["name"] for artifact in read.artifacts} == {name}
        assert {artifact["type"] for artifact in read.artifacts} == {"model"}
        found = {}
        for artifact in read.artifacts:
            (alias,) = set(artifact["aliases"]) - {"latest"}
            found[alias] = artifact["files"]
        assert found == {
            stem: {f"{stem}.pt": (directory / f"{stem}.pt").stat().st_size}
            for stem in ("best", "last")
        }


def test_the_local_files_are_there_too(runs: list[tuple[Path, Any]]) -> None:
    for directory, _ in runs:
        names = {path.name for path in directory.iterdir()}
        assert {"best.pt", "last.pt", "log.jsonl", "curve.png", "drums.png"} <= names


def test_without_an_account_nobody_is_asked_for_one(
    process: subprocess.CompletedProcess[str], runs: list[tuple[Path, Any]], place: Path
) -> None:
    assert "records offline" in process.stderr
    read, folder = journal(place / "wandb", "loggedout")
    assert folder.name.startswith("offline-run")
    assert read.config["seed"] == 1
    assert read.exit_code == 1
    assert [row["training_loss"] for row in read.history] == [0.5]
