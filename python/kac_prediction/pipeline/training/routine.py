"""Routine: a whole training, from parameters to checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from ... import __version__
from ..._files import reporting
from ...dataset import AudioSampler, RepresentationSettings, SamplerSettings, TorchDataset
from ...dataset.sampler import fresh_seed
from ...samplers import Datasets
from ..augmentation import Augmentation
from ..checkpoint import ModelInfo, RunInfo
from ..datasets.importing import check_raw, import_dataset
from ..model import Model
from ..model_input import ModelInput
from ..targets import Missing
from ..tracking.tracker import Record
from .batches import Split, split_groups
from .device import process_device, select_device
from .distributed import ProcessGroup
from .options import OPTIONS, Layer, Parameters, TrainingOptions, merge_parameters
from .resume import check_model, check_streaming, resumable
from .run import Run, run_state
from .synthesis import Source
from .trainer import InnerLoop, Trainer
from .yaml_file import read_yaml


class Routine:
    """A whole training.

    Used in this order:

        routine = Routine(exports_dir=..., wandb_config=...)
        routine.setParameters(SomeModel.ModelHyperParameters(...), config_path=...)
        routine.importDataset(...)
        routine.use_input(...)  # or shape routine.D.X and routine.D.Y
        routine.M = SomeModel(**routine.P)
        routine.train(innerTestingLoop)  # adds to routine.M.testing_loss["aggregate"]

    Under `torchrun` every process trains on its share of each epoch, with the gradients of all.

    Attributes:
        D, P, device: the dataset, the parameters, and where the model trains.
        M: the model; assigning it does what `setModel` does.
        R: information about the run, whose files are in `R["exports_dir"]`.
        using_wandb: whether the run is tracked on Weights & Biases.
        history: a record of each epoch of the last training: epoch, training_loss, selection_loss
            (of the validation set), evaluation_loss (of the test set), learning_rate, seconds, ...
        illustrate: draws a figure that the trackers show at the end of a training, or None.
        model_input: from sounds to inputs, after `use_input`.
    """

    D: TorchDataset
    P: dict[str, Any]

    def __init__(
        self,
        exports_dir: str = "",
        wandb_config: dict[str, Any] | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        """Make a directory for the run; what was made is removed where nothing was saved in it.

        Args:
            exports_dir: where that goes; '': the current directory.
            wandb_config: arguments of `wandb.init`; None or {}: a local run.
            device: 'cpu', 'cuda:1' or 'mps', which must exist; None: CUDA, else MPS, else the CPU.
        """
        self._processes = ProcessGroup.join(device)
        self.device = process_device(select_device(device), self._processes)
        self.using_wandb = bool(wandb_config)
        self.history: list[Record] = []
        self.illustrate: Callable[[], Any] | None = None
        self.model_input: ModelInput | None = None
        self._model: Model | None = None
        self._shaped: tuple[torch.Tensor, torch.Tensor] | None = None  # sounds, inputs of them
        self._sources: Sequence[Source] = ()
        self._exports_dir = Path(exports_dir).absolute()
        self._wandb_config = wandb_config or {}
        self._run = Run.create(self._exports_dir, self._wandb_config, self._processes)

    @property
    def M(self) -> Model:
        """The model."""
        if self._model is None:
            raise AttributeError("routine.M is missing: assign a model, or call setModel, first")
        return self._model

    @M.setter
    def M(self, model: Model) -> None:
        self.setModel(model)

    @property
    def R(self) -> RunInfo:
        """Information about the run."""
        return self._run.info

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
        dataset_record: str = "",
    ) -> None:
        """Set `routine.D`: the dataset in the directory, else a download, else generated here.

        An existing dataset is never replaced, but transformed to the representation asked for.

        Args:
            dataset_dir: its directory.
            dataset_name: a published dataset, downloaded when the directory holds none.
            LocalSampler: generates the dataset when there is none and no name is given.
            representation_settings: of the inputs; None or {}: as they are stored.
            sampler_settings: for LocalSampler; None: one second at 48 kHz.
            dataset_size: samples to generate; None: the parameter `dataset_size`, else 200.
            seed: of the samples to generate; None: the parameter `seed`, else a fresh one.
            workers: threads that work at once; None: all available.
            dataset_source: where the named dataset is taken from, see `pipeline.download_dataset`.
            dataset_record: of the named dataset at Zenodo; '': the newest, or the directory's own.

        Raises:
            ConnectionError, FileNotFoundError: there is no dataset, and nothing to make one from.
            ValueError: the dataset is of another sampler, or of other settings.
        """
        parameters = getattr(self, "P", {})
        size = parameters.get("dataset_size") if dataset_size is None else dataset_size
        seed = parameters.get("seed") if seed is None else seed
        seed = self._processes.broadcast(fresh_seed() if seed is None else seed)
        named = dataset_dir, dataset_name, LocalSampler, representation_settings, sampler_settings
        with self._processes.leader_first():
            self.D = import_dataset(*named, size, seed, workers, dataset_source, dataset_record)
        self.model_input = self._shaped = None
        self._sources = ()

    def setModel(self, M: Model) -> None:
        """Set the model, which must fit a training that is resumed, and move it to the device."""
        if not isinstance(M, Model):
            raise TypeError(f"routine.M must be a kac_prediction Model, not {M!r}")
        if self.model_input is not None:
            M.model_input = self.model_input
        if self._run.resumed is not None:
            check_model(self._run.resumed, M, getattr(self, "P", {}))
        self._model = M.to(self.device)
        self.R["model"] = ModelInfo(name=type(M).__name__, version=__version__)

    def setParameters(
        self,
        default: Parameters | Mapping[str, Any],
        config_path: str = "",
        overrides: Mapping[str, Any] | None = None,
    ) -> None:
        """Set `routine.P`: defaults < a resumed checkpoint < yaml < overrides < wandb's config.

        The defaults name every parameter of the model. Starts the run on Weights & Biases. Raise
        FileNotFoundError where there is no such file, TypeError or ValueError for a wrong value or
        an unknown key, with key, file and remedy.
        """
        layers: list[Layer] = []
        if self._run.resumed is not None:
            stored, known = self._run.resumed["hyperparameters"], {*default, *OPTIONS}
            layers.append(("the checkpoint", {key: stored[key] for key in stored if key in known}))
        if config_path:
            layers.append((str(config_path), read_yaml(config_path)))
        layers.append(("the overrides", overrides or {}))
        self.P = merge_parameters(default, *layers)
        self._renew_run()
        if changes := self._run.configure(self.P):
            try:
                self.P = merge_parameters(default, *layers, ("wandb's config", changes))
            except (TypeError, ValueError):
                self._run.finish(failed=True)
                raise

    def use_input(self, model_input: ModelInput, missing: Missing = "raise") -> None:
        """Shape the dataset, of raw sounds, by a recipe that checkpoints then hold.

        With `missing="nan"`, the targets of labels that a sample lacks are nan.
        """
        check_raw(self.D, model_input)
        with reporting("making a model's inputs of a dataset", self.D.dataset_dir):
            self._shaped = self.D.X, model_input.inputs(self.D.X)
        self.D.X = self._shaped[1]
        self.D.Y = model_input.targets(self.D.Y, missing)  # type: ignore[assignment]
        self.model_input = model_input
        if self._model is not None:
            self._model.model_input = model_input

    def stream(
        self,
        Sampler: type[AudioSampler] | Sequence[Source | tuple[Any, ...]],
        sampler_settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Train on sounds synthesised on the fly, no two of one drum, instead of the training set.

        Call it after `use_input`. Validation and test set stay those of the dataset. `Sampler` may
        be several, each (Sampler, settings, further labels, share of every batch); the settings of
        a single one default to the dataset's.
        """
        if self.model_input is None:
            raise ValueError("routine.stream needs to know the inputs: call use_input first")
        if isinstance(Sampler, type):
            settings = self.D.sampler_settings if sampler_settings is None else sampler_settings
            Sampler = [(Sampler, settings)]
        self._sources = [Source(*source) for source in Sampler]

    def check(self, model_input: ModelInput, *, streaming: bool = False) -> None:
        """Refuse, before any dataset is made, what `use_input`, `stream` and `train` would refuse.

        Call it after `setParameters` and best `setModel`. Raise ValueError where parameters, or the
        training to resume, do not fit the recipe or `stream`.
        """
        self._require("P")
        options = TrainingOptions.read(self.P)
        Augmentation.read(options, model_input)
        if streaming and options.batch_size < 1:
            raise ValueError(f"streaming needs a batch_size from 1, not {options.batch_size}")
        if self._run.resumed is not None:
            check_streaming(self._run.resumed, streaming)
            if self._model is not None:
                check_model(self._run.resumed, self._model, self.P, model_input)

    def resume(self, path: str | Path) -> None:
        """Resume the training of a checkpoint, or of a run's directory (its `last.pt`).

        Call it before `setParameters`. The run continues in the checkpoint's directory, under its
        id; on a CPU it ends in the same bits as without the interruption. Raise FileNotFoundError
        or ValueError where there is nothing that can be resumed.
        """
        with self._processes.report_once(), self._processes.leader_first():
            read = run_state(Path(path) if Path(path).is_dir() else Path(path).parent)
            file, checkpoint = resumable(path)
            self._run.finish()
            run = file.parent, checkpoint, read
            self._run = Run.resume(*run, self._wandb_config, self._processes)

    def parts(self) -> Split:
        """Return the indices of training, validation and test set, each ascending.

        No drum (`D.groups`) is in two of the sets, none is in the test set while `testing`.
        """
        self._require("P", "D")
        options = TrainingOptions.read(self.P)
        fractions, seed = options.dataset_split, options.seed or 0
        training, validation, test = split_groups(self.D.groups, fractions, seed)
        return training, validation, test[:0] if options.testing else test

    def train(self, innerTestingLoop: InnerLoop) -> None:
        """Train the model, evaluate it every epoch, and save it.

        The validation loss chooses `best.pt` and stops early; the test set is evaluated only when a
        checkpoint is saved, and never while `testing`. `epoch_%03d.pt` is saved every fifth epoch
        and at the end; `last.pt` is at most ten seconds of finished epochs behind. Ctrl-C saves the
        last finished epoch and is raised, with a note on how to `resume`. Training again is another
        run. `innerTestingLoop` is given batch number, number of batches, inputs and targets, and
        adds to `routine.M.testing_loss["aggregate"]`. Raise MemoryError where memory is too
        small for the batch size, TypeError or ValueError where something is missing or a loss
        broadcasts or is not finite, with epoch and batch.
        """
        self._require("P", "D", "M")
        split = self.parts()
        if self._renew_run():
            self._run.configure(self.P, settled=True)
        sounds, inputs = self._shaped or (None, None)
        trainer = Trainer(
            self.M,
            self.D,
            self.P,
            split,
            self._run,
            self.device,
            model_input=self.model_input,
            sounds=sounds if inputs is self.D.X else None,
            sources=self._sources,
        )
        self.history = trainer.history
        trainer.fit(innerTestingLoop, self.illustrate)

    def _require(self, *names: str) -> None:
        """Raise ValueError where parameters, dataset or model are missing."""
        calls = {"P": "setParameters", "D": "importDataset", "M": "setModel"}
        for name in names:
            if not hasattr(self, name):
                raise ValueError(f"routine.{name} is missing: call routine.{calls[name]} first")

    def _renew_run(self) -> bool:
        """Create another run of the present model if the last one is over; return whether it is."""
        if renewed := self._run.over:
            arguments = self._exports_dir, self._wandb_config, self._processes
            self._run = Run.create(*arguments, previous=self._run)
        return renewed
