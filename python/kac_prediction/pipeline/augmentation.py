"""Augmentation: makes of a synthesised sound, drawn anew each time, what a microphone might hear.

A model that has only heard drums struck at sample 0, in silence, at full level, has learnt to rely
on that. Recordings have noise, any level, and an onset that somebody or something found.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any, Self

import torch

from .model_input import ModelInput

logger = logging.getLogger(__name__)

NOISE_RANGE = 60.0
"""How far below `noise` the level of the noise may be drawn, dB."""

STEEPEST = 2.0
"""Noise has a power spectrum 1 / f^beta, beta between 0 (white) and this (brown)."""


@dataclass(frozen=True)
class Augmentation:
    """From raw sounds to what a model sees, with onset, noise and gain drawn for each sound.

    In this order: the onset is moved by whole samples, uniform in +- `onset`; noise is added, its
    RMS uniform in dB between `noise` - 60 and `noise` relative to the RMS of what is then seen of
    the sound, its colour uniform between white and brown, for rooms rumble more than they hiss;
    sound and noise get a gain, uniform in dB in +- `gain`. Then they are normalised (after which
    the gain is as if it had never been, so that it is not drawn) and represented as `model_input`
    says.

    A late onset has silence before the strike, or noise alone; an early one lacks the first
    samples, and shows as many more of those after, which the sound must have: `margin`.

    Attributes:
        model_input: what the model sees without augmentation.
        gain: dB, from 0.
        noise: dB; None: no noise.
        onset: seconds, from 0.
    """

    model_input: ModelInput
    gain: float = 0.0
    noise: float | None = None
    onset: float = 0.0

    def __post_init__(self) -> None:
        """Check the fields.

        Raises:
            ValueError: a number that is not finite or is negative, or a jitter of the onset so
                large that there might be nothing of the sound left.
        """
        for name in ("gain", "onset"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} must be a number from 0, got {value!r}.")
        if self.noise is not None and not isfinite(self.noise):
            raise ValueError(f"noise must be a level in dB, got {self.noise!r}; None: no noise.")
        if self.margin >= self.model_input.length:
            raise ValueError(
                f"an onset may move by less than the {self.model_input.length} samples that the "
                f"model sees, got {self.onset!r} s: {self.margin} samples at "
                f"{self.model_input.sample_rate} Hz."
            )

    @classmethod
    def of(cls, parameters: Mapping[str, Any], model_input: ModelInput) -> Self | None:
        """Return the augmentation that the parameters ask for; None: none.

        Args:
            parameters: `augment_gain`, `augment_noise` and `augment_onset` are looked at.
            model_input: what the model sees.

        Raises:
            ValueError: a parameter is out of range.
        """
        gain, onset = (float(parameters.get(f"augment_{name}", 0)) for name in ("gain", "onset"))
        noise = parameters.get("augment_noise")
        if gain and model_input.normalise:
            logger.warning(
                "augment_gain = %g has no effect: what the model sees is normalised", gain
            )
        if noise is None and not onset and (not gain or model_input.normalise):
            return None
        return cls(model_input, gain, noise, onset)

    @property
    def margin(self) -> int:
        """How many samples beyond `model_input.length` a sound must have."""
        return round(self.onset * self.model_input.sample_rate)

    def __call__(self, sounds: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Make of raw sounds what the model sees, each time another.

        Nothing waits for the device, unless there is a representation, which the core makes.

        Args:
            sounds: they begin at the strike, shape (n, model_input.length + margin or more), of
                floating numbers. They are not changed.
            generator: draws everything; on the device of the sounds.

        Returns:
            Inputs as `model_input.inputs` returns them, on the device and in the dtype of the
            sounds. A sound with a sample that is not a finite number becomes nan as a whole, if it
            is normalised.

        Raises:
            ValueError: another number of dimensions, or too few samples.
        """
        needed = self.model_input.length + self.margin
        if sounds.ndim != 2 or sounds.shape[1] < needed:
            raise ValueError(
                f"sounds to be augmented must have the shape (n, samples) with at least {needed} "
                f"samples, {self.margin} of them for the onset to move, got {tuple(sounds.shape)}."
            )
        x = self._with_gain(self._with_noise(self._moved(sounds, generator), generator), generator)
        if self.model_input.normalise:
            x = normalised(x)
        if self.model_input.representation is None:
            return x
        return replace(self.model_input, normalise=False).inputs(x)

    def _moved(self, sounds: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Crop sounds, their onsets moved, shape (n, length)."""
        length, margin = self.model_input.length, self.margin
        if not margin:
            return sounds[:, :length]
        # In front of each sound lie `margin` samples of silence: its onset is at sample `margin`.
        first = torch.randint(
            2 * margin + 1, (len(sounds), 1), generator=generator, device=sounds.device
        )
        silent = torch.nn.functional.pad(sounds[:, : length + margin], (margin, 0))
        return silent.gather(1, first + torch.arange(length, device=sounds.device))

    def _with_noise(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Add noise to sounds of shape (n, length)."""
        if self.noise is None:
            return x
        decibels = self.noise - NOISE_RANGE * _uniform(x, generator)
        noise = _coloured(x, STEEPEST * _uniform(x, generator), generator)
        return x + noise * (10 ** (decibels / 20) * _rms(x))

    def _with_gain(self, x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Give sounds of shape (n, length) their gains."""
        if not self.gain or self.model_input.normalise:
            return x
        return x * 10 ** ((2 * _uniform(x, generator) - 1) * self.gain / 20)


def normalised(x: torch.Tensor) -> torch.Tensor:
    """Map the smallest and the largest sample of each sound to -1 and 1, where the sound lies.

    It means what `InputRepresentation.normalise` means, in the dtype and on the device of x, and
    waits for nothing; so it cannot refuse samples that are not finite, and makes nan of the sound.

    Args:
        x: floating numbers, shape (..., length).

    Returns:
        New tensor of the same shape; all zeros for a sound that is constant.
    """
    low = x.amin(-1, keepdim=True)
    span = x.amax(-1, keepdim=True) - low
    return torch.where(span == 0, 0.0, (x - low) / span * 2 - 1)


def _uniform(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw a number in [0, 1) for each sound, shape (n, 1)."""
    return torch.rand(len(x), 1, generator=generator, device=x.device, dtype=x.dtype)


def _rms(x: torch.Tensor) -> torch.Tensor:
    """Root mean square of each sound, shape (n, 1)."""
    return x.square().mean(1, keepdim=True).sqrt()


def _coloured(x: torch.Tensor, beta: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw noise of the shape of x, (n, length), with a power spectrum 1 / f^beta and an RMS of 1.

    Args:
        x: what the noise is for.
        beta: of each sound, shape (n, 1).
        generator: draws it.
    """
    length = x.shape[1]
    white = torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    spectrum = torch.fft.rfft(white)
    bins = torch.arange(spectrum.shape[1], device=x.device, dtype=x.dtype)
    # The amplitude goes with the root of the power. An offset (bin 0) is weighted as bin 1 is.
    noise: torch.Tensor = torch.fft.irfft(spectrum * bins.clamp(min=1) ** (-beta / 2), length)
    return noise / _rms(noise)
