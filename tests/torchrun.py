"""Programs that torchrun starts in two processes of this machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAM = Path(__file__).parent / "distributed_program.py"


@contextmanager
def torchrun(scene: str, directory: Path) -> Iterator["subprocess.Popen[str]"]:
    """Play a scene of the program; what it says goes to a pipe."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", "2", str(PROGRAM), scene, str(directory)]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate()
