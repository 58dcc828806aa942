"""Open what a dataset's directory holds, as tensors."""

import gc
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from .._checks import MALFORMED, reason
from .._files import file_state
from .labels import LabelTable, LabelTensors, label_tensors, parsed
from .legacy.convert import convert_dataset, is_legacy
from .storage import DatasetChangedError, DatasetDirectory, DatasetError, Header
from .storage.layout import METADATA

Stored: TypeAlias = LabelTable | LabelTensors  # the latter where labels fit no table

_ATTEMPTS = 5  # while another process changes the dataset at every one


def open_stored(dataset_dir: str, verify: bool = False) -> tuple[Header, torch.Tensor, Stored]:
    """Return header, x (mapped copy-on-write) and labels of a directory, as `loadDataset` does."""
    # A search for garbage between many small objects is most of what loading thousands of labels
    # costs, and finds nothing.
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(_ATTEMPTS - 1):
            with suppress(DatasetChangedError):
                return _open(dataset_dir, verify)
        return _open(dataset_dir, verify)
    finally:
        if collecting:
            gc.enable()


def fingerprint_of(header: Header) -> dict[str, Any]:
    """Return what tells a dataset from what it was before a transformation or regeneration."""
    names = ("dataset_size", "checksums", "seed", "sampler", "representation_settings")
    long = {"revisions": header.revisions, "groups": header.groups}
    hashed = {name: zlib.crc32(np.array(long[name], np.int64).tobytes()) for name in long}
    return {name: getattr(header, name) for name in names} | hashed


def check_fingerprint(found: Header, before: dict[str, Any], dataset_dir: str, since: str) -> None:
    """Raise DatasetError unless the dataset in a directory has the fingerprint that it had."""
    now = fingerprint_of(found)
    if changed := [key for key in before if now.get(key) != before[key]]:
        raise DatasetError(
            f"{dataset_dir} has changed since this dataset {since} (its {', '.join(changed)}): "
            "load it with loadDataset and take the samples again."
        )


def state_of(dataset_dir: str) -> tuple[int, ...]:
    """Identify what a directory holds by its metadata.json, which every change replaces."""
    try:
        return file_state(Path(dataset_dir) / METADATA)
    except OSError:
        return ()


def still_held(dataset_dir: str, header: Header, state: tuple[int, ...]) -> tuple[int, ...]:
    """Return the state of a directory; raise DatasetError if this header is no longer its own."""
    if (now := state_of(dataset_dir)) != state:
        found = DatasetDirectory(dataset_dir).header
        check_fingerprint(found, fingerprint_of(header), dataset_dir, "was given to this worker")
    return now


def _open(dataset_dir: str, verify: bool) -> tuple[Header, torch.Tensor, Stored]:
    directory = DatasetDirectory(dataset_dir)
    if directory.holds_dataset() and is_legacy(directory.metadata_path()):
        directory = convert_dataset(directory)
    header, lines = directory.header, directory.label_lines
    x = directory.array()
    if verify:
        directory.verify()
    try:
        try:
            labels: Stored = LabelTable.of(parsed(lines))
        except ValueError:  # a sampler gave labels that fit no table
            labels = label_tensors(list(parsed(lines)))
    except MALFORMED as error:
        raise DatasetError(
            f"{directory.metadata_path()} is damaged: the labels are malformed: {reason(error)}."
        ) from error
    return header, torch.from_numpy(x), labels
