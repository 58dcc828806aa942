#!/usr/bin/env python3
"""The main job, end to end: synthesise drums, train, evaluate on unseen ones, predict, report."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import numpy as np
import soundfile
import torch

from kac_prediction.cli import visible_progress
from kac_prediction.dataset import generateDataset
from kac_prediction.pipeline import effects
from kac_prediction.routines import Result, SizeOfCircularDrum
from kac_prediction.samplers import BesselModel, FDTDModel, OtherSounds

HERE = Path(__file__).resolve().parent
DEPTHS = ("tiny", "small", "medium", "large", "full")


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option(
    "--drums",
    type=click.IntRange(7),
    default=500,
    help="Drums to synthesise; each is struck five times.",
)
@click.option("--epochs", type=click.IntRange(1), default=30, help="Passes over the training part.")
@click.option("--depth", type=click.Choice(DEPTHS), default="tiny", help="Size of CRePE.")
@click.option("--seed", default=0, help="What everything is drawn from.")
@click.option("--out", default="demo", type=click.Path(path_type=Path), help="Where it all goes.")
def demo(drums: int, epochs: int, depth: str, seed: int, out: Path) -> None:
    """Train a network to predict the size of circular drums, and evaluate it on unseen drums.

    Then the model that comes with the package listens to drums of which it is told nothing.
    """
    times: dict[str, float] = {}
    with measured(f"Synthesising {5 * drums} strikes on {drums} drums", times):
        generateDataset(
            BesselModel,
            {"duration": 1.0, "sample_rate": 48000},
            str(out / "data"),
            5 * drums,
            {"normalise_input": False},
            seed=seed,
        )
    with measured(f"Training CRePE {depth} for {epochs} epochs", times):
        result = SizeOfCircularDrum(
            exports_dir=str(out / "model"),
            dataset_dir=str(out / "data"),
            parameters={
                "dataset_size": 5 * drums,
                "num_of_epochs": epochs,
                "depth": depth,
                "seed": seed,
                "testing": False,
            },
        )
    best = Path(shutil.copy(result.best, out / "best.pt"))
    picture = out / "report.png"
    result.figure().savefig(picture, dpi=150)
    sounds = choose_sounds(result, out)
    with measured(f"Listening to {len(sounds)} sound files", times):
        subprocess.run([sys.executable, HERE / "deploy.py", best, *sounds], check=True)
    unknown = record_unknown(out / "unknown", seed)
    with measured("Listening to a circle, a polygon in a room, and noise", times):
        command = [sys.executable, HERE / "deploy.py", "any-drum", "--plot", *unknown]
        subprocess.run(command, check=True)
    print(f"\n{result.compare()}\n")
    for step, seconds in times.items():
        print(f"{step:<45} {seconds:7.1f} s")
    print(f"\nmodel    {best}\npicture  {picture}\nsounds   {sounds[0].parent}")
    print(f"unknown  {unknown[0].parent}, with pictures of the drums that were heard")


@contextmanager
def measured(step: str, times: dict[str, float]) -> Iterator[None]:
    """Print the step, and keep how long it took."""
    print(f"{step} ...", flush=True)
    started = time.perf_counter()
    with visible_progress():
        yield
    times[step] = time.perf_counter() - started


def choose_sounds(result: Result, out: Path) -> list[Path]:
    """Copy the sounds of a small, a middling and a large unseen drum, named by their sizes."""
    folder = out / "sounds"
    folder.mkdir(exist_ok=True)
    for earlier in folder.glob("drum_of_*_cm*.wav"):
        earlier.unlink()
    sizes = result.true["drum_size"]
    order = np.argsort(sizes, kind="stable")
    copies = []
    for k in (len(order) // 6, len(order) // 2, 5 * len(order) // 6):
        source = out / "data" / f"sample_{result.evaluated[order[k]]:05d}.wav"
        copies.append(folder / f"drum_of_{100 * sizes[order[k]]:.1f}_cm.wav")
        shutil.copy(source, copies[-1])
    return copies


def record_unknown(folder: Path, seed: int) -> list[Path]:
    """Write the sounds of a circle, of a polygon in a room and of noise, named by what they are."""
    folder.mkdir(exist_ok=True)
    medium = {"duration": 1.0, "sample_rate": 48000}
    circle = BesselModel(**medium, drum_size=0.37, strike_location=(0.6, 0.5))
    polygon = FDTDModel(**medium, arbitrary_shape="ConvexPolygon", drum_size=0.45)
    noise = OtherSounds(**medium, kind="noise")
    paths = []
    for name, sampler in (
        ("circle_of_37_cm", circle),
        ("polygon_of_45_cm_in_a_room", polygon),
        ("noise", noise),
    ):
        sampler.seed(seed)
        sampler.updateProperties(1)
        sampler.generateWaveform()
        sound = torch.from_numpy(sampler.waveform)[None]
        if "room" in name:
            generator = torch.Generator().manual_seed(seed)
            room = effects.impulse_response(sound, 48000, 0.4, 6.0, 0.005, generator)
            sound = effects.convolved(sound, room)
        paths.append(folder / f"{name}.wav")
        soundfile.write(paths[-1], (sound / sound.abs().max())[0].numpy(), 48000)
    return paths


if __name__ == "__main__":
    demo()
