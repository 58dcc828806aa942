"""A training followed on Weights & Biases, of which a stand-in tells what it was told."""

import os
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from kac_prediction.pipeline import Routine
from models_of_users import Counter, parameters
from routines_of_users import dataset
from waiting import PATIENCE, wait_until

TRACKER = "kac_prediction.pipeline.tracking.wandb"
PNG = b"a picture"


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
    for variable in ("API_KEY", "MODE", "IDENTITY_TOKEN_FILE", "RUN_ID", "SERVICE"):
        monkeypatch.delenv(f"WANDB_{variable}", raising=False)
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
        package.hold.wait(PATIENCE)
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
    for name in ("START_TIMEOUT", "NETWORK_TIMEOUT", "FINISH_TIMEOUT"):
        monkeypatch.setattr(f"{TRACKER}.{name}", PATIENCE)
    monkeypatch.setitem(sys.modules, "wandb", package)
    monkeypatch.setattr("requests.head", lambda url, timeout: SimpleNamespace(status_code=200))
    return package


def follow(directory: Path, settings: dict[str, Any], **changes: Any) -> Routine:
    """A routine on wandb that could train now, for an epoch."""
    routine = Routine(str(directory), {"project": "drums", **settings}, device="cpu")
    routine.setParameters(parameters(**{"num_of_epochs": 1, **changes}))
    routine.D = dataset()
    routine.M = Counter()
    return routine


def train(routine: Routine, loss: float = 1.0) -> None:
    def score(i: int, loop_length: int, x: Any, y: Any) -> None:
        routine.M.testing_loss["aggregate"] += loss

    routine.train(score)


def test_wandb_gets_config_losses_with_their_step_and_the_end(
    wandb: SimpleNamespace, tmp_path: Path
) -> None:
    wandb.sweep = {"learning_rate": 0.5}
    routine = follow(tmp_path, {"id": "some-id", "config": {"batch_size": 7}}, num_of_epochs=2)
    assert (routine.P["batch_size"], routine.P["learning_rate"]) == (7, 0.5)
    assert wandb.arguments["project"] == "drums"
    assert wandb.arguments["id"] == "some-id" == routine.R["id"]
    assert wandb.arguments["dir"] == routine.R["exports_dir"]
    train(routine)
    assert wandb.run.calls == [(routine.history[0], 0), (routine.history[1], 1), 0]


@pytest.mark.parametrize("hangs", [False, True])
def test_without_a_network_a_key_is_of_no_use(
    hangs: bool,
    wandb: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The run is recorded offline at once, where wandb would wait for a minute and a half."""
    asked, released = Queue[str](), threading.Event()

    def head(url: str, timeout: float) -> None:
        asked.put(url)
        released.wait(PATIENCE if hangs else 0)
        raise OSError("no route to host")

    monkeypatch.setattr("requests.head", head)
    if hangs:
        monkeypatch.setattr(f"{TRACKER}.NETWORK_TIMEOUT", 0.05)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    follow(tmp_path, {"settings": {"base_url": "https://wandb.example"}})
    released.set()
    assert asked.get(timeout=PATIENCE) == "https://wandb.example"
    assert wandb.arguments["mode"] == "offline"
    assert "wandb.example does not answer. Later, `wandb login`" in caplog.text
    follow(tmp_path, {"mode": "disabled"})
    assert asked.empty()


def test_a_parameter_of_a_sweep_that_is_unknown_is_refused(
    wandb: SimpleNamespace, tmp_path: Path
) -> None:
    wandb.sweep = {"learning_rat": 0.5, "wandb_version": 1}
    with pytest.raises(ValueError, match=r"learning_rat in wandb's config .*did you mean learning"):
        follow(tmp_path, {})
    assert wandb.run.calls == [1]  # failed, and over
    wandb.sweep = {"learning_rate": 0.5, "wandb_version": 1}
    assert "wandb_version" not in follow(tmp_path, {}).P


def test_a_training_that_fails_is_marked(wandb: SimpleNamespace, tmp_path: Path) -> None:
    routine = follow(tmp_path, {})
    with pytest.raises(ValueError, match="testing_loss"):
        train(routine, float("nan"))
    assert wandb.run.calls == [1]


def test_training_again_is_a_run_of_its_own_on_wandb_too(
    wandb: SimpleNamespace, tmp_path: Path
) -> None:
    routine = follow(tmp_path, {"config": {"batch_size": 2}})
    directories = []
    for batch_size in (2, 5):
        routine.P["batch_size"] = batch_size
        train(routine)
        name, run = wandb.runs[-1]
        assert name == routine.R["id"]
        assert run.config["batch_size"] == batch_size
        assert run.calls == [(routine.history[0], 0), 0]
        directories.append(routine.R["exports_dir"])
    assert len(wandb.runs) == len({name for name, _ in wandb.runs}) == len(set(directories)) == 2
    assert all((Path(directory) / "log.jsonl").is_file() for directory in directories)


def test_parameters_set_after_a_training_begin_another_run(
    wandb: SimpleNamespace, tmp_path: Path
) -> None:
    routine = follow(tmp_path, {"id": "first", "config": {"batch_size": 2}})
    train(routine)
    routine.setParameters(parameters(num_of_epochs=2))
    assert [name for name, _ in wandb.runs] == ["first", routine.R["id"]]
    assert routine.R["id"] != "first"
    assert routine.P["batch_size"] == 2
    train(routine)
    assert len(wandb.runs) == 2
    assert [len(run.calls) for _, run in wandb.runs] == [2, 3]


def test_an_id_that_is_there_already_keeps_its_name_on_wandb(
    wandb: SimpleNamespace, tmp_path: Path
) -> None:
    routine = follow(tmp_path, {"id": "first"})
    train(routine)
    again = Routine(str(tmp_path), {"id": "first"})
    assert again.R["id"] == "first"
    assert again.R["exports_dir"] != routine.R["exports_dir"]
    assert Path(again.R["exports_dir"]).name.startswith("first-")


@pytest.mark.parametrize("broken", ["init", "log", "finish"])
def test_wandb_that_fails_is_mentioned_once_and_left_alone(
    broken: str, wandb: SimpleNamespace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wandb.broken = broken
    routine = follow(tmp_path, {}, num_of_epochs=3)
    train(routine)
    assert len(routine.history) == 3
    assert len(caplog.messages) == 1
    assert "wandb failed" in caplog.messages[0]


def test_wandb_that_is_missing_is_mentioned_and_the_run_is_local(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    routine = follow(tmp_path, {"config": {"batch_size": 7}, "watch": "all"})
    assert parameters(batch_size=7, num_of_epochs=1) == routine.P
    routine.illustrate = Square
    train(routine)
    assert (Path(routine.R["exports_dir"]) / "drums.png").read_bytes() == PNG
    assert len(caplog.messages) == 1
    assert "pip install wandb" in caplog.messages[0]


class Square:
    """A figure of four points."""

    def savefig(self, stream: Any, *, format: str, dpi: float) -> None:
        assert format == "png"
        stream.write(PNG)


def test_pictures_and_files_are_sent(wandb: SimpleNamespace, tmp_path: Path) -> None:
    routine = follow(tmp_path, {"id": "some id"})
    routine.illustrate = Square
    train(routine)
    assert wandb.run.calls == [(routine.history[0], 0), 0]
    assert wandb.run.pictures == [({"drums": PNG}, 0)]
    names = [("model model-some-id", [f"{name}.pt"], [name]) for name in ("best", "last")]
    assert wandb.run.artifacts == names


def test_a_picture_that_cannot_be_drawn_is_left_out(
    wandb: SimpleNamespace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    routine = follow(tmp_path, {})
    routine.illustrate = lambda: None
    train(routine)
    assert wandb.run.calls == [(routine.history[0], 0), 0]
    assert len(caplog.messages) == 1
    assert "the picture 'drums' could not be drawn" in caplog.messages[0]


class Watched(Counter):
    """A model whose gradients are known."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(2, 1)
        self.linear.bias.requires_grad_(False)

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.linear.weight.grad = None
        self.linear(torch.tensor([[1.0, -3.0]])).sum().backward()


@pytest.mark.parametrize("watched", ["gradients", "parameters", "all"])
def test_gradients_are_counted_when_asked(
    watched: str, wandb: SimpleNamespace, tmp_path: Path
) -> None:
    routine = follow(tmp_path, {"watch": watched})
    assert "watch" not in wandb.arguments
    routine.M = Watched()
    train(routine)
    (row, _), _ = wandb.run.calls
    found = {name: value for name, value in row.items() if name not in routine.history[0]}
    gradients = {"gradients/linear.weight"}
    both = {"parameters/linear.weight", "parameters/linear.bias"}
    wanted = {"gradients": gradients, "parameters": both, "all": gradients | both}
    assert found.keys() == wanted[watched]
    if watched != "parameters":
        kind, (counts, edges) = found["gradients/linear.weight"]
        assert kind == "histogram"
        assert (counts[0], counts[-1], counts.sum()) == (1, 1, 2)
        assert (edges[0], edges[-1]) == (-3.0, 1.0)


@pytest.mark.usefixtures("wandb")
def test_what_is_watched_is_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one of gradients, parameters, all, got 'weights'"):
        Routine(str(tmp_path), {"watch": "weights"})


def test_a_resumed_run_goes_on_under_its_id(wandb: SimpleNamespace, tmp_path: Path) -> None:
    first = follow(tmp_path, {"id": "some-id"})
    train(first)
    assert "resume" not in wandb.arguments
    again = Routine(str(tmp_path), {"project": "drums"}, device="cpu")
    again.resume(first.R["exports_dir"])
    again.setParameters(parameters())
    again.P["num_of_epochs"] = 2
    again.D, again.M = dataset(), Counter()
    train(again)
    assert (wandb.arguments["id"], wandb.arguments["resume"]) == ("some-id", "allow")
    assert wandb.run.calls == [(again.history[1], 1), 0]


def test_without_an_account_the_run_is_recorded_offline(
    wandb: SimpleNamespace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wandb.logged_in = False
    routine = follow(tmp_path, {"dir": "/somewhere"})
    train(routine)
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
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    wandb.logged_in = False
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    train(follow(tmp_path, settings))
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
        train(follow(tmp_path, {"settings": {"base_url": server}}))
        assert wandb.arguments.get("mode") == mode


def test_a_slow_start_is_not_waited_for(
    wandb: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(f"{TRACKER}.START_TIMEOUT", 0.01)
    wandb.hold.clear()
    wandb.sweep = {"batch_size": 9}
    routine = follow(tmp_path, {"config": {"batch_size": 7}}, seed=1)
    assert routine.P["batch_size"] == 7
    assert len(caplog.messages) == 1
    assert "has not started after 0.01 s" in caplog.messages[0]

    def score(i: int, loop_length: int, x: Any, y: Any) -> None:
        assert wandb.run is None or routine.R["epoch"] == 1
        routine.M.testing_loss["aggregate"] += 1.0
        if routine.R["epoch"] == 1:
            wandb.hold.set()

    routine.P["num_of_epochs"] = 2
    routine.train(score)
    # What the run has is what the training had, whatever the sweep wanted too late.
    assert (wandb.run.config["batch_size"], wandb.run.config["seed"]) == (7, 1)
    assert wandb.run.calls == [(routine.history[0], 0), (routine.history[1], 1), 0]


def test_a_slow_end_is_not_waited_for(
    wandb: SimpleNamespace,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    new_threads: Callable[[], set[threading.Thread]],
) -> None:
    for name, seconds in (("START_TIMEOUT", 0.01), ("FINISH_TIMEOUT", 0.01), ("FINISH_GRACE", 0.0)):
        monkeypatch.setattr(f"{TRACKER}.{name}", seconds)
    wandb.hold.clear()
    train(follow(tmp_path, {"dir": "/somewhere"}))
    assert len(caplog.messages) == 2
    assert "`wandb sync` sends what is left in /somewhere" in caplog.messages[1]
    wandb.hold.set()
    wait_until(lambda: not new_threads())  # which must not meet the package itself


def test_what_wandb_does_to_the_process_is_undone(wandb: SimpleNamespace, tmp_path: Path) -> None:
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
    before = sys.exit, sys.excepthook, list(sys.meta_path), list(warnings.filters)
    routine = follow(tmp_path, {})
    assert "WANDB_SERVICE" not in os.environ
    assert before == (sys.exit, sys.excepthook, list(sys.meta_path), list(warnings.filters))
    train(routine)
