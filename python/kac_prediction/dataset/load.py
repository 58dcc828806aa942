"""loadDataset."""

from .storage import DatasetDirectory, convert
from .torch_dataset import TorchDataset, build_dataset


def loadDataset(dataset_dir: str) -> TorchDataset:
    """Open the dataset in a directory.

    Nothing is read but the labels: X is mapped. An operation that was interrupted after it was
    committed is finished first.

    A dataset in one of the older text formats is converted where it stands when it is first opened,
    at once or not at all: x.npy and a new metadata.json appear, and the old one is kept as
    metadata.legacy.json. Its labels stay as they are; `samplers.older_labels` knows their scale.

    Args:
        dataset_dir: the directory.

    Returns:
        The dataset.

    Raises:
        FileNotFoundError: the directory holds no (finished) dataset.
        DatasetError: the dataset is damaged or of a format that this version cannot read.
        PermissionError: it is in an older format, and the directory cannot be written.
    """
    directory = DatasetDirectory(dataset_dir)
    if directory.older_size() is not None:
        directory = convert(directory)
    header, labels = directory.read()
    return build_dataset(str(directory.path), header, directory.array(header), labels)
