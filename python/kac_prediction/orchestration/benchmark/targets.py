"""Targets: arrangements and how they are recorded, and sounds that are no drums."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import torch

from ..._arrays import Float64
from ..._checks import check_choice
from ...evaluation.conditions import Condition, in_room
from ...pipeline.effects import coloured_noise, rms
from ...samplers import OtherSounds
from .material import Arrangement, arrangement

NOISE: Final = 20.0
"""dB from the root mean square of a sound to that of the noise."""

KINDS: Final = ("chirp", "chord", "burst", "speech")
"""Targets that are no drums, of `OtherSounds`."""

_SOUNDS, _FADE = 5, 0.01  # of one kind in a target, and how long each fades out, seconds


def _in_noise(x: torch.Tensor, sample_rate: int, generator: torch.Generator) -> torch.Tensor:
    """Add pink noise to all of a sound."""
    return x + rms(x) * 10 ** (-NOISE / 20) * coloured_noise(x, 1.0, generator)


CONDITIONS: Final[Mapping[str, Condition]] = {
    condition.name: condition
    for condition in (
        Condition("clean", "as it is rendered"),
        Condition(
            f"{NOISE:.0f} dB",
            f"pink noise, {NOISE:.0f} dB below the root mean square of the whole sound",
            record=_in_noise,
        ),
        Condition(
            "room",
            "a room of a T60 of 0.4 s, the direct sound 6 dB above the rest",
            record=partial(in_room, ratio=6),
        ),
    )
}
"""By name, in the order of the table."""


def other_target(seed: int, kind: str, duration: float = 10.0, sample_rate: int = 48000) -> Float64:
    """Make five sounds of a kind that is no drum, one after the other.

    Args:
        seed: of everything, from 0.
        kind: one of KINDS: glides, chords, bursts of noise, formants as of speech.
        duration: seconds.
        sample_rate: Hz.

    Returns:
        Shape (samples,).
    """
    sounds = OtherSounds(
        duration / _SOUNDS, sample_rate, check_choice("kind of a target", kind, KINDS)
    )
    sounds.seed(seed)
    waveforms, _ = sounds.render(range(_SOUNDS))
    fade = round(_FADE * sample_rate)
    waveforms[:, -fade:] *= np.linspace(1, 0, fade)
    return np.asarray(waveforms.ravel())


@dataclass(frozen=True)
class Material:
    """Targets of one kind, of which each seed makes another.

    Attributes:
        name: heads its column of the table.
        conditions: names of CONDITIONS.
        drums: arguments of `arrangement`; None: of no drums.
    """

    name: str
    conditions: tuple[str, ...] = ("clean",)
    drums: Mapping[str, Any] | None = field(default_factory=dict)

    def make(self, seed: int) -> tuple[Float64, Arrangement | None]:
        """Return a sound of 10 s at 48 kHz, and what is true of it where it has drums."""
        if self.drums is None:
            return other_target(seed, kind_of(seed)), None
        truth = arrangement(seed, **self.drums)
        return truth.sound, truth


def kind_of(seed: int) -> str:
    """Return which of KINDS the target without drums of a seed is: each in turn."""
    return KINDS[seed % len(KINDS)]


_CIRCLES: Final = {"families": ("circle",)}

MATERIALS: Final[Mapping[str, Material]] = {
    material.name: material
    for material in (
        Material("circles", tuple(CONDITIONS), _CIRCLES),
        Material("any family", tuple(CONDITIONS)),
        Material("circles, overlaps", drums={**_CIRCLES, "overlaps": True}),
        Material("any family, overlaps", drums={"overlaps": True}),
        Material("no drums", drums=None),
    )
}
"""By name, in the order of the table."""
