"""A loss that broadcasts predictions against targets is refused, and no other."""

import re
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from kac_prediction.pipeline import Routine
from models_of_users import Linear
from routines_of_users import ready


class Answering(Linear):
    """Answers in a shape of its own, and has a loss of its own."""

    def __init__(self, shape: Any, loss: Any, outputs: int = 1) -> None:
        super().__init__(0.01, outputs=outputs)
        self.shape, self.loss = shape, loss

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.shape(super().forward(x))
        return answer

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.optimiser.zero_grad()
        loss = self.loss(self(x), y)
        loss.backward()
        self.optimiser.step()
        self.training_loss += loss.detach() / loop_length


def flat(x: torch.Tensor) -> torch.Tensor:
    return x.squeeze(1)


def as_it_is(x: torch.Tensor) -> torch.Tensor:
    return x


def train(tmp_path: Path, model: Linear, Y: Any = None) -> Routine:
    routine = ready(tmp_path, model, num_of_epochs=1)
    if Y is not None:
        routine.D.Y = Y

    def score(i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        routine.M.testing_loss["aggregate"] += 1.0

    routine.train(score)
    return routine


@pytest.mark.parametrize(
    "loss",
    [
        torch.nn.MSELoss(),
        torch.nn.L1Loss(),
        torch.nn.SmoothL1Loss(),
        torch.nn.HuberLoss(),
        lambda prediction, y: functional.mse_loss(y, prediction),
        lambda prediction, y: ((prediction - y) ** 2).mean(),
        lambda prediction, y: (y - prediction).abs().mean(),
        lambda prediction, y: torch.subtract(y, prediction).abs().mean(),
    ],
)
def test_predictions_that_only_broadcast_against_the_targets_are_refused(
    loss: Any, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"the loss (compares|subtracts)") as caught:
        train(tmp_path, Answering(flat, loss))
    assert set(re.findall(r"\(4[^)]*\)", str(caught.value))) == {"(4,)", "(4, 1)"}
    assert "let forward return the shape of the targets" in str(caught.value)


def test_a_column_too_many_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\(4, 3\).*\(4, 1\)"):
        train(tmp_path, Answering(as_it_is, torch.nn.MSELoss(), outputs=3))


@pytest.mark.parametrize(
    ("loss", "outputs"),
    [
        (lambda prediction, y: functional.mse_loss(prediction, y), 1),
        (lambda prediction, y: functional.mse_loss(prediction[:, 0], y.squeeze(1)), 1),
        (lambda prediction, y: functional.cross_entropy(prediction, y[:, 0].long().abs() % 3), 3),
        # Three quantiles of one number; all pairs of a batch; a batch against its mean.
        (lambda prediction, y: (prediction - y).abs().mean(), 3),
        (lambda prediction, y: (prediction - y).abs().mean() + (y - y.T).mean(), 1),
        (lambda prediction, y: (prediction - (y - y.mean())).abs().mean(), 1),
    ],
)
def test_other_losses_are_left_alone(loss: Any, outputs: int, tmp_path: Path) -> None:
    routine = train(tmp_path, Answering(as_it_is, loss, outputs))
    assert len(routine.history) == 1


def test_classes_are_left_alone(tmp_path: Path) -> None:
    model = Answering(as_it_is, torch.nn.CrossEntropyLoss(), outputs=4)
    routine = train(tmp_path, model, torch.arange(20) % 4)
    assert len(routine.history) == 1


def test_a_warning_of_the_models_own_stays_one(tmp_path: Path) -> None:
    def loss(prediction: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        warnings.warn("a target of mine", UserWarning, stacklevel=1)
        return functional.mse_loss(prediction, y)

    with pytest.warns(UserWarning, match="a target of mine"):
        train(tmp_path, Answering(as_it_is, loss))
