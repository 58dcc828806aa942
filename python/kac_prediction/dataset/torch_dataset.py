"""TorchDataset: a dataset as PyTorch sees it."""

import operator
from collections.abc import Sequence
from typing import Any, Self, SupportsIndex, overload

import numpy as np
import numpy.typing as npt
import torch

from .labels import LabelTable, LabelTensors
from .representation import RepresentationSettings
from .rows import Rows, indices_of, no_sample, spaced, take
from .sampler import SamplerInfo
from .samples import Batch, Padding, Sample, Stored, written


class TorchDataset(torch.utils.data.Dataset[Sample]):
    """Sounds and labels, sample by sample.

    X is mapped from the disk: opening is immediate, what is not touched is not read, and writing
    to it changes this process's copy alone. X and Y may be assigned, to shape the data for a model.

    `dataset[2:10]`, `dataset[::5]` and `dataset.subset(indices)` are datasets of some of the
    samples. They share memory with this one where the samples are evenly spaced; elsewhere their X
    is copied together when it is first asked for as a whole, and samples and batches do not ask.

    Samples and batches have labels of one shape, as a DataLoader needs them: a label whose sizes
    differ between the samples is padded with nan, at its end, to the longest of the whole dataset
    (of which this may be a part), and one that a sample lacks is nan throughout. No label on the
    disk is nan. Y itself is not padded.

    A dataset is pickled as the path of its directory and which of its samples it holds; where it is
    unpickled the directory is opened anew, and has to hold the same dataset still (DatasetError).
    X, Y, groups and legacy that were assigned or written to are not on the disk, so they are
    pickled as they are, by torch.

    Attributes:
        dataset_dir: directory of the dataset.
        groups: which body (drum) each sample was made on, int64, shape (n,).
        legacy: which samples came from kac_drumset, so that their labels have its conventions
            (`dataset.legacy.current_labels` converts them), bool, shape (n,).
        representation_settings: how X was computed from the sounds.
        sampler: name of the sampler, and version of the package that made the sounds ('' where an
            legacy dataset does not say).
        sampler_settings: arguments of the sampler's constructor.
        seed: what the samples were drawn from; None: not from a seed, as in legacy datasets.
        X: float64, shape (n, ...).
        Y: one dictionary of float64 tensors a sample, each of shape (k,).
    """

    # A tensor, and the rows of it that X consists of (None: all): one attribute, so that threads
    # that take samples while another asks for X see the two of one time.
    _data: tuple[torch.Tensor, npt.NDArray[np.int64] | None]
    _x_is_stored: bool
    # Labels as they stand on the disk, until Y is asked for: from then on, what that holds counts.
    _table: LabelTable | None
    _y: Any
    _padding: Padding
    _rows: Rows  # which samples of the directory these are
    _stored: Stored | None

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
        legacy: torch.Tensor | None = None,
    ) -> None:
        """Put a dataset together; users get one from loadDataset or generateDataset.

        Raises:
            ValueError: X, Y, groups and legacy are not of one length.
        """
        self.dataset_dir = dataset_dir
        self.representation_settings = representation_settings
        self.sampler = sampler
        self.sampler_settings = sampler_settings
        self.groups = torch.arange(len(X)) if groups is None else groups
        self.legacy = torch.zeros(len(X), dtype=torch.bool) if legacy is None else legacy
        self.seed = seed
        self._stored = None
        self._table = None
        self._rows = range(len(X))
        self.X = X
        self.Y = Y
        self._check_lengths()

    @property
    def X(self) -> torch.Tensor:
        """The data, float64, shape (n, ...)."""
        x, order = self._data
        if order is not None:
            self._x_is_stored = self._x_is_stored and not written(x)
            x = take(x, order)
            self._data = x, None
        return x

    @X.setter
    def X(self, X: torch.Tensor) -> None:
        self._data = X, None
        self._x_is_stored = False

    @property
    def Y(self) -> LabelTensors:
        """The labels: one dictionary of float64 tensors a sample, each of shape (k,)."""
        if self._y is None and self._table is not None:
            labels = self._table.as_list()
            self._padding = Padding(labels, self._table.padded_shapes())
            self._y = labels  # last, as other threads may be taking samples
        found: LabelTensors = self._y
        return found

    @Y.setter
    def Y(self, Y: LabelTensors) -> None:
        self._padding = Padding(Y)
        self._y = Y

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

    @overload
    def __getitem__(self, i: SupportsIndex) -> Sample: ...
    @overload
    def __getitem__(self, i: slice) -> Self: ...
    def __getitem__(self, i: SupportsIndex | slice) -> Sample | Self:
        """Return the data and the labels of sample `i`, or the dataset of a slice of the samples.

        Raises:
            IndexError: there is no such sample.
            TypeError: `i` is neither an integer nor a slice.
        """
        if isinstance(i, slice):
            return self._view(spaced(range(len(self))[i]))
        if isinstance(i, bool | np.bool_) or not hasattr(i, "__index__"):
            raise TypeError(f"{i!r} is no index of a sample: give an integer, a slice, or subset.")
        row, size = operator.index(i), len(self)
        if not -size <= row < size:
            raise no_sample(row, size)
        x, order = self._data
        # What is mapped is copied, so that nobody changes the dataset who changes a sample.
        x = x[row if order is None else int(order[row])]
        x = x.clone() if self._x_is_stored else x
        table = self._untouched
        y = self._padding(self._y[row]) if table is None else table.sample(row)
        return x, y

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Sample]:
        """Return samples of these indices, read at once: what a DataLoader makes a batch of.

        Raises:
            IndexError: there is no such sample.
        """
        rows = indices_of(indices, len(self))
        data, order = self._data
        x = take(data, rows if order is None else order[rows])
        if self._untouched is None:
            return list(zip(x, map(self._padding, take(self._y, rows)), strict=True))
        batch = Batch(x, self._untouched.batch(rows))
        # A worker process lets torch stack the samples, straight into memory that it shares.
        alone = torch.utils.data.get_worker_info() is None and isinstance(x, torch.Tensor)
        return batch if alone and Batch.can_be_collated() else [(x, y) for x, y in batch]

    def subset(self, indices: Sequence[int] | torch.Tensor | npt.NDArray[Any]) -> Self:
        """Return the dataset of some of the samples, in this order.

        Args:
            indices: of the samples, negative ones from the end; or which ones, as n bools.

        Raises:
            IndexError: there is no such sample, or not as many bools as samples.
            TypeError: neither integers nor bools.
        """
        return self._view(spaced(indices_of(indices, len(self))))

    def __len__(self) -> int:
        """Return the number of samples."""
        x, order = self._data
        return len(x if order is None else order)

    def __repr__(self) -> str:
        """Say in one line what this is."""
        known = 0 if self._stored is None else self._stored.size
        of = f" of {known}" if known > len(self) else ""
        shape = tuple(self._data[0].shape[1:])
        output = self.representation_settings.get("output_type", "data")
        return (
            f"TorchDataset({len(self)}{of} samples of {self.sampler['name']}, {output} of shape "
            f"{shape}, {self.dataset_dir!r})"
        )

    def __copy__(self) -> Self:
        """Return a dataset of the same data."""
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        return copied

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: path, samples and settings, and the data that are not on the disk."""
        from .load import packed_state  # here, as load.py imports this module

        return packed_state(self, self._as_stored())

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the directory and take the view, or what was pickled as it was.

        Raises:
            DatasetError: the directory holds another dataset than when this was pickled.
            FileNotFoundError: it holds none.
        """
        from .load import restored

        vars(self).update(vars(restored(state)))

    def _view(self, rows: Rows) -> Self:
        """The dataset of these samples."""
        self._check_lengths()
        view = self.__copy__()
        x, order = self._data
        if order is not None:
            view._data = x, take(order, rows)
        elif isinstance(rows, range):
            view._data = take(x, rows), None
        else:
            view._data = x, rows
        view._table = None if self._table is None else self._table.take(rows)
        if self._y is not None:
            view.Y = take(self._y, rows)
            view._padding.shapes = self._padding.shapes
        view.groups, view.legacy = take(self.groups, rows), take(self.legacy, rows)
        if self._stored is not None:
            view._rows = take(self._rows, rows)
        return view

    def _as_stored(self) -> set[str]:
        """Which of X, Y, groups and legacy are what stands on the disk."""
        stored, rows = self._stored, self._rows
        if stored is None:
            return set()
        same = {
            name
            for name in ("groups", "legacy")
            if torch.equal(getattr(self, name), take(getattr(stored, name), rows))
        }
        if self._x_is_stored and not written(self._data[0]):
            same.add("X")
        if self._table is not None and (self._y is None or self._table.equals(self._y)):
            same.add("Y")
        return same

    @property
    def _untouched(self) -> LabelTable | None:
        """The labels as they stand on the disk, unless Y was asked for or assigned."""
        return self._table if self._y is None else None

    def _check_lengths(self) -> None:
        labels = len(self._y if self._untouched is None else self._untouched)
        lengths = [len(self), labels, len(self.groups), len(self.legacy)]
        if len(set(lengths)) > 1:
            raise ValueError(
                "X, Y, groups and legacy must be of one length, got "
                f"{', '.join(map(str, lengths))}."
            )
