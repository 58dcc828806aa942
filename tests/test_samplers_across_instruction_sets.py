"""Every sampler makes the same sounds whatever the machine's instruction set."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kac_prediction import _core

pytestmark = pytest.mark.slow

PROGRAM = """
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


def test_no_sampler_differs_by_more_than_1e_12_of_the_peak(tmp_path: Path) -> None:
    rendered = {}
    for level in _core.instruction_sets():
        file = tmp_path / f"{level}.npz"
        subprocess.run(
            [sys.executable, "-X", "utf8", "-c", PROGRAM, str(file)],
            env=os.environ | {"KAC_ISA": level},
            check=True,
        )
        with np.load(file) as sounds:
            rendered[level] = dict(sounds)
        assert rendered[level].pop("used") == level
    first = rendered[_core.instruction_sets()[0]]
    assert len(first) == 10
    for others in rendered.values():
        for name, sounds in others.items():
            peaks = np.abs(first[name]).max(axis=1, keepdims=True)
            assert (np.abs(sounds - first[name]) <= 1e-12 * peaks).all(), name
