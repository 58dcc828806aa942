"""What came of a training: the best model, what it hears in drums it never heard, and how well."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from ..architecture import CRePE
from ..geometry import Shape
from ..pipeline import Model, ModelInput, Routine, loadModel
from ..pipeline.tracking.tracker import Picture
from ..pipeline.training.distributed import ProcessGroup
from ..plot import report_figure
from ..plot.panels import Answers, Matrix
from .baselines import baselines
from .confusion import Confusion
from .drums import Drums
from .errors import MEAN, MODEL, LabelReport, Numbers, size_parts
from .report import Report
from .shapes import heard_shape, true_shape
from .task import Task

_AT_ONCE = 256  # sounds


@dataclass(frozen=True)
class Result:
    """What came of a training.

    Attributes:
        task: what was learnt.
        best: path of the best checkpoint, `best.pt`.
        model: the model of the best checkpoint.
        routine: the routine, with its dataset and the history of the training.
        evaluated: indices of the sounds of the third part, shape (n,): their drums were never
            heard in training, nor used to choose a checkpoint. None of them while testing, nor in
            a process that is not the leader of several.
        true: by label, what is true of these sounds, shape (n,); of a class the index.
        answers: by who answers (the model, and those it is compared with), the same by label.
        drums: the dataset as it was before it was shaped for the model.
        report: the errors; None where nothing was evaluated.
        leader: whether this is the process, of several that trained together, that wrote it all.
    """

    task: Task
    best: Path
    model: Model
    routine: Routine
    evaluated: npt.NDArray[np.int64]
    true: Numbers
    answers: Mapping[str, Numbers]
    drums: Drums
    report: Report | None
    leader: bool = True

    @classmethod
    def of(cls, task: Task, routine: Routine, drums: Drums) -> "Result":
        """Try the best model of a training on the third part of its dataset."""
        best = Path(routine.R["exports_dir"]) / "best.pt"
        leader = ProcessGroup.join(
            routine.device
        ).leader  # who else may not see the file, or too early
        model = loadModel(best, CRePE, device=routine.device) if leader else routine.M
        training, _, third = routine.parts()
        chosen = third if leader else third[:0]
        true = {label: drums.numbers(label)[chosen] for label in task.model_input.labels}
        X = torch.as_tensor(routine.D.X)[chosen]
        answers = {MODEL: heard(model, X, task.model_input)}
        report = None
        if len(chosen):
            answers |= baselines(task, drums, training, chosen)
            report = report_of(task.model_input, true, answers)
        return cls(task, best, model, routine, chosen.numpy(), true, answers, drums, report, leader)

    @property
    def predicted(self) -> Numbers:
        """By label, what the model heard, shape (n,)."""
        return self.answers[MODEL]

    def figure(self) -> Picture:
        """Draw how well the model hears, how it got there, and some drums, true and heard.

        Raises:
            ValueError: nothing was evaluated.
        """
        return _drawn(self.task, self.routine, self.drums, self.evaluated, self.true, self.answers)

    @property
    def seconds(self) -> float:
        """How long the epochs took."""
        return float(sum(record["seconds"] for record in self.routine.history))


def heard(model: Model, X: torch.Tensor, model_input: ModelInput) -> Numbers:
    """What a model hears in sounds that have been shaped for it, in pieces that fit any memory."""
    if not len(X):
        return {label: np.empty(0) for label in model_input.labels}
    weight = next(model.parameters())
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            pieces = [
                model_input.values(model(x.to(weight.device, weight.dtype))).cpu().double()
                for x in torch.split(X, _AT_ONCE)
            ]
    finally:
        model.train(was_training)
    return dict(zip(model_input.labels, torch.cat(pieces).numpy().T, strict=True))


def figure_of(task: Task, routine: Routine, drums: Drums) -> Picture:
    """Draw what the model hears now in drums that it does not learn from."""
    _, second, third = routine.parts()
    chosen = third if len(third) else second
    predicted = heard(routine.M, torch.as_tensor(routine.D.X)[chosen], task.model_input)
    true = {label: drums.numbers(label)[chosen] for label in task.model_input.labels}
    return _drawn(task, routine, drums, chosen.numpy(), true, {MODEL: predicted})


def _drawn(
    task: Task,
    routine: Routine,
    drums: Drums,
    chosen: npt.NDArray[np.int64],
    true: Numbers,
    answers: Mapping[str, Numbers],
) -> Picture:
    """The figure of what was answered of the chosen sounds."""
    losses = [
        {"epoch": record["epoch"], "training_loss": record["training_loss"]}
        | {"selection_loss": record["selection_loss"]["aggregate"]}
        for record in routine.history
        if "selection_loss" in record
    ]
    predicted, named = answers[MODEL], task.model_input
    others = {who: said for who, said in answers.items() if who != MODEL}
    size, *further = (
        Answers(
            label.replace("_", " "),
            unit,
            true[label],
            predicted[label],
            {who: said[label] for who, said in others.items() if label in said},
        )
        for label, unit in zip(named.labels, named.units, strict=True)
        if label not in named.classes
    )
    classes = next(
        (Matrix(names, true[label], predicted[label]) for label, names in named.classes.items()),
        None,
    )

    def true_drum(i: int) -> Shape:
        return true_shape(task, drums, int(chosen[i]))

    mean = size.others.get(MEAN)
    return report_figure(
        losses,
        size.true,
        size.predicted,
        baseline=None if mean is None else float(np.abs(mean - size.true).mean()),
        title=f"{task.name}: what is heard",
        shapes=(true_drum, lambda i: heard_shape(task, predicted, i, true_drum(i))),
        others=size.others,
        further=further,
        classes=classes,
    )


def report_of(model_input: ModelInput, true: Numbers, answers: Mapping[str, Numbers]) -> Report:
    """The errors of everybody, by the size of the drum, and by its class where there is one.

    Args:
        model_input: what the labels are.
        true: by label, shape (n,), n from 1; of a class the index.
        answers: by who answers, the model first, the same; who does not know a label leaves it out.
    """
    parts = size_parts(true["drum_size"])
    for label, names in model_input.classes.items():
        parts += [(name, true[label] == index) for index, name in enumerate(names)]
    labels, classes = {}, {}
    for label, unit in zip(model_input.labels, model_input.units, strict=True):
        said = {who: numbers[label] for who, numbers in answers.items() if label in numbers}
        if label in model_input.classes:
            names = model_input.classes[label]
            classes[label] = Confusion.of(label, names, true[label], said)
        else:
            labels[label] = LabelReport.of(label, unit, true[label], said, parts)
    return Report(labels, classes)
