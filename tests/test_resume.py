"""Resuming a training that was interrupted."""

import json
import math
import os
import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction._files import locked
from kac_prediction.pipeline import Routine, read_checkpoint
from kac_prediction.pipeline.training.resume import resumable
from models_of_users import Linear, parameters
from routines_of_users import dataset, squared

pytestmark = pytest.mark.slow

SETTINGS: dict[str, Any] = {
    "num_of_epochs": 9,
    "learning_rate": 0.05,
    "schedule": "one_cycle",
    "gradient_clip": 0.5,
    "with_early_stopping": True,
    "patience": 50,
}


class Drawing(Linear):
    """Draws from every generator there is; stops its user's training once, if asked."""

    stop_at: int | None = None

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        noise = random.random() + np.random.random()  # noqa: NPY002
        super().innerTrainingLoop(i, loop_length, x + 0.01 * noise, y)
        if self.stop_at is not None:
            self.stop_at -= 1
            if self.stop_at < 0:
                raise KeyboardInterrupt


def routine(home: Path, resume: str | Path = "", **changes: Any) -> Routine:
    made = Routine(str(home), device="cpu")
    if resume:
        made.resume(resume)
    made.setParameters(parameters(**SETTINGS | changes))
    made.D = dataset()
    torch.manual_seed(0)
    made.M = Drawing(**made.P)
    return made


def state(made: Routine) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in made.M.state_dict().items()}


@pytest.fixture(scope="module", params=[{}, {"seed": 3}])
def uninterrupted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, int], Routine]:
    """A seed, and a training with it that was never interrupted."""
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    made = routine(tmp_path_factory.mktemp("whole"), **request.param)
    made.train(squared(made))
    return request.param, made


@pytest.mark.parametrize("batches", [7, 8, 14, 25])
def test_it_ends_in_the_bits_of_one_that_was_never_interrupted(
    batches: int, uninterrupted: tuple[dict[str, int], Routine], tmp_path: Path
) -> None:
    seed, whole = uninterrupted
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    cut = routine(tmp_path, **seed)
    assert isinstance(cut.M, Drawing)
    cut.M.stop_at = batches
    with pytest.raises(KeyboardInterrupt):
        cut.train(squared(cut))
    random.seed(99)  # whatever the process that goes on has drawn
    torch.manual_seed(99)
    rest = routine(tmp_path, cut.R["exports_dir"], **seed)
    rest.train(squared(rest))
    assert rest.R["id"] == cut.R["id"]
    assert rest.R["exports_dir"] == cut.R["exports_dir"]
    assert all(value.equal(state(rest)[key]) for key, value in state(whole).items())
    learnt = [
        {key: value for key, value in record.items() if "second" not in key}
        for made in (whole, rest)
        for record in made.history
    ]
    assert learnt[:9] == learnt[9:]
    log = (Path(rest.R["exports_dir"]) / "log.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in log] == rest.history
    bests = [read_checkpoint(made.R["exports_dir"])["run_info"]["epoch"] for made in (whole, rest)]
    assert bests[0] == bests[1]
    # The run that `resume` made obsolete has left no directory.
    assert len(list(tmp_path.iterdir())) == 1


def test_more_epochs_are_resumed_from_the_last(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = routine(tmp_path, num_of_epochs=3, schedule="constant")
    first.train(squared(first))
    config = tmp_path / "more.yaml"
    config.write_text("num_of_epochs: 5")
    more = Routine(str(tmp_path), device="cpu")
    more.resume(Path(first.R["exports_dir"]) / "epoch_002.pt")
    more.setParameters(parameters(), str(config))
    assert more.P["learning_rate"] == 0.05  # the checkpoint's, not the default
    more.D, more.M = dataset(), Drawing(**more.P)
    more.train(squared(more))
    assert [record["epoch"] for record in more.history] == [0, 1, 2, 3, 4]
    assert "resuming with num_of_epochs = 5, which was 3" in caplog.text


def test_a_finished_training_has_nothing_left(tmp_path: Path) -> None:
    first = routine(tmp_path)
    first.train(squared(first))
    again = routine(tmp_path, first.R["exports_dir"])
    again.train(squared(again))
    assert again.history == first.history
    assert all(value.equal(state(again)[key]) for key, value in state(first).items())


def test_a_training_that_stopped_early_has_nothing_left(tmp_path: Path) -> None:
    first = routine(tmp_path, patience=2, learning_rate=100.0)
    first.train(squared(first))
    epochs = len(first.history)
    assert epochs < SETTINGS["num_of_epochs"]
    expected = state(first)
    second = routine(tmp_path, first.R["exports_dir"], num_of_epochs=20)
    second.train(squared(second))
    assert len(second.history) == epochs
    assert all(value.equal(expected[key]) for key, value in state(second).items())


def test_after_a_resumed_training_comes_another_run(tmp_path: Path) -> None:
    first = routine(tmp_path, num_of_epochs=2, schedule="constant")
    first.train(squared(first))
    again = routine(tmp_path, first.R["exports_dir"], num_of_epochs=2, schedule="constant")
    again.train(squared(again))
    again.train(squared(again))
    assert again.R["id"] != first.R["id"]
    assert len(again.history) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 25}, "dataset with other dataset_size"),
        ({"group_size": 5}, "split otherwise"),
    ],
)
def test_other_data_is_refused(change: dict[str, int], message: str, tmp_path: Path) -> None:
    first = routine(tmp_path)
    first.train(squared(first))
    other = routine(tmp_path, first.R["exports_dir"])
    other.D = dataset(**change)
    with pytest.raises(ValueError, match=message):
        other.train(squared(other))


def test_another_split_or_model_is_refused(tmp_path: Path) -> None:
    first = routine(tmp_path)
    first.train(squared(first))
    other = routine(tmp_path, first.R["exports_dir"])
    other.P["seed"] = 8
    with pytest.raises(ValueError, match="split otherwise"):
        other.train(squared(other))
    other = routine(tmp_path, first.R["exports_dir"])
    with pytest.raises(ValueError, match=r"holds a Drawing, but routine\.M is a Linear"):
        other.M = Linear(0.1)
    with pytest.raises(ValueError, match=r"linear\.weight has the shape \(1, 3\) there.*\(1, 7\)"):
        other.M = Drawing(0.1, inputs=7)


def test_what_cannot_be_resumed_is_named(tmp_path: Path) -> None:
    made = Routine(str(tmp_path), device="cpu")
    with pytest.raises(FileNotFoundError, match=r"last\.pt"):
        made.resume(tmp_path)
    first = routine(tmp_path)
    first.train(squared(first))
    old = read_checkpoint(first.R["exports_dir"])
    del old["progress"]
    torch.save(old, tmp_path / "old.pt")
    with pytest.raises(ValueError, match=r"old\.pt does not hold what a training needs to go on"):
        made.resume(tmp_path / "old.pt")


def test_a_training_that_could_not_begin_is_still_to_be_resumed(tmp_path: Path) -> None:
    first = routine(tmp_path)
    first.train(squared(first))
    again = routine(tmp_path, first.R["exports_dir"], num_of_epochs=9)
    again.D = dataset(25)
    with pytest.raises(ValueError, match="other dataset_size"):
        again.train(squared(again))
    again.D = dataset()
    again.train(squared(again))
    assert again.history == first.history


def test_another_learning_rate_is_taken_and_another_optimiser_refused(
    tmp_path: Path,
) -> None:
    first = routine(tmp_path, num_of_epochs=2, schedule="constant")
    first.P["optimiser"] = "adam"
    first.train(squared(first))

    def more(text: str) -> Routine:
        config = tmp_path / "more.yaml"
        config.write_text(f"num_of_epochs: 3\n{text}")
        made = Routine(str(tmp_path), device="cpu")
        made.resume(first.R["exports_dir"])
        made.setParameters(parameters(optimiser="adam"), str(config))
        made.D, made.M = dataset(), Drawing(made.P["learning_rate"])
        made.train(squared(made))
        return made

    with pytest.raises(ValueError, match="state of the optimiser adam, which sgd cannot use"):
        more("optimiser: sgd")
    made = more("learning_rate: 0.001")
    assert [record["learning_rate"] for record in made.history] == [0.05, 0.05, 0.001]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run, which its tests leave as it is."""
    made = routine(tmp_path_factory.mktemp("trained"), num_of_epochs=2, schedule="constant")
    made.train(squared(made))
    return Path(made.R["exports_dir"])


def resumed(run: Path) -> None:
    """Resume a run, for an epoch more."""
    made = routine(run.parent, run, num_of_epochs=2, schedule="constant")
    made.P["num_of_epochs"] = 3
    made.train(squared(made))


FORGERIES: list[tuple[str, Any]] = [
    ("progress", 3),
    ("progress/history", {}),
    ("progress/history", []),
    ("progress/history/0", 3),
    ("progress/history/1/epoch", 0),
    ("progress/history/1/training_loss", "low"),
    ("progress/history/1/selection_loss", 0.5),
    ("progress/split", []),
    ("progress/split/0", [1, 2]),
    ("progress/split/1", torch.tensor([0.5])),
    ("progress/stopping/best", "low"),
    ("progress/stopping/waited", 10**30 * -1.0),
    ("progress/streaming", None),
    ("progress/random", [3]),
    ("progress/random/0/torch", torch.zeros(3)),
    ("progress/random/0/numpy", []),
    ("progress/random/0/python", [3, torch.zeros(1), None]),
    ("run_info/epoch", 10**9),
    ("run_info/id", ["x"]),
    ("run_info/model", "Drawing"),
    ("dataset", None),
    ("dataset/sampler", {}),
    ("optimizer_state_dict", []),
    ("optimizer_state_dict/state", {0: {"step": 1}}),
    ("optimizer_state_dict/state/0/exp_avg", torch.zeros(99)),
    ("optimizer_state_dict/state/0/step", "many"),
    ("optimizer_state_dict/param_groups", {}),
    ("optimizer_state_dict/param_groups/0/lr", "fast"),
    ("optimizer_state_dict/param_groups/0/betas", [0.9]),
    ("optimizer_state_dict/param_groups/0/params", [0]),
    ("model_state_dict/linear.weight", torch.full((1, 3), math.nan)),
    ("hyperparameters/num_of_epochs", "many"),
    ("hyperparameters/learning_rate", [0.1]),
]


@pytest.mark.parametrize(("place", "value"), FORGERIES, ids=lambda each: str(each)[:40])
def test_a_forged_checkpoint_is_refused(
    place: str, value: Any, trained: Path, tmp_path: Path
) -> None:
    content: Any = read_checkpoint(trained / "last.pt")
    *path, last = (int(part) if part.isdecimal() else part for part in place.split("/"))
    inside = content
    for part in path:
        inside = inside[part]
    inside[last] = value
    torch.save(content, tmp_path / "last.pt")
    with pytest.raises((ValueError, TypeError)) as raised:
        resumed(tmp_path)
    assert len(str(raised.value)) < 1000


def test_a_run_is_resumed_by_one_process(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(shutil.copytree(trained, tmp_path / "run"))
    (run / ".last.pt.123.tmp").touch()  # of a process that was killed
    (run / ".mine.tmp").touch()
    with locked(run), pytest.raises(BlockingIOError, match=r"another process trains the run in"):
        resumed(run)
    waiting = routine(tmp_path, run, num_of_epochs=3, schedule="constant")
    assert {path.name for path in run.glob(".*")} == {".mine.tmp"}
    with locked(run), pytest.raises(BlockingIOError, match="another process"):
        waiting.train(squared(waiting))
    content: Any = read_checkpoint(run / "last.pt")
    del content["optimizer_state_dict"]["param_groups"][0]["eps"]  # of another version of torch
    torch.save(content, run / "last.pt")
    resumed(run)
    with pytest.raises(ValueError, match="has gone on since it was read: resume it again"):
        waiting.train(squared(waiting))

    def overtaken(path: Path) -> Any:
        found = resumable(path)
        os.utime(run / "last.pt", ns=(0, 0))  # as another process that trains, and is done
        return found

    with monkeypatch.context() as patched:
        patched.setattr("kac_prediction.pipeline.training.routine.resumable", overtaken)
        with pytest.raises(ValueError, match="has gone on since it was read"):
            resumed(run)
    log = (run / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in log] == [0, 1, 2]


def test_a_run_under_way_is_not_resumed(tmp_path: Path) -> None:
    made = routine(tmp_path)
    score = squared(made)

    def disturbed(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        score(i, loop_length, x, y)
        if made.R["epoch"] == 1:
            with pytest.raises(BlockingIOError, match="another process trains"):
                routine(tmp_path, made.R["exports_dir"])

    made.train(disturbed)
    log = (Path(made.R["exports_dir"]) / "log.jsonl").read_text().splitlines()
    assert len(log) == SETTINGS["num_of_epochs"]
