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
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from kac_prediction import _core
from kac_prediction.dataset import (
    DatasetError,
    exportDataset,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    transformDataset,
)
from kac_prediction.samplers import BesselModel
from legacy_text import write

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
SETTINGS: Any = {"duration": 0.05, "sample_rate": 8000}
OTHER: Any = {"normalise_input": False}
Operation = Callable[[Path], object]


def generate(folder: Path, settings: Any = None) -> None:
    generateDataset(BesselModel, SETTINGS, str(folder / "drums"), 6, settings, 1, 2)


def restore(folder: Path) -> None:
    generate(folder)  # of a dataset that has lost a sound


def transform(folder: Path) -> None:
    transformDataset(loadDataset(str(folder / "drums")), OTHER)


def regenerate(folder: Path) -> None:
    dataset = loadDataset(str(folder / "drums"))
    # Once: what an earlier call has committed is not drawn anew.
    if not any(dataset._header.revisions):  # type: ignore[union-attr]
        regenerateDataPoints(dataset, BesselModel, [2, 4])


def load(folder: Path) -> None:
    loadDataset(str(folder / "drums"))


def verify(folder: Path) -> None:
    loadDataset(str(folder / "drums"), verify=True)


def export(folder: Path) -> None:
    if not (folder / "export").exists():
        exportDataset(loadDataset(str(folder / "drums")), folder / "export")


def export_tar(folder: Path) -> None:
    if not (folder / "export").exists():
        exportDataset(loadDataset(str(folder / "drums")), folder / "export", "webdataset")


def convert(folder: Path) -> None:
    transformDataset(loadDataset(str(folder / "legacy"), verify=True), OTHER)


OPERATIONS: dict[str, Operation] = {
    each.__name__: each
    for each in (
        generate, restore, transform, regenerate, load, verify, export, export_tar, convert
    )
}  # fmt: skip


def make_source(folder: Path) -> None:
    """A dataset, and one of kac_drumset, one of whose sounds another program wrote."""
    generate(folder)
    sounds = np.random.default_rng(1).uniform(-1, 1, (3, 400))
    write(folder / "legacy", sounds.tolist(), settings=json.dumps(SETTINGS))
    for i, sound in enumerate(sounds):
        path = folder / f"legacy/sample_{i:05d}.wav"
        soundfile.write(path, sound, 8000, "PCM_24" if i else "FLOAT")


def files(folder: Path) -> dict[str, str]:
    """The files below a folder, locks aside, and their checksums."""
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def open_files() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


class Trial:
    """One operation, beside the files that it leaves where nothing fails."""

    def __init__(self, library: Any, name: str, source: Path, place: Path) -> None:
        self._library, self._name, self._source, self._place = library, name, source, place
        self._right = self.attempt(0, 0)[1]

    def attempt(self, kind: int, nth: int, lasting: bool = False) -> tuple[Any, dict[str, str]]:
        """Run it on a copy, and return (the error, the number of calls) and the files it leaves."""
        shutil.rmtree(self._place, ignore_errors=True)
        shutil.copytree(self._source, self._place)
        if self._name == "generate":
            shutil.rmtree(self._place / "drums")
        elif self._name == "restore":
            (self._place / "drums/sample_00003.wav").unlink()
        error: BaseException | None = None
        code = ERRORS.get(KINDS[kind], 0)
        self._library.faults_watch(os.fsencode(self._place), kind, nth, lasting, code)
        try:
            OPERATIONS[self._name](self._place)
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
        if error is None and left != self._right and KINDS[kind] != "remove":
            found.append(f"no error, and other files: {sorted(left.items() ^ self._right.items())}")
        if error is not None and not isinstance(error, OSError | DatasetError | MemoryError):
            found.append(f"an error of another kind: {error!r}")
        if error is not None and str(self._place) not in str(error):
            found.append(f"an error that names no file: {error!r}")
        if any("/.staging/" in name for name in left):
            committed = any(name.endswith(".journal.json") for name in left)
            if not committed and KINDS[kind] != "remove":
                found.append(f"what was staged is left: {sorted(left)}")
        del error
        if open_files() > before:
            gc.collect()
        if (after := open_files()) > before:
            found.append(f"{after - before} more open files")
        try:
            OPERATIONS[self._name](self._place)
        except Exception as again:
            found.append(f"cannot be done again: {again!r}")
        if files(self._place) != self._right:
            other = sorted(files(self._place).items() ^ self._right.items())
            found.append(f"done again, it leaves other files: {other}")
        return [f"{self._name}, {KINDS[kind]} {nth}: {each}" for each in found]


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
