"""transformDataset: change the representation of a dataset."""

import math
from dataclasses import replace
from pathlib import Path

from .._checks import check_count
from .._files import reporting
from .._progress import progress_bar
from .rendering import chunks, write_behind
from .representation import InputRepresentation, RepresentationSettings
from .storage import DatasetDirectory, Transaction, write_lock
from .storage.layout import ARRAY
from .torch_dataset import TorchDataset, loadDataset


def transformDataset(
    dataset: TorchDataset,
    representation_settings: RepresentationSettings,
    workers: int | None = None,
) -> TorchDataset:
    """Change what X shows of the sounds, also on the disk: all or nothing.

    X is computed from the wav files, so it has the bytes that generating the dataset with these
    settings would have given.

    Args:
        dataset: a dataset that was loaded or generated; of a part, the whole is transformed.
        representation_settings: the new settings; those left out have their defaults.
        workers: how many threads work at once; None: all that this process may use.

    Returns:
        The dataset, loaded anew.

    Raises:
        DatasetError: a file of the dataset is missing or damaged, or another process writes there.
        OSError: the disk is full or cannot be written.
        TypeError: not a dataset, or a setting of the wrong type.
        ValueError: settings that do not fit the sounds.
    """
    if not isinstance(dataset, TorchDataset):
        raise TypeError(f"dataset must be one that loadDataset returned, got {dataset!r}")
    threads = 0 if workers is None else check_count("workers", workers)
    path = Path(dataset.dataset_dir).absolute()
    with reporting("transforming a dataset", path):
        header = DatasetDirectory(path).header
        representation = InputRepresentation(
            header.sample_rate, representation_settings, threads=threads
        )
        if representation.settings != header.representation_settings:
            with write_lock(path):
                transform_directory(DatasetDirectory(path), representation)
    return loadDataset(dataset.dataset_dir)


def transform_directory(directory: DatasetDirectory, representation: InputRepresentation) -> None:
    """Compute x from the sounds, and replace the old one."""
    header = directory.header
    row = InputRepresentation.transformShape(header.length, representation.settings)
    size = header.dataset_size
    with Transaction(directory.path) as transaction:
        with (
            transaction.array((size, *row)) as array,
            progress_bar(total=size, unit=" samples") as bar,
        ):
            with write_behind(array.write) as submit:
                for indices in chunks(0, size, max(header.length, math.prod(row))):
                    sounds = directory.sounds(indices, representation.threads)
                    submit(indices.start, representation.transform(sounds).numpy())
                    bar.update(len(indices))
            checksum = array.checksum()
        changed = replace(
            header,
            representation_settings=representation.settings,
            checksums=header.checksums | {ARRAY: checksum},
        )
        transaction.write_metadata(changed, directory.label_lines)
        transaction.commit()
