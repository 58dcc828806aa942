"""Labels that a trained model predicts for sounds, and the drums that they describe."""

import inspect
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, TypeAlias

import torch

from .. import samplers
from .._arrays import ArrayLike
from .._checks import brief
from ..dataset import AudioSampler
from ..pipeline import Model, ModelInput
from ..samplers import FAMILIES
from ..samplers.drum import DrumSettings
from ..samplers.published import published_of
from .audio import prepare
from .sound_file import read_mono

PredictedLabels: TypeAlias = dict[str, float | str | list[float]]
"""What a model predicts: of each label the number or numbers, or the name of the class."""

_BATCH = 256  # sounds


def predict(model: Model, waveform: ArrayLike | torch.Tensor, sample_rate: int) -> PredictedLabels:
    """Predict the labels of a sound.

    A model takes every sound for a drum as those it has learnt from; whether there is a drum at
    all, `listen` says. x and -x are one drum where `model_input.align_polarity` is set, as the
    routines of this package do; models trained before take them for two.

    Args:
        model: a trained model, as `loadModel` returns it; the mode of its modules is left as it is.
        waveform: a drum being struck, shape (length,) or (length, channels), of any sample rate,
            whatever sounds before the strike, which is found as `onset` does.
        sample_rate: of the waveform, Hz.

    Returns:
        The labels the model was trained on, in their order, with its predictions: a number in the
        unit that `model.model_input` names, a list of them, or the name of the most probable class.

    Raises:
        TypeError, ValueError: `prepare` refuses the sound; or the model has no `model_input`, or
            another number of outputs.
    """
    model_input = input_of(model)
    x = prepare(waveform, sample_rate, model_input)
    (row,) = predict_inputs(model, x[None], model_input)
    prediction: PredictedLabels = {}
    for label, numbers in model_input.columns(row).items():
        if label in model_input.sizes:
            prediction[label] = numbers.tolist()
        else:
            classes, number = model_input.classes.get(label), numbers.item()
            prediction[label] = classes[round(number)] if classes else number
    return prediction


def predict_inputs(model: Model, X: torch.Tensor, model_input: ModelInput) -> torch.Tensor:
    """Predict from inputs that are ready, shape (n, ...), as `run_model` does.

    Returns:
        What `model_input.values` makes of the outputs, shape (n, numbers), on the CPU.
    """
    return model_input.values(run_model(model, X, model_input.outputs))


def run_model(model: Model, X: torch.Tensor, outputs: int) -> torch.Tensor:
    """Return a model's outputs for inputs that are ready, shape (n, ...), a batch at a time.

    It runs in eval mode, in its own dtype, without gradients or autocast; the modes of its modules
    are left as they were. The outputs have the shape (n, outputs), on the CPU.
    """
    weight = next(model.parameters(), torch.empty(0))
    device = weight.device.type
    has_autocast = torch.amp.is_autocast_available(device)
    exact = torch.autocast(device, enabled=False) if has_autocast else nullcontext()
    modes = [(module, module.training) for module in model.modules()]
    found = [torch.empty(0, outputs)]
    try:
        model.eval()
        with torch.no_grad(), exact:
            for x in torch.split(X, _BATCH) if len(X) else ():
                found.append(model(x.to(weight.device, weight.dtype)).reshape(len(x), -1).cpu())
    finally:
        # Not model.train(): it would also wake modules that their owner had set to eval mode.
        for module, mode in modes:
            module.training = mode
    return torch.cat(found[1:] or found)


def predict_file(model: Model, path: str | Path) -> PredictedLabels:
    """Predict the labels of a sound file of any sample rate and number of channels; see `predict`.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: no drum can be heard in it; the message names the file and the reason.
    """
    input_of(model)
    waveform, sample_rate = read_mono(path)
    try:
        return predict(model, waveform, sample_rate)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def drum_heard(
    model: Model,
    prediction: Mapping[str, float | str | list[float]],
    duration: float | None = None,
    sample_rate: int | None = None,
    Sampler: type[AudioSampler] | None = None,
) -> AudioSampler:
    """Return a sampler of the drum that a model heard, whose `generateWaveform()` plays it.

    It is a drum as those of the training, with the predicted labels instead of the settings of the
    same names; where a label is the family (one of `samplers.FAMILIES`), a drum of that family. Its
    strike is drawn from a fixed seed: always at the same point, off its middle.

    Args:
        model: a trained model, as `loadModel` returns it.
        prediction: what `predict` returned.
        duration: length of its sound, seconds; None: as in training.
        sample_rate: Hz; None: as in training.
        Sampler: the sampler of the model's training, where it is not one of this package.

    Raises:
        ValueError: the dataset of the training, its sampler or the family predicted is not known,
            or the sampler cannot make the drum.
    """
    trained = model.dataset or {"sampler_settings": {}}
    settings = dict(trained["sampler_settings"])
    family = None if Sampler else _predicted_family(model, prediction)
    if family is not None:
        published = published_of(family)
        sampler: Any = published.sampler
        shared = DrumSettings.__annotations__
        membrane = {key: value for key, value in settings.items() if key in shared}
        settings = {**published.settings, **membrane}
    elif model.dataset is None:
        raise ValueError(
            f"this {type(model).__name__} does not know what it was trained on; load it from the "
            "checkpoint of a training with loadModel."
        )
    else:
        name = trained["sampler"]["name"]
        sampler = Sampler or getattr(samplers, name, None)
        if not (isinstance(sampler, type) and issubclass(sampler, AudioSampler)):
            raise ValueError(
                f"the model was trained on sounds of {name}, which is no sampler of this package: "
                "give its class as Sampler."
            )
    takes = {*settings, *inspect.signature(sampler).parameters}
    settings |= {label: value for label, value in prediction.items() if label in takes}
    asked = {"duration": duration, "sample_rate": sample_rate}
    settings |= {key: value for key, value in asked.items() if value is not None}
    drum: AudioSampler = sampler(**settings)
    drum.seed(0)
    drum.reseed(1)  # the first strike of a dataset falls on the middle, the second anywhere
    drum.updateProperties(1)
    return drum


def _predicted_family(model: Model, prediction: Mapping[str, Any]) -> str | None:
    """Return the family that was predicted; None where the model does not tell families apart."""
    classes = model.model_input.classes if model.model_input else {}
    for label, names in classes.items():
        if label in prediction and not set(FAMILIES).isdisjoint(names):
            family = str(prediction[label])
            if family not in FAMILIES:
                raise ValueError(
                    f"{label} {family!r} is none of the families {', '.join(FAMILIES)}: give the "
                    "class that makes its sounds as Sampler."
                )
            return family
    return None


def input_of(model: Model) -> ModelInput:
    """Return what a model takes; raise TypeError for no model, ValueError where it does not say."""
    if not isinstance(model, Model):
        raise TypeError(f"model must be a Model, as loadModel returns it, got {brief(model)}")
    if model.model_input is None:
        raise ValueError(
            f"this {type(model).__name__} does not say what sounds it takes (model_input is None): "
            "load a checkpoint of a training that called routine.use_input, or assign it one."
        )
    return model.model_input
