"""A trial of a sweep: a process of the program that the sweep's file names.

It gets its parameters by `--config`, and is followed through the `log.jsonl` of its run.
"""

import logging
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import optuna
import yaml
from optuna.trial import TrialState
from sweep_file import Sweep

from kac_prediction._files import read_records

logger = logging.getLogger("sweep")

GRACE = 30.0  # seconds that a trial has to save what it has learnt
INTERRUPTED = "interrupted"
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class TrialProcess:
    """A trial that runs, in a process of its own."""

    def __init__(
        self, sweep: Sweep, trial: optuna.Trial, folder: Path, environment: Mapping[str, str]
    ) -> None:
        self.sweep, self.trial, self.folder = sweep, trial, folder
        self.told = ""  # why it was told to stop
        self._told_at = self._begun = time.monotonic()
        self._log: Path | None = None
        self._values: list[float] = []  # of the metric, one an epoch
        folder.mkdir(parents=True, exist_ok=True)
        self._earlier = set(folder.glob("*/log.jsonl"))  # of attempts that failed
        config = folder / "config.yaml"
        config.write_text(yaml.safe_dump(trial.user_attrs["parameters"], sort_keys=False))
        with (folder / "output.txt").open("wb") as output:
            self._process = subprocess.Popen(
                [*sweep.command(), "--config", str(config), "--exports-dir", str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
                start_new_session=True,  # Ctrl-C reaches it only through `stop`
            )

    def stop(self, reason: str) -> None:
        """Ask it to end, as Ctrl-C does, so that a training saves what it has."""
        if not self.told:
            self.told, self._told_at = reason, time.monotonic()
            self.send(signal.SIGINT)

    def send(self, number: int) -> None:
        """Send a signal to the process and all that it has started."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, number)
                else:
                    self._process.terminate()

    def poll(self) -> bool:
        """Report new epochs to the study, and stop if they are outdone; return whether it ended."""
        ended = self._process.poll() is not None
        for log in {*self.folder.glob("*/log.jsonl")} - self._earlier if self._log is None else ():
            self._log = log
            self.trial.set_user_attr("run", str(log.parent))
        records = read_records(self._log) if self._log else []
        found = [self.sweep.value_in(record) for record in records]
        for value in [value for value in found if value is not None][len(self._values) :]:
            self._values.append(value)
            reported = value if self.sweep.strict else self.sweep.best(self._values)
            self.trial.report(reported, len(self._values))
            if self.trial.should_prune() and not ended:
                self.stop("outdone by others")
        waited = time.monotonic() - self._told_at
        if self.told and waited > GRACE:
            self.send(signal.SIGTERM if waited < 2 * GRACE else KILL)
        return ended

    def result(self) -> tuple[TrialState, float | None]:
        """Return state and best value of a trial that has ended; note what else there is of it."""
        code, state, message = self._process.wait(), TrialState.FAIL, self.told
        if code and self.told:
            state = TrialState.FAIL if self.told == INTERRUPTED else TrialState.PRUNED
        elif code:
            text = (self.folder / "output.txt").read_text(errors="replace")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            reason = lines[-1] if lines else f"exit status {code}"
            if code < 0:
                reason = f"ended by {signal.Signals(-code).name}"
                reason += ", as by the system when memory runs out" * reason.endswith("KILL")
            message = f"{reason} (see {self.folder / 'output.txt'})"
        elif not self._values:
            records = read_records(self._log) if self._log else []
            known = f"it has {', '.join(records[-1])}" if records else "it has no epochs"
            message = f"no {self.sweep.metric} in log.jsonl of a run in {self.folder}: {known}"
        else:
            state = TrialState.COMPLETE
            message = f"{self.sweep.metric} {self.sweep.best(self._values):.6g}"
        self.trial.set_user_attr("message", message)
        logger.info(
            "trial %d %s after %d epochs (%.0f s): %s",
            self.trial.user_attrs["index"],
            state_of(state, message),
            len(self._values),
            time.monotonic() - self._begun,
            message,
        )
        return state, self.sweep.best(self._values) if state == TrialState.COMPLETE else None


def state_of(state: TrialState, message: str) -> str:
    """Return the state of a trial in a word; one that was killed with the sweep has no message."""
    if state == TrialState.FAIL:
        return INTERRUPTED if message in ("", INTERRUPTED) else "failed"
    return state.name.lower()
