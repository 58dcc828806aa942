"""regenerateDataPoints."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import _core
from .load import loadDataset
from .rendering import Renderer, chunks
from .representation import InputRepresentation
from .sampler import AudioSampler
from .seeding import fresh_seed
from .storage import DatasetDirectory, Header, Transaction, write_lock
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

    Each entry's revision goes up by one, and it becomes a group of its own (a drum of its own). A
    dataset that was not drawn from a seed is given a fresh one, from which the entries are drawn.

    Args:
        dataset: a dataset that was loaded or generated.
        Sampler: the sampler that made it.
        entries: indices of the samples, from 0 to the dataset's size less 1.
        workers: as in generateDataset.

    Returns:
        The dataset, loaded anew.

    Raises:
        DatasetError: the dataset is damaged, or another process writes there; it is as it was.
        OSError: the disk is full or cannot be written; the dataset is as it was.
        TypeError: not a dataset, or an entry is not an integer.
        ValueError: an entry is out of range, the sampler is another one, or the dataset is only a
            part of what its directory holds.
    """
    if not isinstance(dataset, TorchDataset):
        raise TypeError(f"dataset must be one that loadDataset returned, got {dataset!r}.")
    path = Path(dataset.dataset_dir).absolute()
    size = DatasetDirectory(path).header.dataset_size
    if len(dataset) != size:
        raise ValueError(
            f"this is {len(dataset)} of the {size} samples of {path}, whose entries would be "
            "others: give the whole dataset, as loadDataset returns it."
        )
    indices = _validate(entries, size)
    if indices:
        with write_lock(path):
            _regenerate(DatasetDirectory(path), Sampler, indices, workers).warn_clipped()
    return loadDataset(dataset.dataset_dir)


def _regenerate(
    directory: DatasetDirectory,
    Sampler: type[AudioSampler],
    indices: list[int],
    workers: int | None,
) -> Transaction:
    """Let new samples replace those that are there; return the stage, now done."""
    header, lines = directory.header, list(directory.label_lines)
    if Sampler.__name__ != header.sampler["name"]:
        raise ValueError(
            f"{directory.path} was made by {header.sampler['name']}, not by {Sampler.__name__}."
        )
    header = _revise(header, indices)
    revisions = {i: header.revisions[i] for i in indices}
    seed = fresh_seed() if header.seed is None else header.seed
    renderer = Renderer(Sampler, header.sampler_settings, seed, workers, revisions)
    stage = Transaction(directory.path, shard_size=header.shard_size)
    checksum = _render(directory, renderer, stage, header, lines, set(indices))
    header = replace(header, seed=seed, checksums=header.checksums | {ARRAY: checksum})
    stage.write_metadata(header, lines)
    stage.commit(indices)
    return stage


def _validate(entries: Iterable[int], dataset_size: int) -> list[int]:
    """The entries, sorted and each once."""
    entries = list(entries)
    for entry in entries:
        if isinstance(entry, bool) or not isinstance(entry, (int, np.integer)):
            raise TypeError(f"An entry must be an integer, got {entry!r}.")
        if not 0 <= entry < dataset_size:
            raise ValueError(
                f"There is no entry {entry} in a dataset of {dataset_size} samples "
                f"(0 to {dataset_size - 1})."
            )
    return sorted({int(entry) for entry in entries})


def _revise(header: Header, indices: list[int]) -> Header:
    """Raise the revisions, give each entry a group of its own, and note what renders it."""
    revisions, groups = list(header.revisions), list(header.groups)
    for i in indices:
        revisions[i] += 1
        groups[i] = header.dataset_size + i
    instruction_sets = {*header.instruction_set.split("+"), _core.instruction_set()} - {""}
    return replace(
        header,
        revisions=revisions,
        groups=groups,
        instruction_set="+".join(sorted(instruction_sets)),
    )


def _render(
    directory: DatasetDirectory,
    renderer: Renderer,
    stage: Transaction,
    header: Header,
    lines: list[str],
    indices: set[int],
) -> int:
    """Stage the new sounds, and x with their rows replaced; put their labels among the others.

    The checksums of the sounds, where they are known, become those of the new ones.

    Returns:
        The checksum of x.
    """
    sampler = renderer.sampler
    representation = InputRepresentation(
        sampler.sample_rate, header.representation_settings, threads=renderer.threads
    )
    directory.verify_array()  # or damage that it has would get a checksum that fits it
    x = directory.array()
    row_checksums: list[int] = []
    with stage.array(x.shape) as writer:
        for part in chunks(0, len(x), max(sampler.length, x[0].size)):
            rows = x[part.start : part.stop].copy()  # what is changed of x itself stays in memory
            chosen = sorted(indices.intersection(part))
            if chosen:
                sounds, new_labels = renderer(chosen)
                checksums = stage.write_sounds(
                    chosen, sounds, sampler.sample_rate, renderer.threads
                )
                quantised = _core.quantise(sounds, 24, threads=renderer.threads)
                rows[[i - part.start for i in chosen]] = representation.transform(quantised)
                for i, y, checksum in zip(chosen, new_labels, checksums, strict=True):
                    lines[i] = label_line(y, i)
                    if header.sounds:
                        header.sounds[i] = checksum
            row_checksums += writer.write(part.start, rows)
        return writer.checksum(row_checksums)
