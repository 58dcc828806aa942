"""Convert a legacy dataset to the format of this package, once and all at once."""

import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..._files import locked
from ..._progress import progress_bar
from ..sampler import Labels
from ..storage import DatasetDirectory, DatasetError, Transaction, disk
from ..storage.layout import ARRAY, LEGACY
from ..storage.metadata import label_line
from .reader import LegacyDataset, is_legacy
from .tokens import Tokens

_BATCH_BYTES = 2**22
_STRIKE = {"sample_location", "strike_location"}


def convert_dataset(directory: DatasetDirectory) -> DatasetDirectory:
    """Write x.npy and a metadata.json of our format, and return the directory, opened anew.

    The old metadata.json is kept as metadata.legacy.json, and the sounds stay as they are. Where
    this fails, the dataset is as it was. Of several processes that ask for it at once, one does the
    work and the others wait.
    """
    path = directory.path
    if not os.access(path, os.W_OK):
        raise PermissionError(
            f"{path} holds a dataset in a legacy format, which is converted once when it is first "
            "opened, but the directory cannot be written: copy it somewhere writable and open "
            "that copy."
        )
    with locked(directory.metadata_path()):
        directory = DatasetDirectory(path)
        if not is_legacy(directory.metadata_path()):
            return directory
        transaction = Transaction(path)
        try:
            _stage(directory.metadata_path(), transaction)
        except BaseException:
            transaction.discard()
            raise
        transaction.commit(others=[LEGACY])
    return DatasetDirectory(path)


def _stage(source: Path, transaction: Transaction) -> None:
    """Stage x, the metadata, and the old metadata under its new name."""
    labels: list[Labels] = []
    with Tokens(source) as tokens:
        legacy = LegacyDataset(tokens)
        batches = _batches(legacy, labels)
        first = next(batches)
        rows: list[int] = []
        with (
            progress_bar(desc="converting", total=tokens.size, unit="B", unit_scale=True) as bar,
            transaction.array((legacy.header.dataset_size, *first.shape[1:])) as x,
        ):
            for batch in chain([first], batches):
                rows += x.write(len(rows), batch)
                bar.update(tokens.position - bar.n)
            checksum = x.checksum(rows)
    header = replace(legacy.header, groups=_infer_groups(labels), checksums={ARRAY: checksum})
    try:
        lines = [label_line(y, i) for i, y in enumerate(labels)]
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{source} is damaged: {error}") from error
    transaction.write_metadata(header, lines)
    disk.link(source, transaction.path / LEGACY)


def _batches(legacy: LegacyDataset, labels: list[Labels]) -> Iterator[npt.NDArray[np.float64]]:
    """Read the samples: yield their x, some at a time, shape (n, ...); append their labels."""
    rows: list[npt.NDArray[np.float64]] = []
    for x, y in legacy.samples():
        rows.append(x)
        labels.append(y)
        if len(rows) * x.nbytes >= _BATCH_BYTES:
            yield np.stack(rows)
            rows.clear()
    if rows:
        yield np.stack(rows)


def _infer_groups(labels: list[Labels]) -> list[int]:
    """Number the drums: consecutive samples that differ in strike and pick-up alone share one.

    A sample without any label of a body is a group of its own.
    """
    groups: list[int] = []
    last: Labels = {}
    for y in labels:
        body = {name: values for name, values in y.items() if name not in _STRIKE}
        same = bool(groups and body) and body == last
        groups.append((groups[-1] + (not same)) if groups else 0)
        last = body
    return groups
