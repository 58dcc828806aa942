"""Checkpoints on disk: written so that they are never half there, read without running code."""

import copy
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import torch

from .info import ExportedModel

BEST = "best.pt"
_NEEDED = ("hyperparameters", "model_state_dict", "run_info")


def save_checkpoint(path: str | Path, checkpoint: ExportedModel) -> None:
    """Write a checkpoint: either all of it is at `path` in the end, or nothing has changed there.

    Raises:
        OSError: it cannot be written.
    """
    file = Path(path)
    staged = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with staged.open("wb") as stream:
            torch.save(checkpoint, stream)
            stream.flush()
            os.fsync(stream.fileno())
        staged.replace(file)
    finally:
        staged.unlink(missing_ok=True)


def read_checkpoint(path: str | Path) -> ExportedModel:
    """Read a checkpoint to the memory of the CPU.

    Args:
        path: the file, or the directory of a run, which stands for its `best.pt`.

    Raises:
        FileNotFoundError: there is nothing.
        ValueError: the file is not a checkpoint of this package.
    """
    file = Path(path)
    if file.is_dir():
        file /= BEST
    if not file.is_file():
        raise FileNotFoundError(f"there is no checkpoint {str(file)!r}{_neighbours(file)}")
    try:
        content: Any = torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # whatever zip, pickle and torch make of other files
        raise ValueError(f"{file} is not a checkpoint that can be read: {error}") from error
    missing = [key for key in _NEEDED if not isinstance(content, dict) or key not in content]
    if missing:
        raise ValueError(
            f"{file} is not a checkpoint of kac_prediction: it lacks {', '.join(missing)}"
        )
    return cast("ExportedModel", content)


class Checkpoints:
    """The checkpoints of one run: `epoch_%03d.pt` when due, and `best.pt`.

    As a context manager around a training, it saves the last finished epoch when the training
    ends early, by Ctrl-C or an error, in the state the epoch left.

    Args:
        directory: where they go.
    """

    def __init__(self, directory: str | Path) -> None:
        self._directory = Path(directory)
        self._finished: ExportedModel | None = None  # the last epoch, while it is not on disk
        self._last: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.rescue()

    def keep(self, checkpoint: ExportedModel, *, due: bool, best: bool) -> None:
        """Take the state at the end of an epoch.

        Args:
            checkpoint: that state; its tensors may be the model's own.
            due: whether to write `epoch_%03d.pt` now.
            best: whether to write `best.pt`.
        """
        self._finished = checkpoint
        if best:
            save_checkpoint(self._directory / BEST, checkpoint)
        if due:
            self.rescue()
        else:
            # The next epoch trains on in the same tensors.
            self._finished = copy.deepcopy(checkpoint)

    def rescue(self) -> Path | None:
        """Write the last finished epoch if it is not on disk; return the newest epoch's file."""
        if self._finished is not None:
            path = self._directory / f"epoch_{self._finished['run_info']['epoch']:03d}.pt"
            save_checkpoint(path, self._finished)
            self._finished, self._last = None, path
        return self._last


def _neighbours(file: Path) -> str:
    """What else one could have meant."""
    names = sorted(path.name for path in file.parent.glob("*.pt"))
    return f"; beside it are {', '.join(names)}" if names else ""
