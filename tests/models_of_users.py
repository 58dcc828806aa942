"""Models as a user would write them."""

from typing import Any

import torch

from kac_prediction.pipeline import Model, Parameters


def parameters(**changes: Any) -> dict[str, Any]:
    """Parameters for a short training of a `Linear` model."""
    return {
        "batch_size": 4,
        "dataset_split": (0.6, 0.2, 0.2),
        "num_of_epochs": 3,
        "testing": False,
        "with_early_stopping": False,
        "learning_rate": 0.01,
        **changes,
    }


class Counter(Model):
    """Counts the batches it sees."""

    class ModelHyperParameters(Parameters):
        pass

    def __init__(self) -> None:
        super().__init__()
        self.criterion = torch.nn.MSELoss()
        self.optimiser = torch.optim.Optimizer([torch.empty(0)], {})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.training_loss += 1.0


class Linear(Model):
    """A layer with dropout before it, so that a training also draws random numbers."""

    class ModelHyperParameters(Parameters):
        learning_rate: float

    def __init__(self, learning_rate: float, inputs: int = 3, outputs: int = 1) -> None:
        super().__init__()
        self.dropout = torch.nn.Dropout(0.1)
        self.linear = torch.nn.Linear(inputs, outputs)
        self.criterion = torch.nn.MSELoss()
        self.optimiser = torch.optim.Adam(self.parameters(), lr=learning_rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        predicted: torch.Tensor = self.linear(self.dropout(x))
        return predicted

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        self.optimiser.zero_grad()
        loss = self.criterion(self(x), y)
        loss.backward()
        self.optimiser.step()
        self.training_loss += loss.detach() / loop_length
