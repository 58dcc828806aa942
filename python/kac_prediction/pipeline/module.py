"""as_model: a torch module as a Model, for Routine, train and loadModel."""

from copy import deepcopy
from types import new_class
from typing import Any, ClassVar, Self, cast

import torch

from .._checks import brief, check_number
from .checkpoint import ExportedModel
from .model import Model, load_weights
from .training.options import Parameters


class ModuleModel(Model):
    """A torch module that Adam trains; `as_model` makes a subclass of it for each module."""

    blueprint: ClassVar[torch.nn.Module]

    class ModelHyperParameters(Parameters):
        """The parameters of a training of a module."""

        learning_rate: float

    def __init__(self, learning_rate: float = 1e-3) -> None:
        super().__init__()
        check_number("learning_rate", learning_rate, above=0)
        self.network = deepcopy(self.blueprint)
        self.criterion = torch.nn.MSELoss()
        trained = [weight for weight in self.parameters() if weight.requires_grad]
        if not trained:
            raise ValueError(f"{type(self).__name__} has no parameters, so it would not learn")
        self.optimiser = torch.optim.Adam(trained, lr=learning_rate)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from a batch; return the shape (n, outputs)."""
        outputs: torch.Tensor = self.network(x)
        return outputs.reshape(x.shape[0], -1)  # not len(x), by which an export would fix the batch

    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Train on one batch, and add its loss to `training_loss`."""
        self.optimiser.zero_grad()
        loss = self.criterion(self(x), y)
        loss.backward()
        self.optimiser.step()
        self.training_loss += cast("float", loss.detach() / loop_length)

    @classmethod
    def from_checkpoint(cls, checkpoint: ExportedModel) -> Self:
        """Return a copy of the module with the weights of a checkpoint."""
        weights = checkpoint["model_state_dict"]
        model = cls()
        kinds = {weight.dtype for weight in weights.values() if weight.is_floating_point()}
        if len(kinds) == 1:
            model.to(kinds.pop())
        load_weights(model, weights)
        return model


def as_model(network: torch.nn.Module) -> type[Model]:
    """Return a class of models that are copies of a torch module, under its name.

    Its module is given inputs, shape (n, ...), and returns outputs, shape (n, outputs). Adam trains
    them, at the parameter `learning_rate`. A checkpoint is loaded by
    `loadModel(path, as_model(network))`, with the network built as it was for the training.

    Raises:
        TypeError: `network` is no torch module.
    """
    if not isinstance(network, torch.nn.Module):
        raise TypeError(
            f"a network must be a torch module, such as Sequential, got {brief(network)}"
        )
    members: dict[str, Any] = {"blueprint": deepcopy(network), "__doc__": ModuleModel.__doc__}
    kind = new_class(
        type(network).__name__, (ModuleModel,), exec_body=lambda own: own.update(members)
    )
    return cast("type[Model]", kind)
