"""The loss of models of drums: one for all labels that a ModelInput names."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

import torch
from torch.nn import functional

from ..pipeline import ModelInput
from ..pipeline.model_input import LOG_SPREADS

Error = Callable[..., torch.Tensor]
"""From predictions, targets and `reduction="none"` to the loss of each, as torch's functionals."""

ERROR: Final[Error] = partial(functional.smooth_l1_loss, beta=0.05)
"""The loss of numbers in their own scale: quadratic up to 0.05 (5 % of a logarithm), linear above,
so that a few hard drums do not outweigh the others: median errors fall by a third.
"""

_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class DrumLoss(torch.nn.Module):
    """The mean of the losses of all labels, as `model_input` describes them.

    Of a class it is the cross entropy; of a number `error`, or, where the model predicts its spread
    b too, the negative logarithm of a Laplace density, |x| / b + log b; of several numbers, an
    outline, the mean square error at the rotation or reflection that fits best.

    A target that is nan, of a label that a sample does not have, counts nothing. It never
    synchronises with the device, and no shape depends on the data, so that CUDA graphs can hold it.

    Args:
        model_input: which outputs belong to which label.
        error: the loss of a number.
        weights: factors of the losses of labels; 1 where not given.
        priors: by class label, how often each class is in the training set. The model then predicts
            what it would were all as frequent (logit adjustment: A. K. Menon et al., "Long-tail
            learning via logit adjustment", 2021, https://doi.org/10.48550/arXiv.2007.07314).
    """

    def __init__(
        self,
        model_input: ModelInput,
        error: Error = ERROR,
        weights: Mapping[str, float] = _NONE,
        priors: Mapping[str, Sequence[float]] = _NONE,
    ) -> None:
        super().__init__()
        self._input = model_input
        self._error = error
        self._numbers = sum(model_input.sizes.get(label, 1) for label in model_input.labels)
        factors = [weights.get(label, 1.0) for label in model_input.labels]
        self.register_buffer("_weights", torch.tensor(factors), persistent=False)
        for label, shares in priors.items():
            self.register_buffer(f"_prior_of_{label}", torch.tensor(shares).log(), persistent=False)

    def forward(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the weighted mean of `by_label`, a tensor of one number."""
        return self.weighted(self.by_label(prediction, target))

    def weighted(self, losses: torch.Tensor) -> torch.Tensor:
        """Return the weighted mean of the losses of all labels, shape (labels,)."""
        return (losses * self.get_buffer("_weights")).mean()

    def by_label(self, prediction: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Return the loss of each label, the mean over the samples that have it, shape (labels,).

        Args:
            prediction: outputs of the model, shape (n, model_input.outputs).
            target: as `ModelInput.targets` gives them, shape (n, numbers of all labels).

        Raises:
            ValueError: other shapes, which would be broadcast against each other otherwise.
        """
        labels = self._input.labels
        expected = (len(target), self._input.outputs), (len(target), self._numbers)
        if (prediction.shape, target.shape) != expected:
            raise ValueError(
                f"{', '.join(labels)} need predictions of the shape {expected[0]} and targets of "
                f"the shape {expected[1]}, got {tuple(prediction.shape)} and {tuple(target.shape)}."
            )
        outputs, spreads = self._input.split(prediction), self._input.log_spreads(prediction)
        means = []
        for label, column in self._input.columns(target).items():
            known = ~column[:, 0].isnan()
            true = torch.where(known[:, None], column, torch.zeros_like(column))
            losses = self._losses(label, outputs[label], true, spreads.get(label))
            means.append(torch.where(known, losses, 0.0).sum() / known.sum().clamp(min=1))
        return torch.stack(means)

    def _losses(
        self, label: str, output: torch.Tensor, true: torch.Tensor, spread: torch.Tensor | None
    ) -> torch.Tensor:
        """Return the loss of one label of each sample, shape (n,)."""
        if label in self._input.classes:
            if self.training and (prior := getattr(self, f"_prior_of_{label}", None)) is not None:
                output = output + prior
            return functional.cross_entropy(output, true[:, 0].long(), reduction="none")
        if label in self._input.sizes:
            return (output - turned(true, output.detach())).square().mean(dim=1)
        if spread is None:
            return self._error(output[:, 0], true[:, 0], reduction="none")
        log_scale = spread[:, 0].clamp(*LOG_SPREADS)
        return log_scale + (output - true)[:, 0].abs() * torch.exp(-log_scale)


def turned(outlines: torch.Tensor, towards: torch.Tensor) -> torch.Tensor:
    """Rotate and reflect outlines, shape (n, angles), to fit others best, in steps of an angle.

    Of all rotations and reflections the mean square difference is least where the correlation, here
    by Fourier transforms, is greatest.
    """
    angles = outlines.shape[1]
    both = torch.stack([outlines, outlines.flip(1)], dim=1)
    spectra = torch.fft.rfft(towards)[:, None] * torch.fft.rfft(both).conj()
    best = torch.fft.irfft(spectra, angles).flatten(1).argmax(dim=1)
    chosen = both.gather(1, (best // angles)[:, None, None].expand(-1, 1, angles))[:, 0]
    steps = torch.arange(angles, device=outlines.device) - (best % angles)[:, None]
    return chosen.gather(1, steps % angles)
