"""The nth open, read, write and so on fails, in every operation on files: nothing is wrong.

Of trainings, installations and listening a few; with KAC_FAULTS=all every one: in minutes.
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
FEW: dict[str, dict[str, int]] = {  # what takes longer: every so many of some kinds
    "resume": {"read": 19, "write": 9},
    "install": {"open": 20, "write": 9},
    "listen": {"read": 40, "thread": 1},
    "deploy": {"write": 2},
}
ALL = os.environ.get("KAC_FAULTS") == "all"
OTHERS = [*(["train"] if ALL else []), *FEW]
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


@pytest.fixture(scope="module")
def result(library: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was found in any operation: one process tries them all."""
    wanted = {} if ALL else dict(FEW)
    for name in (*WRITING, *READING, *(OTHERS if ALL else ())):
        kinds = dict.fromkeys((*FILES[: 2 if name in READING else None], "thread"), 1)
        wanted[name] = kinds | {"memory": 5}
    for name in ("convert", "install"):  # objects of the core, which pybind11 needs memory for
        wanted[name].pop("memory", None)
    result = found(library, tmp_path_factory.mktemp("any"), wanted)
    assert result["calls"].keys() == {"core", *wanted}
    return result


@pytest.mark.slow
@pytest.mark.parametrize("name", [*WRITING, *READING, *OTHERS])
def test_no_failure_of_any_kind_gives_wrong_data(result: dict[str, Any], name: str) -> None:
    assert [each for each in result["complaints"] if each.startswith(f"{name}, ")] == []


@pytest.mark.slow
def test_what_is_to_fail_is_called(result: dict[str, Any]) -> None:
    calls = result["calls"]
    called = {
        "transform": ("open", "read", "thread", "memory"),
        "verify": ("open", "read"),
        "regenerate": ("write", "sync", "rename"),
        "export": ("open", "remove"),
        **FEW,
    }
    assert all(calls[name][kind] for name in called for kind in called[name])
    # Where a thread's variables had no memory, the loader would end the process.
    assert calls["core"] == {"variables": 0}
