"""Estimators of drums of any family, which the table of conditions compares."""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from .._arrays import Float64
from ..geometry import Ellipse, Shape
from ..listening import find_strike, listen
from ..listening.classical.estimator import estimate_each
from ..pipeline import Model
from ..samplers.bank_shapes import log_radii

NETWORK: Final = "network"
REFINED: Final = "refined"
CLASSICAL: Final = "classical"
TOLD: Final = "classical, family told"
MEAN: Final = "mean predictor"
ESTIMATORS: Final = (NETWORK, REFINED, CLASSICAL, TOLD, MEAN)
"""In the order of the table."""

INTERVALS: Final = ("drum_size", "aspect_ratio", "decay_time")
"""The numbers whose intervals are compared with the truth."""

SIZES: Final = (0.1, 1.0)
"""Metres, the smallest and the largest drum, as the classical estimator knows them."""

NEAREST: Final[Mapping[str, str]] = {
    "circle": "circle",
    "ellipse": "polygon",
    "rectangle": "rectangle",
    "triangle": "polygon",
    "polygon": "polygon",
    "star": "polygon",
}
"""As which family the classical estimator takes a drum whose family it is told."""

_CHUNK: Final = 512  # sounds, that are estimated at once
_RADII: Final = 64
_LEAST: Final = -10.0  # logarithm of a radius


class Answer(NamedTuple):
    """What an estimator says of one sound; nan and None: it says nothing of that."""

    family: str | None = None  # "": it found no answer
    drum_size: float = np.nan  # metres
    aspect_ratio: float = np.nan
    outline: Float64 | None = None  # natural logarithms of radii about the centroid, shape (64,)
    intervals: Mapping[str, tuple[float, float]] = {}  # of 90 %, of the INTERVALS
    score: float | None = None  # how probable it is that this is a drum


def heard(
    sound: Float64, sample_rate: int, model: Model, wave_speed: float, refine: bool
) -> Answer:
    """Return what `listen` says of a sound; where it refuses one, an empty answer."""
    try:
        prediction = listen(sound, sample_rate, model=model, wave_speed=wave_speed, refine=refine)
    except ValueError:
        return Answer(family="", outline=np.zeros(_RADII), score=0.0)
    return Answer(
        prediction.family,
        prediction.drum_size,
        prediction.aspect_ratio,
        radii_of(prediction.shape),
        {name: prediction.interval(name) for name in INTERVALS},
        prediction.score,
    )


def radii_of(shape: Shape) -> Float64:
    """Return logarithms of radii about the centroid of a shape.

    Shape (64,), radius k at 2 pi k / 64. Unlike those of a drum of a bank, a predicted boundary may
    be met more than once by a ray: the farthest point counts.
    """
    shape.centroid = (0.0, 0.0)
    if isinstance(shape, Ellipse):
        return log_radii(shape)
    start, end = shape.walls().transpose(1, 0, 2)
    angles = 2 * np.pi * np.arange(_RADII) / _RADII
    u = np.column_stack([np.cos(angles), np.sin(angles)])[:, None]
    rays, walls = np.nonzero((_cross(start, u) >= 0) & (_cross(u, end) > 0))
    # A ray along u meets the wall from a to b at r u x (b - a) = a x b.
    radii = np.full(_RADII, math.exp(_LEAST))
    distances = _cross(start, end)[walls] / _cross(u[rays, 0], (end - start)[walls])
    np.maximum.at(radii, rays, distances)
    return np.asarray(np.log(radii))


def _cross(a: Float64, b: Float64) -> Float64:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def classical(
    sounds: Sequence[Float64], families: Sequence[str], sample_rate: int, wave_speed: float
) -> tuple[list[Answer], list[Answer]]:
    """Return what `listening.classical` says of sounds, of the whole of each from the strike on.

    The first answers are without, the second with the true families, or those nearest to them that
    it knows (see NEAREST).
    """
    cut = [sound[find_strike(sound, sample_rate) :] for sound in sounds]
    padded = np.zeros((len(cut), max(map(len, cut))), np.float32)
    for row, sound in zip(padded, cut, strict=True):
        row[: len(sound)] = sound
    unknown: list[Answer] = []
    told: list[Answer] = []
    for first in range(0, len(cut), _CHUNK):
        chunk = padded[first : first + _CHUNK].astype(np.float64)
        found, each = estimate_each(chunk, sample_rate, wave_speed, sizes=SIZES)
        for k, name in enumerate(found.tolist()):
            unknown.append(Answer(name, *_numbers(each[name], k)))
            told.append(Answer(None, *_numbers(each[NEAREST[families[first + k]]], k)))
    return unknown, told


def _numbers(labels: Mapping[str, Float64], k: int) -> tuple[float, float]:
    return float(labels["drum_size"][k]), float(labels["aspect_ratio"][k])


def mean_predictor(count: int) -> list[Answer]:
    """Return the mean of the drums that a network learns from, whatever it is that sounds.

    The size is the mean of SIZES, the aspect ratio that of a `ModeBank`, whose most frequent family
    is the polygon; the outline, of any rotation, is a circle.
    """
    return [Answer("polygon", sum(SIZES) / 2, 2.1, np.zeros(_RADII))] * count
