"""Maker: makes chunks of a stream, in a thread that can be left."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby
from typing import Generic, TypeVar

import numpy as np
import torch

from .. import _core
from .rendering import Renderer
from .representation import InputRepresentation
from .sampler import AudioSampler, Labels

T = TypeVar("T")

_PART_SECONDS = 0.05
_PATIENCE_SECONDS = 0.2


class NotWantedError(Exception):
    """What is being made is waited for by nobody."""


class Maker(Generic[T]):
    """Makes chunks of a stream, one after the other, until it is left."""

    def __init__(
        self,
        render: Renderer,
        represent: InputRepresentation,
        finish: Callable[[torch.Tensor, list[Labels]], T],
        left: threading.Event,
    ) -> None:
        """Keep what makes a chunk.

        Args:
            render: makes sounds and labels; with a sampler of its own.
            represent: makes x of the sounds.
            finish: makes of x and labels what is handed out.
            left: set when nothing is wanted any more.
        """
        self._render, self._represent, self._finish = render, represent, finish
        self._left, self._rests = left, threading.Event()
        self._rests.set()
        in_core = type(render.sampler).render is not AudioSampler.render
        # At first as many as keep all threads busy.
        self._fewest = (render.sampler.threads or _core.available_threads()) if in_core else 1
        self._groups = self._fewest

    def __call__(self, indices: range | list[int]) -> T:
        """Make samples `indices`, finished.

        Raises:
            NotWantedError: nobody waits for them.
        """
        self._rests.clear()
        try:
            sounds, labels = zip(*map(self._render, self._parts(indices)), strict=True)
            together = sounds[0] if len(sounds) == 1 else np.concatenate(sounds)
            return self._finish(self._represent.transform(together), [*chain.from_iterable(labels)])
        finally:
            self._rests.set()

    def rests_by(self, latest: float) -> bool:
        """Wait until nothing is being made; say whether that is so by this `time.monotonic`."""
        return self._rests.wait(max(0.0, latest - time.monotonic()))

    def _parts(self, indices: range | list[int]) -> Iterator[list[int]]:
        """Cut a chunk into whole groups, as many as take about as long as leaving may.

        What a group shares is made once, not once a part. No bit depends on how it is cut.
        """
        size = self._render.sampler.group_size
        groups = [[*members] for _, members in groupby(indices, lambda i: i // size)]
        while groups:
            if self._left.is_set():
                raise NotWantedError
            started = time.monotonic()
            yield [*chain.from_iterable(groups[: self._groups])]
            took = time.monotonic() - started
            del groups[: self._groups]
            if took > _PART_SECONDS:
                self._groups = max(self._groups // 2, self._fewest)
            elif groups and took < _PART_SECONDS / 2:
                self._groups *= 2


def leave(pool: ThreadPoolExecutor, makers: Iterable[Maker[T]]) -> None:
    """End the threads of makers that have been left: wait for them, but not for long.

    Each ends with the part that it is at. Where a sound takes long, that is after this returns.
    """
    pool.shutdown(wait=False, cancel_futures=True)
    latest = time.monotonic() + _PATIENCE_SECONDS
    if all(maker.rests_by(latest) for maker in makers):
        pool.shutdown()
