import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges import Mixed
from kac_prediction.pipeline.training import distributed
from kac_prediction.pipeline.training.device import cpu_threads, process_device
from kac_prediction.pipeline.training.distributed import (
    DisagreementError,
    PeerError,
    ProcessGroup,
    buckets,
)

ALONE = ProcessGroup()
few = settings(derandomize=True, deadline=None, max_examples=40)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)


def test_one_process_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")  # some clusters set it for purposes of their own
    for processes in (ProcessGroup(), ProcessGroup.join(), ProcessGroup.join("cpu")):
        assert (processes.rank, processes.size) == (0, 1)
        assert (processes.local_rank, processes.local_size) == (0, 1)
        assert processes.leader
    monkeypatch.setenv("WORLD_SIZE", "1")
    monkeypatch.setenv("RANK", "0")
    assert ProcessGroup.join().size == 1
    assert not dist.is_initialized()


def test_one_process_exchanges_nothing() -> None:
    value = object()
    assert ALONE.broadcast(value) is value
    assert ALONE.all_gather(value) == [value]
    with ALONE.leader_first(), ALONE.report_once():
        pass
    model = Mixed(seed=1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    ALONE.broadcast_model(model)
    ALONE.average_buffers(model)
    assert all(tensor.equal(before[name]) for name, tensor in model.state_dict().items())
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    with ALONE.average_gradients(optimiser, torch.tensor(torch.nan)):
        optimiser.step()


@pytest.mark.parametrize("error", [ValueError("none"), PeerError("gone"), KeyboardInterrupt()])
def test_errors_pass_through_one_process(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised, ALONE.report_once(ValueError), ALONE.leader_first():
        raise error
    assert raised.value is error


@given(count=st.integers(0, 50), size=st.integers(1, 9))
@few
def test_shares_are_those_of_tensor_split(count: int, size: int) -> None:
    samples = torch.arange(count)
    for rank, part in enumerate(torch.tensor_split(samples, size)):
        assert samples[ProcessGroup(rank, size).shard(count)].equal(part)


@given(sizes=st.lists(st.integers(0, 40)), limit=st.integers(1, 300), doubles=st.randoms())
@few
def test_buckets_hold_every_tensor_once(sizes: list[int], limit: int, doubles: Any) -> None:
    kinds = [doubles.choice([torch.float32, torch.float64]) for _ in sizes]
    tensors = [torch.empty(size, dtype=kind) for size, kind in zip(sizes, kinds, strict=True)]
    found = list(buckets(tensors, limit))
    assert sorted(id(t) for bucket in found for t in bucket) == sorted(map(id, tensors))
    for bucket in found:
        assert len({t.dtype for t in bucket}) == 1
        assert len(bucket) == 1 or sum(t.nbytes for t in bucket) <= limit


def test_an_environment_that_torchrun_did_not_make(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(
        ValueError, match="WORLD_SIZE='two' in the environment is no number, as torchrun sets"
    ):
        ProcessGroup.join("cpu")


def test_torch_without_distributed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dist, "is_available", lambda: False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    assert ProcessGroup.join("cpu").size == 1
    monkeypatch.setenv("RANK", "0")
    with pytest.raises(RuntimeError, match=r"2 processes .* without torch\.distributed"):
        ProcessGroup.join("cpu")


def test_each_process_has_a_cuda_device_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    cpu, cuda = torch.device("cpu"), torch.device("cuda:0")
    second = ProcessGroup(rank=5, size=6, local_rank=1, local_size=3)
    assert process_device(cuda, second) == torch.device("cuda:1")
    assert process_device(cpu, second) == cpu
    assert process_device(cuda, ALONE) == cuda
    third = ProcessGroup(rank=2, size=6, local_rank=2, local_size=3)
    with pytest.raises(ValueError, match=r"there are 2: torchrun --nproc-per-node 2, or device="):
        process_device(cuda, third)


@pytest.mark.parametrize(
    ("local_size", "asked", "threads"),
    [(1, None, 3), (1, "1", 3), (4, "1", 2), (4, None, 2), (4, "3", 3), (64, "1", 1)],
)
def test_threads(
    local_size: int, asked: str | None, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    if asked is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
    processes = ProcessGroup(0, local_size, 0, local_size)
    assert cpu_threads(processes) == threads


@pytest.mark.parametrize("launched", [True, False])
def test_an_error_of_all_is_told_by_the_leader(
    launched: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    monkeypatch.setattr(dist, "is_torchelastic_launched", lambda: launched)

    def wait(processes: ProcessGroup, error: Exception) -> bool:
        waits.clear()
        with pytest.raises(type(error)), processes.report_once(ZeroDivisionError):
            raise error
        return bool(waits)

    leader, other = ProcessGroup(0, 2), ProcessGroup(1, 2)
    for common in (ZeroDivisionError(), DisagreementError()):
        assert (wait(leader, common), wait(other, common)) == (False, launched)
    assert wait(leader, PeerError()) == wait(other, PeerError()) == launched
    assert not wait(leader, ValueError())
    assert not wait(other, ValueError())


def test_sparse_gradients_are_refused() -> None:
    layer = torch.nn.Embedding(3, 2, sparse=True)
    optimiser = torch.optim.SGD(layer.parameters(), 0.1)
    layer(torch.tensor([1])).sum().backward()
    averaging = ProcessGroup(0, 2).average_gradients(optimiser, torch.ones(()))
    with pytest.raises(ValueError, match="sparse=False"), averaging:
        optimiser.step()


def test_the_group_of_a_user_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sys, "last_value", raising=False)  # of another test that failed
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1)
    try:
        processes = ProcessGroup.join("cuda")
        assert (processes.rank, processes.size, processes.local_rank, processes.local_size) == (
            0,
            1,
            0,
            1,
        )
        distributed._leave()
        assert not dist.is_initialized()
    finally:
        if dist.is_initialized():
            dist.destroy_process_group()
