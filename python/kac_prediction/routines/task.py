"""Task: what is learnt from which drums, and the one training that all routines share."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, Literal

import torch

from ..architecture import CRePE
from ..dataset import AudioSampler, TorchDataset, loadDataset
from ..dataset.labels import LabelTensors
from ..dataset.legacy import current_labels
from ..dataset.storage import DatasetDirectory
from ..evaluation import LabelledSounds
from ..pipeline import Model, ModelInput, Routine
from ..pipeline.training.options import merge_parameters
from ..pipeline.training.resume import resumable, seeded
from ..pipeline.training.synthesis import Source
from ..samplers import FAMILIES, Datasets
from ..samplers.drum import DENSITY, TENSION
from .criterion import DrumLoss
from .result import Result, training_figure

logger = logging.getLogger(__name__)

DATA: Final = Path("data")
"""Where datasets are installed and made, in the current directory."""

DEFAULTS: Final = CRePE.ModelHyperParameters(
    batch_size=64,
    dataset_size=5000,
    dataset_split=(0.7, 0.15, 0.15),
    depth="tiny",
    dropout=0.1,
    learning_rate=4e-3,
    num_of_epochs=60,
    optimiser="adam",
    precision="auto",
    schedule="one_cycle",
    seed=0,
    testing=False,
    with_early_stopping=False,
)
"""Hyperparameters where a task does not say otherwise."""

STREAMING: Final[Mapping[str, Any]] = {"dropout": 0.0}
"""Changes to them while streaming: no drum comes twice, so there is nothing to regularise."""


@dataclass(frozen=True)
class Task:
    """A routine: call it to train a network to predict labels of drums, and to evaluate the model.

    bin/config/local has a yaml file for each task, which holds the same defaults.
    """

    name: str
    model_input: ModelInput
    Sampler: type[AudioSampler]  # synthesises the drums
    settings: Mapping[str, Any]  # of the sampler, for a dataset made here
    directory: str  # of that dataset, in data/
    defaults: Mapping[str, Any] = field(default_factory=lambda: DEFAULTS)  # hyperparameters
    family: str = ""  # of all drums, 'circle', 'rectangle' or 'polygon'; '': of several families
    published: Datasets | Literal[""] = ""  # used instead where it is installed
    # Adds labels that the dataset does not hold but that follow from those it does.
    add_labels: Callable[[LabelTensors], LabelTensors] | None = None
    # What is heard while streaming, given the dataset's directory; None: the sampler above.
    sources: Callable[[Path], Sequence[Source]] | None = None
    streaming: Mapping[str, Any] = field(default_factory=lambda: STREAMING)  # changes of defaults
    always_streams: bool = False  # whether the dataset only validates and tests
    network: Callable[..., Model] = CRePE
    loss: Callable[[ModelInput], DrumLoss] = DrumLoss

    def __call__(
        self,
        config_path: str = "",
        wandb_config: dict[str, Any] | None = None,
        *,
        exports_dir: str = "model",
        dataset_dir: str = "",
        dataset_name: Datasets | Literal[""] = "",
        parameters: Mapping[str, Any] | None = None,
        overrides: Mapping[str, Any] | None = None,
        workers: int | None = None,
        stream: bool = False,
        resume: str = "",
        device: str | None = None,
    ) -> Result:
        """Train a model, and evaluate its best checkpoint on the test set (unless `testing`).

        Args:
            config_path: a yaml file of parameters; '': none.
            wandb_config: arguments of `wandb.init`; None: a local run.
            exports_dir: where the directory of the run is made.
            dataset_dir: of the dataset, which is made where the directory holds none; '': the
                published dataset where it is installed in data/, else one made in data/.
            dataset_name: the published dataset, downloaded where the directory holds none.
            parameters: changes to the defaults, overridden by the yaml file; when resuming, the
                checkpoint's parameters come between the two.
            overrides: changes to all of these.
            workers: threads that synthesise the dataset; None: all available.
            stream: train on drums synthesised on the fly; the dataset only validates and tests.
            resume: a checkpoint, or the directory of a run, to continue with the same other
                options; '': a new run.
            device: 'cpu', 'cuda:1', 'mps', ...; None: the best available.

        Raises:
            FileNotFoundError: there is no such yaml file or checkpoint.
            TypeError: a parameter of the wrong type.
            ValueError: an unknown parameter or a wrong value, a checkpoint of another task, or a
                dataset of other drums; before any drum is synthesised.
        """
        if dataset_name and dataset_name != self.published:
            known = f"{self.published}, or on " if self.published else ""
            raise ValueError(
                f"{self.name} trains on {known}drums made here, not on {dataset_name!r}."
            )
        model_input = self._resumed_input(resume) if resume else self.model_input
        stream = stream or self.always_streams
        defaults = {**self.defaults, **(self.streaming if stream else {})}
        defaults = merge_parameters(defaults, ("parameters", parameters or {}))
        routine = Routine(exports_dir=exports_dir, wandb_config=wandb_config, device=device)
        if resume:
            routine.resume(resume)
        routine.setParameters(defaults, config_path=config_path, overrides=overrides)
        with seeded(routine.P["seed"], routine.device):
            routine.M = self.network(**routine.P, outputs=model_input.outputs)
        routine.M.criterion = loss = self.loss(model_input).to(routine.device)
        routine.check(model_input, streaming=stream)
        directory = self._directory(dataset_dir, dataset_name)
        sounds = self._import_sounds(routine, directory, dataset_name, workers)
        routine.use_input(model_input)
        if stream:
            own = [Source(self.Sampler, self.settings)]
            routine.stream(self.sources(directory) if self.sources else own)
        return fit(self.name, model_input, routine, sounds, loss)

    def _resumed_input(self, path: str) -> ModelInput:
        """Return what the model of a checkpoint hears; raise ValueError for one of another task.

        Earlier models heard x and -x as two sounds, and go on so.
        """
        _, checkpoint = resumable(path)
        sampler, recipe = checkpoint["dataset"]["sampler"]["name"], checkpoint.get("model_input")
        was = None if recipe is None else ModelInput.from_dict(recipe)
        now = None if was is None else replace(was, align_polarity=self.model_input.align_polarity)
        if was is None or now != self.model_input or sampler != self.Sampler.__name__:
            labels = recipe["labels"] if recipe else ["labels without names"]
            raise ValueError(
                f"{path} predicts {', '.join(labels)} of drums by {sampler}: it cannot be resumed "
                f"by {self.name}, which predicts {', '.join(self.model_input.labels)} of drums by "
                f"{self.Sampler.__name__}, of {self.model_input.length} samples each."
            )
        return was

    def _directory(self, dataset_dir: str, dataset_name: str) -> Path:
        """Return the directory of the dataset: the one given, the published one, or in data/."""
        installed = DATA / self.published
        if not dataset_dir and (dataset_name or (self.published and _has_sizes(installed))):
            return installed
        return Path(dataset_dir) if dataset_dir else DATA / self.directory

    def _import_sounds(
        self, routine: Routine, directory: Path, dataset_name: str, workers: int | None
    ) -> LabelledSounds:
        """Set `routine.D`, with the labels that the task needs; return it as it is now."""
        settings = self.settings
        if dataset_name or DatasetDirectory(str(directory)).holds_dataset():
            # Drums of any size and duration will do, if they are of these shapes.
            shapes = ("arbitrary_shape", "family")
            settings = {key: value for key, value in settings.items() if key in shapes}
        routine.importDataset(
            str(directory),
            dataset_name=self.published if dataset_name else "",
            LocalSampler=self.Sampler,
            representation_settings={"normalise_input": False, "output_type": "end2end"},
            sampler_settings=settings,
            workers=workers,
        )
        logger.info("drums of %s", directory)
        labels = current_labels(routine.D)
        routine.D.Y = labels = self.add_labels(labels) if self.add_labels else labels
        families = self.model_input.classes.get("family", FAMILIES)
        return sounds_of(routine.D, labels, self.family, families)


def fit(
    name: str,
    model_input: ModelInput,
    routine: Routine,
    sounds: LabelledSounds,
    loss: DrumLoss,
) -> Result:
    """Train the model of a routine, whose dataset is shaped, and evaluate its best checkpoint."""

    def innerTestingLoop(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        losses = loss.by_label(routine.M(x), y)
        routine.M.testing_loss["aggregate"] += loss.weighted(losses) / loop_length
        for label, value in zip(model_input.labels, losses, strict=True):
            routine.M.testing_loss[label] += value / loop_length

    routine.illustrate = lambda: training_figure(name, model_input, routine, sounds)
    routine.train(innerTestingLoop)
    return Result.of(name, model_input, routine, sounds)


def sounds_of(
    dataset: TorchDataset, labels: LabelTensors, family: str, families: tuple[str, ...]
) -> LabelledSounds:
    """Return the raw sounds of a dataset with their labels, of drums of a family, if known."""
    made = dataset.sampler_settings
    speed = math.sqrt(made.get("tension", TENSION) / made.get("material_density", DENSITY))
    return LabelledSounds(dataset.X, labels, made["sample_rate"], speed, family, families)


def _has_sizes(directory: Path) -> bool:
    """Return whether a directory holds a dataset with the label `drum_size`."""
    if not DatasetDirectory(str(directory)).holds_dataset():
        return False
    dataset = loadDataset(str(directory))
    known = len(dataset) > 0 and "drum_size" in dataset[0][1]
    if not known:
        logger.warning("%s does not say how large its drums are: it is not used", directory)
    return known
