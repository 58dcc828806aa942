"""From a checkpoint back to a model."""

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar, overload

import torch

from .checkpoint import BEST, read_checkpoint
from .info import ExportedModel
from .model import Model as AnyModel
from .model_input import ModelInput
from .older_models import translate
from .remote_models import check_sha256, fetch_checkpoint, is_address

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=AnyModel)

_LOSSES: Final = ("selection_loss", "testing_loss", "evaluation_loss", "training_loss")


@overload
def loadModel(
    path: str | Path,
    Model: type[M],
    device: torch.device | str | None = None,
    sha256: str | None = None,
    *,
    labels: Sequence[str] | None = None,
) -> M: ...
@overload
def loadModel(
    path: str | Path,
    Model: None = None,
    device: torch.device | str | None = None,
    sha256: str | None = None,
    *,
    labels: Sequence[str] | None = None,
) -> AnyModel: ...
def loadModel(
    path: str | Path,
    Model: type[AnyModel] | None = None,
    device: torch.device | str | None = None,
    sha256: str | None = None,
    *,
    labels: Sequence[str] | None = None,
) -> AnyModel:
    """Load a trained model, ready to predict: in eval mode, with its weights.

    The model knows where it comes from: `model_input` (None where the file says nothing),
    `run_info` and `dataset` are those of its training. Its dtype is the one it was saved in.

    Files of older programs have no `format_version`. Their float64 becomes float32, and CRePE
    runs as it did there. Where such a file says enough, the model is translated: it predicts
    `drum_size` as the square root of the area in metres, and its `model_input` takes whole sounds,
    as long as those of its training. Of a rectangle's model, the file rarely tells which output is
    which; then it stays as it was trained, unless `labels` are given.

    Args:
        path: a checkpoint; or the directory of a run, which stands for its `best.pt`, else for the
            checkpoint in it of the lowest loss; or the https address of a checkpoint, which is
            downloaded once.
        Model: the class to load; without it, the imported subclass of `Model` of the name that
            the file gives.
        device: where to put it; None: the CPU.
        sha256: of the file, hexadecimal; None: it is not compared. With it, an http address will
            do.
        labels: of the outputs of an older model, in their order, where the file does not tell:
            before November 2023 ("aspect_ratio", "drum_size"), from then on ("drum_size",
            "aspect_ratio").

    Raises:
        ConnectionError: the address cannot be reached, and was not downloaded before.
        FileNotFoundError: there is no such file, or no checkpoint in the directory.
        ValueError: the file is not a checkpoint, or one of another model or sha256, or its weights
            do not fit, or the labels cannot be its own. The message names the file and the remedy.
    """
    file, checkpoint = _found(path, sha256)
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
    if "format_version" not in checkpoint:
        translate(model, checkpoint, file, labels)
    elif labels is not None:
        raise ValueError(f"{file} says itself what it predicts: call loadModel without labels")
    return model.to(device or "cpu").eval()


def _found(path: str | Path, sha256: str | None) -> tuple[Path, ExportedModel]:
    """The file that a path, directory or address stands for, and what is in it."""
    if is_address(path):
        file = fetch_checkpoint(str(path), sha256)
    elif (directory := Path(path)).is_dir():
        file = _chosen(directory)
    else:
        file = directory
    if file.is_file():
        check_sha256(file, sha256)
    return file, read_checkpoint(file)


def _chosen(directory: Path) -> Path:
    """The best checkpoint of a directory: `best.pt`, else the one of the lowest loss.

    Raises:
        FileNotFoundError: there is none.
    """
    if (directory / BEST).is_file():
        return directory / BEST
    losses: dict[Path, dict[str, float]] = {}
    ignored = []
    for file in sorted(path for path in directory.iterdir() if path.is_file()):
        try:
            losses[file] = _losses(file)
        except (ValueError, OSError) as error:
            logger.debug("%s", error)
            ignored.append(file.name)
    kind = next((name for name in _LOSSES if any(name in found for found in losses.values())), None)
    if kind is None:
        raise FileNotFoundError(
            f"there is no checkpoint in {directory}: {_instead(directory, ignored)}"
        )
    rivals = {file: found[kind] for file, found in losses.items() if kind in found}
    file = min(rivals, key=lambda file: rivals[file])
    ignored += [other.name for other in losses if other not in rivals]
    damaged = any(name.endswith(".pt") for name in ignored)
    logger.log(
        logging.WARNING if damaged else logging.INFO,
        "%s: took %s, of the lowest %s, %g; ignored: %s",
        directory,
        file.name,
        kind.replace("_", " "),
        rivals[file],
        ", ".join(sorted(ignored)) or "no file",
    )
    return file


def _losses(file: Path) -> dict[str, float]:
    """The losses that a checkpoint holds, by their names; at least one.

    Raises:
        ValueError: it is none, or holds no loss that is a finite number.
    """
    if file.suffix != ".pt":
        raise ValueError(f"{file} is not called .pt")
    checkpoint: Mapping[str, Any] = read_checkpoint(file)
    losses = {}
    for name in _LOSSES:
        loss = checkpoint.get(name)
        if isinstance(loss, Mapping):
            loss = loss.get("aggregate")
        if isinstance(loss, int | float) and math.isfinite(loss):
            losses[name] = float(loss)
    if not losses:
        raise ValueError(f"{file} holds no loss")
    return losses


def _instead(directory: Path, ignored: Sequence[str]) -> str:
    """What is in a directory instead of checkpoints, and where else one could have meant."""
    found = ", ".join(ignored)
    runs = sorted({file.parent.name for file in directory.glob("*/*.pt")})
    there = f"of its files, {found}, none can be read as one" if found else "it holds no file"
    return f"{there}; name one of its folders: {', '.join(runs)}" if runs else there


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
