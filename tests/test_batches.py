import re
from typing import Any

import numpy as np
import pytest
import torch

from kac_prediction.pipeline import batches
from kac_prediction.pipeline.batches import Batches, as_columns, moved_if_it_fits

CPU = torch.device("cpu")


def make(batch_size: int, indices: torch.Tensor | None = None) -> Batches:
    X = torch.arange(20, dtype=torch.float64).reshape(10, 2)
    Y = torch.arange(10)
    part = torch.arange(10) if indices is None else indices
    return Batches(X, Y, part, batch_size, CPU, torch.float32)


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [(1, [1] * 10), (4, [4, 4, 2]), (10, [10]), (0, [10]), (-3, [10])]
)
def test_every_sample_comes_once_in_batches_of_the_size(batch_size: int, sizes: list[int]) -> None:
    part = make(batch_size)
    found = list(part)
    assert len(part) == len(found)
    assert [len(x) for x, _ in found] == sizes
    assert torch.cat([y for _, y in found]).equal(torch.arange(10))


def test_floats_get_the_dtype_and_classes_stay_whole_numbers() -> None:
    x, y = next(iter(make(4)))
    assert (x.dtype, y.dtype) == (torch.float32, torch.int64)


def test_shuffling_draws_from_its_own_generator() -> None:
    part = make(3, torch.tensor([1, 4, 5, 7, 9]))
    state = torch.get_rng_state()
    generator = torch.Generator().manual_seed(1)
    epochs = [torch.cat([y for _, y in part.shuffled(generator)]) for _ in range(3)]
    again = torch.cat([y for _, y in part.shuffled(torch.Generator().manual_seed(1))])
    assert torch.get_rng_state().equal(state)
    assert epochs[0].equal(again)
    assert len({tuple(epoch.tolist()) for epoch in epochs}) > 1
    assert all(epoch.sort().values.tolist() == [1, 4, 5, 7, 9] for epoch in epochs)
    for x, y in part.shuffled(generator):
        assert x[:, 0].equal(2.0 * y)


def test_an_empty_part_has_no_batches() -> None:
    part = make(0, torch.arange(0))
    assert len(part) == 0
    assert [x.numel() for x, _ in part] in ([], [0])


def test_what_does_not_fit_stays_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = torch.ones(100, dtype=torch.float64)
    assert moved_if_it_fits(tensor, CPU, torch.float32).dtype == torch.float32
    monkeypatch.setattr(batches, "_memory", lambda device, unknown: 799)
    assert moved_if_it_fits(tensor, CPU, torch.float32) is tensor
    monkeypatch.setattr(batches, "_memory", lambda device, unknown: 800)
    assert moved_if_it_fits(tensor, CPU, torch.float32) is not tensor


def test_labels_become_columns_in_their_order() -> None:
    Y = [
        {"size": torch.tensor([1.0]), "strike": torch.tensor([2.0, 3.0])},
        {"strike": torch.tensor([5.0, 6.0]), "size": torch.tensor(4.0)},
    ]
    assert as_columns(Y).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert as_columns(torch.ones(3, 2)).shape == (3, 2)
    assert as_columns([{}, {}]).shape == (2, 0)


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
    assert as_columns(Y).tolist() == columns


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
        as_columns(Y)


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
        as_columns(Y)


@pytest.mark.parametrize(
    "second",
    [{"a": torch.ones(2)}, {"b": torch.ones(1)}, {}, {"a": torch.ones(1), "b": torch.ones(1)}],
)
def test_labels_that_differ_are_named(second: dict[str, torch.Tensor]) -> None:
    with pytest.raises(ValueError, match=r"sample 1 .*sample 0"):
        as_columns([{"a": torch.ones(1)}, second])
