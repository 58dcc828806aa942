"""Run a sweep here, by Optuna: what `bin/sweep` starts once everything is installed.

The study is a journal in the directory of the sweep, so that the same command goes on.
"""

import itertools
import json
import logging
import os
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
import optuna
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from sweep_file import Sweep, suggest
from sweep_trial import INTERRUPTED, KILL, TrialProcess, state_of

logger = logging.getLogger("sweep")

POLL = 0.25  # seconds between two looks at the trials
HOPELESS = 3  # once so many trials have ended and all of them have failed, the sweep is given up


class SweepRun:
    """A sweep in a directory, whose study is a journal there; run again, it goes on.

    Trials are numbered by their `index`, on which (and on the seed) their parameters depend. One
    that failed or was interrupted is attempted again with the same parameters.

    Args:
        sweep: what to try.
        directory: where the trials go.
        seed: of the parameters; None: that of the directory, else a fresh one.
        jobs: trials at once; the first one runs alone until its first epoch is over, so that it
            makes the dataset, and not all at once.
        gpus: the values of CUDA_VISIBLE_DEVICES that the jobs take in turn; []: as it is.

    Raises:
        ValueError: the directory has trials of another sweep, or of another seed.
    """

    def __init__(
        self, sweep: Sweep, directory: Path, seed: int | None, jobs: int, gpus: list[str]
    ) -> None:
        self.sweep, self.directory, self.jobs, self.gpus = sweep, directory, jobs, gpus
        self.interrupts = 0  # how often Ctrl-C was pressed
        self._running: dict[int, TrialProcess] = {}  # by place among the jobs
        self._ended: list[tuple[TrialState, str]] = []
        directory.mkdir(parents=True, exist_ok=True)
        journal = directory / "study.log"
        if journal.exists():  # a half line at the end, of a process that was killed
            os.truncate(journal, journal.read_bytes().rfind(b"\n") + 1)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.study = optuna.create_study(
            storage=optuna.storages.JournalStorage(JournalFileBackend(str(journal))),
            study_name="sweep",
            direction=sweep.goal,
            pruner=sweep.pruner,
            load_if_exists=True,
        )
        essence = {"method": sweep.method, "parameters": sweep.parameters, "metric": sweep.metric}
        essence = json.loads(json.dumps({**essence, "goal": sweep.goal}))
        known = self.study.user_attrs
        if known.get("sweep", essence) != essence:
            raise ValueError(
                f"{directory} holds the trials of another sweep: choose another directory, or"
                f" restore {sweep.file} as it was"
            )
        self.seed: int = known.get("seed", secrets.randbits(31) if seed is None else seed)
        if seed not in (None, self.seed):
            raise ValueError(
                f"{directory} holds trials of the seed {self.seed} and not {seed}: choose another"
                " directory"
            )
        self.study.set_user_attr("sweep", essence)
        self.study.set_user_attr("seed", self.seed)
        while self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
            self.study.ask()  # of a process that was killed, as are those that still run
        for left in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            self.study.tell(left.number, state=TrialState.FAIL)

    def trials(self) -> dict[int, FrozenTrial]:
        """Return the last attempt of each trial, by its index."""
        trials = self.study.get_trials(deepcopy=False)
        return {t.user_attrs["index"]: t for t in trials if "index" in t.user_attrs}

    def run(self, count: int | None) -> str:
        """Run trials until there are `count`; return why the sweep ended before that, or ''."""
        todo, reason = self._todo(count), ""
        upcoming = next(todo, None)
        try:
            while self._running or upcoming is not None:
                while upcoming is not None and self._may_start():
                    self._start(upcoming)
                    upcoming = next(todo, None)
                time.sleep(POLL)
                self._poll()
                failed = [message for state, message in self._ended if state == TrialState.FAIL]
                if self.interrupts:
                    reason = "interrupted; the same command goes on"
                elif not reason and len(failed) == len(self._ended) >= HOPELESS:
                    reason = f"all of {len(failed)} trials failed, the last one by: {failed[-1]}"
                if reason or self._target_reached():
                    upcoming = None
                for process in self._running.values() if reason else ():
                    process.stop(INTERRUPTED)
                    if self.interrupts > 1:
                        process.send(KILL)
        finally:
            for process in self._running.values():
                process.send(KILL)
        return reason

    def _todo(self, count: int | None) -> Iterator[int]:
        """Yield the indices of trials that are still to be run."""
        ends = [end for end in (count or self.sweep.cap,) if end is not None]
        if self.sweep.combinations is not None:
            ends.append(len(self.sweep.combinations))
        for index in range(min(ends)) if ends else itertools.count():
            trial = self.trials().get(index)
            if trial is None or trial.state == TrialState.FAIL:
                yield index

    def _may_start(self) -> bool:
        begun = any(trial.intermediate_values for trial in self.trials().values())
        return len(self._running) < (self.jobs if begun else 1)

    def _start(self, index: int) -> None:
        earlier = self.trials().get(index)
        if earlier is not None:
            self.study.enqueue_trial(earlier.params)
        seed = int(np.random.SeedSequence([self.seed, index]).generate_state(1)[0])
        bayes = self.sweep.method == "bayes"
        Sampler = optuna.samplers.TPESampler if bayes else optuna.samplers.RandomSampler
        self.study.sampler = Sampler(seed=seed)
        trial = self.study.ask()
        if self.sweep.combinations is not None:
            parameters = self.sweep.combinations[index]
        else:
            each = self.sweep.parameters.items()
            parameters = {name: suggest(trial, name, parameter) for name, parameter in each}
        trial.set_user_attr("parameters", parameters)
        trial.set_user_attr("index", index)
        place = next(i for i in range(self.jobs) if i not in self._running)
        environment = {}
        if self.gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self.gpus[place % len(self.gpus)]
        if self.jobs > 1 and "OMP_NUM_THREADS" not in os.environ:
            affinity = getattr(os, "sched_getaffinity", None)  # Linux alone has it
            cores = len(affinity(0)) if affinity else os.cpu_count() or 1
            environment["OMP_NUM_THREADS"] = str(max(cores // self.jobs, 1))
        folder = self.directory / f"trial_{index:04d}"
        self._running[place] = TrialProcess(self.sweep, trial, folder, environment)
        logger.info("trial %d begins: %s", index, parameters)

    def _poll(self) -> None:
        """Follow the trials that run, and tell the study of those that have ended."""
        for place, process in list(self._running.items()):
            if process.poll():
                del self._running[place]
                state, value = process.result()
                self.study.tell(process.trial, value, state)
                self._ended.append((state, process.trial.user_attrs["message"]))

    def _target_reached(self) -> bool:
        target = self.sweep.target
        values = (v for trial in self.trials().values() for v in trial.intermediate_values.values())
        best = self.sweep.best(values)
        return target is not None and self.sweep.best([best, target]) == best


def ranking(sweep: Sweep, trials: Mapping[int, FrozenTrial]) -> str:
    """Return a table of the trials, the best first, with the parameters that differ."""
    best = {i: sweep.best(trial.intermediate_values.values()) for i, trial in trials.items()}
    sign = 1 if sweep.goal == "minimize" else -1
    ranked = sorted(trials, key=lambda i: (sign * best[i], i))
    parameters = {i: trials[i].user_attrs["parameters"] for i in ranked}
    names = dict.fromkeys(name for each in parameters.values() for name in each)
    names = [n for n in names if len({repr(each.get(n)) for each in parameters.values()}) > 1]
    rows = [["", "trial", sweep.metric, "epochs", "state", *names]]
    for place, i in enumerate(ranked, 1):
        trial, values = trials[i], [parameters[i].get(name) for name in names]
        loss = f"{best[i]:.6g}" if trial.intermediate_values else "-"
        state = state_of(trial.state, trial.user_attrs.get("message", ""))
        texts = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in values]
        rows.append([str(place), str(i), loss, str(len(trial.intermediate_values)), state, *texts])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    winners = [i for i in ranked if trials[i].intermediate_values and "run" in trials[i].user_attrs]
    if winners:
        lines.append(f"best: trial {winners[0]}, in {trials[winners[0]].user_attrs['run']}")
    return "\n".join(lines)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--count", type=click.IntRange(1), help="How many trials in all.  [default: run_cap]")
@click.option("--seed", type=click.IntRange(0), help="Of the parameters.  [default: a fresh one]")
@click.option("--jobs", type=click.IntRange(1), default=1, show_default=True, help="At once.")
@click.option("--gpus", default="", help="Which GPUs the jobs take in turn, such as 0,1,2,3.")
@click.option("--out", help="Where the trials go.  [default: sweeps/ and the name of FILE]")
def main(
    file: Path, count: int | None, seed: int | None, jobs: int, gpus: str, out: str | None
) -> None:
    """Run the sweep of FILE, and print the ranking of its trials.

    Ctrl-C ends it, and saves what the trials have learnt; the same command goes on. The ranking is
    by the best value of the metric that a trial came to, which is that of its best.pt.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    directory = Path(out or Path("sweeps") / file.stem).absolute()
    try:
        sweep = Sweep(file)
        sweep_run = SweepRun(sweep, directory, seed, jobs, [gpu for gpu in gpus.split(",") if gpu])

        def interrupt(number: int, frame: Any) -> None:
            sweep_run.interrupts += 1

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, interrupt)
        click.echo(f"sweep of {file} in {directory}, seed {sweep_run.seed}")
        reason = sweep_run.run(count)
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if trials := sweep_run.trials():
        click.echo(ranking(sweep, trials))
    if reason:
        raise click.ClickException(reason)


if __name__ == "__main__":
    main()
