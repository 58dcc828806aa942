"""StreamingDataset: labelled sounds without end, made while a model learns from them."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import count as count_from
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch

from .. import __version__, _core
from .._checks import check_count, check_seed
from .labels import label_tensors
from .maker import Maker, leave
from .rendering import Renderer, groups_per_chunk
from .representation import InputRepresentation, RepresentationSettings
from .sampler import AudioSampler, Labels, SamplerInfo, SamplerSettings
from .seeding import fresh_seed

Example: TypeAlias = tuple[torch.Tensor, dict[str, torch.Tensor]]
"""What is learnt from at once: x and labels, of one sample or of a batch."""

T = TypeVar("T")

_CHUNK = 64


class StreamingDataset(torch.utils.data.IterableDataset[Example]):
    """Fresh sounds and labels without end or disk, no two alike, the same ones for a seed.

    Sample i is sample i of the dataset that `generateDataset` makes of the same seed (see
    `one_per_group` for others), before its sound is rounded to the 24 bits of a file. Every
    iteration begins with sample `start`: to go on rather than to see the same sounds again, keep
    one iterator, or add to `start` how many were seen.

    The workers of a DataLoader share the stream: worker w of W makes the batches w, w + W, ...,
    and the loader hands them out in the order of the stream, whatever W is. Without a
    `batch_size` here they take turns by chunks, and the order is that of the stream if the
    loader's batches are as large as `chunk`. Processes that are no such workers, as those of
    distributed training, need a seed each, or ask for their part of what can be `made`.

    The next samples are made, in threads, while these are used. So samplers of this package are
    quickest without workers, which pay for handing every batch to another process; a sampler
    written in Python needs workers to use more than one core.

    Example:
        >>> from kac_prediction.dataset import StreamingDataset
        >>> from kac_prediction.samplers import BesselModel
        >>> drums = StreamingDataset(
        ...     BesselModel, {"duration": 0.02, "sample_rate": 48000}, seed=1, batch_size=64
        ... )
        >>> x, y = next(iter(drums))
        >>> x.shape, y["drum_size"].shape
        (torch.Size([64, 960]), torch.Size([64, 1]))

    Attributes:
        batch_size: samples of each batch; None: single samples are handed out.
        chunk: how many samples are made at once.
        one_per_group: whether each sample is of another group, such as strikes on one drum.
        representation_settings: what x shows of the sounds.
        sampler: name of the sampler, and version of the package.
        sampler_settings: arguments of the sampler's constructor.
        seed: what everything is drawn from.
        start: the sample that every iteration begins with; may be assigned.
        threads: threads of the core; None: one in a worker of a DataLoader, else all that the
            process may use.
    """

    def __init__(
        self,
        Sampler: type[AudioSampler],
        sampler_settings: SamplerSettings | Mapping[str, Any],
        seed: int | None = None,
        representation_settings: RepresentationSettings | None = None,
        *,
        batch_size: int | None = None,
        chunk: int | None = None,
        one_per_group: bool = False,
        start: int = 0,
        threads: int | None = None,
    ) -> None:
        """Check the settings; nothing is made before the first sample is asked for.

        Args:
            Sampler: what makes the sounds.
            sampler_settings: arguments of its constructor.
            seed: an integer in [0, 2^64) that everything is drawn from; None: drawn, see `seed`.
            representation_settings: what x shows of the sounds; None: the waves, each normalised
                over its whole length. A recipe that crops first, such as
                `pipeline.ModelInput`, wants `{"normalise_input": False}`.
            batch_size: None: single samples, x and labels, as a TorchDataset hands them out. A
                number: batches of so many, as a DataLoader puts them together, but with far less
                work for Python (give them to a `DataLoader(..., batch_size=None)`); 64 or more
                keep the core busy.
            chunk: how many single samples are made at once, best a multiple of the sampler's
                `group_size`; None: about 64, fewer if sounds are very long.
            one_per_group: sample k of the stream is then member k % group_size of group k: of each
                drum one strike, every fifth in its middle as in a dataset. So a batch holds as
                many drums as samples, and none comes again.
            start: the sample to begin with, from 0, so that a training can go on.
            threads: see above.

        Raises:
            TypeError: not a sampler, settings that do not fit it, or a number that is not whole.
            ValueError: a number out of range, `chunk` beside `batch_size`, or settings of the
                sampler or the representation that do not fit.
        """
        if not isinstance(sampler_settings, Mapping):
            raise TypeError(f"sampler_settings must be a dictionary, got {sampler_settings!r}.")
        self.seed = fresh_seed() if seed is None else check_seed(seed)
        sampler = Renderer(Sampler, sampler_settings, self.seed).sampler
        representation = InputRepresentation(sampler.sample_rate, representation_settings)
        InputRepresentation.transformShape(sampler.length, representation.settings)
        if batch_size is not None and chunk is not None:
            raise ValueError("give chunk or batch_size: a batch is made at once as it is.")
        self._Sampler = Sampler
        self.sampler: SamplerInfo = {"name": Sampler.__name__, "version": __version__}
        self.sampler_settings = dict(sampler_settings)
        self.representation_settings = representation.settings
        self.batch_size = None if batch_size is None else check_count("batch_size", batch_size)
        self.chunk = self.batch_size or _default_chunk(sampler)
        if chunk is not None:
            self.chunk = check_count("chunk", chunk)
        self.one_per_group = bool(one_per_group)
        self._group_size = sampler.group_size
        self.start = _validate_start(start)
        self.threads = None if threads is None else check_count("threads", threads)

    def __iter__(self) -> Iterator[Example]:
        """Single samples, x of shape (...) and labels of shape (k,), or batches of them.

        In a batch x has the shape (batch_size, ...) and each label (batch_size, k), all float64;
        where samples differ in k, as polygons do in their vertices, nan fills up the shorter ones.

        Raises:
            ValueError: the sampler made a sound that is not finite or has another length, or
                samples of a batch differ in the names of their labels.
        """
        info = torch.utils.data.get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        firsts = count_from(_validate_start(self.start) + worker * self.chunk, workers * self.chunk)
        if self.batch_size is not None:
            yield from self.made(firsts, _batch)
            return
        for samples in self.made(firsts, _singles):
            yield from samples

    def made(
        self, firsts: Iterable[int], finish: Callable[[torch.Tensor, list[Labels]], T]
    ) -> Iterator[T]:
        """Chunks or batches of one's own choice, in order, of which the next ones are under way.

        Two are, each in a thread and with a sampler of its own: one is drawn in Python while the
        other keeps the core busy. With one thread to the core, or a sampler in Python, only one.
        Whoever leaves, waits 0.2 s at most: what is under way goes on in its thread to the next
        drum, or the next few if they are quick, and no further.

        Args:
            firsts: the samples that they begin with, whatever `start` is.
            finish: makes of x, shape (n, ...), and of n dictionaries of labels what is handed out;
                called in the thread that made them.

        Raises:
            ValueError: as iterating does; and whatever `finish` raises.
        """
        threads = self.threads or (1 if torch.utils.data.get_worker_info() else 0)
        in_core = self._Sampler.render is not AudioSampler.render
        lanes = 2 if in_core and (threads or _core.available_threads()) > 1 else 1
        left = threading.Event()
        makers = deque(self._maker(threads, finish, left) for _ in range(lanes))
        pending: deque[Future[T]] = deque()
        pool = ThreadPoolExecutor(lanes)
        try:
            for first in firsts:
                # A maker is free again: with all of them at work the oldest is waited for.
                done = [pending.popleft().result()] if len(pending) == lanes else []
                pending.append(pool.submit(makers[0], self._indices(first)))
                makers.rotate(-1)
                yield from done
            while pending:
                yield pending.popleft().result()
        finally:
            left.set()
            leave(pool, makers)

    def _maker(
        self,
        threads: int,
        finish: Callable[[torch.Tensor, list[Labels]], T],
        left: threading.Event,
    ) -> Maker[T]:
        """One that makes what is asked of it, by `threads` of the core, until it is left."""
        render = Renderer(self._Sampler, self.sampler_settings, self.seed)
        render.sampler.threads = threads
        represent = InputRepresentation(
            render.sampler.sample_rate, self.representation_settings, threads=threads
        )
        return Maker(render, represent, finish, left)

    def _indices(self, first: int) -> range | list[int]:
        """Which samples of the dataset of this seed the chunk from sample `first` on holds."""
        samples, size = range(first, first + self.chunk), self._group_size
        return [k * size + k % size for k in samples] if self.one_per_group else samples


def _default_chunk(sampler: AudioSampler) -> int:
    """The samples of so many whole groups as are 64 or just more, unless they fill the memory."""
    group = sampler.group_size
    return group * min(-(-_CHUNK // group), groups_per_chunk(sampler.length * group))


def _validate_start(start: int) -> int:
    if isinstance(start, bool) or not isinstance(start, (int, np.integer)):
        raise TypeError(f"start must be an integer, got {start!r}.")
    if start < 0:
        raise ValueError(f"start must be at least 0 (samples are numbered from 0), got {start}.")
    return int(start)


def _singles(x: torch.Tensor, labels: list[Labels]) -> list[Example]:
    """Samples one by one."""
    return list(zip(x, label_tensors(labels), strict=True))


def _batch(x: torch.Tensor, labels: list[Labels]) -> Example:
    """Samples as a batch."""
    return x, _stacked(labels)


def _stacked(labels: list[Labels]) -> dict[str, torch.Tensor]:
    """Labels of n samples as one float64 tensor each, shape (n, k); nan fills up shorter ones."""
    for y in labels:
        if y.keys() != labels[0].keys():
            raise ValueError(
                f"samples of one batch have the labels {sorted(labels[0])} and {sorted(y)}: "
                "a sampler must give all the same, or be asked for single samples "
                "(batch_size=None)."
            )
    return {name: _column([y[name] for y in labels]) for name in labels[0]}


def _column(rows: list[list[float | int]]) -> torch.Tensor:
    longest = max(map(len, rows))
    if any(len(row) < longest for row in rows):
        rows = [[*row, *[float("nan")] * (longest - len(row))] for row in rows]
    return torch.tensor(rows, dtype=torch.float64)
