"""What drums cost to memory: modal and simulated, one strike and five, one thread and two."""

import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from kac_prediction import _core
from kac_prediction.samplers import BesselModel, FDTDModel, LaméModel, PoissonModel
from kac_prediction.samplers.drum import Drum

SECOND = {"duration": 1.0, "sample_rate": 48000}
CHUNK = 100


def seconds(sampler: Drum, indices: list[int], threads: int = 0) -> float:
    sampler.seed(0)
    sampler.threads = threads
    started = time.perf_counter()
    for first in range(0, len(indices), CHUNK):
        sampler.render(indices[first : first + CHUNK])
    return time.perf_counter() - started


def medians(steps: dict[str, Callable[[], float]], runs: int = 5) -> dict[str, float]:
    """The median of interleaved runs, so that a disturbance meets all alike."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(runs):
        for name, step in steps.items():
            times[name].append(step())
    return {name: statistics.median(found) for name, found in times.items()}


def four_drums(pipe: Connection) -> None:
    """In a process of its own: render twenty strikes on one thread whenever asked to."""
    sampler = FDTDModel(**SECOND, arbitrary_shape="ConvexPolygon")
    pipe.send(seconds(sampler, list(range(20)), 1))
    while pipe.recv():
        pipe.send(seconds(sampler, list(range(20)), 1))


def scaling_of_processes(pairs: int = 11) -> float:
    """How many times one process's work two of them do at once: what the machine itself gives."""
    context, pipes, processes = multiprocessing.get_context("spawn"), [], []
    for _ in range(2):
        here, there = context.Pipe()
        processes.append(context.Process(target=four_drums, args=(there,)))
        processes[-1].start()
        here.recv()
        pipes.append(here)

    def at_once(asked: list[Connection]) -> float:
        for pipe in asked:
            pipe.send(True)
        return max(pipe.recv() for pipe in asked)

    ratios = [2 * at_once([pipes[i % 2]]) / at_once(pipes) for i in range(pairs)]
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(False)
        process.join()
    return statistics.median(ratios)


def ratio(above: Callable[[], float], below: Callable[[], float], pairs: int = 11) -> float:
    """The median ratio of neighbouring runs: the machine's slow minutes meet both alike."""
    return statistics.median(above() / below() for _ in range(pairs))


def main() -> None:
    circle, rectangle = BesselModel(**SECOND), PoissonModel(**SECOND)
    triangle, polygon = LaméModel(**SECOND), FDTDModel(**SECOND, arbitrary_shape="ConvexPolygon")
    thousand, hundred = list(range(1000)), list(range(100))
    firsts = [5 * i for i in range(8)]  # one strike on each of eight drums
    fives = [*range(40)]  # five on each
    found = medians(
        {
            "1000 strikes on circular drums": lambda: seconds(circle, thousand),
            "1000 strikes on rectangular drums": lambda: seconds(rectangle, thousand),
            "1000 strikes on triangular drums": lambda: seconds(triangle, thousand),
            "100 strikes on polygons of 0.3 m": lambda: seconds(polygon, hundred),
            "8 polygons, one strike each, 1 thread": lambda: seconds(polygon, firsts, 1),
            "8 polygons, five strikes each, 1 thread": lambda: seconds(polygon, fives, 1),
        }
    )
    count = {"1000": 1000, "100": 100}
    print(f"\nDrums of 1 s at 48 kHz to memory, {_core.instruction_set()}, ", end="")
    print(f"{_core.available_threads()} threads unless said (medians of 5 interleaved runs)")
    print(f"{'work':<44}{'seconds':>9}{'x real time':>13}")
    for name, value in found.items():
        sounds = count.get(name.split()[0], 40 if "five" in name else 8)
        print(f"{name:<44}{value:>9.3f}{sounds / value:>13.0f}")

    def one() -> float:
        return seconds(polygon, firsts, 1)

    def five() -> float:
        return seconds(polygon, fives, 1)

    print(f"five strikes take {ratio(five, one):.2f} times one")
    threads = ratio(five, lambda: seconds(polygon, fives, 2))
    print(f"two threads go {threads:.2f} times one, two processes {scaling_of_processes():.2f}")


if __name__ == "__main__":
    main()
