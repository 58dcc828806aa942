"""Estimators of drums of any family, which the table of conditions compares."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from .._arrays import Float64
from ..geometry.radii import RADII, log_radii
from ..listening import find_strike, listen
from ..listening.classical.estimator import estimate_each
from ..listening.network import NUMBERS
from ..pipeline import Model

NETWORK: Final = "network"
REFINED: Final = "refined"
CLASSICAL: Final = "classical"
TOLD: Final = "classical, family told"
MEAN: Final = "mean predictor"
ESTIMATORS: Final = (NETWORK, REFINED, CLASSICAL, TOLD, MEAN)
"""In the order of the table."""

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


class Answer(NamedTuple):
    """What an estimator says of one sound; nan and None: it says nothing of that."""

    family: str | None = None  # "": it found no answer
    drum_size: float = np.nan  # metres
    aspect_ratio: float = np.nan
    outline: Float64 | None = None  # natural logarithms of radii about the centroid, shape (64,)
    intervals: Mapping[str, tuple[float, float]] = {}  # of 90 %, of the NUMBERS
    score: float | None = None  # how probable it is that this is a drum


def heard(
    sound: Float64, sample_rate: int, model: Model, wave_speed: float, refine: bool
) -> Answer:
    """Return what `listen` says of a sound; where it refuses one, an empty answer."""
    try:
        prediction = listen(sound, sample_rate, model=model, wave_speed=wave_speed, refine=refine)
    except ValueError:
        return Answer(family="", outline=np.zeros(RADII), score=0.0)
    return Answer(
        prediction.family,
        prediction.drum_size,
        prediction.aspect_ratio,
        log_radii(prediction.shape),
        {name: prediction.interval(name) for name in NUMBERS},
        prediction.score,
    )


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
    return [Answer("polygon", sum(SIZES) / 2, 2.1, np.zeros(RADII))] * count
