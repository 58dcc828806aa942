"""What a network says of the strikes on one drum, together, as a Prediction."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, Self

import numpy as np
import torch

from .._arrays import Float64
from ..geometry import Polygon
from ..geometry.families import OUTLINED, REGULAR, centred, shape_of
from ..geometry.radii import RADII, log_radii, points_at
from ..pipeline import Model, ModelInput
from ..pipeline.model_input import LOG_SPREADS
from ..samplers import ModeBank
from .predicted_labels import input_of, run_model
from .prediction import Prediction, Spread

NONE: Final = "none"
"""The class of `family` that stands for a sound in which there is no drum."""

NUMBERS: Final = ("drum_size", "aspect_ratio", "decay_time")
"""The labels that are numbers, whose logarithms and spreads a network predicts."""

FARTHEST: Final = 20.0
"""How far a logarithm is believed, of an untrained network."""

_LOCK: Final = Lock()
_CLASSES: Final = (*ModeBank.families, NONE)


@dataclass(frozen=True)
class Answer:
    """A network's outputs, for one strike or for several together, at the wave speed `WAVE_SPEED`.

    Attributes:
        log_probabilities: of `ModeBank.families` and of no drum, shape (7,).
        logarithms: of the `NUMBERS`, shape (3,).
        scales: of the Laplace distributions about these, shape (3,).
        log_radii: of the outline at unit area, shape (64,).
    """

    log_probabilities: Float64
    logarithms: Float64
    scales: Float64
    log_radii: Float64

    @classmethod
    def together(cls, answers: Sequence[Self]) -> Self:
        """Return what the answers on several strikes on one drum say together.

        Probabilities are multiplied, logarithms are averaged by their precision, outlines turned
        towards the first. Errors of one network on one drum are alike, so that several strikes are
        taken to be no surer than one of them.
        """
        if len(answers) == 1:
            return answers[0]
        total = np.sum([answer.log_probabilities for answer in answers], axis=0)
        weights = np.array([answer.scales**-2.0 for answer in answers])
        logarithms = np.array([answer.logarithms for answer in answers])
        first = answers[0].log_radii
        return cls(
            total - np.logaddexp.reduce(total),
            (weights * logarithms).sum(axis=0) / weights.sum(axis=0),
            weights.mean(axis=0) ** -0.5,
            np.mean([_turned(answer.log_radii, first) for answer in answers], axis=0),
        )

    @property
    def score(self) -> float:
        """The probability of a drum."""
        return -math.expm1(min(0.0, float(self.log_probabilities[-1])))

    @property
    def families(self) -> dict[str, float]:
        """The probabilities of the families, if it is a drum."""
        logs = self.log_probabilities[:-1]
        shares = np.exp(logs - logs.max())
        return dict(zip(ModeBank.families, (shares / shares.sum()).tolist(), strict=True))

    def prediction(self) -> Prediction:
        """Return the answer in words and units."""
        families = self.families
        return self.of_family(max(families, key=lambda name: families[name]), families, self.score)

    def of_family(
        self, family: str, probabilities: Mapping[str, float], score: float
    ) -> Prediction:
        """Return the numbers and the outline for a family, with other probabilities."""
        drum_size, ratio, decay_time = np.exp(self.logarithms).tolist()
        ratio = 1.0 if family in REGULAR else max(1.0, ratio)
        known = {"aspect_ratio"} if family in REGULAR else set()
        outlined = family in OUTLINED
        outline = outline_of_radii(self.log_radii) if outlined else outline_of_family(family, ratio)
        return Prediction(
            probabilities=probabilities,
            drum_size=drum_size,
            aspect_ratio=ratio,
            decay_time=decay_time,
            outline=drum_size * outline,
            score=score,
            spreads={
                name: Spread("laplace", scale)
                for name, scale in zip(NUMBERS, self.scales.tolist(), strict=True)
                if name not in known
            },
        )


def check_model(model: Model) -> ModelInput:
    """Return what a model takes; raise ValueError unless it hears drums of all families."""
    model_input = input_of(model)
    wanted = {"family", *NUMBERS, "outline"}
    lacks = [f"the label {label}" for label in sorted(wanted.difference(model_input.labels))] or [
        f"the spread of {label}" for label in NUMBERS if label not in model_input.spreads
    ]
    classes = model_input.classes.get("family", ())
    lacks += [f"the family {name}" for name in _CLASSES if name not in classes and not lacks]
    if lacks or model_input.sizes.get("outline") != RADII or model_input.representation:
        raise ValueError(
            f"this {type(model).__name__} does not hear drums of all families: it lacks "
            f"{', '.join(lacks) or f'an outline of {RADII} radii of raw sound'}. Take a model of "
            "the routine AnyDrum, or predict its labels with listening.predict"
        )
    return model_input


def ask(model: Model, X: torch.Tensor) -> list[Answer]:
    """Return a model's answers to inputs that are ready, shape (n, ...).

    Raises:
        ValueError: it lacks outputs, or they are not finite.
    """
    model_input = check_model(model)
    with _LOCK:  # else two that listen at once could leave each other's number of threads
        threads = torch.get_num_threads()
        try:
            torch.set_num_threads(1)  # sums of several threads have other last digits
            outputs = run_model(model, X, model_input.outputs).double()
        finally:
            torch.set_num_threads(threads)
    if not torch.isfinite(outputs).all():
        raise ValueError(f"this {type(model).__name__} answers with numbers that are not finite.")
    columns, spreads = model_input.split(outputs), model_input.log_spreads(outputs)
    order = [model_input.classes["family"].index(name) for name in _CLASSES]
    families = torch.log_softmax(columns["family"][:, order], dim=1).numpy()
    scaled = dict(zip(model_input.labels, model_input.scales, strict=True))
    logarithms = [
        columns[name] if scaled[name] == "log" else columns[name].clamp(min=1e-9).log()
        for name in NUMBERS
    ]
    means = torch.cat(logarithms, 1).clamp(-FARTHEST, FARTHEST).numpy()
    scales = torch.cat([spreads[name] for name in NUMBERS], 1).clamp(*LOG_SPREADS).exp().numpy()
    radii = columns["outline"].clamp(-FARTHEST / 4, FARTHEST / 4).numpy()
    return [Answer(*row) for row in zip(families, means, scales, radii, strict=True)]


def outline_of_family(family: str, aspect_ratio: float) -> Float64:
    """Return the outline of a drum of unit area about its centroid, shape (64, 2)."""
    return points_at(log_radii(shape_of(family, aspect_ratio)))


def outline_of_radii(log_radii: Float64) -> Float64:
    """Return the same of a polygon or star, of the logarithms of radii about any point inside."""
    return centred(Polygon(points_at(log_radii))).vertices.copy()


def _turned(radii: Float64, towards: Float64) -> Float64:
    """Return an outline, rotated and reflected to be nearest to another one."""
    ways = [np.roll(way, step) for way in (radii, radii[::-1]) for step in range(RADII)]
    return min(ways, key=lambda way: float(np.square(way - towards).sum()))
