"""Spectra beside torch, SciPy, librosa and ducc0: the same results, the same number of threads."""

import ctypes
import math
import multiprocessing
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import scipy
import torch
from peers import (
    Array,
    Sound,
    Step,
    Work,
    bare_transforms,
    mel_peers,
    optional,
    power,
    power_peers,
)
from threadpoolctl import threadpool_limits

from kac_prediction import _core

PAIRS = 11
BLOCKS = {1: 0.003, 2: 0.05}  # about how many seconds a run takes, by its threads
FLOORS = Path(__file__).parents[1] / "build/benchmark/cpp/benchmarks/benchmarks"


def settle_memory() -> None:
    """Have glibc treat memory as it does once a process has freed its first large arrays.

    Before, it may give the pages of every result back and fetch them anew, by chance of what else
    lies on the heap: torch and SciPy then take two to four times what they take here.
    """
    if platform.libc_ver()[0] == "glibc":
        mmap_threshold, trim_threshold = -3, -1  # malloc.h; the sizes are the largest it comes to
        ctypes.CDLL(None).mallopt(mmap_threshold, 32 << 20)
        ctypes.CDLL(None).mallopt(trim_threshold, 64 << 20)


@cache
def peaks() -> tuple[float, float] | None:
    """Operations a second of one core, in double and in single precision.

    Sums and products of vectors that stay in registers, in the instruction set in use: out of reach
    of Python, so the program of the C++ benchmarks measures them.
    """
    if not FLOORS.is_file():
        print("No share of the floor: bin/bench builds the program that measures it.")
        return None
    options = [f"--benchmark_{it}" for it in ("filter=flops", "repetitions=5", "min_time=0.02")]
    run = subprocess.run([FLOORS, *options], capture_output=True, text=True)
    found = re.search(r"([\d.]+) Gflop/s \(single ([\d.]+)\)", run.stdout)
    return found and (1e9 * float(found[1]), 1e9 * float(found[2]))


@cache
def copying(size: int) -> float:
    """Seconds in which one thread moves `size` bytes, half of them read and half written.

    It is a copy of as many bytes as the row's, so that they come from the same cache or memory.
    """
    source, target = np.ones((2, size // 16))
    run = prepared(lambda: np.copyto(target, source))
    return min(run() for _ in range(PAIRS))


def floor(work: Work) -> tuple[float, str]:
    """The least seconds that the work can take here, and what they go on.

    No program is faster than its operations at the peak of the arithmetic units, nor than moving
    its signals in and its spectra out: the larger of the two. The real transform of n samples is
    counted by the usual convention as 5/2 n log2 n operations, whatever n and the algorithm. Not
    counted are the shuffles that order the frames, sums that have no product beside them, and
    waiting for results: 100 % are out of reach. Two threads have twice the rates of one.
    """
    found = peaks()
    if found is None:
        return 0.0, ""
    flops, moved = work.flops / found[work.single], copying(work.size)
    return max((flops / work.threads, "flops"), (moved / work.threads, "bytes"))


def require_equal(expected: Array, found: Array, peer: str) -> None:
    """Only what computes the same is compared."""
    error = np.abs(expected - found).max() / np.abs(expected).max()
    if not error < (1e-10 if np.finfo(expected.dtype).precision > 10 else 1e-5):
        raise ArithmeticError(f"{peer} differs by {error:.1e} of the largest value")


def timed(step: Step, calls: int) -> float:
    started = time.perf_counter()
    for _ in range(calls):
        step()
    return (time.perf_counter() - started) / calls


def prepared(step: Step, threads: int = 1) -> Callable[[], float]:
    """Runs of as many calls as take about a block: seconds a call.

    Torch's threads spin for a while after their work is done: what has two threads waits for that.
    On a core that slept a thread may start some milliseconds late, hence the longer block.
    """
    step()
    calls = math.ceil(BLOCKS[threads] / timed(step, 1))

    def run() -> float:
        if threads > 1:
            time.sleep(0.02)
        return timed(step, calls)

    return run


def print_row(name: str, times: list[float], ratio: str = "", share: str = "") -> None:
    median, best = 1e6 * statistics.median(times), 1e6 * min(times)
    print(f"{name:<48}{median:>10.1f}{best:>10.1f}{ratio:>8}{share:>13}".rstrip(), flush=True)


def compare(
    name: str,
    ours: Step,
    peers: dict[str, Step],
    work: Work,
    same: Callable[[Array], Array] = np.asarray,
) -> None:
    """Print a row for ours and one for each peer, whose result `same` brings to ours.

    Ours and a peer run in turns, and their ratio is the median of those of neighbouring runs: the
    machine's slow minutes meet both alike.
    """
    torch.set_num_threads(work.threads)
    expected, run = ours().squeeze(), prepared(ours, work.threads)
    own: list[float] = []
    rows: list[tuple[str, list[float], str]] = []
    for peer, step in peers.items():
        require_equal(expected, same(np.asarray(step()).squeeze()), peer)
        other = prepared(step, work.threads)
        pairs = [(run(), other()) for _ in range(PAIRS)]
        own += [mine for mine, _ in pairs]
        ratio = statistics.median(theirs / mine for mine, theirs in pairs)
        rows.append((f"  {peer}", [theirs for _, theirs in pairs], f"{ratio:.2f}"))
    least, word = floor(work)
    print_row(name, own, share=f"{100 * least / min(own):.0f} % {word}" if word else "")
    for row in rows:
        print_row(*row)


def spectra(sound: Sound, only_torch: bool = False) -> None:
    """The power and the mel spectrogram of one second."""
    for mel, peers in ((False, power_peers), (True, mel_peers)):
        compare(
            f"{'mel 32' if mel else 'power'} {sound.title}",
            sound.ours(mel=mel),
            {"torch": sound.torch(mel=mel)} if only_torch else peers(sound),
            sound.work(mel=mel),
        )


def transforms(sound: Sound) -> None:
    """Of frames that lie ready in memory."""
    frames = sound.framed()
    plan = _core.RealFft(frames.shape[1], sound.precision)
    compare(
        f"rfft of the frames {sound.title}",
        lambda: plan.forward(frames, threads=1),
        bare_transforms(frames),
        sound.work(fft=True),
    )


def whole_beside_transforms(sound: Sound) -> None:
    """All of ours, beside others' transforms alone of frames that lie ready in memory."""
    peers = bare_transforms(sound.framed())
    name = f"power {sound.title}, beside rfft alone"
    compare(name, sound.ours(), peers, sound.work(), power)


def sixty_four(pipe: Connection, core: int) -> None:
    """In a process of its own: spectra of 64 signals on one thread, on one core, when asked to."""
    settle_memory()
    os.sched_setaffinity(0, {core})
    sound = Sound(count=64)
    runs = {mel: prepared(sound.ours(mel=mel)) for mel in (False, True)}
    pipe.send(True)
    while (mel := pipe.recv()) is not None:
        pipe.send(runs[mel]())


def scaling_of_processes() -> dict[bool, str]:
    """How many times one process's work two do at once: what the machine itself gives."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if len(cores) < 2:
        return {}
    context, pipes, processes = multiprocessing.get_context("spawn"), [], []
    for core in cores[:2]:
        here, there = context.Pipe()
        processes.append(context.Process(target=sixty_four, args=(there, core)))
        processes[-1].start()
        here.recv()
        pipes.append(here)

    def at_once(asked: list[Connection], mel: bool) -> float:
        for pipe in asked:
            pipe.send(mel)
        return max(pipe.recv() for pipe in asked)

    def ratio(mel: bool) -> float:
        pairs = range(PAIRS)
        return statistics.median(
            2 * at_once([pipes[i % 2]], mel) / at_once(pipes, mel) for i in pairs
        )

    found = {mel: f"{ratio(mel):.2f}" for mel in (False, True)}
    for pipe, process in zip(pipes, processes, strict=True):
        pipe.send(None)
        process.join()
    return found


def batches() -> None:
    """64 signals on two threads, beside torch's two and one of ours."""
    sound, scaling = Sound(count=64), scaling_of_processes()
    for mel in (False, True):
        compare(
            f"{'mel 32' if mel else 'power'} {sound.title}, 64 signals, 2 threads",
            sound.ours(mel=mel, threads=2),
            {"torch, 2 threads": sound.torch(mel=mel), "ours, 1 thread": sound.ours(mel=mel)},
            sound.work(mel=mel, threads=2),
        )
        print(f"{'  two processes of 1 thread, beside one of them':<68}{scaling.get(mel, ''):>8}")


def table() -> None:
    peaks()  # what is missing is said before the table
    optional("ducc0")
    optional("librosa")
    versions = ", ".join(f"{module.__name__} {module.__version__}" for module in (torch, scipy))
    print(
        f"\nSpectra of 1 s at 48 kHz, {_core.instruction_set()}, 1 thread unless said; {versions}"
    )
    print(f"{'work':<48}{'median us':>10}{'best us':>10}{'ours x':>8}{'of the floor':>13}")
    for precision in ("double", "single"):
        sound = Sound(precision=precision)
        spectra(sound)
        transforms(sound)
    batches()
    for n_fft in (1024, 2048, 4096, 480, 1000, 1021, 1023):
        transforms(Sound(n_fft))
        whole_beside_transforms(Sound(n_fft))


def main() -> None:
    settle_memory()
    with threadpool_limits(1, "blas"):
        if sys.argv[1:] == ["beside-torch"]:
            print(f"{_core.instruction_set()}, torch as before:")
            for precision in ("double", "single"):
                spectra(Sound(precision=precision), only_torch=True)
            return
        table()
    for name in _core.instruction_sets():
        if name != _core.instruction_set():
            command = [sys.executable, __file__, "beside-torch"]
            subprocess.run(command, env={**os.environ, "KAC_ISA": name}, check=True)


if __name__ == "__main__":
    main()
