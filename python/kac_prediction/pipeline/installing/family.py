"""Making sounds of the kind of a published dataset."""

from pathlib import Path

from ...dataset import RepresentationSettings, TorchDataset, generateDataset
from ...samplers.published import PUBLISHED_DATASETS, Datasets


def published(name: str) -> Datasets:
    """Check a name of `Datasets`.

    Raises:
        ValueError: there is no such published dataset.
    """
    known: Datasets
    for known in PUBLISHED_DATASETS:
        if name == known:
            return known
    raise ValueError(
        f"{name!r} is not a published dataset; there are {', '.join(PUBLISHED_DATASETS)}"
    )


def generate_family(
    name: Datasets,
    dataset_dir: str | Path,
    dataset_size: int | None = None,
    representation_settings: RepresentationSettings | None = None,
    seed: int | None = None,
    workers: int | None = None,
) -> TorchDataset:
    """Make the family of a published dataset here: the same kind of drums, drawn anew.

    The drums are of our convention: `drum_size` is the square root of the area, in metres, where
    the published labels have scales of their own (`dataset.legacy`). Called again with the same
    arguments, it finishes what was interrupted, or returns what is there. Nothing is replaced.

    Args:
        name: of the published dataset.
        dataset_dir: the directory; made if need be.
        dataset_size: number of sounds; None: as many as were published.
        representation_settings: what X shows of the sounds; None: the waves, normalised.
        seed: an integer in [0, 2^64) that everything is drawn from; None: drawn and recorded.
        workers: threads that work at once; None: all that this process may use.

    Returns:
        The dataset, loaded from the directory.

    Raises:
        DatasetError: the directory holds files that are no dataset's.
        FileExistsError: another dataset is there, generated or downloaded.
        OSError: the disk is full or cannot be written; call again to go on.
        ValueError: there is no such published dataset, or a number is out of range.
    """
    family = PUBLISHED_DATASETS[published(name)]
    return generateDataset(
        family.sampler,
        family.settings,
        str(dataset_dir),
        dataset_size=family.size if dataset_size is None else dataset_size,
        representation_settings=representation_settings,
        seed=seed,
        workers=workers,
        overwrite=False,
    )
