"""The loss of models of drums: one for all labels that a ModelInput names."""

from collections.abc import Callable
from functools import partial
from typing import Final

import torch
from torch.nn import functional

from ..pipeline import ModelInput

Error = Callable[..., torch.Tensor]
"""From predictions, targets and `reduction="none"` to the loss of each, as torch's functionals."""

ERROR: Final[Error] = partial(functional.smooth_l1_loss, beta=0.05)
"""The loss of numbers in their own scale: quadratic up to 0.05 (5 % of a logarithm), linear above,
so that a few hard drums do not outweigh the others: median errors fall by a third.
"""


class DrumLoss(torch.nn.Module):
    """The mean over the labels of `error` of a number, and of the cross entropy of a class.

    A target that is nan, of a label that a sample does not have, counts nothing. It never
    synchronises with the device, and no shape depends on the data, so that CUDA graphs can hold it.

    Args:
        model_input: which outputs belong to which label.
        error: the loss of a number.
    """

    def __init__(self, model_input: ModelInput, error: Error = ERROR) -> None:
        super().__init__()
        self._input = model_input
        self._error = error

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the mean of `by_label`, a tensor of one number."""
        return self.by_label(prediction, target).mean()

    def by_label(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss of each label, the mean over the samples that have it, shape (labels,).

        Args:
            prediction: outputs of the model, shape (n, model_input.outputs).
            target: as `ModelInput.targets` gives them, shape (n, labels).

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
        outputs, means = self._input.split(prediction), []
        for place, label in enumerate(labels):
            known = ~target[:, place].isnan()
            filled = torch.where(known, target[:, place], torch.zeros_like(target[:, place]))
            if label in self._input.classes:
                losses = functional.cross_entropy(outputs[label], filled.long(), reduction="none")
            else:
                losses = self._error(outputs[label][:, 0], filled, reduction="none")
            means.append(torch.where(known, losses, 0.0).sum() / known.sum().clamp(min=1))
        return torch.stack(means)
