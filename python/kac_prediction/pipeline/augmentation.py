"""Augmentation: synthesised sounds with the noise, level and onset that recordings have.

A model trained on drums struck at sample 0, in silence, at full level, relies on that.
"""

import logging
from dataclasses import dataclass, replace
from typing import Self

import torch

from .._checks import check_number
from .model_input import ModelInput
from .training.options import TrainingOptions

logger = logging.getLogger(__name__)

NOISE_RANGE = 60.0  # dB below `noise` down to which the level of the noise is drawn
STEEPEST = 2.0  # noise has a power spectrum 1 / f^beta, beta between 0 (white) and this (brown)


@dataclass(frozen=True)
class Augmentation:
    """From raw sounds to what a model sees, with onset, noise and gain drawn for each sound.

    In this order: the onset is moved by whole samples, uniform in +- `onset`; noise is added, its
    RMS uniform in dB between `noise` - 60 and `noise` relative to that of the cropped sound, its
    colour uniform between white and brown, since rooms rumble more than they hiss; both get a gain,
    uniform in dB in +- `gain` (not drawn where sounds are normalised, which would undo it). Then
    `model_input` normalises and represents them. A late onset has silence before the strike, an
    early one shows as many more samples at the end, which the sound must have: `margin`.
    """

    model_input: ModelInput  # what the model sees without augmentation
    gain: float = 0.0  # dB, from 0
    noise: float | None = None  # dB; None: no noise
    onset: float = 0.0  # seconds, from 0; less than the model hears

    def __post_init__(self) -> None:
        """Check the fields."""
        check_number("gain", self.gain, least=0)
        check_number("onset", self.onset, least=0)
        if self.noise is not None:
            check_number("noise", self.noise)
        if self.margin >= self.model_input.length:
            raise ValueError(
                f"an onset may move by less than the {self.model_input.length} samples that the "
                f"model sees, got {self.onset!r} s: {self.margin} samples at "
                f"{self.model_input.sample_rate} Hz."
            )

    @classmethod
    def of(cls, options: TrainingOptions, model_input: ModelInput) -> Self | None:
        """Return the augmentation that the options ask for; None: none."""
        gain, noise, onset = options.augment_gain, options.augment_noise, options.augment_onset
        if gain and model_input.normalise:
            logger.warning("augment_gain = %g has no effect: inputs are normalised", gain)
        if noise is None and not onset and (not gain or model_input.normalise):
            return None
        return cls(model_input, gain, noise, onset)

    @property
    def margin(self) -> int:
        """The samples beyond `model_input.length` that a sound must have."""
        return round(self.onset * self.model_input.sample_rate)

    def __call__(self, sounds: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return augmented inputs of raw sounds, each time others drawn from the generator.

        Nothing waits for the device, unless there is a representation, which the core computes.

        Args:
            sounds: they begin at the strike, shape (n, model_input.length + margin or more).
            generator: on the device of the sounds.

        Returns:
            Inputs as of `model_input.inputs`, on the device and in the dtype of the sounds. A
            normalised sound with a sample that is not finite becomes nan as a whole.
        """
        length, margin, normalise = self.model_input.length, self.margin, self.model_input.normalise
        if sounds.ndim != 2 or sounds.shape[1] < length + margin:
            raise ValueError(
                f"sounds to be augmented must have the shape (n, samples) with at least "
                f"{length + margin} samples, {margin} of them for the onset to move, got "
                f"{tuple(sounds.shape)}."
            )

        def uniform() -> torch.Tensor:
            size = len(sounds), 1
            return torch.rand(size, generator=generator, device=sounds.device, dtype=sounds.dtype)

        x = sounds[:, :length]
        if margin:
            # In front of each sound lie `margin` samples of silence: its onset is at that sample.
            silent = torch.nn.functional.pad(sounds[:, : length + margin], (margin, 0))
            first = torch.randint(
                2 * margin + 1, (len(sounds), 1), generator=generator, device=sounds.device
            )
            x = silent.gather(1, first + torch.arange(length, device=sounds.device))
        if self.noise is not None:
            decibels = self.noise - NOISE_RANGE * uniform()
            beta = STEEPEST * uniform()
            white = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
            spectrum = torch.fft.rfft(white)
            bins = torch.arange(spectrum.shape[1], device=x.device, dtype=x.dtype)
            # The amplitude goes with the root of the power. An offset (bin 0) is weighted as bin 1.
            noise = torch.fft.irfft(spectrum * bins.clamp(min=1) ** (-beta / 2), length)
            x = x + noise / _rms(noise) * (10 ** (decibels / 20) * _rms(x))
        if self.gain and not normalise:
            x = x * 10 ** ((2 * uniform() - 1) * self.gain / 20)
        if normalise:
            x = normalised(x)
        if self.model_input.representation is None:
            return x
        return replace(self.model_input, normalise=False).inputs(x)


def normalised(x: torch.Tensor) -> torch.Tensor:
    """Map the smallest and the largest sample of each sound, shape (..., length), to -1 and 1.

    As `InputRepresentation.normalise`, but in the dtype and on the device of x, without waiting for
    it; so it makes nan of a sound with samples that are not finite. A constant sound becomes 0.
    """
    low = x.amin(-1, keepdim=True)
    span = x.amax(-1, keepdim=True) - low
    return torch.where(span == 0, 0.0, (x - low) / span * 2 - 1)


def _rms(x: torch.Tensor) -> torch.Tensor:
    """Return the root mean square of each sound, shape (n, 1)."""
    return x.square().mean(1, keepdim=True).sqrt()
