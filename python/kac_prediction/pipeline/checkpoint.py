"""Checkpoints on disk: written so that they are never half there, read without running code."""

import copy
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import torch

from .info import ExportedModel

logger = logging.getLogger(__name__)

BEST, LAST = "best.pt", "last.pt"
PATIENCE = 10.0  # seconds that may pass without anything being written
_NEEDED = ("hyperparameters", "model_state_dict", "run_info")


def save_checkpoint(path: str | Path, checkpoint: ExportedModel) -> None:
    """Write a checkpoint: either all of it is at `path` in the end, or nothing has changed there.

    Raises:
        OSError: it cannot be written.
    """
    file = Path(path)
    with _staged(file) as staged, staged.open("wb") as stream:
        try:
            torch.save(checkpoint, stream)
        except RuntimeError as error:  # torch's writer, where the disk is full
            raise OSError(f"{file} cannot be written: {error}") from error
        stream.flush()
        os.fsync(stream.fileno())


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
    """The checkpoints of one run: `epoch_%03d.pt` when due, `best.pt` and `last.pt`.

    The latter two are written when an epoch is due, when ten seconds have passed since anything was
    written, and at the end. Until then they are held in memory: a process that is killed loses ten
    seconds, and quick epochs do not wait for the disk. Where the disk is full, a training goes on,
    and the writing is tried again.

    As a context manager around a training, it writes what is held, also when that ends by Ctrl-C or
    an error.

    Args:
        directory: where they go; None: nowhere.
        clock: tells seconds.
    """

    def __init__(
        self, directory: str | Path | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._directory = None if directory is None else Path(directory)
        self._clock = clock
        self._written_at = clock()
        self._held: dict[str, ExportedModel] = {}
        self._last: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.write()
        except OSError as failure:
            if error is None:
                raise
            error.add_note(f"and what was learnt last is lost: {failure}")

    @property
    def last_good(self) -> Path | None:
        """The file of the last finished epoch that is on disk."""
        return self._last

    def keep(self, checkpoint: ExportedModel, *, due: bool, best: bool) -> None:
        """Take the state at the end of an epoch.

        Args:
            checkpoint: that state; its tensors may be the model's own.
            due: whether to write `epoch_%03d.pt` now.
            best: whether it is to become `best.pt`.
        """
        if self._directory is None:
            return
        names = [f"epoch_{checkpoint['run_info']['epoch']:03d}.pt"] if due else []
        names += [BEST] if best else []
        self._held |= dict.fromkeys([*names, LAST], checkpoint)
        if due or self._clock() - self._written_at >= PATIENCE:
            try:
                self.write()
            except OSError as error:
                logger.warning("%s; training goes on, and the next writing tries again", error)
        # What is still held must not change as the model learns on.
        if any(held is checkpoint for held in self._held.values()):
            copied = copy.deepcopy(checkpoint)
            self._held = {
                name: copied if held is checkpoint else held for name, held in self._held.items()
            }

    def write(self) -> None:
        """Write what is held; equal files share their place on the disk.

        Raises:
            OSError: it cannot be written.
        """
        if self._directory is None:
            return
        written: dict[int, Path] = {}
        for name, checkpoint in list(self._held.items()):
            path = self._directory / name
            twin = written.get(id(checkpoint))
            if twin is None or not _linked(twin, path):
                save_checkpoint(path, checkpoint)
            written[id(checkpoint)] = path
        if self._held:
            self._last = self._directory / LAST
        self._held = {}
        self._written_at = self._clock()


@contextmanager
def _staged(file: Path) -> Iterator[Path]:
    """A path beside a file, which becomes the file if all goes well, and else is gone."""
    staged = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        yield staged
        staged.replace(file)
    finally:
        staged.unlink(missing_ok=True)


def _linked(source: Path, path: Path) -> bool:
    """Let a path be another name of a file, if the disk can do that; return whether it is."""
    try:
        with _staged(path) as staged:
            staged.unlink(missing_ok=True)
            staged.hardlink_to(source)
    except OSError:
        return False
    return True


def _neighbours(file: Path) -> str:
    """What else one could have meant."""
    names = sorted(path.name for path in file.parent.glob("*.pt"))
    return f"; beside it are {', '.join(names)}" if names else ""
