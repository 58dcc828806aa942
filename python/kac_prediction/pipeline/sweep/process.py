"""A trial as a process of its own, which no other trial suffers from."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import yaml

from ..._files import read_records, replacing
from .plan import Sweep
from .trial import Trial

CONFIG: Final = "config.yaml"
OUTPUT: Final = "output.txt"
PATIENCE: Final = 30.0  # seconds that a trial has to save what it has
_PYTHON: Final = re.compile(r"python[\d.]*(\.exe)?")


def command(sweep: Sweep, config: Path, exports: Path) -> list[str]:
    """How a trial is called: as the sweep's file has it, but with a file of parameters.

    Whatever Python the file names is this one, and --wandb is left out.

    Raises:
        FileNotFoundError: the program is neither here nor beside the sweep's file or above it.
    """
    words: list[str] = []
    for word in sweep.command:
        if word == "${program}":
            words.append(str(_program(sweep)))
        elif word == "${interpreter}" or _PYTHON.fullmatch(Path(word).name):
            words.append(sys.executable)
        elif word != "--wandb" and not re.fullmatch(r"\$\{(env|args\w*)\}", word):
            words.append(_with_variables(word))
    return [*words, "--config", str(config), "--exports-dir", str(exports)]


class Process:
    """A trial that runs.

    A trial that is told to stop has `PATIENCE` seconds to save what it has; then it is told again,
    and in the end killed.

    Args:
        trial: what is run; `values`, `run`, `seconds`, `state` and `message` follow it.
        sweep: of which.
        folder: for its parameters, output and checkpoints.
        environment: variables that it has besides.

    Raises:
        FileNotFoundError: the program is not there.
    """

    def __init__(
        self, trial: Trial, sweep: Sweep, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self.trial = trial
        self.told: float | None = None  # when it was told to stop
        self._metric = sweep.metric
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._earlier = set(folder.glob("*/log.jsonl"))  # of a run that was interrupted
        self._seen = -1
        text = yaml.safe_dump(dict(trial.parameters), sort_keys=False)
        with replacing(folder / CONFIG, durable=False) as staged:
            staged.write_text(text)
        words = command(sweep, folder / CONFIG, folder)
        self._begun = time.monotonic()
        with (folder / OUTPUT).open("wb") as output:
            # A session of its own, so that Ctrl-C reaches it only through `stop`.
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                start_new_session=True,
            )

    def poll(self) -> bool:
        """Read what there is to read; return whether it is over, its state then settled."""
        code = self._process.poll()
        self._read()
        self.trial.seconds = time.monotonic() - self._begun
        if code is None:
            self._insist()
            return False
        if self.told is not None and code:
            self.trial.state = "stopped"
        elif code:
            self.trial.state, self.trial.message = "failed", self._reason(code)
        elif not self.trial.values:
            self.trial.state, self.trial.message = "failed", self._without_values()
        else:
            self.trial.state = "finished"
        return True

    def stop(self) -> None:
        """Ask it to end, as Ctrl-C does: a training saves what it has."""
        if self.told is None:
            self.told = time.monotonic()
            self._signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once."""
        self.told = time.monotonic() if self.told is None else self.told
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        self._process.wait()

    def _insist(self) -> None:
        """End one that was told to stop and did not."""
        waited = 0.0 if self.told is None else time.monotonic() - self.told
        if waited > 2 * PATIENCE:
            self.kill()
        elif waited > PATIENCE:
            self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        """Send a signal to the process and all that it has started."""
        if self._process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, number)
            else:
                self._process.terminate()

    def _read(self) -> None:
        """Read the log of the run if it has grown."""
        logs = sorted(set(self._folder.glob("*/log.jsonl")) - self._earlier)
        if not logs:
            return
        size = logs[0].stat().st_size
        if size == self._seen:
            return
        self._seen = size
        self.trial.run = str(logs[0].parent)
        found = map(self._metric.value_in, read_records(logs[0]))
        self.trial.values = [value for value in found if value is not None]

    def _reason(self, code: int) -> str:
        """Why it failed: its last words."""
        text = (self._folder / OUTPUT).read_text(errors="replace")
        said = [line.strip() for line in text.splitlines() if line.strip()]
        if code < 0:
            name = signal.Signals(-code).name
            more = ", as by the system when memory runs out" if name == "SIGKILL" else ""
            return f"ended by {name}{more}; see {self._folder / OUTPUT}"
        return f"{said[-1] if said else f'exit status {code}'} (see {self._folder / OUTPUT})"

    def _without_values(self) -> str:
        """Why a trial that ended well says nothing of the metric."""
        logs = [read_records(Path(self.trial.run) / "log.jsonl")] if self.trial.run else []
        if not logs or not logs[0]:
            return f"it left no log.jsonl in a directory of {self._folder}"
        return (
            f"its log.jsonl has no {self._metric.name}: there are {', '.join(logs[0][-1])} (with a"
            " dot and a name inside where those are mappings)"
        )


def _program(sweep: Sweep) -> Path:
    places = [Path.cwd(), *sweep.file.absolute().parents]
    for place in places:
        if (place / sweep.program).is_file():
            return place / sweep.program
    raise FileNotFoundError(
        f"{sweep.file} names the program {sweep.program}, which is neither in {places[0]} nor in a"
        f" directory above the file"
    )


def _with_variables(word: str) -> str:
    """A word with its `${envvar:NAME}` replaced by variables of the environment."""
    return re.sub(r"\$\{envvar:(\w+)\}", lambda m: os.environ.get(m[1], ""), word)
