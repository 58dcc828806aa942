"""How time and memory grow with the size of a dataset; each is made in a process of its own."""

import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

LARGE = (5000, 1.0, None)
SIZES = [(25_000, 0.1, 5000), (50_000, 0.1, 5000), (100_000, 0.1, 5000)]


def megabytes() -> float:
    """Anonymous memory of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def watch(stop: threading.Event, peak: list[float]) -> None:
    while not stop.wait(0.02):
        peak.append(max(megabytes(), peak.pop()))


def generate(directory: str, size: int, duration: float, shard_size: int | None) -> None:
    """Make a dataset; print seconds, and MB above the import of kac_prediction.dataset."""
    import kac_prediction.dataset as datasets

    before = megabytes()
    from kac_prediction.samplers import BesselModel

    stop, peak = threading.Event(), [before]
    watcher = threading.Thread(target=watch, args=(stop, peak))
    watcher.start()
    settings = {"duration": duration, "sample_rate": 48000}
    started = time.perf_counter()
    datasets.generateDataset(BesselModel, settings, directory, size, seed=0, shard_size=shard_size)
    made = time.perf_counter() - started
    stop.set()
    watcher.join()
    started = time.perf_counter()
    datasets.loadDataset(directory)
    print(made, peak[0] - before, time.perf_counter() - started)


def main() -> None:
    print("\nCircular drums at 48 kHz, end2end, flushed to disk, a process each")
    print(
        f"{'samples':>8}{'of':>8}{'shards':>8}{'seconds':>9}{'a thousand':>12}{'MB':>6}{'load':>7}"
    )
    for size, duration, shard_size in [LARGE, *SIZES]:
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
            arguments = [directory, size, duration, shard_size]
            command = [sys.executable, __file__, *map(str, arguments)]
            result = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            made, memory, load = map(float, result.stdout.split())
            shutil.rmtree(directory)
            Path(directory).mkdir()
        shards = shard_size or "none"
        print(
            f"{size:>8}{duration:>6} s{shards:>8}{made:>9.1f}{1000 * made / size:>12.3f}"
            f"{memory:>6.0f}{load:>7.3f}"
        )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        place, count, length, shard = sys.argv[1:]
        generate(place, int(count), float(length), None if shard == "None" else int(shard))
    else:
        main()
