"""The training loop: epochs of batches, validation, early stopping, checkpoints."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Final

import torch

from ..._files import plain
from ..._progress import progress_bar
from ...dataset import TorchDataset
from ...dataset.sampler import fresh_seed
from ..augmentation import Augmentation
from ..checkpoint import FORMAT_VERSION, ExportedModel, RunInfo
from ..model import Model
from ..model_input import ModelInput
from ..tracking.tracker import Record
from .batches import Samples, Split, TrainingBatches, as_targets, batch_indices
from .device import batch_errors
from .options import TrainingOptions
from .resume import (
    check_data,
    check_streaming,
    random_state,
    restore,
    restore_random_state,
    seeded,
)
from .run import LossError, Run
from .schedule import EarlyStopping, LearningRate
from .step import optimiser_state, training_step
from .synthesis import Source, SynthesisedBatches

logger = logging.getLogger(__name__)

InnerLoop = Callable[[int, int, torch.Tensor, torch.Tensor], None]

SAVE_EVERY: Final = 5  # epochs
_REMEDY = "try a lower learning rate, and look for values in the data that are not finite"


@dataclass
class Trainer:
    """One training of a model on a dataset."""

    model: Model  # to be trained, on the device
    dataset: TorchDataset  # shaped for it
    parameters: Mapping[str, Any]  # of training and model, as checkpoints store them
    split: Split
    run: Run
    device: torch.device
    model_input: ModelInput | None = None  # from sounds to inputs, where that is known
    sounds: torch.Tensor | None = None  # of the dataset, as before `model_input`; to be augmented
    sources: Sequence[Source] = ()  # of sounds synthesised on the fly, in place of the training set
    history: list[Record] = field(default_factory=list)  # one record an epoch

    def __post_init__(self) -> None:
        """Check model and data, and make the batches."""
        self.options, self.processes = TrainingOptions.read(self.parameters), self.run.processes
        model, options = self.model, self.options
        if getattr(model, "optimiser", None) is None:
            raise ValueError(
                f"{type(model).__name__} has no optimiser, so it would not learn: let its __init__"
                " set self.optimiser to one of torch.optim"
            )
        X, Y, groups = self.dataset.X, as_targets(self.dataset.Y), self.dataset.groups
        if not len(X) == len(Y) == len(groups):
            raise ValueError(
                f"routine.D.X holds {len(X)} samples, D.Y {len(Y)} and D.groups {len(groups)}:"
                " shape all three alike"
            )
        kinds = (parameter.dtype for parameter in model.parameters())
        dtype = next((kind for kind in kinds if kind.is_floating_point), torch.float32)
        self._samples = Samples(torch.as_tensor(X), Y, self.device, dtype)
        self._batches = self._training_batches()
        patience = options.patience if options.with_early_stopping else math.inf
        self._stopping = EarlyStopping(patience)

    def _training_batches(self) -> TrainingBatches | SynthesisedBatches:
        """Return batches by the sources, if any, else of the training set, augmented if asked."""
        options, processes, model_input = self.options, self.processes, self.model_input
        size, seed = options.batch_size, options.seed or 0
        samples, indices = self._samples, self.split[0]
        augmentation = None if model_input is None else Augmentation.of(options, model_input)
        if self.sources:
            if model_input is None:
                raise ValueError("streaming needs to know the inputs: call routine.use_input")
            usual = max(1, len(indices) // (max(1, size) * processes.size))
            return SynthesisedBatches(
                self.sources,
                model_input,
                size,
                options.steps_per_epoch or usual,
                seed,
                processes=processes,
                device=samples.device,
                dtype=samples.dtype,
                augmentation=augmentation,
            )
        if augmentation is not None and self.sounds is not None:
            raw = self.sounds[..., : augmentation.model_input.length + augmentation.margin]
            samples = Samples(raw, samples.targets, samples.device, samples.dtype)
        elif options.augments:
            logger.warning("nothing is augmented: that needs sounds that use_input has shaped")
            augmentation = None
        batches = TrainingBatches(samples, indices, size, seed, processes, augmentation)
        if not batches.weights:
            raise ValueError(
                f"the training set holds {len(indices)} samples, and {processes.size} processes are"
                " to learn from it: make it larger"
            )
        return batches

    def fit(self, innerTestingLoop: InnerLoop, illustrate: Callable[[], Any] | None = None) -> None:
        """Train until the last epoch or early stopping, and save; see `Routine.train`."""
        _, validation, test = self.split
        model, options, run, processes = self.model, self.options, self.run, self.processes
        batches, stopping, steps = self._batches, self._stopping, len(self._batches.weights)
        with ExitStack() as stack:
            stack.enter_context(processes.report_once(LossError))
            stack.enter_context(seeded(self._seed(), self.device))
            self._resume()
            stack.enter_context(run.training(model))
            processes.broadcast_model(model)
            all_steps = steps * options.num_of_epochs
            # Before the step, which rounds the optimiser's rate to float32 where it is recorded.
            rate = LearningRate(model.optimiser, options.schedule, all_steps, options.warm_up)
            step = stack.enter_context(training_step(model, self.device, options, processes))
            epochs = run.epochs(len(self.history), options.num_of_epochs)
            for epoch in () if stopping.stopped else epochs:
                started, losses = time.perf_counter(), []
                model.train()
                step.begin_epoch()
                weighted = zip(batches.epoch(epoch), batches.weights, strict=True)
                bar = progress_bar(
                    weighted, hidden=not processes.leader, desc="batches", total=steps, leave=False
                )
                for i, ((x, y), weight) in enumerate(bar):
                    rate.set(epoch * steps + i)
                    with batch_errors(x):
                        step(i, steps, x, y, weight)
                    loss = model.training_loss  # a tensor is added to in place
                    losses.append(loss.detach().clone() if isinstance(loss, torch.Tensor) else loss)
                record: Record = {"epoch": epoch, "training_loss": self._epoch_loss(losses)}
                processes.average_buffers(model)
                if (last_rate := rate.at(epoch * steps + steps - 1)) is not None:
                    record["learning_rate"] = last_rate
                record["samples_per_second"] = batches.count / (time.perf_counter() - started)

                if len(validation):
                    record["selection_loss"] = self._evaluate(validation, innerTestingLoop)
                choice = record.get("selection_loss", {"aggregate": record["training_loss"]})
                stop = stopping.step(float(choice["aggregate"]))
                due = stop or epoch + 1 == options.num_of_epochs or epoch % SAVE_EVERY == 0
                if len(test) and (due or stopping.improved):
                    record["evaluation_loss"] = self._evaluate(test, innerTestingLoop)
                record["seconds"] = time.perf_counter() - started
                self.history.append(record)
                run.save(self._checkpoint(record), record, due=due, best=stopping.improved)
                if stop:
                    break
            run.illustrate("drums", illustrate)

    def _seed(self) -> int | None:
        """Return the seed of what this process draws while it trains, such as dropout."""
        seed, processes = self.options.seed, self.processes
        if processes.size == 1:
            return seed
        shared = processes.broadcast(fresh_seed() % 2**32 if seed is None else seed)
        return shared + processes.rank

    def _resume(self) -> None:
        """Restore the state of the checkpoint to resume from, if there is one."""
        if (checkpoint := self.run.resumed) is None:
            return
        check_streaming(checkpoint, bool(self.sources))
        check_data(checkpoint, self.dataset, self.split)
        restore(checkpoint, self.model, self.parameters)
        progress, stopping = checkpoint["progress"], checkpoint["progress"]["stopping"]
        self._stopping.best, self._stopping.waited = stopping["best"], stopping["waited"]
        self.history[:] = progress["history"]
        if len(self.history) == self.options.num_of_epochs:
            logger.info("all of its %d epochs are done: there is nothing left", len(self.history))
        states, processes = progress["random"], self.processes
        if len(states) == processes.size:
            restore_random_state(states[processes.rank], self.device)
        else:
            text = "%d processes resume what %d had begun, with other random numbers"
            logger.warning(text, processes.size, len(states))

    def _epoch_loss(self, sums: list[Any]) -> float:
        """Return the loss of an epoch over all processes, from its sums after each batch."""
        if sums and all(isinstance(value, torch.Tensor) for value in sums):
            sums = torch.stack(sums).tolist()  # waits for the device once
        found, weights = [float(value) for value in sums], self._batches.weights
        broken = next((i for i, value in enumerate(found) if not math.isfinite(value)), None)
        loss = found[-1] if found else 0.0
        if broken is None and any(weight != 1 for weight in weights):
            gains = (after - before for before, after in zip([0.0, *found], found, strict=False))
            loss = sum(gain * weight for gain, weight in zip(gains, weights, strict=True))
        losses = self.processes.all_gather((loss, broken))
        first = min((batch for _, batch in losses if batch is not None), default=None)
        if first is not None:
            raise LossError(
                f"training_loss is not finite from batch {first} of {len(weights)} on: {_REMEDY}"
            )
        return sum(loss for loss, _ in losses) / len(losses)

    def _evaluate(self, indices: torch.Tensor, innerTestingLoop: InnerLoop) -> dict[str, Any]:
        """Return the losses of a set, in plain numbers, summed over the batches of all."""
        batches = batch_indices(indices, self.options.batch_size)
        own = range(self.processes.rank, len(batches), self.processes.size)
        self.model.eval()
        self.model.testing_loss = defaultdict(float)
        with torch.no_grad():
            own_batches = self._samples.batches(batches[i] for i in own)
            for i, (x, y) in zip(own, own_batches, strict=True):
                with batch_errors(x):
                    innerTestingLoop(i, len(batches), x, y)
        parts: list[dict[str, Any]] = self.processes.all_gather(plain(self.model.testing_loss))
        losses = parts[0]
        for name in dict.fromkeys(chain(*parts)) if len(parts) > 1 else ():
            values = [part[name] for part in parts if name in part]
            losses[name] = torch.tensor(values, dtype=torch.float64).sum(0).tolist()
        if "aggregate" not in losses:
            raise LossError(
                "innerTestingLoop must add to routine.M.testing_loss['aggregate'], and did not"
            )
        aggregate = float(losses["aggregate"])
        if not math.isfinite(aggregate):
            raise LossError(f"testing_loss['aggregate'] is {aggregate}: {_REMEDY}")
        return losses | {"aggregate": aggregate}

    def _checkpoint(self, record: Record) -> ExportedModel:
        """Return what a checkpoint holds after an epoch; its tensors are the model's own."""
        validation = record.get("selection_loss")
        checkpoint = ExportedModel(
            dataset=self.dataset.info,
            hyperparameters=plain({**self.parameters, **self.model.hyperparameters}),
            evaluation_loss=record.get("evaluation_loss"),
            model_state_dict=self.model.state_dict(),
            optimizer_state_dict=optimiser_state(self.model.optimiser),
            run_info=RunInfo(**self.run.info),
            testing_loss=validation if self.options.testing else None,
            training_loss=record["training_loss"],
            format_version=FORMAT_VERSION,
            progress={
                "split": list(self.split),
                "stopping": {"best": self._stopping.best, "waited": self._stopping.waited},
                "history": plain(self.history),
                "random": self.processes.all_gather(random_state(self.device)),
                "streaming": bool(self.sources),
            },
        )
        if validation is not None:
            checkpoint["selection_loss"] = validation
        if self.model_input is not None:
            checkpoint["model_input"] = self.model_input.to_dict()
        return checkpoint
