"""Sounds to compare estimators on: drums of all families, never trained on, and others."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from .._arrays import Float64
from .._files import replacing
from ..geometry.families import shape_of
from ..geometry.radii import RADII, log_radii
from ..samplers import (
    AnyShapeModel,
    BesselModel,
    LaméModel,
    ModeBank,
    OtherSounds,
    PoissonModel,
)
from ..samplers.drum import DENSITY, TENSION, WAVE_SPEED
from ..samplers.intervals import draw_log_uniform
from ..samplers.modal import ModalDrum

OTHERS: Final = "none"
"""In place of a family: sounds that are no drum."""

SEED: Final = 20261130
"""Of the other sounds, and, plus the number of their family, of drums; no training uses it."""

SAMPLE_RATE: Final = 16000  # Hz
DURATION: Final = 1.0  # seconds

VARIANTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "plain": {},
    "short": {"decay_time": 0.2},
    "long": {"decay_time": 10.0},
    "pick-up elsewhere": {},
    "400 modes": {"M": 20, "N": 20},
    "tension doubled": {"tension": 2 * TENSION},
}
"""What differs from the plain drums, by name: settings of their samplers."""

EXACT: Final = ("circle", "rectangle", "triangle")
"""The families that sound by their exact series."""

_MODAL_ONLY: Final = ("pick-up elsewhere", "400 modes")
_DECAY_TIMES: Final = (0.3, 6.0)
_PICK_UPS: Final = 8  # where drums are heard elsewhere, in turn
# All modes below half the sample rate of a drum of 1 m, along either index: m or n of the circle
# from its zeros z = 2 sqrt(pi) L f / c = 284, of a rectangle of aspect ratio 4, of the triangle.
MODES: Final = {"circle": (286, 92), "rectangle": (321, 321), "triangle": (184, 184)}


@dataclass(frozen=True, eq=False)
class LabelledDrums:
    """Sounds of n drums of one family, or of n other sounds, and what is true of them.

    Of other sounds all numbers but the waveforms are nan.
    """

    family: str  # of all of them, or OTHERS
    wave_speed: float  # m/s
    waveforms: npt.NDArray[np.float32]  # shape (n, samples), at SAMPLE_RATE, from the strike on
    drum_size: Float64  # metres, shape (n,)
    aspect_ratio: Float64  # shape (n,)
    decay_time: Float64  # T60, seconds, shape (n,)
    outline: Float64  # natural logarithms of the radii at unit area, shape (n, 64)

    def __len__(self) -> int:
        return len(self.waveforms)

    def first(self, count: int) -> Self:
        """Return so many of the drums."""
        arrays = {
            field.name: getattr(self, field.name)[:count]
            for field in fields(self)
            if isinstance(getattr(self, field.name), np.ndarray)
        }
        return replace(self, **arrays)


def has_variant(family: str, variant: str) -> bool:
    """Return whether a family has drums of a variant of their own.

    Simulated drums are heard at a place of their own each, and have all modes.
    """
    return family in EXACT or variant not in _MODAL_ONLY


def make_sounds(family: str, count: int, variant: str = "plain") -> LabelledDrums:
    """Make drums of a family, or OTHERS; drum i is the same for any count.

    Each is 0.1 to 1 m large, has a T60 of 0.3 to 6 s, log-uniform, and is struck once, anywhere.
    Circle, rectangle and triangle sound by their exact series with all modes below half the sample
    rate, struck at a point and heard where their samplers say; ellipse, polygon and star by
    `AnyShapeModel`, in 0.2 s each, struck 2 to 30 mm wide and each heard elsewhere. At 48 kHz these
    would take 30 times as long, hence 16 kHz, of which what is learnt at 8 kHz still hears a half.

    A variant changes that: "short" and "long" are T60s of 0.2 and 10 s, "tension doubled" is a wave
    speed of 141 m/s. "pick-up elsewhere" draws where the exact drums are heard, and "400 modes"
    leaves them 20 by 20.

    Args:
        family: one of `ModeBank.families`, or OTHERS: of the kinds of `OtherSounds` in turn.
        count: how many.
        variant: one of `VARIANTS`; of others always the plain ones.
    """
    if family == OTHERS:
        return _others(count)
    settings = VARIANTS[variant]
    speed = math.sqrt(settings.get("tension", TENSION) / DENSITY)
    make = _exact if family in EXACT else _simulated
    waveforms, labels = make(family, count, variant)
    outlines, numbers = labels.pop("outline"), {k: np.array(v) for k, v in labels.items()}
    return LabelledDrums(
        family,
        speed,
        np.array(waveforms, np.float32).reshape(count, -1),
        outline=np.array(outlines).reshape(count, -1),
        **numbers,
    )


def stored_sounds(
    directory: Path, family: str, count: int, variant: str = "plain"
) -> LabelledDrums:
    """Return the sounds that `make_sounds` makes, from a file of a directory, once they are there.

    They are made where the file lacks, is of other sounds, or holds fewer.
    """
    path = directory / f"{family}, {variant if family != OTHERS else 'plain'}.npz"
    origin = json.dumps([SEED, SAMPLE_RATE, DURATION, VARIANTS[variant]])
    if path.is_file():
        with np.load(path) as stored:
            if str(stored["origin"]) == origin and len(stored["drum_size"]) >= count:
                names = [field.name for field in fields(LabelledDrums)[2:]]
                arrays = {name: stored[name] for name in names}
                return LabelledDrums(family, float(stored["wave_speed"]), **arrays).first(count)
    made = make_sounds(family, count, variant)
    directory.mkdir(parents=True, exist_ok=True)
    with replacing(path) as staged, staged.open("wb") as file:
        np.savez(file, origin=origin, **{k: v for k, v in vars(made).items() if k != "family"})
    return made


def _settings(variant: str) -> dict[str, Any]:
    return {"duration": DURATION, "sample_rate": SAMPLE_RATE, **VARIANTS[variant]}


def _exact(family: str, count: int, variant: str) -> tuple[list[Any], dict[str, list[Any]]]:
    """Return waveforms and labels of drums that sound by their exact series."""
    kinds: dict[str, type[ModalDrum]] = {
        "circle": BesselModel,
        "rectangle": PoissonModel,
        "triangle": LaméModel,
    }
    most = dict(zip("MN", MODES[family], strict=True))
    settings = most | {"decay_time": _DECAY_TIMES[0]} | _settings(variant)
    place = kinds[family](**settings)
    drums = [place]
    if variant == "pick-up elsewhere":
        drums = [
            kinds[family](**settings, sample_location=_point(place, i)) for i in range(_PICK_UPS)
        ]
    waveforms, labels, seed = [], _empty_labels(), _seed(family)
    for drum in drums:
        drum.seed(seed)
    for i in range(count):
        drum, rng = drums[i % len(drums)], np.random.default_rng([seed, i])
        decay_time = draw_log_uniform(rng, _DECAY_TIMES)
        decay_time = VARIANTS[variant].get("decay_time", decay_time)
        strike = drum.group_size * i + 1  # the first is in the middle
        drum.reseed(strike)
        drum.updateProperties(strike)
        found = drum.getLabels()
        ratio = found.get("aspect_ratio", [1.0])[0]
        waveforms.append(drum.strike(decay=decay_time))
        labels["drum_size"].append(found["drum_size"][0])
        labels["aspect_ratio"].append(ratio)
        labels["decay_time"].append(decay_time)
        labels["outline"].append(log_radii(shape_of(family, ratio)))
    return waveforms, labels


def _simulated(family: str, count: int, variant: str) -> tuple[list[Any], dict[str, list[Any]]]:
    """Return waveforms and labels of drums of `AnyShapeModel`."""
    drum = AnyShapeModel(
        family=family,
        strike_width=(0.002, 0.03),
        precision="single",
        **{"decay_time": _DECAY_TIMES} | _settings(variant),
    )
    drum.seed(_seed(family))
    waveforms, labels = [], _empty_labels()
    for i in range(count):
        (waveform,), (found,) = drum.render([drum.group_size * i + 1])
        waveforms.append(waveform)
        for name, values in labels.items():
            values.append(found[name] if name == "outline" else found[name][0])
    return waveforms, labels


def _others(count: int) -> LabelledDrums:
    """Return sounds that are no drum, of all kinds in turn."""
    sounds = [OtherSounds(DURATION, SAMPLE_RATE, kind) for kind in OtherSounds.kinds]
    waveforms = np.empty((count, round(DURATION * SAMPLE_RATE)), np.float32)
    for k, sound in enumerate(sounds):
        sound.seed(SEED)
        waveforms[k :: len(sounds)] = sound.render(range(k, count, len(sounds)))[0]
    nothing = np.full(count, np.nan)
    return LabelledDrums(
        OTHERS, WAVE_SPEED, waveforms, nothing, nothing, nothing, np.full((count, RADII), np.nan)
    )


def _empty_labels() -> dict[str, list[Any]]:
    return {name: [] for name in ("drum_size", "aspect_ratio", "decay_time", "outline")}


def _seed(family: str) -> int:
    return SEED + ModeBank.families.index(family)


def _point(drum: ModalDrum, i: int) -> tuple[float, ...]:
    """Return the i-th of points drawn uniformly over the area: where a strike would fall."""
    drum.seed(SEED)
    drum.reseed(i)
    drum.updateProperties(None)
    return drum.strike_location
