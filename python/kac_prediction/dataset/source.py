"""The directory that a dataset was loaded from, and what is in it by now."""

from .._files import reporting
from .load import check_fingerprint, fingerprint_of
from .storage import DatasetDirectory
from .torch_dataset import TorchDataset, loadDataset


def source_of(dataset: TorchDataset) -> DatasetDirectory:
    """Open the directory of a dataset.

    Raises:
        DatasetError: it has changed since the dataset was loaded.
        TypeError: not a dataset.
        ValueError: the dataset is in no directory.
    """
    if not isinstance(dataset, TorchDataset):
        raise TypeError(f"dataset must be one that loadDataset returned, got {dataset!r}.")
    if dataset._header is None:
        raise ValueError(
            f"{dataset!r} is in no directory (it was put together from tensors, or pickled "
            "with another X and Y): give what loadDataset returns, or a part of that."
        )
    with reporting("opening a dataset", dataset.dataset_dir):
        directory = DatasetDirectory(dataset.dataset_dir)
        before = fingerprint_of(dataset._header)
        check_fingerprint(directory.header, before, dataset.dataset_dir, "was loaded")
    return directory


def reloaded(dataset: TorchDataset) -> TorchDataset:
    """Load the directory of a dataset, and let the dataset and its parts show what it holds now."""
    stored = loadDataset(dataset.dataset_dir)
    if dataset._header != stored._header:
        for part in list(dataset._parts):
            vars(part).pop("_shapes", None)
            vars(part).update(vars(stored._view(part._rows)))
            stored._parts.add(part)
    return stored
