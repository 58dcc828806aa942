"""loadDataset."""

from .stored import open_stored
from .torch_dataset import TorchDataset


def loadDataset(dataset_dir: str, verify: bool = False) -> TorchDataset:
    """Open the dataset in a directory.

    Nothing is read but the labels, whose checksum is compared: X is mapped, and checked by its size
    alone. An operation that was interrupted after it was committed is finished first.

    A dataset in a text format of kac_drumset is converted in place when it is first opened, at once
    or not at all: x.npy and a new metadata.json appear, and the old one is kept as
    metadata.legacy.json. Its labels stay as they are; `dataset.legacy` knows their scale.

    Args:
        dataset_dir: the directory.
        verify: whether to read every file and compare it with its checksum.

    Raises:
        FileNotFoundError: the directory holds no (finished) dataset.
        DatasetError: the dataset is damaged or of a format that this version cannot read.
        PermissionError: it is in a legacy format, and the directory cannot be written.
    """
    return TorchDataset.from_stored(open_stored(dataset_dir, verify))
