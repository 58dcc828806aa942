"""The samples that an export is made of, as they stand on the disk."""

import json
import math
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from .labels import parsed
from .sampler import Labels
from .storage import DatasetDirectory, DatasetError, Header
from .stored import fingerprint_of
from .torch_dataset import TorchDataset

# Columns that every export has; and the one that Hugging Face makes of the file.
_OURS = {"file_name", "audio", "index", "group", "older"}


class ExportedSamples:
    """The sounds and labels of a dataset or of a part of one, numbered in its order.

    Attributes:
        directory: where they stand.
    """

    def __init__(self, dataset: TorchDataset) -> None:
        """Read the labels of the directory.

        Raises:
            DatasetError: it holds another dataset by now.
            ValueError: the dataset stands in none, has no samples, or a label has the name of
                another column.
        """
        if not isinstance(dataset, TorchDataset):
            raise TypeError(f"dataset must be one that loadDataset returned, got {dataset!r}.")
        if dataset._stored is None:
            raise ValueError(
                f"{dataset!r} stands in no directory (it was put together from tensors, or pickled "
                "with another X and Y): export what loadDataset returns, or a part of that."
            )
        if len(dataset._rows) != len(dataset):
            raise ValueError(
                f"{len(dataset)} samples were assigned to X where {len(dataset._rows)} stand on "
                "the disk, which alone is exported: take them with subset."
            )
        if len(dataset) == 0:
            raise ValueError(f"{dataset!r} has no samples to export.")
        self.directory = DatasetDirectory(dataset.dataset_dir)
        self._state = self.directory.state()
        self._header = self.directory.header
        self._labels = list(parsed(self.directory.label_lines))
        if fingerprint_of(self._header) != dataset._stored.fingerprint:
            raise DatasetError(
                f"{dataset.dataset_dir} has changed since this dataset was loaded: load it again, "
                "with loadDataset, and take the samples anew."
            )
        self._rows = np.asarray(dataset._rows).tolist()
        self._columns = _columns(self._labels)

    def __len__(self) -> int:
        return len(self._rows)

    def parts(self, size: int) -> Iterator[range]:
        """Cut the samples into shards of this size."""
        for first in range(0, len(self), size):
            yield range(first, min(first + size, len(self)))

    def key(self, k: int) -> str:
        """Name of the k-th sample: names sort as the numbers do."""
        return f"sample_{k:0{max(5, len(str(len(self) - 1)))}d}"

    def row(self, k: int) -> dict[str, Any]:
        """The columns of the k-th sample."""
        i, header = self._rows[k], self._header
        row = {"index": i, "group": header.groups[i]}
        if header.origin is not None:
            row["older"] = header.revisions[i] == 0
        for name, is_number in self._columns.items():
            row[name] = _value(self._labels[i].get(name), is_number)
        return row

    def wav(self, k: int) -> bytes:
        """The file of the k-th sample.

        Raises:
            DatasetError: it is missing or damaged.
        """
        i = self._rows[k]
        path = self.directory.sound_path(i)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise DatasetError(
                f"{path} is missing: the sound of every sample is exported, and the "
                "representation is no substitute for it."
            ) from error
        _check_sound(path, content, self._header, i)
        return content

    def card(self) -> str:
        """What made the samples, as a README.md whose head Hugging Face reads."""
        header = self._header
        facts = {
            "sampler": header.sampler,
            "sampler_settings": header.sampler_settings,
            "seed": header.seed,
            "origin": header.origin,
            "dataset_size": header.dataset_size,
            "exported": len(self),
        }
        known = {name: value for name, value in facts.items() if value is not None}
        return (
            "---\nlicense: unknown\ntags:\n- audio\n---\n\n"
            "Sounds and labels, made by kac_prediction with\n\n"
            f"```json\n{json.dumps(known, indent=2)}\n```\n\n"
            "Samples of one `group` were made on one body: keep them on one side of a split.\n"
        )

    def check_unchanged(self) -> None:
        """Raise DatasetError if the dataset was written to meanwhile."""
        # Opened anew, as what another process has committed by now may still wait to be finished.
        if DatasetDirectory(self.directory.path).state() != self._state:
            raise DatasetError(
                f"{self.directory.path} was changed while it was being exported: load it again."
            )


def _columns(labels: list[Labels]) -> dict[str, bool]:
    """The names of all labels, and which of them are one number in every sample that has them."""
    columns: dict[str, bool] = {}
    for y in labels:
        for name, values in y.items():
            one = len(values) == 1 and not isinstance(values[0], list)
            columns[name] = one and columns.get(name, True)
    if clashing := sorted(columns.keys() & _OURS):
        raise ValueError(
            f"The label {clashing[0]!r} has the name of a column that every export has: rename it "
            "in getLabels and generate the dataset again."
        )
    return columns


def _value(values: Any, is_number: bool) -> Any:
    """A label as JSON holds it: numbers with a point throughout, or readers guess two types."""
    if values is None:
        return None
    return float(values[0]) if is_number else np.asarray(values, dtype=np.float64).tolist()


def _check_sound(path: Path, content: bytes, header: Header, i: int) -> None:
    if header.sounds:
        if zlib.crc32(content) == header.sounds[i]:
            return
        reason = (
            f"its checksum is {zlib.crc32(content):08x}, and {header.sounds[i]:08x} was written"
        )
    else:
        reason = _misfit(content, header)
    if reason:
        raise DatasetError(
            f"{path} is damaged: {reason}; bring it back from a copy, or draw sample {i} anew "
            "with regenerateDataPoints."
        )


def _misfit(content: bytes, header: Header) -> str:
    """Why a file without a checksum cannot be the sound of a sample; '' if it can."""
    try:
        info = soundfile.info(BytesIO(content))
    except (OSError, RuntimeError) as error:
        return str(error)
    # Where that is no whole number, some older software rounded and some cut it off.
    lengths = {header.length, math.floor(header.sampler_settings["duration"] * header.sample_rate)}
    if (info.channels, info.samplerate) == (1, header.sample_rate) and info.frames in lengths:
        return ""
    return (
        f"it has {info.channels} channels of {info.frames} samples at {info.samplerate} Hz where "
        f"one of {header.length} at {header.sample_rate} Hz was expected"
    )
