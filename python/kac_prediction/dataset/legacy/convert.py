"""Convert a legacy dataset, whose text is read sample by sample, to the format of this package.

The text is one document: {"dataset_size", "representation_settings", "sampler",
"sampler_settings", "data"}, the last a list of {"x": numbers, "y": labels}. The sampler is a name
alone (2022), an object of name and version, or the text of a Python dictionary of both in a string.
"""

import ast
import math
import os
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._checks import MALFORMED, brief, reason
from ..._files import locked
from ..._progress import progress_bar
from ..representation import InputRepresentation
from ..sampler import Labels, SamplerInfo
from ..storage import DatasetDirectory, DatasetError, Header, Transaction, disk
from ..storage.layout import ARRAY, LEGACY
from ..storage.metadata import (
    LEGACY_ORIGIN,
    RECIPE,
    check_recipe,
    label_line,
    plain_settings,
)
from .tokens import Tokens

_KEYS = ("dataset_size", "representation_settings", "sampler", "sampler_settings")
_CURRENT_KEYS = {field.name for field in fields(Header)} - {*_KEYS}
# Text of one number, its indentation included: far more than any writer needs.
_BYTES_PER_NUMBER = 256
_BYTES_PER_SAMPLE = len('{"x":[0],"y":{}}')  # at least
_LONGEST_INFO = 1000  # characters
_BYTES_BESIDE = 2**20
_BATCH_BYTES = 2**22
_STRIKE = {"sample_location", "strike_location"}


def convert_dataset(directory: DatasetDirectory) -> DatasetDirectory:
    """Write x.npy and a metadata.json of our format, and return the directory, opened anew.

    The old metadata.json is kept as metadata.legacy.json. Where this fails, nothing has changed. Of
    several processes that ask for it at once, one does the work and the others wait.
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
        with Transaction(path) as transaction:
            _stage(directory.metadata_path(), transaction)
            transaction.commit(others=[LEGACY])
    return DatasetDirectory(path)


def _stage(source: Path, transaction: Transaction) -> None:
    """Stage x, the metadata, and the old metadata under its new name."""
    labels: list[Labels] = []
    batch: list[npt.NDArray[np.float64]] = []
    with Tokens(source) as tokens:
        header = legacy_header(tokens)
        size, samples = header.dataset_size, legacy_samples(tokens, header)
        first = next(samples)
        with (
            progress_bar(desc="converting", total=tokens.size, unit="B", unit_scale=True) as bar,
            transaction.array((size, *first[0].shape)) as array,
        ):
            for x, y in chain([first], samples):
                batch.append(x)
                labels.append(y)
                if len(batch) * x.nbytes >= _BATCH_BYTES or len(labels) == size:
                    array.write(len(labels) - len(batch), np.stack(batch))
                    batch.clear()
                    bar.update(tokens.position - bar.n)
            checksum = array.checksum()
    header = replace(header, groups=_infer_groups(labels), checksums={ARRAY: checksum})
    try:
        lines = [label_line(y, i) for i, y in enumerate(labels)]
    except (TypeError, ValueError) as error:
        raise DatasetError(f"{source} is damaged: {error}") from error
    transaction.write_metadata(header, lines)
    disk.link(source, transaction.path / LEGACY)


def _infer_groups(labels: list[Labels]) -> list[int]:
    """Number the drums: consecutive samples that differ in strike and pick-up alone share one."""
    groups: list[int] = []
    last: Labels = {}
    for y in labels:
        body = {name: values for name, values in y.items() if name not in _STRIKE}
        same = bool(groups and body) and body == last  # without a label of a body: of its own
        groups.append((groups[-1] + (not same)) if groups else 0)
        last = body
    return groups


def is_legacy(path: Path) -> bool:
    """Tell from its first keys whether a metadata.json is in a format of kac_drumset."""
    with Tokens(path) as tokens:
        return _read_header(tokens) is not None


def legacy_header(tokens: Tokens) -> Header:
    """Read the header, without groups and the checksum of x; raise DatasetError for damage."""
    found, path = _read_header(tokens), tokens.path
    if found is None:
        raise DatasetError(f"{path} is not in a legacy format.")
    size, settings = found["dataset_size"], found["sampler_settings"]
    most = tokens.size // _BYTES_PER_SAMPLE
    if type(size) is not int or not 1 <= size <= most:
        raise DatasetError(
            f"{path} has a dataset_size of {brief(size)}, which must be at least 1, and at most "
            f"{most} in so many bytes."
        )
    sampler = sampler_info(path, found["sampler"])
    try:
        rate, representation = settings["sample_rate"], found["representation_settings"]
        header = Header(
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
        check_recipe({name: getattr(header, name) for name in RECIPE})
        header.x_shapes()
    except MALFORMED as error:
        raise DatasetError(f"{path} has settings that make no dataset: {reason(error)}.") from error
    return header


def legacy_samples(
    tokens: Tokens, header: Header
) -> Iterator[tuple[npt.NDArray[np.float64], Labels]]:
    """Read x and the labels of each sample, which follow the header; all x have one shape."""
    size, shapes = header.dataset_size, [shape[1:] for shape in header.x_shapes()]
    largest = max(map(math.prod, shapes))
    tokens.expect(b"[")
    for i in range(size):
        found, more = dict[str, Any](), True
        tokens.expect(b"{")
        while more:
            key = tokens.key()
            if key in found or key not in ("x", "y"):
                raise tokens.damaged(f"sample {i} has a key {key!r} too many")
            if key == "x":
                x = found["x"] = tokens.numbers(
                    largest, _BYTES_PER_NUMBER * largest + _BYTES_BESIDE
                )
                if x.shape not in shapes:
                    raise tokens.damaged(
                        f"x of sample {i} has the shape {x.shape}, expected was {shapes[0]}"
                    )
                shapes = [x.shape]
            else:
                found["y"] = tokens.value()
            more = tokens.expect(b",", b"}") == b","
        if found.keys() != {"x", "y"} or not isinstance(found["y"], dict):
            raise tokens.damaged(f"sample {i}, which ends here, must have x and y")
        yield found["x"], found["y"]
        more = tokens.expect(b",", b"]") == b","
        if more == (i + 1 == size):
            raise DatasetError(
                f"{tokens.path} holds {'more' if more else f'only {i + 1}'} samples where its "
                f"dataset_size says {size}: it is damaged, or its generation was interrupted."
            )
    tokens.expect(b"}")
    tokens.expect(b"")


def sampler_info(path: Path, sampler: Any) -> SamplerInfo:
    """Return name and version of the sampler that a file at `path` names; '' without a version."""
    if isinstance(sampler, str) and sampler.lstrip().startswith("{"):
        try:
            if len(sampler) > _LONGEST_INFO:
                raise ValueError("it is too long")
            sampler = ast.literal_eval(sampler.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise DatasetError(f"{path} names its sampler {brief(sampler)}: {error}.") from error
    elif isinstance(sampler, str) and sampler:
        return {"name": sampler, "version": ""}
    if isinstance(sampler, dict):
        name, version = sampler.get("name"), sampler.get("version")
        if isinstance(name, str) and name and isinstance(version, str) and version:
            return {"name": name, "version": version}
    raise DatasetError(
        f"{path} describes its sampler as {brief(sampler)}, not by a name and a version."
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
