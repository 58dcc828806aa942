"""The arrows between the rooms: nothing flows backwards."""

import ast
import re
import sys
from pathlib import Path

import pytest

import kac_prediction

ROOT = Path(kac_prediction.__file__).parent
MAY_IMPORT = {
    "geometry": set(),
    "physics": {"_core", "geometry"},
    "dataset": {"_core"},
    "samplers": {"_core", "geometry", "physics", "dataset"},
    # loadModel finds the networks of `architecture` by name when a checkpoint asks for one.
    "pipeline": {"dataset", "samplers", "plot"},
    "architecture": {"pipeline"},
    "listening": {"dataset", "geometry", "samplers", "physics", "pipeline"},
    "evaluation": {"dataset", "geometry", "listening", "pipeline", "samplers"},
    "exporting": {"dataset", "geometry", "listening", "pipeline", "samplers"},
    "orchestration": {
        "_core",
        "dataset",
        "evaluation",
        "geometry",
        "listening",
        "physics",
        "pipeline",
        "samplers",
    },
    "plot": {"geometry", "physics"},
    "routines": {
        "architecture",
        "dataset",
        "evaluation",
        "geometry",
        "listening",
        "pipeline",
        "plot",
        "samplers",
    },
}
ROOMS = {*MAY_IMPORT, "_core", "cli"}
# Validators, atomic files, progress bars, processes, files of strangers: for everybody.
SHARED = {
    "_arrays",
    "_blas",
    "_checks",
    "_files",
    "_html",
    "_processes",
    "_progress",
    "_threads",
    "_torch",
    "_untrusted",
}
# What carries that which is not our subject, and the rooms it comes in by.
MAY_USE = {
    "click": {"cli"},
    "joblib": {"_processes"},
    "matplotlib": {"plot"},
    "mido": {"orchestration"},
    "pooch": {"pipeline"},
    "onnx": {"exporting"},
    "onnxruntime": {"exporting"},
    "requests": {"pipeline"},
    "scipy": {"_blas", "physics", "samplers", "listening", "orchestration"},
    "shapely": {"geometry"},
    "soundfile": {"dataset", "listening", "pipeline"},
    "threadpoolctl": {"_blas"},
    "torch": {
        "_torch",
        "cli",
        "dataset",
        "pipeline",
        "architecture",
        "listening",
        "evaluation",
        "exporting",
        "orchestration",
        "routines",
    },
    "tqdm": {"_progress", "cli"},
    "wandb": {"pipeline"},
    "yaml": {"pipeline"},
}
EVERYBODY = {
    "__version__",
    "kac_prediction",
    "lazy_loader",
    "numpy",
    "typing_extensions",
    *SHARED,
}


def imported(path: Path) -> set[str]:
    """Name the rooms and the outside packages that one file imports."""
    inside, found = path.relative_to(ROOT).with_suffix("").parts, set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = inside[: len(inside) - node.level] if node.level else ()
            prefix = ["kac_prediction", *base] if node.level else []
            module = ".".join([*prefix, *filter(None, [node.module])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    parts = [name.split(".") for name in found]
    return {(p[1] if p[0] == "kac_prediction" and len(p) > 1 else p[0]) for p in parts}


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_the_rooms_above_it(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        wrong = (imported(path) & ROOMS) - MAY_IMPORT[room] - {room}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


def test_finite_elements_are_imported_in_two_files() -> None:
    inside = ROOT / "physics" / "elements"
    named = re.compile(r"(from|import) [.\w]*\belements\b")
    wanting = {path for path in ROOT.rglob("*.py") if named.search(path.read_text("utf-8"))}
    assert {path for path in wanting if inside not in path.parents} == {
        ROOT / "physics" / "eigenmodes.py",
        ROOT / "physics" / "frequencies.py",
    }


def test_packages_come_in_by_their_rooms() -> None:
    for path in ROOT.rglob("*.py"):
        room = path.relative_to(ROOT).with_suffix("").parts[0]
        outside = imported(path) - ROOMS - EVERYBODY - sys.stdlib_module_names
        wrong = {package for package in outside if room not in MAY_USE.get(package, set())}
        assert not wrong, f"{path.relative_to(ROOT)} imports {sorted(wrong)}"


@pytest.mark.parametrize("shared", sorted(SHARED))
def test_what_everybody_imports_imports_no_room(shared: str) -> None:
    assert not imported(ROOT / f"{shared}.py") & ROOMS


def test_the_package_itself_imports_no_room() -> None:
    assert not imported(ROOT / "__init__.py") & ROOMS


def test_wandb_is_imported_in_one_file() -> None:
    assert sum("wandb" in imported(path) for path in ROOT.rglob("*.py")) == 1


def test_only_arrows_that_exist_are_named() -> None:
    assert all((ROOT / room / "__init__.py").is_file() for room in MAY_IMPORT)
