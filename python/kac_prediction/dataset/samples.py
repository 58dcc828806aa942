"""Samples of a dataset: batches of them, their labels padded, and what stood on the disk."""

import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch

from .labels import are_labels
from .storage import Header

try:  # where torch keeps what its documentation says may be extended
    from torch.utils.data._utils.collate import collate, default_collate_fn_map
except ImportError:  # another torch: batches are made of single samples
    default_collate_fn_map = {}

Sample: TypeAlias = tuple[torch.Tensor, dict[str, torch.Tensor]]


class Batch(Sequence[Sample]):
    """Samples that were read at once: torch's default collate need not stack them again."""

    class Sample(tuple[torch.Tensor, Any]):
        """A sample of a batch, by which the default collate knows what collates it."""

    def __init__(self, x: torch.Tensor, labels: dict[str, torch.Tensor]) -> None:
        default_collate_fn_map.setdefault(Batch.Sample, Batch.collate)
        self._x = x
        self._labels = labels

    @staticmethod
    def can_be_collated() -> bool:
        """Does the torch that is installed let its default collate be extended?"""
        return bool(default_collate_fn_map)

    def __len__(self) -> int:
        return len(self._x)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(len(self))[i]]
        labels = {name: values[i] for name, values in self._labels.items()}
        return Batch.Sample((self._x[i], labels))

    @staticmethod
    def collate(batch: Sequence[Any], *, collate_fn_map: Any = None) -> list[Any]:
        """What the default collate makes of the same samples in a list of tuples."""
        if isinstance(batch, Batch):
            return [batch._x, batch._labels]
        xs, ys = zip(*batch, strict=True)
        return [collate(part, collate_fn_map=collate_fn_map) for part in (xs, ys)]


class Padding:
    """What makes assigned labels of one shape.

    Attributes:
        shapes: the labels to be padded, of all samples, and what to; None: nothing is to be.
    """

    def __init__(self, Y: Any, *known: dict[str, tuple[int, ...]] | None) -> None:
        """Pad these labels to what is known of a whole that they are a part of, or of them all."""
        self._Y = Y
        if known:
            (self.shapes,) = known

    def __call__(self, y: Any) -> Any:
        """The labels of a sample, padded."""
        return y if self.shapes is None else _padded(y, self.shapes)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]] | None:
        """Found when first asked for: it takes a look at every label.

        Raises:
            ValueError: a label has not as many dimensions in all samples.
        """
        if not are_labels(self._Y):
            return None
        found: dict[str, set[tuple[int, ...]]] = {}
        for y in self._Y:
            for name, value in y.items():
                found.setdefault(name, set()).add(tuple(value.shape))
        for name, shapes in found.items():
            if len({len(shape) for shape in shapes}) > 1:
                raise ValueError(
                    f"Label {name!r} has the shapes {sorted(shapes)[:5]}, which cannot be padded to"
                    " one: assign Y, with as many dimensions for every sample."
                )
        if all(len(s) == 1 for s in found.values()) and all(len(y) == len(found) for y in self._Y):
            return None
        return {name: tuple(map(max, zip(*shapes, strict=True))) for name, shapes in found.items()}


def _padded(y: dict[str, torch.Tensor], shapes: dict[str, tuple[int, ...]]) -> Any:
    out = {}
    for name, shape in shapes.items():
        value = y.get(name, torch.empty([0] * len(shape), dtype=torch.float64))
        dtype = value.dtype if value.is_floating_point() else torch.float64
        out[name] = torch.full(shape, torch.nan, dtype=dtype, device=value.device)
        out[name][tuple(map(slice, value.shape))] = value
    return out


class Stored(NamedTuple):
    """What stood on the disk when a dataset was opened."""

    fingerprint: dict[str, Any]
    size: int
    groups: torch.Tensor
    legacy: torch.Tensor


def written(tensor: torch.Tensor) -> bool:
    """Has a tensor, or what it is a view of, been written to since it was made?"""
    return tensor.is_inference() or tensor._version > 0


def fingerprint_of(header: Header) -> dict[str, Any]:
    """What tells a dataset from what it was before it was transformed, or its samples redrawn."""
    plain = ("dataset_size", "checksums", "seed", "sampler", "representation_settings")
    long = {"revisions": header.revisions, "groups": header.groups}
    return {name: getattr(header, name) for name in plain} | {
        name: zlib.crc32(np.asarray(values, dtype=np.int64).tobytes())
        for name, values in long.items()
    }
