"""Rounds of work that is killed anywhere and goes on, compared bit by bit: `bin/soak` runs them.

A round makes a dataset, transforms it, draws some of its sounds anew, exports it, trains on it and
listens. Each step is first begun in forks of this process, which are killed at a random write or
moment, stopped by Ctrl-C or meet a full disk; then this process ends it. What stands on the disk is
to be what it is without interruptions. After every round descriptors, threads, processes, files and
memory are counted, and may not grow.
"""

import gc
import hashlib
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import click
import soundfile
import torch

from interruptions import DONE, FAILED, STOPPED, WritePoints, in_child
from kac_prediction.dataset import (
    AudioSampler,
    exportDataset,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    rendering,
    transformDataset,
)
from kac_prediction.dataset.storage import disk
from kac_prediction.listening import listen
from kac_prediction.pipeline import Routine, read_checkpoint
from kac_prediction.samplers import BesselModel
from models_of_users import Linear, parameters
from routines_of_users import squared
from samplers_of_users import Click

SIZE, LENGTH, RATE = 12, 400, 8000
SETTINGS: Any = {"duration": LENGTH / RATE, "sample_rate": RATE}
SAMPLERS: tuple[type[AudioSampler], ...] = (BesselModel, Click)  # in threads, in processes
WARM = 8  # rounds, in which each sampler works with one and with two workers, twice
GROWTH = 32  # MiB that the allocator may take after these
PATIENCE = 330.0  # seconds until the idle workers of a killed process have ended, by joblib
HANGING = 600  # seconds
KEPT = Path(__file__).parents[1] / "build/soak"  # what was there when something went wrong


@contextmanager
def ready() -> Iterator[None]:
    """Render two sounds at a time, and have one thread in torch: forks have none of the others."""
    chunk, threads = rendering._CHUNK_BYTES, torch.get_num_threads()
    rendering._CHUNK_BYTES = 2 * 8 * LENGTH
    torch.set_num_threads(1)
    try:
        yield
    finally:
        rendering._CHUNK_BYTES = chunk
        torch.set_num_threads(threads)


class WrongError(Exception):
    """Something is not as it is promised."""


class Place:
    """A folder with a dataset and what is made of it."""

    def __init__(self, folder: Path, Sampler: type[AudioSampler], workers: int) -> None:
        self.folder, self.Sampler, self.workers = folder, Sampler, workers
        self.data, self.exported, self.runs = folder / "data", folder / "export", folder / "runs"
        self.runs.mkdir(parents=True)

    def steps(self) -> list[Callable[[], object]]:
        """What is done here, in order; each may be called again to go on."""
        return [self.generate, self.transform, self.regenerate, self.export, self.train]

    def generate(self) -> None:
        """Make the dataset."""
        arguments = self.Sampler, SETTINGS, str(self.data), SIZE
        generateDataset(*arguments, seed=1, workers=self.workers, shard_size=5)

    def transform(self) -> None:
        """Let x show the waves as they are."""
        transformDataset(loadDataset(str(self.data)), {"normalise_input": False}, self.workers)

    def regenerate(self) -> None:
        """Draw two sounds anew, once: what an interrupted call has committed stays."""
        dataset = loadDataset(str(self.data))
        if not any(dataset._header.revisions):  # type: ignore[union-attr]
            regenerateDataPoints(dataset, self.Sampler, [2, 7], workers=self.workers)

    def export(self) -> None:
        """Export the dataset; or remove what a process left that was killed right after it."""
        if self.exported.exists():
            shutil.rmtree(self.folder / ".export.exporting", ignore_errors=True)
        else:
            exportDataset(loadDataset(str(self.data)), self.exported, shard_size=5)

    def train(self) -> None:
        """Train a model on the sounds, or resume its training where it has saved something."""
        begun = [*self.runs.iterdir()]
        routine = Routine(str(self.runs), device="cpu")
        for run in begun:
            if (run / "last.pt").exists():
                routine.resume(run)
            else:
                shutil.rmtree(run)
        routine.setParameters(parameters(num_of_epochs=12, seed=3))
        routine.D = loadDataset(str(self.data))
        routine.D.Y = torch.stack([next(iter(y.values()))[:1] for y in routine.D.Y])  # type: ignore
        with torch.random.fork_rng():
            torch.manual_seed(0)
            routine.M = Linear(routine.P["learning_rate"], LENGTH)
        routine.train(squared(routine))

    def seen(self) -> dict[str, str]:
        """Every file here with its checksum, but for locks; of a training what it has learnt."""
        seen = {
            f"a run with {sorted(path.name for path in run.iterdir())}": _learnt(run)
            for run in self.runs.iterdir()
        }
        for path in sorted(self.folder.rglob("*")):
            if path.name != ".lock" and self.runs not in path.parents:
                content = path.read_bytes() if path.is_file() else b""
                seen[str(path.relative_to(self.folder))] = hashlib.sha256(content).hexdigest()
        return seen


def _learnt(run: Path) -> str:
    """A checksum of the weights that a training ended with, and of its losses."""
    content = read_checkpoint(run / "last.pt")
    weights = [tensor.tolist() for tensor in content["model_state_dict"].values()]
    history = content["progress"]["history"]
    losses = [(record["training_loss"], record["selection_loss"]) for record in history]
    return hashlib.sha256(repr((weights, losses)).encode()).hexdigest()


@dataclass
class Undisturbed:
    """A step without interruptions: what it leaves, how often it writes, how long it takes."""

    seen: dict[str, str]
    writes: int
    seconds: float


class Soak:
    """What is expected, what has been done, and what has been counted."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder, self.seed, self.rounds = folder, seed, 0
        self.done: Counter[str] = Counter()
        self.limits: Counter[str] = Counter()
        self.memory: list[float] = []
        self.undisturbed = {Sampler: self._undisturbed(Sampler) for Sampler in SAMPLERS}
        self.sound = _record(folder / "drum.wav")
        self.heard = listen(self.sound)

    def _undisturbed(self, Sampler: type[AudioSampler]) -> list[Undisturbed]:
        place, found = Place(self.folder / "place", Sampler, 1), []
        for step in place.steps():
            disk.at_write_point = passed = WritePoints()
            began = time.perf_counter()
            step()
            found.append(Undisturbed(place.seen(), passed.count, time.perf_counter() - began))
        disk.at_write_point = None
        shutil.rmtree(place.folder)
        return found

    def round(self) -> None:
        """Do all the work in a place of its own, interrupted, and count what is left.

        Raises:
            WrongError: it is not what it is without interruptions, or something is left.
        """
        draw = random.Random(f"{self.seed} {self.rounds}")
        turn, which = divmod(self.rounds, len(SAMPLERS))
        Sampler = SAMPLERS[which]
        place = Place(self.folder / "place", Sampler, 1 + turn % 2)
        for step, wanted in zip(place.steps(), self.undisturbed[Sampler], strict=True):
            for _ in range(draw.choice([0, 1, 1, 2, 3])):
                self._interrupt(step, wanted, draw)
            step()
            if place.seen() != wanted.seen:
                other = sorted(place.seen().items() ^ wanted.seen.items())
                raise WrongError(f"{step.__name__} has left other files: {other}")
            self.done[step.__name__] += 1
        loadDataset(str(place.data), verify=True)
        if listen(self.sound) != self.heard:
            raise WrongError(f"another drum is heard: {listen(self.sound)}")
        self.done["listen"] += 1
        self.rounds += 1
        shutil.rmtree(place.folder)
        self._count()

    def _interrupt(
        self, step: Callable[[], object], wanted: Undisturbed, draw: random.Random
    ) -> None:
        """Begin a step in a fork that is ended in some way, if it has not ended before."""
        moment, write = wanted.seconds * draw.random(), draw.randint(1, max(wanted.writes, 1))
        ways: dict[str, tuple[str, float, signal.Signals, int]] = {
            "killed": ("", moment, signal.SIGKILL, -signal.SIGKILL),
            "stopped": ("", moment, signal.SIGINT, STOPPED),
        }
        if wanted.writes:
            ways["killed at a write"] = f"kill {write}", HANGING, signal.SIGKILL, -signal.SIGKILL
            ways["disk full"] = f"full {write}", HANGING, signal.SIGKILL, FAILED
        way, began = draw.choice([*ways]), time.monotonic()
        *how, expected = ways[way]
        ended, seconds = in_child(step, *how), time.monotonic() - began
        if ended not in (DONE, expected) or seconds > HANGING:
            raise WrongError(f"{step.__name__} in a process that was {way} ended with {ended}")
        if ended == DONE:  # in a fork of a process that has everything loaded
            wanted.seconds = min(wanted.seconds, seconds)
        self.done[way if ended == expected else "ended before it was interrupted"] += 1

    def _count(self) -> None:
        """Compare what this process holds with what it held at most in the first rounds."""
        gc.collect()
        until = time.monotonic() + PATIENCE
        while (more := _held(self.folder) - self.limits) and self.rounds > WARM:
            if time.monotonic() > until:
                raise WrongError(
                    f"after round {self.rounds} there are more: {dict(more)}; the threads are"
                    f" {sorted(thread.name for thread in threading.enumerate())} of Python, and"
                    f" of all {sorted(_system_names())}"
                )
            time.sleep(0.1)
        self.limits |= _held(self.folder)
        self.memory.append(_memory())
        growth = median(self.memory[-WARM:]) - median(self.memory[WARM : 2 * WARM] or self.memory)
        if growth > GROWTH and self.rounds > 2 * WARM:
            raise WrongError(f"{growth:.0f} MiB more memory after {self.rounds} rounds")

    def __str__(self) -> str:
        work = ", ".join(f"{count} {name}" for name, count in sorted(self.done.items()))
        held = ", ".join(f"{count} {name}" for name, count in sorted(self.limits.items()))
        first, last = self.memory[WARM : 2 * WARM] or self.memory, self.memory[-WARM:]
        memory = f"{median(first):.1f} MiB of memory, then {median(last):.1f} MiB"
        return f"{self.rounds} rounds: {work}; at most {held}; {memory}."


def _record(path: Path) -> Path:
    """Write the sound of a drum."""
    drum = BesselModel(duration=0.5, sample_rate=RATE, drum_size=0.37, strike_location=(0.6, 0.5))
    drum.seed(0)
    drum.updateProperties(1)
    drum.generateWaveform()
    soundfile.write(path, drum.waveform / abs(drum.waveform).max(), RATE)
    return path


def _held(folder: Path) -> Counter[str]:
    """What this process and those that it has started hold."""
    held = Counter({"temporary files": len([*folder.rglob("*")])})
    held["descriptors"] = len([*Path("/proc/self/fd").iterdir()])
    held["threads"] = len([*Path("/proc/self/task").iterdir()])
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            held["processes"] += os.getpgid(int(path.name)) == os.getpgrp()
    return held


def _system_names() -> list[str]:
    """What the system calls the threads of this process."""
    return [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]


def _memory() -> float:
    """The memory of this process, in MiB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.argument("seconds", type=click.FloatRange(0), default=1800)
@click.option("--seed", default=0, help="What the interruptions are drawn from.")
def soak(seconds: float, seed: int) -> None:
    """Work for so many SECONDS, interrupted again and again; every result is to be right."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    with tempfile.TemporaryDirectory(prefix="soak") as folder, ready():
        tempfile.tempdir = os.environ["TMPDIR"] = os.environ["JOBLIB_TEMP_FOLDER"] = folder
        work, told = Soak(Path(folder), seed), time.monotonic()
        until = told + seconds
        while work.rounds == 0 or time.monotonic() < until:
            try:
                work.round()
            except Exception as error:
                shutil.rmtree(KEPT, ignore_errors=True)
                shutil.copytree(folder, KEPT)
                error.add_note(f"Round {work.rounds} of seed {seed}; what it left is in {KEPT}.")
                raise
            if time.monotonic() > told + 60:
                told = time.monotonic()
                click.echo(work)
        click.echo(f"{work}\nNothing was wrong.")


if __name__ == "__main__":
    soak()
