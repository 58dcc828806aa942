"""How a routine comes by its dataset: loaded, else downloaded, else generated."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..._checks import check_choice
from ..._files import plain
from ...dataset import (
    AudioSampler,
    InputRepresentation,
    RepresentationSettings,
    SamplerSettings,
    TorchDataset,
    generateDataset,
    loadDataset,
    transformDataset,
)
from ...dataset.storage import DatasetDirectory
from ...samplers.published import PUBLISHED_DATASETS, Datasets
from ..model_input import ModelInput
from .install import download_dataset, interrupted_installation

logger = logging.getLogger(__name__)

DATASET_SIZE = 200
SAMPLER_SETTINGS = SamplerSettings(duration=1.0, sample_rate=48000)


def generate_family(
    name: Datasets,
    dataset_dir: str | Path,
    dataset_size: int | None = None,
    representation_settings: RepresentationSettings | None = None,
    seed: int | None = None,
    workers: int | None = None,
) -> TorchDataset:
    """Generate the family of a published dataset here: the same kind of drums, drawn anew.

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

    Raises:
        DatasetError: the directory holds files that are no dataset's.
        FileExistsError: another dataset is there, generated or downloaded.
        OSError: the disk is full or cannot be written; call again to continue.
        ValueError: there is no such published dataset, or a number is out of range.
    """
    published = PUBLISHED_DATASETS[check_choice("name", name, PUBLISHED_DATASETS)]
    return generateDataset(
        published.sampler,
        published.settings,
        str(dataset_dir),
        dataset_size=published.size if dataset_size is None else dataset_size,
        representation_settings=representation_settings,
        seed=seed,
        workers=workers,
        overwrite=False,
    )


def import_dataset(
    dataset_dir: str,
    dataset_name: str = "",
    LocalSampler: type[AudioSampler] | None = None,
    representation_settings: RepresentationSettings | None = None,
    sampler_settings: SamplerSettings | Mapping[str, Any] | None = None,
    dataset_size: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    dataset_source: str | Path | None = None,
) -> TorchDataset:
    """Load, download or generate a dataset; see `Routine.importDataset`."""
    known: list[Datasets] = list(PUBLISHED_DATASETS)
    name = check_choice("dataset_name", dataset_name, known) if dataset_name else None
    if dataset_source is not None and name is None:
        raise ValueError(
            f"dataset_source is {str(dataset_source)!r}, but there is no dataset_name: name the"
            f" published dataset that is to be found there ({', '.join(known)})"
        )
    if not DatasetDirectory(dataset_dir).holds_dataset():
        if name is not None:
            download_dataset(name, dataset_dir, dataset_source)
        elif LocalSampler is not None:
            return generateDataset(
                LocalSampler,
                sampler_settings or SAMPLER_SETTINGS,
                dataset_dir,
                dataset_size=DATASET_SIZE if dataset_size is None else dataset_size,
                representation_settings=representation_settings or None,
                seed=seed,
                workers=workers,
            )
        else:
            begun = interrupted_installation(dataset_dir)
            found = f"an installation of {begun} that was interrupted" if begun else "no dataset"
            raise FileNotFoundError(
                f"{dataset_dir} holds {found}: give importDataset a dataset_name to download"
                f" ({', '.join(known)}) or a LocalSampler to generate one with"
            )
    dataset = loadDataset(dataset_dir)
    if LocalSampler is not None:
        _check_sampler(dataset, LocalSampler.__name__, "the LocalSampler")
    if name is not None:
        _check_sampler(dataset, PUBLISHED_DATASETS[name].sampler.__name__, f"the sampler of {name}")
    _check_settings(dataset, sampler_settings or {})
    if dataset_size not in (None, len(dataset)):
        logger.warning(
            "%s holds %d samples, which are used as they are; dataset_size is %d",
            dataset_dir,
            len(dataset),
            dataset_size,
        )
    return _represent(dataset, representation_settings, workers)


def check_raw(dataset: TorchDataset, model_input: ModelInput) -> None:
    """Raise ValueError unless a dataset has raw sounds at the sample rate of a ModelInput."""
    place = f"the dataset of {dataset.dataset_dir}"
    sample_rate = dataset.sampler_settings["sample_rate"]
    if sample_rate != model_input.sample_rate:
        raise ValueError(
            f"{place} has a sample rate of {sample_rate} Hz, the model's input one of"
            f" {model_input.sample_rate} Hz: make them equal"
        )
    settings = dataset.representation_settings
    if settings["output_type"] != "end2end" or settings["normalise_input"]:
        raise ValueError(
            f"{place} holds {settings['output_type']} with normalise_input"
            f" {settings['normalise_input']}, but use_input crops and normalises raw sounds: call"
            " importDataset with representation_settings={'output_type': 'end2end',"
            " 'normalise_input': False}"
        )
    targets: object = dataset.Y
    if not isinstance(targets, list):
        raise ValueError(f"{place} has been shaped already: import it again before use_input")


def _check_sampler(dataset: TorchDataset, expected: str, role: str) -> None:
    found = dataset.sampler["name"]
    if found != expected:
        raise ValueError(
            f"{dataset.dataset_dir} holds a dataset made by {found}, but {role} is {expected}: name"
            f" another dataset_dir, or ask for {found}"
        )


def _check_settings(dataset: TorchDataset, given: Mapping[str, Any]) -> None:
    """Refuse settings that the stored ones contradict; older datasets do not store all of them."""
    stored = dataset.sampler_settings
    different = [
        f"{key} is {stored[key]!r}, given is {value!r}"
        for key, value in given.items()
        if key in stored and _comparable(stored[key]) != _comparable(value)
    ]
    if different:
        raise ValueError(
            f"{dataset.dataset_dir} holds a dataset made with other sampler_settings:"
            f" {'; '.join(different)}. Name another dataset_dir, or leave these keys out"
        )


def _comparable(value: Any) -> Any:
    """Return a setting as metadata.json has it, where tuples are lists."""
    value = plain(value)
    return [_comparable(item) for item in value] if isinstance(value, list | tuple) else value


def _represent(
    dataset: TorchDataset, wanted: RepresentationSettings | None, workers: int | None
) -> TorchDataset:
    """Return the dataset in a representation; None or {}: as it is."""
    if not wanted:
        return dataset
    settings = InputRepresentation(dataset.sampler_settings["sample_rate"], wanted).settings
    if settings == dataset.representation_settings:
        return dataset
    logger.info("%s: transforming to %s", dataset.dataset_dir, settings)
    return transformDataset(dataset, settings, workers=workers)
