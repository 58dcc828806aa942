"""An epoch: learning from one part of the dataset, scoring another, and what comes of it."""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from tqdm import tqdm

from ..._files import plain
from ...dataset import TorchDataset
from ..batches import Lessons, Samples, Scoring
from ..checkpoint import FORMAT_VERSION, ExportedModel, RunInfo
from ..columns import as_columns
from ..model import Model
from ..model_input import ModelInput
from ..schedule import LearningRate
from ..split import Parts, split_groups
from ..step import Step, optimiser_state
from ..tracking.tracker import Record
from .distributed import ProcessGroup

InnerLoop = Callable[[int, int, torch.Tensor, torch.Tensor], None]


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


def samples_of(
    dataset: TorchDataset, model: Model, device: torch.device, X: torch.Tensor | None = None
) -> Samples:
    """The whole dataset, where the model wants it; with other inputs X, if given.

    Raises:
        TypeError: the targets are not numbers.
        ValueError: inputs, targets and groups are not of one length.
    """
    X = torch.as_tensor(dataset.X) if X is None else X
    Y, groups = as_columns(dataset.Y), dataset.groups
    if not len(X) == len(Y) == len(groups):
        raise ValueError(
            f"routine.D.X holds {len(X)} samples, D.Y {len(Y)} and D.groups {len(groups)}: shape"
            " all three alike"
        )
    return Samples(X, Y, device, dtype_of(model))


class Teaching:
    """A model learning, epoch by epoch.

    Args:
        model: what learns.
        lessons: what it learns from.
        step: how it learns from a batch.
        rate: of its optimiser.
        processes: the process group.
    """

    def __init__(
        self,
        model: Model,
        lessons: Lessons,
        step: Step,
        rate: LearningRate,
        processes: ProcessGroup,
    ) -> None:
        self._model = model
        self._lessons = lessons
        self._step = step
        self._rate = rate
        self._processes = processes

    def epoch(self, number: int, weigh: Callable[[float], None]) -> Record:
        """Learn for an epoch, without waiting for the device before its end.

        Args:
            number: of the epoch.
            weigh: told before each batch what its gradients count beside other processes'.

        Returns:
            training_loss, learning_rate and samples_per_second.

        Raises:
            LossError: the loss is not finite; names the batch.
            MemoryError: the device's memory is too small; names the batch size.
        """
        started, length = time.perf_counter(), len(self._lessons)
        weights, sums = self._lessons.weights, []
        self._model.train()
        self._step.begin()
        batches = self._lessons.epoch(number)
        for i, (x, y) in enumerate(self._watched(batches)):
            weigh(weights[i])
            self._rate.set(number * length + i)
            with memory_named(x):
                self._step(i, length, x, y)
            sums.append(_snapshot(self._model.training_loss))
        record: Record = {"training_loss": self._loss(sums, weights)}
        self._processes.average_buffers(self._model)
        if (rate := self._rate.at(number * length + length - 1)) is not None:
            record["learning_rate"] = rate
        seconds = time.perf_counter() - started
        return record | {"samples_per_second": self._lessons.count / seconds}

    def _watched(self, batches: Iterator[Any]) -> Iterator[Any]:
        hidden = None if self._processes.leader else True
        return iter(tqdm(batches, "batches", len(self._lessons), leave=False, disable=hidden))

    def _loss(self, sums: list[Any], weights: Sequence[float]) -> float:
        """The loss of an epoch over all processes, from how it summed up on this one."""
        found = [float(value) for value in _numbers(sums)]
        broken = next((i for i, value in enumerate(found) if not math.isfinite(value)), None)
        share = found[-1] if found else 0.0
        if broken is None and any(weight != 1 for weight in weights):
            gains = (after - before for before, after in zip([0.0, *found], found, strict=False))
            share = sum(gain * weight for gain, weight in zip(gains, weights, strict=True))
        shares = self._processes.all_gather((share, broken))
        first = min((batch for _, batch in shares if batch is not None), default=None)
        if first is not None:
            raise LossError(
                f"training_loss is not finite from batch {first} of {len(weights)} on: {_REMEDY}"
            )
        return sum(share for share, _ in shares) / len(shares)


_REMEDY = "try a lower learning rate, and look for values in the data that are not finite"


def score(
    model: Model, part: Scoring, innerTestingLoop: InnerLoop, processes: ProcessGroup
) -> dict[str, Any]:
    """Score a part of the dataset; return the losses in plain numbers.

    Each process scores its own batches, and what their loops have added up is added up.

    Raises:
        LossError: the loop left no loss 'aggregate', or one that is not finite.
        MemoryError: the device's memory is too small; names the batch size.
    """
    model.eval()
    model.testing_loss = defaultdict(float)
    with torch.no_grad():
        for i, x, y in part:
            with memory_named(x):
                innerTestingLoop(i, len(part), x, y)
    losses = _added(processes.all_gather(plain(model.testing_loss)))
    if "aggregate" not in losses:
        raise LossError(
            "innerTestingLoop must add to routine.M.testing_loss['aggregate'], and did not"
        )
    aggregate = float(losses["aggregate"])
    if not math.isfinite(aggregate):
        raise LossError(f"testing_loss['aggregate'] is {aggregate}: {_REMEDY}")
    return losses | {"aggregate": aggregate}


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
        optimizer_state_dict=optimiser_state(model.optimiser),
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


def dtype_of(model: Model) -> torch.dtype:
    """What a model computes in: the dtype of its first floating parameter."""
    kinds = (parameter.dtype for parameter in model.parameters())
    return next((kind for kind in kinds if kind.is_floating_point), torch.float32)


@contextmanager
def memory_named(x: torch.Tensor) -> Iterator[None]:
    """Say of which batch size the memory was not enough for.

    Raises:
        MemoryError: it was not.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not _out_of_memory(error):
            error.add_note(f"The inputs of this batch had the shape {tuple(x.shape)}.")
            raise
        raise MemoryError(
            f"the memory of {x.device} is too small for a batch_size of {len(x)}: try"
            f" {max(1, len(x) // 2)} ({error})"
        ) from error


def _out_of_memory(error: BaseException | None) -> bool:
    """Whether an error, or one that it came after, says so."""
    if error is None:
        return False
    said = any(words in str(error) for words in ("can't allocate memory", "out of memory"))
    kinds = torch.cuda.OutOfMemoryError | MemoryError
    return said or isinstance(error, kinds) or _out_of_memory(error.__context__)


def _snapshot(loss: Any) -> Any:
    """A loss as it is now, which goes on being added to."""
    return loss.detach().clone() if isinstance(loss, torch.Tensor) else loss


def _numbers(sums: list[Any]) -> list[Any]:
    """Losses as numbers, all at once where they are on a device."""
    if sums and all(isinstance(value, torch.Tensor) for value in sums):
        numbers: list[Any] = torch.stack(sums).tolist()
        return numbers
    return sums


def _added(losses: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The sum of each loss over all processes."""
    if len(losses) == 1:
        return losses[0]
    names = dict.fromkeys(name for some in losses for name in some)
    found = {name: [some[name] for some in losses if name in some] for name in names}
    return {
        name: torch.tensor(values, dtype=torch.float64).sum(0).tolist()
        for name, values in found.items()
    }
