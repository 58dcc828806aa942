"""metadata.json: the header of a dataset and its labels, as one valid JSON document."""

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..representation import RepresentationSettings
from ..sampler import Labels, SamplerInfo
from .layout import DatasetError

FORMAT_VERSION = 1
OLDER = "older text format"


@dataclass(frozen=True)
class Header:
    """What a dataset says about itself, beside its labels.

    Attributes:
        dataset_size: number of samples.
        representation_settings: how x was computed from the sounds, all keys.
        sampler: name of the sampler, and version of the package that made the sounds; '' where an
            older dataset does not say.
        sampler_settings: every argument of the sampler's constructor (an older dataset may keep
            some alone).
        seed: with index and revision, what every sample was drawn from. None: not from a seed.
        instruction_set: which kernels rendered the sounds; '' where that is not known.
        groups: for each sample, which body (drum) it was made on.
        revisions: how often each sample has been drawn anew.
        checksums: CRC-32 of x.npy.
        origin: `OLDER` for a dataset that older software made and that was converted, so that the
            labels of all samples of revision 0 have its conventions; None: made by us.
    """

    dataset_size: int
    representation_settings: RepresentationSettings
    sampler: SamplerInfo
    sampler_settings: dict[str, Any]
    seed: int | None
    instruction_set: str
    groups: list[int]
    revisions: list[int]
    checksums: dict[str, int] = field(default_factory=dict)
    origin: str | None = None
    format_version: int = FORMAT_VERSION


def plain_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as JSON keeps them: sorted, tuples as lists, NumPy scalars as numbers.

    Raises:
        TypeError: a value is of a type that JSON cannot hold.
    """
    return {key: _plain(settings[key], key) for key in sorted(settings)}


def _plain(value: Any, key: str) -> Any:
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(item, key) for item in value]
    if isinstance(value, dict):
        return {str(name): _plain(item, key) for name, item in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(
        f"The sampler setting {key!r} is {value!r}, which JSON cannot hold: amend what "
        "classLocalsToKwargs returns, for example with the value's name."
    )


def encode(header: Header, label_lines: Iterable[str]) -> Iterator[bytes]:
    """The document, piece by piece: a line a key of the header, then a line a sample."""
    for position, (key, value) in enumerate(asdict(header).items()):
        start = "{\n" if position == 0 else ",\n"
        yield f"{start}{json.dumps(key)}: {_dump(value)}".encode()
    yield b',\n"data": ['
    for position, line in enumerate(label_lines):
        yield f"{',' if position else ''}\n{line}".encode()
    yield b"\n]}\n"


def label_line(labels: Labels, i: int) -> str:
    """The line of one sample.

    Raises:
        TypeError: the labels are not lists of numbers (or arrays: an older label may be a list of
            points).
        ValueError: a label is not a finite number, or an array is ragged.
    """
    plain = {}
    for name, values in labels.items():
        array = np.asarray(values)
        plain[name] = array.tolist()
        if array.ndim == 0 or not all(map(_is_number, array.ravel().tolist())):
            raise TypeError(f"Label {name!r} of sample {i} must be a list of numbers: {values!r}.")
        if not all(map(math.isfinite, array.ravel().tolist())):
            raise ValueError(f"Label {name!r} of sample {i} is not finite: {values!r}.")
    return json.dumps({"y": plain})


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def decode(path: Path) -> tuple[Header, list[Labels]]:
    """Read a header and its labels.

    Raises:
        DatasetError: the file is not a whole metadata.json of this format.
    """
    try:
        document = json.loads(path.read_bytes(), object_hook=_restore)
        data = document.pop("data")
        version = document.get("format_version")
        if version != FORMAT_VERSION:
            raise DatasetError(
                f"{path} is of format {version!r}, this version reads {FORMAT_VERSION}: open it "
                "with the version of kac_prediction that wrote it."
            )
        header = Header(**document)
        labels = [entry["y"] for entry in data]
    except DatasetError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DatasetError(f"{path} is damaged or not a dataset's: {error}.") from error
    for name, found in {
        "labels": labels,
        "groups": header.groups,
        "revisions": header.revisions,
    }.items():
        if len(found) != header.dataset_size:
            raise DatasetError(
                f"{path} is damaged: {len(found)} {name} for {header.dataset_size} samples."
            )
    return header, labels


def _dump(value: Any) -> str:
    """JSON, with the numbers that it has no words for as {"float": "inf"}."""
    return json.dumps(_mark(value), allow_nan=False)


def _mark(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, dict):
        return {key: _mark(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mark(item) for item in value]
    return value


def _restore(value: dict[str, Any]) -> Any:
    if value.keys() == {"float"} and isinstance(value["float"], str):
        return float(value["float"])
    return value
