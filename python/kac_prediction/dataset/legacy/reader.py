"""Read the text formats of kac_drumset: one document with x inline, sample by sample.

The header is {"dataset_size", "representation_settings", "sampler", "sampler_settings"}, then
comes "data", a list of {"x": numbers, "y": labels}. The sampler is a name alone (2022), an object
of name and version, or the text of a Python dictionary of both inside a string.
"""

import ast
import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..representation import InputRepresentation
from ..sampler import Labels, SamplerInfo
from ..storage import DatasetError, Header
from ..storage.metadata import sound_lengths
from .tokens import Tokens

_KEYS = ("dataset_size", "representation_settings", "sampler", "sampler_settings")
_CURRENT_KEYS = {field.name for field in fields(Header)} - {*_KEYS}
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
    """The header of a legacy metadata.json, and its samples, to be read once.

    Attributes:
        dataset_size: number of samples.
        representation_settings: how x was computed, with defaults for what the file leaves out.
        sampler: name and version of the sampler; the version is '' where the file has none.
        sampler_settings: the arguments that the file keeps of the sampler's constructor.
    """

    def __init__(self, tokens: Tokens) -> None:
        """Read the header; raise DatasetError if it is damaged or not of a legacy format."""
        header, path = _read_header(tokens), tokens.path
        if header is None:
            raise DatasetError(f"{path} is not in a legacy format.")
        size, settings = header["dataset_size"], header["sampler_settings"]
        if type(size) is not int or size < 1:
            raise DatasetError(f"{path} has a dataset_size of {size!r}, which must be at least 1.")
        self._tokens, self.dataset_size, self.sampler_settings = tokens, size, settings
        self.sampler = sampler_info(path, header["sampler"])
        try:
            self.representation_settings = InputRepresentation(
                settings["sample_rate"], header["representation_settings"]
            ).settings
            self._shapes = [
                InputRepresentation.transformShape(length, self.representation_settings)
                for length in sound_lengths(settings)
            ]
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise DatasetError(f"{path} has settings that make no dataset: {reason}.") from error
        self._largest = max(math.prod(shape) for shape in self._shapes)

    def samples(self) -> Iterator[tuple[npt.NDArray[np.float64], Labels]]:
        """Read x and the labels of each sample; all x have one shape.

        Raises:
            DatasetError: the file is damaged, cut short, or holds another number of samples.
        """
        self._tokens.expect(b"[")
        for i in range(self.dataset_size):
            yield self._sample(i)
            more = self._tokens.another(b"]")
            if more == (i + 1 == self.dataset_size):
                raise DatasetError(
                    f"{self._tokens.path} holds {'more' if more else f'only {i + 1}'} samples where"
                    f" its dataset_size says {self.dataset_size}: it is damaged, or its generation "
                    "was interrupted."
                )
        self._tokens.expect(b"}")
        self._tokens.end()

    def _sample(self, i: int) -> tuple[npt.NDArray[np.float64], Labels]:
        tokens, found, more = self._tokens, dict[str, Any](), True
        tokens.expect(b"{")
        while more:
            key = tokens.key()
            if key in found or key not in ("x", "y"):
                raise tokens.damaged(f"sample {i} has a key {key!r} too many")
            found[key] = self._x(i) if key == "x" else tokens.value()
            more = tokens.another(b"}")
        if found.keys() != {"x", "y"} or not isinstance(found["y"], dict):
            raise tokens.damaged(f"sample {i}, which ends here, must have x and y")
        return found["x"], found["y"]

    def _x(self, i: int) -> npt.NDArray[np.float64]:
        limit = _BYTES_PER_NUMBER * self._largest + _BYTES_BESIDE
        x = self._tokens.numbers(self._largest, limit)
        if x.shape not in self._shapes:
            raise self._tokens.damaged(
                f"x of sample {i} has the shape {x.shape}, expected was {self._shapes[0]}"
            )
        self._shapes = [x.shape]
        return x


def sampler_info(path: Path, sampler: Any) -> SamplerInfo:
    """Return name and version of the sampler that a file at `path` names; '' without a version.

    Raises:
        DatasetError: it names something else.
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


def _read_header(tokens: Tokens) -> dict[str, Any] | None:
    """Read the keys before `data`; return None once a key shows that this package wrote them."""
    header: dict[str, Any] = {}
    tokens.expect(b"{")
    while (key := tokens.key()) != "data":
        if key in _CURRENT_KEYS:
            return None
        header[key] = tokens.value()
        tokens.expect(b",")
    if not header:
        return None
    missing = [key for key in _KEYS if key not in header]
    if missing:
        raise tokens.damaged(f"the header, which ends here, lacks {', '.join(missing)}")
    return header
