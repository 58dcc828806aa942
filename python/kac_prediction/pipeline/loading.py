"""From a checkpoint back to a model."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar, overload

import torch

from .checkpoint import BEST, read_checkpoint
from .info import ExportedModel
from .model import Model as AnyModel
from .model_input import ModelInput

M = TypeVar("M", bound=AnyModel)


@overload
def loadModel(
    path: str | Path,
    Model: type[M],
    device: torch.device | str | None = None,
) -> M: ...
@overload
def loadModel(
    path: str | Path,
    Model: None = None,
    device: torch.device | str | None = None,
) -> AnyModel: ...
def loadModel(
    path: str | Path,
    Model: type[AnyModel] | None = None,
    device: torch.device | str | None = None,
) -> AnyModel:
    """Load a trained model, ready to predict: in eval mode, with its weights.

    The model knows where it comes from: `model_input` (None where the file says nothing),
    `run_info` and `dataset` are those of its training. Its dtype is the one it was saved in;
    files of older programs, which have no `format_version` and hold float64, become float32.

    Args:
        path: a checkpoint, or the directory of a run, which stands for its `best.pt`.
        Model: the class to load; without it, the imported subclass of `Model` of the name that
            the file gives.
        device: where to put it; None: the CPU.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: the file is not a checkpoint, or one of another model, or its weights do not
            fit. The message names the file and the remedy.
    """
    file = Path(path) / BEST if Path(path).is_dir() else Path(path)
    checkpoint = read_checkpoint(file)
    kind = _class_for(checkpoint, Model, file)
    try:
        model = kind.from_checkpoint(checkpoint)
        if "model_input" in checkpoint:
            model.model_input = ModelInput.from_dict(checkpoint["model_input"])
    except (RuntimeError, TypeError, ValueError, KeyError) as error:
        raise ValueError(
            f"{file} does not fit {kind.__name__}: {error}. Load it with the version that saved"
            f" it ({_version(checkpoint)}), or let {kind.__name__}.from_checkpoint convert it"
        ) from error
    model.run_info = checkpoint["run_info"]
    model.dataset = checkpoint.get("dataset")
    return model.to(device or "cpu").eval()


def _class_for(
    checkpoint: ExportedModel, asked: type[AnyModel] | None, file: Path
) -> type[AnyModel]:
    """The class of the model in a checkpoint."""
    info = checkpoint["run_info"].get("model")
    name = info["name"] if info else None
    if asked is not None:
        if name not in (None, asked.__name__):
            raise ValueError(
                f"{file} holds a {name}, not a {asked.__name__}: give loadModel the class {name},"
                " or the right file"
            )
        return asked
    if name is None:
        raise ValueError(f"{file} does not name its model: give loadModel the class, Model=...")
    # Running a definition again, in a notebook, leaves the former class behind: the last counts.
    found = {
        f"{kind.__module__}.{kind.__qualname__}": kind
        for kind in _subclasses(AnyModel)  # type: ignore[type-abstract]
        if kind.__name__ == name
    }
    if len(found) == 1:
        return found.popitem()[1]
    state = f"several classes are called so: {', '.join(found)}" if found else "it is not imported"
    raise ValueError(
        f"{file} holds a {name}, but {state}: import the module that defines it (for CRePE:"
        " kac_prediction.architecture), or give loadModel the class, Model=..."
    )


def _subclasses(kind: type[AnyModel]) -> Iterator[type[AnyModel]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


def _version(checkpoint: ExportedModel) -> str:
    info = checkpoint["run_info"].get("model")
    return f"kac_prediction {info['version']}" if info else "unknown"
