"""What drums cost to memory: modal and simulated, one strike and five, one thread and two."""

import statistics
import time
from collections.abc import Callable

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
            "8 polygons, five strikes each, 2 threads": lambda: seconds(polygon, fives, 2),
        }
    )
    one, five, both = list(found.values())[-3:]
    count = {"1000": 1000, "100": 100}
    print(f"\nDrums of 1 s at 48 kHz to memory, {_core.instruction_set()}, ", end="")
    print(f"{_core.available_threads()} threads unless said (medians of 5 interleaved runs)")
    print(f"{'work':<44}{'seconds':>9}{'x real time':>13}")
    for name, value in found.items():
        sounds = count.get(name.split()[0], 40 if "five" in name else 8)
        print(f"{name:<44}{value:>9.3f}{sounds / value:>13.0f}")
    print(
        f"five strikes take {five / one:.2f} times one; two threads go {five / both:.2f} times one"
    )


if __name__ == "__main__":
    main()
