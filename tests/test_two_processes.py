"""Two processes on this machine, started as a user would."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import exchanges
import trainings
from kac_prediction.pipeline import read_checkpoint
from torchrun import torchrun
from waiting import PATIENCE, wait_until

pytestmark = pytest.mark.slow


class Pair:
    """What each of two processes has seen, and what came of the two in the end."""

    def __init__(self, out: Path) -> None:
        with torchrun("together", out) as process:
            begun = out / "endless" / "under way"
            wait_until(lambda: begun.exists() or process.poll() is not None)
            process.send_signal(signal.SIGINT)
            self.said, _ = process.communicate(timeout=PATIENCE)
        assert begun.exists(), self.said
        self.out = out
        self.seen = [torch.load(out / f"{rank}.pt", weights_only=False) for rank in range(2)]

    def of(self, name: str) -> list[Any]:
        return [seen[name] for seen in self.seen]

    def exchanged(self, name: str) -> list[Any]:
        return [seen["exchanges"][name] for seen in self.seen]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(tmp_path_factory.mktemp("pair"))


def runs(out: Path) -> list[Path]:
    return sorted(path for path in out.iterdir() if path.is_dir())


@pytest.mark.parametrize("name", exchanges.OPTIMISERS)
def test_two_processes_learn_what_one_learns_from_both_batches(name: str, pair: Pair) -> None:
    first, second = pair.exchanged(name)
    alone = exchanges.learnt(name)
    start = exchanges.Mixed(seed=0).state_dict()["first.weight"]
    assert not alone["first.weight"].float().allclose(start, atol=1e-2)
    for key, value in alone.items():
        assert first[key].equal(second[key])
        torch.testing.assert_close(first[key], value, rtol=0, atol=1e-6)


def test_objects_are_exchanged(pair: Pair) -> None:
    for rank, seen in enumerate(pair.exchanged("objects")):
        cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
        assert seen == {
            "who": (rank, 2, rank, 2, rank == 0),
            "again": True,
            "shared": {"rank": 0},
            "gathered": [(0, ""), (1, "x")],
            "device": "cpu",
            "threads": max(1, cores // 2),
        }


def test_tensors_of_all_kinds_are_exchanged(pair: Pair) -> None:
    for seen in pair.exchanged("tensors"):
        halves = torch.arange(12.0).reshape(1, 3, 2, 2) + 0.5
        assert seen["strided"].equal(halves)
        assert seen["strides"] == (12, 1, 6, 3)
        assert seen["transposed"].equal(halves[0, 0].T)
        assert seen["scalar"].equal(torch.tensor(1.5, dtype=torch.float64))
        assert seen["bfloat16"].equal(torch.full((3,), 2.5, dtype=torch.bfloat16))
        assert seen["complex"].equal(torch.full((2,), 1.5 + 3j))
        assert seen["empty"].equal(torch.empty(0))
        assert seen["bool"].tolist() == [True, False]
        assert seen["int16"].equal(torch.zeros(3, dtype=torch.int16))
        assert seen["nan"].isnan().all()


def test_buffers_become_their_mean_or_the_leaders(pair: Pair) -> None:
    leader, other = torch.nn.BatchNorm1d(5), torch.nn.BatchNorm1d(5)
    leader(torch.zeros(4, 5))
    for _ in range(2):
        other(torch.ones(4, 5))
    mean = (leader.running_mean + other.running_mean) / 2  # type: ignore[operator]
    before = exchanges.Mixed(seed=0).state_dict()
    for seen in pair.exchanged("buffers"):
        torch.testing.assert_close(seen["norm.running_mean"], mean, rtol=1e-6, atol=0)
        assert seen["norm.num_batches_tracked"] == 1
        assert all(seen[key].equal(before[key]) for key in ("mask", "limits", "last.weight"))


def test_models_become_the_leaders(pair: Pair) -> None:
    first = exchanges.Mixed(seed=0).state_dict()
    assert not first["mask"].equal(exchanges.Mixed(seed=1).state_dict()["mask"])
    for seen in pair.exchanged("equalised"):
        assert seen.keys() == first.keys()
        assert all(seen[key].equal(value) for key, value in first.items())


def test_the_leader_goes_first(pair: Pair) -> None:
    log = (pair.out / "turns.txt").read_text().splitlines()
    assert log == ["0 begins", "0 ends", "1 begins", "1 ends", "0 tries"]
    leader, other = pair.exchanged("turns")
    assert leader == "ValueError: no drums"
    assert other == "PeerError: process 0: ValueError: no drums"


def test_models_that_are_not_alike_are_refused_everywhere(pair: Pair) -> None:
    first, second = pair.exchanged("disagreements")
    assert first == second
    shapes, gradients = first
    assert "last.weight (2, 5) in torch.float64 in process 0, but last.weight (3, 5)" in shapes
    assert "parameter 3 of the optimiser is of shape (5,) with a gradient" in gradients
    assert "but of shape (5,) without a gradient in process 1" in gradients


def test_two_processes_train_as_one_does_on_both_batches(pair: Pair, tmp_path: Path) -> None:
    alone = trainings.plain(tmp_path, batch_size=8)
    losses = ("training_loss", "selection_loss", "evaluation_loss")
    assert alone["history"][3]["training_loss"] < 0.7 * alone["history"][0]["training_loss"]
    for seen in pair.of("plain"):
        for mine, theirs in zip(alone["history"], seen["history"], strict=True):
            for name in losses:
                flat = [value_of(record.get(name)) for record in (mine, theirs)]
                torch.testing.assert_close(flat[0], flat[1], rtol=0, atol=1e-5)
        for key, value in alone["weights"].items():
            torch.testing.assert_close(seen["weights"][key], value, rtol=0, atol=1e-5)


def value_of(loss: Any) -> torch.Tensor:
    """All numbers of a loss, in the order of its names."""
    if isinstance(loss, dict):
        return torch.cat([torch.tensor(loss[key]).flatten() for key in sorted(loss)])
    return torch.tensor([loss]) if loss is not None else torch.empty(0)


def test_every_batch_is_scored_by_one_process(pair: Pair) -> None:
    scored = [{entry[:3] for entry in seen["scored"]} for seen in pair.of("plain")]
    assert not scored[0] & scored[1]
    assert scored[0] | scored[1] == {(epoch, i, 2) for epoch in range(4) for i in range(2)}


def test_the_weights_are_the_same_after_every_epoch(pair: Pair) -> None:
    first, second = (
        {(e, digest) for e, _, _, digest in seen["scored"]} for seen in pair.of("crepe")
    )
    assert first == second
    assert [epoch for epoch, _ in sorted(first)] == [0, 1]
    histories = [
        [{k: v for k, v in record.items() if k.endswith("loss")} for record in seen["history"]]
        for seen in pair.of("crepe")
    ]
    assert histories[0] == histories[1]


def test_only_the_leader_writes(pair: Pair) -> None:
    first, second = (seen["run"] for seen in pair.of("plain"))
    assert first == second
    assert runs(pair.out / "plain") == [Path(first["exports_dir"])]
    names = {path.name for path in Path(first["exports_dir"]).iterdir()}
    assert names == {"best.pt", "curve.png", "epoch_000.pt", "epoch_003.pt", "last.pt", "log.jsonl"}
    lines = (Path(first["exports_dir"]) / "log.jsonl").read_text().splitlines()
    assert len(lines) == 4


def test_a_loss_that_is_none_in_one_process_ends_all(pair: Pair) -> None:
    leader, other = pair.of("nan")
    (run,) = runs(pair.out / "nan")
    place = "epoch 1: training_loss is not finite from batch 1 of 4 on"
    assert leader.startswith(place)
    assert other.startswith(place)
    assert leader.endswith(f"Last good checkpoint: {run / 'last.pt'}")
    assert read_checkpoint(run / "last.pt")["run_info"]["epoch"] == 0


def test_a_run_that_one_process_may_not_resume_ends_all(pair: Pair) -> None:
    leader, other = pair.of("refused")
    assert leader.startswith(f"another process trains the run in {pair.out / 'plain'}")
    assert other == f"process 0: BlockingIOError: {leader}"


def test_ctrl_c_saves_what_is_learnt(pair: Pair) -> None:
    assert "KeyboardInterrupt" in pair.said
    (run,) = runs(pair.out / "endless")
    checkpoint = read_checkpoint(run / "last.pt")
    assert checkpoint["run_info"]["epoch"] >= 6
    assert len(checkpoint["progress"]["random"]) == 2
    assert not list(run.glob(".*"))


def test_an_error_in_one_process_ends_all_and_is_told_once(tmp_path: Path) -> None:
    with torchrun("failing", tmp_path) as process:
        said, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert said.count("ZeroDivisionError: no drum") == 1
    assert "[rank0]" not in said
    (run,) = runs(tmp_path)
    assert read_checkpoint(run / "last.pt")["run_info"]["epoch"] == 0
