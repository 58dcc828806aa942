"""The commands info and verify: what a dataset, a model, a bank or a sound is."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy as np
import numpy.typing as npt

from .command import Command, answer

if TYPE_CHECKING:
    from ..dataset import TorchDataset


class _Info(NamedTuple):
    """What something is: in a phrase, in rows of a table, and for programs."""

    title: str
    rows: dict[str, str]
    record: dict[str, Any]


@click.command(cls=Command, example="info data/drums")
@click.argument("place", metavar="DIR|FILE|MODEL")
def info(place: str) -> None:
    """Describe a dataset, a model, a bank or a sound file.

    A model is any-drum, a checkpoint or the directory of a run.
    """
    describe = {"dataset": _of_dataset, "model": _of_model, "bank": _of_bank, "sound": _of_sound}
    found = describe[kind_of(place)](place)
    answer(f"{place}: {found.title}\n{aligned(found.rows)}", found.record)


def kind_of(place: str) -> str:
    """Return what is in a place: a dataset, a model, a bank or a sound."""
    from ..dataset.storage import DatasetDirectory
    from ..pipeline.loading import SHIPPED

    path = Path(place)
    if path.is_dir() and DatasetDirectory(path).holds_dataset():
        return "dataset"
    if path.is_dir() or path.suffix == ".pt" or place in SHIPPED or "://" in place:
        return "model"
    if not path.exists():
        raise FileNotFoundError(
            f"there is no {place!r}: name a dataset's directory, a checkpoint or the directory of "
            f"a run, {', '.join(SHIPPED)}, a bank of modes (.bank) or a sound file"
        )
    return "bank" if path.suffix == ".bank" else "sound"


def aligned(rows: Mapping[str, str]) -> str:
    """Return rows of a table, their names in a column."""
    width = max(map(len, rows))
    return "\n".join(f"  {name:<{width}}  {text}" for name, text in rows.items())


def _of_dataset(place: str) -> _Info:
    """Describe a dataset."""
    from ..dataset import loadDataset

    dataset = loadDataset(place)
    sounds, sampler = dataset.sampler_settings, dataset.sampler
    ranges = {
        label: (float(np.nanmin(numbers)), float(np.nanmax(numbers)))
        for label, numbers in label_numbers(dataset).items()
        if not np.isnan(numbers).all()
    }
    drums, shape = len(set(dataset.groups.tolist())), list(dataset.X.shape[1:])
    rows = {
        "sounds": f"{sounds['duration']:g} s at {sounds['sample_rate']} Hz, of {drums} drums",
        "made by": f"{sampler['name']} {sampler['version']}, seed {dataset.seed}",
        "x": f"{dataset.representation_settings['output_type']} of shape {tuple(shape)}",
        **{label: f"{low:.4g} to {high:.4g}" for label, (low, high) in ranges.items()},
    }
    record = dataset.info | {"x_shape": shape, "groups": drums, "label_ranges": ranges}
    return _Info(f"a dataset of {len(dataset)} sounds", rows, record)


def label_numbers(dataset: "TorchDataset") -> dict[str, npt.NDArray[np.float64]]:
    """Return all numbers of each label: a row each, or one after the other where not as many."""
    values: dict[str, list[Any]] = {}
    for labels in dataset.Y:
        for label, numbers in labels.items():
            values.setdefault(label, []).append(numbers.numpy())
    return {
        label: np.stack(each) if len({len(row) for row in each}) == 1 else np.concatenate(each)
        for label, each in values.items()
    }


def _of_model(place: str) -> _Info:
    """Describe a model."""
    from ..pipeline import loadModel

    model = loadModel(place)
    name, weights = type(model).__name__, sum(weight.numel() for weight in model.parameters())
    rows, recipe = {"weights": str(weights)}, model.model_input
    if recipe is not None:
        rows["hears"] = f"{recipe.length / recipe.sample_rate:.3g} s at {recipe.sample_rate} Hz"
        units = (unit and f" ({unit})" for unit in recipe.units)
        rows["predicts"] = ", ".join(map(str.__add__, recipe.labels, units))
        rows |= {label: ", ".join(names) for label, names in recipe.classes.items()}
    if model.dataset is not None:
        sampler = model.dataset["sampler"]
        rows["learnt from"] = f"sounds of {sampler['name']} {sampler['version']}"
    for kind, loss in (model.losses or {}).items():
        rows[f"{kind} loss"] = f"{loss['aggregate']:.4g}" if "aggregate" in loss else "not known"
    run: dict[str, Any] = dict(model.run_info or {})
    if run:
        rows["run"] = f"{run.get('id')}, epoch {run.get('epoch')}"
    record = {
        "model": name,
        "weights": weights,
        "hyperparameters": model.hyperparameters,
        "model_input": recipe and recipe.to_dict(),
        "dataset": model.dataset,
        "run_info": run,
    }
    return _Info(f"a model, {name}", rows, record)


def _of_bank(place: str) -> _Info:
    """Describe a bank of modes."""
    from ..samplers import ModeBank

    made = ModeBank(place).settings
    rows = {key: f"{value}" for key, value in made.items()}
    return _Info(f"a bank of {made['shapes']} shapes", rows, dict(made))


def _of_sound(place: str) -> _Info:
    """Describe a sound file."""
    from ..listening import read_sound

    waveform, rate = read_sound(place)
    length, channels = waveform.shape
    peak = float(np.abs(waveform).max())
    level = f"{20 * math.log10(peak):.1f} dB" if peak > 0 else "silence"
    rows = {"rate": f"{rate} Hz", "channels": str(channels), "peak": level}
    record = {"seconds": length / rate, "sample_rate": rate, "channels": channels, "peak": peak}
    return _Info(f"a sound of {length / rate:.3g} s", rows, record)


@click.command(cls=Command, example="verify data/drums")
@click.argument("directory", type=click.Path(exists=True, file_okay=False))
def verify(directory: str) -> None:
    """Compare every file of a dataset with its checksum."""
    from ..dataset import loadDataset

    dataset = loadDataset(directory, verify=True)
    answer(f"whole: {dataset!r}", {"whole": True, **dataset.info})
