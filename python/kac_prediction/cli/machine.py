"""The command doctor: what this machine has for the package, what is missing, how to get it."""

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from .. import __version__
from .command import Command, answer
from .information import aligned
from .sounds import PLAYERS

_COMPILER = (
    "missing; needed to build from source alone: apt-get install g++, xcode-select --install, or "
    "the Build Tools for Visual Studio"
)
_CUDA = "none; a GPU needs a CUDA build of torch, see https://pytorch.org/get-started"


@click.command(cls=Command, example="doctor")
def doctor() -> None:
    """Say what is here, what is missing, and how to get it."""
    rows = {**_processor(), **_torch(), **_packages(), **_programs(), **_room()}
    answer(
        f"kac_prediction {__version__}\n{aligned(rows)}", {"kac_prediction": __version__, **rows}
    )


def _processor() -> dict[str, str]:
    """Return what computes."""
    from .. import _core

    known = ", ".join(_core.instruction_sets())
    chosen = " (KAC_ISA)" if os.environ.get("KAC_ISA") else ""
    return {
        "python": f"{platform.python_version()} at {sys.executable}",
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
        "instruction set": f"{_core.instruction_set()}{chosen}, of {known}",
        "threads": f"{_core.available_threads()} of {os.cpu_count()} cores",
    }


def _torch() -> dict[str, str]:
    """Return what trains."""
    import torch

    from .._torch import cpu_has_bfloat16

    found = "none, and training on the processor is all there is" if torch.version.cuda else _CUDA
    fast = cpu_has_bfloat16()
    if torch.cuda.is_available():
        count = range(torch.cuda.device_count())
        found = ", ".join(torch.cuda.get_device_name(i) for i in count)
        fast = torch.cuda.is_bf16_supported()
    elif torch.backends.mps.is_available():
        found = "none, but Apple's MPS"
    return {
        "torch": f"{torch.__version__}, threads: {torch.get_num_threads()}",
        "CUDA": found,
        "bfloat16": "yes" if fast else "no: training takes float32",
    }


def _packages() -> dict[str, str]:
    """Return the versions of packages, and how to get those that are extras."""
    extras = {"dask": "distributed", "optuna": "sweep", "onnxruntime": "onnx"}
    rows = {}
    for name in ("numpy", "scipy", "soundfile", "wandb", *extras):
        try:
            rows[name] = version(name)
        except PackageNotFoundError:
            extra = f"kac_prediction[{extras[name]}]" if name in extras else name
            rows[name] = f"missing: pip install '{extra}'"
    return rows


def _programs() -> dict[str, str]:
    """Return the programs that are used where they are."""
    compiler = shutil.which(os.environ.get("CXX") or "c++")
    player = next((each[0] for each in PLAYERS if shutil.which(each[0])), None)
    players = ", ".join(each[0] for each in PLAYERS)
    return {
        "compiler": _first_line(compiler, "--version") if compiler else _COMPILER,
        "player": player or f"missing, for --play: install one of {players}",
        "ffmpeg": shutil.which("ffmpeg") or "missing, to convert m4a and the like: install ffmpeg",
    }


def _first_line(*command: str) -> str:
    """Return the first line that a program prints."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [command[0]])[0]


def _room() -> dict[str, str]:
    """Return how much may be written here."""
    here = Path.cwd()
    free = shutil.disk_usage(here).free / 1e9
    writable = "" if os.access(here, os.W_OK) else ", which cannot be written to: go elsewhere"
    return {"disk": f"{free:.1f} GB free in {here}{writable}"}
