"""Checkpoints: what they hold, how they are written atomically, and read without running code."""

import copy
import errno
import logging
import re
import time
import warnings
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NotRequired, Self, cast

import torch
from typing_extensions import TypedDict

from .._files import replacing

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


def read_checkpoint(path: str | Path) -> ExportedModel:
    """Read a checkpoint to the memory of the CPU; the directory of a run means its `best.pt`.

    Raises:
        FileNotFoundError: there is nothing.
        ValueError: the file is not a checkpoint of this package.
    """
    file = Path(path)
    if file.is_dir():
        file /= BEST
    if not file.is_file():
        names = ", ".join(sorted(path.name for path in file.parent.glob("*.pt")))
        beside = f"; beside it are {names}" if names else ""
        raise FileNotFoundError(f"there is no checkpoint {str(file)!r}{beside}")
    try:
        with warnings.catch_warnings(action="ignore"), file.open("rb") as stream:
            content: Any = torch.load(stream, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # whatever zipfile, pickle and torch make of other files
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a file cut short
            raise
        logger.debug("torch cannot read %s", file, exc_info=True)
        reason = _unreadable(file, str(error))
        raise ValueError(f"{file} is not a checkpoint that can be read: {reason}") from None
    needed = ("hyperparameters", "model_state_dict", "run_info")
    found = content if isinstance(content, dict) else {}
    if missing := [key for key in needed if not isinstance(found.get(key), Mapping)]:
        raise ValueError(
            f"{file} is not a checkpoint of kac_prediction: it lacks {', '.join(missing)}. Give a "
            f"file that a training wrote, such as {BEST} or {LAST}"
        )
    return cast("ExportedModel", content)


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
            with replacing(path) as staged, staged.open("wb") as stream:
                try:
                    torch.save(checkpoint, stream)
                except RuntimeError as error:  # torch's writer, where the disk is full
                    raise OSError(f"{path} cannot be written: {error}") from error
            saved[id(checkpoint)] = path
        if self._held:
            self.last_good = self._directory / LAST
        self._held = {}
        self._written_at = self._clock()


def _unreadable(file: Path, error: str) -> str:
    """Say what a file is that torch failed to read with this error, and what to do."""
    other = f"Give a file that a training wrote, such as {BEST} or {LAST}"
    again = "Copy or download it again"
    with file.open("rb") as stream:
        start = stream.read(2)
    # The name alone is taken from torch's text, which advises to run the code of such files.
    if found := re.search(r"GLOBAL ([\w.]+)", error):
        return (
            f"it holds an object, {found[1]}, and reading objects may run foreign code. Save plain "
            "numbers, texts, lists and tensors instead"
        )
    if not start:
        return f"it is empty. {again}"
    if start == b"PK":
        with suppress(Exception), zipfile.ZipFile(file) as archive:  # which may be damaged
            names = {name.rpartition("/")[2] for name in archive.namelist()}
            if "data.pkl" not in names or "constants.pkl" in names:  # the latter: of TorchScript
                return f"it is a zip archive of another kind. {other}"
        return f"it is damaged, or breaks off before its end. {again}"
    kind = "a pickle of another kind" if start[:1] == b"\x80" else "of another format"
    return f"it is {kind}. {other}"
