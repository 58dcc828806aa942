"""What the extension shows to the other libraries of a process."""

import shutil
import subprocess
import sys

import pytest

from kac_prediction import _core


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or shutil.which("nm") is None, reason="no nm of ELF"
)
def test_the_extension_exports_what_python_calls_alone() -> None:
    """A symbol of the same name in another library would replace it, or be replaced by it."""
    listed = subprocess.run(
        ["nm", "-D", "--defined-only", str(_core.__file__)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert [line.split()[-1] for line in listed.splitlines()] == ["PyInit__core"]
