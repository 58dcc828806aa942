"""train: a network for a dataset of one's own, in one call."""

import os
from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any, Final

import torch

from .._checks import brief, check_choice
from ..architecture import CRePE
from ..architecture.crepe import INPUT_LENGTH
from ..dataset import TorchDataset, loadDataset
from ..dataset.labels import LabelTable
from ..dataset.legacy import current_labels
from ..listening.predicted_labels import run_model
from ..pipeline import Model, ModelInput, Routine
from ..pipeline.datasets.importing import check_raw
from ..pipeline.module import as_model
from ..pipeline.targets import check_texts
from ..pipeline.training.options import OPTIONS, merge_parameters
from ..pipeline.training.resume import seeded
from ..samplers import FAMILIES
from .criterion import DrumLoss
from .result import Result
from .task import DEFAULTS, fit, sounds_of

UNITS: Final[Mapping[str, str]] = {"drum_size": "m", "size": "m", "decay_time": "s", "f_0": "Hz"}
"""Of labels of this package's samplers."""

_FAMILIES: Final = {"BesselModel": "circle", "PoissonModel": "rectangle"}


def train(
    dataset: TorchDataset | str | os.PathLike[str],
    labels: Sequence[str] = ("drum_size",),
    model: torch.nn.Module | None = None,
    *,
    units: Mapping[str, str] | None = None,
    length: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    exports_dir: str = "model",
    device: str | None = None,
    resume: str | os.PathLike[str] = "",
) -> Result:
    """Train a network to predict labels of a dataset of your own, and evaluate it.

    As a routine does: training, validation and test set share no drum, the validation loss chooses
    the checkpoint, and the report compares the errors with those of the mean predictor. Lengths are
    reported in centimetres. A label with a unit whose numbers are all above 0 is learnt as its
    logarithm, so that errors count relative to it. The dataset stays as it is.

    Args:
        dataset: of raw sounds, or its directory.
        labels: to be predicted, each one number a sample.
        model: any torch module, or a `Model`, from inputs of shape (n, length) to outputs of shape
            (n, labels); it is trained itself if it is a `Model`, else a copy, with `as_model`.
            None: CRePE 'tiny'.
        units: of labels, such as {"depth": "m"}; those of this package's samplers are known.
        length: samples that the model hears, the first ones of each sound, normalised; None: 1024
            for CRePE, else all.
        parameters: of the training, changes to the defaults.
        exports_dir: where the directory of the run is made.
        device: 'cpu', 'cuda:1', 'mps', ...; None: the best available.
        resume: a checkpoint, or the directory of a run, to go on from with the same other
            arguments; its parameters hold where `parameters` does not change them. '': a new run.

    Returns:
        The result, with `model`, `report`, `figure()` and the path of the checkpoint, `best`.

    Raises:
        FileNotFoundError: there is no dataset in the directory, or no such checkpoint.
        TypeError: something is of a wrong type.
        ValueError: the dataset is empty or not of raw sounds; a label is not in it, not finite, or
            several numbers; a wrong parameter; or the model does not take the inputs or has another
            number of outputs: before anything is trained.

    Example:
        >>> import kac_prediction as kac
        >>> result = kac.train("data/drums", labels=("drum_size",))  # doctest: +SKIP
        >>> print(result.report)  # doctest: +SKIP
    """
    if isinstance(dataset, str | os.PathLike):
        dataset = loadDataset(os.fspath(dataset))
    if not isinstance(dataset, TorchDataset):
        raise TypeError(f"dataset must be one of loadDataset, or its path, got {brief(dataset)}")
    if model is not None and not isinstance(model, torch.nn.Module):
        raise TypeError(f"model must be a torch module, not its class or name, got {brief(model)}")
    if not len(dataset):
        raise ValueError(f"{dataset!r} holds no sample to learn from")
    own = copy(dataset)
    own.Y = current_labels(dataset)
    hears = INPUT_LENGTH if model is None or isinstance(model, CRePE) else own.X.shape[-1]
    model_input = _input_for(own, labels, units or {}, hears if length is None else length)
    defaults: dict[str, Any] = {**DEFAULTS}
    if model is not None:
        defaults = {name: value for name, value in defaults.items() if name in OPTIONS}
        defaults |= {} if isinstance(model, Model) else {"learning_rate": 1e-3}
    merged = merge_parameters(defaults, ("parameters", parameters or {}))
    routine = Routine(exports_dir=exports_dir, device=device)
    if resume:
        routine.resume(os.fspath(resume))
    routine.setParameters(merged, overrides=parameters if resume else None)
    with seeded(routine.P["seed"], routine.device):
        if model is None:
            routine.M = CRePE(**routine.P, outputs=model_input.outputs)
        else:
            routine.M = model if isinstance(model, Model) else as_model(model)(**routine.P)
    routine.M.criterion = loss = DrumLoss(model_input).to(routine.device)
    routine.check(model_input)
    routine.D = own
    polygons = {"N", "vertices"} <= own.Y[0].keys() and "family" not in own.Y[0]
    family = _FAMILIES.get(own.sampler["name"], "polygon" if polygons else "")
    sounds = sounds_of(own, own.Y, family, FAMILIES)
    routine.use_input(model_input)
    _check_outputs(routine.M, routine.D.X[:2], model_input)
    return fit("train", model_input, routine, sounds, loss)


def _input_for(
    dataset: TorchDataset, labels: Sequence[str], units: Mapping[str, str], length: int
) -> ModelInput:
    """Return the recipe of a dataset's sounds and labels; refuse what cannot be learnt."""
    names = check_texts("labels", labels)
    table = LabelTable.of(dataset.Y)
    for name in (*names, *units):
        check_choice("a label", name, table.columns)
    for name in names:
        if (most := int(table.sizes[name].max())) != 1:
            raise ValueError(f"a label must be one number a sample, but {name} has {most}")
    known = {**UNITS, **units}
    scales = tuple(
        "log" if known.get(name) and bool((table.columns[name] > 0).all()) else "linear"
        for name in names
    )
    model_input = ModelInput(
        sample_rate=dataset.sampler_settings["sample_rate"],
        length=length,
        labels=names,
        units=tuple(known.get(name, "") for name in names),
        scales=scales,  # type: ignore[arg-type]
        align_polarity=True,
    )
    check_raw(dataset, model_input)
    model_input.targets(dataset.Y)
    return model_input


def _check_outputs(model: Model, x: torch.Tensor, model_input: ModelInput) -> None:
    """Raise ValueError unless a model takes these inputs and has the outputs that are needed."""
    name, shape = type(model).__name__, ("n", *x.shape[1:])
    try:
        found = run_model(model, x, model_input.outputs).shape[-1]
    except (RuntimeError, ValueError, TypeError) as error:
        taken = str(error).splitlines()[0]
        raise ValueError(
            f"model, a {name}, does not take sounds of shape ({', '.join(map(str, shape))}): "
            f"{taken}. Give it `length` samples that it takes"
        ) from error
    if found != model_input.outputs:
        raise ValueError(
            f"model, a {name}, has {found} outputs, but {', '.join(model_input.labels)} need "
            f"{model_input.outputs}: change its last layer or the labels"
        )
