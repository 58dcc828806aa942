"""SizeOfCircularDrum: train CRePE to hear the size of a circular drum."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import torch

from ..architecture import CRePE
from ..pipeline import Model, ModelInput, Routine, loadModel
from ..pipeline.device import seeded
from ..samplers import BesselModel, Datasets
from ..samplers.older_labels import current_labels
from .report import Report

INPUT: Final = ModelInput(sample_rate=48000, length=1024, labels=("drum_size",), units=("m",))
"""What the model hears: the first 21 ms. A drum of 1 m has a fundamental of 68 Hz, 15 ms."""

DEFAULTS: Final = CRePE.ModelHyperParameters(
    batch_size=16,
    dataset_size=2500,
    dataset_split=(0.7, 0.15, 0.15),
    depth="tiny",
    dropout=0.1,
    learning_rate=1e-3,
    num_of_epochs=30,
    optimiser="adam",
    seed=0,
    testing=False,
    with_early_stopping=False,
)
"""A training of about a minute on two cores; bin/config/local/size_of_circular_drum.yaml agrees."""


@dataclass(frozen=True)
class CircularDrumResult:
    """What came of a training.

    Attributes:
        best: path of the best checkpoint, `best.pt`.
        evaluated: indices of the sounds of the third part, shape (n,): their drums were never
            heard in training, nor used to choose a checkpoint. None of them while testing.
        model: the model of the best checkpoint.
        predicted: sizes the model heard in them, metres, shape (n,).
        report: the errors; None while testing.
        routine: the routine, with its dataset and the history of the training.
        true: their true sizes, metres, shape (n,).
    """

    best: Path
    evaluated: npt.NDArray[np.int64]
    model: CRePE
    predicted: npt.NDArray[np.float64]
    report: Report | None
    routine: Routine
    true: npt.NDArray[np.float64]

    @property
    def curve(self) -> list[dict[str, float]]:
        """Epoch, training loss and selection loss of every epoch, to be drawn."""
        return [
            {
                "epoch": record["epoch"],
                "training_loss": record["training_loss"],
                "selection_loss": record["selection_loss"]["aggregate"],
            }
            for record in self.routine.history
            if "selection_loss" in record
        ]


def SizeOfCircularDrum(
    config_path: str = "",
    wandb_config: dict[str, Any] | None = None,
    *,
    exports_dir: str = "model",
    dataset_dir: str = "data/circular-drums",
    dataset_name: Datasets | Literal[""] = "",
    parameters: Mapping[str, Any] | None = None,
    workers: int | None = None,
) -> CircularDrumResult:
    """Train CRePE to hear the size of a circular drum, and try it on drums it never heard.

    The model predicts metres, as they are: sizes between 0.1 and 1 m need no other scale, and
    losses stay square metres.

    Args:
        config_path: a yaml file of parameters, over the defaults; '': none.
        wandb_config: arguments of `wandb.init`; None: a local run.
        exports_dir: where the directory of the run goes.
        dataset_dir: directory of the dataset; where it holds none, one is made.
        dataset_name: a published dataset to download instead; '': circular drums are made here,
            of sizes between 0.1 and 1 m, a second at 48 kHz each.
        parameters: changes to the defaults, under the yaml file.
        workers: threads that make the dataset; None: all available.

    Returns:
        The best model, and how it did on the third part of the dataset (unless `testing`).

    Raises:
        FileNotFoundError: there is no such yaml file.
        TypeError: a parameter of the wrong type.
        ValueError: a parameter that makes no sense, or a dataset of something else.
    """
    routine = Routine(exports_dir=exports_dir, wandb_config=wandb_config)
    routine.setParameters({**DEFAULTS, **(parameters or {})}, config_path=config_path)
    routine.importDataset(
        dataset_dir,
        dataset_name=dataset_name,
        LocalSampler=BesselModel,
        representation_settings={"normalise_input": False, "output_type": "end2end"},
        workers=workers,
    )
    routine.D.Y = current_labels(routine.D)
    routine.use_input(INPUT)
    with seeded(routine.P.get("seed"), routine.device):
        routine.M = CRePE(**routine.P, outputs=len(INPUT.labels))

    def innerTestingLoop(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        losses = torch.nn.functional.mse_loss(routine.M(x), y, reduction="none").mean(0)
        routine.M.testing_loss["aggregate"] += losses.mean() / loop_length
        for label, loss in zip(INPUT.labels, losses, strict=True):
            routine.M.testing_loss[label] += loss / loop_length

    routine.train(innerTestingLoop)
    return _evaluated(routine)


def _evaluated(routine: Routine) -> CircularDrumResult:
    """Try the best model on the third part of the dataset."""
    best = Path(routine.R["exports_dir"]) / "best.pt"
    model = loadModel(best, CRePE, device=routine.device)
    training, _, third = routine.parts()
    targets = torch.as_tensor(routine.D.Y)[:, 0]
    true = targets[third].numpy()
    predicted = _answers(model, routine.D.X[third])
    report = None
    if len(third):
        label, unit = INPUT.labels[0], INPUT.units[0]
        report = Report.of(label, unit, true, predicted, float(targets[training].mean()))
    return CircularDrumResult(best, third.numpy(), model, predicted, report, routine, true)


def _answers(model: Model, X: torch.Tensor) -> npt.NDArray[np.float64]:
    """Predict one number a sound, in pieces that fit any memory."""
    weight = next(model.parameters())
    answers = np.empty(len(X))
    with torch.no_grad():
        for i in range(0, len(X), 256):
            x = X[i : i + 256].to(weight.device, weight.dtype)
            answers[i : i + 256] = model(x)[:, 0].cpu().numpy()
    return answers
