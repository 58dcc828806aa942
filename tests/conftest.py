"""What the tests share."""

import base64
import gc
import hashlib
import math
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from matplotlib.figure import Figure

from kac_prediction.dataset import rendering
from kac_prediction.pipeline.tracking import local, tracker
from kac_prediction.pipeline.training import run

BLANK = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)


# The same examples in every run, however slow the machine.
settings.register_profile(
    "kac", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("kac")


@pytest.fixture(scope="session", autouse=True)
def blank_pictures() -> Iterator[None]:
    """Let trainings draw their figures, but not render them, which takes a second each."""

    def png(figure: Any) -> bytes:
        return BLANK if isinstance(figure, Figure) else tracker.png(figure)

    with pytest.MonkeyPatch.context() as patch:
        for module in (local, run):
            patch.setattr(module, "png", png)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_flushing() -> Iterator[None]:
    """Let nobody wait for the disk: tests end processes, but not the power supply."""

    def fsync(file: Any) -> None:
        os.fstat(file)  # an error where the file is not open

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        yield


@pytest.fixture(scope="session", autouse=True)
def chunks_of_any_time() -> Iterator[None]:
    """Let no chunk be cut smaller since a busy machine took long: write points are counted."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rendering, "_CHUNK_SECONDS", math.inf)
        yield


@pytest.fixture
def new_threads() -> Callable[[], set[threading.Thread]]:
    """A function that gives the threads that run, and did not before the test."""
    before = set(threading.enumerate())
    return lambda: set(threading.enumerate()) - before


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render the pictures of trainings."""
    for module in (local, run):
        monkeypatch.setattr(module, "png", tracker.png)


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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[Any]) -> None:
    """Give each worker its share of the cores; without, their threads wait for each other.

    Here, before it starts: libraries of linear algebra look once, when they are loaded.
    """
    share = len(os.sched_getaffinity(0)) // len(specs)
    os.environ["OMP_NUM_THREADS"] = str(max(1, share))


def pytest_configure(config: pytest.Config) -> None:
    """Let Ctrl-C interrupt, which a shell has commands in its background ignore."""
    config.option.loadscopereorder = False  # of xdist: files come in the order below
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage while tests are imported: most of what that makes stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take long, so that workers end at about the same time."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish() -> None:
    """Leave what was imported out of later collections, and of what forks have to copy."""
    gc.collect()
    gc.freeze()
