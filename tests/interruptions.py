"""Processes that end in the middle of what they do."""

import errno
import gc
import os
import resource
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import redirect_stderr
from pathlib import Path
from types import FrameType
from typing import Final

import pytest

import kac_prediction
from kac_prediction.dataset import rendering
from kac_prediction.dataset.storage import disk

DONE, FAILED, STOPPED = 0, 3, 5
PACKAGE: Final = str(Path(kac_prediction.__file__).parent)


class WritePoints:
    """Count the write points that are passed, in any thread, and let the process fail at one."""

    def __init__(self, fault: str = "") -> None:
        self.how, _, self.where = fault.partition(" ")
        self.published = Path(self.where) if self.how == "after" else None
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self.count += 1
            passed = self.count
        if not self.how or not (
            self.published.exists() if self.published else int(self.where) == passed
        ):
            return
        if self.how in ("after", "kill"):
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"point {self.where}")


def in_child(
    call: Callable[[], object],
    fault: str = "",
    seconds: float | None = None,
    how: signal.Signals = signal.SIGKILL,
) -> int:
    """Run a call in a fork of this process, and return what that ended with.

    Args:
        call: what to run.
        fault: "kill 17" ends the child at its 17th write point, "full 17" lets the disk be full,
            "after FILE" ends it at the first point where there is that file.
        seconds: after which it is sent a signal; None: it is left to end.
        how: the signal; SIGINT is Ctrl-C.

    Returns:
        DONE; FAILED if the call raised OSError; STOPPED by Ctrl-C; or minus the signal that ended
        it.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # threads: none of them is at work
        child = os.fork()
    if child == 0:
        _run(call, fault, mask)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    if seconds is not None:
        timer = threading.Timer(seconds, os.kill, (child, how))
        timer.start()
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    if seconds is not None:
        timer.cancel()
        timer.join()
    # Only now may its number go to another process, which the timer would have killed.
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def on_full_disk(call: Callable[[], object], point: int) -> None:
    """Run a call in this process that fails as the disk is full at a write point."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(disk, "at_write_point", WritePoints(f"full {point}"))
        failed = None
        try:
            call()
        except OSError as error:  # pytest.raises would keep what was being written
            failed = error.errno
    assert failed == errno.ENOSPC, point


def interrupted_at(place: int, call: Callable[[], object]) -> int:
    """Run a call, Ctrl-C pressed as the package calls or leaves a function for the nth time.

    0: never. Elsewhere it is not pressed: what the standard library has just locked, as logging
    does, would stay locked for all tests to come.

    Returns:
        How often it does.
    """
    count = 0

    def passed(frame: FrameType, *_: object) -> None:
        nonlocal count
        if frame.f_code.co_filename.startswith(PACKAGE):
            count += 1
            if count == place:
                signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.setprofile(passed)
    try:
        call()
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGINT, before)
    return count


def points(call: Callable[[], object]) -> int:
    """How many write points a call passes."""
    reader, writer = os.pipe()

    def count() -> None:
        disk.at_write_point = passed = WritePoints()
        call()
        os.write(writer, str(passed.count).encode())

    assert in_child(count) == DONE
    os.close(writer)
    with os.fdopen(reader) as pipe:
        return int(pipe.read())


def limited(call: Callable[[], object], size: int) -> Callable[[], object]:
    """A call during which no file may grow beyond so many bytes, as if its disk were full."""

    def run() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        call()

    return run


def small_chunks(monkeypatch: pytest.MonkeyPatch, values: int) -> None:
    """Let datasets be rendered and transformed so many values at a time."""
    monkeypatch.setattr(rendering, "_CHUNK_BYTES", 8 * values)


def on_reading(monkeypatch: pytest.MonkeyPatch, i: int, action: Callable[[], object]) -> None:
    """Let something happen just before the sound of sample `i` is read."""
    original = Path.read_bytes

    def read_bytes(self: Path) -> bytes:
        if self.name == f"sample_{i:05d}.wav":
            action()
        return original(self)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)


def visible(directory: Path) -> dict[str, bytes]:
    """The files of a directory, hidden ones aside, and what they hold."""
    shown = (path for path in sorted(directory.iterdir()) if not path.name.startswith("."))
    files = (
        file for path in shown for file in (sorted(path.rglob("*")) if path.is_dir() else [path])
    )
    return {str(file.relative_to(directory)): file.read_bytes() for file in files if file.is_file()}


def _run(call: Callable[[], object], fault: str, mask: set[signal.Signals]) -> None:
    code = 4
    gc.disable()  # its first collection would copy all the memory that is shared with the parent
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        disk.at_write_point = WritePoints(fault)
        with Path(os.devnull).open("w") as nowhere, redirect_stderr(nowhere):
            call()
        code = DONE
    except OSError:
        code = FAILED
    except KeyboardInterrupt:
        code = STOPPED
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(code)
