"""What a checkout offers: its commands, on stubs instead of an installation."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile

from programs import load_program

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / "bin"

STUB = """#!/bin/sh
echo "$PWD:" "$@"
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose Python says where it runs, and with what."""
    root = (tmp_path / "check out").resolve()
    shutil.copytree(BIN, root / "bin")
    for folder in ("include", "src", "bindings"):
        (root / "cpp" / folder).mkdir(parents=True)
    for file in ("pyproject.toml", "constraints.txt", "CMakeLists.txt"):
        (root / file).touch()
    for stub in (root / ".venv/bin/python", root / "tools/c++"):
        stub.parent.mkdir(parents=True)
        stub.write_text(STUB)
        stub.chmod(0o755)
    return root


def run(command: list[str | Path], root: Path, place: Path) -> subprocess.CompletedProcess[str]:
    place.mkdir(exist_ok=True)
    environment = {**os.environ, "PATH": f"{root / 'tools'}:{os.environ['PATH']}"}
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("command", "program"),
    [
        (["demo"], "{root}/bin/demo.py"),
        (["sweep"], "{root}/bin/sweep.py"),
        (["report"], "{root}/bin/report.py"),
        (["install-dataset.sh"], "-P -m kac_prediction install"),
    ],
)
def test_paths_are_the_callers_and_the_installation_the_checkouts(
    command: list[str], program: str, checkout: Path, tmp_path: Path
) -> None:
    place = tmp_path.resolve() / "some where"
    result = run([checkout / "bin" / command[0], "--out", "a b"], checkout, place)
    assert result.returncode == 0, result.stderr
    installed, ran = [line for line in result.stdout.splitlines() if ": " in line]
    assert installed.startswith(f"{checkout}: -m pip install")
    assert ran == f"{place}: {program.format(root=checkout)} --out a b"
    assert list(place.iterdir()) == []
    again = run([checkout / "bin" / command[0]], checkout, place)
    assert again.stdout == f"{place}: {program.format(root=checkout)}\n"


ORACLES = ("sweeps==0.3.0", "torchcrepe==0.0.24")


def test_oracles_are_installed_once(checkout: Path) -> None:
    command: list[str | Path] = ["bash", "-c", 'source "./bin/setup.sh"; install_oracles']
    first = run(command, checkout, checkout)
    assert first.returncode == 0, first.stderr
    pip = "-m pip install --quiet --disable-pip-version-check --no-deps"
    installed = [line for line in first.stdout.splitlines() if " -m " in line]
    assert installed == [f"{checkout}: {pip} {oracle}" for oracle in ORACLES]
    assert run(command, checkout, checkout).stdout == ""


def test_tests_go_on_without_oracles(checkout: Path) -> None:
    python = checkout / ".venv/bin/python"
    python.write_text('#!/bin/sh\ncase "$*" in *sweeps*) exit 1; esac\n')
    command: list[str | Path] = ["bash", "-c", 'source "./bin/setup.sh"; install_oracles']
    for _ in range(2):  # what failed is tried again
        result = run(command, checkout, checkout)
        assert result.returncode == 0
        assert (
            result.stderr
            == f"{ORACLES[0]} cannot be installed: the tests that need it are skipped.\n"
        )
    assert (checkout / ".venv/installed-oracles").read_text() == f"{ORACLES[1]}\n"


def test_install_dataset_runs_under_any_shell(checkout: Path, tmp_path: Path) -> None:
    result = run(["sh", "./bin/install-dataset.sh", "drums"], checkout, checkout)
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("install drums\n")


@pytest.mark.parametrize("script", ["train.py", "deploy.py"])
def test_scripts_find_the_python_of_their_checkout(
    script: str, checkout: Path, tmp_path: Path
) -> None:
    place, path = tmp_path.resolve() / "place", checkout / "bin" / script
    without_packages: list[str | Path] = [sys.executable, "-S", path, "a file"]
    result = run(without_packages, checkout, place)
    assert result.stdout == f"{place}: {path} a file\n", result.stderr
    # One that has not the package either ends there, as does none at all.
    shutil.rmtree(checkout / ".venv")
    for _ in range(2):
        result = run(without_packages, checkout, place)
        assert result.returncode == 1
        assert "ModuleNotFoundError: No module named" in result.stderr
        venv.create(checkout / ".venv", with_pip=False, symlinks=True)


def test_the_demo_takes_away_only_what_it_brought(tmp_path: Path) -> None:
    data, sounds = tmp_path / "data", tmp_path / "sounds"
    data.mkdir()
    sounds.mkdir()
    for i in range(6):
        (data / f"sample_{i:05d}.wav").write_text(str(i))
    for name in ("drum_of_9.9_cm.wav", "drum_of_9.9_cm.wav.heard.wav", "mine.wav", "drum.txt"):
        (sounds / name).write_text("earlier")
    result: Any = SimpleNamespace(
        true={"drum_size": np.linspace(0.1, 0.6, 6)}, evaluated=np.arange(6)
    )
    demo = load_program("demo")
    chosen = demo.choose_sounds(result, tmp_path)
    assert [file.name for file in chosen] == [
        "drum_of_20.0_cm.wav",
        "drum_of_40.0_cm.wav",
        "drum_of_60.0_cm.wav",
    ]
    assert [file.read_text() for file in chosen] == ["1", "3", "5"]
    assert {file.name for file in sounds.iterdir()} == {
        *(file.name for file in chosen),
        "mine.wav",
        "drum.txt",
    }


def test_every_promise_names_tests_that_exist() -> None:
    text = (ROOT / "docs/reliability.md").read_text()
    named = set(re.findall(r"`(test_\w+)`", text))
    assert len(named) > 30
    assert named <= {path.stem for path in (ROOT / "tests").glob("test_*.py")}


def test_the_demo_records_three_sounds_to_be_listened_to(tmp_path: Path) -> None:
    """The same ones each time, at full level."""
    demo = load_program("demo")
    paths = demo.record_unknown(tmp_path / "unknown", 0)
    assert [path.stem for path in paths] == [
        "circle_of_37_cm",
        "polygon_of_45_cm_in_a_room",
        "noise",
    ]
    again = demo.record_unknown(tmp_path / "again", 0)
    for first, second in zip(paths, again, strict=True):
        assert first.read_bytes() == second.read_bytes()
        sound, rate = soundfile.read(first)
        assert (rate, len(sound)) == (48000, 48000)
        assert np.abs(sound).max() == pytest.approx(1, abs=1e-3)
