"""Augmentation: synthesised sounds with what recordings have, from noise to lossy coding.

A model trained on drums struck at sample 0, in silence, at full level, relies on that.
"""

import logging
from dataclasses import dataclass, fields, replace
from typing import Self

import torch

from .._checks import check_number
from . import effects
from .amplitudes import aligned, normalised
from .coding import codecs
from .drawn_effects import EFFECTS, Draws
from .model_input import ModelInput
from .training.options import TrainingOptions

logger = logging.getLogger(__name__)

NOISE_RANGE = 60.0  # dB below `noise` down to which the level of the noise is drawn
STEEPEST = 2.0  # noise has a power spectrum 1 / f^beta, beta between 0 (white) and this (brown)


@dataclass(frozen=True)
class Augmentation:
    """From raw sounds to what a model sees, with effects drawn for each sound.

    In this order; those that are shares change so many of the sounds of a batch, rounded to whole
    sounds and drawn anew each time:

    - `damping`: a further loss, that grows with frequency to a power of 1 to 2; T60 at 1 kHz
      0.2 to 3 s.
    - `second_drum`: another sound of the batch, peak 50 to 20 dB below, up to half the length
      earlier or later.
    - `onset`, `lead`: the strike is moved by whole samples, uniform between `onset` early and
      `onset` + `lead` late. A late one has silence before it, an early one shows as many more
      samples at the end, which the sound must have: `margin`.
    - `room`: T60 0.1 to 0.8 s, direct sound -3 to 12 dB above the reverberation, first reflections
      after 1 to 10 ms.
    - `band`: a telephone (300 to 3400 Hz), a low-pass from 1.5 to 4 kHz, a high-pass from 40 to
      150 Hz, or neither; each with a tilt of -6 to 6 dB per octave.
    - `noise`: its RMS uniform in dB between `noise` - 60 and `noise` relative to that of the
      cropped sound, or of its first `noise_window` seconds from the strike on; its colour uniform
      between white and brown, since rooms rumble more than they hiss.
    - `clicks`: 1 to 3, rather early than late, 30 dB below to 3 dB above the peak, decaying within
      20 microseconds to 0.5 ms.
    - `clipping`: at 0.1 to 0.9 of the peak.
    - `quantise`: to 8 bits, the full scale 0 to 12 dB above the peak.
    - `coding`: mp3 or Ogg Vorbis, where they know the sample rate, the compression from 0 to 0.9
      of the strongest; on the CPU, which waits for the device.
    - `offset`: a constant of up to 0.3 of the peak, of either sign.
    - `polarity`: turned over.
    - `truncate`: zeros from a time on, log-uniform between 20 ms and the whole length.
    - `gain`: uniform in dB in +- `gain`; not drawn where sounds are normalised, which undoes it.

    Numbers are uniform in their ranges; times and frequencies of `damping`, `room`, `band` and
    `clicks` log-uniform. Then `model_input` aligns, normalises and represents the sounds.
    """

    model_input: ModelInput  # what the model sees without augmentation
    gain: float = 0.0  # dB, from 0
    noise: float | None = None  # dB; None: no noise
    onset: float = 0.0  # seconds, from 0; less than the model hears
    lead: float = 0.0  # seconds, from 0; with `onset` less than the model hears
    noise_window: float | None = None  # seconds; None: all that the model hears
    band: float = 0.0  # this and the following: shares, from 0 to 1
    clicks: float = 0.0
    clipping: float = 0.0
    coding: float = 0.0
    damping: float = 0.0
    offset: float = 0.0
    polarity: float = 0.0
    quantise: float = 0.0
    room: float = 0.0
    second_drum: float = 0.0
    truncate: float = 0.0

    def __post_init__(self) -> None:
        """Check the fields."""
        check_number("gain", self.gain, least=0)
        check_number("onset", self.onset, least=0)
        check_number("lead", self.lead, least=0)
        if self.noise is not None:
            check_number("noise", self.noise)
        if self.noise_window is not None:
            check_number("noise_window", self.noise_window, above=0)
        for name in EFFECTS:
            check_number(name, getattr(self, name), least=0, most=1)
        if self.coding and not codecs(self.model_input.sample_rate):
            raise ValueError(
                f"coding needs a codec for {self.model_input.sample_rate} Hz, and there is none: "
                "set it to 0."
            )
        if self._latest >= self.model_input.length:
            lead = f" and a lead of {self.lead!r} s" if self.lead else ""
            raise ValueError(
                f"an onset may move by less than the {self.model_input.length} samples that the "
                f"model sees, got {self.onset!r} s{lead}: {self._latest} samples at "
                f"{self.model_input.sample_rate} Hz."
            )

    @classmethod
    def read(cls, options: TrainingOptions, model_input: ModelInput) -> Self:
        """Return the augmentation of the options, be it none at all; raise ValueError as it does.

        Each field is that of the option with `augment_` before its name.
        """
        names = [field.name for field in fields(cls) if field.name != "model_input"]
        return cls(model_input, **{name: getattr(options, f"augment_{name}") for name in names})

    @classmethod
    def of(cls, options: TrainingOptions, model_input: ModelInput) -> Self | None:
        """Return the augmentation that the options ask for; None: none."""
        asked = cls.read(options, model_input)
        if asked.gain and model_input.normalise:
            logger.warning("augment_gain = %g has no effect: inputs are normalised", asked.gain)
        heard = replace(asked, noise_window=None, gain=0 if model_input.normalise else asked.gain)
        return None if heard == cls(model_input) else asked

    @property
    def margin(self) -> int:
        """The samples beyond `model_input.length` that a sound must have."""
        return round(self.onset * self.model_input.sample_rate)

    @property
    def _latest(self) -> int:
        """The samples by which a strike may be late."""
        return round((self.onset + self.lead) * self.model_input.sample_rate)

    def __call__(self, sounds: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        """Return augmented inputs of raw sounds, each time others drawn from the generator.

        Nothing waits for the device, unless there is `coding`, or a representation, which the core
        computes.

        Args:
            sounds: they begin at the strike, shape (n, model_input.length + margin or more).
            generator: on the device of the sounds.

        Returns:
            Inputs as of `model_input.inputs`, on the device and in the dtype of the sounds. A
            normalised sound with a sample that is not finite becomes nan as a whole.
        """
        length, margin = self.model_input.length, self.margin
        if sounds.ndim != 2 or sounds.shape[1] < length + margin:
            raise ValueError(
                f"sounds to be augmented must have the shape (n, samples) with at least "
                f"{length + margin} samples, {margin} of them for the onset to move, got "
                f"{tuple(sounds.shape)}."
            )
        x = sounds[:, : length + margin]
        x = self._changed(x, generator, "damping", "second_drum")
        x, strike = self._moved(x, generator)
        x = self._changed(x, generator, "room", "band")
        x = self._noisy(x, strike, generator)
        x = self._changed(x, generator, "clicks", "clipping", "quantise", "coding")
        x = self._changed(x, generator, "offset", "polarity", "truncate")
        if self.gain and not self.model_input.normalise:
            x = x * 10 ** ((2 * _uniform(x, generator) - 1) * self.gain / 20)
        if self.model_input.align_polarity:
            x = aligned(x)
        if self.model_input.normalise:
            x = normalised(x)
        if self.model_input.representation is None:
            return x
        return replace(self.model_input, align_polarity=False, normalise=False).inputs(x)

    def _changed(self, x: torch.Tensor, generator: torch.Generator, *names: str) -> torch.Tensor:
        """Return sounds with one effect after the other, each on its share of them."""
        for name in names:
            count = round(getattr(self, name) * len(x))
            if count:
                keys = torch.rand(len(x), generator=generator, device=x.device)
                rows = keys.argsort(stable=True)[:count]
                draws = Draws(x, rows, self.model_input.sample_rate, generator)
                x = x.index_copy(0, rows, EFFECTS[name](draws))
        return x

    def _moved(
        self, x: torch.Tensor, generator: torch.Generator
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return sounds with the onset moved, and the samples that now precede it, shape (n, 1)."""
        length, margin, latest = self.model_input.length, self.margin, self._latest
        if not latest:
            return x, torch.zeros((len(x), 1), device=x.device, dtype=torch.long)
        # In front of each sound lie `latest` samples of silence: its onset is at that sample.
        silent = torch.nn.functional.pad(x, (latest, 0))
        first = torch.randint(
            latest + margin + 1, (len(x), 1), generator=generator, device=x.device
        )
        moved = silent.gather(1, first + torch.arange(length, device=x.device))
        return moved, (latest - first).clamp(min=0)

    def _noisy(
        self, x: torch.Tensor, strike: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """Return sounds with noise, if there is to be any."""
        if self.noise is None:
            return x
        decibels = self.noise - NOISE_RANGE * _uniform(x, generator)
        noise = effects.coloured_noise(x, STEEPEST * _uniform(x, generator), generator)
        heard = x
        if self.noise_window is not None:
            samples = max(1, round(self.noise_window * self.model_input.sample_rate))
            window = torch.arange(min(samples, x.shape[1] - self._latest), device=x.device)
            heard = x.gather(1, strike + window)
        return x + noise * (10 ** (decibels / 20) * effects.rms(heard))


def _uniform(x: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Return a number in [0, 1) for each sound, shape (n, 1)."""
    return torch.rand((len(x), 1), generator=generator, device=x.device, dtype=x.dtype)
