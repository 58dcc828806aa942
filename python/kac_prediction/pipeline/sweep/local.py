"""A sweep on this machine, without an account anywhere."""

import itertools
import logging
import os
import secrets
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..._files import append_records, read_records
from .distributions import draw, grid
from .plan import Sweep
from .process import Process
from .trial import Trial, ranking

logger = logging.getLogger(__name__)

TRIALS: Final = "trials.jsonl"
POLL: Final = 0.25  # seconds between two looks at the trials
AGAIN: Final = ("interrupted", "failed")  # what is run again when the sweep goes on
HOPELESS: Final = 3  # if so many trials have ended and all of them failed, so will the others


class SweepError(RuntimeError):
    """The trials of a sweep all fail."""


class LocalSweep:
    """Runs the trials of a sweep, several at once if asked, and keeps what comes of them.

    Every trial that is over is a line of `trials.jsonl`. A sweep that is run again in the same
    directory goes on: trials that are over stay, those that were interrupted or failed are run
    again, and the parameters of trial i are always the same, as they depend on the seed and on i
    alone.

    Args:
        sweep: what to try.
        directory: where its trials go.
        seed: of the parameters; None: that of the directory, else a fresh one.
        jobs: how many trials at once. The first one goes ahead alone until its first epoch is over,
            so that one trial makes the dataset, and not all of them at once.
        gpus: what CUDA_VISIBLE_DEVICES is for the trials, in turn; (): as it is.

    Raises:
        ValueError: in the directory are trials of another sweep, or of another seed.
    """

    def __init__(
        self,
        sweep: Sweep,
        directory: str | Path,
        seed: int | None = None,
        jobs: int = 1,
        gpus: Sequence[str] = (),
    ) -> None:
        self.sweep = sweep
        self.trials: dict[int, Trial] = {}
        self._directory = Path(directory).absolute()
        self._jobs, self._gpus = jobs, list(gpus)
        self._over: list[Trial] = []  # since this sweep began or went on
        self._running: dict[int, Process] = {}  # by the place it has among the jobs
        self._combinations = grid(sweep.parameters) if sweep.method == "grid" else None
        if sweep.method == "bayes":
            logger.warning("bayes needs the server of weights and biases: drawing at random here")
        self._directory.mkdir(parents=True, exist_ok=True)
        self._file = self._directory / TRIALS
        self.seed = self._take_up(seed)

    def parameters(self, number: int) -> dict[str, Any]:
        """The parameters of a trial."""
        if self._combinations is not None:
            return self._combinations[number]
        return draw(self.sweep.parameters, np.random.default_rng([self.seed, number]))

    def run(self, count: int | None = None) -> None:
        """Run trials until there are `count`, those of earlier times included.

        Ctrl-C ends the trials that run, each saving what it has, and is raised.

        Args:
            count: how many; None: as many as the sweep's `run_cap` or its grid has, else no end.

        Raises:
            SweepError: all trials fail.
        """
        waiting = self._numbers(count)
        upcoming = next(waiting, None)
        try:
            while self._running or upcoming is not None:
                while upcoming is not None and self._may_start():
                    self._start(upcoming)
                    upcoming = next(waiting, None)
                self._look()
                if self._target_reached():
                    upcoming = None
                time.sleep(POLL)
        finally:
            self._end_all()

    def _numbers(self, count: int | None) -> Iterator[int]:
        """The trials that are still to be run."""
        ends = [end for end in (count or self.sweep.cap,) if end is not None]
        if self._combinations is not None:
            ends.append(len(self._combinations))
        for number in range(min(ends)) if ends else itertools.count():
            if number not in self.trials or self.trials[number].state in AGAIN:
                yield number

    def _may_start(self) -> bool:
        known = any(trial.values for trial in self.trials.values())
        return len(self._running) < (self._jobs if known else 1)

    def _start(self, number: int) -> None:
        trial = Trial(number, self.parameters(number))
        place = next(i for i in range(self._jobs) if i not in self._running)
        environment = {}
        if self._gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self._gpus[place % len(self._gpus)]
        if self._jobs > 1 and "OMP_NUM_THREADS" not in os.environ:
            environment["OMP_NUM_THREADS"] = str(max(_processors() // self._jobs, 1))
        folder = self._directory / f"trial_{number:04d}"
        self._running[place] = Process(trial, self.sweep, folder, environment)
        self.trials[number] = trial
        logger.info("trial %d begins: %s", number, trial.parameters)

    def _look(self) -> None:
        """See how the trials are doing, and stop those that others have outdone."""
        for place, process in list(self._running.items()):
            if process.poll():
                del self._running[place]
                self._keep(process.trial)
            elif self._outdone(process):
                logger.info("trial %d is outdone by others, and stopped", process.trial.number)
                process.stop()
        self._check_hope()

    def _outdone(self, process: Process) -> bool:
        stopping, loss = self.sweep.stopping, self.sweep.metric.loss
        if stopping is None or process.told is not None:
            return False
        losses = {n: [loss(value) for value in trial.values] for n, trial in self.trials.items()}
        return stopping.stops(losses.pop(process.trial.number), list(losses.values()))

    def _keep(self, trial: Trial) -> None:
        append_records(self._file, [trial.to_record()])
        self._over.append(trial)
        best = trial.best(self.sweep.metric)
        logger.info(
            "trial %d %s after %d epochs (%.0f s): %s",
            trial.number,
            trial.state,
            len(trial.values),
            trial.seconds,
            trial.message or f"{self.sweep.metric.name} {best:.6g}",
        )

    def _check_hope(self) -> None:
        if len(self._over) >= HOPELESS and all(trial.state == "failed" for trial in self._over):
            last = self._over[-1].message
            raise SweepError(f"all of {len(self._over)} trials failed, the last one by: {last}")

    def _target_reached(self) -> bool:
        metric = self.sweep.metric
        first = ranking(self.trials.values(), metric)[:1]
        best = first[0].best(metric) if first else None
        return best is not None and metric.reached(best)

    def _end_all(self) -> None:
        """End the trials that run, and keep how far they have come; Ctrl-C hurries them."""
        processes = list(self._running.values())
        self._running.clear()
        for process in processes:
            process.stop()
        try:
            while not all(process.poll() for process in processes):
                time.sleep(POLL)
        finally:
            for process in processes:
                process.kill()
                process.poll()
                if process.trial.state == "stopped":
                    process.trial.state, process.trial.message = "interrupted", "interrupted"
                self._keep(process.trial)

    def _take_up(self, seed: int | None) -> int:
        """Read the trials that there are; return the seed of them all."""
        records = read_records(self._file)
        if not records:
            seed = secrets.randbits(31) if seed is None else seed
            append_records(self._file, [{"sweep": self.sweep.essence, "seed": seed}])
            return seed
        header, *trials = records
        other = f"{self._directory} holds the trials of another sweep: choose another directory"
        if header.get("sweep") != self.sweep.essence:
            raise ValueError(f"{other}, or take up {self.sweep.file} as it was")
        if seed not in (None, header["seed"]):
            raise ValueError(f"{other}, or its seed, which is {header['seed']} and not {seed}")
        for record in trials:
            self.trials[record["number"]] = Trial(**record)  # of one that was run again, the last
        return int(header["seed"])


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
