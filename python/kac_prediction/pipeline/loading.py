"""loadModel: from a file, a directory or an address to a trained model."""

import hashlib
import importlib
import logging
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, overload
from urllib.parse import unquote, urlsplit

import pooch
import torch
from typing_extensions import TypeVar

from .._checks import brief, did_you_mean
from .checkpoint import BEST
from .checkpoint_reader import read_checkpoint
from .datasets.download import check_digest, fetch, hexadecimal, public
from .legacy import convert_legacy
from .model import Model as AnyModel
from .model_input import ModelInput

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=AnyModel, default=AnyModel)

SHIPPED: Final[Mapping[str, str]] = {"any-drum": "any_drum.pt"}
"""Models that come with the package, by name; what they hear is said in a file beside each."""

_WEIGHTS = Path(__file__).parents[1] / "weights"
_LARGEST = 10**10  # bytes; CRePE 'full' in float64, with the state of its optimiser, has 5e8
_SETS = {"validation": "selection", "test": "evaluation"}
_LOSSES = ("selection_loss", "testing_loss", "evaluation_loss", "training_loss")


@overload
def loadModel(
    path: type[M],
    Model: str | Path,
    device: torch.device | str | None = None,
    sha256: str | None = None,
    *,
    labels: Sequence[str] | None = None,
) -> M: ...
@overload
def loadModel(
    path: str | Path,
    Model: type[M] | None = None,
    device: torch.device | str | None = None,
    sha256: str | None = None,
    *,
    labels: Sequence[str] | None = None,
) -> M: ...
def loadModel(
    path: str | Path | type[M],
    Model: type[M] | str | Path | None = None,
    device: torch.device | str | None = None,
    sha256: str | None = None,
    *,
    labels: Sequence[str] | None = None,
) -> M:
    """Load a trained model, ready to predict: in eval mode, in the dtype it was saved in.

    Its `model_input`, `run_info` and `dataset` are those of its training, or None. A legacy model,
    of a file without `format_version`, becomes float32 and is converted: it predicts `drum_size` as
    the square root of the area in metres, from whole sounds, as long as those of its training.
    Where the file lacks what that needs, such as the order of a rectangle's outputs, it stays as it
    was trained, unless `labels` are given.

    Args:
        path: a checkpoint; or its https address, from which it is downloaded once; or the directory
            of a run: its `best.pt`, else the checkpoint in it of the lowest loss; or "any-drum",
            the model of the routine `AnyDrum` that comes with the package.
        Model: its class; None: the subclass of `Model` of the name that the file gives, one that is
            imported or of this package.
        device: where to put it; None: the CPU.
        sha256: of the file, hexadecimal, to be compared; with it, an http address will do.
        labels: of the outputs of a legacy model, in their order, where the file does not tell:
            before November 2023 ("aspect_ratio", "drum_size"), from then on ("drum_size",
            "aspect_ratio").

    The order of legacy programs is taken too, `loadModel(Model, path, url)`: where there is no such
    file, the model is taken from the address.

    Raises:
        ConnectionError: the address cannot be reached, and was not downloaded before.
        FileNotFoundError: there is no such file, or no checkpoint in the directory.
        ValueError: the file is not a checkpoint, or does not fit the class, the sha256 or the
            labels; names the file and the remedy.
    """
    if isinstance(path, type):
        path, Model, device = _legacy_order(path, Model, device)
    if isinstance(Model, str | Path):
        raise TypeError(f"Model must be a class of networks, got {brief(Model)}")
    if path in SHIPPED:
        file = _WEIGHTS / SHIPPED[str(path)]
    elif _is_address(path):
        file = _fetch(str(path), sha256)
    else:
        file = Path(path)
        if not file.exists() and (nearest := did_you_mean(str(path), SHIPPED)):
            raise FileNotFoundError(f"there is no checkpoint {str(path)!r}{nearest}")
        file = _best_checkpoint(file) if file.is_dir() else file
        if sha256 is not None and file.is_file():
            check_digest(file, sha256, "sha256")
    checkpoint = read_checkpoint(file)
    stored: Any = checkpoint["run_info"].get("model")
    info = stored if isinstance(stored, Mapping) else {}
    kind: type[Any] = _class_of(info.get("name"), Model, file)
    try:
        model: M = kind.from_checkpoint(checkpoint)
        if "model_input" in checkpoint:
            model.model_input = ModelInput.from_dict(checkpoint["model_input"])
    except (RuntimeError, TypeError, ValueError, LookupError, AttributeError) as error:
        reason = str(error) or type(error).__name__
        raise ValueError(
            f"{file} does not fit {kind.__name__}: {reason}. Load it with the version that saved it"
            f" (kac_prediction {info.get('version', 'unknown')!s:.50}), or let"
            f" {kind.__name__}.from_checkpoint convert it"
        ) from error
    model.run_info = checkpoint["run_info"]
    model.dataset = checkpoint.get("dataset")
    stored_losses = {name: checkpoint.get(f"{key}_loss") for name, key in _SETS.items()}
    model.losses = {k: loss for k, loss in stored_losses.items() if isinstance(loss, Mapping)}
    model.trained_with = checkpoint["hyperparameters"]
    if path in SHIPPED:
        model.card = file.with_suffix(".md").read_text(encoding="utf-8")
    if "format_version" not in checkpoint:
        convert_legacy(model, checkpoint, file, labels)
    elif labels is not None:
        raise ValueError(f"{file} says itself what it predicts: call loadModel without labels")
    return model.to(device or "cpu").eval()


def _is_address(place: object) -> bool:
    """Return whether a text is an address, such as https://..., and not a path."""
    return isinstance(place, str) and re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", place) is not None


def _legacy_order(
    Model: type[M], path: type[M] | str | Path | None, url: torch.device | str | None
) -> tuple[str | Path, type[M], torch.device | str | None]:
    """Return path, class and device of loadModel(Model, path, url)."""
    if not isinstance(path, str | Path):
        raise TypeError(f"loadModel needs the path of a checkpoint, got {brief(path)}")
    if not _is_address(url):
        return path, Model, url
    return (path if Path(path).exists() else str(url)), Model, None


def _fetch(url: str, sha256: str | None) -> Path:
    """Return the copy of a checkpoint in the user's folder for caches; download it the first time.

    It is kept there once it is whole, has the sha256, and can be read as a checkpoint.
    """
    parts, shown = urlsplit(url), public(url)
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"{shown} is neither a path nor an https address")
    if parts.scheme == "http" and sha256 is None:  # anybody on the way could have exchanged it
        raise ValueError(
            f"{shown} is not protected against a change on the way: give its https address, or the "
            "file's sha256"
        )
    expected = None if sha256 is None else hexadecimal(sha256, "sha256")
    name = re.sub(r"[^\w.-]", "_", unquote(parts.path).rpartition("/")[2])[-60:] or "model"
    key = hashlib.sha256(url.encode()).hexdigest()[:16]
    copy = Path(pooch.os_cache("kac_prediction")) / "models" / f"{key}-{name}"
    if copy.is_file() and (expected is None or pooch.file_hash(str(copy)) == expected):
        logger.info("%s: taking the copy in %s", shown, copy)
        return copy
    copy.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=copy.parent, prefix=".arriving-") as folder:
        arrived = Path(folder) / copy.name
        try:
            fetch(url, arrived, _LARGEST)
        except ConnectionError as error:
            raise ConnectionError(
                f"{error}. Check the address and the network and call again, or bring the file here"
                " by other means and give loadModel its path"
            ) from error
        try:
            if expected is not None:
                check_digest(arrived, expected, "sha256")
            read_checkpoint(arrived)
        except ValueError as error:
            reason = str(error).replace(str(arrived), shown)
            raise ValueError(f"{reason}. Nothing of it was kept") from None
        arrived.replace(copy)
    logger.info("%s: kept in %s", shown, copy)
    return copy


def _best_checkpoint(directory: Path) -> Path:
    """Return `best.pt` of a directory, else its checkpoint of the lowest loss."""
    if (directory / BEST).is_file():
        return directory / BEST
    files = sorted(file for file in directory.iterdir() if file.is_file())
    losses: dict[str, dict[Path, float]] = {}
    for file in files:
        try:
            checkpoint: Mapping[str, Any] = read_checkpoint(file) if file.suffix == ".pt" else {}
        except (ValueError, OSError) as error:
            logger.debug("%s", error)
            continue
        for name in _LOSSES:
            loss = checkpoint.get(name)
            number = loss.get("aggregate") if isinstance(loss, Mapping) else loss
            if isinstance(number, int | float) and math.isfinite(number):
                losses.setdefault(name, {})[file] = number
    chosen = next((name for name in _LOSSES if name in losses), "")
    candidates = losses.get(chosen, {})
    ignored = [file.name for file in files if file not in candidates]
    if not candidates:
        found = f"of its files, {', '.join(ignored)}, none can be read as one"
        runs = ", ".join(sorted({file.parent.name for file in directory.glob("*/*.pt")}))
        raise FileNotFoundError(
            f"there is no checkpoint in {directory}: {found if ignored else 'it holds no file'}"
            f"{f'; name one of its folders: {runs}' if runs else ''}"
        )
    best = min(candidates, key=lambda file: candidates[file])
    level = logging.WARNING if any(name.endswith(".pt") for name in ignored) else logging.INFO
    message = "%s: took %s, of the lowest %s, %g; ignored: %s"
    loss, others = chosen.replace("_", " "), ", ".join(ignored) or "no file"
    logger.log(level, message, directory, best.name, loss, candidates[best], others)
    return best


def _class_of(name: object, asked: type[AnyModel] | None, file: Path) -> type[AnyModel]:
    """Return the class asked for, or else the one of the name that a checkpoint gives."""
    if asked is not None:
        if name not in (None, asked.__name__):
            raise ValueError(
                f"{file} holds a {name}, not a {asked.__name__}: give loadModel the class {name},"
                " or the right file"
            )
        return asked
    if not isinstance(name, str):
        raise ValueError(f"{file} does not name its model: give loadModel the class, Model=...")
    found = _imported(name)
    if not found:
        # By name: this room does not know the networks, which derive from its `Model`.
        getattr(importlib.import_module("kac_prediction.architecture"), name, None)
        found = _imported(name)
    if len(found) == 1:
        return found.popitem()[1]
    state = f"several classes are called so: {', '.join(found)}" if found else "it is not imported"
    raise ValueError(
        f"{file} holds a {name}, but {state}: import the module that defines it, or give loadModel"
        " the class, Model=..."
    )


def _imported(name: str) -> dict[str, type[AnyModel]]:
    """Return the subclasses of Model of this name, by full names; of a redefined one, the last."""
    kinds: list[type[AnyModel]] = [AnyModel]  # type: ignore[type-abstract]
    for kind in kinds:  # grows as it is read
        kinds += kind.__subclasses__()
    named = [kind for kind in kinds if kind.__name__ == name]
    return {f"{kind.__module__}.{kind.__qualname__}": kind for kind in named}
