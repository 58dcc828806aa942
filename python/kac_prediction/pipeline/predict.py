"""From a sound to the drum that made it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch

from .. import samplers
from ..dataset import AudioSampler
from .audio import prepare, read_sound
from .model import Model
from .model_input import ModelInput


def predict(
    model: Model, waveform: npt.ArrayLike | torch.Tensor, sample_rate: int
) -> dict[str, float]:
    """Say what a model hears in a sound.

    Args:
        model: a trained model, as `loadModel` returns it.
        waveform: a drum being struck, shape (length,) or (length, channels), of any sample rate,
            with or without silence before the strike.
        sample_rate: of the waveform, Hz.

    Returns:
        The labels the model was trained on, with its predictions, in the units of
        `model.model_input`.

    Raises:
        TypeError: the sound holds complex numbers.
        ValueError: the model does not say what its input is; or the sound is of another shape,
            empty, silent, not finite, or too short after the strike.
    """
    model_input = _input_of(model)
    x = prepare(waveform, sample_rate, model_input)
    weight = next(model.parameters())
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            outputs = model(x.to(weight.device, weight.dtype)[None])
    finally:
        model.train(was_training)
    numbers = outputs.reshape(-1).tolist()
    if len(numbers) != len(model_input.labels):
        raise ValueError(
            f"{type(model).__name__} has {len(numbers)} outputs, but its model_input names "
            f"{len(model_input.labels)} labels: {', '.join(model_input.labels)}."
        )
    return dict(zip(model_input.labels, numbers, strict=True))


def predict_file(model: Model, path: str | Path) -> dict[str, float]:
    """Say what a model hears in a sound file; see `predict`.

    Args:
        model: a trained model, as `loadModel` returns it.
        path: a sound file of any sample rate, length and number of channels.

    Returns:
        The labels the model was trained on, with its predictions.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no drum can be heard in it; the message names the file and the reason.
    """
    _input_of(model)
    waveform, sample_rate = read_sound(path)
    try:
        return predict(model, waveform, sample_rate)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def drum_heard(
    model: Model,
    prediction: Mapping[str, float],
    duration: float | None = None,
    sample_rate: int | None = None,
    Sampler: type[AudioSampler] | None = None,
) -> AudioSampler:
    """Build the drum that a model heard, so that it can be played.

    It is a drum as those of the model's training, with the predicted labels instead of the
    settings of the same names. Its strike is drawn from a fixed seed: every call builds the
    same drum, struck at the same point, off its middle.

    Args:
        model: a trained model, as `loadModel` returns it.
        prediction: what `predict` returned.
        duration: length of its sound, seconds; None: as in training.
        sample_rate: Hz; None: as in training.
        Sampler: the sampler of the model's training, where it is not one of this package.

    Returns:
        A sampler; `generateWaveform()` makes its sound, and `export(path)` writes it.

    Raises:
        ValueError: the model does not say what it was trained on, the sampler is not known, or
            cannot make the drum predicted.
    """
    if model.dataset is None:
        raise ValueError(
            f"this {type(model).__name__} does not know what it was trained on; load it from the "
            "checkpoint of a training with loadModel."
        )
    name = model.dataset["sampler"]["name"]
    sampler = Sampler or getattr(samplers, name, None)
    if not (isinstance(sampler, type) and issubclass(sampler, AudioSampler)):
        raise ValueError(
            f"the model was trained on sounds of {name}, which is no sampler of this package: "
            "give its class as Sampler."
        )
    settings: dict[str, Any] = dict(model.dataset["sampler_settings"])
    settings |= {label: value for label, value in prediction.items() if label in settings}
    asked = {"duration": duration, "sample_rate": sample_rate}
    settings |= {key: value for key, value in asked.items() if value is not None}
    drum = sampler(**settings)
    drum.seed(0)
    drum.reseed(1)  # the first strike of a dataset falls on the middle, the second anywhere
    drum.updateProperties(1)
    return drum


def _input_of(model: Model) -> ModelInput:
    """Return what a model takes; raise ValueError where it does not say."""
    if model.model_input is None:
        raise ValueError(
            f"this {type(model).__name__} does not say what sounds it takes (model_input is "
            "None): load a checkpoint of a training that called routine.use_input, or assign "
            "model.model_input a ModelInput."
        )
    return model.model_input
