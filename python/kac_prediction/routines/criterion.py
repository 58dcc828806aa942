"""What a model of drums is to make small: one loss for all labels that a ModelInput names."""

from collections.abc import Callable
from functools import partial
from typing import Final

import torch
from torch.nn import functional

from ..pipeline import ModelInput

Error = Callable[..., torch.Tensor]
"""From predictions, targets and `reduction="none"` to a loss of each, as of torch's functional."""

ERROR: Final[Error] = partial(functional.smooth_l1_loss, beta=0.05)
"""What an error costs, of numbers in their own scale, with logarithms relative errors: the square
of small ones, and of those above 5 % the amount, so that a few drums that are hard to hear do not
outweigh all others. Beside the square alone it takes a third off the median errors.
"""


class DrumLoss(torch.nn.Module):
    """The mean over the labels of: what `error` says of a number, the cross entropy of a class.

    A target that is nan, of a label that a sample does not have, counts nothing. Nothing in here
    waits for the device or depends on the data in its shape, so a step with it can be recorded.

    Args:
        model_input: which outputs belong to which label.
        error: what a wrong number costs.
    """

    def __init__(self, model_input: ModelInput, error: Error = ERROR) -> None:
        super().__init__()
        self._input = model_input
        self._error = error

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the mean of `by_label`, a tensor of one number."""
        return self.by_label(prediction, target).mean()

    def by_label(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss of each label.

        Args:
            prediction: outputs of the model, shape (n, model_input.outputs).
            target: as `ModelInput.targets` gives them, shape (n, labels).

        Returns:
            Shape (labels,): means over the samples that have the label.

        Raises:
            ValueError: other shapes, which would be broadcast against each other otherwise.
        """
        labels = self._input.labels
        expected = (len(target), self._input.outputs), (len(target), len(labels))
        if (prediction.shape, target.shape) != expected:
            raise ValueError(
                f"{', '.join(labels)} need predictions of the shape {expected[0]} and targets of "
                f"the shape {expected[1]}, got {tuple(prediction.shape)} and {tuple(target.shape)}."
            )
        columns = self._input.split(prediction)
        return torch.stack(
            [
                self._loss(label, columns[label], target[:, place])
                for place, label in enumerate(labels)
            ]
        )

    def _loss(self, label: str, outputs: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        known = ~target.isnan()
        filled = torch.where(known, target, torch.zeros_like(target))
        if label in self._input.classes:
            losses = functional.cross_entropy(outputs, filled.long(), reduction="none")
        else:
            losses = self._error(outputs[:, 0], filled, reduction="none")
        return torch.where(known, losses, 0.0).sum() / known.sum().clamp(min=1)
