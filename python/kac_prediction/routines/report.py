"""How well a model predicts, in numbers that mean something to a person."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Report:
    """The errors of a model on sounds that it never heard, beside those of not listening at all.

    `str(report)` is a table.

    Attributes:
        label: what was predicted.
        unit: its unit.
        count: how many sounds were predicted.
        mean_absolute_error: mean of |predicted - true|, in `unit`.
        median_relative_error: median of |predicted - true| / true.
        baseline_mean_absolute_error: the same of always answering the mean of the training.
        baseline_median_relative_error: the same of always answering the mean of the training.
    """

    label: str
    unit: str
    count: int
    mean_absolute_error: float
    median_relative_error: float
    baseline_mean_absolute_error: float
    baseline_median_relative_error: float

    @classmethod
    def of(
        cls,
        label: str,
        unit: str,
        true: npt.ArrayLike,
        predicted: npt.ArrayLike,
        training_mean: float,
    ) -> "Report":
        """Compare predictions with the truth.

        Args:
            label: what was predicted.
            unit: its unit.
            true: the truth, shape (n,), n from 1, above 0.
            predicted: the predictions, shape (n,).
            training_mean: mean of the truth in the training data, what one who cannot hear
                would answer.

        Raises:
            ValueError: other shapes, or a true value that is not above 0.
        """
        truth, answers = np.asarray(true, np.float64), np.asarray(predicted, np.float64)
        if truth.ndim != 1 or not truth.size or truth.shape != answers.shape:
            raise ValueError(
                f"true and predicted must have the shape (n,), n from 1, got {truth.shape} and "
                f"{answers.shape}."
            )
        if not (truth > 0).all():
            raise ValueError(
                f"a relative error needs true values above 0, got {float(truth.min())!r}."
            )
        error, baseline = np.abs(answers - truth), np.abs(training_mean - truth)
        return cls(
            label=label,
            unit=unit,
            count=truth.size,
            mean_absolute_error=float(error.mean()),
            median_relative_error=float(np.median(error / truth)),
            baseline_mean_absolute_error=float(baseline.mean()),
            baseline_median_relative_error=float(np.median(baseline / truth)),
        )

    @property
    def gain(self) -> float:
        """How many times smaller the mean absolute error is than that of answering the mean."""
        if self.mean_absolute_error == 0:
            return float("inf")
        return self.baseline_mean_absolute_error / self.mean_absolute_error

    def __str__(self) -> str:
        """Return a table of three lines and a headline."""
        rows = [
            (f"{self.label} of {self.count} unheard sounds", "model", "always the mean"),
            (
                f"mean absolute error ({self.unit})",
                f"{self.mean_absolute_error:.4f}",
                f"{self.baseline_mean_absolute_error:.4f}",
            ),
            (
                "median relative error",
                f"{self.median_relative_error:.2%}",
                f"{self.baseline_median_relative_error:.2%}",
            ),
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        return "\n".join(
            f"{name:<{widths[0]}}  {model:>{widths[1]}}  {mean:>{widths[2]}}"
            for name, model, mean in rows
        )
