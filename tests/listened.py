"""A model with the outputs of AnyDrum, whose answers a test sets."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from kac_prediction.pipeline import Model, Parameters
from kac_prediction.routines import AnyDrum

ANY_DRUM = AnyDrum.model_input


class Listener(Model):
    """Answers as it was told, whatever it hears, and keeps what it heard."""

    class ModelHyperParameters(Parameters):
        """No more than the common ones."""

    def __init__(self, outputs: int = ANY_DRUM.outputs) -> None:
        super().__init__()
        self.answers = torch.nn.Parameter(torch.zeros(1, outputs))
        self.model_input = ANY_DRUM
        self.heard: torch.Tensor = torch.empty(0)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the first answers, as many as sounds."""
        self.heard = x
        return self.answers[torch.arange(len(x)) % len(self.answers)]

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Learn nothing."""


def answer(
    probabilities: Mapping[str, float],
    drum_size: float = 0.3,
    aspect_ratio: float = 1.0,
    decay_time: float = 1.0,
    spreads: tuple[float, float, float] = (0.01, 0.02, 0.1),
    outline: Any = None,
) -> list[float]:
    """Return the outputs of a model that hears this."""
    classes = ANY_DRUM.classes["family"]
    radii = np.zeros(64) if outline is None else np.asarray(outline)
    numbers = np.log([drum_size, aspect_ratio, *np.exp(radii), decay_time, *spreads])
    return [*np.log([probabilities.get(name, 1e-30) for name in classes]), *numbers]


def listener(*answers: list[float]) -> Listener:
    """Return a model that gives each sound of a batch its answer."""
    model = Listener()
    model.answers = torch.nn.Parameter(torch.tensor(answers, dtype=torch.float64))
    return model
