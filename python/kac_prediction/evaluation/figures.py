"""Figures: how good the answers of an estimator are, of drums of one family."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from .._arrays import ArrayLike, Float64
from ..geometry.families import ELONGATED, REGULAR
from ..listening.network import NUMBERS
from .estimators import Answer
from .outlines import overlap
from .test_set import LabelledDrums


@dataclass(frozen=True)
class Figures:
    """How good answers are; None: the estimator says nothing of that, or it is none of the family.

    A sound that was refused counts as a family that is wrong, a relative error of 1, an overlap of
    0, intervals that do not hold, and a score of 0.
    """

    count: int  # of sounds
    seconds: float  # of one core, a sound
    family: float | None = None  # share that is right
    drum_size: float | None = None  # median relative error
    drum_size_90: float | None = None  # relative error that 90 % of the sounds stay below
    aspect_ratio: float | None = None  # median relative error, of rectangles and ellipses
    overlap: float | None = None  # median intersection over union
    coverage: Mapping[str, float] = field(default_factory=dict)  # share of 90 % intervals that hold
    scores: tuple[float, ...] = ()  # of each sound

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> Self:
        """Return the figures of which `dataclasses.asdict` was stored."""
        return cls(**{**stored, "scores": tuple(stored["scores"])})

    @classmethod
    def of(cls, truth: LabelledDrums, answers: Sequence[Answer], seconds: float) -> Self:
        """Compare answers with the truth, one for each drum; of other sounds, keep the scores."""
        scores = tuple(float(each.score) for each in answers if each.score is not None)
        if np.isnan(truth.drum_size).all():
            return cls(len(answers), seconds, scores=scores)
        size = _errors(truth.drum_size, [each.drum_size for each in answers])
        ratio = None
        if truth.family in ELONGATED:
            ratio = _errors(truth.aspect_ratio, [each.aspect_ratio for each in answers])
        right = None
        if all(each.family is not None for each in answers):
            right = float(np.mean([each.family == truth.family for each in answers]))
        outlines = [each.outline for each in answers if each.outline is not None]
        common = None
        if len(outlines) == len(answers):
            # A refused sound has no size: nothing of its outline is right.
            answered = np.isfinite([each.drum_size for each in answers])
            common = float(np.median(overlap(outlines, truth.outline) * answered))
        return cls(
            len(answers),
            seconds,
            right,
            float(np.median(size)),
            float(np.quantile(size, 0.9)),
            None if ratio is None else float(np.median(ratio)),
            common,
            _coverage(truth, answers),
            scores,
        )


def _errors(true: Float64, answers: Sequence[float]) -> Float64:
    """Return relative errors; of no answer 1."""
    errors = np.abs(np.array(answers) - true) / true
    return np.asarray(np.where(np.isnan(errors), 1.0, errors))


def _coverage(truth: LabelledDrums, answers: Sequence[Answer]) -> dict[str, float]:
    """Return by number the share of intervals that hold the truth, where any are given."""
    shares = {}
    for name in NUMBERS:
        if any(each.intervals for each in answers) and not (
            name == "aspect_ratio" and truth.family in REGULAR
        ):
            ends = np.array([each.intervals.get(name, (np.nan, np.nan)) for each in answers])
            true = getattr(truth, name)
            shares[name] = float(np.mean((ends[:, 0] <= true) & (true <= ends[:, 1])))
    return shares


def area_under_curve(drums: ArrayLike, others: ArrayLike) -> float:
    """Return the area under the ROC of scores: how often a drum's is above another sound's.

    Equal scores count for half (Mann and Whitney 1947, doi:10.1214/aoms/1177730491). Both, shape
    (n,) and (m,), hold at least one.
    """
    first, second = np.sort(np.asarray(others, np.float64)), np.asarray(drums, np.float64)
    if not (first.size and second.size):
        raise ValueError(f"scores of drums and others are needed, got {second.size}, {first.size}")
    below, to = np.searchsorted(first, second, "left"), np.searchsorted(first, second, "right")
    return float((below + to).mean() / 2 / len(first))
