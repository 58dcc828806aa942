"""Items that are made in the background: in order, not too far ahead, and until cancelled."""

import threading
from collections.abc import Iterator

import pytest

from kac_prediction._threads import prefetch, run_ahead
from waiting import PATIENCE


def test_items_come_ahead_in_their_order_and_errors_in_their_place() -> None:
    def items() -> Iterator[int]:
        for i in range(5):
            made.append(i)
            yield i
        raise ValueError("five")

    made: list[int] = []
    found = []
    coming = prefetch(items())
    for _ in range(5):
        found.append(next(coming))
        assert len(made) <= len(found) + 2
    with pytest.raises(ValueError, match="five"):
        next(coming)
    assert found == list(range(5))
    assert list(prefetch(iter([]))) == []
    abandoned = prefetch(iter(range(100)))
    assert next(abandoned) == 0
    abandoned.close()


def test_closing_cancels_calls_and_does_not_wait_for_one_without_end() -> None:
    cancel, started, go_on, ended = (threading.Event() for _ in range(4))

    def endless() -> bool:
        started.set()
        go_on.wait()
        ended.set()
        return True

    results = run_ahead([started.wait, endless], 2, 2, cancel)
    next(results)
    results.close()
    assert cancel.is_set()
    assert not ended.is_set()
    go_on.set()
    assert ended.wait(PATIENCE)


def test_a_thread_that_cannot_be_started_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", fail)
    with pytest.raises(OSError, match="no thread can be started; end other programs"):
        next(prefetch(iter([1])))
