"""Labels as a dictionary a sample and as columns: both forms hold the same."""

import json

import numpy as np
import pytest
import torch

from kac_prediction.dataset.labels import LabelTable, parsed

NAN = torch.nan


def test_columns_are_padded_and_sizes_count_what_is_there() -> None:
    labels = [{"v": [1, 2, 3]}, {"size": [5.5], "v": [4]}, {}, {"size": [6.5]}]
    table = LabelTable.of(labels)
    v = [[1, 2, 3], [4, NAN, NAN], [NAN] * 3, [NAN] * 3]
    assert np.array_equal(table.columns["v"], v, equal_nan=True)
    assert np.array_equal(table.columns["size"], [[NAN], [5.5], [NAN], [6.5]], equal_nan=True)
    assert {name: sizes.tolist() for name, sizes in table.sizes.items()} == {
        "v": [3, 1, -1, -1],
        "size": [-1, 1, -1, 1],
    }
    assert table.matrix().shape == (4, 4)
    listed = [{name: value.tolist() for name, value in y.items()} for y in table.as_list()]
    assert listed == labels
    assert table.equals(table.as_list())
    assert not table.equals(table.as_list()[:3])


def test_thousands_of_samples_of_which_only_late_ones_have_a_label() -> None:
    labels = [{"i": [i]} | ({"late": [i] * (i % 3)} if i > 4500 else {}) for i in range(5000)]
    table = LabelTable.of(parsed([json.dumps({"y": y}) for y in labels]))
    assert table.columns["i"].ravel().tolist() == list(range(5000))
    assert table.sizes["late"][4499:4504].tolist() == [-1, -1, 1, 2, 0]
    assert [{k: v.tolist() for k, v in y.items()} for y in table.as_list()] == labels


def test_numbers_arrays_and_tensors_are_taken_alike() -> None:
    tensors = [{"a": torch.tensor(1.0), "b": torch.ones(2, 2)}, {"a": 2, "b": np.ones((1, 2))}]
    table = LabelTable.of(tensors)
    assert table.columns["a"].tolist() == [[1], [2]]
    assert table.columns["b"].shape == (2, 2, 2)
    assert table.columns["b"][1].isnan().tolist() == [[False] * 2, [True] * 2]
    assert all(column.dtype == torch.float64 for column in table.columns.values())
    assert LabelTable.of(table) is table
    assert [*LabelTable.of(tensors, ["b"]).columns] == ["b"]


def test_dtypes_are_kept_where_that_is_asked_for() -> None:
    classes = [{"class": torch.tensor([3])}, {"class": torch.tensor([1])}]
    assert LabelTable.of(classes, keep_dtypes=True).matrix().dtype == torch.int64
    assert LabelTable.of([{"class": 3}, {"class": 1}], keep_dtypes=True).matrix().tolist() == [
        [3],
        [1],
    ]
    assert LabelTable.of(classes).matrix().dtype == torch.float64


def test_no_labels_and_no_samples() -> None:
    assert LabelTable.of([{}, {}]).as_list() == [{}, {}]
    assert LabelTable.of([{}, {}]).matrix().shape == (2, 0)
    assert len(LabelTable.of([])) == 0
    lacking = LabelTable.of([{"a": [1]}, {"a": [2]}], ["b"])
    assert lacking.sizes["b"].tolist() == [-1, -1]
    assert lacking.columns["b"].shape == (2, 0)


@pytest.mark.parametrize(
    "values", [([1.0], [[1.0, 2.0]]), (torch.ones(2), torch.ones(2, 2)), ([[1.0], [1.0, 2.0]],)]
)
def test_values_of_other_dimensions_fit_no_column(values: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        LabelTable.of([{"a": value} for value in values])
