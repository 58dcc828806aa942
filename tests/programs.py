"""Programs of bin/ as modules."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

BIN = Path(__file__).resolve().parents[1] / "bin"


def load_program(name: str) -> Any:
    """Load a program, which no other test shares."""
    spec = importlib.util.spec_from_file_location(f"program_{name}", BIN / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look up their types
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    return module
