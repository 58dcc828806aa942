"""What torchrun starts in two processes: a scene, and a directory for what it leaves."""

import sys
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

import exchanges
import trainings
from kac_prediction._files import locked
from kac_prediction.pipeline import Routine
from kac_prediction.pipeline.training.distributed import PeerError, ProcessGroup


def together(out: Path) -> None:
    """Exchange all there is, train several times, and then until somebody ends it."""
    processes = ProcessGroup.join("cpu")
    seen: dict[str, Any] = {
        "exchanges": exchanges.everything(processes, out),
        "plain": trainings.plain(out / "plain", batch_size=4),
        "crepe": trainings.crepe(out / "crepe"),
        "nan": not_finite(processes, out / "nan"),
    }
    seen["refused"] = refused(processes, Path(seen["plain"]["run"]["exports_dir"]))
    torch.save(seen, out / f"{processes.rank}.pt")
    trainings.endless(out / "endless")


def refused(processes: ProcessGroup, run: Path) -> str:
    """The message where the run to resume is one that another process trains."""
    launched, dist.is_torchelastic_launched = dist.is_torchelastic_launched, lambda: False
    try:
        with locked(run) if processes.leader else nullcontext():
            Routine(str(run.parent), device="cpu").resume(run)
    except (OSError, PeerError) as error:
        return str(error)
    finally:
        dist.is_torchelastic_launched = launched
    return ""


def not_finite(processes: ProcessGroup, out: Path) -> str:
    """The message where one process has met a loss that is none."""
    launched, dist.is_torchelastic_launched = dist.is_torchelastic_launched, lambda: False
    try:
        trainings.failing(out, float("nan") if processes.rank == 1 else 1.0)
    except ValueError as error:
        return str(error)
    finally:
        dist.is_torchelastic_launched = launched
    return ""


def failing(out: Path) -> None:
    """One process fails in the middle of an epoch."""
    processes = ProcessGroup.join("cpu")
    trainings.failing(out, ZeroDivisionError("no drum") if processes.rank == 1 else 1.0)


SCENES: dict[str, Callable[[Path], None]] = {"together": together, "failing": failing}

if __name__ == "__main__":
    warnings.simplefilter("error")
    SCENES[sys.argv[1]](Path(sys.argv[2]))
