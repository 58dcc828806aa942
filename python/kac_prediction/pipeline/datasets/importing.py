"""How a routine comes by its dataset: loaded, else downloaded, else generated."""

import json
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
from ...samplers.published import (
    PUBLISHED_DATASETS,
    Datasets,
    published_dataset,
    record_told_by,
)
from ..model_input import ModelInput
from .install import download_dataset, interrupted_installation

logger = logging.getLogger(__name__)

_KNOWN = ", ".join(PUBLISHED_DATASETS)


def generate_family(
    name: Datasets,
    dataset_dir: str | Path,
    dataset_size: int | None = None,
    representation_settings: RepresentationSettings | None = None,
    seed: int | None = None,
    workers: int | None = None,
) -> TorchDataset:
    """Generate the family of a published dataset here: the same kind of drums, drawn anew.

    `drum_size` is the square root of the area, in metres, where the published labels have scales of
    their own (`dataset.legacy`). Called again, it continues, or returns what is there. A
    `dataset_size` of None is as many as were published; the rest is as in `generateDataset`.

    Raises:
        FileExistsError: another dataset is there, generated or downloaded; it is not replaced.
        ValueError: there is no such published dataset; other errors are those of `generateDataset`.
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
    dataset_record: str = "",
) -> TorchDataset:
    """Load, download or generate a dataset; see `Routine.importDataset`."""
    name = _published_name(dataset_name, dataset_source, dataset_record)
    if not DatasetDirectory(dataset_dir).holds_dataset():
        if name is not None:
            download_dataset(name, dataset_dir, dataset_source, record=dataset_record)
        elif LocalSampler is not None:
            return generateDataset(
                LocalSampler,
                sampler_settings or SamplerSettings(duration=1.0, sample_rate=48000),
                dataset_dir,
                dataset_size=200 if dataset_size is None else dataset_size,
                representation_settings=representation_settings or None,
                seed=seed,
                workers=workers,
            )
        else:
            begun = interrupted_installation(dataset_dir)
            found = f"an installation of {begun} that was interrupted" if begun else "no dataset"
            raise FileNotFoundError(
                f"{dataset_dir} holds {found}: give importDataset a dataset_name to download"
                f" ({_KNOWN}) or a LocalSampler to generate one with"
            )
    dataset = loadDataset(dataset_dir)
    _check_origin(dataset, name, LocalSampler, sampler_settings or {}, dataset_size)
    if name is not None and dataset.legacy.any():
        _check_record(dataset, name, dataset_record)
    if not representation_settings:
        return dataset
    sample_rate = dataset.sampler_settings["sample_rate"]
    settings = InputRepresentation(sample_rate, representation_settings).settings
    if settings == dataset.representation_settings:
        return dataset
    logger.info("%s: transforming to %s", dataset_dir, settings)
    return transformDataset(dataset, settings, workers=workers)


def _published_name(name: str, source: str | Path | None, record: str) -> Datasets | None:
    """Return the name of a published dataset, None without one; raise if it lacks or is unknown."""
    if name:
        chosen = check_choice("dataset_name", name, PUBLISHED_DATASETS)
        if record:
            published_dataset(chosen, record)
        return chosen
    if source is not None:
        raise ValueError(
            f"dataset_source is {str(source)!r}, but there is no dataset_name: name the"
            f" published dataset that is to be found there ({_KNOWN})"
        )
    if record:
        raise ValueError(f"dataset_record is {record!r}, but there is no dataset_name")
    return None


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
            " importDataset, or transformDataset, with representation_settings="
            "{'output_type': 'end2end', 'normalise_input': False}"
        )
    targets: object = dataset.Y
    if not isinstance(targets, list):
        raise ValueError(f"{place} has been shaped already: import it again before use_input")


def _check_record(dataset: TorchDataset, name: Datasets, record: str) -> None:
    """Say of which record an installed dataset is; raise ValueError where another was asked for."""
    told = record_told_by(name, dataset.sampler_settings)
    if record and told not in ("", record):
        raise ValueError(
            f"{dataset.dataset_dir} holds {name} of record {told}, not of {record}, where drum_size"
            " has another scale: name another dataset_dir, or ask for that record"
        )
    if told:
        logger.info("%s holds %s of record %s", dataset.dataset_dir, name, told)


def _check_origin(
    dataset: TorchDataset,
    name: Datasets | None,
    LocalSampler: type[AudioSampler] | None,
    settings: Mapping[str, Any],
    size: int | None,
) -> None:
    """Raise ValueError for another sampler, or other settings; warn of another size."""
    made_by, place, expected = dataset.sampler["name"], dataset.dataset_dir, dict[str, str]()
    if LocalSampler is not None:
        expected["the LocalSampler"] = LocalSampler.__name__
    if name is not None:
        expected[f"the sampler of {name}"] = PUBLISHED_DATASETS[name].sampler.__name__
    for role, sampler in expected.items():
        if made_by != sampler:
            raise ValueError(
                f"{place} holds a dataset made by {made_by}, but {role} is {sampler}: name another"
                f" dataset_dir, or ask for {made_by}"
            )
    stored = dataset.sampler_settings  # legacy datasets do not store all of them
    shared = [key for key in settings if key in stored]
    # As metadata.json has them, where tuples are lists.
    kept, given = (
        json.loads(json.dumps([plain(each[key]) for key in shared])) for each in (stored, settings)
    )
    different = [
        f"{key} is {stored[key]!r}, given is {settings[key]!r}"
        for key, a, b in zip(shared, kept, given, strict=True)
        if a != b
    ]
    if different:
        raise ValueError(
            f"{place} holds a dataset made with other sampler_settings: {'; '.join(different)}."
            " Name another dataset_dir, or leave these keys out"
        )
    if size not in (None, len(dataset)):
        message = "%s holds %d samples, which are used as they are; dataset_size is %d"
        logger.warning(message, place, len(dataset), size)
