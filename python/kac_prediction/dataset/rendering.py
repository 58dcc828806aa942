"""Rendering by several workers: threads of the core, or processes for samplers in pure Python."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from .sampler import AudioSampler, Labels

Rendered = tuple[npt.NDArray[np.float64], list[Labels]]

_CHUNK_BYTES = 2**24
_CHUNK_SECONDS = 1.0


class Renderer:
    """Makes the sounds of any samples of the dataset that (sampler, settings, seed) define.

    The result does not depend on the number of workers, nor on what is asked for together.

    Attributes:
        sampler: the sampler of this process.
    """

    def __init__(
        self,
        Sampler: type[AudioSampler],
        settings: Mapping[str, Any],
        seed: int,
        workers: int | None = None,
        revisions: Mapping[int, int] | None = None,
    ) -> None:
        """Build the sampler.

        Args:
            Sampler: the class of the sampler.
            settings: arguments of its constructor.
            seed: what everything is drawn from.
            workers: threads of the core for a sampler with a batch kernel (None: all that the
                process may use), processes for one in pure Python (None: this one alone).
            revisions: how often each sample has been drawn anew.

        Raises:
            TypeError: not a sampler, or the settings are not those of its constructor.
            ValueError: a number of workers below 1.
        """
        if not (isinstance(Sampler, type) and issubclass(Sampler, AudioSampler)):
            raise TypeError(f"Sampler must be a subclass of AudioSampler, got {Sampler!r}.")
        self.threads = validate_workers(workers)
        self._parts = (Sampler, dict(settings), seed, dict(revisions or {}))
        self.sampler = _build(*self._parts)
        self._in_pure_python = Sampler.render is AudioSampler.render
        self.sampler.threads = self.threads
        self._processes = (workers or 1) if self._in_pure_python else 1

    @property
    def recipe(self) -> tuple[type[AudioSampler], dict[str, Any]]:
        """What the sampler is made of: its class and the arguments of its constructor."""
        return self._parts[:2]

    def seed(self, seed: int) -> None:
        """Draw everything from another seed."""
        self._parts = (*self._parts[:2], seed, self._parts[3])
        self.sampler.seed(seed, self._parts[3])

    def __call__(self, indices: range | list[int]) -> Rendered:
        """Render samples `indices`: waveforms, shape (n, length), and their labels.

        Raises:
            ValueError: a waveform holds a value that is not finite.
        """
        if self._processes == 1 or len(indices) < 2:
            sounds, labels = self.sampler.render(indices)
        else:
            sounds, labels = self._render_in_processes(indices)
        if not np.isfinite(sounds).all():
            row, position = np.argwhere(~np.isfinite(sounds))[0]
            raise ValueError(
                f"{type(self.sampler).__name__} made a value that is not finite: "
                f"{sounds[row, position]} in sample {indices[row]} at position {position}."
            )
        return sounds, labels

    def chunks(self, start: int, stop: int, values: int) -> Iterator[range]:
        """Cut [start, stop) into ranges that fit a fixed amount of memory and take about a second.

        Whoever stops in between loses no more. They end with whole groups: what a group shares is
        made once, not once a chunk. `values` is how many a sample has, of its sound or its
        representation, whichever has more.
        """
        group = self.sampler.group_size
        threads = 1 if self._in_pure_python else self.threads or _core.available_threads()
        most = chunk_groups(values * group, threads)
        # First as much as keeps all threads busy; then by how long that took.
        groups = min(threads, most)
        while start < stop:
            end = min((start // group + groups) * group, stop)
            started = time.monotonic()
            yield range(start, end)
            start, took = end, time.monotonic() - started
            groups = min(2 * groups, most) if took < _CHUNK_SECONDS / 2 else groups

    def _render_in_processes(self, indices: range | list[int]) -> Rendered:
        # Imported here: few need it, and it slows the import of the package.
        from joblib import Parallel, delayed

        parts = [part.tolist() for part in np.array_split(indices, self._processes)]
        parts = [part for part in parts if part]
        done = Parallel(n_jobs=len(parts))(delayed(_render)(*self._parts, part) for part in parts)
        sounds, labels = zip(*done, strict=True)
        return np.concatenate(sounds), list(chain.from_iterable(labels))


def validate_workers(workers: int | None) -> int:
    """Return a number of threads as the core takes it, 0 for None.

    Raises:
        TypeError: it is no integer.
        ValueError: it is below 1.
    """
    whole = isinstance(workers, (int, np.integer)) and not isinstance(workers, bool)
    if workers is not None and not whole:
        raise TypeError(f"workers must be an integer (None: the default), got {workers!r}.")
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be at least 1 (None: the default), got {workers}.")
    return int(workers or 0)


def chunks(start: int, stop: int, length: int) -> Iterator[range]:
    """Cut [start, stop) into ranges of samples of `length` values that fit a fixed memory."""
    step = chunk_groups(length)
    for first in range(start, stop, step):
        yield range(first, min(first + step, stop))


def chunk_groups(values: int, threads: int = 1) -> int:
    """Return how many groups of so many values fit a fixed memory, one at least.

    More than two threads get more of it, so that there is work for all of them.
    """
    return max(1, _CHUNK_BYTES * max(2, threads) // 2 // (8 * values))


@contextmanager
def one_behind() -> Iterator[Any]:
    """Yield a function that hands a call to a thread, after the call before it has ended.

    So the next samples are made while these are written, and no more than two chunks are held.
    """
    pending: list[Future[None]] = []
    with ThreadPoolExecutor(1) as writer:

        def submit(*call: Any) -> None:
            while pending:
                pending.pop().result()
            pending.append(writer.submit(*call))

        yield submit
        while pending:
            pending.pop().result()


def _build(
    Sampler: type[AudioSampler], settings: dict[str, Any], seed: int, revisions: dict[int, int]
) -> AudioSampler:
    try:
        sampler = Sampler(**settings)
    except TypeError as error:
        raise TypeError(f"{Sampler.__name__} cannot be made from {settings}: {error}.") from error
    sampler.seed(seed, revisions)
    return sampler


def _render(
    Sampler: type[AudioSampler],
    settings: dict[str, Any],
    seed: int,
    revisions: dict[int, int],
    indices: list[int],
) -> Rendered:
    return _build(Sampler, settings, seed, revisions).render(indices)
