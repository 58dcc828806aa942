"""The template of a neural network."""

import inspect
import logging
from abc import ABC, ABCMeta, abstractmethod
from typing import Any, ClassVar, Self

import torch

from .info import ExportedModel, RunInfo, plain
from .model_input import ModelInput
from .parameters import Parameters

logger = logging.getLogger(__name__)

_COMMON = Parameters.__required_keys__ | Parameters.__optional_keys__


class ModelMeta(ABCMeta):
    """Lets a model be called with all of a routine's parameters, and remembers its own.

    `SomeModel(**routine.P, outputs=1)` would be refused by Python, as the parameters hold common
    ones such as `batch_size` that no model takes. Here those are dropped before `__init__` sees
    them, and the arguments it did get are kept in `model.hyperparameters`.
    """

    @property
    def __signature__(cls) -> inspect.Signature:
        """The signature of `__init__`, as for any other class."""
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a model from its own arguments among these."""
        own = {k: v for k, v in kwargs.items() if k not in _COMMON or cls._accepts(k)}
        model = super().__call__(*args, **own)
        model.hyperparameters = _recorded(cls.__signature__.bind(*args, **own), cls.__name__)
        return model

    def _accepts(cls, key: str) -> bool:
        """Whether `__init__` takes this keyword argument."""
        parameters = cls.__signature__.parameters
        return key in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


class Model(ABC, torch.nn.Module, metaclass=ModelMeta):
    """Template for a neural network.

    A subclass defines `ModelHyperParameters`, `forward` and `innerTrainingLoop`, and sets
    `criterion` and `optimiser` in its `__init__`.

    One that sets `capturable` says that its whole training step may be recorded, as a CUDA graph,
    and played for every batch: `innerTrainingLoop` never waits for the device, does not branch on
    data, makes tensors of the same shapes each time, does not use `i`, and adds to
    `training_loss` in place (`+=`).
    """

    capturable: ClassVar[bool] = False

    criterion: torch.nn.Module
    optimiser: torch.optim.Optimizer
    testing_loss: dict[str, Any]
    training_loss: float
    hyperparameters: dict[str, Any]  # the arguments it was made with, in plain types
    model_input: ModelInput | None = None  # how a sound becomes its input, when known
    run_info: RunInfo | None = None  # of the training it was loaded from
    dataset: dict[str, Any] | None = None  # about the dataset it was trained on, when loaded

    @abstractmethod
    class ModelHyperParameters(Parameters):
        """Template for custom hyperparameters."""

    def __init__(self) -> None:
        super().__init__()
        self.testing_loss = {}
        self.training_loss = 0.0

    @abstractmethod
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Predict from a batch; see `torch.nn.Module.forward`."""

    @abstractmethod
    def innerTrainingLoop(self, i: int, loop_length: int, x: torch.Tensor, y: torch.Tensor) -> None:
        """Train on one batch, and add its loss to `self.training_loss`.

        Args:
            i: number of the batch.
            loop_length: how many batches there are in an epoch.
            x: inputs, shape (batch, ...), on the routine's device, in the model's dtype.
            y: targets, shape (batch, columns).
        """

    @classmethod
    def from_checkpoint(cls, checkpoint: ExportedModel) -> Self:
        """Build the model a checkpoint describes, with its weights.

        `loadModel` calls this; a model whose older files need special care overrides it. The
        model gets those hyperparameters that its `__init__` takes. Where `outputs` is one of them
        and the file does not say, it is the number of rows of `linear.weight`. Weights keep the
        dtype they were saved in, except those of files without a `format_version`: these were
        float64 by a global default of their time, and become float32.

        Raises:
            TypeError: the file lacks an argument of `__init__`.
            RuntimeError: the weights are not those of this model.
        """
        weights = checkpoint["model_state_dict"]
        stored = checkpoint["hyperparameters"].items()
        arguments = {key: value for key, value in stored if cls._accepts(key)}
        if "outputs" in cls.__signature__.parameters and "linear.weight" in weights:
            arguments.setdefault("outputs", len(weights["linear.weight"]))
        # The weights drawn first are thrown away: the caller's random state is not to notice.
        with torch.random.fork_rng(devices=[]):
            model = cls(**arguments)
        kinds = {weight.dtype for weight in weights.values() if weight.is_floating_point()}
        if "format_version" in checkpoint and len(kinds) == 1:
            model.to(kinds.pop())
        model.load_state_dict(weights)
        return model


def _recorded(bound: inspect.BoundArguments, name: str) -> dict[str, Any]:
    """The arguments of a model as a checkpoint keeps them."""
    bound.apply_defaults()
    arguments: dict[str, Any] = {}
    for parameter in bound.signature.parameters.values():
        value = bound.arguments[parameter.name]
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments |= value
        elif parameter.kind is not parameter.VAR_POSITIONAL:
            arguments[parameter.name] = value
    recorded = {}
    for key, value in arguments.items():
        try:
            recorded[key] = plain(value)
        except TypeError as error:
            logger.warning("%s will not remember %s: %s", name, key, error)
    return recorded
