"""Checkpoints: what they hold, and how those of a run are written atomically."""

import copy
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NotRequired, Self

import torch
from typing_extensions import TypedDict

from .._files import replacing, reporting

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
BEST, LAST = "best.pt", "last.pt"
_WRITE_INTERVAL = 10.0  # seconds that may pass without anything being written


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

    Losses are dictionaries with at least the key 'aggregate': `selection_loss` of the validation
    set, and `testing_loss` too if the parameter `testing` is true; `evaluation_loss` of the test
    set, if it is false. Legacy files lack `format_version`, and losses may be plain numbers.
    """

    dataset: dict[str, Any]  # metadata of the TorchDataset
    hyperparameters: dict[str, Any]  # the routine's parameters and the model's own arguments
    evaluation_loss: dict[str, Any] | None  # None while testing, or where it was not measured
    model_state_dict: dict[str, Any]
    optimizer_state_dict: dict[str, Any]
    run_info: RunInfo
    testing_loss: dict[str, Any] | None  # None unless testing
    training_loss: float
    format_version: NotRequired[int]
    model_input: NotRequired[dict[str, Any]]  # how a sound becomes input: ModelInput.to_dict()
    selection_loss: NotRequired[dict[str, Any]]
    progress: NotRequired[dict[str, Any]]  # what else a training needs to resume from here


class Checkpoints:
    """The checkpoints of one run: `epoch_%03d.pt` when due, `best.pt` and `last.pt`.

    The latter two are held in memory, and written when an epoch is due, ten seconds after the last
    write, and at the end of the `with` block around a training, also by Ctrl-C or an error: quick
    epochs do not wait for the disk, and a process that is killed loses ten seconds. Where the disk
    is full, training goes on, and the next write tries again. `last_good` is the file of the last
    epoch on disk.
    """

    def __init__(self, directory: str | Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.last_good: Path | None = None
        self._directory = Path(directory)
        self._clock = clock
        self._written_at = clock()
        self._held: dict[str, ExportedModel] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: object, error: BaseException | None, trace: object) -> None:
        try:
            self.write()
        except OSError as failure:
            if error is None:
                raise
            error.add_note(f"and the last epochs could not be saved: {failure}")

    def keep(self, checkpoint: ExportedModel, *, due: bool, best: bool) -> None:
        """Take the state at the end of an epoch, whose tensors may be the model's own."""
        names = [f"epoch_{checkpoint['run_info']['epoch']:03d}.pt"] if due else []
        names += [BEST] if best else []
        self._held.pop(LAST, None)  # written at the end: a training goes on from what stands there
        self._held |= dict.fromkeys([*names, LAST], checkpoint)
        if due or self._clock() - self._written_at >= _WRITE_INTERVAL:
            try:
                self.write()
            except OSError as error:
                logger.warning("%s; training goes on, and the next writing tries again", error)
        # What is still held must not change as the model learns on.
        if stays := [name for name, held in self._held.items() if held is checkpoint]:
            self._held |= dict.fromkeys(stays, copy.deepcopy(checkpoint))

    def write(self) -> None:
        """Write what is held; equal files are hard links to one, where the disk has links."""
        saved: dict[int, Path] = {}
        for name, checkpoint in self._held.items():
            path = self._directory / name
            if id(checkpoint) in saved:
                with suppress(OSError):  # a disk without links
                    with replacing(path, durable=False) as staged:
                        staged.unlink(missing_ok=True)
                        staged.hardlink_to(saved[id(checkpoint)])
                    continue
            with (
                reporting("saving a checkpoint", path),
                replacing(path) as staged,
                staged.open("wb") as stream,
            ):
                try:
                    torch.save(checkpoint, stream)
                except RuntimeError as error:  # torch's writer, which does not say why
                    raise OSError(
                        f"{path} cannot be written (saving a checkpoint): make room, or have it "
                        "allowed"
                    ) from error
            saved[id(checkpoint)] = path
        if self._held:
            self.last_good = self._directory / LAST
        self._held = {}
        self._written_at = self._clock()
