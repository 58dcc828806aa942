"""Where a run is written down: beside its checkpoints, and on weights and biases when asked."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from .info import RunInfo

logger = logging.getLogger(__name__)

Record = dict[str, Any]  # an epoch: epoch, training_loss, selection_loss, seconds, ...


class Tracker(Protocol):
    """Something that follows a training."""

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Take the parameters of the run; return those the tracker wants otherwise.

        Args:
            parameters: of the run.
            settled: whether the run has them as they are, whatever the tracker wants.
        """

    def log(self, record: Record) -> None:
        """Take an epoch."""

    def finish(self, failed: bool = False) -> None:
        """The run is over."""


class LocalTracker:
    """Writes `log.jsonl`: one JSON object an epoch.

    Args:
        directory: the directory of the run.
    """

    def __init__(self, directory: str | Path) -> None:
        self._file = Path(directory) / "log.jsonl"

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Nothing to write or to ask for: the checkpoints hold the parameters."""
        return {}

    def log(self, record: Record) -> None:
        """Append an epoch; it is on disk when this returns, for whoever watches the file."""
        with self._file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(record) + "\n")

    def finish(self, failed: bool = False) -> None:
        """Nothing to close."""


class WandbTracker:
    """Follows a training on weights and biases.

    What fails there is logged once and never stops a training.

    Args:
        settings: arguments of `wandb.init`; its `config` goes over the parameters.
        run_id: the id of the run, whatever the settings say.
        directory: where wandb keeps its files, unless the settings say.

    Raises:
        ImportError: wandb is not installed.
    """

    def __init__(self, settings: Mapping[str, Any], run_id: str, directory: str | Path) -> None:
        try:
            import wandb
        except ImportError as error:
            raise ImportError(
                "wandb_config asks for weights and biases, which is not installed: pip install"
                " wandb, or leave wandb_config out for a local run"
            ) from error
        self._wandb = wandb
        self._settings = {"dir": str(directory), **settings, "id": run_id}
        self._run: Any = None

    def config(self, parameters: Mapping[str, Any], settled: bool = False) -> dict[str, Any]:
        """Start the run with these parameters; return them as a sweep or the settings have them."""
        given = self._settings.get("config") or {}
        asked = {**given, **parameters} if settled else {**parameters, **given}
        if self._run is None:
            arguments = {**self._settings, "config": asked}
            self._run = self._attempt("start", lambda: self._wandb.init(**arguments))
        else:
            self._attempt("config", lambda: self._run.config.update(asked, allow_val_change=True))
        stored = {} if self._run is None else dict(self._run.config)
        return {key: value for key, value in stored.items() if not key.startswith("_")}

    def log(self, record: Record) -> None:
        """Send the losses of an epoch."""
        if self._run is not None:
            self._attempt("log", lambda: self._run.log(record, step=record["epoch"]))

    def finish(self, failed: bool = False) -> None:
        """Close the run."""
        if self._run is not None:
            self._attempt("finish", lambda: self._run.finish(exit_code=int(failed)))
            self._run = None

    def _attempt(self, what: str, action: Callable[[], Any]) -> Any:
        """Do it; if that fails, say so and leave wandb alone for the rest of the run."""
        try:
            return action()
        except Exception as error:
            logger.warning(
                "weights and biases failed (%s: %s); the run goes on without", what, error
            )
            self._run = None
            return None


def open_trackers(run: RunInfo, wandb_config: Mapping[str, Any]) -> list[Tracker]:
    """Who follows a run: a file, and weights and biases where there are settings for it.

    Raises:
        ImportError: wandb is not installed.
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
