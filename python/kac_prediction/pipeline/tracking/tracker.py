"""What follows a training: files beside its checkpoints, and Weights & Biases when asked."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch

from ..._progress import ProgressBar
from ..checkpoint import RunInfo
from .local import LocalTracker, Picture, Record
from .wandb import WandbTracker

__all__ = ["Picture", "Record", "Tracker", "log_epoch", "open_trackers"]

logger = logging.getLogger(__name__)


class Tracker(Protocol):
    """Follows a training.

    No method raises because of what a disk or a network does: that is logged, and the training
    goes on.
    """

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Take the parameters, settled or not; return those that the tracker wants otherwise."""

    def watch(self, model: torch.nn.Module) -> None:
        """Take the model whose gradients may be recorded."""

    def resume(self, epoch: int) -> None:
        """Forget what was logged after that epoch, and go on; called before anything else."""

    def log(self, record: Record) -> None:
        """Record an epoch."""

    def picture(self, name: str, figure: Picture) -> None:
        """Record a figure, which may change once this returns."""

    def artifact(self, path: str | Path) -> None:
        """Keep a file of the run, such as a checkpoint."""

    def finish(self, failed: bool = False) -> None:
        """End the run."""


def open_trackers(run: RunInfo, wandb_config: Mapping[str, Any]) -> list[Tracker]:
    """Return the trackers of a run: the local one, and Weights & Biases where it has settings."""
    trackers: list[Tracker] = [LocalTracker(run["exports_dir"])]
    if wandb_config:
        trackers.append(WandbTracker(wandb_config, run["id"], run["exports_dir"]))
    return trackers


def log_epoch(record: Record, trackers: Sequence[Tracker], bar: ProgressBar) -> None:
    """Show an epoch to the trackers, the progress bar and the log."""
    for tracker in trackers:
        tracker.log(record)
    losses = {
        name.removesuffix("_loss"): loss["aggregate"] if isinstance(loss, dict) else loss
        for name, loss in record.items()
        if name.endswith("_loss")
    }
    bar.set_postfix(losses)
    text = ", ".join(f"{name} {loss:.6g}" for name, loss in losses.items())
    logger.info("epoch %d: %s (%.1f s)", record["epoch"], text, record["seconds"])
