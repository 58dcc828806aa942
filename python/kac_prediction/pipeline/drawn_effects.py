"""Effects whose strengths are drawn for each sound, in the ranges that `Augmentation` documents."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

import torch

from . import effects
from .coding import codecs, coded


@dataclass(frozen=True)
class Draws:
    """Some sounds of a batch, and numbers drawn for them."""

    batch: torch.Tensor  # all the sounds, shape (size of the batch, samples)
    rows: torch.Tensor  # indices of those that get the effect, shape (n,)
    sample_rate: int
    generator: torch.Generator

    @property
    def sounds(self) -> torch.Tensor:
        """The sounds that get the effect, shape (n, samples)."""
        return self.batch[self.rows]

    def unit(self, count: int = 1) -> torch.Tensor:
        """Return numbers uniform in [0, 1), shape (n, count)."""
        shape, x = (len(self.rows), count), self.batch
        return torch.rand(shape, generator=self.generator, device=x.device, dtype=x.dtype)

    def uniform(self, low: float, high: float, count: int = 1) -> torch.Tensor:
        """Return numbers uniform in [low, high), shape (n, count)."""
        return low + (high - low) * self.unit(count)

    def log_uniform(self, low: float, high: float) -> torch.Tensor:
        """Return numbers whose logarithms are uniform, shape (n, 1)."""
        return low * (high / low) ** self.unit()


Effect: TypeAlias = Callable[[Draws], torch.Tensor]


def damping(draws: Draws) -> torch.Tensor:
    """Return sounds with a loss that grows with frequency."""
    decay_time, exponent = draws.log_uniform(0.2, 3), draws.uniform(1, 2)
    return effects.damped(draws.sounds, draws.sample_rate, decay_time, exponent)


def second_drum(draws: Draws) -> torch.Tensor:
    """Return sounds with another one of the batch under each, if there is another."""
    x, n = draws.batch, len(draws.batch)
    if n < 2:
        return draws.sounds
    shape, generator = draws.rows.shape, draws.generator
    further = torch.randint(1, n, shape, generator=generator, device=x.device)
    other, half = x[(draws.rows + further) % n], x.shape[1] / 2
    level, shift = draws.uniform(-50, -20), draws.uniform(-half, half)
    return effects.overlaid(draws.sounds, other, level, shift)


def room(draws: Draws) -> torch.Tensor:
    """Return sounds in rooms."""
    decay_time, ratio = draws.log_uniform(0.1, 0.8), draws.uniform(-3, 12)
    delay, x = draws.log_uniform(0.001, 0.01), draws.sounds
    response = effects.impulse_response(
        x, draws.sample_rate, decay_time, ratio, delay, draws.generator
    )
    return effects.convolved(x, response)


def band(draws: Draws) -> torch.Tensor:
    """Return sounds through a telephone, a low-pass, a high-pass or none of them, and a tilt."""
    kind = (draws.unit() * 4).floor()
    low = torch.where(kind == 0, 300.0, draws.log_uniform(40, 150))
    high = torch.where(kind == 0, 3400.0, draws.log_uniform(1500, 4000))
    low = torch.where((kind == 0) | (kind == 2), low, 0.0)
    high = torch.where((kind == 0) | (kind == 1), high, math.inf)
    return effects.filtered(draws.sounds, draws.sample_rate, low, high, draws.uniform(-6, 6))


def clicks(draws: Draws) -> torch.Tensor:
    """Return sounds with one to three clicks, more of them early than late."""
    most, seconds = 3, draws.batch.shape[1] / draws.sample_rate
    positions = seconds * draws.unit(most) ** 3
    levels = 10 ** (draws.uniform(-30, 3, most) / 20)
    levels = torch.where(draws.unit(most) < 0.5, -levels, levels)
    number = torch.arange(most, device=levels.device)
    levels = torch.where(number <= draws.unit() * most, levels, 0.0)
    decay = draws.log_uniform(2e-5, 5e-4)
    return effects.clicked(draws.sounds, draws.sample_rate, positions, levels, decay)


def clipping(draws: Draws) -> torch.Tensor:
    """Return clipped sounds."""
    return effects.clipped(draws.sounds, draws.uniform(0.1, 0.9))


def quantise(draws: Draws) -> torch.Tensor:
    """Return sounds of 8 bits."""
    return effects.quantised(draws.sounds, 8, draws.uniform(0, 12))


def coding(draws: Draws) -> torch.Tensor:
    """Return sounds coded by a codec drawn for each of them."""
    choices, sounds = codecs(draws.sample_rate), []
    for x, (kind, compression) in zip(draws.sounds[:, None], draws.unit(2).tolist(), strict=True):
        codec = choices[int(kind * len(choices))]
        sounds.append(coded(x, draws.sample_rate, codec, 0.9 * compression))
    return torch.cat(sounds)


def offset(draws: Draws) -> torch.Tensor:
    """Return sounds with a constant added."""
    return effects.shifted(draws.sounds, draws.uniform(-0.3, 0.3))


def polarity(draws: Draws) -> torch.Tensor:
    """Return sounds turned over."""
    return -draws.sounds


def truncate(draws: Draws) -> torch.Tensor:
    """Return sounds that end early."""
    length = draws.batch.shape[1]
    return effects.truncated(
        draws.sounds, draws.log_uniform(min(length, round(0.02 * draws.sample_rate)), length)
    )


EFFECTS: Final[Mapping[str, Effect]] = MappingProxyType(
    {
        effect.__name__: effect
        for effect in (
            damping,
            second_drum,
            room,
            band,
            clicks,
            clipping,
            quantise,
            coding,
            offset,
            polarity,
            truncate,
        )
    }
)
