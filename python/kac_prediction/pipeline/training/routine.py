"""Routine: a whole training, from parameters to checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from ... import __version__
from ...dataset import AudioSampler, RepresentationSettings, SamplerSettings, TorchDataset
from ...dataset.sampler import fresh_seed
from ...samplers import Datasets
from ..augmentation import Augmentation
from ..checkpoint import ExportedModel, ModelInfo, RunInfo
from ..importing import check_raw, import_dataset
from ..model import Model
from ..model_input import ModelInput
from ..targets import Missing
from ..tracking.tracker import Record
from .device import process_device, select_device
from .distributed import ProcessGroup
from .options import OPTIONS, Layer, Parameters, TrainingOptions, merge_parameters, read_yaml
from .resume import check_model, check_sampler, check_streaming, resumable
from .run import Run, given_id
from .split import Split, split_dataset
from .synthesis import Source
from .trainer import InnerLoop, Trainer


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

    Under `torchrun` every process trains on its share of each epoch, with the gradients of all.

    Attributes:
        device: where the model trains.
        D: the dataset.
        M: the model; assigning it does what `setModel` does.
        P: the parameters.
        R: information about the run. Its files are in `R["exports_dir"]`.
        using_wandb: whether the run is tracked on weights and biases.
        history: one record an epoch, of the last training: epoch, training_loss, selection_loss
            (the validation loss), evaluation_loss (of the test set, where it was evaluated),
            learning_rate, samples_per_second, seconds.
        illustrate: draws what the trackers show at the end of a training, such as a figure of
            matplotlib's; None: nothing.
        model_input: how sounds become inputs, after `use_input`.
    """

    device: torch.device
    D: TorchDataset
    P: dict[str, Any]
    using_wandb: bool
    history: list[Record]
    illustrate: Callable[[], Any] | None
    model_input: ModelInput | None

    def __init__(
        self,
        exports_dir: str = "",
        wandb_config: dict[str, Any] | None = None,
        device: str | torch.device | None = None,
    ) -> None:
        """Set the device and make a directory for the run.

        Args:
            exports_dir: where the run's directory goes; '': the current directory.
            wandb_config: arguments of `wandb.init`; None or {}: a local run.
            device: 'cpu', 'cuda', 'cuda:1' or 'mps'; None: CUDA, else Apple's MPS, else the CPU.

        Raises:
            ValueError: there is no such device.
        """
        self._processes = ProcessGroup.join(device)
        self.device = process_device(select_device(device), self._processes)
        self.using_wandb = bool(wandb_config)
        self.history = []
        self.illustrate = None
        self.model_input = None
        self._model: Model | None = None
        self._sounds: torch.Tensor | None = None  # raw, and as which inputs use_input shaped them
        self._inputs: torch.Tensor | None = None
        self._sources: Sequence[Source] = ()
        self._resumed: ExportedModel | None = None
        self._exports_dir = Path(exports_dir).absolute()
        self._wandb_config = wandb_config or {}
        self._run = self._new_run(given_id(self._wandb_config))

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
    ) -> None:
        """Set `routine.D`: the dataset in the directory, else a download, else generated here.

        An existing dataset is never replaced, but transformed where another representation is
        asked for.

        Args:
            dataset_dir: the directory.
            dataset_name: a published dataset, downloaded when the directory holds none.
            LocalSampler: generates the dataset when there is none and no name is given.
            representation_settings: of the inputs; None or {}: as they are stored.
            sampler_settings: for LocalSampler; None: one second at 48 kHz.
            dataset_size: samples to generate; None: the parameter `dataset_size`, else 200.
            seed: of the samples to generate; None: the parameter `seed`, else a fresh one.
            workers: threads that work at once; None: all available.
            dataset_source: a zip, a directory or an http address of one, to take the named dataset
                from; None: its Zenodo record. See `pipeline.download_dataset`.

        Raises:
            ConnectionError: the download failed for want of a network; says what else to do.
            FileNotFoundError: there is no dataset, and nothing to make one from.
            ValueError: the dataset is of another sampler, or of other settings than those given
                here, or of another sampler than the training that is resumed; names both.
        """
        parameters = getattr(self, "P", {})
        size = parameters.get("dataset_size") if dataset_size is None else dataset_size
        seed = parameters.get("seed") if seed is None else seed
        seed = self._processes.broadcast(fresh_seed() if seed is None else seed)
        if self._resumed is not None and LocalSampler is not None:
            check_sampler(self._resumed, LocalSampler.__name__)
        what = (dataset_dir, dataset_name, LocalSampler, representation_settings, sampler_settings)
        with self._processes.leader_first():
            self.D = import_dataset(*what, size, seed, workers, dataset_source)
        self.model_input = self._sounds = self._inputs = None
        self._sources = ()

    def setModel(self, M: Model) -> None:
        """Set the model, move it to the device and note it in `routine.R`.

        Raises:
            TypeError: it is not a `Model`.
            ValueError: it is not the model of the training that is resumed.
        """
        if not isinstance(M, Model):
            raise TypeError(f"routine.M must be a kac_prediction Model, not {M!r}")
        if self.model_input is not None:
            M.model_input = self.model_input
        if self._resumed is not None:
            check_model(self._resumed, M, getattr(self, "P", {}))
        self._model = M.to(self.device)
        self.R["model"] = ModelInfo(name=type(M).__name__, version=__version__)

    def setParameters(self, default: Parameters | Mapping[str, Any], config_path: str = "") -> None:
        """Set `routine.P`: the defaults, changed by a yaml file, changed by wandb's config.

        Starts the run on weights and biases when it is used; after a training, creates another.
        The parameters of a training that is resumed stand between the defaults and the file.

        Args:
            default: every parameter of the model with its default value.
            config_path: a yaml file with some of them; '': none.

        Raises:
            FileNotFoundError: there is no such file.
            TypeError: a value of the wrong type; names the key, the file and the value.
            ValueError: a key that is no parameter, with the nearest name; a value out of range; or
                a file that is not a mapping.
        """
        layers: list[Layer] = []
        if self._resumed is not None:
            stored = self._resumed["hyperparameters"].items()
            known = {key: value for key, value in stored if key in default or key in OPTIONS}
            layers.append(("the checkpoint", known))
        if config_path:
            layers.append((str(config_path), read_yaml(config_path)))
        self.P = merge_parameters(default, *layers)
        if self._run.over:
            self._run = self._new_run()
        changes = {  # without the keys that weights and biases adds itself
            key: value
            for key, value in self._run.configure(self.P).items()
            if not key.startswith(("_", "wandb"))
        }
        try:
            self.P = merge_parameters(default, *layers, ("wandb's config", changes))
        except (TypeError, ValueError):
            self._run.finish(failed=True)
            raise

    def use_input(self, model_input: ModelInput, missing: Missing = "raise") -> None:
        """Shape the dataset for a model, by the recipe that its checkpoints then carry.

        Args:
            model_input: how a sound becomes an input and labels become targets.
            missing: 'nan' lets samples lack labels, whose targets are nan then.

        Raises:
            ValueError: the dataset is not of raw sounds at that sample rate.
        """
        check_raw(self.D, model_input)
        self._sounds = self.D.X
        self.D.X = self._inputs = model_input.inputs(self._sounds)
        self.D.Y = model_input.targets(self.D.Y, missing)  # type: ignore[assignment]
        self.model_input = model_input
        if self._model is not None:
            self._model.model_input = model_input

    def stream(
        self,
        Sampler: type[AudioSampler] | Sequence[Source | tuple[Any, ...]],
        sampler_settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Train on sounds that are synthesised on the fly, instead of on the training set.

        No drum comes twice; an epoch has `steps_per_epoch` batches. Validation and test set are
        those of the dataset as always. Call it after `use_input`.

        Args:
            Sampler: what synthesises the sounds; or several, each (Sampler, settings, further
                labels), which share every batch.
            sampler_settings: arguments of the sampler's constructor; None: those of the dataset.

        Raises:
            ValueError: `use_input` has not been called.
        """
        if self.model_input is None:
            raise ValueError("routine.stream needs to know the inputs: call use_input first")
        if isinstance(Sampler, type):
            settings = self.D.sampler_settings if sampler_settings is None else sampler_settings
            self._sources = [Source(Sampler, settings)]
        else:
            self._sources = [Source(*source) for source in Sampler]

    def check(self, model_input: ModelInput, *, streaming: bool = False) -> None:
        """Refuse now, before any dataset is made, what `train` would refuse later.

        Call it after `setParameters`, and better after `setModel`.

        Args:
            model_input: what `use_input` will be given.
            streaming: whether `stream` will be called.

        Raises:
            ValueError: parameters that do not fit such a training; or a training to be resumed that
                has another model, other inputs or another source of sounds.
        """
        self._require("P")
        options = TrainingOptions.read(self.P)
        Augmentation.of(options, model_input)
        if streaming and options.batch_size < 1:
            raise ValueError(
                f"streaming needs a batch_size of at least 1, not {options.batch_size}"
            )
        if self._resumed is not None:
            check_streaming(self._resumed, streaming)
            if self._model is not None:
                check_model(self._resumed, self._model, self.P, model_input)

    def resume(self, path: str | Path) -> None:
        """Resume a training that was interrupted, where its checkpoint left it.

        Call it first, before `setParameters`. The run continues in the directory of the checkpoint,
        under its id; on a CPU it ends in the same bits as if it had never been interrupted. The
        parameters are the checkpoint's, where a file does not say otherwise.

        Args:
            path: a checkpoint, or the directory of a run, which stands for its `last.pt`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not a checkpoint that a training can be resumed from.
        """
        file, checkpoint = resumable(path)
        self._run.discard()
        self._resumed = checkpoint
        self._run = Run.resume(file.parent, checkpoint, self._wandb_config, self._processes)

    def parts(self) -> Split:
        """Return the indices of training, validation and test set, each ascending.

        No drum (`D.groups`) is in two of the sets; while `testing`, the test set is empty.

        Raises:
            ValueError: parameters or dataset are missing, or there are fewer drums than sets.
        """
        self._require("P", "D")
        return split_dataset(self.D.groups, TrainingOptions.read(self.P))

    def train(self, innerTestingLoop: InnerLoop) -> None:
        """Train the model, evaluate it every epoch, and save it.

        The loss of the validation set, computed every epoch, chooses `best.pt` and stops early. The
        test set is evaluated only when a checkpoint is saved, and never while `testing`.
        `epoch_%03d.pt` is saved every fifth epoch, and for the last; `last.pt` is never more than
        ten seconds of finished epochs behind. Ctrl-C saves the last finished epoch and is raised,
        with a note that says how to `resume`. Training again is another run.

        Args:
            innerTestingLoop: called with number of the batch, number of batches, inputs and
                targets; somewhere it adds to `routine.M.testing_loss["aggregate"]`.

        Raises:
            MemoryError: the memory is too small for the batch size, which the message names.
            TypeError: a parameter of the wrong type, or targets that are not numbers.
            ValueError: something is missing or does not fit; predictions would be broadcast against
                targets; or a loss is not finite, which the message places in an epoch and a batch,
                with the last good checkpoint.
        """
        self._require("P", "D", "M")
        options = TrainingOptions.read(self.P)
        if self._run.over:
            self._run = self._new_run()
            self._run.configure(self.P, settled=True)
        trainer = Trainer(
            self.M,
            self.D,
            options,
            self.P,
            self.parts(),
            self._run,
            self._processes,
            self.device,
            model_input=self.model_input,
            sounds=self._sounds if self._inputs is self.D.X else None,
            sources=self._sources,
            resumed=self._resumed,
            illustrate=self.illustrate,
        )
        self.history = trainer.history
        try:
            trainer.fit(innerTestingLoop)
        finally:
            if self._run.over:  # a training that could not begin is still to be resumed
                self._resumed = None

    def _require(self, *names: str) -> None:
        """Raise ValueError where parameters, dataset or model are missing."""
        call = {"P": "setParameters", "D": "importDataset", "M": "setModel"}
        for name in names:
            if not hasattr(self, name):
                raise ValueError(f"routine.{name} is missing: call routine.{call[name]}(...) first")

    def _new_run(self, run_id: str | None = None) -> Run:
        """Create a run of the present model."""
        info = self.R["model"] if hasattr(self, "_run") else None
        return Run.create(self._exports_dir, self._wandb_config, self._processes, info, run_id)
