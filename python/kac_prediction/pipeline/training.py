"""An epoch: learning from one part of the dataset, scoring another, and what comes of it."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from tqdm import tqdm

from ..dataset import TorchDataset
from .batches import Batches, as_columns, moved_if_it_fits
from .info import FORMAT_VERSION, ExportedModel, RunInfo, plain
from .model import Model
from .model_input import ModelInput
from .split import split_groups
from .tracker import Record

InnerLoop = Callable[[int, int, torch.Tensor, torch.Tensor], None]
Parts = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # indices of samples


class LossError(ValueError):
    """A loss is missing or not a finite number."""


def divide(groups: torch.Tensor, parameters: Mapping[str, Any]) -> Parts:
    """The samples of each of the three parts; of the third none while testing.

    Raises:
        ValueError: there are fewer groups than parts.
    """
    fractions, seed = parameters["dataset_split"], parameters.get("seed", 0)
    training, selection, evaluation = split_groups(groups, fractions, seed)
    return training, selection, evaluation[:0] if parameters["testing"] else evaluation


def make_parts(
    dataset: TorchDataset, model: Model, parts: Parts, batch_size: int, device: torch.device
) -> tuple[Batches, Batches, Batches]:
    """The batches to learn from, to choose by and to evaluate on.

    Raises:
        TypeError: the targets are not numbers.
        ValueError: inputs, targets and groups are not of one length.
    """
    X, Y, groups = torch.as_tensor(dataset.X), as_columns(dataset.Y), dataset.groups
    if not len(X) == len(Y) == len(groups):
        raise ValueError(
            f"routine.D.X holds {len(X)} samples, D.Y {len(Y)} and D.groups {len(groups)}: shape"
            " all three alike"
        )
    where = device, _dtype(model)
    X, Y = moved_if_it_fits(X, *where), moved_if_it_fits(Y, *where)
    first, second, third = (Batches(X, Y, part, batch_size, *where) for part in parts)
    return first, second, third


def learn(model: Model, part: Batches, order: torch.Generator) -> float:
    """Train for an epoch, in an order drawn from the generator; return the training loss.

    Raises:
        LossError: it is not finite.
    """
    model.train()
    model.training_loss = 0.0
    batches = part.shuffled(order)
    for i, (x, y) in enumerate(tqdm(batches, "batches", len(part), leave=False, disable=None)):
        model.innerTrainingLoop(i, len(part), x, y)
    return _finite(model.training_loss, "training_loss")


def score(model: Model, part: Batches, innerTestingLoop: InnerLoop) -> dict[str, Any]:
    """Score a part of the dataset; return the losses in plain numbers.

    Raises:
        LossError: the loop left no loss 'aggregate', or one that is not finite.
    """
    model.eval()
    model.testing_loss = defaultdict(float)
    with torch.no_grad():
        for i, (x, y) in enumerate(part):
            innerTestingLoop(i, len(part), x, y)
    if "aggregate" not in model.testing_loss:
        raise LossError(
            "innerTestingLoop must add to routine.M.testing_loss['aggregate'], and did not"
        )
    losses: dict[str, Any] = plain(model.testing_loss)
    losses["aggregate"] = _finite(losses["aggregate"], "testing_loss['aggregate']")
    return losses


def choice(record: Record) -> float:
    """The loss that chooses: that of the second part, or where there is none, of the first."""
    losses = record.get("selection_loss", {"aggregate": record["training_loss"]})
    return float(losses["aggregate"])


def export_model(
    model: Model,
    dataset: TorchDataset,
    parameters: Mapping[str, Any],
    run_info: RunInfo,
    record: Record,
    model_input: ModelInput | None,
) -> ExportedModel:
    """What a checkpoint holds at the end of an epoch; its tensors are the model's own."""
    selection = record.get("selection_loss")
    exported = ExportedModel(
        dataset=dataset.info,
        hyperparameters=plain({**parameters, **model.hyperparameters}),
        evaluation_loss=record.get("evaluation_loss"),
        model_state_dict=model.state_dict(),
        optimizer_state_dict=model.optimiser.state_dict(),
        run_info=RunInfo(**run_info),
        testing_loss=selection if parameters["testing"] else None,
        training_loss=record["training_loss"],
        format_version=FORMAT_VERSION,
    )
    if selection is not None:
        exported["selection_loss"] = selection
    if model_input is not None:
        exported["model_input"] = model_input.to_dict()
    return exported


def _finite(loss: Any, name: str) -> float:
    """A loss, number or tensor, as a number."""
    value = float(loss)
    if not math.isfinite(value):
        raise LossError(
            f"{name} is {value}: try a lower learning rate, and look for values in the data that"
            " are not finite"
        )
    return value


def _dtype(model: Model) -> torch.dtype:
    """What a model computes in: the dtype of its first floating parameter."""
    kinds = (parameter.dtype for parameter in model.parameters())
    return next((kind for kind in kinds if kind.is_floating_point), torch.float32)
