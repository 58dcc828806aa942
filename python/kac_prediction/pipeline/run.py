"""A run: its directory, the checkpoints in it, and those who follow it."""

import itertools
import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .checkpoint import BEST, LAST, Checkpoints, ExportedModel, ModelInfo, RunInfo
from .model import Model
from .tracking.tracker import Record, Tracker, log_epoch, open_trackers
from .training.distributed import ProcessGroup
from .training.epoch import LossError

logger = logging.getLogger(__name__)


class Run:
    """One training, where it is kept; the leader alone of several processes writes.

    Args:
        info: id, directory and model of the run.
        wandb_config: arguments of `wandb.init`; {}: a local run.
        processes: the process group.
    """

    def __init__(
        self, info: RunInfo, wandb_config: Mapping[str, Any], processes: ProcessGroup
    ) -> None:
        self.info = info
        self._processes = processes
        directory = Path(info["exports_dir"]) if processes.leader else None
        self._checkpoints = Checkpoints(directory)
        self._trackers: list[Tracker] = open_trackers(info, wandb_config) if directory else []
        self._bar: tqdm[int] | None = None
        self.over = False

    @classmethod
    def begun(
        cls,
        parent: Path,
        wandb_config: Mapping[str, Any],
        processes: ProcessGroup,
        run_id: str | None = None,
        model: ModelInfo | None = None,
    ) -> "Run":
        """Begin a run, in a directory of its own: nothing trained is overwritten."""
        run_id = run_id or secrets.token_hex(4)
        directory = parent / run_id
        if directory.exists():  # of an earlier run under an id that was given
            directory = directory.with_name(f"{run_id}-{secrets.token_hex(4)}")
        info = RunInfo(epoch=0, exports_dir=str(directory), id=run_id, model=model)
        info = processes.broadcast(info)
        if processes.leader:
            directory.mkdir(parents=True)
        return cls(info, wandb_config, processes)

    @classmethod
    def resumed(
        cls,
        directory: Path,
        checkpoint: ExportedModel,
        wandb_config: Mapping[str, Any],
        processes: ProcessGroup,
    ) -> "Run":
        """Go on with the run of a checkpoint, in the directory where that is."""
        info = RunInfo(**checkpoint["run_info"])
        info["exports_dir"] = str(directory.absolute())
        run = cls(info, wandb_config, processes)
        for tracker in run._trackers:
            tracker.resume(info["epoch"])
        return run

    def discard(self) -> None:
        """Leave a run that has not begun to train, as if it had never been."""
        for tracker in self._trackers:
            tracker.finish()
        directory = Path(self.info["exports_dir"])
        if self._processes.leader and directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
        self.over = True

    def asked(self, parameters: Mapping[str, Any], *, settled: bool = False) -> dict[str, Any]:
        """Tell the trackers the parameters; return those that they want otherwise."""
        wishes: dict[str, Any] = {}
        for tracker in self._trackers:
            wishes |= tracker.config(parameters, settled)
        return self._processes.broadcast(wishes)

    @contextmanager
    def training(self, model: Model) -> Iterator[None]:
        """All that follows a training; in the end everything is written.

        Raises:
            ValueError: a loss is not finite; names the epoch, the batch and the last checkpoint.
        """
        logger.info("run %s, in %s", self.info["id"], self.info["exports_dir"])
        for tracker in self._trackers:
            tracker.watch(model)
        failed = True
        try:
            with self._checkpoints:
                yield
            failed = False
        except LossError as error:
            raise LossError(
                f"epoch {self.info['epoch']}: {error}. Last good checkpoint:"
                f" {self._checkpoints.last_good or 'none yet'}"
            ) from error
        finally:
            self._finish(failed)

    def epochs(self, first: int, count: int) -> Iterator[int]:
        """The numbers of the epochs from `first` on, `count` in all or, of 0, without end."""
        numbers = range(first, count) if count else itertools.count(first)
        hidden = None if self._processes.leader else True
        total = count or None
        with tqdm(
            numbers, "training", total, unit=" epochs", disable=hidden, initial=first
        ) as self._bar:
            for epoch in self._bar:
                self.info["epoch"] = epoch
                yield epoch

    def keep(self, exported: ExportedModel, record: Record, *, due: bool, best: bool) -> None:
        """Take an epoch: its checkpoint, and what there is to say of it."""
        self._checkpoints.keep(exported, due=due, best=best)
        if self._processes.leader and self._bar is not None:
            log_epoch(record, self._trackers, self._bar)

    def show(self, name: str, picture: Callable[[], Any] | None) -> None:
        """Hand a picture to the trackers; one that cannot be drawn is no reason to fail."""
        if picture is None or not self._trackers:
            return
        try:
            figure = picture()
            for tracker in self._trackers:
                tracker.picture(name, figure)
        except Exception as error:
            logger.warning("the picture %r could not be drawn: %s", name, error)

    def _finish(self, failed: bool) -> None:
        self.over = True
        directory = Path(self.info["exports_dir"])
        while self._trackers:
            tracker = self._trackers.pop(0)  # the local one first: it is quick
            for name in (BEST, LAST):
                if (directory / name).is_file():
                    tracker.artifact(directory / name)
            tracker.finish(failed)


def given_id(wandb_config: Mapping[str, Any]) -> str | None:
    """The id that was chosen before this process started, by a sweep or the settings."""
    if not wandb_config:
        return None
    return wandb_config.get("id") or os.environ.get("WANDB_RUN_ID")
