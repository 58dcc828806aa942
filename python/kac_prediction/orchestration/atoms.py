"""Atoms: single strikes on drums that are drawn at random, of which a fixed dictionary consists."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from typing import Final

import numpy as np

from .. import _core
from .._arrays import Float64
from .._checks import check_choice
from ..geometry.families import ELONGATED, OUTLINED, centred
from ..physics import Modes
from ..physics import modes as modes_of
from ..samplers import ModeBank
from ..samplers.bank_shapes import draw_points, draw_shape
from ..samplers.families import EXACT, modes_struck
from ..samplers.intervals import draw_log_uniform
from .drum import Drum
from .kit import Family, Kit
from .locations import location_of

DECAY_TIMES: Final = (0.2, 3.0)
"""T60 of atoms, seconds, log-uniform."""

SIZES: Final = (0.08, 1.0)
"""Of their drums, metres, log-uniform."""

_OUTLINES: Final = 12  # of a family whose modes are found by finite elements
_DRAWS: Final = 100  # of outlines, for one of an aspect ratio in a range
_LEAST_SAMPLES: Final = 4  # in which a wave crosses the smallest drum that is drawn
_HEARD: Final = 1.5  # T60s, 90 dB
_LEAST: Final = 1.0  # s of a sound, as of a score's, so that its peak is among them


@dataclass(frozen=True, eq=False)
class Atom:
    """A strike on a drum."""

    drum: Drum
    location: tuple[float, ...]
    decay_time: float  # seconds
    partials: tuple[Float64, Float64] | None  # Hz and weights; None: the drum's sampler knows them

    def sound(self, sample_rate: int) -> Float64:
        """Return its sound of a peak of 1, until it is 90 dB down."""
        duration = max(_HEARD * self.decay_time, _LEAST)
        length = round(_HEARD * self.decay_time * sample_rate)
        if self.partials is None:
            sampler = self.drum.sampler(duration, sample_rate, self.decay_time)
            return sampler.strike(at=self.location)[:length]
        frequencies, weights = self.partials
        sound = _core.additive(
            frequencies[None],
            weights[None],
            [3 * math.log(10) / self.decay_time],
            [1.0],
            round(duration * sample_rate),
            sample_rate,
        )
        return np.asarray(sound[0, :length], np.float64)


def draw_atoms(
    instruments: str | Family | Kit, size: int, seed: int, sample_rate: int, wave_speed: float
) -> list[Atom]:
    """Draw strikes on all families in equal shares, on one family, or on the drums of a kit.

    Where a strike falls, and where it is heard unless a kit says so, is uniform over the area.
    Finite elements solve a dozen outlines of a family, each of which is used in several sizes.
    """
    rng = np.random.default_rng(seed)
    if isinstance(instruments, Kit):
        solved = [(drum, _unit_modes(drum)) for drum in instruments]
        return [_struck(rng, *solved[k % len(solved)]) for k in range(size)]
    smallest = _LEAST_SAMPLES * wave_speed / sample_rate
    sizes = max(SIZES[0], smallest), max(SIZES[1], 2 * smallest)
    families = [instruments] if isinstance(instruments, Family) else _families(instruments, sizes)
    sources = cycle([_drawn(rng, family, wave_speed) for family in families])
    return [_struck(rng, *next(source)) for source in islice(sources, size)]


def _families(instruments: str, sizes: tuple[float, float]) -> list[Family]:
    """Return all families, or the one of a name."""
    name = check_choice("instruments", instruments, ("free", *ModeBank.families))
    return [Family(each, sizes) for each in (ModeBank.families if name == "free" else [name])]


def _drawn(
    rng: np.random.Generator, family: Family, wave_speed: float
) -> Iterator[tuple[Drum, Modes | None]]:
    """Draw drums of a family without end, and the modes of their shapes at unit area."""
    solved: list[tuple[Drum, Modes | None]] = []
    while True:
        size = draw_log_uniform(rng, family.drum_size)
        if family.name in EXACT:
            yield draw_drum(rng, family, size, wave_speed), None
            continue
        if len(solved) < _OUTLINES:
            new = draw_drum(rng, family, size, wave_speed)
            solved.append((new, _unit_modes(new)))
        drum, modes = solved[rng.integers(len(solved))]
        outline = None if drum.outline is None else drum.outline * (size / drum.drum_size)
        yield replace(drum, drum_size=size, outline=outline), modes


def draw_drum(rng: np.random.Generator, family: Family, size: float, wave_speed: float) -> Drum:
    """Draw a drum of a family, of a size; an outline out of the range where none is in it."""
    if family.name in OUTLINED:
        for _ in range(_DRAWS):
            shape, ratio = draw_shape(family.name, rng)
            if family.aspect_ratio[0] <= ratio <= family.aspect_ratio[1]:
                break
        return Drum(family.name, size, 1.0, size * shape.outline()[:-1], None, wave_speed)
    ratio = draw_log_uniform(rng, family.aspect_ratio) if family.name in ELONGATED else 1.0
    return Drum(family.name, size, ratio, wave_speed=wave_speed)


def _unit_modes(drum: Drum) -> Modes | None:
    """Return the modes of a drum's shape at unit area, or None where its sampler knows them."""
    if drum.family in EXACT:
        return None
    return modes_of(centred(drum.shape), modes_struck(drum.strike_width, drum.drum_size))


def _struck(rng: np.random.Generator, drum: Drum, modes: Modes | None) -> Atom:
    """Strike a drum anywhere, and hear it anywhere unless it says where."""
    if drum.sample_location is None:
        drum = replace(drum, sample_location=_point(rng, drum))
    location, decay_time = _point(rng, drum), draw_log_uniform(rng, DECAY_TIMES)
    if modes is None:
        return Atom(drum, location, decay_time, None)
    points = np.array([location, drum.sample_location]) / drum.drum_size
    weights = modes(points[:1], drum.struck_over / drum.drum_size) * modes(points[1:])
    partials = modes.frequencies(drum.drum_size, drum.wave_speed), weights[0]
    return Atom(drum, location, decay_time, partials)


def _point(rng: np.random.Generator, drum: Drum) -> tuple[float, ...]:
    """Draw a point of a drum, uniform over its area."""
    while True:
        location = location_of(drum, draw_points(drum.shape, 1, rng)[0])
        if drum.holds(location):
            return location
