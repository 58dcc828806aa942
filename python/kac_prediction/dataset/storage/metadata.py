"""metadata.json: the header of a dataset and its labels, as one valid JSON document."""

import json
import math
import sys
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import chain
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np

from ..._checks import (
    MALFORMED,
    brief,
    check_count,
    check_number,
    check_seed,
    check_whole,
    reason,
)
from ..._files import naming
from ..representation import InputRepresentation, RepresentationSettings
from ..representation_settings import HIGHEST_RATE, complete_settings
from ..sampler import Labels, SamplerInfo
from .layout import LARGEST_TEXT, LONGEST_SOUND, DatasetError, open_regular

FORMAT_VERSION = 2
LEGACY_ORIGIN = "older text format"

_DATA = ',\n"data": [\n'
_LABELS = '{"y": '  # with which the line of a sample begins, and none goes on
_END = "\n],\n"
_CHECKSUM = b'"checksum"'
_BLOCK = 2**20
_DEEPEST = 32  # settings within settings
_LONGEST_NAME = 200  # characters
RECIPE = (
    "dataset_size",
    "representation_settings",
    "sampler",
    "sampler_settings",
    "seed",
    "instruction_set",
    "shard_size",
)


@dataclass(frozen=True)
class Header:
    """Everything that metadata.json holds beside the labels."""

    dataset_size: int
    representation_settings: RepresentationSettings  # how x was computed from the sounds, all keys
    sampler: SamplerInfo  # the version is '' in a legacy dataset of 2022
    sampler_settings: dict[str, Any]  # every argument of its constructor (legacy: perhaps some)
    seed: int | None  # with index and revision, what a sample was drawn from; None: not from one
    instruction_set: str  # which kernels rendered the sounds; '' where that is not known
    groups: list[int]  # for each sample, which body (drum) it was made on
    revisions: list[int]  # how often each sample has been regenerated
    checksums: dict[str, int] = field(default_factory=dict)  # CRC-32 of x.npy
    sounds: list[int] = field(default_factory=list)  # CRC-32 of each wav; legacy: empty, not known
    shard_size: int | None = None  # how many sounds share a folder; None: no folders
    origin: str | None = None  # LEGACY_ORIGIN: kac_drumset made the samples of revision 0
    format_version: int = FORMAT_VERSION

    @property
    def sample_rate(self) -> int:
        """Samples of a sound in a second."""
        return int(self.sampler_settings["sample_rate"])

    @property
    def length(self) -> int:
        """Samples of each sound."""
        return self.lengths[0]

    @property
    def lengths(self) -> list[int]:
        """The lengths that a sound may have: rounded, or cut off as kac_drumset did at times."""
        length = float(self.sampler_settings["duration"]) * self.sample_rate
        return [round(length)] if self.origin is None else [round(length), math.floor(length)]

    @property
    def legacy(self) -> list[bool]:
        """Whether kac_drumset made each sample."""
        return [self.origin is not None and revision == 0 for revision in self.revisions]

    def x_shapes(self) -> list[tuple[int, ...]]:
        """Return the shapes that x may have, the usual one first."""
        settings = self.representation_settings
        rows = [InputRepresentation.transformShape(length, settings) for length in self.lengths]
        return [(self.dataset_size, *row) for row in rows]


def plain_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as JSON keeps them: sorted, tuples as lists, NumPy scalars as numbers."""
    plain = {}
    for key in sorted(settings):
        try:
            text = json.dumps(settings[key], default=methodcaller("tolist"))
        except (AttributeError, TypeError, ValueError) as error:
            raise TypeError(
                f"The sampler setting {key!r} is {settings[key]!r}, which JSON cannot hold: amend "
                "what classLocalsToKwargs returns, for example with the value's name."
            ) from error
        plain[key] = json.loads(text)
    _check_depth(plain)
    return plain


def label_line(labels: Labels, i: int) -> str:
    """Return the line of sample `i`, whose labels must be lists (or arrays) of finite numbers."""
    plain = {}
    for name, values in labels.items():
        array = np.asarray(values)
        plain[name] = array.tolist()
        numbers = array.ravel().tolist()
        if array.ndim == 0 or not set(map(type, numbers)) <= {int, float}:
            raise TypeError(
                f"Label {brief(name)} of sample {i} must be a list of numbers: {brief(values)}."
            )
        if not all(abs(number) <= sys.float_info.max for number in numbers):
            raise ValueError(f"Label {brief(name)} of sample {i} is not finite: {brief(values)}.")
    return json.dumps({"y": plain})


def encode(header: Header, label_lines: Iterable[str]) -> Iterator[bytes]:
    """Yield the document in blocks; its last line has the checksum of all lines before it."""
    keys = [
        f"{json.dumps(key)}: {json.dumps(_mark(value), allow_nan=False)}"
        for key, value in asdict(header).items()
    ]
    lines = (f",\n{line}" if i else line for i, line in enumerate(label_lines))
    checksum, block = 0, bytearray()
    for piece in chain(["{\n" + ",\n".join(keys) + _DATA], lines, [_END]):
        block += piece.encode()
        if len(block) >= _BLOCK:
            checksum = zlib.crc32(block, checksum)
            yield bytes(block)
            block.clear()
    yield bytes(block) + b'"checksum": %d}\n' % zlib.crc32(block, checksum)


def decode(path: Path) -> tuple[Header, list[str]]:
    """Read the header, and the lines of the labels; raise DatasetError for what is damaged."""
    with naming(path), open_regular(path, most=LARGEST_TEXT) as file:
        content = file.read()
    try:
        start, end = content.find(_DATA.encode()), content.rfind(_END.encode())
        text = content[start + len(_DATA) : end].decode() if 0 <= start < end else ""
        lines = text.split(",\n")
        # One sample a line, as it is written: then the labels stay unparsed.
        if text.count(_LABELS) == sum(line.startswith(_LABELS) for line in lines) == len(lines):
            document = json.loads(content[:start] + b"," + content[end + len(_END) :])
        else:
            document = json.loads(content)
            entries = document.pop("data")
            if not all(isinstance(entry["y"], dict) for entry in entries):
                raise TypeError("labels must be objects")
            lines = [json.dumps({"y": entry["y"]}) for entry in entries]
        version = document.get("format_version")
        if version != FORMAT_VERSION:
            raise DatasetError(
                f"{path} is of format {brief(version)} where this version reads {FORMAT_VERSION}: "
                "open it with the version of kac_prediction that wrote it."
            )
        written, found = document.pop("checksum"), zlib.crc32(content[: content.rfind(_CHECKSUM)])
        if written != found:
            raise DatasetError(
                f"{path} is damaged: its last line gives the checksum {brief(written)}, but the "
                f"lines before it have {found}. Restore it from a copy, or make the dataset again "
                f"in another directory; only if you changed it on purpose, write {found} there."
            )
        header = Header(**_unmark(document))
        _check(header, lines)
    except DatasetError:
        raise
    except MALFORMED as error:
        raise DatasetError(
            f"{path} is damaged or not a dataset's: {reason(error)}. Restore it from a copy, or "
            "make the dataset again in another directory."
        ) from error
    return header, lines


def check_recipe(recipe: Mapping[str, Any]) -> None:
    """Raise one of MALFORMED unless these are what a dataset is made from, by name."""
    if not isinstance(recipe, dict) or recipe.keys() != set(RECIPE):
        raise ValueError(f"it must hold {', '.join(RECIPE)} and nothing else")
    check_count("dataset_size", recipe["dataset_size"])
    if recipe["shard_size"] is not None:
        check_count("shard_size", recipe["shard_size"])
    if recipe["seed"] is not None:
        check_seed("seed", recipe["seed"])
    sampler, settings = recipe["sampler"], recipe["sampler_settings"]
    texts = [sampler["name"], sampler["version"], recipe["instruction_set"]]
    if len(sampler) != 2 or set(map(type, texts)) != {str}:
        raise TypeError("sampler must have a name and a version, and instruction_set be a text")
    if not all(text.isprintable() and len(text) <= _LONGEST_NAME for text in texts):
        raise ValueError(f"{brief(texts)} must be short and printable")
    rate = check_whole("sample_rate", settings["sample_rate"], most=HIGHEST_RATE)
    duration = check_number("duration", settings["duration"], above=0.0)
    check_number("duration", duration, most=LONGEST_SOUND / rate)
    _check_depth(settings)
    representation = recipe["representation_settings"]
    if complete_settings(representation) != representation:
        raise ValueError(f"representation_settings are {brief(representation)}")


def _check_depth(value: Any, most: int = _DEEPEST) -> None:
    """Raise ValueError for lists and dictionaries in more than so many others."""
    if most == 0:
        raise ValueError("sampler_settings are nested too deeply")
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, dict | list):
            _check_depth(item, most - 1)


def _check(header: Header, lines: list[str]) -> None:
    """Raise one of MALFORMED for a header that contradicts itself."""
    check_recipe({name: getattr(header, name) for name in RECIPE})
    size = header.dataset_size
    sizes = {
        "labels": len(lines),
        "groups": len(header.groups),
        "revisions": len(header.revisions),
        "sounds": len(header.sounds) or size,
    }
    for name, found in sizes.items():
        if found != size:
            raise ValueError(f"{found} {name} for {size} samples")
    numbers = [*header.groups, *header.revisions, *header.sounds, *header.checksums.values()]
    if set(map(type, numbers)) != {int} or min(numbers) < 0 or max(numbers) >= 2**63:
        raise ValueError("groups, revisions, sounds and checksums must be whole numbers")
    if header.origin not in (None, LEGACY_ORIGIN):
        raise ValueError(f"origin is {brief(header.origin)}")
    header.x_shapes()


def _mark(value: Any) -> Any:
    """Replace the numbers that JSON has no words for by {"float": "inf"}."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, dict):
        return {key: _mark(item) for key, item in value.items()}
    return [_mark(item) for item in value] if isinstance(value, list) else value


def _unmark(value: Any) -> Any:
    """Undo `_mark`."""
    if isinstance(value, dict):
        if value.keys() == {"float"} and isinstance(value["float"], str):
            return float(value["float"])
        return {key: _unmark(item) for key, item in value.items()}
    if isinstance(value, list) and not set(map(type, value)) <= {int, str}:
        return [_unmark(item) for item in value]
    return value
