"""What follows a training: the base class of trackers, and what they are given."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

Record = dict[str, Any]  # an epoch: epoch, training_loss, selection_loss, seconds, ...


class Picture(Protocol):
    """Something that can be saved as a picture, such as a figure of matplotlib."""

    def savefig(self, fname: Any, *, format: str, dpi: float) -> Any:
        """Write the picture to a binary stream."""


class Tracker:
    """Follows a training, and overrides the methods of what it records.

    No method raises because of what a disk or a network does: that is logged, and the training
    goes on.
    """

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Take the parameters, settled or not; return those that the tracker wants otherwise."""
        return {}

    def watch(self, model: torch.nn.Module) -> None:
        """Take the model whose gradients may be recorded."""

    def resume(self, epoch: int) -> None:
        """Forget what was logged after that epoch, and go on; called before anything else."""

    def log(self, record: Record) -> None:
        """Record an epoch."""

    def picture(self, name: str, content: bytes) -> None:
        """Record a picture, a PNG file."""

    def artifact(self, path: str | Path) -> None:
        """Keep a file of the run, such as a checkpoint."""

    def finish(self, failed: bool = False, *, interrupted: bool = False) -> None:
        """End the run; interrupted, its user waits, so leave out what takes long and can be."""


def png(figure: Picture) -> bytes:
    """Render a figure as a PNG file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=110)
    return stream.getvalue()
