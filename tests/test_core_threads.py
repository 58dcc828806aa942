"""The threads of the core: signals reach long calls, and forks have threads of their own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kac_prediction import _core
from waiting import PATIENCE


class InterruptionError(Exception):
    """What the signals raise."""


def interrupt(run: Callable[[], object]) -> None:
    """Assert that a signal every 20 ms, which raises when it comes for the third time, ends a call.

    Were signals only seen once the core is done, there would be one, however many were sent. More
    may come while the other threads end. They are only sent during the call.
    """
    seen = 0

    def alarm(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == 3:
            raise InterruptionError

    def alarmed() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        try:
            run()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        with pytest.raises(InterruptionError):
            alarmed()
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(("sounds", "threads"), [(1, 0), (1, 1), (2, 1), (2, 2), (3, 2)])
def test_signals_get_through_to_long_sounds(sounds: int, threads: int) -> None:
    # Some ten seconds a sound.
    frequencies = np.full((sounds, 100_000), 440.0)
    ones = np.ones(sounds)
    interrupt(
        lambda: _core.additive(
            frequencies, frequencies, ones, ones, 400_000, 48_000, threads=threads
        )
    )


def test_signals_get_through_to_long_simulations() -> None:
    # Some seconds each.
    grid, fields = _core.Grid(np.ones((350, 350), bool)), np.zeros((2, 350, 350))
    simulation = _core.Simulation(grid, *fields, 0.5, 0.0, 1.0)
    for run in (
        lambda: _core.membranes(
            [grid] * 2, [[0.5, 0, 1]] * 2, [([9], [1])] * 2, [0, 1], [([9], [1])] * 2, 100_000, 1
        ),
        lambda: simulation.step(100_000),
        lambda: _core.fdtd_waveform(grid, *fields, 0.5, 0.0, 1.0, 100_000, [9], [1.0]),
    ):
        interrupt(run)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no file without end")
@pytest.mark.parametrize("files", [1, 3])
def test_signals_get_through_to_long_files(files: int) -> None:
    interrupt(lambda: _core.file_checksums(["/dev/zero"] * files, threads=2))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no file that waits for a reader")
def test_signals_get_through_to_a_file_that_does_not_open(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    interrupt(lambda: _core.write_wavs([tmp_path / "pipe"], np.zeros((1, 10)), 48000))


def test_the_core_works_on_after_an_interruption() -> None:
    frequencies = np.full((2, 100_000), 440.0)
    interrupt(lambda: _core.additive(frequencies, frequencies, [1, 1], [1, 1], 400_000, 48_000))
    assert _core.tone("sqr", [0.0, 0.0, 0.0], 5, 48_000).tolist() == [[1.0] * 5] * 3


def test_signals_get_through_to_long_plans_and_spectra() -> None:
    # A second each, and more.
    sounds = np.zeros((2, 20_000_000))
    for run in (
        lambda: _core.RealFft(10_000_019),
        lambda: _core.Spectrogram(10_000_019, 9, 9),
        lambda: _core.Spectrogram(64, 64, 8).transform(sounds, threads=2),
        lambda: _core.SpectralDistance([64] * 50, 1e-4).sums(*sounds, threads=2),
    ):
        interrupt(run)


FORK = """
import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # so that the threads to be counted are the core's
import numpy as np
from kac_prediction import _core

signals = np.random.default_rng(0).standard_normal((64, 4000))
plan = _core.Spectrogram(512, 512, 256)
expected = plan.transform(signals, threads=1)
for generation in range(3):
    assert np.array_equal(plan.transform(signals, threads=3), expected)
    assert not os.path.isdir("/proc/self/task") or len(os.listdir("/proc/self/task")) >= 3
    child = os.fork()
    if child == 0:
        continue
    _, status = os.waitpid(child, 0)
    raise SystemExit(os.waitstatus_to_exitcode(status))
"""

FORK_AT_WORK = """
import os
from threading import Event, Thread
import numpy as np
from kac_prediction import _core

signals = np.random.default_rng(0).standard_normal((64, 4000))
plan = _core.Spectrogram(512, 512, 256)
expected, over = plan.transform(signals, threads=1), Event()

def work():
    while not over.is_set():
        plan.transform(signals, threads=3)

worker = Thread(target=work)
worker.start()
for _ in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(plan.transform(signals, threads=3), expected) else 1)
    assert os.waitpid(child, 0)[1] == 0
over.set()
worker.join()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.parametrize(
    "program",
    [
        pytest.param(FORK, id="after work"),
        pytest.param(
            FORK_AT_WORK,
            id="at work",
            marks=pytest.mark.skipif(
                "libasan" in os.environ.get("LD_PRELOAD", ""),
                reason="the allocator of ASan may be locked by another thread when it is forked",
            ),
        ),
    ],
)
def test_a_fork_finds_threads_of_its_own(program: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (run.returncode, run.stderr) == (0, "")


EXIT = """
import atexit, threading, time

def work_on(result=[]):
    result.append(_core.crc32(b"abc"))
    assert result == [0x352441C2]

atexit.register(work_on)  # runs last: in the thread that ends, the core works on

import numpy as np
from kac_prediction import _core

ones, started = np.ones(2), threading.Event()
frequencies = np.full((2, 100_000), 440.0)

def work():
    while True:  # some ten seconds each
        started.set()
        _core.additive(frequencies, frequencies, ones, ones, 400_000, 48_000, threads=2)

for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
started.wait()
time.sleep(0.1)
"""


def test_the_interpreter_ends_while_other_threads_are_in_the_core() -> None:
    run = subprocess.run(
        [sys.executable, "-c", EXIT], capture_output=True, text=True, timeout=PATIENCE
    )
    assert (run.returncode, run.stderr) == (0, "")
