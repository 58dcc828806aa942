"""Run a sweep here, by Optuna: what `bin/sweep` starts once everything is installed.

The study is a journal in the directory of the sweep, so that the same command goes on.
"""

import asyncio
import itertools
import json
import logging
import os
import secrets
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import joblib
import numpy as np
import optuna
import yaml
from optuna.samplers import RandomSampler, TPESampler
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState
from sweep_file import Sweep

from kac_prediction._files import read_records

logger = logging.getLogger("sweep")

POLL = 0.25  # seconds between two looks at a trial
GRACE = 30.0  # seconds that a trial has to save what it has learnt
HOPELESS = 3  # once so many trials have ended and all of them have failed, the sweep is given up
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def open_study(sweep: Sweep, directory: Path, seed: int | None) -> optuna.Study:
    """Open the study of a directory, or create it; refuse that of another sweep or seed."""
    directory.mkdir(parents=True, exist_ok=True)
    journal = directory / "study.log"
    if journal.exists():  # a half line at the end, of a process that was killed
        os.truncate(journal, journal.read_bytes().rfind(b"\n") + 1)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        storage=optuna.storages.JournalStorage(JournalFileBackend(str(journal))),
        study_name="sweep",
        direction=sweep.goal,
        pruner=sweep.pruner,
        load_if_exists=True,
    )
    content = json.dumps([sweep.method, sweep.parameters, sweep.metric, sweep.goal])
    known = study.user_attrs
    if known.get("sweep", content) != content:
        raise ValueError(
            f"{directory} holds trials of another sweep: choose another --out, or restore"
            f" {sweep.file} as it was"
        )
    seed = known.get("seed", secrets.randbits(31)) if seed is None else seed
    if (its_seed := known.get("seed", seed)) != seed:
        raise ValueError(
            f"{directory} holds trials of the seed {its_seed} and not {seed}: choose another --out"
        )
    study.set_user_attr("sweep", content)
    study.set_user_attr("seed", seed)
    for _ in study.get_trials(deepcopy=False, states=(TrialState.WAITING,)):
        study.ask()  # of a process that was killed, as are those that still run
    for left in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(left.number, state=TrialState.FAIL)
    return study


def last_attempts(study: optuna.Study) -> dict[int, FrozenTrial]:
    """Return the last attempt of each trial, by the index on which its parameters depend."""
    trials = study.get_trials(deepcopy=False)
    return {t.user_attrs["index"]: t for t in trials if "index" in t.user_attrs}


@dataclass
class SweepRun:
    """Jobs that run the trials of a study, and those again that have failed."""

    sweep: Sweep
    study: optuna.Study
    directory: Path
    jobs: int
    gpus: list[str]  # what the jobs take in turn as CUDA_VISIBLE_DEVICES
    interrupts: int = 0  # how often Ctrl-C was pressed
    stopped: str = ""  # why the sweep ends before all of its trials have run
    ended: list[str] = field(default_factory=list)  # the states of trials, in this process

    def interrupt(self, number: int, frame: Any) -> None:
        """Stop the trials, so that they save what they have learnt; the second time, kill them."""
        self.interrupts += 1
        self.stopped = "interrupted; the same command goes on"

    async def run(self, count: int | None) -> None:
        """Run trials until there are `count`; the first alone until an epoch: it makes the data."""
        indices = self._indices(count)
        first = asyncio.create_task(self._run_job(0, indices))
        while not first.done():
            if any(t.intermediate_values for t in self.study.get_trials(deepcopy=False)):
                break
            await asyncio.sleep(POLL)
        await asyncio.gather(first, *(self._run_job(job, indices) for job in range(1, self.jobs)))

    def _indices(self, count: int | None) -> Iterator[int]:
        """Yield the indices of trials to be run, until the sweep is stopped or at its target."""
        ends = [count or self.sweep.cap, self.sweep.combinations and len(self.sweep.combinations)]
        end = min((end for end in ends if end), default=None)
        for index in itertools.count() if end is None else range(end):
            trials = last_attempts(self.study)
            values = (value for t in trials.values() for value in t.intermediate_values.values())
            if self.stopped or self.sweep.reaches_target(values):
                return
            if index not in trials or trials[index].state == TrialState.FAIL:
                yield index

    async def _run_job(self, job: int, indices: Iterator[int]) -> None:
        """Run one trial after another, and tell the study of them."""
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        if self.gpus:
            environment["CUDA_VISIBLE_DEVICES"] = self.gpus[job % len(self.gpus)]
        if self.jobs > 1:
            environment.setdefault("OMP_NUM_THREADS", str(max(joblib.cpu_count() // self.jobs, 1)))
        Sampler = TPESampler if self.sweep.method == "bayes" else RandomSampler
        for index in indices:
            began = time.monotonic()
            if earlier := last_attempts(self.study).get(index):
                self.study.enqueue_trial(earlier.params)
            seeds = np.random.SeedSequence([self.study.user_attrs["seed"], index])
            self.study.sampler = Sampler(seed=int(seeds.generate_state(1)[0]))
            trial = self.study.ask()
            trial.set_user_attr("parameters", self.sweep.choose(trial, index))
            trial.set_user_attr("index", index)
            logger.info("trial %d begins: %s", index, trial.user_attrs["parameters"])
            state, message, values = await self._run_trial(trial, environment)
            took = f"{len(values)} epochs ({time.monotonic() - began:.0f} s)"
            logger.info("trial %d %s after %s: %s", index, state, took, message)
            trial.set_user_attr("state", state)
            states = {"complete": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
            best = self.sweep.best(values) if state == "complete" else None
            self.study.tell(trial, best, states.get(state, TrialState.FAIL))
            self.ended.append(state)
            failed = self.ended.count("failed")
            if not self.stopped and failed == len(self.ended) >= HOPELESS:
                self.stopped = f"all of {failed} trials failed, the last one by: {message}"

    async def _run_trial(
        self, trial: optuna.Trial, environment: Mapping[str, str]
    ) -> tuple[str, str, list[float]]:
        """Run a trial in a process; return its state, the reason, and the metric of its epochs."""
        folder = self.directory / f"trial_{trial.user_attrs['index']:04d}"
        earlier = {*folder.glob("*/log.jsonl")}  # of attempts that failed
        process = start(self.sweep.command(), trial.user_attrs["parameters"], folder, environment)
        log = folder / "log.jsonl"  # until a run has begun in the folder
        ended, stopped, values = False, "", list[float]()
        try:
            while not ended:
                await asyncio.sleep(POLL)
                ended = process.poll() is not None
                if not log.exists():
                    log = next(iter({*folder.glob("*/log.jsonl")} - earlier), log)
                found, outdone = self.sweep.values(read_records(log)), False
                if found and not values:
                    trial.set_user_attr("run", str(log.parent))
                for step in range(len(values) + 1, len(found) + 1):
                    best = self.sweep.best(found[:step])
                    trial.report(found[step - 1] if self.sweep.strict else best, step)
                    outdone |= trial.should_prune()
                values = found
                if not ended and (self.stopped or outdone):
                    stopped = "interrupted" if self.stopped else "pruned"
                    await self._stop(process)
        finally:
            send(process, KILL)  # where the sweep itself fails
        if process.returncode and stopped:
            return stopped, "outdone by others" if stopped == "pruned" else self.stopped, values
        if process.returncode:
            return "failed", failure(process.returncode, folder / "output.txt"), values
        if values:
            return "complete", f"{self.sweep.metric} {self.sweep.best(values):.6g}", values
        epochs = read_records(log)
        known = ", ".join(epochs[-1]) if epochs else "no epochs"
        text = f"no {self.sweep.metric} in log.jsonl of a run in {folder}: it has {known}"
        return "failed", text, values

    async def _stop(self, process: subprocess.Popen[bytes]) -> None:
        """Let a trial save and end, as by Ctrl-C; kill it after a while, or a second Ctrl-C."""
        for number in (signal.SIGINT, signal.SIGTERM, KILL):
            send(process, number)
            end = time.monotonic() + GRACE
            while process.poll() is None and time.monotonic() < end and self.interrupts < 2:
                await asyncio.sleep(POLL)


def start(
    command: list[str], parameters: Any, folder: Path, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start a trial; Ctrl-C reaches it only through `send`, since it has a session of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "config.yaml"
    config.write_text(yaml.safe_dump(parameters, sort_keys=False))
    with (folder / "output.txt").open("wb") as output:
        return subprocess.Popen(
            [*command, "--config", str(config), "--exports-dir", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )


def send(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to a process and all that it has started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, number)
            else:
                process.terminate()


def failure(code: int, output: Path) -> str:
    """Return why a process failed: the signal that ended it, or the last line of its output."""
    if code < 0:
        hint = ", as by the system when memory runs out" if code == -KILL else ""
        return f"ended by {signal.Signals(-code).name}{hint} (see {output})"
    last = output.read_text(errors="replace").rstrip().rpartition("\n")[2].strip()
    return f"{last or f'exit status {code}'} (see {output})"


def ranking(sweep: Sweep, trials: Mapping[int, FrozenTrial]) -> str:
    """Return a table of the trials, the best first, with the parameters that differ."""
    best = {i: sweep.best(trial.intermediate_values.values()) for i, trial in trials.items()}
    sign = 1 if sweep.goal == "minimize" else -1
    ranked = sorted(trials, key=lambda i: (sign * best[i], i))
    parameters = {i: trials[i].user_attrs["parameters"] for i in ranked}
    names = dict.fromkeys(itertools.chain(*parameters.values()))
    differ = [n for n in names if len({repr(each.get(n)) for each in parameters.values()}) > 1]
    rows = [["", "trial", sweep.metric, "epochs", "state", *differ]]
    for place, i in enumerate(ranked, 1):
        epochs, state = len(trials[i].intermediate_values), trials[i].user_attrs.get("state")
        values = [parameters[i].get(name) for name in differ]
        texts = [f"{value:.4g}" if isinstance(value, float) else str(value) for value in values]
        loss = f"{best[i]:.6g}" if epochs else "-"
        rows.append([str(place), str(i), loss, str(epochs), state or "interrupted", *texts])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    if ranked and trials[ranked[0]].intermediate_values:
        lines.append(f"best: trial {ranked[0]}, in {trials[ranked[0]].user_attrs['run']}")
    return "\n".join(lines)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
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
        sweep.check_program()
        study = open_study(sweep, directory, seed)
        sweep_run = SweepRun(sweep, study, directory, jobs, list(filter(None, gpus.split(","))))
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, sweep_run.interrupt)
        click.echo(f"sweep of {file} in {directory}, seed {study.user_attrs['seed']}")
        asyncio.run(sweep_run.run(count))
    except (OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    if trials := last_attempts(study):
        click.echo(ranking(sweep, trials))
    if sweep_run.stopped:
        raise click.ClickException(sweep_run.stopped)


if __name__ == "__main__":
    main()
