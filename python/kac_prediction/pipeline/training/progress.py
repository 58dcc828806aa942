"""What a checkpoint keeps of a training, checked before any of it is used."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import torch

from ..._checks import brief, check_count, check_flag, check_number
from ..checkpoint import ExportedModel

_LOSSES = ("selection_loss", "evaluation_loss")
_IMPLEMENTATION = ("capturable", "differentiable", "foreach", "fused")
# Optimisers whose state is as large as the weights, and what they need of it once they have any.
_STATES: Final[Mapping[type[torch.optim.Optimizer], set[str]]] = {
    torch.optim.Adam: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.SGD: set(),
}


def check_progress(checkpoint: ExportedModel) -> None:
    """Check that a checkpoint says of its training what `Trainer` does.

    Raises:
        TypeError, ValueError: something is of another kind, or contradicts the rest.
        LookupError: something is missing.
    """
    content: Mapping[str, Any] = checkpoint
    progress, run = _mapping("progress", content["progress"]), content["run_info"]
    _text("id in run_info", run["id"])
    if run["model"] is not None:
        _text("name in run_info", _mapping("model in run_info", run["model"])["name"])
    sampler = _mapping("dataset", content["dataset"])["sampler"]
    _text("name of the sampler", _mapping("sampler", sampler)["name"])
    _mapping("optimizer_state_dict", content["optimizer_state_dict"])
    history = _list("history", progress["history"])
    for epoch, record in enumerate(history):
        check_count("epoch in history", _mapping("history", record)["epoch"], epoch, epoch)
        check_number("training_loss", record["training_loss"])
        for name in _LOSSES:
            if name in record:
                check_number(name, _mapping(name, record[name])["aggregate"])
    check_count("epoch in run_info", run["epoch"], len(history) - 1, len(history) - 1)
    stopping = _mapping("stopping", progress["stopping"])
    check_count("waited", stopping["waited"], 0)
    if not (isinstance(best := stopping["best"], float) and best == math.inf):
        check_number("best", best)
    check_flag("streaming", progress["streaming"])
    if len(split := _list("split", progress["split"])) != 3 or not all(map(_is_set, split)):
        raise ValueError(f"split must be three sets of indices, got {brief(split)}")
    for state in _list("random", progress["random"]):
        _mapping("random", state)


def check_optimiser(optimiser: torch.optim.Optimizer, groups: Sequence[Mapping[str, Any]]) -> None:
    """Check the state that an optimiser was given, beside the groups that it was made with.

    How it computes stays as it was made. Raise ValueError or LookupError for what would fail in the
    next step of a training.
    """
    for group, made in zip(optimiser.param_groups, groups, strict=True):
        group.update({name: made[name] for name in _IMPLEMENTATION if name in made})
        for name, value in {**made, "initial_lr": made.get("lr", 0.0)}.items():
            if name != "params" and not _is_alike(group.setdefault(name, value), value):
                raise ValueError(f"{name} of its optimiser is {brief(group[name])}")
    needed = _STATES.get(type(optimiser))
    for parameter, state in optimiser.state.items():
        if needed is None or not isinstance(parameter, torch.Tensor) or not state:
            continue
        if missing := needed - state.keys():
            raise LookupError(f"its optimiser lacks {', '.join(sorted(missing))}")
        for name, value in state.items():
            if value is not None and not _is_finite(value, parameter.shape):
                raise ValueError(f"{name} of its optimiser is {brief(value)}")


def _mapping(name: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a dictionary, got {brief(value)}")
    return value


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise TypeError(f"{name} must be a list, got {brief(value)}")
    return value


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a text, got {brief(value)}")


def _is_set(value: Any) -> bool:
    """Return whether a value is the indices of a set."""
    return isinstance(value, torch.Tensor) and value.dtype == torch.int64 and value.ndim == 1


def _is_alike(value: Any, made: Any) -> bool:
    """Return whether a value can stand where an optimiser was made with another."""
    if value is None or isinstance(value, bool):
        return made is None or isinstance(made, bool)
    if isinstance(made, list | tuple):
        same = isinstance(value, list | tuple) and len(value) == len(made)
        return same and all(map(_is_alike, value, made))
    if made is None or isinstance(made, int | float | torch.Tensor):
        return _is_finite(value, ())
    return type(value) is type(made)


def _is_finite(value: Any, shape: Sequence[int]) -> bool:
    """Return whether a value is a finite number, or a tensor of one or of this shape."""
    if isinstance(value, torch.Tensor):
        fits = value.numel() == 1 or tuple(value.shape) == tuple(shape)
        return fits and not value.is_complex() and bool(torch.isfinite(value).all())
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
