"""A run: its directory, its checkpoints, and the trackers that follow it."""

import itertools
import logging
import os
import secrets
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeAlias

from ..._files import file_state, locked, remove_leftovers
from ..._progress import ProgressBar, progress_bar
from ..checkpoint import BEST, LAST, Checkpoints, ExportedModel, RunInfo
from ..model import Model
from ..tracking.local import LOG, LocalTracker
from ..tracking.tracker import Record, Tracker, png
from ..tracking.wandb import WandbTracker
from .distributed import ProcessGroup

logger = logging.getLogger(__name__)


FileState: TypeAlias = list[tuple[int, ...]]
"""What tells whether somebody has written the files that a training goes on with."""


class LossError(ValueError):
    """A loss is missing or not a finite number."""


class Run:
    """Where one training is kept; of several processes, only the leader writes.

    `info` holds its id, directory, model and the epoch under way; `over` says whether it has been
    finished; `resumed` is the checkpoint that its training is to resume from, if any.
    """

    def __init__(
        self,
        info: RunInfo,
        wandb_config: Mapping[str, Any],
        processes: ProcessGroup,
        resumed: ExportedModel | None = None,
    ) -> None:
        self.info, self.over, self.resumed = info, False, resumed
        self.processes = processes
        self._directory = Path(info["exports_dir"])
        self._checkpoints = Checkpoints(self._directory)
        self._trackers: list[Tracker] = []
        if processes.leader:
            self._trackers = [LocalTracker(self._directory)]
        if processes.leader and wandb_config:
            self._trackers.append(WandbTracker(wandb_config, info["id"], self._directory))
        self._bar: ProgressBar | None = None
        self._state: FileState | None = None  # of the files to resume from, as read
        places = (self._directory, *self._directory.parents) if processes.leader else ()
        made = [place for place in places if not place.exists()]
        # So that a call which fails before the training, or none at all, leaves nothing behind.
        self._remove_empty = weakref.finalize(self, _remove_empty, made)
        if made:
            self._directory.mkdir(parents=True)

    @classmethod
    def create(
        cls,
        parent: Path,
        wandb_config: Mapping[str, Any],
        processes: ProcessGroup,
        previous: Self | None = None,
    ) -> Self:
        """Create a run in a directory of its own, of the model of the previous one, if any."""
        run_id = secrets.token_hex(4)
        if previous is None and wandb_config:  # a sweep may choose the id of a process's first run
            run_id = wandb_config.get("id") or os.environ.get("WANDB_RUN_ID") or run_id
        model = None if previous is None else previous.info["model"]
        directory = parent / run_id
        if directory.exists():  # of an earlier run under an id that was given
            directory = directory.with_name(f"{run_id}-{secrets.token_hex(4)}")
        info = RunInfo(epoch=0, exports_dir=str(directory), id=run_id, model=model)
        info = processes.broadcast(info)
        # A run that ended before its training leaves the next one to resume.
        return cls(info, wandb_config, processes, previous.resumed if previous else None)

    @classmethod
    def resume(
        cls,
        directory: Path,
        checkpoint: ExportedModel,
        read: FileState,
        wandb_config: Mapping[str, Any],
        processes: ProcessGroup,
    ) -> Self:
        """Take up the run of a checkpoint, in the directory where that is.

        `read` is the directory's `run_state` before the checkpoint was read. Raise BlockingIOError
        where another process trains the run, ValueError where one has since then.
        """
        info = RunInfo(**checkpoint["run_info"])
        info["exports_dir"] = str(directory.absolute())
        run = cls(info, wandb_config, processes, checkpoint)
        if processes.leader:
            with run_lock(directory):
                _check_state(directory, read)
                remove_leftovers(directory)
                for tracker in run._trackers:
                    tracker.resume(info["epoch"])
                run._state = run_state(directory)
        return run

    def configure(self, parameters: Mapping[str, Any], *, settled: bool = False) -> dict[str, Any]:
        """Tell the trackers the parameters; return those that they set otherwise."""
        changes: dict[str, Any] = {}
        for tracker in self._trackers:
            changes |= tracker.config(parameters, settled)
        # Keys that wandb adds itself are no parameters.
        own = {key: value for key, value in changes.items() if not key.startswith(("_", "wandb"))}
        return self.processes.broadcast(own)

    @contextmanager
    def training(self, model: Model) -> Iterator[None]:
        """Surround the epochs, so that a LossError names the checkpoint, Ctrl-C how to resume."""
        failed, interrupted = True, False
        with ExitStack() as stack, self.processes.leader_first():
            if self.processes.leader:
                stack.enter_context(run_lock(self._directory))
                if self._state is not None:
                    _check_state(self._directory, self._state)
            alone = stack.pop_all()
        logger.info("run %s, in %s", self.info["id"], self.info["exports_dir"])
        for tracker in self._trackers:
            tracker.watch(model)
        try:
            with self._checkpoints:
                yield
            failed = False
        except LossError as error:
            raise LossError(
                f"epoch {self.info['epoch']}: {error}. Last good checkpoint:"
                f" {self._checkpoints.last_good or 'none yet'}"
            ) from error
        except KeyboardInterrupt as interrupt:
            interrupted = True
            hint = f"run {self.info['id']} was interrupted in epoch {self.info['epoch']}"
            if (last := self._directory / LAST).is_file():
                hint += (
                    f": its last checkpoint is {last}; resume with --resume {self._directory}, or"
                    f" routine.resume({str(self._directory)!r})"
                )
            else:
                hint += ", before its first checkpoint: nothing is there to resume"
            if self.processes.leader:
                interrupt.add_note(hint)
            raise
        finally:
            self.resumed = self._state = None
            self.finish(failed, interrupted=interrupted)
            alone.close()

    def epochs(self, first: int, count: int) -> Iterator[int]:
        """Yield the epochs from `first` to below `count` (0: without end), with a progress bar."""
        numbers = range(first, count) if count else itertools.count(first)
        total, hidden = count or None, not self.processes.leader
        with progress_bar(
            numbers, hidden=hidden, desc="training", total=total, unit=" epochs", initial=first
        ) as self._bar:
            for epoch in self._bar:
                self.info["epoch"] = epoch
                yield epoch

    def save(self, checkpoint: ExportedModel, record: Record, *, due: bool, best: bool) -> None:
        """Save the checkpoint of an epoch, and log its record."""
        if not self.processes.leader:
            return
        self._checkpoints.keep(checkpoint, due=due, best=best)
        for tracker in self._trackers:
            tracker.log(record)
        sets = {
            "training_loss": "training",
            "selection_loss": "validation",
            "evaluation_loss": "test",
        }
        losses = {
            name: loss["aggregate"] if isinstance(loss, dict) else loss
            for key, name in sets.items()
            if (loss := record.get(key)) is not None
        }
        if self._bar is not None:
            self._bar.set_postfix(losses)
        text = ", ".join(f"{name} {loss:.6g}" for name, loss in losses.items())
        logger.info("epoch %d: %s (%.1f s)", record["epoch"], text, record["seconds"])

    def illustrate(self, name: str, draw: Callable[[], Any] | None) -> None:
        """Give a picture to the trackers; one that cannot be drawn is logged."""
        if draw is None or not self._trackers:
            return
        try:
            content = png(draw())
            for tracker in self._trackers:
                tracker.picture(name, content)
        except Exception as error:
            logger.warning("the picture %r could not be drawn: %s", name, error)

    def finish(self, failed: bool = False, *, interrupted: bool = False) -> None:
        """Hand the checkpoints to the trackers, close these, and remove what was made in vain."""
        self.over = True
        while self._trackers:
            tracker = self._trackers.pop(0)
            for name in (BEST, LAST):
                if (self._directory / name).is_file():
                    tracker.artifact(self._directory / name)
            tracker.finish(failed, interrupted=interrupted)
        self._remove_empty()


@contextmanager
def run_lock(directory: Path) -> Iterator[None]:
    """Be the only process at work on the run of a directory; raise BlockingIOError otherwise."""
    with ExitStack() as stack:
        try:
            stack.enter_context(locked(directory, wait=False))
        except BlockingIOError:
            raise BlockingIOError(
                f"another process trains the run in {directory}: wait for its end, or train a run"
                " of its own, without --resume"
            ) from None
        yield


def run_state(directory: Path) -> FileState:
    """Return that of the last checkpoint and the log of a run, as far as they exist."""
    paths = [path for name in (LAST, LOG) if (path := directory / name).exists()]
    return [file_state(path) for path in paths]


def _check_state(directory: Path, read: FileState) -> None:
    """Raise ValueError where a run has gone on since it was read."""
    if run_state(directory) != read:
        raise ValueError(
            f"the run in {directory} has gone on since it was read: resume it again, from where it"
            " is now"
        )


def _remove_empty(directories: Sequence[Path]) -> None:
    """Remove directories, each the parent of the one before, as far as they hold nothing."""
    with suppress(OSError):
        for directory in directories:
            directory.rmdir()
