"""metadata.json: the header of a dataset and its labels, as one valid JSON document."""

import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..representation import InputRepresentation, RepresentationSettings
from ..representation_settings import complete_settings
from ..sampler import Labels, SamplerInfo
from .layout import DatasetError

FORMAT_VERSION = 2
OLDER = "older text format"

_DATA = b',\n"data": [\n'
_END = b"\n],\n"


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
        sounds: CRC-32 of each sound's file; empty where they are not known, as in older datasets.
        shard_size: how many sounds share a folder; None: all stand in the directory itself.
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
    sounds: list[int] = field(default_factory=list)
    shard_size: int | None = None
    origin: str | None = None
    format_version: int = FORMAT_VERSION

    @property
    def sample_rate(self) -> int:
        """Samples of a sound in a second."""
        return int(self.sampler_settings["sample_rate"])

    @property
    def duration(self) -> float:
        """Length of each sound in seconds."""
        return float(self.sampler_settings["duration"])

    @property
    def length(self) -> int:
        """Samples of each sound."""
        return round(self.duration * self.sample_rate)

    def x_shapes(self) -> list[tuple[int, ...]]:
        """The shapes that x may have, the usual one first.

        There are two where duration times sample rate is no whole number: some older software
        rounded it, some cut it off.
        """
        cut = math.floor(self.duration * self.sample_rate)
        lengths = [self.length] if self.origin is None else [self.length, cut]
        return [
            (
                self.dataset_size,
                *InputRepresentation.transformShape(n, self.representation_settings),
            )
            for n in lengths
        ]


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
    """The document, piece by piece: a line a key of the header, then a line a sample.

    Its last line has the checksum of all lines before it, so that damage does not go unseen.
    """
    checksum = 0
    for piece in _encode(header, label_lines):
        checksum = zlib.crc32(piece, checksum)
        yield piece
    yield b'"checksum": %d}\n' % checksum


def _encode(header: Header, label_lines: Iterable[str]) -> Iterator[bytes]:
    for position, (key, value) in enumerate(asdict(header).items()):
        start = "{\n" if position == 0 else ",\n"
        yield f"{start}{json.dumps(key)}: {_dump(value)}".encode()
    yield _DATA
    for position, line in enumerate(label_lines):
        yield (f",\n{line}" if position else line).encode()
    yield _END


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


def decode(path: Path) -> tuple[Header, list[str]]:
    """Read a header, and the lines of the labels, as `label_line` makes them.

    Raises:
        DatasetError: the file is not a whole metadata.json of this format.
    """
    content = path.read_bytes()
    try:
        document, lines = _split(content)
        version = document.get("format_version")
        if version not in (1, FORMAT_VERSION):
            raise DatasetError(
                f"{path} is of format {version!r}, this version reads 1 to {FORMAT_VERSION}: open "
                "it with the version of kac_prediction that wrote it."
            )
        if version != 1:
            _check_sum(path, content, document.pop("checksum"))
        header = Header(**_restore(document) | {"format_version": FORMAT_VERSION})
        _check(header, lines)
    except DatasetError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else error
        raise DatasetError(
            f"{path} is damaged or not a dataset's: {reason}. Restore it from a copy, or make the "
            "dataset again in another directory."
        ) from error
    return header, lines


def _split(content: bytes) -> tuple[Any, list[str]]:
    """The document without its labels, and their lines.

    As it was written, these need not be parsed; what was indented otherwise, on purpose, must be.
    """
    start, end = content.find(_DATA), content.rfind(_END)
    if 0 <= start < end:
        document = json.loads(content[:start] + b"," + content[end + len(_END) :])
        return document, content[start + len(_DATA) : end].decode().split(",\n")
    document = json.loads(content)
    entries = document.pop("data")
    if not all(isinstance(entry["y"], dict) for entry in entries):
        raise TypeError("labels must be objects")
    return document, [json.dumps({"y": entry["y"]}) for entry in entries]


def _check_sum(path: Path, content: bytes, checksum: Any) -> None:
    """Refuse content that is not what was written before its last line."""
    found = zlib.crc32(content[: content.rfind(b'"checksum"')])
    if found != checksum:
        raise DatasetError(
            f"{path} is damaged: its last line gives the checksum {checksum}, and what stands "
            f"before has {found}. Restore it from a copy, or make the dataset again in another "
            f"directory; only if you changed it on purpose, write {found} there."
        )


def _check(header: Header, lines: list[str]) -> None:
    """Raise ValueError, TypeError or KeyError for a header that contradicts itself."""
    size = header.dataset_size
    if type(size) is not int or size < 1:
        raise ValueError(f"dataset_size is {size!r}")
    sizes = {
        "labels": len(lines),
        "groups": len(header.groups),
        "revisions": len(header.revisions),
        "sounds": len(header.sounds) or size,
    }
    for name, found in sizes.items():
        if found != size:
            raise ValueError(f"{found} {name} for {size} samples")
    numbers = [*header.groups, *header.revisions, *header.sounds, header.shard_size or 1]
    if set(map(type, numbers)) != {int} or min(numbers) < 0:
        raise ValueError("groups, revisions, sounds and shard_size must be whole numbers")
    if complete_settings(header.representation_settings) != header.representation_settings:
        raise ValueError(f"representation_settings are {header.representation_settings}")
    header.x_shapes()


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


def _restore(value: Any) -> Any:
    """What `_mark` made that of."""
    if isinstance(value, dict):
        if value.keys() == {"float"} and isinstance(value["float"], str):
            return float(value["float"])
        return {key: _restore(item) for key, item in value.items()}
    if isinstance(value, list) and not set(map(type, value)) <= {int, str}:
        return [_restore(item) for item in value]
    return value
