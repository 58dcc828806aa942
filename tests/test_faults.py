"""The nth open, read, write and so on fails, in every operation on files: nothing is wrong.

With KAC_FAULTS=all also every nth one of trainings, installations and listening: in minutes.
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMPILER = shutil.which("cc") or shutil.which("gcc")
FILES = ("open", "read", "write", "sync", "rename", "link", "remove", "make")
WRITING = ("generate", "restore", "transform", "regenerate", "export", "export_tar", "convert")
READING = ("load", "verify")
OTHERS = ("train", "resume", "install", "listen", "deploy")
OPERATIONS = [*WRITING, *READING, *(OTHERS if os.environ.get("KAC_FAULTS") == "all" else ())]
pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or COMPILER is None, reason="no library can be preloaded"
)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "faults.so"
    source = Path(__file__).with_name("faults.c")
    libraries = ["-Wl,--no-as-needed", "-lstdc++", "-ldl"]
    options = ["-shared", "-fPIC", "-O1", "-fexceptions", "-o", str(path)]
    subprocess.run([str(COMPILER), *options, str(source), *libraries], check=True)
    return path


def found(library: Path, folder: Path, wanted: dict[str, dict[str, int]]) -> dict[str, Any]:
    """What `fault_program.py` prints: the calls, and what was wrong."""
    run = subprocess.run(
        [sys.executable, "fault_program.py", str(library), str(folder), json.dumps(wanted)],
        cwd=Path(__file__).parent,
        env=os.environ | {"LD_PRELOAD": str(library), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    result: dict[str, Any] = json.loads(run.stdout)
    return result


@pytest.mark.slow
def test_no_failure_gives_wrong_data(library: Path, tmp_path: Path) -> None:
    """Of each kind a few."""
    wanted = {
        "transform": {"open": 9, "read": 8, "thread": 1, "memory": 19},
        "verify": {"open": 5, "read": 7},
        "regenerate": {"write": 4, "sync": 5, "rename": 2},
        "export": {"open": 13, "remove": 2},
        "resume": {"read": 19, "write": 9},
        "install": {"open": 20, "write": 9},
        "listen": {"read": 40, "thread": 1},
        "deploy": {"write": 2},
    }
    result = found(library, tmp_path, wanted)
    assert result["complaints"] == []
    assert all(result["calls"][name][kind] for name in wanted for kind in wanted[name])
    # Where a thread's variables had no memory, the loader would end the process.
    assert result["calls"]["core"] == {"variables": 0}


@pytest.fixture(scope="module")
def complaints(library: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What was wrong with any operation: one process tries them all."""
    wanted = {}
    for name in OPERATIONS:
        kinds = dict.fromkeys((*FILES[: 2 if name in READING else None], "thread"), 1)
        wanted[name] = kinds | {"memory": 5}
    for name in ("convert", "install"):  # objects of the core, which pybind11 needs memory for
        wanted.get(name, {}).pop("memory", None)
    result = found(library, tmp_path_factory.mktemp("any"), wanted)
    assert result["calls"].keys() == {"core", *wanted}
    said: list[str] = result["complaints"]
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", OPERATIONS)
def test_no_failure_of_any_kind_gives_wrong_data(complaints: list[str], name: str) -> None:
    assert [each for each in complaints if each.startswith(f"{name}, ")] == []
