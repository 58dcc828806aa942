"""The machine's instruction sets: which one is used, and that none changes a sound."""

import os
import subprocess
import sys

import pytest

from kac_prediction import _core

PARTIALS = """
import hashlib
import numpy as np
from kac_prediction import _core

rng = np.random.default_rng(3)
frequencies = rng.uniform(1, 25000, (3, 117))
weights = rng.normal(size=(3, 117)) * frequencies
print(_core.instruction_set())
for precision in ("double", "single"):
    for length in (7, 5001, 20000):
        sounds = _core.additive(
            frequencies, weights, [0, 3.45, 9e3], [1, 0, 2], length, 48000, precision
        )
        print(hashlib.sha256(sounds.tobytes()).hexdigest())
"""


GRIDS = """
import hashlib
import numpy as np
from kac_prediction import _core

rng = np.random.default_rng(3)
print(_core.instruction_set())
for columns, share in ((3, 1), (40, 0.9), (97, 0.98), (104, 1)):
    live = rng.random((45, columns)) < share
    live[20:25] = True
    grid, pick_up = _core.Grid(live), ([21 * columns], [1.0])
    strikes = [(rng.integers(live.size, size=30), rng.normal(size=30)) for _ in range(3)]
    for precision in ("double", "single"):
        sounds = _core.membranes(
            [grid], [[0.45, 0.15, 0.99]], [pick_up], [0] * 3, strikes, 1500, 1, precision
        )
        print(hashlib.sha256(sounds.tobytes()).hexdigest())
    fields = rng.normal(size=(2, *live.shape))
    sound = _core.fdtd_waveform(grid, *fields, 0.49, 0.04, 1.0, 900, *pick_up)
    print(hashlib.sha256(sound.tobytes()).hexdigest())
"""

ATTEMPT = """
from kac_prediction import _core

def attempt(kernel):
    try:
        kernel()
    except ValueError as error:
        print(error)
"""

KERNELS = [
    "additive([[440.0]], [[1.0]], [1.0], [1.0], 9, 48000)",
    "tone('sin', [440.0], 9, 48000)",
    "RealFft(2)",
    "quantise([[0.5]])",
    "Simulation(_core.Grid([[True]]), [[0.0]], [[0.0]], 0.4, 0.4, 1.0)",
    "membranes([_core.Grid([[True]])], [[0.4, 0.2, 1]], [([0], [1])], [0], [([0], [1])], 9, 1)",
    "instruction_set()",
]


def run(name: str, program: str = PARTIALS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"KAC_ISA": name},
        capture_output=True,
        text=True,
        check=False,
    )


def test_one_is_in_use() -> None:
    assert _core.instruction_set() in _core.instruction_sets()


def test_without_a_wish_the_best_is_used() -> None:
    assert run("").stdout.split()[0] == _core.instruction_sets()[-1]


@pytest.mark.parametrize(("program", "sounds"), [(PARTIALS, 6), (GRIDS, 12)])
def test_all_make_the_same_bits(program: str, sounds: int) -> None:
    names = _core.instruction_sets()
    printed = [run(name, program).stdout.split() for name in names]
    assert [lines[0] for lines in printed] == names
    assert len(set(printed[0])) == 1 + sounds
    assert all(lines[1:] == printed[0][1:] for lines in printed)


@pytest.mark.parametrize("name", ["abacus", "AVX2 "])
def test_a_wish_that_cannot_be_met_says_what_can(name: str) -> None:
    attempts = "\n".join(f"attempt(lambda: _core.{kernel})" for kernel in KERNELS)
    refused = run(name, ATTEMPT + attempts)
    assert refused.stderr == ""
    has = " ".join(_core.instruction_sets())
    message = "KAC_ISA must name an instruction set that this machine has, which are"
    assert refused.stdout.splitlines() == [f"{message} {has}, got '{name}'"] * len(KERNELS)
    kept = run(name, "from kac_prediction import _core; print(_core.available_threads())")
    assert kept.returncode == 0
