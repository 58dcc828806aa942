"""Where a routine's drums come from: what is installed, what is given, or what is made here."""

import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from ..dataset import RepresentationSettings, loadDataset
from ..dataset.labels import LabelTensors
from ..dataset.legacy import current_labels
from ..dataset.storage import DatasetDirectory
from ..pipeline import Routine
from .task import Task

logger = logging.getLogger(__name__)

HOME: Final = Path("data")
"""Where datasets are installed and made, in the directory of the caller."""

_RAW: Final[RepresentationSettings] = {"normalise_input": False, "output_type": "end2end"}


@dataclass(frozen=True)
class Drums:
    """A dataset as it is before it is shaped for a model.

    Attributes:
        sounds: the waves, shape (n, samples).
        labels: one dictionary a sound, in the conventions of this package.
        sample_rate: samples per second.
        wave_speed: of the membranes, m/s.
    """

    sounds: torch.Tensor
    labels: LabelTensors
    sample_rate: int
    wave_speed: float

    def numbers(self, label: str) -> npt.NDArray[np.float64]:
        """The first number of a label of every sound, shape (n,)."""
        return np.array([float(y[label][0]) for y in self.labels])


def import_drums(
    routine: Routine, task: Task, dataset_dir: str, dataset_name: str, workers: int | None
) -> Drums:
    """Set `routine.D`, with the labels that the task needs.

    Args:
        routine: with its parameters.
        task: what is to be learnt.
        dataset_dir: the directory; '': what is installed, else one for drums that are made here.
        dataset_name: the published dataset, to be downloaded where the directory holds none; ''.
        workers: threads that make the dataset; None: all available.

    Raises:
        ValueError: a dataset of something else.
    """
    if dataset_name and dataset_name != task.published:
        known = f"of {task.published}, or of" if task.published else "of"
        raise ValueError(f"{task.name} learns {known} drums made here, not of {dataset_name!r}.")
    place = Path(dataset_dir) if dataset_dir else _place(task, dataset_name)
    there = DatasetDirectory(str(place)).holds_dataset()
    routine.importDataset(
        str(place),
        dataset_name=task.published if dataset_name else "",
        LocalSampler=task.Sampler,
        representation_settings=_RAW,
        sampler_settings=_essential(task) if there or dataset_name else task.settings,
        workers=workers,
    )
    logger.info("drums of %s", place)
    labels = task.labelled(current_labels(routine.D))
    routine.D.Y = labels
    settings = routine.D.sampler_settings
    speed = math.sqrt(settings.get("tension", 2000.0) / settings.get("material_density", 0.2))
    return Drums(routine.D.X, labels, settings["sample_rate"], speed)


def _essential(task: Task) -> dict[str, Any]:
    """What drums of any origin must be: of these shapes, but of any size or duration."""
    kinds = ("arbitrary_shape", "family")
    return {key: value for key, value in task.settings.items() if key in kinds}


def _place(task: Task, dataset_name: str) -> Path:
    """The published dataset where it is installed or asked for, else a place of our own."""
    installed = HOME / task.published
    if dataset_name or (task.published and _says_size(installed)):
        return installed
    return HOME / task.place


def _says_size(directory: Path) -> bool:
    """Whether a directory holds a dataset that knows how large its drums are."""
    if not DatasetDirectory(str(directory)).holds_dataset():
        return False
    dataset = loadDataset(str(directory))
    known = len(dataset) > 0 and "drum_size" in dataset[0][1]
    if not known:
        logger.warning("%s does not say how large its drums are: it is not used", directory)
    return known
