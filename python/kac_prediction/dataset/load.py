"""loadDataset."""

from .storage import DatasetDirectory
from .torch_dataset import TorchDataset, build_dataset


def loadDataset(dataset_dir: str) -> TorchDataset:
    """Open the dataset in a directory.

    Nothing is read but the labels: X is mapped. An operation that was interrupted after it was
    committed is finished first.

    Args:
        dataset_dir: the directory.

    Returns:
        The dataset.

    Raises:
        FileNotFoundError: the directory holds no (finished) dataset.
        DatasetError: the dataset is damaged or of a format that this version cannot read.
    """
    directory = DatasetDirectory(dataset_dir)
    header, labels = directory.read()
    return build_dataset(str(directory.path), header, directory.array(header), labels)
