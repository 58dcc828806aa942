"""SpectralCNN: a convolutional network on constant-Q spectra of several windows of a sound."""

import math
from collections.abc import Sequence
from functools import cache
from typing import ClassVar, Final, Self, cast

import numpy as np
import torch

from .._checks import check_count, check_number
from ..pipeline import ExportedModel, Model, Parameters

SAMPLE_RATE: Final = 8000
INPUT_LENGTH: Final = 8000
"""How many samples the network takes, and how many of them are a second."""

_LOWEST, _HIGHEST, _BINS = 40.0, 3900.0, 528  # Hz, Hz, and how many frequencies between
_WINDOWS = (171, 683, 2048, 8000)  # samples: 21, 85 and 256 ms, 1 s
_SPREAD = 1.5  # bins; no window is longer than a spectral line of that width needs
_FADE = 0.25  # of a window
_FLOOR = 10**-3.5  # of the strongest bin, where the logarithm ends
_KERNELS = (9, 7, 5, 5, 5)
_WIDTHS = (1.0, 1.5, 2.0, 2.0, 2.0)  # channels of the layers, times `width`


class ConstantQSpectra(torch.nn.Module):
    """Magnitudes and phases of a sound on a logarithmic frequency axis, in several windows.

    The windows begin with the sound; short ones show the strike, long ones separate close partials.
    Each ends in a quarter of a cosine's square. At a frequency f none is longer than 1.5 / (r f),
    where r is the ratio of neighbouring frequencies less 1, so that no partial is lost between two
    of them, and white noise is as strong at all of them. A larger drum's spectrum is that of a
    smaller one, shifted.

    It is one linear map of the samples, so that any runtime of ONNX computes it. Source: J. C.
    Brown, "Calculation of a constant Q spectral transform", J. Acoust. Soc. Am. 89 (1991) 425.
    """

    channels: ClassVar[int] = 3 * len(_WINDOWS)

    def __init__(self) -> None:
        super().__init__()
        for name, basis in _bases().items():
            # Not saved: 46 MB that follow from the constants above.
            self.register_buffer(name, basis.to(torch.get_default_dtype()), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Turn sounds, shape (n, 8000), into (n, 12, 528).

        Three channels a window: the logarithm of the magnitude, relative to the strongest, from -1
        (70 dB below it) to 1, and half of it, from 0, times the cosine and the sine of the phase.
        """
        x = x - x.mean(dim=1, keepdim=True)
        channels = []
        for name in _bases():
            basis = self.get_buffer(name)
            real, imaginary = torch.split(x[:, : len(basis)] @ basis, _BINS, dim=1)
            power = real.square() + imaginary.square()
            magnitude = power.clamp(min=torch.finfo(x.dtype).tiny).sqrt()
            strongest = magnitude.amax(dim=1, keepdim=True)
            level = 1 + torch.log10(magnitude / strongest + _FLOOR) / -math.log10(_FLOOR)
            phase = level / magnitude
            channels += [2 * level - 1, phase * real, phase * imaginary]
        return torch.stack(channels, dim=1)


@cache
def _bases() -> dict[str, torch.Tensor]:
    """Return the waves of each window, shape (samples, 2 bins), cosines first.

    A window of n samples is scaled by 1 / sqrt(n): white noise is as strong in all of them.
    """
    ratio = math.log(_HIGHEST / _LOWEST) / (_BINS - 1)
    frequencies = np.geomspace(_LOWEST, _HIGHEST, _BINS)
    longest = _SPREAD / ratio * SAMPLE_RATE / frequencies
    bases = {}
    for length in _WINDOWS:
        times, ends = np.arange(length)[:, None], np.minimum(length, longest)
        fade = np.clip((times - (1 - _FADE) * ends) / (_FADE * ends), 0, 1)
        window = np.cos(math.pi / 2 * fade) ** 2 * (times < ends) / np.sqrt(ends)
        waves = window * np.exp(-2j * math.pi / SAMPLE_RATE * frequencies * times)
        both = np.hstack([waves.real, waves.imag]).astype(np.float32)
        bases[f"window_{length}"] = torch.from_numpy(both)
    return bases


class SpectralCNN(Model):
    """A convolutional network on spectra with a logarithmic frequency axis.

    `ConstantQSpectra`, five blocks of convolution along the frequencies, max pooling by two, batch
    normalisation and ReLU, a hidden layer and a linear one. It takes a second of sound at 8 kHz
    from the strike on, and is indifferent to its gain and to a constant added.
    """

    capturable: ClassVar[bool] = True

    class ModelHyperParameters(Parameters):
        """The parameters of a training; its own are those of `SpectralCNN.__init__`."""

        width: int
        hidden: int
        learning_rate: float
        weight_decay: float

    def __init__(
        self, width: int, hidden: int, learning_rate: float, weight_decay: float, outputs: int
    ) -> None:
        """Make a network with random weights.

        Args:
            width: channels of the first layer, from 2; the last ones have twice as many.
            hidden: nodes of the hidden layer.
            learning_rate: step size of AdamW, above 0; the peak under the schedule `one_cycle`.
            weight_decay: of AdamW, from 0.
            outputs: number of nodes in the output layer.

        Raises:
            TypeError: an argument is of the wrong type.
            ValueError: an argument is out of range.
        """
        super().__init__()
        check_count("width", width, 2)
        check_number("learning_rate", learning_rate, above=0)
        check_number("weight_decay", weight_decay, least=0)
        self.spectra = ConstantQSpectra()
        channels = [ConstantQSpectra.channels, *(int(factor * width) for factor in _WIDTHS)]
        self.blocks = torch.nn.Sequential(*_blocks(channels))
        flat = channels[-1] * (_BINS >> len(_KERNELS))
        self.hidden = torch.nn.Linear(flat, check_count("hidden", hidden))
        self.linear = torch.nn.Linear(hidden, check_count("outputs", outputs))
        # Channels last: a fifth faster on a CPU, with the same numbers.
        self.blocks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.criterion = torch.nn.MSELoss()
        self.optimiser = torch.optim.AdamW(
            self.parameters(), lr=learning_rate, weight_decay=weight_decay
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from sounds, shape (n, 8000), at 8 kHz.

        Returns:
            Predictions, shape (n, outputs), in the dtype of the weights, under autocast too.

        Raises:
            ValueError: another shape.
        """
        if x.ndim != 2 or x.shape[1] != INPUT_LENGTH:
            raise ValueError(
                f"SpectralCNN takes sounds of the shape (n, {INPUT_LENGTH}), got {tuple(x.shape)}."
            )
        # Logarithms of spectra and the last layers need more digits than autocast leaves.
        with torch.autocast(x.device.type, enabled=False):
            spectra = self.spectra(x)[:, :, None]
        features = self.blocks(spectra.contiguous(memory_format=torch.channels_last))
        with torch.autocast(x.device.type, enabled=False):
            flat = features.squeeze(2).flatten(1).to(self.linear.weight.dtype)
            return cast(torch.Tensor, self.linear(torch.relu(self.hidden(flat))))

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Train on a batch of sounds x, and add its share of the epoch's loss to `training_loss`.

        The targets y must be of a shape that `criterion` takes.
        """
        self.optimiser.zero_grad()
        loss = self.criterion(self(x), y)
        loss.backward()
        self.optimiser.step()
        self.training_loss += cast("float", loss.detach() / loop_length)

    @classmethod
    def from_checkpoint(cls, checkpoint: ExportedModel) -> Self:
        """Build the model of a checkpoint; weights stored as halves run in float32."""
        model = super().from_checkpoint(checkpoint)
        return model.float() if model.linear.weight.dtype == torch.float16 else model


def _blocks(channels: Sequence[int]) -> list[torch.nn.Module]:
    """Return the layers of all blocks; pooled first, the others have half the work."""
    layers: list[torch.nn.Module] = []
    for i, width in enumerate(_KERNELS):
        layers += [
            torch.nn.Conv2d(channels[i], channels[i + 1], (1, width), padding=(0, width // 2)),
            torch.nn.MaxPool2d((1, 2)),
            torch.nn.BatchNorm2d(channels[i + 1]),
            torch.nn.ReLU(),
        ]
    return layers
