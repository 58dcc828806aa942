"""What a stream of circular drums costs, beside the core's part of it alone."""

import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from torch.utils.data import DataLoader

from kac_prediction.dataset import StreamingDataset
from kac_prediction.samplers import BesselModel

SETTINGS = {"duration": 1024 / 48000, "sample_rate": 48000}
COUNT, BATCH = 12800, 64


def core_alone() -> Iterator[object]:
    """Make the sounds of drums that were drawn before: no labels, nothing handed on."""
    sampler = BesselModel(**SETTINGS)
    struck = [sampler._struck() for _ in range(BATCH) if not sampler.updateProperties(None)]
    while True:
        yield sampler._sounds(struck)


def render() -> Iterator[object]:
    sampler = BesselModel(**SETTINGS)
    for first in range(0, 10**9, BATCH):
        yield sampler.render(range(first, first + BATCH))


def stream(**arguments: Any) -> StreamingDataset:
    return StreamingDataset(BesselModel, SETTINGS, 0, **arguments)


def seconds(source: Iterable[object], size: int) -> float:
    """Time for so many drums, after the first batches: starting workers is not counted."""
    batches = iter(source)
    for _ in islice(batches, 4 * BATCH // size):
        pass
    started = time.perf_counter()
    for _ in islice(batches, COUNT // size):
        pass
    return time.perf_counter() - started


def main() -> None:
    steps: dict[str, tuple[Callable[[], Iterable[object]], int]] = {
        "the core alone": (core_alone, BATCH),
        "sampler.render": (render, BATCH),
        "batches of 64": (lambda: stream(batch_size=64), 64),
        "batches of 256": (lambda: stream(batch_size=256), 256),
        "single samples": (stream, 1),
        "DataLoader(batch_size=64)": (lambda: DataLoader(stream(), 64), 64),
        "the same, batched here": (lambda: DataLoader(stream(batch_size=64), None), 64),
        "the same, 2 workers": (
            lambda: DataLoader(stream(batch_size=64), None, num_workers=2),
            64,
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(3):
        for name, (source, size) in steps.items():
            times[name].append(seconds(source(), size))
    median = {name: statistics.median(found) for name, found in times.items()}
    print(
        "\nA stream of circular drums, 1024 samples each at 48 kHz (medians of 3 interleaved runs)"
    )
    print(f"{'step':<28}{'drums/s':>9}{'ratio':>8}  baseline")
    for name, value in median.items():
        ratio = f"{value / median['the core alone']:8.2f}  the core alone"
        print(f"{name:<28}{COUNT / value:>9.0f}{'' if name == 'the core alone' else ratio}")


if __name__ == "__main__":
    main()
