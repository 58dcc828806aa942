"""An export appears as a whole or not at all, whatever happens while it is made."""

import errno
import os
import shutil
import signal
import tarfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interruptions import DONE, FAILED, in_child, limited, on_reading, points
from kac_prediction.dataset import DatasetError, TorchDataset, exportDataset, generateDataset
from samplers_of_users import Click

pytestmark = pytest.mark.slow

Digest = Callable[[Path], dict[str, str]]

both = pytest.mark.parametrize("layout", ["audiofolder", "webdataset"])


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> TorchDataset:
    """A dataset of 12 samples, which no test changes."""
    path = str(tmp_path_factory.mktemp("dataset"))
    return generateDataset(Click, {"duration": 0.05, "sample_rate": 8000}, path, 12, seed=3)


def names(directory: Path) -> list[str]:
    """The names of the files in a directory."""
    return sorted(entry.name for entry in directory.iterdir())


@both
def test_killed_at_every_write(
    whole: TorchDataset, tmp_path: Path, layout: Any, digest: Digest
) -> None:
    def export(to: Path) -> None:
        exportDataset(whole, to, layout, shard_size=5)

    export(tmp_path / "whole")
    wanted = digest(tmp_path / "whole")
    out = tmp_path / "out"
    count = points(lambda: export(tmp_path / "counted"))
    assert count >= 6
    for point in range(1, count + 1):
        assert in_child(lambda: export(out), f"kill {point}") == -signal.SIGKILL
        if out.exists():
            assert point == count  # before its name was durable
        else:
            export(out)
        assert digest(out) == wanted
        shutil.rmtree(out)
    shutil.rmtree(tmp_path / ".out.exporting", ignore_errors=True)
    assert names(tmp_path) == ["counted", "whole"]


@both
def test_killed_between_sounds(
    whole: TorchDataset,
    tmp_path: Path,
    layout: Any,
    monkeypatch: pytest.MonkeyPatch,
    digest: Digest,
) -> None:
    exportDataset(whole, tmp_path / "whole", layout)
    with monkeypatch.context() as patch:
        on_reading(patch, 7, lambda: os.kill(os.getpid(), signal.SIGKILL))
        assert in_child(lambda: exportDataset(whole, tmp_path / "out", layout)) == -signal.SIGKILL
    assert names(tmp_path) == [".out.exporting", "whole"]
    exportDataset(whole, tmp_path / "out", layout)
    assert digest(tmp_path / "out") == digest(tmp_path / "whole")
    assert names(tmp_path) == ["out", "whole"]


@both
def test_a_full_disk_leaves_nothing(whole: TorchDataset, tmp_path: Path, layout: Any) -> None:
    def export() -> None:
        exportDataset(whole, tmp_path / "deep" / "out", layout, shard_size=5)

    count = points(export)
    shutil.rmtree(tmp_path / "deep")
    for point in range(1, count + 1):
        assert in_child(export, f"full {point}") == FAILED
        if point < count:
            assert not names(tmp_path)
    shutil.rmtree(tmp_path / "deep")
    for size in (0, 100, 1000, 3000):
        ended = in_child(limited(export, size))
        if ended == DONE:
            assert (layout, size) == ("audiofolder", 3000)
        else:
            assert ended == FAILED
            assert not names(tmp_path)


@both
def test_no_room_for_a_sound(
    whole: TorchDataset, tmp_path: Path, layout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    owner, name = (Path, "write_bytes") if layout == "audiofolder" else (tarfile.TarFile, "addfile")
    monkeypatch.setattr(owner, name, fail)
    with pytest.raises(OSError, match=r"No space left .*exporting.*make room.*out"):
        exportDataset(whole, tmp_path / "out", layout)
    assert not names(tmp_path)


@both
def test_interrupted_by_hand(
    whole: TorchDataset, tmp_path: Path, layout: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        on_reading(patch, 3, stop)
        with pytest.raises(KeyboardInterrupt) as stopped:
            exportDataset(whole, tmp_path / "out", layout)
    # To remove thousands of files takes longer than somebody waits.
    assert f"removes what is left in {tmp_path / '.out.exporting'}" in stopped.value.__notes__[0]
    assert names(tmp_path) == [".out.exporting"]
    exportDataset(whole, tmp_path / "out", layout)
    assert names(tmp_path) == ["out"]


def test_one_at_a_time(
    whole: TorchDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def export_too() -> None:
        with pytest.raises(DatasetError, match=r"\.out\.exporting is being written"):
            exportDataset(whole, tmp_path / "out")
        assert (tmp_path / ".out.exporting" / "files").is_dir()

    on_reading(monkeypatch, 3, export_too)
    exportDataset(whole, tmp_path / "out")
    assert names(tmp_path) == ["out"]


def test_what_appears_meanwhile_is_not_replaced(
    whole: TorchDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def appear(*_: Any) -> None:
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "mine.txt").write_text("mine")

    on_reading(monkeypatch, 11, appear)
    with pytest.raises(OSError, match="not empty"):
        exportDataset(whole, tmp_path / "out")
    assert [p.name for p in tmp_path.rglob("*")] == ["out", "mine.txt"]


@both
def test_memory_does_not_grow_with_the_sounds(tmp_path: Path, layout: Any) -> None:
    dataset = generateDataset(
        Click, {"duration": 1.0, "sample_rate": 8000}, str(tmp_path / "in"), 100, seed=1
    )
    tracemalloc.start()
    exportDataset(dataset, tmp_path / "out", layout)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6 < sum(p.stat().st_size for p in (tmp_path / "out").rglob("*")) / 2
