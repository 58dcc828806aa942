"""What the tests share."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def digest() -> Callable[[Path], dict[str, str]]:
    """A function that gives the checksum of every file below a directory, hidden ones too."""

    def digest(directory: Path) -> dict[str, str]:
        return {
            str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(directory.rglob("*"))
            if path.is_file()
        }

    return digest
