"""loadDataset."""

import gc
import io
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from .labels import LabelTable, are_labels, label_tensors, parsed
from .legacy.convert import convert_dataset
from .legacy.reader import is_legacy
from .samples import Stored, fingerprint_of
from .storage import DatasetChangedError, DatasetDirectory, DatasetError, Header
from .torch_dataset import TorchDataset

_ATTEMPTS = 5  # while another process changes the dataset at every one


def loadDataset(dataset_dir: str, verify: bool = False) -> TorchDataset:
    """Open the dataset in a directory.

    Nothing is read but the labels, whose checksum is compared: X is mapped, and what it shows of
    the sounds is checked by its size alone. An operation that was interrupted after it was
    committed is finished first.

    A dataset in a text format of kac_drumset is converted where it stands when it is first opened,
    at once or not at all: x.npy and a new metadata.json appear, and the old one is kept as
    metadata.legacy.json. Its labels stay as they are; `dataset.legacy` knows their scale.

    Args:
        dataset_dir: the directory.
        verify: read every file, and compare it with the checksum that was taken when it was
            written? That takes as long as reading does.

    Returns:
        The dataset.

    Raises:
        FileNotFoundError: the directory holds no (finished) dataset.
        DatasetError: the dataset is damaged or of a format that this version cannot read.
        PermissionError: it is in a legacy format, and the directory cannot be written.
    """
    with _uncollected():
        for _ in range(_ATTEMPTS - 1):
            with suppress(DatasetChangedError):
                return _open(dataset_dir, verify)
        return _open(dataset_dir, verify)


def _open(dataset_dir: str, verify: bool) -> TorchDataset:
    directory = DatasetDirectory(dataset_dir)
    if directory.holds_dataset() and is_legacy(directory.metadata_path()):
        directory = convert_dataset(directory)
    header, lines = directory.read()
    x = directory.array(header)
    if verify:
        directory.verify(header)
    try:
        return _dataset_of(str(directory.path), header, x, lines)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DatasetError(
            f"{directory.metadata_path()} is damaged: the labels are malformed: {error}."
        ) from error


def _dataset_of(
    dataset_dir: str,
    header: Header,
    x: npt.NDArray[np.float64],
    label_lines: list[str],
) -> TorchDataset:
    """A TorchDataset from what stands on the disk."""
    dataset = TorchDataset(
        dataset_dir=dataset_dir,
        representation_settings=header.representation_settings,
        sampler=header.sampler,
        sampler_settings=header.sampler_settings,
        X=torch.from_numpy(x),
        Y=[{}] * header.dataset_size,
        groups=torch.tensor(header.groups, dtype=torch.int64),
        seed=header.seed,
        legacy=torch.tensor([header.origin is not None and r == 0 for r in header.revisions]),
    )
    try:
        dataset._table, dataset._y = LabelTable.of(parsed(label_lines)), None
    except ValueError:  # a sampler gave labels that make no table
        dataset.Y = label_tensors(list(parsed(label_lines)))
    dataset._stored = Stored(
        fingerprint_of(header), len(dataset), dataset.groups.clone(), dataset.legacy.clone()
    )
    dataset._x_is_stored = True
    return dataset


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make many small objects without a search of all memory for garbage in between.

    That search is most of what loading thousands of labels costs, and finds nothing.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def packed_state(dataset: TorchDataset, same: set[str]) -> dict[str, Any]:
    """What of a dataset is pickled.

    Args:
        dataset: the dataset.
        same: which of X, Y, groups and legacy are what stands on the disk, which is opened again.
    """
    state = {name: value for name, value in vars(dataset).items() if not name.startswith("_")}
    if dataset._stored is not None and same & {"X", "Y"}:
        state |= {"_rows": dataset._rows, "_fingerprint": dataset._stored.fingerprint}
        for name in same & {"groups", "legacy"}:
            del state[name]
    if "X" not in same:
        state["_X"] = _compact(dataset.X)
    if "Y" not in same:
        state |= {"_Y": _packed(dataset.Y), "_shapes": dataset._padding.shapes}
    return state


def restored(state: dict[str, Any]) -> TorchDataset:
    """A dataset of what was pickled.

    Raises:
        DatasetError: its directory holds another dataset by now.
        FileNotFoundError: it holds none.
    """
    dataset = object.__new__(TorchDataset)
    if "_fingerprint" in state:
        whole = loadDataset(state["dataset_dir"])
        _check_unchanged(whole, state["_fingerprint"])
        dataset = whole._view(state["_rows"])
    else:
        dataset._stored, dataset._table, dataset._rows = None, None, range(0)
    vars(dataset).update({name: v for name, v in state.items() if not name.startswith("_")})
    if "_X" in state:
        dataset.X = state["_X"]
    if "_Y" in state:
        dataset.Y = _unpacked(state["_Y"])
        dataset._padding.shapes = state["_shapes"]
    return dataset


def _check_unchanged(dataset: TorchDataset, before: dict[str, Any]) -> None:
    now = {} if dataset._stored is None else dataset._stored.fingerprint
    different = [name for name in before if now.get(name) != before[name]]
    if different:
        raise DatasetError(
            f"{dataset.dataset_dir} has changed since this dataset was pickled (its "
            f"{', '.join(different)}): load it with loadDataset and take the samples again."
        )


def _compact(X: torch.Tensor) -> torch.Tensor:
    """A tensor without the rest of what it is a view of, which would be pickled with it."""
    whole = not isinstance(X, torch.Tensor) or X.untyped_storage().nbytes() <= X.nbytes
    return X if whole else X.clone()


def _packed(Y: Any) -> Any:
    if isinstance(Y, torch.Tensor):
        return _compact(Y)
    if not are_labels(Y):
        return Y
    # Tensors by the thousand in a list would each become a shared file on the way to a worker.
    file = io.BytesIO()
    torch.save(Y, file)
    return file.getvalue()


def _unpacked(Y: Any) -> Any:
    return torch.load(io.BytesIO(Y), weights_only=True) if isinstance(Y, bytes) else Y
