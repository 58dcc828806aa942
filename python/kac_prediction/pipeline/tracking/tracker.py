"""Where a run is written down: beside its checkpoints, and on weights and biases when asked."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from tqdm import tqdm

from ..checkpoint import RunInfo
from .local_tracker import LocalTracker
from .records import Record
from .weights_and_biases import WandbTracker

__all__ = [
    "LocalTracker",
    "Picture",
    "Record",
    "Tracker",
    "WandbTracker",
    "log_epoch",
    "open_trackers",
]

logger = logging.getLogger(__name__)


class Picture(Protocol):
    """Something that can be saved as a picture, such as a figure of matplotlib."""

    def savefig(self, fname: Any, *, dpi: Any) -> Any:
        """Write the picture to a file whose suffix says in which format."""


class Tracker(Protocol):
    """Something that follows a training.

    No method raises because of what a disk or a network does: that is logged, and the training
    goes on.
    """

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Take the parameters of the run; return those the tracker wants otherwise.

        Args:
            parameters: of the run.
            settled: whether the run has them as they are, whatever the tracker wants.
        """

    def watch(self, model: torch.nn.Module) -> None:
        """Take the model whose gradients may be asked for."""

    def resume(self, epoch: int) -> None:
        """Forget what was logged after that epoch, and go on; to be called before anything else."""

    def log(self, record: Record) -> None:
        """Take an epoch."""

    def picture(self, name: str, figure: Picture) -> None:
        """Take a picture; it may change once this returns."""

    def artifact(self, path: str | Path) -> None:
        """Take a file of the run that is worth keeping, such as a checkpoint."""

    def finish(self, failed: bool = False) -> None:
        """The run is over."""


def open_trackers(run: RunInfo, wandb_config: Mapping[str, Any]) -> list[Tracker]:
    """Who follows a run: files first, and weights and biases where there are settings for it.

    Raises:
        ValueError: a setting makes no sense.
    """
    trackers: list[Tracker] = [LocalTracker(run["exports_dir"])]
    if wandb_config:
        trackers.append(WandbTracker(wandb_config, run["id"], run["exports_dir"]))
    return trackers


def log_epoch(record: Record, trackers: Sequence[Tracker], bar: "tqdm[int]") -> None:
    """Tell an epoch to the trackers, the progress bar and the log."""
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
