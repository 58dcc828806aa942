"""The base class of the networks."""

import inspect
import logging
import math
from abc import ABC, ABCMeta, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import torch

from .. import _html
from .._checks import brief
from .._files import plain
from .checkpoint import ExportedModel, RunInfo
from .model_input import ModelInput
from .training.options import OPTIONS, Parameters

logger = logging.getLogger(__name__)


class ModelMeta(ABCMeta):
    """Let a model be made from all parameters of a training, and record its hyperparameters.

    `SomeModel(**routine.P, outputs=1)` passes common parameters too, such as `batch_size`: those
    that `__init__` does not take are dropped. Its own are recorded in `model.hyperparameters`.
    """

    @property
    def __signature__(cls) -> inspect.Signature:
        """The signature of `__init__`, which `__call__` below would hide."""
        signature = inspect.signature(cls.__init__)  # type: ignore[misc]
        return signature.replace(parameters=list(signature.parameters.values())[1:])

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make a model from those of the arguments that are its own."""
        signature = cls.__signature__
        own = {k: v for k, v in kwargs.items() if k not in OPTIONS or _accepts(signature, k)}
        model = super().__call__(*args, **own)
        bound = signature.bind(*args, **own)
        bound.apply_defaults()
        model.hyperparameters = {}
        for parameter in signature.parameters.values():
            value = bound.arguments[parameter.name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                continue
            several = parameter.kind is parameter.VAR_KEYWORD
            for name, each in value.items() if several else [(parameter.name, value)]:
                try:
                    model.hyperparameters[name] = plain(each)
                except TypeError as error:
                    logger.warning("%s does not record %s: %s", cls.__name__, name, error)
        return model


class Model(ABC, torch.nn.Module, metaclass=ModelMeta):
    """Template for a neural network.

    A subclass defines `ModelHyperParameters`, `forward` and `innerTrainingLoop`, and sets
    `criterion` and `optimiser` in its `__init__`.

    `capturable` declares that a whole training step may be recorded as a CUDA graph and replayed
    for every batch: `innerTrainingLoop` never waits for the device, does not branch on data, makes
    tensors of the same shapes each time, does not use `i`, and adds to `training_loss` in place.
    """

    capturable: ClassVar[bool] = False

    criterion: torch.nn.Module
    optimiser: torch.optim.Optimizer
    testing_loss: dict[str, Any]
    training_loss: float | torch.Tensor  # a tensor once its loop has added one
    hyperparameters: dict[str, Any]  # the arguments it was made with, in plain types
    model_input: ModelInput | None = None  # how a sound becomes its input, when known
    run_info: RunInfo | None = None  # of the training it was loaded from
    dataset: dict[str, Any] | None = None  # about the dataset it was trained on, when loaded
    losses: dict[str, Any] | None = None  # of that training, by set and label, when loaded
    trained_with: dict[str, Any] | None = None  # the parameters of that training, when loaded
    card: str | None = None  # what is said of a model that comes with the package, when loaded

    @abstractmethod
    class ModelHyperParameters(Parameters):
        """Template for custom hyperparameters."""

    def __init__(self) -> None:
        super().__init__()
        self.testing_loss = {}
        self.training_loss = 0.0

    def __repr__(self) -> str:
        """Return what it hears and predicts in a line; its layers are in `children()`."""
        count = sum(weight.numel() for weight in self.parameters())
        heard = f"{_described(self.model_input)}; " if self.model_input else ""
        return f"<{type(self).__name__}: {heard}{count:,} weights>"

    def _repr_html_(self) -> str:
        """Return what it hears, what it learnt from, and its losses, for notebooks."""
        pieces = []
        if self.dataset is not None:
            settings = self.dataset.get("sampler_settings", {}).items()
            pieces.append(_html.table(settings, ("trained on", "settings")))
        if self.losses:
            pieces.append(_html.table(_by_label(self.losses), ("loss", *self.losses)))
        layers = torch.nn.Module.__repr__(self)
        return _html.block(repr(self), *pieces, _html.folded("layers", layers))

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
        """Build the model of a checkpoint, with its weights; `loadModel` calls this.

        The model gets those hyperparameters that its `__init__` takes; `outputs`, where the file
        lacks it, is the number of rows of `linear.weight`. Weights keep their dtype; those of
        legacy files, without a `format_version`, become float32. Override it to convert older files
        of a model.

        Raises:
            ValueError: the file lacks hyperparameters, or its weights do not fit or are not finite;
                names them.
        """
        weights = checkpoint["model_state_dict"]
        signature = cls.__signature__
        stored = checkpoint["hyperparameters"].items()
        arguments = {key: value for key, value in stored if _accepts(signature, key)}
        if "outputs" in signature.parameters and "linear.weight" in weights:
            arguments.setdefault("outputs", len(weights["linear.weight"]))
        missing = [
            p.name
            for p in signature.parameters.values()
            if p.default is p.empty
            and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
            and p.name not in arguments
        ]
        if missing:
            raise ValueError(f"the file lacks the hyperparameters {', '.join(missing)}")
        tensors = [weight for weight in weights.values() if torch.is_tensor(weight)]
        outputs, count = arguments.get("outputs"), sum(tensor.numel() for tensor in tensors)
        if isinstance(outputs, int) and outputs > count:  # before they take their memory
            raise ValueError(f"it has {count} weights, too few for {brief(outputs)} outputs")
        # The initial weights are thrown away: the caller's random state must not advance.
        with torch.random.fork_rng(devices=[]):
            model = cls(**arguments)
        dtypes = {tensor.dtype for tensor in tensors if tensor.is_floating_point()}
        if "format_version" in checkpoint and len(dtypes) == 1:
            model.to(dtypes.pop())
        load_weights(model, weights)
        return model


def _accepts(signature: inspect.Signature, name: str) -> bool:
    """Return whether a function of this signature takes this keyword argument."""
    parameters = signature.parameters
    return name in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _described(model_input: ModelInput) -> str:
    """Return what is heard and predicted in a line."""
    pairs = zip(model_input.labels, model_input.units, strict=True)
    labels = ", ".join(f"{label} ({unit})" if unit else label for label, unit in pairs)
    kind = model_input.representation
    heard = f"{model_input.length / model_input.sample_rate:.3g} s at {model_input.sample_rate} Hz"
    output = f" as {kind['output_type']}" if kind else ""
    return f"{heard}{output} to {labels}"


def _by_label(losses: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return a row for each label, of its loss on each set."""
    labels = dict.fromkeys(label for each in losses.values() for label in each)
    return [(k, *(f"{each.get(k, math.nan):.4g}" for each in losses.values())) for k in labels]


def load_weights(model: torch.nn.Module, weights: Mapping[str, Any]) -> None:
    """Load a state dictionary; raise ValueError with the names of weights that do not fit.

    Or that no training leaves: parameters must be finite, and no buffer may be nan.
    """
    own = model.state_dict()
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError) as error:
        misfits = [f"{name} is missing" for name in own if name not in weights]
        misfits += [f"{name!s:.100} is unknown" for name in weights if name not in own]
        for name in own.keys() & weights.keys():
            found, due = (tuple(getattr(each[name], "shape", ())) for each in (weights, own))
            misfits += [f"{name} has the shape {found}, not {due}"] if found != due else []
        more = f" and {len(misfits) - 6} more" if len(misfits) > 6 else ""
        reason = "; ".join(sorted(misfits)[:6]) + more if misfits else str(error)
        raise ValueError(f"the weights are those of another network: {reason}") from None
    wrong = [name for name, value in model.named_parameters() if not torch.isfinite(value).all()]
    wrong += [name for name, value in model.named_buffers() if torch.isnan(value).any()]
    if wrong:
        raise ValueError(f"the weights of {', '.join(wrong[:6])} are not finite numbers")
