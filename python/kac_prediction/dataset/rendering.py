"""Rendering by several workers: threads of the core, or processes for samplers in pure Python."""

import inspect
import time
from collections.abc import Iterator, Mapping
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, groupby, pairwise
from pickle import PicklingError
from typing import Any

import numpy as np

from .. import _core
from .._checks import brief, check_count, did_you_mean
from .._processes import in_processes
from .behaviour import Behaviour, Rendered, observe, render
from .sampler import AudioSampler

_CHUNK_BYTES = 2**24
_CHUNK_SECONDS = 1.0


class Renderer:
    """Render any samples of the dataset that (sampler, settings, seed) define, in any order.

    Attributes:
        behaviour: what is known of the sampler.
        recipe: the sampler's class and the arguments of its constructor.
        sampler: the sampler of this process.
        threads: threads of the core, 0 for all.
    """

    def __init__(
        self,
        Sampler: type[AudioSampler],
        settings: Mapping[str, Any],
        seed: int,
        workers: int | None = None,
        revisions: Mapping[int, int] | None = None,
    ) -> None:
        """Build the sampler; raise TypeError for another class, or settings that do not fit it.

        Workers are threads of the core for a sampler with a batch kernel (None: all that the
        process may use), processes for one in pure Python (None: this one alone).
        """
        if not (isinstance(Sampler, type) and issubclass(Sampler, AudioSampler)):
            raise TypeError(f"Sampler must be a subclass of AudioSampler, got {Sampler!r}.")
        self.threads = 0 if workers is None else check_count("workers", workers)
        self.recipe = Sampler, dict(settings)
        try:
            self.sampler = Sampler(**self.recipe[1])
        except TypeError as error:
            takes = inspect.signature(Sampler).parameters
            unknown = [name for name in self.recipe[1] if name not in takes]
            nearest = did_you_mean(unknown[0], takes) if unknown else ""
            raise TypeError(
                f"{Sampler.__name__} cannot be made from {brief(self.recipe[1])}: {error}{nearest}"
            ) from error
        self.sampler.threads = self.threads
        self.behaviour = Behaviour()
        self.seed(seed, revisions)
        self._in_pure_python = Sampler.render is AudioSampler.render
        self._processes = (workers or 1) if self._in_pure_python else 1

    def seed(self, seed: int, revisions: Mapping[int, int] | None = None) -> None:
        """Draw everything from this seed, and samples that are regenerated in their revisions."""
        self._seed, self._revisions = seed, dict(revisions or {})
        self.sampler.seed(seed, self._revisions)

    def observe(self, size: int | None) -> None:
        """Observe a sampler that is not of this package; errors are those of `observe`."""
        package = __name__.partition(".")[0]
        if type(self.sampler).__module__.partition(".")[0] != package:
            self.behaviour = observe(lambda: _seeded(*self.recipe, self._seed, {}), size)

    def __call__(self, indices: range | list[int]) -> Rendered:
        """Render samples `indices`: waveforms, shape (n, length), all finite, and their labels."""
        name, shares = type(self.sampler).__name__, self._shares(indices)
        if len(shares) < 2:
            sounds, labels = render(self.sampler, indices, self.behaviour)
        else:
            fixed = (self.recipe, self._seed, self._revisions, self.behaviour)
            try:
                calls = [(*fixed, share) for share in shares]
                parts = list(in_processes(_render, calls, len(calls)))
            except (BrokenProcessPool, PicklingError) as error:
                error.add_note(
                    f"{name} was rendering samples {indices[0]} to {indices[-1]} in {len(shares)} "
                    "processes; with workers=None it renders in this one."
                )
                raise
            sounds = np.concatenate([part[0] for part in parts])
            labels = list(chain.from_iterable(part[1] for part in parts))
        self.behaviour = self.behaviour.checked(name, indices, labels)
        if not np.isfinite(sounds).all():
            row, position = np.argwhere(~np.isfinite(sounds))[0]
            raise ValueError(
                f"{name} made a value that is not finite: "
                f"{sounds[row, position]} in sample {indices[row]} at position {position}."
            )
        return sounds, labels

    def _shares(self, indices: range | list[int]) -> list[list[int]]:
        """Divide samples among the processes, those that depend on each other to one."""
        if self._processes == 1:
            return [[*indices]]
        parts = [[i] for i in indices]
        if self.behaviour.whole_groups:
            size = self.sampler.group_size
            parts = [[*members] for _, members in groupby(indices, lambda i: i // size)]
        bounds = np.linspace(0, len(parts), min(self._processes, len(parts)) + 1).astype(int)
        return [[*chain(*parts[a:b])] for a, b in pairwise(bounds)]

    def timed_chunks(self, start: int, stop: int, values: int) -> Iterator[range]:
        """Cut [start, stop) into whole groups that fit the memory and take about a second.

        An interruption loses no more. `values` is the larger size, of a sound or its row of x.
        """
        group = self.sampler.group_size
        threads = 1 if self._in_pure_python else self.threads or _core.available_threads()
        if self.behaviour.whole_groups:
            threads = max(threads, self._processes)
        most = groups_per_chunk(values * group, threads)
        # First as much as keeps all threads busy; then by how long that took.
        groups = min(threads, most)
        while start < stop:
            end = min((start // group + groups) * group, stop)
            started = time.monotonic()
            yield range(start, end)
            start, took = end, time.monotonic() - started
            groups = min(2 * groups, most) if took < _CHUNK_SECONDS / 2 else groups


def _seeded(
    Sampler: type[AudioSampler], settings: dict[str, Any], seed: int, revisions: dict[int, int]
) -> AudioSampler:
    """Return a new sampler."""
    sampler = Sampler(**settings)
    sampler.seed(seed, revisions)
    return sampler


def _render(
    recipe: tuple[type[AudioSampler], dict[str, Any]],
    seed: int,
    revisions: dict[int, int],
    behaviour: Behaviour,
    indices: list[int],
) -> Rendered:
    """Render samples in another process."""
    return render(_seeded(*recipe, seed, revisions), indices, behaviour)


def chunks(start: int, stop: int, length: int) -> Iterator[range]:
    """Cut [start, stop) into ranges of samples of `length` values that fit a fixed memory."""
    step = groups_per_chunk(length)
    for first in range(start, stop, step):
        yield range(first, min(first + step, stop))


def groups_per_chunk(values: int, threads: int = 1) -> int:
    """Return how many groups of so many values fit the memory, of which more threads get more."""
    return max(1, _CHUNK_BYTES * max(2, threads) // 2 // (8 * values))
