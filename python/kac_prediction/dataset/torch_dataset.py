"""TorchDataset: a dataset as PyTorch sees it."""

from typing import Any, TypeAlias

import numpy as np
import torch

from .representation import RepresentationSettings
from .sampler import Labels, SamplerInfo
from .storage import Header

LabelTensors: TypeAlias = list[dict[str, torch.Tensor]]
"""One dictionary of float64 tensors a sample, each of shape (k,)."""


class TorchDataset(torch.utils.data.Dataset[tuple[torch.Tensor, dict[str, torch.Tensor]]]):
    """Sounds and labels, sample by sample.

    X is mapped from the disk: opening is immediate, what is not touched is not read, and writing
    to it changes this process's copy alone. X and Y may be assigned, to shape the data for a model.

    Attributes:
        dataset_dir: directory of the dataset.
        groups: which body (drum) each sample was made on, int64, shape (n,).
        older: which samples came from older software, so that their labels have its conventions
            (`samplers.older_labels`), bool, shape (n,).
        representation_settings: how X was computed from the sounds.
        sampler: name of the sampler, and version of the package that made the sounds ('' where an
            older dataset does not say).
        sampler_settings: arguments of the sampler's constructor.
        seed: what the samples were drawn from; None: not from a seed, as in older datasets.
        X: float64, shape (n, ...).
        Y: one dictionary of float64 tensors a sample, each of shape (k,).
    """

    def __init__(
        self,
        dataset_dir: str,
        representation_settings: RepresentationSettings,
        sampler: SamplerInfo,
        sampler_settings: dict[str, Any],
        X: torch.Tensor,
        Y: LabelTensors,
        groups: torch.Tensor | None = None,
        seed: int | None = None,
        older: torch.Tensor | None = None,
    ) -> None:
        """Put a dataset together; users get one from loadDataset or generateDataset.

        Raises:
            ValueError: X, Y, groups and older are not of one length.
        """
        groups = torch.arange(len(X)) if groups is None else groups
        older = torch.zeros(len(X), dtype=torch.bool) if older is None else older
        lengths = [len(X), len(Y), len(groups), len(older)]
        if len(set(lengths)) > 1:
            raise ValueError(
                f"X, Y, groups and older must be of one length, got {', '.join(map(str, lengths))}."
            )
        self.dataset_dir = dataset_dir
        self.representation_settings = representation_settings
        self.sampler = sampler
        self.sampler_settings = sampler_settings
        self.X = X
        self.Y = Y
        self.groups = groups
        self.older = older
        self.seed = seed

    @property
    def info(self) -> dict[str, Any]:
        """What a checkpoint stores of its dataset: plain values, without the data."""
        return {
            "dataset_size": len(self),
            "representation_settings": dict(self.representation_settings),
            "sampler": dict(self.sampler),
            "sampler_settings": dict(self.sampler_settings),
            "seed": self.seed,
        }

    def __getitem__(self, i: int) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Return the data and the labels of sample `i`."""
        return self.X[i], self.Y[i]

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.X)


def build_dataset(
    dataset_dir: str, header: Header, x: np.ndarray[Any, np.dtype[np.float64]], labels: list[Labels]
) -> TorchDataset:
    """A TorchDataset from what stands on the disk."""
    return TorchDataset(
        dataset_dir=dataset_dir,
        representation_settings=header.representation_settings,
        sampler=header.sampler,
        sampler_settings=header.sampler_settings,
        X=torch.from_numpy(x),
        Y=label_tensors(labels),
        groups=torch.tensor(header.groups, dtype=torch.int64),
        seed=header.seed,
        older=torch.tensor([header.origin is not None and r == 0 for r in header.revisions]),
    )


def label_tensors(labels: list[Labels]) -> LabelTensors:
    """Labels as float64 tensors, each of shape (k,).

    Samples that agree in the names and sizes of their labels (all, as a rule) share one tensor a
    label, of which each gets a row: making a small tensor a sample would be what loading costs.
    """
    names = list(labels[0]) if labels else []
    sizes = [len(labels[0][name]) for name in names]
    if any(list(y) != names or [len(y[name]) for name in names] != sizes for y in labels):
        return [
            {name: torch.tensor(values, dtype=torch.float64) for name, values in y.items()}
            for y in labels
        ]
    columns = [
        torch.tensor([y[name] for y in labels], dtype=torch.float64).unbind() for name in names
    ]
    rows = zip(*columns, strict=True) if columns else [()] * len(labels)
    return [dict(zip(names, row, strict=True)) for row in rows]
