"""Doing the next thing while this one is used."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_END = object()


def ahead(items: Iterator[T], depth: int = 2) -> Iterator[T]:
    """The same items in the same order, of which up to `depth` are made before they are asked for.

    They are made in one thread, one after the other. An error comes out where its item would.
    Whoever stops asking, stops the thread.
    """
    with ThreadPoolExecutor(1) as pool:
        pending: deque[Future[T | object]] = deque(
            pool.submit(next, items, _END) for _ in range(depth)
        )
        while (item := pending.popleft().result()) is not _END:
            pending.append(pool.submit(next, items, _END))
            yield item  # type: ignore[misc]
