import os
import sys
import threading
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from kac_prediction.pipeline import Routine
from kac_prediction.pipeline.tracking import weights_and_biases
from kac_prediction.pipeline.tracking.tracker import LocalTracker, WandbTracker, open_trackers
from kac_prediction.samplers import TestTone
from models_of_users import Counter, parameters

RECORD = {"epoch": 3, "training_loss": 0.5, "selection_loss": {"aggregate": 0.25}}


class FakeRun:
    """A run of wandb; `broken` names the method that fails."""

    def __init__(self, config: dict[str, Any], broken: str) -> None:
        self.config = {**config, "_wandb": {}}
        self.broken = broken
        self.calls: list[Any] = []
        self.pictures: list[Any] = []
        self.artifacts: list[Any] = []

    def log(self, record: dict[str, Any], step: int) -> None:
        if self.broken == "log":
            raise OSError("the network is gone")
        kept = self.pictures if {"drums"} & record.keys() else self.calls
        kept.append((record, step))

    def log_artifact(self, artifact: Any, aliases: list[str]) -> None:
        self.artifacts.append((artifact.name, artifact.files, aliases))

    def finish(self, exit_code: int) -> None:
        if self.broken == "finish":
            raise OSError("the network is gone")
        self.calls.append(exit_code)


class FakeArtifact:
    def __init__(self, name: str, type: str) -> None:
        self.name = f"{type} {name}"
        self.files: list[str] = []

    def add_file(self, path: str, name: str) -> None:
        assert Path(path).name == name
        self.files.append(name)


@pytest.fixture
def wandb(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A stand-in for the package, which counts what happens."""
    for variable in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_IDENTITY_TOKEN_FILE"):
        monkeypatch.delenv(variable, raising=False)
    package = SimpleNamespace(
        Artifact=FakeArtifact,
        Histogram=lambda np_histogram: ("histogram", np_histogram),
        Image=lambda path: Path(path).read_bytes(),
        arguments={},
        broken="",
        hold=threading.Event(),
        logged_in=True,
        run=None,
        runs=[],
        sweep={},
    )
    package.hold.set()

    def init(**arguments: Any) -> FakeRun:
        package.hold.wait(20)
        if package.broken == "init":
            raise RuntimeError("not logged in")
        package.arguments = arguments
        package.run = FakeRun({**arguments["config"], **package.sweep}, package.broken)
        package.runs.append((arguments["id"], package.run))
        return package.run

    def login(prompt: bool = True) -> bool:
        assert not prompt
        return bool(package.logged_in)

    package.init, package.login = init, login
    monkeypatch.setitem(sys.modules, "wandb", package)
    return package


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


def test_wandb_that_is_missing_is_mentioned_and_the_run_is_local(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    info: Any = {"exports_dir": str(tmp_path), "id": "some-id", "epoch": 0, "model": None}
    local, absent = open_trackers(info, {"config": {"batch_size": 7}})
    assert isinstance(local, LocalTracker)
    assert isinstance(absent, WandbTracker)
    assert not absent.available
    assert absent.config({"batch_size": 3, "seed": 1}) == {"batch_size": 7}
    follow(absent)
    assert len(caplog.messages) == 1
    assert "pip install wandb" in caplog.messages[0]


class Square:
    """A figure of four points."""

    def savefig(self, path: Path, dpi: float) -> None:
        path.write_bytes(b"a picture")


def follow(tracker: WandbTracker, checkpoint: str = "best.pt") -> None:
    """All that happens to a tracker after its start."""
    tracker.watch(torch.nn.Linear(2, 1))
    tracker.log(RECORD)
    tracker.picture("drums", Square())
    tracker.artifact(checkpoint)
    tracker.finish()


def test_pictures_and_files_are_sent(wandb: SimpleNamespace) -> None:
    tracker = WandbTracker({"project": "drums"}, "some id", "/somewhere")
    tracker.config({})
    follow(tracker, "/runs/best.pt")
    assert wandb.run.calls == [(RECORD, 3), 0]
    assert wandb.run.pictures == [({"drums": b"a picture"}, 3)]
    assert wandb.run.artifacts == [("model model-some-id", ["best.pt"], ["best"])]


def test_a_picture_that_cannot_be_drawn_is_left_out(
    wandb: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = WandbTracker({"project": "drums"}, "some-id", "/somewhere")
    tracker.config({})
    tracker.picture("drums", None)
    tracker.log(RECORD)
    tracker.finish()
    assert wandb.run.calls == [(RECORD, 3), 0]
    assert len(caplog.messages) == 1
    assert "drums is not sent" in caplog.messages[0]


@pytest.mark.parametrize("watched", ["gradients", "parameters", "all"])
def test_gradients_are_counted_when_asked(watched: str, wandb: SimpleNamespace) -> None:
    model = torch.nn.Linear(2, 1)
    model.bias.requires_grad_(False)
    model(torch.tensor([[1.0, -3.0]])).sum().backward()
    tracker = WandbTracker({"project": "drums", "watch": watched}, "some-id", "/somewhere")
    tracker.watch(model)
    tracker.config({})
    assert "watch" not in wandb.arguments
    tracker.log(RECORD)
    tracker.finish()
    (row, _), _ = wandb.run.calls
    found = {name: value for name, value in row.items() if name not in RECORD}
    gradients, parameters = {"gradients/weight"}, {"parameters/weight", "parameters/bias"}
    wanted = {"gradients": gradients, "parameters": parameters, "all": gradients | parameters}
    assert found.keys() == wanted[watched]
    if watched != "parameters":
        kind, (counts, edges) = found["gradients/weight"]
        assert kind == "histogram"
        assert (counts[0], counts[-1], counts.sum()) == (1, 1, 2)
        assert (edges[0], edges[-1]) == (-3.0, 1.0)


def test_what_is_watched_is_known(wandb: SimpleNamespace) -> None:
    with pytest.raises(ValueError, match="gradients, parameters, all, not 'weights'"):
        WandbTracker({"watch": "weights"}, "some-id", "/somewhere")


def test_a_resumed_run_goes_on_under_its_id(wandb: SimpleNamespace) -> None:
    tracker = WandbTracker({"project": "drums"}, "some-id", "/somewhere")
    tracker.resume(4)
    tracker.config({}, settled=True)
    assert (wandb.arguments["id"], wandb.arguments["resume"]) == ("some-id", "allow")
    tracker.finish()


def test_without_an_account_the_run_is_recorded_offline(
    wandb: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    wandb.logged_in = False
    tracker = WandbTracker({"project": "drums"}, "some-id", "/somewhere")
    tracker.config({})
    tracker.finish()
    assert wandb.arguments["mode"] == "offline"
    assert len(caplog.messages) == 1
    assert "records offline, in /somewhere" in caplog.messages[0]
    assert "wandb login" in caplog.messages[0]


@pytest.mark.parametrize(
    ("settings", "variables"),
    [
        ({"mode": "offline"}, {}),
        ({"settings": {"mode": "disabled"}}, {}),
        ({}, {"WANDB_MODE": "offline"}),
        ({}, {"WANDB_API_KEY": "0" * 40}),
        ({"settings": {"api_key": "0" * 40}}, {}),
    ],
)
def test_who_needs_no_account_is_not_asked_for_one(
    settings: dict[str, Any],
    variables: dict[str, str],
    wandb: SimpleNamespace,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wandb.logged_in = False
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    tracker = WandbTracker({"project": "drums", **settings}, "some-id", "/somewhere")
    tracker.config({})
    tracker.finish()
    assert wandb.arguments.get("mode") == settings.get("mode")
    assert not caplog.messages


def test_a_server_of_ones_own_is_looked_up_in_the_netrc(
    wandb: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wandb.logged_in = False
    (tmp_path / "netrc").write_text("machine drums.example login user password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for server, mode in (("https://drums.example", None), ("https://other.example", "offline")):
        settings = {"settings": {"base_url": server}}
        tracker = WandbTracker(settings, "some-id", "/somewhere")
        tracker.config({})
        tracker.finish()
        assert wandb.arguments.get("mode") == mode


def test_a_slow_start_is_not_waited_for(
    wandb: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    wandb.hold.clear()
    wandb.sweep = {"batch_size": 9}
    settings = {"config": {"batch_size": 7}}
    tracker = WandbTracker(settings, "some-id", "/somewhere", start_seconds=0.01)
    assert tracker.config({"batch_size": 3, "seed": 1}) == {"batch_size": 7}
    assert len(caplog.messages) == 1
    assert "has not started after 0.01 s" in caplog.messages[0]
    tracker.log(RECORD)
    assert wandb.run is None
    wandb.hold.set()
    tracker.finish()
    # What the run has is what the training had, whatever the sweep wanted too late.
    assert (wandb.run.config["batch_size"], wandb.run.config["seed"]) == (7, 1)
    assert wandb.run.calls == [(RECORD, 3), 0]


def test_a_slow_end_is_not_waited_for(
    wandb: SimpleNamespace, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights_and_biases, "_GRACE", 0.0)
    wandb.hold.clear()
    settings = {"project": "drums"}
    tracker = WandbTracker(
        settings, "some-id", "/somewhere", start_seconds=0.01, finish_seconds=0.01
    )
    tracker.config({})
    tracker.log(RECORD)
    tracker.finish()
    assert len(caplog.messages) == 2
    assert "`wandb sync` sends what is in /somewhere" in caplog.messages[1]
    wandb.hold.set()


def test_what_wandb_does_to_the_process_is_undone(
    wandb: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Hooks:
        __module__ = "wandb.sdk"

        def exit(self, code: int = 0) -> None:
            raise AssertionError

    init = wandb.init

    def meddling(**arguments: Any) -> FakeRun:
        sys.exit = sys.excepthook = Hooks().exit  # type: ignore[assignment]
        sys.meta_path.insert(0, Hooks())  # type: ignore[arg-type]
        os.environ["WANDB_SERVICE"] = "3"
        warnings.simplefilter("ignore")
        run: FakeRun = init(**arguments)
        return run

    wandb.init = meddling
    monkeypatch.delenv("WANDB_SERVICE", raising=False)
    before = sys.exit, sys.excepthook, list(sys.meta_path), list(warnings.filters)
    tracker = WandbTracker({"project": "drums"}, "some-id", "/somewhere")
    tracker.config({})
    assert "WANDB_SERVICE" not in os.environ
    assert before == (sys.exit, sys.excepthook, list(sys.meta_path), list(warnings.filters))
    tracker.finish()
