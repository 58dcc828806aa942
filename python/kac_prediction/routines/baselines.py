"""What a model is compared with: always the same answer, and the classical estimator."""

import numpy as np
import numpy.typing as npt
import torch

from ..listening.classical import estimate, identify
from ..samplers import FAMILIES
from .drums import Drums
from .errors import MEAN, Numbers
from .task import Task


def baselines(
    task: Task, drums: Drums, training: torch.Tensor, chosen: torch.Tensor
) -> dict[str, Numbers]:
    """Answer without having learnt to listen.

    Args:
        task: what is asked.
        drums: the dataset.
        training: indices of the sounds that the model has learnt from: whoever answers knows how
            their labels are distributed, and between which sizes drums are.
        chosen: indices of the n sounds to be answered, n from 1.

    Returns:
        By who answers, and by label, shape (n,): the mean of the training (of a class, the
        commonest), and what the spectral peaks say, of as much of the sound as the model hears and
        of the whole of it. In silence they say the mean.
    """
    known = {label: drums.numbers(label)[training] for label in task.model_input.labels}
    mean = {
        label: np.full(len(chosen), _usual(values, label in task.model_input.classes))
        for label, values in known.items()
    }
    smallest, largest = known["drum_size"].min(), known["drum_size"].max()
    answers = {MEAN: mean}
    for length in sorted({task.model_input.length, drums.sounds.shape[1]}):
        said = _peaks(task, drums.sounds[chosen, :length], drums, (0.99 * smallest, 1.01 * largest))
        answers[f"peaks of {1000 * length / drums.sample_rate:.0f} ms"] = {
            label: np.where(np.isnan(values), mean[label], values)
            for label, values in said.items()
            if not np.isnan(values).all()
        }
    return answers


def _usual(values: npt.NDArray[np.float64], is_class: bool) -> float:
    """The mean of numbers, the commonest of classes."""
    return float(np.bincount(values.astype(np.int64)).argmax() if is_class else values.mean())


def _peaks(task: Task, sounds: torch.Tensor, drums: Drums, sizes: tuple[float, float]) -> Numbers:
    """What the classical estimator says of sounds; nan where it has nothing to say."""
    waveforms = sounds.numpy()
    said = {label: np.full(len(waveforms), np.nan) for label in task.model_input.labels}
    audible = np.abs(waveforms).max(axis=1) > 0
    if audible.any():
        for label, values in _heard(task.family, waveforms[audible], drums, sizes).items():
            said[label][audible] = values
    return said


def _heard(
    family: str, waveforms: npt.NDArray[np.float64], drums: Drums, sizes: tuple[float, float]
) -> Numbers:
    """What it says of sounds that can be heard; of an unknown family, that too."""
    sound = (waveforms, drums.sample_rate, drums.wave_speed)
    if family:
        return estimate(family, *sound, sizes=sizes)
    names, said = identify(*sound, sizes=sizes)
    index = np.array([FAMILIES.index(name) for name in names], np.float64)
    return {**said, "family": index}
