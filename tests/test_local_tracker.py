"""The log of a training beside its checkpoints, and its curve."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kac_prediction.pipeline.tracking.local_tracker import FIRST_DRAWING, SHARE, LocalTracker
from kac_prediction.pipeline.tracking.tracker import log_epoch, open_trackers
from kac_prediction.plot import curve as curve_module

PNG = b"\x89PNG"


def record(epoch: int, **more: Any) -> dict[str, Any]:
    losses = {"training_loss": 0.5 / (epoch + 1), "selection_loss": {"aggregate": 0.25}}
    return {"epoch": epoch, **losses, "seconds": 1.0, **more}


def logged(directory: Path) -> list[int]:
    lines = (directory / "log.jsonl").read_text().splitlines()
    return [json.loads(line)["epoch"] for line in lines]


class Clock:
    """A clock that others put forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def drawings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many epochs each curve showed that was drawn."""
    drawn: list[int] = []

    class Figure:
        def savefig(self, path: Path, dpi: float) -> None:
            path.write_bytes(PNG)

    def curve_figure(records: list[dict[str, Any]]) -> Figure:
        drawn.append(len(records))
        return Figure()

    monkeypatch.setattr(curve_module, "curve_figure", curve_figure)
    return drawn


def test_a_line_an_epoch(tmp_path: Path) -> None:
    tracker = LocalTracker(tmp_path)
    assert tracker.config({"batch_size": 3}) == {}
    for epoch in range(3):
        tracker.log(record(epoch))
        assert logged(tmp_path) == list(range(epoch + 1))
    tracker.finish()
    last = (tmp_path / "log.jsonl").read_text().splitlines()[-1]
    assert json.loads(last) == record(2)
    assert (tmp_path / "curve.png").read_bytes().startswith(PNG)
    assert {path.name for path in tmp_path.iterdir()} == {"log.jsonl", "curve.png"}


def test_a_run_that_never_began_leaves_nothing(tmp_path: Path) -> None:
    (tracker,) = open_trackers(
        {"exports_dir": str(tmp_path), "id": "x", "epoch": 0, "model": None}, {}
    )
    tracker.watch(None)  # type: ignore[arg-type]
    tracker.finish()
    assert not list(tmp_path.iterdir())


def test_drawing_takes_a_hundredth_of_the_time_at_most(
    tmp_path: Path, drawings: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, cost = Clock(), 0.3
    tracker = LocalTracker(tmp_path, clock)
    slow = curve_module.curve_figure

    def costly(records: Any) -> Any:
        clock.now += cost
        return slow(records)

    monkeypatch.setattr(curve_module, "curve_figure", costly)
    for epoch in range(1000):
        clock.now += 2.0
        tracker.log(record(epoch, seconds=2.0))
        if epoch < FIRST_DRAWING / SHARE / 2 - 1:
            assert not drawings
    elapsed = clock.now - 1000.0
    assert len(drawings) * cost <= SHARE * elapsed
    assert len(drawings) * cost > 0.9 * SHARE * elapsed
    assert drawings[-1] < 1000
    tracker.finish()
    tracker.finish()
    assert drawings[-2:] != [1000, 1000]
    assert drawings[-1] == 1000


def test_a_resumed_log_forgets_what_came_after(tmp_path: Path) -> None:
    first = LocalTracker(tmp_path)
    for epoch in range(5):
        first.log(record(epoch))
    with (tmp_path / "log.jsonl").open("a") as stream:
        stream.write('{"epoch": 5, "training_lo')  # killed here
    again = LocalTracker(tmp_path)
    again.resume(2)
    assert logged(tmp_path) == [0, 1, 2]
    again.log(record(3, training_loss=7.0))
    assert logged(tmp_path) == [0, 1, 2, 3]
    again.finish()
    assert (tmp_path / "curve.png").exists()


def test_a_resumed_curve_shows_the_whole_training(tmp_path: Path, drawings: list[int]) -> None:
    first = LocalTracker(tmp_path)
    for epoch in range(5):
        first.log(record(epoch))
    again = LocalTracker(tmp_path)
    again.resume(3)
    again.log(record(4))
    again.finish()
    assert drawings == [5]


def test_a_log_that_is_not_there_can_be_resumed(tmp_path: Path) -> None:
    tracker = LocalTracker(tmp_path)
    tracker.resume(3)
    assert not list(tmp_path.iterdir())
    tracker.log(record(4))
    assert logged(tmp_path) == [4]


def test_a_disk_that_fails_is_mentioned_once_and_caught_up_with(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = tmp_path / "run"
    tracker = LocalTracker(place)  # there is no such directory yet
    for epoch in range(3):
        tracker.log(record(epoch))
    assert len(caplog.messages) == 1
    assert "log.jsonl cannot be written" in caplog.messages[0]
    assert "the training goes on" in caplog.messages[0]
    place.mkdir()
    tracker.log(record(3))
    assert logged(place) == [0, 1, 2, 3]


def test_what_was_never_written_is_said_in_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = LocalTracker(tmp_path / "gone")
    for epoch in range(3):
        tracker.log(record(epoch))
    tracker.picture("drums", Broken())
    tracker.finish()
    assert any(message.startswith("3 epochs are not in") for message in caplog.messages)
    tracker.resume(1)


class Broken:
    """A figure that cannot be drawn."""

    def savefig(self, path: Path, dpi: float) -> None:
        path.write_bytes(b"half")
        raise RuntimeError("no such font")


def test_pictures_are_saved_whole_or_not_at_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = LocalTracker(tmp_path)
    figure = curve_module.curve_figure([record(0)])
    tracker.picture("drums", figure)
    before = (tmp_path / "drums.png").read_bytes()
    assert before.startswith(PNG)
    tracker.picture("drums", Broken())
    assert (tmp_path / "drums.png").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["drums.png"]
    assert "no such font" in caplog.text


def test_records_that_cannot_be_drawn_are_still_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tracker = LocalTracker(tmp_path)
    tracker.log({"epoch": 0, "training_loss": "high"})
    tracker.finish()
    assert logged(tmp_path) == [0]
    assert "cannot be drawn" in caplog.text


def test_an_epoch_is_told_to_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    said: dict[str, Any] = {}

    class Bar:
        set_postfix: Callable[[dict[str, Any]], None] = said.update

    log_epoch(record(0), [LocalTracker(tmp_path)], Bar())  # type: ignore[arg-type]
    assert said == {"training": 0.5, "selection": 0.25}
    assert "epoch 0: training 0.5, selection 0.25 (1.0 s)" in caplog.messages
    assert logged(tmp_path) == [0]
