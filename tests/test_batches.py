import os
import re
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from kac_prediction.pipeline.training.batches import (
    Samples,
    TrainingBatches,
    as_targets,
    batch_indices,
)
from kac_prediction.pipeline.training.distributed import ProcessGroup

CPU = torch.device("cpu")
ALONE = ProcessGroup.join("cpu")


def samples(dtype: torch.dtype = torch.float32) -> Samples:
    X = torch.arange(20, dtype=torch.float64).reshape(10, 2)
    return Samples(X, torch.arange(10), CPU, dtype)


def training_batches(
    batch_size: int, indices: torch.Tensor | None = None, seed: int = 0
) -> TrainingBatches:
    part = torch.arange(10) if indices is None else indices
    return TrainingBatches(samples(), part, batch_size, seed, ALONE)


def limit_memory(monkeypatch: pytest.MonkeyPatch, memory: int) -> None:
    """Let the machine have so many bytes."""
    sizes = {"SC_PHYS_PAGES": memory, "SC_PAGE_SIZE": 1}
    monkeypatch.setattr(os, "sysconf", sizes.__getitem__)


@pytest.fixture(params=["on the device", "streamed"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the data is: moved as a whole, or in a memory that is too large for that."""
    if request.param == "streamed":
        limit_memory(monkeypatch, 1)
    return str(request.param)


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(1, [1] * 10), (4, [4, 4, 2]), (10, [10]), (0, [10]), (-3, [10])]
)
def test_every_sample_comes_once_in_batches_of_the_size(batch_size: int, sizes: list[int]) -> None:
    found = list(samples().batches(batch_indices(torch.arange(10), batch_size)))
    assert [len(x) for x, _ in found] == sizes
    assert torch.cat([y for _, y in found]).equal(torch.arange(10))
    batched = training_batches(batch_size)
    assert [len(x) for x, _ in batched.epoch(0)] == sizes
    assert batched.count == 10
    assert batched.weights == [1.0] * len(sizes)


@pytest.mark.usefixtures("place")
def test_floats_get_the_dtype_and_classes_stay_whole_numbers() -> None:
    x, y = next(training_batches(4).epoch(0))
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)
    assert x.equal(torch.stack([2.0 * y, 2.0 * y + 1], 1))


@pytest.mark.usefixtures("place")
def test_an_epoch_is_a_function_of_seed_and_number() -> None:
    part = torch.tensor([1, 4, 5, 7, 9])
    state = torch.get_rng_state()
    epochs = [torch.cat([y for _, y in training_batches(3, part).epoch(e)]) for e in (0, 1, 2, 1)]
    other = torch.cat([y for _, y in training_batches(3, part, seed=1).epoch(0)])
    assert torch.get_rng_state().equal(state)
    assert epochs[1].equal(epochs[3])
    assert len({tuple(epoch.tolist()) for epoch in (*epochs, other)}) > 2
    assert all(epoch.sort().values.equal(part) for epoch in (*epochs, other))


def test_what_is_drawn_for_a_change_is_a_function_of_the_epoch_too() -> None:
    def noisy(x: torch.Tensor, draws: torch.Generator) -> torch.Tensor:
        return x + torch.rand(x.shape, generator=draws)

    batched = TrainingBatches(samples(), torch.arange(10), 4, 0, ALONE, noisy)
    first, again, next_one = (torch.cat([x for x, _ in batched.epoch(e)]) for e in (0, 0, 1))
    assert first.equal(again)
    assert not first.sort(0).values.equal(next_one.sort(0).values)


def test_an_empty_part_has_no_batches() -> None:
    for batch_size in (0, 3):
        parts = batch_indices(torch.arange(0), batch_size)
        assert len(parts) == 0
        assert list(samples().batches(parts)) == []


def test_indices_are_moved_once_an_epoch() -> None:
    # Each move from the host's memory is waited for, with all the work before it.
    class Moves(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(
            self, func: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            self.count += func is torch.ops.aten._to_copy.default
            return func(*args, **(kwargs or {}))

    elsewhere = Samples(torch.zeros(10, 2), torch.zeros(10, 1), torch.device("meta"), torch.float32)
    batched = TrainingBatches(elsewhere, torch.arange(10), 2, 0, ALONE)
    with Moves() as moves:
        assert [x.device.type for x, _ in batched.epoch(0)] == ["meta"] * 5
    assert moves.count == 1


def test_what_does_not_fit_stays_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    X, Y = torch.ones(100, 1, dtype=torch.float64), torch.ones(100, 1)
    for memory, fits in ((799, False), (800, True)):
        limit_memory(monkeypatch, memory)
        X[0] = 1
        batched = Samples(X, Y, CPU, torch.float32)
        X[0] = 2
        x, _ = next(batched.batches([torch.tensor([0])]))
        assert x.item() == (1 if fits else 2)  # a copy, or the data itself


def test_labels_become_columns_in_their_order() -> None:
    Y = [
        {"size": torch.tensor([1.0]), "strike": torch.tensor([2.0, 3.0])},
        {"strike": torch.tensor([5.0, 6.0]), "size": torch.tensor(4.0)},
    ]
    assert as_targets(Y).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert as_targets(torch.ones(3, 2)).shape == (3, 2)
    assert as_targets([{}, {}]).shape == (2, 0)


@pytest.mark.parametrize(
    ("Y", "columns"),
    [
        ([{"a": 0.1}, {"a": 2}], [[0.1], [2]]),
        ([{"a": [0.1, 0.2], "b": 3}, {"b": 6.0, "a": (4, 5)}], [[0.1, 0.2, 3], [4, 5, 6]]),
        ([0.1, 2.5], [[0.1], [2.5]]),
        (({"a": 1}, {"a": np.float64(0.1)}), [[1], [0.1]]),
        ([[0.1, 1], [2, 3]], [[0.1, 1], [2, 3]]),
        ([torch.tensor(1.0), torch.tensor(2.0)], [[1], [2]]),
        ([torch.ones(2), torch.zeros(2)], [[1, 1], [0, 0]]),
        (np.array([[0.1], [0.2]]), [[0.1], [0.2]]),
    ],
)
def test_what_is_obviously_meant_is_taken(Y: Any, columns: list[list[float]]) -> None:
    # Equal, not close: numbers of Python stay in float64.
    assert as_targets(Y).tolist() == columns


@pytest.mark.parametrize(
    ("Y", "message"),
    [
        ([{"a": 1.0}, {"a": "loud"}], "'a' in sample 1 of routine.D.Y is 'loud', a str"),
        ([{"a": {"b": 1.0}}], "'a' in sample 0 of routine.D.Y is {'b': 1.0}, a dict"),
        ([{"a": [[1.0], [2.0, 3.0]]}], "'a' in sample 0 of routine.D.Y is [[1.0], [2.0, 3.0]]"),
        ([1.0, None], "sample 1 of routine.D.Y is None, a NoneType"),
        (None, "routine.D.Y is None, a NoneType"),
        ({"a": [1.0, 2.0]}, "routine.D.Y is {'a': [1.0, 2.0]}, a dict"),
    ],
)
def test_what_holds_no_numbers_is_named(Y: Any, message: str) -> None:
    with pytest.raises(TypeError, match=rf"{re.escape(message)}.*give routine\.D\.Y a tensor"):
        as_targets(Y)


@pytest.mark.parametrize(
    ("Y", "message"),
    [
        ([], "routine.D.Y holds no samples"),
        ([1.0, [1.0, 2.0]], "sample 1 of routine.D.Y has the shape (2,), sample 0 the shape ()"),
        ([{"a": 1.0}, 1.0], "sample 1 of routine.D.Y has the shape (), sample 0 the labels"),
        ([1.0, {"a": 1.0}], "sample 1 of routine.D.Y has the labels {'a': 1}, sample 0 the shape"),
    ],
)
def test_samples_that_do_not_fit_together_are_named(Y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=rf"{re.escape(message)}.*give routine\.D\.Y a tensor"):
        as_targets(Y)


@pytest.mark.parametrize(
    "second",
    [{"a": torch.ones(2)}, {"b": torch.ones(1)}, {}, {"a": torch.ones(1), "b": torch.ones(1)}],
)
def test_labels_that_differ_are_named(second: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match=r"sample 1 .*sample 0"):
        as_targets([{"a": torch.ones(1)}, second])
