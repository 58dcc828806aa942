"""When the curve of a training is drawn, by a clock that the tests put forward."""

from pathlib import Path
from typing import Any

import pytest

from kac_prediction.pipeline.tracking.local import DRAWING_SHARE, FIRST_DRAWING, LocalTracker
from kac_prediction.plot import curve as curve_module


def record(epoch: int, **more: Any) -> dict[str, Any]:
    losses = {"training_loss": 0.5 / (epoch + 1), "selection_loss": {"aggregate": 0.25}}
    return {"epoch": epoch, **losses, "seconds": 1.0, **more}


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
        def savefig(self, stream: Any, *, format: str, dpi: float) -> None:
            stream.write(b"a curve")

    def curve_figure(records: list[dict[str, Any]]) -> Figure:
        drawn.append(len(records))
        return Figure()

    monkeypatch.setattr(curve_module, "curve_figure", curve_figure)
    return drawn


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
        if epoch < FIRST_DRAWING / DRAWING_SHARE / 2 - 1:
            assert not drawings
    elapsed = clock.now - 1000.0
    assert len(drawings) * cost <= DRAWING_SHARE * elapsed
    assert len(drawings) * cost > 0.9 * DRAWING_SHARE * elapsed
    assert drawings[-1] < 1000
    tracker.finish()
    tracker.finish()
    assert drawings[-2:] != [1000, 1000]
    assert drawings[-1] == 1000


def test_a_resumed_curve_shows_the_whole_training(tmp_path: Path, drawings: list[int]) -> None:
    first = LocalTracker(tmp_path)
    for epoch in range(5):
        first.log(record(epoch))
    again = LocalTracker(tmp_path)
    again.resume(3)
    again.log(record(4))
    again.finish(failed=True, interrupted=True)  # who has pressed Ctrl-C waits for no drawing
    assert not drawings
    again.finish()
    assert drawings == [5]
