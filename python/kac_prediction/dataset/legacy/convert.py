"""Turning a legacy dataset into one of our format, once and all at once."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm.auto import tqdm

from ..._files import locked
from ..sampler import Labels
from ..storage import DatasetDirectory, DatasetError, Header, Transaction, disk
from ..storage.layout import ARRAY, LEGACY
from ..storage.metadata import LEGACY_ORIGIN, label_line, plain_settings
from .reader import LegacyDataset, infer_groups, is_legacy

_BATCH_BYTES = 2**22


def convert_dataset(directory: DatasetDirectory) -> DatasetDirectory:
    """Write x.npy and a metadata.json of our format beside the files of a legacy dataset.

    The old metadata.json is kept as metadata.legacy.json, and the sounds stay as they are. Where
    this is interrupted, the old dataset is whole. Of several processes that ask for it at once, one
    does the work and the others wait.

    Returns:
        The directory, opened anew.

    Raises:
        DatasetError: the old dataset is damaged; it is as it was.
        OSError: the disk is full; the old dataset is as it was.
        PermissionError: the directory cannot be written.
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
        stage = Transaction(path)
        try:
            _fill(stage, directory.metadata_path())
        except BaseException:
            stage.discard()
            raise
        stage.commit(others=[LEGACY])
    return DatasetDirectory(path)


def _fill(stage: Transaction, source: Path) -> None:
    """Stage x, the metadata, and the old metadata under its new name."""
    labels: list[Labels] = []
    with (
        LegacyDataset(source) as legacy,
        tqdm(desc="converting", total=legacy.size, unit="B", unit_scale=True, disable=None) as bar,
    ):
        batches = _batches(legacy, labels)
        first = next(batches)
        rows: list[int] = []
        with stage.array((legacy.dataset_size, *first.shape[1:])) as x:
            for batch in chain([first], batches):
                rows += x.write(len(rows), batch)
                bar.update(legacy.position - bar.n)
            checksum = x.checksum(rows)
    header = Header(
        dataset_size=legacy.dataset_size,
        representation_settings=legacy.representation_settings,
        sampler=legacy.sampler,
        sampler_settings=plain_settings(legacy.sampler_settings),
        seed=None,
        instruction_set="",
        groups=infer_groups(labels),
        revisions=[0] * legacy.dataset_size,
        checksums={ARRAY: checksum},
        origin=LEGACY_ORIGIN,
    )
    try:
        lines = [label_line(y, i) for i, y in enumerate(labels)]
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{source} is damaged: {error}") from error
    stage.write_metadata(header, lines)
    disk.link(source, stage.path / LEGACY)


def _batches(legacy: LegacyDataset, labels: list[Labels]) -> Iterator[npt.NDArray[np.float64]]:
    """Read the samples: their x, some at a time, shape (n, ...); their labels are appended."""
    rows: list[npt.NDArray[np.float64]] = []
    for x, y in legacy.samples():
        rows.append(x)
        labels.append(y)
        if len(rows) * x.nbytes >= _BATCH_BYTES:
            yield np.stack(rows)
            rows.clear()
    if rows:
        yield np.stack(rows)
