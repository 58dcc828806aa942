"""Every operation on a dataset, in which the nth call of a kind fails: `faults.c` is preloaded.

Called with the library, a folder to work in and {operation: {kind: every how many}} in JSON. Prints
{operation: {kind: calls}} and what went wrong, in JSON.
"""

import ctypes
import errno
import gc
import json
import os
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fault_operations import OPERATIONS, make_source, prepare
from kac_prediction import _core
from kac_prediction.dataset import DatasetError

ERRORS = {
    "open": errno.EMFILE,
    "read": errno.EIO,
    "write": errno.ENOSPC,
    "sync": errno.EIO,
    "rename": errno.EACCES,
    "link": errno.EPERM,
    "remove": errno.EACCES,
    "make": errno.ENOSPC,
    "thread": errno.EAGAIN,
    "memory": errno.ENOMEM,
}
KINDS = ["none", *ERRORS, "variables"]


def files(folder: Path) -> dict[str, str]:
    """The files below a folder, and what tells their content: of locks and pictures nothing."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        # What an installation that ends well could not remove is hidden, and in nobody's way.
        done = ".download" in name.parts and (folder / "installed/metadata.json").exists()
        if path.is_file() and path.name not in (".lock", "curve.png") and not done:
            if name.parts[0] != "runs" or path.name.endswith(".tmp"):
                found[str(name)] = sha256(path.read_bytes()).hexdigest()
            elif (path.parent / "last.pt").exists():  # a run has another name each time
                found[f"runs/{path.name}"] = trained(path)
    return found


def trained(path: Path) -> str:
    """What a training wrote, but for times, names and paths."""
    if path.suffix == ".pt":
        held = torch.load(path, weights_only=True)
        weights = {key: value.tolist() for key, value in held["model_state_dict"].items()}
        records = held["progress"]["history"]
        return json.dumps([weights, *map(losses, records)])
    return json.dumps([losses(json.loads(line)) for line in path.read_text().splitlines()])


def losses(record: dict[str, Any]) -> list[Any]:
    return [record["epoch"], *(value for key, value in record.items() if key.endswith("loss"))]


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


class Trial:
    """One operation, beside what it returns and the files that it leaves where nothing fails."""

    def __init__(self, library: Any, name: str, source: Path, place: Path) -> None:
        self._library, self._name, self._source, self._place = library, name, source, place
        self._result: object = None
        self._right = self.attempt(0, 0)[1]
        self._answer = self._result

    def attempt(self, kind: int, nth: int, lasting: bool = False) -> tuple[Any, dict[str, str]]:
        """Run it on copies, and return (the error, the number of calls) and the files it leaves."""
        shutil.rmtree(self._place, ignore_errors=True)
        prepare(self._name, self._source, self._place)
        error: BaseException | None = None
        code = ERRORS.get(KINDS[kind], 0)
        self._library.faults_watch(os.fsencode(self._place), kind, nth, lasting, code)
        try:
            self._result = OPERATIONS[self._name](self._place)
        except BaseException as raised:
            error = raised
        finally:
            calls = self._library.faults_count()
        return (error and error.with_traceback(None), calls), files(self._place)

    def complaints(self, kind: int, nth: int, lasting: bool) -> list[str]:
        """Return what is wrong after the nth call of a kind has failed (and all that follow)."""
        before = open_files()
        (error, _), left = self.attempt(kind, nth, lasting)
        found = []
        other = self._others(kind, left)
        if error is None and other and KINDS[kind] != "remove":
            found.append(f"no error, and other files: {other}")
        if error is None and self._result != self._answer:
            found.append(f"no error, and another answer: {self._result!r}")
        if error is not None and not isinstance(error, OSError | DatasetError | MemoryError):
            found.append(f"an error of another kind: {error!r}")
        if error is not None and str(self._place) not in str(error):
            found.append(f"an error that names no file: {error!r}")
        if any("/.staging/" in name for name in left):
            committed = any(name.endswith(".journal.json") for name in left)
            if not committed and KINDS[kind] != "remove":
                found.append(f"what was staged is left: {sorted(left)}")
        if KINDS[kind] != "remove" and any(name.endswith(".tmp") for name in left):
            found.append(f"what was half written is left: {sorted(left)}")
        del error
        if open_files() > before:
            gc.collect()
        if (after := open_files()) > before:
            found.append(f"{after - before} more open files")
        try:
            if OPERATIONS[self._name](self._place) != self._answer:
                found.append("done again, it gives another answer")
        except Exception as again:
            found.append(f"cannot be done again: {again!r}")
        if other := self._others(kind, files(self._place)):
            found.append(f"done again, it leaves other files: {other}")
        return [f"{self._name}, {KINDS[kind]} {nth}: {each}" for each in found]

    def _others(self, kind: int, left: dict[str, str]) -> list[tuple[str, str]]:
        """Return the files that differ; a full disk ends no training, but its log may have gaps."""
        gaps = {"runs/log.jsonl"} if KINDS[kind] == "write" else set()
        return sorted(item for item in left.items() ^ self._right.items() if item[0] not in gaps)


def main(library: str, folder: str, wanted: str) -> None:
    """Try what is wanted, and print what was found."""
    shim, source = ctypes.CDLL(library), Path(folder) / "source"
    shim.faults_count.restype = ctypes.c_long
    watched = [ctypes.c_char_p, ctypes.c_int, ctypes.c_long, ctypes.c_int, ctypes.c_int]
    shim.faults_watch.argtypes = watched
    make_source(source)
    gc.freeze()  # what is imported: collections are many
    counts: dict[str, dict[str, int]] = {}
    complaints: list[str] = []
    # Threads that are new to the core: where these had no memory, the loader would end the process.
    shim.faults_watch(b"", KINDS.index("variables"), 0, False, 0)
    _core.tone("sin", np.ones(64), 4000, 8000, threads=64)
    counts["core"] = {"variables": shim.faults_count()}
    for name, kinds in json.loads(wanted).items():
        trial = Trial(shim, name, source, Path(folder) / "place")
        for kind, step in kinds.items():
            number = KINDS.index(kind)
            (_, calls), _ = trial.attempt(number, 0)
            counts.setdefault(name, {})[kind] = calls
            for nth in range(1, calls + 1, step):
                for lasting in (False, True) if kind == "write" else (False,):
                    complaints += trial.complaints(number, nth, lasting)
    sys.stdout.write(json.dumps({"calls": counts, "complaints": complaints}))


if __name__ == "__main__":
    main(*sys.argv[1:])
