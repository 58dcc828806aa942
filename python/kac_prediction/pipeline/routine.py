"""Routine: a whole training, from parameters to checkpoints."""

import itertools
import logging
import math
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import torch
from tqdm import tqdm

from .. import __version__
from ..dataset import AudioSampler, RepresentationSettings, SamplerSettings, TorchDataset
from ..samplers import Datasets
from .checkpoint import Checkpoints
from .device import default_device, seeded
from .early_stopping import EarlyStopping
from .importing import check_raw, import_dataset
from .info import ModelInfo, RunInfo
from .model import Model
from .model_input import ModelInput
from .parameters import Parameters, merge_parameters, read_yaml
from .tracker import Record, log_epoch, open_trackers
from .training import InnerLoop, LossError, choice, divide, export_model, learn, make_parts, score

logger = logging.getLogger(__name__)

SAVE_EVERY = 5  # epochs


class Routine:
    """A whole training schema: parameters, dataset, model, training, checkpoints.

    Used in this order:

        routine = Routine(exports_dir=..., wandb_config=...)
        routine.setParameters(SomeModel.ModelHyperParameters(...), config_path=...)
        routine.importDataset(...)
        routine.D.X = ...  # shape the data, or routine.use_input(...)
        routine.D.Y = ...
        routine.M = SomeModel(**routine.P)

        def innerTestingLoop(i, loop_length, x, y):
            ...  # somewhere: routine.M.testing_loss["aggregate"] += ...

        routine.train(innerTestingLoop)

    Attributes:
        device: CUDA, else Apple's MPS, else the CPU.
        D: the dataset.
        M: the model; assigning it does what `setModel` does.
        P: the parameters.
        R: information about the run. Its files are in `R["exports_dir"]`.
        using_wandb: whether the run is followed on weights and biases.
        history: one record an epoch, of the last training: epoch, training_loss, selection_loss,
            evaluation_loss where it was scored, seconds.
        model_input: how sounds become inputs, after `use_input`.
    """

    device: torch.device
    D: TorchDataset
    P: dict[str, Any]
    R: RunInfo
    using_wandb: bool
    history: list[Record]
    model_input: ModelInput | None

    def __init__(self, exports_dir: str = "", wandb_config: dict[str, Any] | None = None) -> None:
        """Set the device and make a directory for the run.

        Args:
            exports_dir: where the run's directory goes; '': the current directory.
            wandb_config: arguments of `wandb.init`; None or {}: a local run.

        Raises:
            ImportError: weights and biases was asked for and is not installed.
        """
        self.device = default_device()
        self.using_wandb = bool(wandb_config)
        self.history = []
        self.model_input = None
        self._model: Model | None = None
        self._exports_dir = Path(exports_dir).absolute()
        self._wandb_config = settings = wandb_config or {}
        # A sweep has chosen the id before this process started.
        given = settings.get("id") or os.environ.get("WANDB_RUN_ID") if settings else None
        self._open_run(given or secrets.token_hex(4))

    @property
    def M(self) -> Model:
        """The model."""
        if self._model is None:
            raise AttributeError("routine.M is missing: assign a model, or call setModel, first")
        return self._model

    @M.setter
    def M(self, model: Model) -> None:
        self.setModel(model)

    def importDataset(
        self,
        dataset_dir: str,
        dataset_name: Datasets | Literal[""] = "",
        LocalSampler: type[AudioSampler] | None = None,
        representation_settings: RepresentationSettings | None = None,
        sampler_settings: SamplerSettings | Mapping[str, Any] | None = None,
        dataset_size: int | None = None,
        seed: int | None = None,
        workers: int | None = None,
        dataset_source: str | Path | None = None,
    ) -> None:
        """Set `routine.D`: what stands in the directory, else a download, else made here.

        A dataset there is never replaced, but transformed where another representation is asked.

        Args:
            dataset_dir: the directory.
            dataset_name: a published dataset, downloaded when the directory holds none.
            LocalSampler: makes the dataset when there is none and no name is given.
            representation_settings: of the inputs; None or {}: as they are stored.
            sampler_settings: for LocalSampler; None: one second at 48 kHz.
            dataset_size: samples to make; None: the parameter `dataset_size`, else 200.
            seed: of the samples to make; None: the parameter `seed`, else a fresh one.
            workers: threads that work at once; None: all available.
            dataset_source: where the dataset named is taken from, a zip, a directory or an http
                address of one; None: its Zenodo record. See `pipeline.download_dataset`.

        Raises:
            ConnectionError: the download failed for want of a network; says what else to do.
            FileNotFoundError: nothing stands there, and there is nothing to make it from.
            ValueError: the dataset there is of another sampler, or of other settings than those
                given here; the message names both.
        """
        parameters = getattr(self, "P", {})
        size = parameters.get("dataset_size") if dataset_size is None else dataset_size
        seed = parameters.get("seed") if seed is None else seed
        what = (dataset_dir, dataset_name, LocalSampler, representation_settings, sampler_settings)
        self.D = import_dataset(*what, size, seed, workers, dataset_source)
        self.model_input = None

    def setModel(self, M: Model) -> None:
        """Set the model, move it to the device and note it in `routine.R`.

        Raises:
            TypeError: it is not a `Model`.
        """
        if not isinstance(M, Model):
            raise TypeError(f"routine.M must be a kac_prediction Model, not {M!r}")
        self._model = M.to(self.device)
        self.R["model"] = ModelInfo(name=type(M).__name__, version=__version__)
        if self.model_input is not None:
            M.model_input = self.model_input

    def setParameters(self, default: Parameters | Mapping[str, Any], config_path: str = "") -> None:
        """Set `routine.P`: the defaults, changed by a yaml file, changed by wandb's config.

        Starts the run on weights and biases when it is being used; after a training, opens another.

        Args:
            default: every parameter of the model with its default value.
            config_path: a yaml file with some of them; '': none.

        Raises:
            FileNotFoundError: there is no such file.
            TypeError: a value of the wrong type; names the key, the file, expected and found.
            ValueError: a value that makes no sense, or a file that is not a mapping.
        """
        layers = [(str(config_path), read_yaml(config_path))] if config_path else []
        self.P = merge_parameters(default, *layers)
        if not self._trackers:
            self._open_run(secrets.token_hex(4))
        for tracker in self._trackers:
            if asked := tracker.config(self.P):
                layers.append(("wandb's config", asked))
                self.P = merge_parameters(default, *layers)

    def use_input(self, model_input: ModelInput) -> None:
        """Shape the dataset for a model, by the recipe that its checkpoints then carry.

        Args:
            model_input: how a sound becomes an input and labels become targets.

        Raises:
            ValueError: the dataset is not of raw sounds at that sample rate.
        """
        check_raw(self.D, model_input)
        self.D.X = model_input.inputs(self.D.X)
        self.D.Y = model_input.targets(self.D.Y)  # type: ignore[assignment]
        self.model_input = model_input
        if self._model is not None:
            self._model.model_input = model_input

    def parts(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Indices of the samples to learn from, to choose by and to evaluate on, each ascending.

        No drum (`D.groups`) is in two of the parts; while `testing`, none is in the third.

        Raises:
            ValueError: parameters or dataset are missing, or there are fewer drums than parts.
        """
        self._require("P", "D")
        return divide(self.D.groups, self.P)

    def train(self, innerTestingLoop: InnerLoop) -> None:
        """Train the model, score it every epoch, and save it.

        The second part of the split is scored every epoch; its loss chooses `best.pt` and stops
        early. The third part is scored only when a checkpoint is saved, and never while `testing`.
        `epoch_%03d.pt` is saved every fifth epoch, and for the last. Ctrl-C saves the last
        finished epoch (not scoring the third part) and is raised. Training again is another run.

        Args:
            innerTestingLoop: called with number of the batch, number of batches, inputs and
                targets; somewhere it adds to `routine.M.testing_loss["aggregate"]`.

        Raises:
            TypeError: a parameter of the wrong type, or targets that are not numbers.
            ValueError: something is missing or does not fit; or a loss is not finite, which the
                message places in an epoch, with the last good checkpoint.
        """
        self._require("P", "D", "M")
        merge_parameters(self.P)
        batches = make_parts(self.D, self.M, self.parts(), self.P["batch_size"], self.device)
        training, selection, evaluation = batches
        patience = self.P.get("patience", EarlyStopping.patience)
        stopping = EarlyStopping(patience if self.P["with_early_stopping"] else math.inf)
        order = torch.Generator().manual_seed(self.P.get("seed", 0))
        with self._run() as epochs:
            for epoch in epochs:
                started = time.perf_counter()
                self.R["epoch"] = epoch
                record: Record = {"epoch": epoch, "training_loss": learn(self.M, training, order)}
                if len(selection):
                    record["selection_loss"] = score(self.M, selection, innerTestingLoop)
                stop = stopping.step(choice(record))
                last = stop or epoch + 1 == self.P["num_of_epochs"]
                due = last or epoch % SAVE_EVERY == 0
                if len(evaluation) and (due or stopping.improved):
                    record["evaluation_loss"] = score(self.M, evaluation, innerTestingLoop)
                record["seconds"] = time.perf_counter() - started
                exported = export_model(self.M, self.D, self.P, self.R, record, self.model_input)
                self._checkpoints.keep(exported, due=due, best=stopping.improved)
                self.history.append(record)
                log_epoch(record, self._trackers, epochs)
                if stop:
                    break

    def _require(self, *names: str) -> None:
        """Refuse to go on without parameters, dataset or model."""
        call = {"P": "setParameters", "D": "importDataset", "M": "setModel"}
        for name in names:
            if not hasattr(self, name):
                raise ValueError(f"routine.{name} is missing: call routine.{call[name]}(...) first")

    @contextmanager
    def _run(self) -> Iterator["tqdm[int]"]:
        """All that surrounds the epochs; yields them."""
        if not self._trackers:
            self._open_run(secrets.token_hex(4))
            for tracker in self._trackers:
                tracker.config(self.P, settled=True)
        self.history = []
        numbers = range(self.P["num_of_epochs"]) or itertools.count()
        logger.info("run %s on %s, in %s", self.R["id"], self.device, self.R["exports_dir"])
        failed = True
        try:
            with (
                seeded(self.P.get("seed"), self.device),
                self._checkpoints,
                tqdm(numbers, "training", unit=" epochs", disable=None) as epochs,
            ):
                yield epochs
                failed = False
        except LossError as error:
            raise ValueError(
                f"epoch {self.R['epoch']}: {error}. Last good checkpoint:"
                f" {self._checkpoints.rescue() or 'none yet'}"
            ) from error
        finally:
            while self._trackers:
                self._trackers.pop().finish(failed)

    def _open_run(self, run_id: str) -> None:
        """Begin a run, in a directory of its own: nothing trained is overwritten."""
        directory = self._exports_dir / run_id
        if directory.exists():  # of an earlier run under an id that was given
            directory = directory.with_name(f"{run_id}-{secrets.token_hex(4)}")
        directory.mkdir(parents=True)
        model = self.R["model"] if hasattr(self, "R") else None
        self.R = RunInfo(epoch=0, exports_dir=str(directory), id=run_id, model=model)
        self._checkpoints = Checkpoints(directory)
        self._trackers = open_trackers(self.R, self._wandb_config)  # none once it is over
