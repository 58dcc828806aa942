"""The text formats of kac_drumset: one document with x inline, read sample by sample.

The header is {"dataset_size", "representation_settings", "sampler", "sampler_settings"}, then
comes "data", a list of {"x": numbers, "y": labels}. The sampler is a name alone (sets of 2022), an
object of name and version, or the text of a Python dictionary of both inside a string.
"""

import ast
import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..representation import InputRepresentation, RepresentationSettings
from ..sampler import Labels, SamplerInfo
from ..storage.layout import DatasetError
from ..storage.metadata import Header
from .tokens import Tokens

_KEYS = ("dataset_size", "representation_settings", "sampler", "sampler_settings")
_OURS = {field.name for field in fields(Header)} - {*_KEYS}
_STRIKE = {"sample_location", "strike_location"}
# Text of one number, its indentation included: far more than any writer needs.
_BYTES_PER_NUMBER = 256
_BYTES_BESIDE = 2**20


def is_legacy(path: Path) -> bool:
    """Tell from its first keys whether a metadata.json is in a format of kac_drumset.

    Raises:
        DatasetError: the header is damaged.
    """
    with Tokens(path) as tokens:
        return _read_header(tokens) is not None


class LegacyDataset:
    """The header of a legacy dataset, and its samples, to be read once.

    Attributes:
        dataset_size: number of samples.
        representation_settings: how x was computed; what the file leaves out has its default.
        sampler: name and version of the sampler; the version is '' where the file has none.
        sampler_settings: the arguments that the file keeps of the sampler's constructor.
        size: length of the file in bytes.
    """

    def __init__(self, path: Path) -> None:
        """Open a metadata.json and read its header.

        Raises:
            DatasetError: it is damaged or not of a legacy format.
        """
        self._path = path
        self._tokens = Tokens(path)
        try:
            header = _read_header(self._tokens)
            if header is None:
                raise DatasetError(f"{path} is not of a legacy format.")
            self.dataset_size = _dataset_size(path, header)
            self.sampler = sampler_info(path, header["sampler"])
            self.sampler_settings: dict[str, Any] = header["sampler_settings"]
            self.representation_settings, self._shapes = _representation(path, header)
        except BaseException:
            self.close()
            raise
        self.size = self._tokens.size
        self._largest = max(math.prod(shape) for shape in self._shapes)
        self._limit = _BYTES_PER_NUMBER * self._largest + _BYTES_BESIDE

    @property
    def position(self) -> int:
        """How far the file has been read, in bytes."""
        return self._tokens.position

    def samples(self) -> Iterator[tuple[npt.NDArray[np.float64], Labels]]:
        """Read x and the labels of each sample; all x have one shape.

        Raises:
            DatasetError: the file is damaged, cut short, or holds another number of samples.
        """
        self._tokens.expect(b"[")
        for i in range(self.dataset_size):
            yield self._sample(i)
            separator = self._tokens.next()
            if separator not in (b",", b"]"):
                raise self._tokens.unexpected(separator, "',' or ']'")
            if (separator == b"]") != (i + 1 == self.dataset_size):
                found = f"only {i + 1}" if separator == b"]" else "more"
                raise DatasetError(
                    f"{self._path} holds {found} samples where its dataset_size says "
                    f"{self.dataset_size}: it is damaged, or its generation was interrupted."
                )
        self._tokens.expect(b"}")
        self._tokens.end()

    def close(self) -> None:
        """Close the file."""
        self._tokens.__exit__()

    def __enter__(self) -> "LegacyDataset":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _sample(self, i: int) -> tuple[npt.NDArray[np.float64], Labels]:
        found: dict[str, Any] = {}
        self._tokens.expect(b"{")
        while True:
            key = self._tokens.key()
            if key in found or key not in ("x", "y"):
                raise self._tokens.damaged(f"sample {i} has a key {key!r} too many")
            found[key] = self._x(i) if key == "x" else self._tokens.value()
            separator = self._tokens.next()
            if separator == b"}":
                break
            if separator != b",":
                raise self._tokens.unexpected(separator, "',' or '}'")
        if found.keys() != {"x", "y"} or not isinstance(found["y"], dict):
            raise self._tokens.damaged(f"sample {i}, which ends here, must have x and y")
        return found["x"], found["y"]

    def _x(self, i: int) -> npt.NDArray[np.float64]:
        x = self._tokens.numbers(self._largest, self._limit)
        if x.shape not in self._shapes:
            raise DatasetError(
                f"{self._path} is damaged at byte {self.position}: x of sample {i} has the shape "
                f"{x.shape}, expected was {self._shapes[0]}."
            )
        self._shapes = [x.shape]
        return x


def infer_groups(labels: list[Labels]) -> list[int]:
    """Number the drums: consecutive samples that differ in strike and pick-up alone share one.

    Samples without any label of a body are each one of their own.
    """
    groups: list[int] = []
    last: Labels = {}
    for y in labels:
        body = {name: values for name, values in y.items() if name not in _STRIKE}
        same = bool(groups and body) and body == last
        groups.append((groups[-1] + (not same)) if groups else 0)
        last = body
    return groups


def _read_header(tokens: Tokens) -> dict[str, Any] | None:
    """The keys before `data`, which comes next; None as soon as it is clear that we wrote this."""
    header: dict[str, Any] = {}
    tokens.expect(b"{")
    while (key := tokens.key()) != "data":
        if key in _OURS:
            return None
        header[key] = tokens.value()
        tokens.expect(b",")
    if not header:
        return None
    missing = [key for key in _KEYS if key not in header]
    if missing:
        raise tokens.damaged(f"the header, which ends here, lacks {', '.join(missing)}")
    return header


def _dataset_size(path: Path, header: dict[str, Any]) -> int:
    size = header["dataset_size"]
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise DatasetError(f"{path} has a dataset_size of {size!r}, which must be at least 1.")
    return size


def sampler_info(path: Path, sampler: Any) -> SamplerInfo:
    """Name and version of the sampler, as `sampler` says it; the version is '' where it has none.

    Raises:
        DatasetError: it says something else; the message names the path.
    """
    if isinstance(sampler, str) and sampler.lstrip().startswith("{"):
        try:
            sampler = ast.literal_eval(sampler.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise DatasetError(f"{path} names its sampler {sampler[:80]!r}: {error}.") from error
    elif isinstance(sampler, str) and sampler:
        return {"name": sampler, "version": ""}
    if isinstance(sampler, dict):
        name, version = sampler.get("name"), sampler.get("version")
        if isinstance(name, str) and name and isinstance(version, str) and version:
            return {"name": name, "version": version}
    raise DatasetError(
        f"{path} describes its sampler as {str(sampler)[:80]!r}, not by a name and a version."
    )


def _representation(
    path: Path, header: dict[str, Any]
) -> tuple[RepresentationSettings, list[tuple[int, ...]]]:
    """The settings, complete, and the shapes that x of a sample may have.

    There are two where duration times sample rate is no whole number: some rounded, some cut.
    """
    settings = header["sampler_settings"]
    try:
        sample_rate, duration = settings["sample_rate"], settings["duration"]
        complete = InputRepresentation(sample_rate, header["representation_settings"]).settings
        lengths = [round(duration * sample_rate), math.floor(duration * sample_rate)]
        shapes = [InputRepresentation.transformShape(length, complete) for length in lengths]
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise DatasetError(f"{path} has settings that make no dataset: {reason}.") from error
    return complete, shapes
