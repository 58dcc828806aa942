"""transformDataset: change the representation of a dataset."""

import math
from dataclasses import replace

from .._checks import check_count
from .._files import reporting
from .._progress import progress_bar
from .._threads import write_behind
from .rendering import chunks
from .representation import InputRepresentation, RepresentationSettings
from .source import reloaded, source_of
from .storage import DatasetDirectory, Transaction, write_lock
from .storage.layout import ARRAY
from .torch_dataset import TorchDataset


def transformDataset(
    dataset: TorchDataset,
    representation_settings: RepresentationSettings,
    workers: int | None = None,
) -> TorchDataset:
    """Change what X shows of the sounds, also on the disk: all or nothing.

    X is computed from the wav files, so it has the bytes that generating the dataset with these
    settings would have given.

    Args:
        dataset: a dataset that was loaded or generated; of a part, the whole is transformed. It
            shows the new data afterwards, as do its copies and parts.
        representation_settings: the new settings; those left out have their defaults.
        workers: how many threads work at once; None: all that this process may use.

    Returns:
        The whole dataset, loaded anew.

    Raises:
        DatasetError: a file of the dataset is missing or damaged, it has changed since it was
            loaded, or another process writes there.
        OSError: the disk is full or cannot be written.
        TypeError: not a dataset, or a setting of the wrong type.
        ValueError: settings that do not fit the sounds, or a dataset that is in no directory.
    """
    threads = 0 if workers is None else check_count("workers", workers)
    directory = source_of(dataset)
    header = directory.header
    representation = InputRepresentation(
        header.sample_rate, representation_settings, threads=threads
    )
    if representation.settings != header.representation_settings:
        with reporting("transforming a dataset", directory.path), write_lock(directory.path):
            transform_directory(source_of(dataset), representation)
    return reloaded(dataset)


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
