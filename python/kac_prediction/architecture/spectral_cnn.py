"""SpectralCNN: a convolutional network on constant-Q spectra of several windows of a sound."""

import math
from collections.abc import Sequence
from functools import cache, cached_property
from typing import ClassVar, Final, NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt
import torch

from .._arrays import Float64
from .._checks import check_count, check_number
from ..pipeline import ExportedModel, Model, Parameters

Float32 = npt.NDArray[np.float32]

SAMPLE_RATE: Final = 8000
INPUT_LENGTH: Final = 8000
"""How many samples the network takes, and how many of them are a second."""

_LOWEST, _HIGHEST, _BINS = 40.0, 3900.0, 528  # Hz, Hz, and how many bins of frequencies
_SPREAD = 1.5  # frequencies; no window is longer than a spectral line of that width needs
_FADE = 0.25  # of a window
_FLOOR = 10**-3.5  # of the strongest frequency, where the logarithm ends
_DECIMATIONS = (4, 2)  # for low frequencies of long windows
_TOGETHER = 64  # waves that are computed at once
_PASSED = 0.69  # of half the decimated rate
_KERNELS = (9, 7, 5, 5, 5)
_WIDTHS = (1.0, 1.5, 2.0, 2.0, 2.0)  # channels of the layers, times `width`


class _Window(NamedTuple):
    """A window: its samples, the frequencies in each bin, and whether phases are heard."""

    length: int
    fineness: int
    phases: bool

    @property
    def channels(self) -> int:
        return self.fineness * (3 if self.phases else 1)


_WINDOWS: Final = (  # 21, 85 and 256 ms, 1 s
    _Window(171, 1, True),
    _Window(683, 1, True),
    _Window(2048, 2, True),
    _Window(8000, 4, False),
)


class ConstantQSpectra(torch.nn.Module):
    """Magnitudes and phases of a sound on a logarithmic frequency axis, in several windows.

    The windows begin with the sound; short ones show the strike, long ones separate close partials.
    Each ends in a quarter of a cosine's square. At a frequency f none is longer than 1.5 / (r f),
    where r is the ratio of neighbouring frequencies less 1, so that no partial is lost between two
    of them, and white noise is as strong at all of them. Long windows have several frequencies in a
    bin, as channels of their own. A larger drum's spectrum is that of a smaller one, shifted.

    It is one linear map of the samples, so that any runtime of ONNX computes it; low frequencies of
    long windows are taken from the decimated sound, at a quarter of the work. Source: J. C. Brown,
    "Calculation of a constant Q spectral transform", J. Acoust. Soc. Am. 89 (1991) 425.
    """

    channels: ClassVar[int] = sum(window.channels for window in _WINDOWS)

    def __init__(self) -> None:
        super().__init__()
        # Not saved: they follow from the constants above.
        for name, constant in _constants().items():
            self.register_buffer(name, constant.to(torch.get_default_dtype()), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Turn sounds, shape (n, 8000), into (n, channels, 528).

        For each of the frequencies in a bin: the logarithm of the magnitude, relative to the
        strongest of the window, from -1 (70 dB below it) to 1; then half of it, from 0, times the
        cosine and the sine of the phase.
        """
        x = x - x.mean(dim=1, keepdim=True)
        sounds = {1: x}
        for step in _DECIMATIONS:
            low_pass = self.get_buffer(f"low_pass_{step}")
            half = len(low_pass) // 2
            filtered = torch.nn.functional.conv1d(
                x[:, None], low_pass[None, None], stride=step, padding=half
            )
            sounds[step] = filtered[:, 0]
        channels = []
        for window in _WINDOWS:
            waves = [
                sounds[step][:, : len(basis)] @ basis
                for step in _steps(window)
                for basis in [self.get_buffer(f"window_{window.length}_{step}")]
            ]
            halves = [torch.split(wave, wave.shape[1] // 2, dim=1) for wave in waves]
            real, imaginary = (torch.cat(parts, dim=1) for parts in zip(*halves, strict=True))
            power = real.square() + imaginary.square()
            magnitude = power.clamp(min=torch.finfo(x.dtype).tiny).sqrt()
            strongest = magnitude.amax(dim=1, keepdim=True)
            level = 1 + torch.log10(magnitude / strongest + _FLOOR) / -math.log10(_FLOOR)
            parts = [2 * level - 1]
            if window.phases:
                phase = level / magnitude
                parts += [phase * real, phase * imaginary]
            for part in parts:
                channels.append(part.reshape(-1, _BINS, window.fineness).transpose(1, 2))
        return torch.cat(channels, dim=1)


def _steps(window: _Window) -> tuple[int, ...]:
    """Return the decimations that a window's frequencies are taken from, the lowest first."""
    return (*_DECIMATIONS, 1) if window.length >= 2048 else (1,)


@cache
def _constants() -> dict[str, torch.Tensor]:
    """Return the low-passes of the decimations, and the waves of each window and decimation.

    Waves have the shape (samples, 2 frequencies), cosines first, and the window in them. One of n
    samples is scaled by 1 / sqrt(n): white noise is as strong in all of them.
    """
    constants = {}
    for step in _DECIMATIONS:
        times = np.arange(-8 * step, 8 * step + 1)
        low_pass = np.sinc(times / step) / step * np.kaiser(len(times), 7.9)  # 80 dB
        constants[f"low_pass_{step}"] = low_pass / low_pass.sum()
    ratio = math.log(_HIGHEST / _LOWEST) / (_BINS - 1)
    for window in _WINDOWS:
        places = np.arange(_BINS * window.fineness) / window.fineness
        frequencies = _LOWEST * np.exp(ratio * places)
        ends = np.minimum(
            window.length, _SPREAD * window.fineness / ratio * SAMPLE_RATE / frequencies
        )
        first = 0
        for step in _steps(window):
            last = len(frequencies)
            if step > 1:
                last = int(np.searchsorted(frequencies, _PASSED * SAMPLE_RATE / 2 / step))
            waves = _waves(frequencies[first:last], ends[first:last], step)
            constants[f"window_{window.length}_{step}"] = waves
            first = last
    return {
        name: torch.from_numpy(np.asarray(each, np.float32)) for name, each in constants.items()
    }


def _waves(frequencies: Float64, ends: Float64, step: int) -> Float32:
    """Return cosines, then sines, of frequencies until they end, shape (samples, 2 frequencies)."""
    count = len(frequencies)
    times = step * np.arange(math.ceil(ends.max() / step))[:, None]
    waves = np.empty((len(times), 2 * count), np.float32)
    for k in range(0, count, _TOGETHER):  # Ctrl-C waits for some, not for all of them
        f, end = frequencies[k : k + _TOGETHER], ends[k : k + _TOGETHER]
        fade = np.clip((times - (1 - _FADE) * end) / (_FADE * end), 0, 1)
        shape = np.cos(math.pi / 2 * fade) ** 2 * (times < end) * (step / np.sqrt(end))
        turning = shape * np.exp(-2j * math.pi / SAMPLE_RATE * f * times)
        waves[:, k : k + len(f)] = turning.real
        waves[:, count + k : count + k + len(f)] = turning.imag
    return waves


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
            width: channels of the first layer, from 2 to 1024; the last ones have twice as many.
            hidden: nodes of the hidden layer, at most 8192.
            learning_rate: step size of AdamW, above 0; the peak under the schedule `one_cycle`.
            weight_decay: of AdamW, from 0.
            outputs: number of nodes in the output layer.

        Raises:
            TypeError: an argument is of the wrong type.
            ValueError: an argument is out of range.
        """
        super().__init__()
        check_count("width", width, 2, 1024)
        check_number("learning_rate", learning_rate, above=0)
        check_number("weight_decay", weight_decay, least=0)
        self.spectra = ConstantQSpectra()
        channels = [ConstantQSpectra.channels, *(int(factor * width) for factor in _WIDTHS)]
        self.blocks = torch.nn.Sequential(*_blocks(channels))
        flat = channels[-1] * (_BINS >> len(_KERNELS))
        self.hidden = torch.nn.Linear(flat, check_count("hidden", hidden, most=8192))
        self.linear = torch.nn.Linear(hidden, check_count("outputs", outputs))
        # Channels last: a fifth faster on a CPU, with the same numbers.
        self.blocks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.criterion = torch.nn.MSELoss()
        self._rates = learning_rate, weight_decay

    @cached_property
    def optimiser(self) -> torch.optim.Optimizer:  # type: ignore[override]
        """What trains it, made when it is first used: to import what it needs takes a second."""
        rate, decay = self._rates
        return torch.optim.AdamW(self.parameters(), lr=rate, weight_decay=decay)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from sounds, shape (n, 8000), of any dtype, at 8 kHz.

        Returns:
            Predictions, shape (n, outputs), in the dtype of the weights, under autocast too.

        Raises:
            ValueError: another shape.
        """
        if x.ndim != 2 or x.shape[1] != INPUT_LENGTH:
            raise ValueError(
                f"SpectralCNN takes sounds of the shape (n, {INPUT_LENGTH}), got {tuple(x.shape)}."
            )
        x = x.to(self.linear.weight.dtype)
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
