"""A training under way: what surrounds its epochs, and what each of them does."""

import logging
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch

from ..dataset import TorchDataset
from ..dataset.seeding import fresh_seed
from .augmentation import Augmentation
from .batches import Learning, Lessons, Samples, Scoring
from .checkpoint import ExportedModel
from .compiling import compiled
from .device import computing, settled_precision
from .early_stopping import EarlyStopping
from .fresh import FreshBatches, Source
from .model import Model
from .model_input import ModelInput
from .progress import check_same, go_on, progress_of
from .random_state import random_state, seeded, set_random_state
from .run import Run
from .schedule import LearningRate, Schedule
from .split import Parts
from .step import make_step, prepared_gradients, release
from .tracking.tracker import Record
from .training.distributed import ProcessGroup
from .training.epoch import (
    InnerLoop,
    LossError,
    Teaching,
    choice,
    dtype_of,
    export_model,
    samples_of,
    score,
)

logger = logging.getLogger(__name__)

SAVE_EVERY = 5  # epochs


@dataclass
class Session:
    """One training of a routine.

    Attributes:
        model: what learns.
        dataset: shaped for it.
        parameters: of the training.
        parts: indices of the samples to learn from, to choose by and to evaluate on.
        run: where it is kept.
        processes: the process group.
        device: where the model is.
        model_input: how sounds became inputs, where that is known.
        sounds: of the whole dataset, as they were before that.
        sources: what makes fresh drums to learn from, instead of the first part.
        resumed: the checkpoint to go on from.
        history: one record an epoch.
    """

    model: Model
    dataset: TorchDataset
    parameters: Mapping[str, Any]
    parts: Parts
    run: Run
    processes: ProcessGroup
    device: torch.device
    model_input: ModelInput | None = None
    sounds: torch.Tensor | None = None
    sources: Sequence[Source] = ()
    resumed: ExportedModel | None = None
    history: list[Record] = field(default_factory=list)

    def __post_init__(self) -> None:
        if getattr(self.model, "optimiser", None) is None:
            raise ValueError(
                f"{type(self.model).__name__} has no optimiser, so it would not learn: let its"
                " __init__ set self.optimiser to one of torch.optim"
            )
        samples = samples_of(self.dataset, self.model, self.device)
        size = self.parameters["batch_size"]
        self._lessons = self._to_learn(samples)
        self._selection, self._evaluation = (
            Scoring(samples, part, size, self.processes) for part in self.parts[1:]
        )
        patience = self.parameters.get("patience", EarlyStopping.patience)
        stops = self.parameters["with_early_stopping"]
        self._stopping = EarlyStopping(patience if stops else math.inf)
        # In the device's memory, where a recorded step reads it.
        self._weight = torch.ones((), device=self.device)
        self._alike = True  # whether all processes have as many samples of this batch

    @contextmanager
    def begun(self) -> Iterator[Teaching]:
        """All that surrounds the epochs: yields what teaches, and puts everything back."""
        model, get = self.model, self.parameters.get
        precision = settled_precision(get("precision", "float32"), self.device)
        whole = get("compile", self.device.type == "cuda") and model.capturable
        optimiser = model.optimiser
        with ExitStack() as around:
            around.enter_context(self.processes.report_once(LossError))
            around.enter_context(seeded(self._seed(), self.device))
            self._go_on()
            around.enter_context(self.run.training(model))
            around.enter_context(computing(precision, self.processes.threads()))
            around.enter_context(compiled(model, whole))
            clip = get("gradient_clip", 0.0)
            around.enter_context(prepared_gradients(optimiser, self.processes, self._weight, clip))
            self.processes.broadcast_model(model)
            length = len(self._lessons)
            schedule = Schedule.of(self.parameters, length * self.parameters["num_of_epochs"])
            # Before the step rounds what it asks for to float32, where it is recorded.
            rate = LearningRate(optimiser, schedule)
            step = make_step(model, precision, self.device, whole, lambda: self._alike)
            around.callback(release, optimiser)
            yield Teaching(model, self._lessons, step, rate, self.processes)

    def epochs(self) -> Iterator[int]:
        """The numbers of the epochs that are left: none where it had stopped early."""
        if self._stopping.waited >= self._stopping.patience:
            return iter(())
        return self.run.epochs(len(self.history), self.parameters["num_of_epochs"])

    def epoch(self, number: int, teaching: Teaching, innerTestingLoop: InnerLoop) -> bool:
        """Learn, score, keep; return whether this was the last epoch."""
        started = time.perf_counter()
        record: Record = {"epoch": number, **teaching.epoch(number, self._weigh)}
        if len(self._selection):
            record["selection_loss"] = self._score(self._selection, innerTestingLoop)
        stop = self._stopping.step(choice(record))
        due = stop or number + 1 == self.parameters["num_of_epochs"] or number % SAVE_EVERY == 0
        if len(self._evaluation) and (due or self._stopping.improved):
            record["evaluation_loss"] = self._score(self._evaluation, innerTestingLoop)
        record["seconds"] = time.perf_counter() - started
        self.history.append(record)
        self.run.keep(self._exported(record), record, due=due, best=self._stopping.improved)
        return stop

    def _to_learn(self, samples: Samples) -> Lessons:
        """The batches to learn from: fresh, or of the first part, raw where they are augmented."""
        size, seed = self.parameters["batch_size"], self.parameters.get("seed", 0)
        change = None
        if self.model_input is not None:
            change = Augmentation.of(self.parameters, self.model_input)
        if self.sources:
            return self._fresh(change)
        if change is not None and self.model_input is not None and self.sounds is not None:
            raw = self.sounds[..., : self.model_input.length + change.margin]
            samples = samples_of(self.dataset, self.model, self.device, X=raw)
        elif any(name.startswith("augment_") for name in self.parameters):
            logger.warning("nothing is augmented: that needs sounds that use_input has shaped")
            change = None
        learning = Learning(samples, self.parts[0], size, seed, self.processes, change)
        if not len(learning):
            raise ValueError(
                f"the first part of the dataset holds {len(self.parts[0])} samples, and"
                f" {self.processes.size} processes are to learn from it: make it larger"
            )
        return learning

    def _fresh(self, augmentation: Augmentation | None) -> FreshBatches:
        """Batches of fresh drums, as many as the first part would have given."""
        if self.model_input is None:
            raise ValueError("fresh drums need to know the inputs: call routine.use_input")
        size = self.parameters["batch_size"]
        if size < 1:
            raise ValueError(f"streaming has no end: batch_size must be at least 1, not {size}")
        usual = max(1, len(self.parts[0]) // (size * self.processes.size))
        return FreshBatches(
            self.sources,
            self.model_input,
            size,
            self.parameters.get("steps_per_epoch", usual),
            self.parameters.get("seed", 0),
            rank=self.processes.rank,
            ranks=self.processes.size,
            device=self.device,
            dtype=dtype_of(self.model),
            augmentation=augmentation,
        )

    def _seed(self) -> int | None:
        """Of what this process draws while it trains, such as dropout: another on each."""
        seed: int | None = self.parameters.get("seed")
        if self.processes.size == 1:
            return seed
        common = self.processes.broadcast(fresh_seed() % 2**32 if seed is None else seed)
        return common + self.processes.rank

    def _go_on(self) -> None:
        """Be where the checkpoint was, if there is one to go on from."""
        if self.resumed is None:
            return
        same = self.dataset, self.parts, self.parameters, bool(self.sources)
        check_same(self.resumed, *same)
        go_on(self.resumed, self.model, self._stopping, self.history, self.parameters)
        if len(self.history) == self.parameters["num_of_epochs"]:
            logger.info("all of its %d epochs are done: there is nothing left", len(self.history))
        states = self.resumed["progress"]["random"]
        if len(states) == self.processes.size:
            set_random_state(states[self.processes.rank], self.device)
        else:
            logger.warning(
                "%d processes go on where there were %d: what they draw is not what would have been"
                " drawn",
                self.processes.size,
                len(states),
            )

    def _exported(self, record: Record) -> ExportedModel:
        """What a checkpoint holds now; the tensors are the model's own."""
        random = self.processes.all_gather(random_state(self.device))
        what = (self.dataset, self.parameters, self.run.info, record, self.model_input)
        exported = export_model(self.model, *what)
        exported["progress"] = progress_of(
            self.parts, self._stopping, self.history, random, bool(self.sources)
        )
        return exported

    def _score(self, part: Scoring, innerTestingLoop: InnerLoop) -> dict[str, Any]:
        return score(self.model, part, innerTestingLoop, self.processes)

    def _weigh(self, weight: float) -> None:
        if self.processes.size > 1:
            self._weight.fill_(weight)
            self._alike = weight == 1.0
