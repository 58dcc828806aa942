"""How a routine comes by its dataset: what stands there, else a download, else made here."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._files import plain
from ..dataset import (
    AudioSampler,
    InputRepresentation,
    RepresentationSettings,
    SamplerSettings,
    TorchDataset,
    generateDataset,
    loadDataset,
    transformDataset,
)
from ..dataset.storage import DatasetDirectory
from ..samplers.published import PUBLISHED_DATASETS
from .installing.download import download_dataset, installation_begun
from .installing.family import published
from .model_input import ModelInput

logger = logging.getLogger(__name__)

DATASET_SIZE = 200
SAMPLER_SETTINGS = SamplerSettings(duration=1.0, sample_rate=48000)


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
    name = published(dataset_name) if dataset_name else None
    _check_source(dataset_source, name)
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
            raise _nothing_in(dataset_dir)
    dataset = loadDataset(dataset_dir)
    if LocalSampler is not None:
        _check_sampler(dataset, LocalSampler.__name__, "the LocalSampler asked for")
    if name is not None:
        _check_sampler(dataset, PUBLISHED_DATASETS[name].sampler_name, f"the sampler of {name}")
    _check_settings(dataset, sampler_settings or {})
    _mention_size(dataset, dataset_size)
    return _represented(dataset, representation_settings, workers)


def _nothing_in(dataset_dir: str) -> FileNotFoundError:
    """The error that says how to come by a dataset."""
    begun = installation_begun(dataset_dir)
    found = (
        f"holds an installation of {begun} that was interrupted" if begun else "holds no dataset"
    )
    return FileNotFoundError(
        f"{dataset_dir} {found}: give importDataset a dataset_name to download"
        f" ({', '.join(PUBLISHED_DATASETS)}) or a LocalSampler to make one with"
    )


def _check_source(dataset_source: str | Path | None, name: str | None) -> None:
    """Refuse a source of nothing in particular."""
    if dataset_source is not None and name is None:
        raise ValueError(
            f"dataset_source is {str(dataset_source)!r}, but there is no dataset_name: name the"
            f" published dataset that is to be found there ({', '.join(PUBLISHED_DATASETS)})"
        )


def check_raw(dataset: TorchDataset, model_input: ModelInput) -> None:
    """Refuse a dataset that a ModelInput cannot shape.

    Raises:
        ValueError: it is not of raw sounds at the sample rate of that input.
    """
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


def _check_settings(dataset: TorchDataset, asked: Mapping[str, Any]) -> None:
    """Refuse settings that the stored ones contradict; older sets do not store all of them."""
    stored = dataset.sampler_settings
    different = [
        f"{key} is {stored[key]!r}, asked for was {value!r}"
        for key, value in asked.items()
        if key in stored and _comparable(stored[key]) != _comparable(value)
    ]
    if different:
        raise ValueError(
            f"{dataset.dataset_dir} holds a dataset made with other sampler_settings:"
            f" {'; '.join(different)}. Name another dataset_dir, or leave these keys out"
        )


def _comparable(value: Any) -> Any:
    """A setting as metadata.json knows it, where tuples are lists."""
    value = plain(value)
    if isinstance(value, list | tuple):
        return [_comparable(item) for item in value]
    return value


def _mention_size(dataset: TorchDataset, asked: int | None) -> None:
    if asked is not None and asked != len(dataset):
        logger.warning(
            "%s holds %d samples, which are used as they are; asked for were %d",
            dataset.dataset_dir,
            len(dataset),
            asked,
        )


def _represented(
    dataset: TorchDataset, asked: RepresentationSettings | None, workers: int | None
) -> TorchDataset:
    """The dataset in the representation asked for; without any, as it is."""
    if not asked:
        return dataset
    settings = InputRepresentation(dataset.sampler_settings["sample_rate"], asked).settings
    if settings == dataset.representation_settings:
        return dataset
    logger.info("%s: transforming to %s", dataset.dataset_dir, settings)
    return transformDataset(dataset, settings, workers=workers)
