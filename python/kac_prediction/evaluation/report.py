"""The report of a model: its errors on sounds of unseen drums, beside those of baselines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..pipeline import ModelInput
from .errors import ConfusionMatrix, LabelReport, Values, size_ranges


@dataclass(frozen=True)
class Report:
    """The errors of a model on unseen drums, beside those of the baselines.

    `report["drum_size"].model.mean_absolute` is in metres, and `str(report)` is a table.

    Attributes:
        labels: by label, the errors of its numbers.
        classes: by label, the confusion matrix of its classes.
    """

    labels: Mapping[str, LabelReport]
    classes: Mapping[str, ConfusionMatrix] = field(default_factory=dict)

    @classmethod
    def of(
        cls, model_input: ModelInput, true: Values, predictions: Mapping[str, Values]
    ) -> "Report":
        """Compare predictions with the truth, also by the size of the drum and by its class.

        Args:
            model_input: names the labels, their units and classes.
            true: by label, `drum_size` among them, shape (n,), n from 1.
            predictions: by estimator, the model first, the same; labels it cannot predict are left
                out.

        Raises:
            ValueError: other shapes, or a true number that is not above 0.
        """
        subsets = size_ranges(true["drum_size"])
        for label, names in model_input.classes.items():
            subsets += [(name, true[label] == index) for index, name in enumerate(names)]
        labels, classes = {}, {}
        for label, unit in zip(model_input.labels, model_input.units, strict=True):
            known = {name: each[label] for name, each in predictions.items() if label in each}
            if label in model_input.classes:
                names = model_input.classes[label]
                classes[label] = ConfusionMatrix.of(label, names, true[label], known)
            else:
                labels[label] = LabelReport.of(label, unit, true[label], known, subsets)
        return cls(labels, classes)

    def __getitem__(self, label: str) -> LabelReport:
        """Return the errors of a label."""
        return self.labels[label]

    def to_dict(self) -> dict[str, Any]:
        """Return all of it in plain types, which JSON can hold."""
        return {
            "labels": {name: report.to_dict() for name, report in self.labels.items()},
            "classes": {name: matrix.to_dict() for name, matrix in self.classes.items()},
        }

    def __str__(self) -> str:
        """Return a table for each label."""
        return "\n\n".join(map(str, [*self.classes.values(), *self.labels.values()]))
