"""The machine's instruction sets: which one is used, and that none changes a sound."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
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

SPECTRA = """
import hashlib
import numpy as np
from kac_prediction import _core

def show(values):
    print(hashlib.sha256(values.tobytes()).hexdigest())

print(_core.instruction_set())
signals = np.random.default_rng(3).normal(size=(9, 4500))
for precision in ("double", "single"):
    for length in (1, 7, 64, 67, 480, 1000, 1021, 1023, 4096):
        show(_core.RealFft(length, precision).forward(signals[:, :length]))
    for sizes in ((512, 512, 256), (480, 401, 77), (1021, 1000, 500)):
        filters = _core.MelFilters(sizes[0], 20, 22.05, 20_000, 48_000, "slaney", "area")
        for choices in (
            {}, {"power": 1}, {"filters": filters}, {"floor": 7.5},
            {"filters": filters, "power": 1, "floor": -30},
        ):
            show(_core.Spectrogram(*sizes, precision=precision, **choices).transform(signals))
"""

ATTEMPT = """
from kac_prediction import _core

def attempt(kernel):
    try:
        kernel()
    except ValueError as error:
        print(error)
"""

SAMPLERS = """
import sys
import numpy as np
from kac_prediction import _core, samplers

rendered = {"used": _core.instruction_set()}
for name, extra in (
    ("BesselModel", {}),
    ("FDTDModel", {"arbitrary_shape": "ConvexPolygon"}),
    ("LaméModel", {}),
    ("PoissonModel", {}),
    ("TestSweep", {}),
    ("TestTone", {}),
):
    for precision in ("double", "single") if name.endswith("Model") else (None,):
        settings = extra if precision is None else extra | {"precision": precision}
        sampler = getattr(samplers, name)(0.2, 22050, **settings)
        sampler.seed(5)
        rendered[f"{name} {precision}"] = sampler.render(range(7))[0]
np.savez(sys.argv[1], **rendered)
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


def test_by_default_the_best_is_used() -> None:
    assert run("").stdout.split()[0] == _core.instruction_sets()[-1]


@pytest.mark.parametrize(("program", "sounds"), [(PARTIALS, 6), (GRIDS, 12), (SPECTRA, 48)])
def test_all_make_the_same_bits(program: str, sounds: int) -> None:
    names = _core.instruction_sets()
    printed = [run(name, program).stdout.split() for name in names]
    assert [lines[0] for lines in printed] == names
    assert len(set(printed[0])) == 1 + sounds
    assert all(lines[1:] == printed[0][1:] for lines in printed)


@pytest.mark.parametrize("name", ["abacus", "AVX2 "])
def test_an_unknown_one_is_refused_and_those_there_are_named(name: str) -> None:
    attempts = "\n".join(f"attempt(lambda: _core.{kernel})" for kernel in KERNELS)
    refused = run(name, ATTEMPT + attempts)
    assert refused.stderr == ""
    has = " ".join(_core.instruction_sets())
    message = "KAC_ISA must name an instruction set that this machine has, which are"
    assert refused.stdout.splitlines() == [f"{message} {has}, got '{name}'"] * len(KERNELS)
    kept = run(name, "from kac_prediction import _core; print(_core.available_threads())")
    assert kept.returncode == 0


def test_no_sampler_differs_by_more_than_1e_12_of_the_peak(tmp_path: Path) -> None:
    rendered = {}
    for name in _core.instruction_sets():
        file = tmp_path / f"{name}.npz"
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", SAMPLERS, str(file)],
            env=os.environ | {"KAC_ISA": name},
            check=True,
        )
        with np.load(file) as sounds:
            rendered[name] = dict(sounds)
        assert rendered[name].pop("used") == name
    first = rendered[_core.instruction_sets()[0]]
    assert len(first) == 10
    for others in rendered.values():
        for name, sounds in others.items():
            peaks = np.abs(first[name]).max(axis=1, keepdims=True)
            assert (np.abs(sounds - first[name]) <= 1e-12 * peaks).all(), name


@pytest.mark.optional
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("qemu-x86_64") is None, reason="needs qemu: qemu-user of Debian")
@pytest.mark.skipif("sse2" not in _core.instruction_sets(), reason="emulates x86-64")
def test_a_processor_without_avx_makes_the_same_bits() -> None:
    """Nehalem, of 2008, has what NumPy asks for, x86-64-v2, and no more."""
    command = ["qemu-x86_64", "-cpu", "Nehalem", sys.executable, "-c", PARTIALS]
    environment = {name: text for name, text in os.environ.items() if name != "KAC_ISA"}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    name, *sounds = printed.stdout.split()
    assert name == "sse2"
    assert sounds == run("").stdout.split()[1:]
