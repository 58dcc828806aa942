"""regenerateDataPoints: draw samples of a dataset anew."""

from collections.abc import Iterable
from dataclasses import replace

from .. import _core
from .._checks import check_count
from .._files import reporting
from .rendering import Renderer, chunks
from .representation import InputRepresentation
from .sampler import AudioSampler, fresh_seed
from .source import reloaded, source_of
from .storage import DatasetDirectory, Transaction, disk, write_lock
from .storage.layout import ARRAY
from .storage.metadata import label_line
from .torch_dataset import TorchDataset


def regenerateDataPoints(
    dataset: TorchDataset,
    Sampler: type[AudioSampler],
    entries: Iterable[int],
    workers: int | None = None,
) -> TorchDataset:
    """Draw some samples of a dataset anew, also on the disk: all or nothing.

    Each entry's revision goes up by one, and it becomes a group (a drum) of its own. A dataset that
    was not drawn from a seed is given a fresh one, from which the entries are drawn.

    Args:
        dataset: a dataset that was loaded or generated; it shows the new samples afterwards, as do
            its copies and parts.
        Sampler: the sampler that made it.
        entries: indices of the samples, from 0 to the dataset's size less 1.
        workers: as in generateDataset.

    Returns:
        The dataset, loaded anew.

    Raises:
        DatasetError: the dataset is damaged, it has changed since it was loaded, or another process
            writes there.
        OSError: the disk is full or cannot be written.
        TypeError: not a dataset, or an entry is not an integer.
        ValueError: an entry is out of range, the sampler is another one or one whose samples depend
            on each other, or the dataset is only a part of what its directory holds, or in none.
    """
    directory = source_of(dataset)
    size = directory.header.dataset_size
    if len(dataset) != size:
        raise ValueError(
            f"this is {len(dataset)} of the {size} samples of {directory.path}, whose entries "
            "would be others: give the whole dataset, as loadDataset returns it."
        )
    indices = sorted({check_count("an entry", entry, 0, size - 1) for entry in entries})
    if indices:
        with (
            reporting("regenerating samples of a dataset", directory.path),
            write_lock(directory.path),
        ):
            transaction = _regenerate(source_of(dataset), Sampler, indices, workers)
        transaction.warn_clipped()
    return reloaded(dataset)


def _regenerate(
    directory: DatasetDirectory,
    Sampler: type[AudioSampler],
    indices: list[int],
    workers: int | None,
) -> Transaction:
    """Replace these samples, and their rows of x; return the transaction that did it."""
    old = directory.header
    seed = fresh_seed() if old.seed is None else old.seed
    revisions = {i: old.revisions[i] + 1 for i in indices}
    renderer = _renderer(directory, Sampler, seed, workers, revisions)
    sampler, threads = renderer.sampler, renderer.threads
    representation = InputRepresentation(
        sampler.sample_rate, old.representation_settings, threads=threads
    )
    lines, groups, sounds = list(directory.label_lines), list(old.groups), list(old.sounds)
    directory.verify_array()  # or damage that it has would get a checksum that fits it
    x = directory.array()
    with Transaction(directory.path, shard_size=old.shard_size) as transaction:
        with transaction.array(x.shape) as array:
            for part in chunks(0, len(x), max(sampler.length, x[0].size)):
                # A copy: what is changed of x itself stays in memory.
                rows = x[part.start : part.stop].copy()
                if here := [i for i in part if i in revisions]:
                    waves, labels = renderer(here)
                    written = transaction.write_sounds(here, waves, sampler.sample_rate, threads)
                    waves = disk.as_stored(waves, threads)
                    rows[[i - part.start for i in here]] = representation.transform(waves)
                    for i, sound, y in zip(here, written, labels, strict=True):
                        groups[i], lines[i] = old.dataset_size + i, label_line(y, i)
                        if sounds:
                            sounds[i] = sound
                array.write(part.start, rows)
            checksum = array.checksum()
        instruction_sets = {*old.instruction_set.split("+"), _core.instruction_set()} - {""}
        header = replace(
            old,
            seed=seed,
            instruction_set="+".join(sorted(instruction_sets)),
            groups=groups,
            revisions=[revisions.get(i, revision) for i, revision in enumerate(old.revisions)],
            checksums=old.checksums | {ARRAY: checksum},
            sounds=sounds,
        )
        transaction.write_metadata(header, lines)
        transaction.commit(indices)
    return transaction


def _renderer(
    directory: DatasetDirectory,
    Sampler: type[AudioSampler],
    seed: int,
    workers: int | None,
    revisions: dict[int, int],
) -> Renderer:
    """Return what renders samples of these revisions; raise ValueError if the sampler cannot."""
    old = directory.header
    if Sampler.__name__ != old.sampler["name"]:
        raise ValueError(
            f"{directory.path} was made by {old.sampler['name']}, not by {Sampler.__name__}."
        )
    renderer = Renderer(Sampler, old.sampler_settings, seed, workers, revisions)
    renderer.observe(old.dataset_size)
    if renderer.behaviour.whole_groups:
        raise ValueError(
            f"a sample that is drawn anew is a group of its own, and those of {Sampler.__name__} "
            "depend on earlier ones of their group: let it draw what they share from "
            "self.group_rng, for each of them."
        )
    return renderer
