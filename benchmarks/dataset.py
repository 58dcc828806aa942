"""What datasets cost, beside writing the same bytes and beside torch's own spectrogram."""

import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from kac_prediction.dataset import (
    TorchDataset,
    generateDataset,
    loadDataset,
    transformDataset,
)
from kac_prediction.samplers import BesselModel

COUNT = 5000
SETTINGS = {"duration": 1.0, "sample_rate": 48000}
MEL: Any = {"output_type": "mel"}


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def render() -> None:
    sampler = BesselModel(**SETTINGS)
    sampler.seed(0)
    for first in range(0, COUNT, 100):
        sampler.render(range(first, first + 100))


def write(directory: Path) -> None:
    """Write and flush the bytes of such a dataset, and nothing else."""
    directory.mkdir()
    sound, row = os.urandom(144044), os.urandom(384000)
    for i in range(COUNT):
        with (directory / f"{i}.wav").open("wb") as file:
            file.write(sound)
            file.flush()
            os.fsync(file.fileno())
    with (directory / "x.npy").open("wb") as file:
        for _ in range(COUNT):
            file.write(row)
        file.flush()
        os.fsync(file.fileno())
    shutil.rmtree(directory)


def torch_mel(dataset: TorchDataset) -> torch.Tensor:
    """The mel spectrograms by torch alone, from waves in memory."""
    window = torch.hann_window(512, dtype=torch.float64)
    filters = torch.rand(32, 257, dtype=torch.float64)
    mels = []
    for x in dataset.X.split(50):
        spectrum = torch.stft(x, 512, 256, window=window, pad_mode="reflect", return_complex=True)
        mels.append(filters @ spectrum.abs().square())
    return torch.cat(mels)


def epoch(directory: str) -> None:
    """One shuffled epoch of the first 1024 values of every sound."""
    dataset = loadDataset(directory)
    dataset.X = dataset.X[:, :1024].clone()
    for _ in range(2):  # the first one fetches what the second then finds in the cache
        started = time.perf_counter()
        for _ in DataLoader(dataset, batch_size=64, shuffle=True):
            pass
    print(f"shuffled epoch of 1024 values: {len(dataset) / (time.perf_counter() - started):.0f}/s")


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as temporary:
        root = Path(temporary)
        directory = str(root / "drums")

        def generate() -> None:
            shutil.rmtree(directory, ignore_errors=True)
            generateDataset(BesselModel, SETTINGS, directory, COUNT, seed=0)

        steps: dict[str, Callable[[], object]] = {
            "render to memory": render,
            "write the same bytes": lambda: write(root / "bytes"),
            "generateDataset": generate,
            "loadDataset": lambda: loadDataset(directory),
            "loadDataset, verify=True": lambda: loadDataset(directory, verify=True),
            "torch's mel, from memory": lambda: torch_mel(loadDataset(directory)),
            "transformDataset to mel": lambda: transformDataset(loadDataset(directory), MEL),
        }
        times: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(3):
            for name, step in steps.items():
                times[name].append(seconds(step))
        generate()
        epoch(directory)
    median = {name: statistics.median(found) for name, found in times.items()}
    floor = max(median["render to memory"], median["write the same bytes"])
    print(f"\n{COUNT} circular drums, 1 s at 48 kHz, end2end (medians of 3 interleaved runs)")
    print(f"{'step':<28}{'seconds':>9}{'ratio':>8}  baseline")
    baselines = {
        "generateDataset": (floor, "the larger of rendering and writing alone"),
        "transformDataset to mel": (median["torch's mel, from memory"], "torch's mel, from memory"),
    }
    for name, value in median.items():
        baseline, word = baselines.get(name, (0.0, ""))
        ratio = f"{value / baseline:8.2f}  {word}" if baseline else ""
        print(f"{name:<28}{value:>9.3f}{ratio}")


if __name__ == "__main__":
    main()
