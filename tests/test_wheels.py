"""Which wheels are built: of every Python and system that the package says it is for."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PYTHONS = re.findall(r"Python :: 3\.(\d+)", "\n".join(PROJECT["project"]["classifiers"]))


@pytest.mark.optional
@pytest.mark.slow
@pytest.mark.parametrize(
    ("platform", "processor", "tag"),
    [
        ("linux", "x86_64", "manylinux_x86_64"),
        ("linux", "aarch64", "manylinux_aarch64"),
        ("macos", "x86_64", "macosx_x86_64"),
        ("macos", "arm64", "macosx_arm64"),
        ("windows", "AMD64", "win_amd64"),
    ],
)
def test_a_wheel_is_built_for_each_python(platform: str, processor: str, tag: str) -> None:
    pytest.importorskip("cibuildwheel")
    options = ["--print-build-identifiers", "--platform", platform, "--archs", processor]
    done = subprocess.run(
        [sys.executable, "-m", "cibuildwheel", *options, ROOT],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [f"cp3{minor}-{tag}" for minor in PYTHONS]


def test_the_oldest_python_is_that_which_is_asked_for() -> None:
    assert PROJECT["project"]["requires-python"] == f">=3.{PYTHONS[0]}"
    assert sorted(PYTHONS, key=int) == PYTHONS
