"""regenerateDataPoints."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .. import _core
from .load import loadDataset
from .rendering import Renderer, chunks
from .representation import InputRepresentation
from .sampler import AudioSampler, Labels
from .seeding import fresh_seed
from .storage import DatasetDirectory, Header, Stage
from .storage.layout import STAGING
from .storage.metadata import label_line
from .storage.stage import ArrayWriter
from .torch_dataset import TorchDataset


def regenerateDataPoints(
    dataset: TorchDataset,
    Sampler: type[AudioSampler],
    entries: Sequence[int],
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
        DatasetError: the dataset is damaged; it is as it was.
        OSError: the disk is full or cannot be written; the dataset is as it was.
        TypeError: an entry is not an integer.
        ValueError: an entry is out of range, or the sampler is another one.
    """
    directory = DatasetDirectory(dataset.dataset_dir)
    header, labels = directory.read()
    indices = _validate(entries, header.dataset_size)
    if Sampler.__name__ != header.sampler["name"]:
        raise ValueError(
            f"{directory.path} was made by {header.sampler['name']}, not by {Sampler.__name__}."
        )
    if not indices:
        return loadDataset(dataset.dataset_dir)
    seed = fresh_seed() if header.seed is None else header.seed
    header = replace(_revise(header, indices), seed=seed)
    revisions = {i: header.revisions[i] for i in indices}
    renderer = Renderer(Sampler, header.sampler_settings, seed, workers, revisions)
    stage = Stage(directory, STAGING)
    rows = _render(renderer, stage, header, indices, labels)
    checksum = _copy_array(directory, stage, header, rows)
    header = replace(header, checksums=header.checksums | {"x": checksum})
    stage.write_metadata(header, [label_line(y, i) for i, y in enumerate(labels)])
    stage.commit(indices)
    return loadDataset(dataset.dataset_dir)


def _validate(entries: Sequence[int], dataset_size: int) -> list[int]:
    """The entries, sorted and each once."""
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
    """Raise the revisions, and give each entry a group of its own, beyond all that were."""
    revisions, groups = list(header.revisions), list(header.groups)
    for i in indices:
        revisions[i] += 1
        groups[i] = header.dataset_size + i
    return replace(header, revisions=revisions, groups=groups)


def _render(
    renderer: Renderer, stage: Stage, header: Header, indices: list[int], labels: list[Labels]
) -> dict[int, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]:
    """Stage the new sounds, put their labels among the others, and return their rows of x."""
    sampler = renderer.sampler
    representation = InputRepresentation(sampler.sample_rate, header.representation_settings)
    rows = {}
    for part in chunks(0, len(indices), sampler.length):
        chosen = [indices[k] for k in part]
        sounds, new_labels = renderer(chosen)
        stage.write_sounds(chosen, sounds, sampler.sample_rate, renderer.threads)
        x = representation.transform(_core.quantise(sounds, 24, threads=renderer.threads))
        for i, row, y in zip(chosen, x.numpy(), new_labels, strict=True):
            rows[i], labels[i] = row, y
    return rows


def _copy_array(
    directory: DatasetDirectory,
    stage: Stage,
    header: Header,
    rows: dict[int, np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
) -> int:
    """Stage x with these rows replaced; return its checksum."""
    x = directory.array(header)
    with ArrayWriter(stage, x.shape) as writer:
        for part in chunks(0, len(x), int(np.prod(x.shape[1:]))):
            block = x[part.start : part.stop]
            for i in rows.keys() & set(part):
                block[i - part.start] = rows[i]
            writer.append(block)
    return writer.checksum
