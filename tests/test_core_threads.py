"""Threads that the core keeps from call to call."""

import os
import subprocess
import sys

import pytest

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
@pytest.mark.parametrize("program", [FORK, FORK_AT_WORK], ids=["after work", "at work"])
def test_a_fork_finds_threads_of_its_own(program: str) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, timeout=60
    )
    assert (run.returncode, run.stderr) == (0, "")
