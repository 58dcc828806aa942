"""Work that nobody has to wait for."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

_Job = tuple[Callable[[], Any], "Future[Any]"]


class Background:
    """Does one job after the other, in a thread of its own that ends with the process.

    (An executor of the standard library is waited for when Python ends, however long that takes.)

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def do(self, job: Callable[[], Any]) -> "Future[Any]":
        """Take a job, and return at once what it will come to."""
        future: Future[Any] = Future()
        self._jobs.put((job, future))
        if not self._thread.ident:
            self._thread.start()
        return future

    def close(self) -> None:
        """Let the thread end once the jobs it has are done."""
        self._jobs.put(None)

    def _work(self) -> None:
        while (taken := self._jobs.get()) is not None:
            job, future = taken
            try:
                future.set_result(job())
            except BaseException as error:  # as SystemExit: for whoever asks, not for the thread
                future.set_exception(error)
