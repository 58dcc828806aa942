"""Conditions: how sounds are recorded before an estimator hears them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch

from .._arrays import ArrayLike, Float64
from ..pipeline.coding import Codec, coded
from ..pipeline.effects import (
    coloured_noise,
    convolved,
    filtered,
    impulse_response,
    quantised,
    rms,
)
from ..pipeline.training.batches import generator
from .test_set import OTHERS, has_variant

Recording = Callable[[torch.Tensor, int, torch.Generator], torch.Tensor]
"""Makes of a sound from its strike on, shape (1, samples), and its rate the sound as recorded."""

LEAD: Final = 0.05
"""Seconds that noise, and what is kept as mp3 or Ogg Vorbis, begin before the strike."""

FIRST: Final = 1024 / 48000
"""Seconds: 21 ms, the beginning that a level of noise is relative to."""

_MAINS, _HUM_LEAD = 50.0, 0.2  # Hz, and seconds before the strike
_REVERBERATION, _REFLECTION = 0.4, 0.005  # a room's T60, and its first reflection after, seconds
_BAND: Final = (300.0, 3400.0)  # of a telephone, Hz
_COMPRESSION: Final = 0.5  # of libsndfile: 0 the best, 1 the smallest
_HEADROOM: Final = 6.0  # dB from the peak to the full scale of 8 bits


@dataclass(frozen=True)
class Condition:
    """One way to record drums.

    Attributes:
        name: heads its row of the table.
        meaning: says in a phrase what is done.
        variant: of the drums, one of `test_set.VARIANTS`.
        record: what is done to their sounds; None: nothing.
    """

    name: str
    meaning: str
    variant: str = "plain"
    record: Recording | None = None

    def applies(self, family: str) -> bool:
        """Return whether sounds of a family, or OTHERS, have rows under this condition."""
        if family == OTHERS:
            return self.variant == "plain"
        return has_variant(family, self.variant)

    def recorded(self, waveform: ArrayLike, sample_rate: int, key: Sequence[int]) -> Float64:
        """Return the sound as recorded, mono.

        Args:
            waveform: from the strike on, shape (samples,).
            sample_rate: Hz.
            key: whole numbers from 0, such as a seed and the number of the sound, of everything
                random: the noise of all levels and colours is of the same random numbers.

        Returns:
            Shape (samples',): it may begin earlier or later, and end earlier.
        """
        sound = np.asarray(waveform, np.float64)
        if self.record is None:
            return sound
        draws = generator(torch.device("cpu"), *key)
        record = self.record(torch.from_numpy(sound)[None], sample_rate, draws)
        return np.asarray(record[0].numpy())


def in_noise(
    x: torch.Tensor, sample_rate: int, generator: torch.Generator, ratio: float, exponent: float
) -> torch.Tensor:
    """Add noise from 50 ms before the strike on, `ratio` dB below the first 21 ms of the drum.

    Its power falls as 1 / f^exponent: 0 white, 1 pink.
    """
    level = rms(x[:, : round(FIRST * sample_rate)]) * 10 ** (-ratio / 20)
    sound = moved(x, sample_rate, generator, LEAD)
    return sound + level * coloured_noise(sound, exponent, generator)


def with_hum(
    x: torch.Tensor, sample_rate: int, generator: torch.Generator, ratio: float
) -> torch.Tensor:
    """Add mains hum of any phase from 0.2 s before the strike on, so far below the first 21 ms."""
    level = rms(x[:, : round(FIRST * sample_rate)]) * 10 ** (-ratio / 20)
    sound = moved(x, sample_rate, generator, _HUM_LEAD)
    turns = torch.arange(sound.shape[1], dtype=x.dtype) * _MAINS / sample_rate
    phase = torch.rand(len(x), 1, generator=generator, dtype=x.dtype)
    return sound + math.sqrt(2) * level * torch.sin(2 * math.pi * (turns + phase))


def in_room(
    x: torch.Tensor, sample_rate: int, generator: torch.Generator, ratio: float
) -> torch.Tensor:
    """Put a drum in a room of a T60 of 0.4 s, so many dB from the direct sound to the rest."""
    response = impulse_response(x, sample_rate, _REVERBERATION, ratio, _REFLECTION, generator)
    return convolved(x, response)


def by_telephone(x: torch.Tensor, sample_rate: int, generator: torch.Generator) -> torch.Tensor:
    """Keep the band of a telephone, 300 Hz to 3.4 kHz."""
    return filtered(x, sample_rate, *_BAND)


def encoded(
    x: torch.Tensor, sample_rate: int, generator: torch.Generator, codec: Codec
) -> torch.Tensor:
    """Encode and decode a drum, from 50 ms before the strike on."""
    return coded(moved(x, sample_rate, generator, LEAD), sample_rate, codec, _COMPRESSION)


def moved(
    x: torch.Tensor, sample_rate: int, generator: torch.Generator, seconds: float
) -> torch.Tensor:
    """Begin a sound in silence before the strike, or, where `seconds` are negative, after it."""
    samples = round(seconds * sample_rate)
    if samples < 0:
        return x[:, -samples:]
    return torch.cat([x.new_zeros(len(x), samples), x], 1)


def shortened(
    x: torch.Tensor, sample_rate: int, generator: torch.Generator, seconds: float
) -> torch.Tensor:
    """End a sound early."""
    return x[:, : round(seconds * sample_rate)]


def in_eight_bits(x: torch.Tensor, sample_rate: int, generator: torch.Generator) -> torch.Tensor:
    """Round to 8 bits, the peak at half the full scale."""
    return quantised(x, 8, _HEADROOM)


def _noises() -> list[Condition]:
    """Return noise of two colours and three levels."""
    return [
        Condition(
            f"{colour} noise, {ratio} dB",
            f"{colour} noise from 50 ms before the strike on, {ratio} dB below the first 21 ms",
            record=partial(in_noise, ratio=ratio, exponent=exponent),
        )
        for colour, exponent in (("white", 0.0), ("pink", 1.0))
        for ratio in (40, 20, 10)
    ]


def _rooms() -> list[Condition]:
    """Return rooms of two distances."""
    return [
        Condition(
            f"room, {ratio} dB",
            f"a room of a T60 of 0.4 s, the direct sound {ratio} dB above the rest",
            record=partial(in_room, ratio=ratio),
        )
        for ratio in (6, 0)
    ]


def _lengths() -> list[Condition]:
    """Return sounds that end early."""
    return [
        Condition(name, f"the first {name}", record=partial(shortened, seconds=seconds))
        for name, seconds in (("0.25 s", 0.25), ("0.1 s", 0.1), ("21 ms", FIRST))
    ]


CONDITIONS: Final[Mapping[str, Condition]] = {
    condition.name: condition
    for condition in (
        Condition("clean", "1 s from the strike on"),
        *_noises(),
        Condition(
            "hum",
            "mains hum of 50 Hz from 0.2 s before the strike on, 20 dB below the first 21 ms",
            record=partial(with_hum, ratio=20),
        ),
        *_rooms(),
        Condition("telephone", "300 Hz to 3.4 kHz", record=by_telephone),
        Condition(
            "mp3",
            "MPEG layer III at a middling bit rate, from 50 ms before the strike on",
            record=partial(encoded, codec="mp3"),
        ),
        Condition(
            "Ogg Vorbis",
            "the same by another codec",
            record=partial(encoded, codec="vorbis"),
        ),
        Condition("onset early", "5 ms of silence first", record=partial(moved, seconds=0.005)),
        Condition("onset late", "the first 1 ms is missing", record=partial(moved, seconds=-0.001)),
        Condition("T60 0.2 s", "all drums decay by 60 dB in 0.2 s", "short"),
        Condition("T60 10 s", "in 10 s", "long"),
        Condition(
            "pick-up elsewhere",
            "circle, rectangle and triangle heard at other points than their samplers' default",
            "pick-up elsewhere",
        ),
        Condition("400 modes", "circle, rectangle and triangle of 20 by 20 modes", "400 modes"),
        Condition("wave speed told", "a wave speed of 141 m/s, which is given", "tension doubled"),
        *_lengths(),
        Condition("8 bits", "the peak at half the full scale", record=in_eight_bits),
    )
}
"""By name, in the order of the table."""
