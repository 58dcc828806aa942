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
from ..storage.metadata import LEGACY_ORIGIN, plain_settings
from .tokens import Tokens

_KEYS = ("dataset_size", "representation_settings", "sampler", "sampler_settings")
_CURRENT_KEYS = {field.name for field in fields(Header)} - {*_KEYS}
# Text of one number, its indentation included: far more than any writer needs.
_BYTES_PER_NUMBER = 256
_BYTES_BESIDE = 2**20


def is_legacy(path: Path) -> bool:
    """Tell from its first keys whether a metadata.json is in a format of kac_drumset."""
    with Tokens(path) as tokens:
        return _read_header(tokens) is not None


class LegacyDataset:
    """The header of a legacy metadata.json, and its samples, to be read once.

    Attributes:
        header: as this package has it, but for groups and the checksum of x.
    """

    def __init__(self, tokens: Tokens) -> None:
        """Read the header; raise DatasetError if it is damaged or not of a legacy format."""
        found, path = _read_header(tokens), tokens.path
        if found is None:
            raise DatasetError(f"{path} is not in a legacy format.")
        size, settings = found["dataset_size"], found["sampler_settings"]
        if type(size) is not int or size < 1:
            raise DatasetError(f"{path} has a dataset_size of {size!r}, which must be at least 1.")
        sampler = sampler_info(path, found["sampler"])
        try:
            rate, representation = settings["sample_rate"], found["representation_settings"]
            self.header = Header(
                dataset_size=size,
                representation_settings=InputRepresentation(rate, representation).settings,
                sampler=sampler,
                sampler_settings=plain_settings(settings),
                seed=None,
                instruction_set="",
                groups=[],
                revisions=[0] * size,
                origin=LEGACY_ORIGIN,
            )
            self._shapes = [shape[1:] for shape in self.header.x_shapes()]
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise DatasetError(f"{path} has settings that make no dataset: {reason}.") from error
        self._tokens = tokens
        self._largest = max(math.prod(shape) for shape in self._shapes)

    def samples(self) -> Iterator[tuple[npt.NDArray[np.float64], Labels]]:
        """Read x and the labels of each sample; all x have one shape."""
        self._tokens.expect(b"[")
        size = self.header.dataset_size
        for i in range(size):
            yield self._sample(i)
            more = self._tokens.expect(b",", b"]") == b","
            if more == (i + 1 == size):
                raise DatasetError(
                    f"{self._tokens.path} holds {'more' if more else f'only {i + 1}'} samples where"
                    f" its dataset_size says {size}: it is damaged, or its generation was "
                    "interrupted."
                )
        self._tokens.expect(b"}")
        self._tokens.expect(b"")

    def _sample(self, i: int) -> tuple[npt.NDArray[np.float64], Labels]:
        tokens, found, more = self._tokens, dict[str, Any](), True
        tokens.expect(b"{")
        while more:
            key = tokens.key()
            if key in found or key not in ("x", "y"):
                raise tokens.damaged(f"sample {i} has a key {key!r} too many")
            found[key] = self._x(i) if key == "x" else tokens.value()
            more = tokens.expect(b",", b"}") == b","
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
    """Return name and version of the sampler that a file at `path` names; '' without a version."""
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
