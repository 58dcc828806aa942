"""The log of a training beside its checkpoints, its curve and its pictures."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tqdm.auto import tqdm

from kac_prediction.pipeline import Routine
from routines_of_users import dataset, files, ready, squared

PNG = b"\x89PNG"


def log_of(routine: Routine) -> Path:
    return Path(routine.R["exports_dir"]) / "log.jsonl"


def records(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def epochs(file: Path) -> list[int]:
    return [record["epoch"] for record in records(file)]


def train(routine: Routine, at_epoch: Callable[[int], None] = lambda epoch: None) -> None:
    """Train; call `at_epoch` whenever the second part of the dataset is scored."""
    score = squared(routine)

    def observe(i: int, loop_length: int, x: Any, y: Any) -> None:
        if i == 0:
            at_epoch(routine.R["epoch"])
        score(i, loop_length, x, y)

    routine.train(observe)


def resumed(routine: Routine, **changes: Any) -> Routine:
    """The same training in another process, with more epochs."""
    again = Routine(str(Path(routine.R["exports_dir"]).parent), device="cpu")
    again.resume(routine.R["exports_dir"])
    again.setParameters({**routine.P, **changes})
    again.P |= changes
    again.D, again.M = dataset(), type(routine.M)(routine.P["learning_rate"])  # type: ignore[call-arg]
    return again


@pytest.mark.usefixtures("rendered")
def test_a_line_an_epoch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    routine = ready(tmp_path)

    def check(epoch: int) -> None:
        assert epoch == 0 or epochs(log_of(routine)) == list(range(epoch))

    train(routine, check)
    assert records(log_of(routine)) == routine.history
    assert (log_of(routine).with_name("curve.png")).read_bytes().startswith(PNG)
    assert {"log.jsonl", "curve.png"} <= set(files(routine))
    first = routine.history[0]
    training, selection = first["training_loss"], first["selection_loss"]["aggregate"]
    said = f"training {training:.6g}, validation {selection:.6g}"
    assert any(text.startswith(f"epoch 0: {said}") for text in caplog.messages)


def test_the_progress_bar_shows_the_losses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[dict[str, float]] = []
    monkeypatch.setattr(tqdm, "set_postfix", lambda bar, losses: shown.append(losses))
    routine = ready(tmp_path)
    train(routine)
    for losses, record in zip(shown, routine.history, strict=True):
        assert losses["training"] == record["training_loss"]
        assert losses["validation"] == record["selection_loss"]["aggregate"]


def test_a_run_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    assert files(Routine(str(tmp_path))) == []


def test_a_resumed_log_forgets_what_came_after(tmp_path: Path) -> None:
    routine = ready(tmp_path)
    train(routine)
    with log_of(routine).open("a") as stream:
        stream.write('{"epoch": 3}\n{"epoch": 4}\n{"epoch": 5, "training_lo')  # killed here
    again = resumed(routine, num_of_epochs=5)
    assert epochs(log_of(again)) == [0, 1, 2]
    train(again)
    assert records(log_of(again)) == again.history
    assert epochs(log_of(again)) == [0, 1, 2, 3, 4]


def test_a_log_that_is_not_there_can_be_resumed(tmp_path: Path) -> None:
    routine = ready(tmp_path)
    train(routine)
    log_of(routine).unlink()
    again = resumed(routine, num_of_epochs=4)
    assert not log_of(again).exists()
    train(again)
    assert epochs(log_of(again)) == [3]


def test_a_disk_that_fails_is_mentioned_once_and_caught_up_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    routine = ready(tmp_path, num_of_epochs=4)
    log_of(routine).mkdir()  # which cannot be written

    def mend(epoch: int) -> None:
        if epoch == 3 and log_of(routine).is_dir():
            log_of(routine).rmdir()

    train(routine, mend)
    assert epochs(log_of(routine)) == [0, 1, 2, 3]
    assert len(caplog.messages) == 1
    assert "log.jsonl cannot be written" in caplog.messages[0]
    assert "the training goes on" in caplog.messages[0]


def test_what_was_never_written_is_said_in_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    routine = ready(tmp_path)
    log_of(routine).mkdir()
    train(routine)
    assert caplog.messages[-1].startswith("3 epochs are not in")
    assert "cannot be resumed" not in caplog.text
    resumed(routine)
    assert "log.jsonl cannot be resumed" in caplog.messages[-1]


class Square:
    """A figure that can be drawn."""

    def savefig(self, stream: Any, *, format: str, dpi: float) -> None:
        stream.write(PNG)


class Broken:
    """A figure that cannot be drawn."""

    def savefig(self, stream: Any, *, format: str, dpi: float) -> None:
        stream.write(b"half")
        raise RuntimeError("no such font")


def test_pictures_are_saved_whole_or_not_at_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    routine = ready(tmp_path)
    routine.illustrate = Square
    train(routine)
    picture = log_of(routine).with_name("drums.png")
    assert picture.read_bytes() == PNG
    again = resumed(routine, num_of_epochs=4)
    again.illustrate = Broken
    train(again)
    assert picture.read_bytes() == PNG
    assert not any(name.startswith(".") for name in files(again))
    assert "no such font" in caplog.text


def test_a_training_that_cannot_be_drawn_is_still_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("kac_prediction.plot.curve.curve_figure", lambda records: 1 / 0)
    routine = ready(tmp_path)
    train(routine)
    assert epochs(log_of(routine)) == [0, 1, 2]
    assert "the curve cannot be drawn" in caplog.text
