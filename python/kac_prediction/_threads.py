"""Work in threads: items made ahead, items written behind, and calls that Ctrl-C can end."""

import errno
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from functools import partial
from itertools import repeat
from typing import Any, TypeVar

T = TypeVar("T")

_PATIENCE_SECONDS = 0.2
_END = object()


def prefetch(items: Iterator[T], depth: int = 2) -> Generator[T, None, None]:
    """Yield the same items in the same order, of which up to `depth` are made ahead in a thread.

    An error is raised where its item would come. Closing the iterator cancels what is queued.
    """
    calls: Iterator[Callable[[], Any]] = repeat(partial(next, items, _END))
    with closing(run_ahead(calls, 1, depth, threading.Event())) as results:
        for item in results:
            if item is _END:
                return
            yield item


def run_ahead(
    calls: Iterable[Callable[[], T]], threads: int, depth: int, cancel: threading.Event
) -> Generator[T, None, None]:
    """Yield the results of calls in order, of which up to `depth` are under way in threads.

    When the iterator is closed, or an error or Ctrl-C ends it, `cancel` is set, for calls that look
    at it. Those under way are waited for, but not for long: they end after this returns.
    """
    pool = ThreadPoolExecutor(threads)
    pending: deque[Future[T]] = deque()
    try:
        for call in calls:
            ready = []
            if len(pending) == depth:  # the oldest stays pending until it is done
                ready = [_result_of(pending[0])]
                pending.popleft()
            pending.append(_start(pool, call))
            yield from ready
        while pending:
            result = _result_of(pending[0])
            pending.popleft()
            yield result
    finally:
        cancel.set()
        pool.shutdown(wait=False, cancel_futures=True)
        running = [future for future in pending if not future.cancelled()]
        if not wait(running, _PATIENCE_SECONDS).not_done:
            pool.shutdown()


def in_thread(call: Callable[[threading.Event], T]) -> T:
    """Return what a call returns that is made in a thread, since it uses callbacks from C.

    In the main thread these would lose Ctrl-C. The call is given the event that cancels it.
    """
    cancel = threading.Event()
    with closing(run_ahead([partial(call, cancel)], 1, 1, cancel)) as results:
        return next(results)


@contextmanager
def write_behind(write: Callable[..., object]) -> Iterator[Callable[..., None]]:
    """Yield a function that calls `write` in a thread, once the call before has ended.

    The next samples are made while these are written, and no more than two chunks are held.
    """
    pending: list[Future[object]] = []
    with ThreadPoolExecutor(1) as writer:

        def submit(*arguments: Any) -> None:
            while pending:
                _result_of(pending.pop())
            pending.append(_start(writer, write, *arguments))

        yield submit
        while pending:
            _result_of(pending.pop())


def _start(pool: ThreadPoolExecutor, call: Callable[..., T], *arguments: Any) -> Future[T]:
    """Submit a call to a pool; raise OSError where the system has no thread for it."""
    try:
        return pool.submit(call, *arguments)
    except RuntimeError as error:
        remedy = "end other programs, or allow more threads (ulimit -u)"
        raise OSError(errno.EAGAIN, f"no thread can be started; {remedy}") from error


def _result_of(future: Future[T]) -> T:
    """Return the result of a call; look up now and then, for Ctrl-C as the wait begins."""
    while not wait([future], _PATIENCE_SECONDS).done:
        pass
    return future.result()
