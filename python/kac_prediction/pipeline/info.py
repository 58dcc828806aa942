"""What a run and a checkpoint say about themselves."""

from collections.abc import Mapping
from typing import Any, NotRequired

import numpy as np
import torch
from typing_extensions import TypedDict

FORMAT_VERSION = 1


class ModelInfo(TypedDict, total=True):
    """Information about the model used during a training loop."""

    name: str  # name of the model's class
    version: str  # version of kac_prediction the model originates from


class RunInfo(TypedDict, total=True):
    """Information about the current routine."""

    epoch: int  # epoch during training, or of loaded parameters
    exports_dir: str  # absolute path of the directory the run is saved in
    id: str  # this training session's id
    model: ModelInfo | None  # information about the model being trained


class ExportedModel(TypedDict, total=True):
    """All that is needed to save and load a model.

    The second part of the split is scored every epoch and makes all choices; its loss is
    `selection_loss`, and `testing_loss` too when the parameter `testing` is true. The third part
    is scored only when `testing` is false: `evaluation_loss`. Losses are dictionaries with at
    least the key 'aggregate'. Files without `format_version` come from older programs; their
    losses may be plain numbers.
    """

    dataset: dict[str, Any]  # metadata of the TorchDataset
    hyperparameters: dict[str, Any]  # the routine's parameters and the model's own arguments
    evaluation_loss: dict[str, Any] | None  # None while testing, or where it was not scored
    model_state_dict: dict[str, Any]
    optimizer_state_dict: dict[str, Any]
    run_info: RunInfo
    testing_loss: dict[str, Any] | None  # None unless testing
    training_loss: float
    format_version: NotRequired[int]
    model_input: NotRequired[dict[str, Any]]  # how a sound becomes input: ModelInput.to_dict()
    selection_loss: NotRequired[dict[str, Any]]
    progress: NotRequired[dict[str, Any]]  # what else a training needs to go on from here


def plain(value: Any) -> Any:
    """Turn a value into the plain types that `torch.load(weights_only=True)` reads back.

    Numbers of NumPy and tensors become Python's numbers and lists, mappings become dictionaries.

    Raises:
        TypeError: the value holds something a checkpoint cannot hold.
    """
    if isinstance(value, torch.Tensor | np.ndarray | np.generic):
        return value.tolist()
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind(value)  # a subclass, such as an enumeration, would not be read back
    if isinstance(value, list | tuple):
        items = [plain(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    raise TypeError(f"a checkpoint cannot hold {value!r}, a {type(value).__name__}")
