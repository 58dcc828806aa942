"""What it costs to take in a dataset with x as text, beside json.loads of the same text."""

import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from kac_prediction.dataset.legacy import convert_dataset, legacy_header, legacy_samples
from kac_prediction.dataset.legacy.tokens import Tokens
from kac_prediction.dataset.storage import DatasetDirectory

COUNT, LENGTH, RATE = 100, 48000, 48000
REPRESENTATION = {"normalise_input": True, "output_type": "end2end"}
SETTINGS = {"duration": LENGTH / RATE, "sample_rate": RATE}
TARGET = 150  # MB/s


def waves() -> Iterator[list[float]]:
    """Decaying partials with a peak of 1: numbers with as many digits as those of drums."""
    rng, time_ = np.random.default_rng(0), np.arange(LENGTH) / RATE
    for _ in range(COUNT):
        wave = np.zeros(LENGTH)
        for frequency, decay in rng.uniform((50, 1), (3000, 9), (9, 2)):
            wave += np.sin(2 * np.pi * frequency * time_) * np.exp(-decay * time_)
        yield (wave / np.abs(wave).max()).tolist()


def write(path: Path) -> None:
    """A metadata.json as kac_drumset wrote it."""
    with path.open("w") as file:
        file.write(
            f'{{\n"dataset_size": {COUNT},\n'
            f'"representation_settings": {json.dumps(REPRESENTATION)},\n'
            '"sampler": {"name": "BesselModel", "version": "1.4.2"},\n'
            f'"sampler_settings": {json.dumps(SETTINGS)},\n"data": [\n'
        )
        for i, wave in enumerate(waves()):
            labels = f'{{"drum_size": [{0.1 + i / COUNT}], "strike_location": [0.25, 1.5]}}'
            separator = ",\n" if i > 0 else ""
            file.write(f'{separator}{{\n"x": {wave},\n"y": {labels}\n}}')
        file.write("]}")


def megabytes_per_second(path: Path, call: Callable[[Path], object]) -> float:
    size = path.stat().st_size
    started = time.perf_counter()
    call(path)
    return size / 1e6 / (time.perf_counter() - started)


def read(path: Path) -> None:
    with Tokens(path) as tokens:
        for _ in legacy_samples(tokens, legacy_header(tokens)):
            pass


def parse(path: Path) -> None:
    """By json.loads, all of it in memory."""
    for sample in json.loads(path.read_bytes())["data"]:
        np.array(sample["x"])


def load(path: Path) -> None:
    """Read, and write the dataset in our format."""
    directory = path.parent
    for found in directory.iterdir():
        if found.name not in ("metadata.json", "metadata.legacy.json"):
            found.unlink()
    convert_dataset(DatasetDirectory(directory))
    (directory / "metadata.legacy.json").replace(path)


def anonymous() -> float:
    """Anonymous memory of this process in MB."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024 / 1e6


def most_anonymous(call: Callable[[], object]) -> float:
    """The most that this process has of it meanwhile."""
    found, done = [anonymous()], threading.Event()

    def watch() -> None:
        while not done.wait(0.005):
            found.append(anonymous())

    with ThreadPoolExecutor(1) as pool:
        pool.submit(watch)
        call()
        done.set()
    return max(found)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as temporary:
        path = Path(temporary) / "metadata.json"
        write(path)
        size = path.stat().st_size
        before = anonymous()
        steps = {
            "json.loads and numpy.array": parse,
            "read all samples": read,
            "convert, with x.npy on the disk": load,
        }
        grown = most_anonymous(lambda: load(path)) - before
        rates: dict[str, list[float]] = {name: [] for name in steps}
        for _ in range(3):
            for name, step in steps.items():
                rates[name].append(megabytes_per_second(path, step))
    median = {name: statistics.median(found) for name, found in rates.items()}
    baseline = median["json.loads and numpy.array"]
    print(f"\nx as text: {COUNT} samples of 1 s at 48 kHz, {size / 1e6:.0f} MB, one core")
    print(f"{'step':<34}{'MB/s':>7}{'ratio':>8}  target {TARGET} MB/s")
    for name, rate in median.items():
        print(f"{name:<34}{rate:>7.0f}{rate / baseline:>8.1f}")
    print(f"anonymous memory while converting: at most {grown:.0f} MB more than before")


if __name__ == "__main__":
    main()
