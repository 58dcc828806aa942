"""TorchDataset: a dataset as PyTorch sees it; and loadDataset."""

from collections.abc import Sequence
from functools import cached_property
from operator import index
from pathlib import Path
from typing import Any, Self, SupportsIndex, overload
from weakref import WeakSet

import numpy as np
import numpy.typing as npt
import torch

from .._files import reporting
from .collate import Rows, Sample, as_range, batch_samples, rows_of, take
from .labels import LabelTable, LabelTensors, pack, padded, shapes_to_pad_to, unpack, written
from .load import check_fingerprint, fingerprint_of, open_stored, state_of, still_held
from .representation_settings import RepresentationSettings
from .sampler import SamplerInfo
from .shown import described, shown
from .storage import Header


def loadDataset(dataset_dir: str, verify: bool = False) -> "TorchDataset":
    """Open the dataset in a directory.

    Nothing is read but the labels, whose checksum is compared: X is mapped, and checked by its size
    alone. An operation that was interrupted after it was committed is finished first.

    A dataset in a text format of kac_drumset is converted in place when it is first opened: x.npy
    and a new metadata.json appear, or nothing, and the old one is kept as metadata.legacy.json. Its
    labels stay as they are; `dataset.legacy` knows their scale.

    Args:
        dataset_dir: the directory.
        verify: whether to read every file and compare it with its checksum.

    Raises:
        FileNotFoundError: the directory holds no (finished) dataset.
        DatasetError: the dataset is damaged or of a format that this version cannot read.
        PermissionError: it is in a legacy format, and the directory cannot be written.
    """
    opened = state_of(dataset_dir)  # before it is read: what changes later is noticed
    with reporting("opening a dataset", dataset_dir):
        header, X, labels = open_stored(dataset_dir, verify)
    directory = str(Path(dataset_dir).absolute())
    recipe = header.representation_settings, header.sampler, header.sampler_settings
    groups, legacy = torch.tensor(header.groups), torch.tensor(header.legacy)
    dataset = TorchDataset(directory, *recipe, X, labels, groups, header.seed, legacy)
    dataset._header, dataset._opened, dataset._x_is_stored = header, opened, True
    return dataset


class TorchDataset(torch.utils.data.Dataset[Sample]):
    """Sounds and labels, sample by sample.

    X is mapped from the disk; writing to it changes this process's copy alone. X and Y may be
    assigned, to shape the data for a model. Slices and `subset` are datasets of some of the
    samples, which share memory with this one where the samples are evenly spaced.

    Samples and batches have labels of one shape, as a DataLoader needs them: shorter ones are
    padded with nan, at their end, to the longest of the whole dataset (of which this may be a
    part), and one that a sample lacks is nan throughout. Y is not padded.

    A dataset is pickled as the path of its directory, which has to hold the same dataset still when
    it is unpickled, and the numbers of its samples; what was assigned or written to, as it is.

    After `transformDataset` or `regenerateDataPoints` the dataset that it was given, its copies,
    slices and subsets show the new data, and nothing that was assigned; in the worker processes of
    a DataLoader that began before, they raise DatasetError. One that was loaded apart stays old.

    Attributes:
        dataset_dir: directory of the dataset.
        groups: which body (drum) each sample was made on, int64, shape (n,).
        legacy: which samples came from kac_drumset, so that their labels have its conventions
            (`dataset.legacy.current_labels` converts them), bool, shape (n,).
        representation_settings: how X was computed from the sounds.
        sampler: its name, and the version that made the sounds ('' where a legacy one has none).
        sampler_settings: arguments of the sampler's constructor.
        seed: what the samples were drawn from; None: not from a seed, as in legacy datasets.
        X: float64, shape (n, ...).
        Y: one dictionary of float64 tensors a sample, each of shape (k,).
    """

    # A tensor and its rows that X is (None: all): one attribute, so that threads see both as one.
    _x: tuple[torch.Tensor, npt.NDArray[np.int64] | None]
    _x_is_stored: bool
    _table: LabelTable | None  # the labels on the disk
    _y: Any  # Y once it was asked for or assigned: from then on, that counts
    _header: Header | None  # of the directory; None: of no directory
    _opened: tuple[int, ...]  # its state when it was
    _rows: Rows  # which samples of the directory these are
    _parts: "WeakSet[TorchDataset]"  # this one, its copies, and parts of them

    def __init__(
        self,
        dataset_dir: str,
        representation_settings: RepresentationSettings,
        sampler: SamplerInfo,
        sampler_settings: dict[str, Any],
        X: torch.Tensor,
        Y: LabelTensors | LabelTable,
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
        self._header, self._rows, self._parts = None, range(len(X)), WeakSet((self,))
        self.X = X
        self._table, self._y = (Y, None) if isinstance(Y, LabelTable) else (None, Y)
        self._check_lengths()

    @property
    def _data(self) -> tuple[torch.Tensor, npt.NDArray[np.int64] | None]:
        """What X is made of; DatasetError is raised in a worker process that began before it."""
        if self._header is not None and torch.utils.data.get_worker_info() is not None:
            self._opened = still_held(self.dataset_dir, self._header, self._opened)
        return self._x

    @property
    def X(self) -> torch.Tensor:
        """The data, float64, shape (n, ...)."""
        x, order = self._data
        if order is not None:
            self._x_is_stored = self._x_is_stored and not written(x)
            x = take(x, order)
            self._x = x, None
        return x

    @X.setter
    def X(self, X: torch.Tensor) -> None:
        self._x = X, None
        self._x_is_stored = False

    @property
    def Y(self) -> LabelTensors:
        """The labels: one dictionary of float64 tensors a sample, each of shape (k,)."""
        _ = self._data  # refuses to be read where it is of old
        if self._y is None and self._table is not None:
            self._shapes = self._table.padded_shapes()
            self._y = self._table.as_list()  # last, as other threads may be taking samples
        found: LabelTensors = self._y
        return found

    @Y.setter
    def Y(self, Y: LabelTensors) -> None:
        vars(self).pop("_shapes", None)
        self._y = Y

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]] | None:
        """The shapes that labels of `_y` are padded to; None: they are as they are."""
        return shapes_to_pad_to(self._y)

    @property
    def info(self) -> dict[str, Any]:
        """What a checkpoint stores of its dataset, in plain values."""
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
        """Return the data and labels of sample `i`, or the dataset of a slice of the samples.

        Raises:
            IndexError: there is no such sample.
            TypeError: `i` is neither an integer nor a slice.
        """
        if isinstance(i, slice):
            return self._view(as_range(range(len(self))[i]))
        if isinstance(i, bool | np.bool_) or not hasattr(i, "__index__"):
            raise TypeError(f"{i!r} is no index of a sample: give an integer, a slice, or subset.")
        row, size = index(i), len(self)
        if not -size <= row < size:
            raise IndexError(f"There is no sample {row} in a dataset of {size} samples.")
        x, order = self._data
        x = x[row if order is None else int(order[row])]
        x = x.clone() if self._x_is_stored else x  # a sample may be changed, and the dataset not
        table = self._table if self._y is None else None
        return x, padded(self._y[row], self._shapes) if table is None else table.sample(row)

    def __getitems__(self, indices: Sequence[int]) -> Sequence[Sample]:
        """Return samples of these indices, read at once: what a DataLoader makes a batch of."""
        rows = rows_of(indices, len(self))
        data, order = self._data
        x = take(data, rows if order is None else order[rows])
        table = self._table
        if self._y is None and table is not None:  # nobody has asked for Y or assigned it
            return batch_samples(x, table.take(rows).columns)
        pairs = zip(x, take(self._y, rows), strict=True)
        return [(each, padded(y, self._shapes)) for each, y in pairs]

    def subset(self, indices: Sequence[int] | torch.Tensor | npt.NDArray[Any]) -> Self:
        """Return the dataset of some of the samples, in this order.

        Args:
            indices: of the samples, from the end if negative; or which ones, as n bools.

        Raises:
            IndexError: there is no such sample, or not as many bools as samples.
            TypeError: neither integers nor bools.
        """
        return self._view(as_range(rows_of(indices, len(self))))

    def __len__(self) -> int:
        x, order = self._data
        return len(x if order is None else order)

    def __repr__(self) -> str:
        """Return size, sampler, representation and directory in one line."""
        return described(self)

    def _repr_html_(self) -> str:
        """Return labels with their ranges, and players of the first sounds, for notebooks."""
        return shown(self)

    def __copy__(self) -> Self:
        """Return a dataset of the same data."""
        copied = object.__new__(type(self))
        vars(copied).update(vars(self))
        self._parts.add(copied)
        return copied

    def __getstate__(self) -> dict[str, Any]:
        """Return path, samples and settings, and the data that are not on the disk."""
        state = {name: value for name, value in vars(self).items() if not name.startswith("_")}
        header, table = self._header, self._table
        x_is_stored = self._x_is_stored and not written(self._data[0])
        y_is_stored = table is not None and (self._y is None or table.equals(self._y))
        if header and (x_is_stored or y_is_stored):
            state |= {"_rows": self._rows, "_fingerprint": fingerprint_of(header)}
            for name in ("groups", "legacy"):
                if torch.equal(state[name], take(torch.tensor(getattr(header, name)), self._rows)):
                    del state[name]
        if header is None or not x_is_stored:
            state["_X"] = pack(self.X)
        if header is None or not y_is_stored:
            state |= {"_Y": pack(self.Y), "_shapes": self._shapes}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open the directory, unless it holds another dataset by now, and take the samples."""
        self._header, self._table, self._rows = None, None, range(0)
        if before := state.get("_fingerprint"):
            stored = loadDataset(state["dataset_dir"])
            if stored._header is not None:
                check_fingerprint(stored._header, before, stored.dataset_dir, "was pickled")
            vars(self).update(vars(stored._view(state["_rows"])))
        self._parts = WeakSet((self,))
        vars(self).update({name: v for name, v in state.items() if not name.startswith("_")})
        if "_X" in state:
            self.X = unpack(state["_X"])
        if "_Y" in state:
            self.Y, self._shapes = unpack(state["_Y"]), state["_shapes"]

    def _view(self, rows: Rows) -> Self:
        """Return the dataset of these samples."""
        self._check_lengths()
        view = self.__copy__()
        x, order = self._data
        if order is not None:
            view._x = x, take(order, rows)
        else:
            view._x = (take(x, rows), None) if isinstance(rows, range) else (x, rows)
        view._table = None if self._table is None else self._table.take(rows)
        if self._y is not None:
            view.Y, view._shapes = take(self._y, rows), self._shapes
        view.groups, view.legacy = take(self.groups, rows), take(self.legacy, rows)
        if self._header is not None:
            view._rows = take(self._rows, rows)
        return view

    def _check_lengths(self) -> None:
        """Raise ValueError unless X, Y, groups and legacy are of one length."""
        labels = self._table if self._y is None and self._table is not None else self._y
        lengths = [len(each) for each in (self, labels, self.groups, self.legacy)]
        if len(set(lengths)) > 1:
            found = ", ".join(map(str, lengths))
            raise ValueError(f"X, Y, groups and legacy must be of one length, got {found}.")
