"""Progress bars: who sees them."""

import io
import os
import signal
import threading
from typing import Any

import pytest

from interruptions import in_child
from kac_prediction import _progress
from waiting import PATIENCE


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class NotebookBar:
    """As tqdm's bar for notebooks, which needs widgets that are not installed here."""

    def __init__(self, items: Any, **options: Any) -> None:
        self.options = options


NotebookBar.__module__ = "tqdm.notebook"


def test_a_terminal_shows_them() -> None:
    screen = Terminal()
    assert list(_progress.progress_bar([1, 2], file=screen, desc="counting")) == [1, 2]
    assert "counting: 100%" in screen.getvalue()


def test_a_file_does_not() -> None:
    file = io.StringIO()
    assert list(_progress.progress_bar([1, 2], file=file)) == [1, 2]
    assert not file.getvalue()


def test_nor_does_what_cannot_be_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = Terminal()
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr("sys.stderr", stream)
        assert list(_progress.progress_bar([1, 2])) == [1, 2]


def test_one_that_is_hidden_shows_nothing() -> None:
    screen = Terminal()
    assert list(_progress.progress_bar([1, 2], hidden=True, file=screen)) == [1, 2]
    assert not screen.getvalue()


def test_none_waits_for_a_process_that_was_killed_at_one() -> None:
    def die() -> None:
        with _progress.ProgressBar.get_lock():
            os.kill(os.getpid(), signal.SIGKILL)

    assert in_child(die) == -signal.SIGKILL
    shown = threading.Thread(target=lambda: list(_progress.progress_bar([1, 2])), daemon=True)
    shown.start()
    shown.join(PATIENCE)
    assert not shown.is_alive()


def test_a_notebook_shows_them_though_it_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_progress, "ProgressBar", NotebookBar)
    bar: Any = _progress.progress_bar(total=3)
    assert bar.options == {"disable": False, "total": 3}
    bar = _progress.progress_bar(total=3, hidden=True)
    assert bar.options["disable"] is True
