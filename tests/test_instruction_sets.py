"""The machine's instruction sets: which one is used, and that none changes a sound."""

import os
import subprocess
import sys

import pytest

from kac_prediction import _core

SOUNDS = """
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


def run(name: str, program: str = SOUNDS) -> subprocess.CompletedProcess[str]:
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


def test_all_make_the_same_bits() -> None:
    names = _core.instruction_sets()
    printed = [run(name).stdout.split() for name in names]
    assert [lines[0] for lines in printed] == names
    assert len(printed[0]) == 7
    assert all(lines[1:] == printed[0][1:] for lines in printed)


@pytest.mark.parametrize("name", ["abacus", "AVX2 "])
def test_a_wish_that_cannot_be_met_says_what_can(name: str) -> None:
    refused = run(name)
    assert refused.returncode != 0
    assert "ValueError: KAC_ISA must name an instruction set" in refused.stderr
    assert " ".join(_core.instruction_sets()) in refused.stderr
    assert f"got '{name}'" in refused.stderr
    kept = run(name, "from kac_prediction import _core; print(_core.available_threads())")
    assert kept.returncode == 0
