"""Whatever ends a process, at whatever moment: nothing is lost, and nothing is silently wrong."""

import errno
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from interruptions import (
    DONE,
    FAILED,
    in_child,
    limited,
    on_full_disk,
    points,
    small_chunks,
    visible,
)
from kac_prediction.dataset import (
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    transformDataset,
)
from legacy_text import waves, write
from samplers_of_users import Click

SETTINGS: dict[str, Any] = {"duration": 0.01, "sample_rate": 8000}
MEL: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "hop_length": 32, "n_mels": 8}
Operation = Callable[[str], object]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="needs fork"),
]


@pytest.fixture(autouse=True)
def two_samples_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    small_chunks(monkeypatch, 2 * 80)


def generate(directory: str) -> object:
    return generateDataset(Click, SETTINGS, directory, 5, MEL, seed=2)


def replace(directory: str) -> object:
    return generateDataset(Click, SETTINGS, directory, 3, seed=7, shard_size=2)


def transform(directory: str) -> object:
    return transformDataset(loadDataset(directory), {"normalise_input": False})


def regenerate(directory: str) -> object:
    return regenerateDataPoints(loadDataset(directory), Click, [0, 3])


OPERATIONS: dict[str, Operation] = {
    "generate": generate,
    "replace": replace,
    "transform": transform,
    "regenerate": regenerate,
    "convert": loadDataset,
}


@pytest.fixture(params=OPERATIONS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> "Scene":
    return Scene(request.param, tmp_path)


class Scene:
    """A directory before and after an operation."""

    def __init__(self, name: str, root: Path) -> None:
        self.call = OPERATIONS[name]
        self.before, self.after, self.place = (root / part for part in ("before", "after", "place"))
        self.before.mkdir()
        if name == "convert":
            write(self.before, waves())
        elif name != "generate":
            generateDataset(Click, SETTINGS, str(self.before), 5, seed=1, shard_size=3)
        shutil.copytree(self.before, self.after)
        self.call(str(self.after))
        self.old, self.new = visible(self.before), visible(self.after)

    def run(self) -> object:
        return self.call(str(self.place))

    def restore(self) -> None:
        shutil.rmtree(self.place, ignore_errors=True)
        shutil.copytree(self.before, self.place)

    def check(self) -> None:
        """What stands there is the old dataset or the new one; once more ends with the new one."""
        with suppress(FileNotFoundError):
            # This finishes what was committed, and converts a legacy dataset.
            loadDataset(str(self.place), verify=True)
        seen = visible(self.place)
        assert seen in (self.old, self.new)
        if seen != self.new:
            self.run()
            assert visible(self.place) == self.new
        hidden = {path.name for path in self.place.iterdir() if path.name.startswith(".")}
        assert hidden <= {".lock"}  # which a dead process does not hold


def test_killed_at_every_write_point(scene: Scene) -> None:
    scene.restore()
    count = points(scene.run)
    assert count > 10
    for point in range(1, count + 1):
        scene.restore()
        assert in_child(scene.run, f"kill {point}") == -signal.SIGKILL, point
        scene.check()
    scene.restore()
    assert in_child(scene.run, f"kill {count + 1}") == DONE


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # of what was being written
def test_a_disk_that_is_full_at_any_write_point(scene: Scene) -> None:
    scene.restore()
    for point in range(1, points(scene.run) + 1):
        scene.restore()
        on_full_disk(scene.run, point)
        scene.check()


def test_killed_twice(tmp_path: Path) -> None:
    scene = Scene("generate", tmp_path)
    scene.restore()
    numbers = random.Random(5)
    for _ in range(12):
        scene.restore()
        for _ in range(3):
            in_child(scene.run, f"kill {numbers.randint(1, 30)}")
        scene.check()


def test_killed_from_outside_at_any_time(scene: Scene) -> None:
    numbers = random.Random(3)
    ends = []
    for _ in range(8):
        scene.restore()
        ends.append(in_child(scene.run, seconds=numbers.uniform(0.0, 0.08)))
        scene.check()
    assert set(ends) <= {DONE, -signal.SIGKILL}


@pytest.mark.parametrize("size", [0, 1, 100, 300, 1000, 2000])
def test_files_that_cannot_be_written_whole(scene: Scene, size: int) -> None:
    scene.restore()
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    assert in_child(limited(scene.run, size)) in (FAILED, DONE)
    scene.check()


def test_killed_while_lost_sounds_are_made_anew(tmp_path: Path) -> None:
    whole, place = tmp_path / "whole", tmp_path / "place"
    generate(str(whole))

    def lose() -> None:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(whole, place)
        for i in (1, 4):
            (place / f"sample_{i:05d}.wav").unlink()

    lose()
    count = points(lambda: generate(str(place)))
    for point in range(1, count + 1):
        lose()
        assert in_child(lambda: generate(str(place)), f"kill {point}") == -signal.SIGKILL
        generate(str(place))
        assert visible(place) == visible(whole)


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A file system of its own, of a few pages, where that may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("file systems cannot be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_keeps_what_is_done(small_disk: Path, tmp_path: Path) -> None:
    place, filler = small_disk / "drums", small_disk / "filler"
    filler.write_bytes(bytes(40_000))
    with pytest.raises(OSError, match="space") as error:
        generate(str(place))
    assert error.value.errno == errno.ENOSPC
    filler.unlink()
    done = (place / ".generating" / "done.txt").read_bytes().count(b"\n")
    assert done > 0
    generate(str(place))
    generate(str(tmp_path / "whole"))
    assert visible(place) == visible(tmp_path / "whole")
