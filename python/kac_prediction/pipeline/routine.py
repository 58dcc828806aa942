"""Routine: a whole training, from parameters to checkpoints."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import torch

from .. import __version__
from ..dataset import AudioSampler, RepresentationSettings, SamplerSettings, TorchDataset
from ..dataset.seeding import fresh_seed
from ..samplers import Datasets
from .checkpoint import ExportedModel, ModelInfo, RunInfo
from .device import chosen_device
from .fresh import Source
from .importing import check_raw, import_dataset
from .model import Model
from .model_input import ModelInput
from .parameters import Parameters, known, merge_parameters, read_yaml
from .progress import resumable
from .run import Run, given_id
from .session import Session
from .split import Parts
from .targets import Missing
from .tracking.tracker import Record
from .training.distributed import ProcessGroup
from .training.epoch import InnerLoop, divide


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
        using_wandb: whether the run is followed on weights and biases.
        history: one record an epoch, of the last training: epoch, training_loss, selection_loss,
            evaluation_loss where it was scored, learning_rate, samples_per_second, seconds.
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
        self.device = self._processes.device(chosen_device(device))
        self.using_wandb = bool(wandb_config)
        self.history = []
        self.illustrate = None
        self.model_input = None
        self._model: Model | None = None
        self._raw: tuple[torch.Tensor, torch.Tensor] | None = (
            None  # sounds, and what became of them
        )
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
        seed = self._processes.broadcast(fresh_seed() if seed is None else seed)
        what = (dataset_dir, dataset_name, LocalSampler, representation_settings, sampler_settings)
        with self._processes.leader_first():
            self.D = import_dataset(*what, size, seed, workers, dataset_source)
        self.model_input, self._raw, self._sources = None, None, ()

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
        The parameters of a training that is resumed stand between the defaults and the file.

        Args:
            default: every parameter of the model with its default value.
            config_path: a yaml file with some of them; '': none.

        Raises:
            FileNotFoundError: there is no such file.
            TypeError: a value of the wrong type; names the key, the file, expected and found.
            ValueError: a value that makes no sense, or a file that is not a mapping.
        """
        layers: list[tuple[str, Mapping[str, Any]]] = []
        if self._resumed is not None:
            layers += [("the checkpoint", known(self._resumed["hyperparameters"], default))]
        if config_path:
            layers += [(str(config_path), read_yaml(config_path))]
        self.P = merge_parameters(default, *layers)
        if self._run.over:
            self._run = self._new_run()
        if asked := self._run.asked(self.P):
            self.P = merge_parameters(default, *layers, ("wandb's config", asked))

    def use_input(self, model_input: ModelInput, missing: Missing = "raise") -> None:
        """Shape the dataset for a model, by the recipe that its checkpoints then carry.

        Args:
            model_input: how a sound becomes an input and labels become targets.
            missing: 'nan' lets samples lack labels, whose targets are nan then.

        Raises:
            ValueError: the dataset is not of raw sounds at that sample rate.
        """
        check_raw(self.D, model_input)
        sounds = self.D.X
        self.D.X = model_input.inputs(sounds)
        self.D.Y = model_input.targets(self.D.Y, missing)  # type: ignore[assignment]
        self._raw = sounds, self.D.X
        self.model_input = model_input
        if self._model is not None:
            self._model.model_input = model_input

    def stream(
        self,
        Sampler: type[AudioSampler] | Sequence[Source | tuple[Any, ...]],
        sampler_settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Learn from drums that were never heard before, instead of from the first part.

        Every batch is of fresh drums, `steps_per_epoch` batches an epoch. The other two parts of
        the dataset choose and measure as always. Call it after `use_input`.

        Args:
            Sampler: what makes the sounds; or several, each (Sampler, settings, further labels),
                which share every batch.
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

    def resume(self, path: str | Path) -> None:
        """Go on with a training that was interrupted, where its checkpoint left it.

        Call it first, before `setParameters`. The run goes on in the directory of the checkpoint,
        under its id; on a CPU it ends in the same bits as if it had never been interrupted. The
        parameters are the checkpoint's, where a file does not say otherwise.

        Args:
            path: a checkpoint, or the directory of a run, which stands for its `last.pt`.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: it is not a checkpoint that a training can go on from.
        """
        file, checkpoint = resumable(path)
        self._run.discard()
        self._resumed = checkpoint
        self._run = Run.resumed(file.parent, checkpoint, self._wandb_config, self._processes)

    def parts(self) -> Parts:
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
        `epoch_%03d.pt` is saved every fifth epoch, and for the last; `last.pt` is never more than
        ten seconds of finished epochs behind. Ctrl-C saves the last finished epoch and is raised;
        `resume` goes on from there. Training again is another run.

        Args:
            innerTestingLoop: called with number of the batch, number of batches, inputs and
                targets; somewhere it adds to `routine.M.testing_loss["aggregate"]`.

        Raises:
            MemoryError: the memory is too small for the batch size, which the message names.
            TypeError: a parameter of the wrong type, or targets that are not numbers.
            ValueError: something is missing or does not fit; or a loss is not finite, which the
                message places in an epoch and a batch, with the last good checkpoint.
        """
        self._require("P", "D", "M")
        merge_parameters(self.P)
        session = self._session()
        with session.begun() as teaching:
            self._resumed = None  # not before: what could not begin is still to be gone on with
            for epoch in session.epochs():
                if session.epoch(epoch, teaching, innerTestingLoop):
                    break
            self._run.show("drums", self.illustrate)

    def _session(self) -> Session:
        """The training that now begins, or goes on."""
        if self._run.over:
            self._run = self._new_run()
            self._run.asked(self.P, settled=True)
        shaped = self._raw is not None and self._raw[1] is self.D.X
        session = Session(
            self.M,
            self.D,
            self.P,
            self.parts(),
            self._run,
            self._processes,
            self.device,
            model_input=self.model_input,
            sounds=self._raw[0] if shaped and self._raw is not None else None,
            sources=self._sources,
            resumed=self._resumed,
        )
        self.history = session.history
        return session

    def _require(self, *names: str) -> None:
        """Refuse to go on without parameters, dataset or model."""
        call = {"P": "setParameters", "D": "importDataset", "M": "setModel"}
        for name in names:
            if not hasattr(self, name):
                raise ValueError(f"routine.{name} is missing: call routine.{call[name]}(...) first")

    def _new_run(self, run_id: str | None = None) -> Run:
        """Begin a run of the model there is."""
        info = self.R["model"] if hasattr(self, "_run") else None
        return Run.begun(self._exports_dir, self._wandb_config, self._processes, run_id, info)
