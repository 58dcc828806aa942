"""StreamingDataset: labelled sounds that are synthesised while a model is trained on them."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from functools import partial
from itertools import chain, count, groupby
from typing import Any, Generic, TypeAlias, TypeVar

import numpy as np
import torch

from .. import __version__, _core
from .._checks import check_count, check_seed
from .._threads import run_ahead
from .behaviour import Behaviour
from .labels import LabelTable, label_tensors
from .rendering import Renderer, groups_per_chunk
from .representation import InputRepresentation, RepresentationSettings
from .sampler import AudioSampler, Labels, SamplerInfo, SamplerSettings, fresh_seed

Example: TypeAlias = tuple[torch.Tensor, dict[str, torch.Tensor]]
"""x and labels, of one sample or of a batch."""

T = TypeVar("T")

_CHUNK = 64
_PART_SECONDS = 0.05


class StreamingDataset(torch.utils.data.IterableDataset[Example]):
    """Synthesise sounds and labels on the fly, endlessly, no two alike, the same for a seed.

    Sample i is sample i of the dataset that `generateDataset` makes of the same seed (but see
    `one_per_group`), before its sound is rounded to the 24 bits of a file. Every iteration begins
    with sample `start`: to go on, keep one iterator, or add to `start`.

    The workers of a DataLoader share the stream: worker w of W makes the batches w, w + W, ..., in
    the loader's order. Without a `batch_size` they take turns by chunks, in order if the loader's
    batches are as large as `chunk`. Other processes need a seed each, or ask for their part with
    `chunks`. The next samples are made in threads while these are used: samplers of this package
    are quickest without workers; one written in Python needs them to use more than one core.

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
        batch_size, chunk, one_per_group, sampler_settings, threads: as given.
        representation_settings: what x shows of the sounds, all settings.
        sampler: name of the sampler, and version of the package.
        seed: what everything is drawn from.
        start: the sample that every iteration begins with; may be assigned.
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
            batch_size: yield batches of so many samples, as a DataLoader puts them together but
                quicker (give them to a `DataLoader(..., batch_size=None)`); 64 or more keep the
                core busy. None: single samples.
            chunk: how many single samples are made at once, best a multiple of the sampler's
                `group_size`; None: about 64, fewer if sounds are very long.
            one_per_group: sample k of the stream is then member k % group_size of group k: of each
                drum one strike, every fifth in its middle as in a dataset.
            start: the sample to begin with, from 0.
            threads: threads of the core; None: one in a worker of a DataLoader, else all that the
                process may use.

        Raises:
            TypeError: not a sampler, settings that do not fit it, or a number that is not whole.
            ValueError: a number out of range, `chunk` beside `batch_size`, or settings of the
                sampler or the representation that do not fit.
        """
        if not isinstance(sampler_settings, Mapping):
            raise TypeError(f"sampler_settings must be a dictionary, got {sampler_settings!r}.")
        self.seed = fresh_seed() if seed is None else check_seed("seed", seed)
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
        self._group_size = group = sampler.group_size
        self._behaviour: Behaviour | None = None  # not observed yet
        # So many whole groups as are 64 samples or just more, unless they fill the memory.
        whole_groups = group * min(-(-_CHUNK // group), groups_per_chunk(sampler.length * group))
        self.chunk = self.batch_size or whole_groups
        if chunk is not None:
            self.chunk = check_count("chunk", chunk)
        self.one_per_group = bool(one_per_group)
        self.start = check_count("start", start, least=0)
        self.threads = None if threads is None else check_count("threads", threads)

    def __iter__(self) -> Iterator[Example]:
        """Yield single samples, x of shape (...) and labels of shape (k,), or batches of them.

        In a batch x has the shape (batch_size, ...) and each label (batch_size, k), all float64;
        where samples differ in k, as polygons do in their vertices, nan fills up the shorter ones.

        Raises:
            ValueError: the sampler made a sound that is not finite or has another length, samples
                differ in the names of their labels, or depend on chance or other groups.
        """
        info = torch.utils.data.get_worker_info()
        worker, workers = (info.id, info.num_workers) if info else (0, 1)
        start = check_count("start", self.start, least=0)
        firsts = count(start + worker * self.chunk, workers * self.chunk)
        if self.batch_size is not None:
            yield from self.chunks(firsts, _batch)
        else:
            for samples in self.chunks(firsts, _singles):
                yield from samples

    def chunks(
        self, firsts: Iterable[int], finish: Callable[[torch.Tensor, list[Labels]], T]
    ) -> Iterator[T]:
        """Yield chunks or batches of one's own choice, in order; the next ones are under way.

        Two are, each in a thread and with a sampler of its own: one is drawn in Python while the
        other keeps the core busy. With one thread to the core, or a sampler in Python, only one.
        Closing the iterator takes 0.2 s at most; what is under way ends with its next few drums.

        Args:
            firsts: the samples that they begin with, whatever `start` is.
            finish: called in the producing thread, with x, shape (n, ...), and n dictionaries of
                labels; what it returns is yielded.

        Raises:
            ValueError: as iterating does; and whatever `finish` raises.
        """
        threads = self.threads or (1 if torch.utils.data.get_worker_info() else 0)
        in_core = self._Sampler.render is not AudioSampler.render
        lanes = 2 if in_core and (threads or _core.available_threads()) > 1 else 1
        cancel = threading.Event()
        producers = [_Producer(self, threads, finish, cancel) for _ in range(lanes)]
        # The producer of each call is free again: as many calls as producers are under way.
        size, one_per_group = self._group_size, self.one_per_group
        samples = (range(first, first + self.chunk) for first in firsts)
        indices = ([k * size + k % size for k in ks] if one_per_group else [*ks] for ks in samples)
        calls = (partial(producers[k % lanes], chunk) for k, chunk in enumerate(indices))
        return run_ahead(calls, lanes, lanes, cancel)


class _Producer(Generic[T]):
    """Make chunks in a background thread, in parts, so that they can be cancelled soon."""

    def __init__(
        self,
        stream: StreamingDataset,
        threads: int,
        finish: Callable[[torch.Tensor, list[Labels]], T],
        cancel: threading.Event,
    ) -> None:
        self._render = Renderer(stream._Sampler, stream.sampler_settings, stream.seed)
        sampler, settings = self._render.sampler, stream.representation_settings
        sampler.threads = threads
        self._represent = InputRepresentation(sampler.sample_rate, settings, threads=threads)
        self._stream, self._finish, self._cancel = stream, finish, cancel
        in_core = type(sampler).render is not AudioSampler.render
        # At first as many groups a part as keep all threads busy.
        self._fewest = (threads or _core.available_threads()) if in_core else 1
        self._groups_per_part = self._fewest

    def __call__(self, indices: list[int]) -> T:
        """Return the finished chunk of these samples, or raise CancelledError.

        Parts are whole groups, as what a group shares is made once, and take about as long as a
        cancellation may. No bit depends on them.
        """
        if self._stream._behaviour is None:
            self._render.observe(size=None)
            self._stream._behaviour = self._render.behaviour
        self._render.behaviour = self._stream._behaviour
        size = self._render.sampler.group_size
        groups = [[*members] for _, members in groupby(indices, lambda i: i // size)]
        sounds, labels = [], list[Labels]()
        while groups:
            if self._cancel.is_set():
                raise CancelledError
            started = time.monotonic()
            rendered = self._render([*chain.from_iterable(groups[: self._groups_per_part])])
            took = time.monotonic() - started
            sounds.append(rendered[0])
            labels += rendered[1]
            del groups[: self._groups_per_part]
            if took > _PART_SECONDS:
                self._groups_per_part = max(self._groups_per_part // 2, self._fewest)
            elif groups and took < _PART_SECONDS / 2:
                self._groups_per_part *= 2
        together = sounds[0] if len(sounds) == 1 else np.concatenate(sounds)
        return self._finish(self._represent.transform(together), labels)


def _singles(x: torch.Tensor, labels: list[Labels]) -> list[Example]:
    return list(zip(x, label_tensors(labels), strict=True))


def _batch(x: torch.Tensor, labels: list[Labels]) -> Example:
    return x, LabelTable.of(labels).columns
