"""Batches whose sounds are synthesised on the fly, each of a drum that never comes again."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import count, islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from ..._checks import check_number
from ...dataset import AudioSampler, RepresentationSettings, StreamingDataset
from ...dataset.rendering import Renderer
from ...dataset.sampler import Labels
from ...samplers.drum import Drum
from ..augmentation import Augmentation
from ..model_input import ModelInput
from .batches import Batch, generator, to_device
from .distributed import ProcessGroup

EPOCH: Final = 2**40  # samples set aside for each epoch: more than will be heard
RAW: Final[RepresentationSettings] = {"normalise_input": False}


class Source(NamedTuple):
    """What synthesises the sounds of one family."""

    Sampler: type[AudioSampler]
    settings: Mapping[str, Any]  # arguments of its constructor
    labels: Mapping[str, Any] = MappingProxyType({})  # further ones, the same for all its sounds
    share: float = 1.0  # of each batch, relative to the other sources


class SynthesisedBatches:
    """Batches without end, synthesised on the fly; no two sounds are of one drum.

    Batch b of epoch e of process r of R holds samples n to n + batch_size - 1 of the stream, where
    n = 2^40 e + (b R + r) batch_size: no two processes hear the same drum, nor does a training that
    is resumed with more or fewer of them, and R hear together what one with the R-fold batch hears.
    Sample k is the strike k % 5 on drum k, so that every fifth falls on the middle, as in a
    dataset. Several sources divide each batch in proportion to their shares, each with a stream of
    its own.

    The seed of a stream is a hash of `seed` and the number of its source, so the drums are not
    those of a dataset of the same seed. A batch and its augmentation depend on seed, epoch and
    process alone, so that a resumed training hears what it would have heard.

    The next batches are synthesised by threads of the core while a model trains. `count` is the
    samples of an epoch, of all processes; their batches are equally large, so all `weights` are 1.
    """

    def __init__(
        self,
        sources: Iterable[Source | tuple[Any, ...]],
        model_input: ModelInput,
        batch_size: int,
        steps: int,
        seed: int,
        *,
        processes: ProcessGroup | None = None,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        augmentation: Augmentation | None = None,
    ) -> None:
        """Check everything; nothing is synthesised before the first batch is asked for.

        Each process has `steps` batches of `batch_size` samples in an epoch; a label that a source
        lacks is nan. `augmentation` makes the inputs on the device, in place of `model_input`.
        """
        given = [Source(*source) for source in sources]
        if not given or batch_size < len(given) or steps < 1:
            raise ValueError(
                "streaming needs a source, a batch_size of at least a sample of each source, and"
                f" steps from 1, got {len(given)} sources, batch_size {batch_size}, steps {steps}."
            )
        self._steps, self._seed, self._processes = steps, seed, processes or ProcessGroup()
        self.count = steps * self._processes.size * batch_size
        self.weights = [1.0] * steps
        self._device, self._dtype = torch.device(device), dtype
        self._model_input, self._augmentation = model_input, augmentation
        self._needed = model_input.length + (augmentation.margin if augmentation else 0)
        self._labels = [source.labels for source in given]
        shares = [
            check_number(f"the share of {source.Sampler.__name__}", source.share, above=0)
            for source in given
        ]
        self.streams = [
            StreamingDataset(
                source.Sampler,
                self._settings(source),
                # The spawn key makes it another seed than people give, as good as surely.
                int(np.random.SeedSequence(seed, spawn_key=(i,)).generate_state(1, "u8")[0]),
                RAW,
                batch_size=count,
                one_per_group=True,
            )
            for i, (source, count) in enumerate(
                zip(given, _divide(batch_size, shares), strict=True)
            )
        ]
        # The epoch that comes next, and its batches, of which the first are under way.
        self._under_way: tuple[int, Iterator[Batch]] | None = None

    def epoch(self, number: int) -> Iterator[Batch]:
        """Yield the batches of an epoch, on the device.

        The epoch after the last one is already under way, any other begins anew. One that is left
        ends its threads.
        """
        under_way, self._under_way = self._under_way, None
        if under_way is not None and under_way[0] == number:
            ready = under_way[1]
        else:
            ready = self._from_epoch(number)
        draws = generator(self._device, self._seed, number, self._processes.rank)
        for x, y in islice(ready, self._steps):
            x = to_device(x, self._device, self._dtype)
            if self._augmentation is not None:
                x = self._augmentation(x, draws)
            yield x, to_device(y, self._device, self._dtype)
        self._under_way = number + 1, ready

    def _from_epoch(self, number: int) -> Iterator[Batch]:
        """Return batches from an epoch on, without end, not yet on a device."""
        # None of them refers to self, so that they and their threads end with it.
        steps, rank, size = self._steps, self._processes.rank, self._processes.size
        model_input, dtype = self._model_input, self._dtype
        crop = self._needed if self._augmentation else None

        def example(
            further: Mapping[str, Any], sounds: torch.Tensor, labels: list[Labels]
        ) -> Batch:
            y = model_input.targets([{**each, **further} for each in labels], missing="nan")
            x = model_input.inputs(sounds) if crop is None else sounds[:, :crop]
            return x.to(dtype), y

        def firsts(share: int) -> Iterator[int]:
            for epoch in count(number):
                start = EPOCH * epoch + rank * share
                yield from range(start, start + steps * size * share, size * share)

        chunks = [
            stream.chunks(firsts(stream.chunk), partial(example, labels))
            for stream, labels in zip(self.streams, self._labels, strict=True)
        ]
        pairs = (zip(*parts, strict=True) for parts in zip(*chunks, strict=True))
        return ((torch.cat(x), torch.cat(y)) for x, y in pairs)

    def _settings(self, source: Source) -> dict[str, Any]:
        """Return a source's settings, with as short a sound and as low a precision as will do."""
        sampler = Renderer(source.Sampler, source.settings, 0).sampler
        rate, needed = self._model_input.sample_rate, self._needed
        if sampler.sample_rate != rate or sampler.length < needed:
            raise ValueError(
                f"the model hears {needed} samples at {rate} Hz; {source.Sampler.__name__} makes "
                f"{sampler.length} at {sampler.sample_rate} Hz: change its settings."
            )
        settings = dict(source.settings)
        # Drums whose sound is the core's, and not that of an overridden `render`.
        if issubclass(source.Sampler, Drum) and source.Sampler.render is Drum.render:
            # Else the level would change with the duration: `amplitude` is the peak of all of it.
            if self._model_input.normalise:
                settings["duration"] = needed / rate
            if self._dtype == torch.float32 and "precision" in sampler.settings:
                settings.setdefault("precision", "single")
        return settings


def _divide(batch_size: int, shares: list[float]) -> list[int]:
    """Divide a batch in proportion to shares, by largest remainders, at least one to each."""
    quotas = batch_size * np.array(shares) / sum(shares)
    counts = np.floor(quotas).astype(int)
    largest = np.argsort(counts - quotas, kind="stable")  # of equal ones the first
    counts[largest[: batch_size - counts.sum()]] += 1
    for i in np.flatnonzero(counts == 0):
        counts[np.argmax(counts)] -= 1
        counts[i] = 1
    return [int(count) for count in counts]
