"""Checkpoints: written atomically, in time, and linked where the disk has links."""

import os
from pathlib import Path

import pytest
import torch

from kac_prediction.pipeline import read_checkpoint
from kac_prediction.pipeline.checkpoint import Checkpoints
from kac_prediction.pipeline.training.distributed import ProcessGroup
from kac_prediction.pipeline.training.run import Run
from models_of_users import Linear
from saved_models import exported


@pytest.fixture
def model() -> Linear:
    torch.manual_seed(0)
    return Linear(0.1, inputs=4, outputs=2)


def names(directory: Path) -> set[str]:
    return {path.name for path in directory.iterdir()}


def test_a_failed_write_leaves_the_old_file(
    model: Linear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.keep(exported(model, 1), due=False, best=True)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), Checkpoints(tmp_path) as checkpoints:
        checkpoints.keep(exported(model, 2), due=False, best=True)
    assert read_checkpoint(tmp_path)["run_info"]["epoch"] == 1
    assert names(tmp_path) == {"best.pt", "last.pt"}


def test_the_last_finished_epoch_is_saved_as_it_was(model: Linear, tmp_path: Path) -> None:
    weight = model.linear.weight.detach().clone()

    def interrupted() -> None:
        with Checkpoints(tmp_path) as checkpoints:
            checkpoints.keep(exported(model, 0), due=True, best=True)
            checkpoints.keep(exported(model, 1), due=False, best=False)
            with torch.no_grad():
                model.linear.weight += 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert names(tmp_path) == {"best.pt", "epoch_000.pt", "last.pt"}
    saved = read_checkpoint(tmp_path / "last.pt")
    assert saved["model_state_dict"]["linear.weight"].equal(weight)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def epochs(directory: Path) -> dict[str, int]:
    return {
        path.name: read_checkpoint(path)["run_info"]["epoch"] for path in directory.glob("*.pt")
    }


def test_what_is_not_due_is_written_after_ten_seconds(model: Linear, tmp_path: Path) -> None:
    clock = Clock()
    with Checkpoints(tmp_path, clock) as checkpoints:
        checkpoints.keep(exported(model, 0), due=True, best=True)
        checkpoints.keep(exported(model, 1), due=False, best=True)
        with torch.no_grad():
            model.linear.weight += 1
        checkpoints.keep(exported(model, 2), due=False, best=False)
        assert epochs(tmp_path) == {"best.pt": 0, "epoch_000.pt": 0, "last.pt": 0}
        clock.now = 10.0
        checkpoints.keep(exported(model, 3), due=False, best=False)
        assert epochs(tmp_path) == {"best.pt": 1, "epoch_000.pt": 0, "last.pt": 3}
        checkpoints.keep(exported(model, 4), due=False, best=False)
    assert epochs(tmp_path) == {"best.pt": 1, "epoch_000.pt": 0, "last.pt": 4}
    assert checkpoints.last_good == tmp_path / "last.pt"
    weights = [
        read_checkpoint(tmp_path / name)["model_state_dict"]["linear.weight"]
        for name in ("best.pt", "last.pt")
    ]
    assert weights[1].equal(weights[0] + 1)


def test_a_full_disk_ends_no_training_and_the_writing_is_tried_again(
    model: Linear,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.keep(exported(model, 0), due=True, best=True)
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            checkpoints.keep(exported(model, 5), due=True, best=True)
        assert epochs(tmp_path) == {"best.pt": 0, "epoch_000.pt": 0, "last.pt": 0}
        assert "No space left" in caplog.text
        assert "tries again" in caplog.text
        checkpoints.keep(exported(model, 10), due=True, best=False)
    numbered = {"epoch_000.pt": 0, "epoch_005.pt": 5, "epoch_010.pt": 10}
    assert epochs(tmp_path) == {"best.pt": 5, "last.pt": 10} | numbered
    assert len(list(tmp_path.iterdir())) == 5
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"), Checkpoints(tmp_path) as checkpoints:
        checkpoints.keep(exported(model, 15), due=True, best=True)


@pytest.mark.parametrize("written", range(3))
def test_a_training_goes_on_from_an_epoch_whose_files_are_all_there(
    model: Linear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    """Wherever a process is killed between the files of one write."""

    class Killed(BaseException):
        pass

    replace, left = Path.replace, [written]

    def killed(self: Path, target: Path) -> Path:
        if not left[0]:
            raise Killed
        left[0] -= 1
        return replace(self, target)

    checkpoints = Checkpoints(tmp_path, Clock())
    checkpoints.keep(exported(model, 5), due=True, best=False)
    checkpoints.keep(exported(model, 9), due=False, best=False)
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(Killed):
        checkpoints.keep(exported(model, 10), due=True, best=True)
    assert epochs(tmp_path)["last.pt"] == 5


def test_equal_files_share_their_place_but_not_with_later_ones(
    model: Linear, tmp_path: Path
) -> None:
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.keep(exported(model, 0), due=True, best=True)
        files = [tmp_path / name for name in ("best.pt", "epoch_000.pt", "last.pt")]
        assert len({file.stat().st_ino for file in files}) == 1
        checkpoints.keep(exported(model, 5), due=True, best=False)
    assert epochs(tmp_path)["best.pt"] == 0


def test_a_disk_without_links_has_copies(
    model: Linear, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(self: Path, target: Path) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", no_links)
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.keep(exported(model, 0), due=True, best=True)
    assert epochs(tmp_path) == {"best.pt": 0, "epoch_000.pt": 0, "last.pt": 0}


@pytest.mark.parametrize("rank", [0, 1])
def test_the_leader_alone_writes(model: Linear, tmp_path: Path, rank: int) -> None:
    run = Run.create(tmp_path / "runs", {}, ProcessGroup(rank=rank))
    with run.training(model):
        run.save(exported(model, 0), {"epoch": 0, "seconds": 0.1}, due=True, best=True)
    written = {path.name for path in tmp_path.rglob("*.*")}
    assert (
        written >= {"best.pt", "epoch_000.pt", "last.pt", "log.jsonl"} if rank == 0 else not written
    )
