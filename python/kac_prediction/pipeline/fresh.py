"""FreshBatches: batches to learn from whose drums have never been heard before."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, count, islice
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
import torch

from ..dataset import AudioSampler, RepresentationSettings, StreamingDataset
from ..dataset.labels import label_tensors
from ..dataset.rendering import Renderer
from ..dataset.sampler import Labels
from ..samplers.drum import Drum
from .augmentation import Augmentation
from .batches import Batch, generator, moved
from .model_input import ModelInput

EPOCH: Final = 2**40
"""Samples set aside for each epoch: more than will be heard."""

AS_IT_IS: Final[RepresentationSettings] = {"normalise_input": False}


class Source(NamedTuple):
    """What makes the sounds of one family.

    Attributes:
        Sampler: the sampler.
        settings: arguments of its constructor.
        labels: further labels, the same for all of its sounds, such as {"family": 0.0}.
    """

    Sampler: type[AudioSampler]
    settings: Mapping[str, Any]
    labels: Mapping[str, Any] = MappingProxyType({})


class FreshBatches:
    """Batches without end, in which every sound is of a drum of its own that never comes again.

    Batch b of epoch e of process r of R holds samples n to n + batch_size - 1 of the stream, where
    n = 2^40 e + (b R + r) batch_size: no two processes hear the same drum, nor does a training that
    goes on with more or fewer of them, and R hear together what one with the R-fold batch hears.
    Sample k is the strike k % 5 on drum k, so that every fifth falls on the middle, as in a
    dataset. Several sources share each batch evenly (what cannot be divided goes to the first of
    them), each with a stream of its own.

    The drums are drawn from a seed that is a hash of `seed` and of the number of the source, so
    they are not those of a dataset of the same seed. A batch is a function of (seed, number of
    the epoch, process) alone, and so is its augmentation: a training that goes on hears what it
    would have heard.

    The next batches are made by threads of the core while a model learns. Of drums whose sound is
    normalised only those samples are made that the model sees, which do not depend on how long the
    drum sounds; in float32 where the model computes in that, unless the settings say otherwise.

    Attributes:
        batch_size: samples in a batch of this process.
        count: samples of an epoch, of all processes.
        streams: the stream of each source.
        weights: what the mean loss of each batch counts, beside those of other processes.
    """

    def __init__(
        self,
        sources: Iterable[Source | tuple[Any, ...]],
        model_input: ModelInput,
        batch_size: int,
        steps: int,
        seed: int,
        *,
        rank: int = 0,
        ranks: int = 1,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
        augmentation: Augmentation | None = None,
        threads: int | None = None,
    ) -> None:
        """Check everything; no sound is made before the first batch is asked for.

        Args:
            sources: what makes the sounds, each a Source or what one is made of.
            model_input: how a sound becomes an input and labels become targets. A label that a
                source lacks is nan in the targets of its sounds.
            batch_size: samples in a batch of each process, at least one of every source.
            steps: batches of an epoch.
            seed: everything is drawn from it.
            rank: number of this process, from 0.
            ranks: how many processes there are.
            device: where batches go.
            dtype: what floating numbers become.
            augmentation: makes of raw sounds what the model sees, on the device; None:
                `model_input` does.
            threads: of the core; None: all that the process may use.

        Raises:
            TypeError: a source is not a sampler with its settings.
            ValueError: a number out of range, or a sampler of another sample rate or of sounds too
                short for the model.
        """
        given = [Source(*source) for source in sources]
        least = max(1, len(given))
        if not given or batch_size < least or steps < 1 or not 0 <= rank < ranks:
            raise ValueError(
                "fresh batches need a source, a batch_size of at least a sample of each source, "
                f"steps from 1 and a rank below ranks, got {len(given)} sources, "
                f"batch_size {batch_size}, steps {steps}, rank {rank} of {ranks}."
            )
        self.batch_size = batch_size
        self._steps, self._seed, self._rank, self._ranks = steps, seed, rank, ranks
        self._device, self._dtype = torch.device(device), dtype
        self._augmentation = augmentation
        share, more = divmod(batch_size, len(given))
        self._parts = [
            _Part(
                source,
                # The spawn key makes it another seed than people give, as good as surely.
                int(np.random.SeedSequence(seed, spawn_key=(i,)).generate_state(1, "u8")[0]),
                share + (i < more),
                model_input=model_input,
                augmentation=augmentation,
                dtype=dtype,
                threads=threads,
            )
            for i, source in enumerate(given)
        ]
        # The epoch that comes next, and its batches, of which the first are being made.
        self._under_way: tuple[int, Iterator[Batch]] | None = None

    def __len__(self) -> int:
        """Batches of an epoch."""
        return self._steps

    @property
    def count(self) -> int:
        """Samples of an epoch, of all processes."""
        return self._steps * self._ranks * self.batch_size

    @property
    def streams(self) -> list[StreamingDataset]:
        """The stream of each source."""
        return [part.stream for part in self._parts]

    @property
    def weights(self) -> list[float]:
        """All the same."""
        return [1.0] * self._steps

    def epoch(self, number: int) -> Iterator[Batch]:
        """The batches of an epoch, on the device.

        Epochs in ascending order go on with what is under way; any other is begun anew.

        Args:
            number: which one, from 0.

        Returns:
            Inputs, shape (batch_size, ...), and targets, shape (batch_size, columns).

        Raises:
            ValueError: a sampler made a sound that is not finite, or has labels that do not fit.
        """
        ready = self._taken(number)
        draws = generator(self._device, self._seed, number, self._rank)
        for x, y in islice(ready, self._steps):
            x = moved(x, self._device, self._dtype)
            if self._augmentation is not None:
                x = self._augmentation(x, draws)
            yield x, moved(y, self._device, self._dtype)
        self._under_way = number + 1, ready

    def close(self) -> None:
        """Stop what is under way after the last epoch; another one begins anew."""
        self._under_way = None

    def _taken(self, number: int) -> Iterator[Batch]:
        """Take what is under way if it goes on with this epoch, else begin.

        Whoever takes it has it alone: an epoch that is left stops its threads.
        """
        under_way, self._under_way = self._under_way, None
        if under_way is not None and under_way[0] == number:
            return under_way[1]
        return self._from(number)

    def _from(self, number: int) -> Iterator[Batch]:
        """The batches from an epoch on, without end, not yet on a device."""
        process = self._steps, self._rank, self._ranks
        return _together([part.made(number, *process) for part in self._parts])


class _Part:
    """What one source gives to each batch."""

    def __init__(
        self,
        source: Source,
        seed: int,
        share: int,
        *,
        model_input: ModelInput,
        augmentation: Augmentation | None,
        dtype: torch.dtype,
        threads: int | None,
    ) -> None:
        self._labels = source.labels
        self._model_input = model_input
        self._augmented = augmentation is not None
        self._dtype = dtype
        self._needed = model_input.length + (augmentation.margin if augmentation else 0)
        self.stream = StreamingDataset(
            source.Sampler,
            self._settings(source),
            seed,
            AS_IT_IS,
            batch_size=share,
            one_per_group=True,
            threads=threads,
        )

    def made(self, number: int, steps: int, rank: int, ranks: int) -> Iterator[Batch]:
        """Its part of the batches of a process, from epoch `number` on."""
        share = self.stream.chunk
        epochs = (EPOCH * epoch + rank * share for epoch in count(number))
        firsts = (range(n, n + steps * ranks * share, ranks * share) for n in epochs)
        return self.stream.made(chain.from_iterable(firsts), self._example)

    def _example(self, sounds: torch.Tensor, labels: list[Labels]) -> Batch:
        """Inputs and targets; to be augmented, the sounds with their margin."""
        wanted = self._model_input.labels
        Y = label_tensors([{name: y[name] for name in wanted if name in y} for y in labels])
        y = self._model_input.targets([{**each, **self._labels} for each in Y], missing="nan")
        if self._augmented:
            return sounds[:, : self._needed].to(self._dtype), y
        return self._model_input.inputs(sounds).to(self._dtype), y

    def _settings(self, source: Source) -> dict[str, Any]:
        """The settings of a source, of a sound as short and a precision as low as will do.

        The level of a drum depends on its duration: the peak of the whole sound is `amplitude`.
        So only what is normalised may be cut.

        Raises:
            ValueError: another sample rate, or a sound too short for the model.
        """
        sampler = Renderer(source.Sampler, source.settings, 0).sampler
        rate, needed = self._model_input.sample_rate, self._needed
        if sampler.sample_rate != rate or sampler.length < needed:
            raise ValueError(
                f"the model hears {needed} samples at {rate} Hz; {source.Sampler.__name__} makes "
                f"{sampler.length} at {sampler.sample_rate} Hz: change its settings."
            )
        settings = dict(source.settings)
        # Drums whose sound is the core's, and not the work of a verb of somebody's own.
        if issubclass(source.Sampler, Drum) and source.Sampler.render is Drum.render:
            if self._model_input.normalise:
                settings["duration"] = needed / rate
            if self._dtype == torch.float32 and "precision" in sampler.settings:
                settings.setdefault("precision", "single")
        return settings


def _together(parts: list[Iterator[Batch]]) -> Iterator[Batch]:
    """Batches of what all sources give to them."""
    for batch in zip(*parts, strict=True):
        x, y = zip(*batch, strict=True)
        yield torch.cat(x), torch.cat(y)
