"""The result of a training: the best model, its predictions on unseen drums, and their errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from .. import _html
from ..evaluation import MEAN, MODEL, LabelledSounds, Report, classical_estimator, mean_predictor
from ..evaluation.report import Values
from ..listening.predicted_labels import predict_inputs
from ..pipeline import Model, ModelInput, Routine, loadModel
from ..pipeline.tracking.tracker import Picture
from ..pipeline.training.distributed import ProcessGroup
from ..plot import report_figure
from ..plot.curve_page import curve_html
from .predictions import keep_predictions


@dataclass(frozen=True, repr=False)
class Result:
    """The result of a training.

    While `testing`, and in other processes than the leader, nothing is evaluated. Of labels that
    are classes, `true` and `predictions` hold indices.
    """

    name: str  # of the task
    model_input: ModelInput  # how a sound becomes the input of the model, and what its outputs are
    routine: Routine  # with its dataset and the history of the training
    sounds: LabelledSounds  # the dataset as it was before the model's inputs were made of it
    best: Path  # of the best checkpoint, `best.pt`
    model: Model  # of that checkpoint
    leader: bool  # whether this process, of several that trained together, wrote the checkpoints
    evaluated: npt.NDArray[np.int64]  # indices of the test set, shape (n,)
    true: Values  # by label, the truth of these sounds, shape (n,)
    predictions: Mapping[str, Values]  # by estimator, the model and the mean predictor, the same
    report: Report | None  # their errors; None where nothing was evaluated. See `compare`

    @classmethod
    def of(
        cls, name: str, model_input: ModelInput, routine: Routine, sounds: LabelledSounds
    ) -> "Result":
        """Evaluate the best model of a training on the test set."""
        best = Path(routine.R["exports_dir"]) / "best.pt"
        # Other processes may not see the file, or too early.
        leader = ProcessGroup.join(routine.device).leader
        model = loadModel(best, type(routine.M), device=routine.device) if leader else routine.M
        training, _, test = routine.parts()
        chosen = test if leader else test[:0]
        values = _values(model_input, sounds)
        true = {label: column[chosen] for label, column in values.items()}
        known = {label: column[training] for label, column in values.items()}
        predictions = {
            MODEL: _predict(model, routine, model_input, chosen),
            MEAN: mean_predictor(model_input, known, len(chosen)),
        }
        report = None
        if len(chosen):
            report = Report.of(model_input, true, predictions)
            seen = chosen.numpy(), true, predictions[MODEL]
            keep_predictions(best.parent, model_input, sounds, *seen)
        made = (name, model_input, routine, sounds, best, model, leader)
        return cls(*made, chosen.numpy(), true, predictions, report)

    def __repr__(self) -> str:
        """Return the errors and the path of the best checkpoint in two lines."""
        errors = "nothing was evaluated" if self.report is None else repr(self.report)
        return f"<Result of {self.name}: {errors},\n best checkpoint {str(self.best)!r}>"

    def _repr_html_(self) -> str:
        """Return the errors, the losses and the path of the best checkpoint, for notebooks."""
        report = [] if self.report is None else [self.report._repr_html_()]
        name = f"{self.name}: {self.best}"
        return _html.block(name, *report) + curve_html(self.routine.history)

    @property
    def predicted(self) -> Values:
        """By label, the predictions of the model, shape (n,)."""
        return self.predictions[MODEL]

    @property
    def seconds(self) -> float:
        """The duration of all epochs."""
        return float(sum(record["seconds"] for record in self.routine.history))

    def compare(self) -> Report:
        """Return the report with the classical estimator beside the model and the mean predictor.

        The classical estimator is given as much of each sound as the model, and all of it. Its
        predictions take seconds to minutes; they are computed once. Raise ValueError where nothing
        was evaluated.
        """
        return Report.of(self.model_input, self.true, self._compared)

    def figure(self) -> Picture:
        """Draw predictions and errors of all that `compare` has, the losses, and some drums."""
        known = self.name, self.model_input, self.routine, self.sounds
        return _draw(*known, self.evaluated, self._compared)

    @cached_property
    def _compared(self) -> dict[str, Values]:
        """All predictions, by estimator; the classical one finds the sizes of drums."""
        if not len(self.evaluated):
            raise ValueError("nothing was evaluated: a training while `testing` has no test set.")
        if "drum_size" not in self.true:
            return dict(self.predictions)
        chosen, mean = torch.from_numpy(self.evaluated), self.predictions[MEAN]
        sizes = self.sounds.values("drum_size")[self.routine.parts()[0]]
        compared, whole = dict(self.predictions), self.sounds.waveforms.shape[1]
        for length in sorted({self.model_input.length, whole}):
            given = f"{1000 * length / self.sounds.sample_rate:.0f} ms"
            name = f"classical, {'whole sound' if length == whole else given}"
            compared[name] = classical_estimator(self.sounds, chosen, length, sizes, mean)
        return compared


def training_figure(
    title: str, model_input: ModelInput, routine: Routine, sounds: LabelledSounds
) -> Picture:
    """Draw the predictions of a model on the test set; while testing, on the validation set."""
    _, validation, test = routine.parts()
    chosen = test if len(test) else validation
    predicted = _predict(routine.M, routine, model_input, chosen)
    return _draw(title, model_input, routine, sounds, chosen.numpy(), {MODEL: predicted})


def _predict(
    model: Model, routine: Routine, model_input: ModelInput, chosen: torch.Tensor
) -> Values:
    """Return a model's predictions for some samples of the routine's dataset, by label."""
    predicted = predict_inputs(model, torch.as_tensor(routine.D.X)[chosen], model_input).double()
    return {
        label: column.numpy() if label in model_input.sizes else column[:, 0].numpy()
        for label, column in model_input.columns(predicted).items()
    }


def _values(model_input: ModelInput, sounds: LabelledSounds) -> Values:
    """Return the labels of all sounds."""
    sizes = model_input.sizes
    return {label: sounds.values(label, sizes.get(label, 1)) for label in model_input.labels}


def _draw(
    title: str,
    model_input: ModelInput,
    routine: Routine,
    sounds: LabelledSounds,
    chosen: npt.NDArray[np.int64],
    predictions: Mapping[str, Values],
) -> Picture:
    """Draw the predictions for the chosen sounds; outlines as shapes alone."""
    values = _values(model_input, sounds)
    numbers = {label: each for label, each in values.items() if label not in model_input.sizes}
    return report_figure(
        routine.history,
        {label: column[chosen] for label, column in numbers.items()},
        {
            name: {k: v for k, v in each.items() if k in numbers}
            for name, each in predictions.items()
        },
        units=dict(zip(model_input.labels, model_input.units, strict=True)),
        classes=model_input.classes,
        shapes=(
            lambda k: sounds.true_shape(chosen[k]),
            lambda k: sounds.predicted_shape(chosen[k], predictions[MODEL], k),
        )
        if sounds.have_shapes
        else None,
        title=title,
    )
