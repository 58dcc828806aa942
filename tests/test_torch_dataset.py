import copy
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Subset, default_collate

from kac_prediction.dataset import (
    DatasetError,
    TorchDataset,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    transformDataset,
)
from samplers_of_users import Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A dataset of 12 samples, which no test changes on the disk."""
    path = str(tmp_path_factory.mktemp("dataset"))
    generateDataset(Click, SETTINGS, path, 12, seed=3)
    return path


def tensors(labels: list[dict[str, Any]]) -> list[dict[str, torch.Tensor]]:
    """Labels as a dataset has them."""
    return [
        {name: torch.tensor(values, dtype=torch.float64) for name, values in y.items()}
        for y in labels
    ]


def with_labels(Y: Any, X: torch.Tensor | None = None) -> TorchDataset:
    """A dataset of these labels, which stands on no disk."""
    X = torch.arange(2.0 * len(Y)).reshape(len(Y), 2) if X is None else X
    settings: Any = {"output_type": "end2end"}
    return TorchDataset("nowhere", settings, {"name": "Click", "version": "1"}, {}, X, Y)


def same(a: Any, b: Any) -> bool:
    """Are tensors, or lists, tuples and dictionaries of them, equal, nan being equal to nan?"""
    if isinstance(a, torch.Tensor):
        return a.dtype == b.dtype and torch.equal(a.nan_to_num(-9), b.nan_to_num(-9))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    return len(a) == len(b) and all(map(same, a, b))


def samples(dataset: TorchDataset) -> list[Any]:
    return [dataset[i] for i in range(len(dataset))]


def assert_holds(view: TorchDataset, whole: TorchDataset, rows: list[int]) -> None:
    """A view holds these samples of the whole, in every way that one can look at it."""
    assert len(view) == view.info["dataset_size"] == len(rows)
    assert view.info == whole.info | {"dataset_size": len(rows)}
    assert same(samples(view), [whole[i] for i in rows])
    assert view.groups.tolist() == [int(whole.groups[i]) for i in rows]
    assert view.legacy.tolist() == [bool(whole.legacy[i]) for i in rows]
    assert same(list(view.__getitems__(range(len(rows)))), [whole[i] for i in rows])
    assert same(view.Y, [whole.Y[i] for i in rows])
    assert torch.equal(view.X, whole.X[rows])
    assert same(samples(view), [whole[i] for i in rows])


def test_items_and_length(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 5, seed=1)
    assert isinstance(dataset, TorchDataset)
    assert len(dataset) == 5
    x, y = dataset[3]
    assert torch.equal(x, dataset.X[3])
    assert {name: value.shape for name, value in y.items()} == {"level": (1,), "pitch": (2,)}
    assert all(value.dtype == torch.float64 for value in y.values())


def test_it_feeds_a_data_loader(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 5, seed=1)
    x, y = next(iter(torch.utils.data.DataLoader(dataset, batch_size=5)))
    assert torch.equal(x, dataset.X)
    assert y["pitch"].shape == (5, 2)


def test_who_changes_a_sample_does_not_change_the_dataset(path: str) -> None:
    dataset = loadDataset(path)
    x, y = dataset[3]
    x += 1
    y["level"] += 1
    assert same(dataset[3], loadDataset(path)[3])
    assert len(pickle.dumps(dataset[1:9:3])) < 1500


def test_writing_to_x_stays_in_memory(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2, seed=1)
    before = dataset.X.clone()
    dataset.X.zero_()
    assert torch.equal(loadDataset(str(tmp_path)).X, before)


def test_x_and_y_can_be_shaped(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 5, seed=1)
    dataset.X = torch.narrow(dataset.X, 1, 0, 100)
    assert dataset[1][0].shape == (100,)


def test_info_is_plain(tmp_path: Path) -> None:
    info = generateDataset(Click, SETTINGS, str(tmp_path), 2, seed=1).info
    assert info["dataset_size"] == 2
    assert info["sampler"]["name"] == "Click"
    assert info["sampler_settings"] == {"duration": 0.05, "loudest": 0.9, "sample_rate": 8000}
    assert info["seed"] == 1


def test_lengths_must_agree(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2)
    with pytest.raises(ValueError, match="2, 1, 2"):
        TorchDataset(
            dataset.dataset_dir,
            dataset.representation_settings,
            dataset.sampler,
            dataset.sampler_settings,
            dataset.X,
            dataset.Y[:1],
            dataset.groups,
        )


@pytest.mark.parametrize(
    "key", [slice(2, 10), slice(None, None, 5), slice(-3, None), slice(4, 4), slice(9, 1, -3)]
)
def test_slices(path: str, key: slice) -> None:
    dataset = loadDataset(path)
    view = dataset[key]
    assert isinstance(view, TorchDataset)
    assert_holds(view, dataset, list(range(12))[key])


@pytest.mark.parametrize(
    ("indices", "rows"),
    [
        ([7, 0, 0, -1], [7, 0, 0, 11]),
        (torch.tensor([3, 1, 4]), [3, 1, 4]),
        (np.array([2, 5, 8], dtype=np.uint8), [2, 5, 8]),
        (range(11, 3, -2), [11, 9, 7, 5]),
        ([], []),
        ([i in (1, 2, 9) for i in range(12)], [1, 2, 9]),
        (torch.arange(12) > 9, [10, 11]),
    ],
)
def test_subsets_and_views_of_views(path: str, indices: Any, rows: list[int]) -> None:
    dataset = loadDataset(path)
    assert_holds(dataset.subset(indices), dataset, rows)
    twice = loadDataset(path)
    assert_holds(twice.subset(indices)[1:], dataset, rows[1:])
    assert_holds(twice.subset(indices)[::-1], dataset, rows[::-1])
    assert_holds(twice.subset([5, 3]).subset([1, 0, 1]), dataset, [3, 5, 3])


def test_evenly_spaced_samples_share_memory(path: str) -> None:
    dataset = loadDataset(path)
    assert dataset[2:10].X.data_ptr() == dataset.X[2].data_ptr()
    assert dataset.subset([1, 4, 7]).X.data_ptr() == dataset.X[1].data_ptr()


@pytest.mark.parametrize("i", [3, -9, np.int64(3), np.uint8(3), torch.tensor(3)])
def test_integers_of_all_kinds(path: str, i: Any) -> None:
    dataset = loadDataset(path)
    assert same(dataset[i], (dataset.X[3], dataset.Y[3]))
    assert same(dataset.subset([9, 3, 5])[1], dataset[3])


def test_bad_indices_are_named(path: str) -> None:
    dataset = loadDataset(path)
    for get in (dataset.__getitem__, lambda i: dataset.subset([i]), lambda i: dataset[:12][i]):
        for i in (12, -13):
            with pytest.raises(IndexError, match=rf"sample {i} in a dataset of 12 samples"):
                get(i)
    with pytest.raises(IndexError, match="sample 3 in a dataset of 3"):
        dataset[:3].__getitems__([0, 3])
    with pytest.raises(IndexError, match="3 bools for a dataset of 12"):
        dataset.subset([True, False, True])
    for wrong in ([1.0], [[1]], ["a"]):
        with pytest.raises(TypeError, match="integers or bools"):
            dataset.subset(wrong)  # type: ignore[arg-type]
    for wrong in (1.0, True, "a"):
        with pytest.raises(TypeError, match="no index of a sample"):
            dataset[wrong]  # type: ignore[call-overload]


def test_iteration_ends(path: str) -> None:
    assert len(list(loadDataset(path)[:5])) == 5  # type: ignore[call-overload]


def test_a_batch_is_what_the_default_collate_makes_of_samples(path: str) -> None:
    dataset = loadDataset(path)
    rows = [5, 0, 11, 0]
    expected = default_collate([dataset[i] for i in rows])
    batch = dataset.__getitems__(rows)
    assert same(default_collate(batch), expected)
    assert same(default_collate(list(batch)), expected)
    assert same(default_collate([batch[i] for i in range(4)]), expected)
    assert same(default_collate(Subset(dataset, rows).__getitems__([0, 1, 2, 3])), expected)
    assert same(batch[1:3], [dataset[0], dataset[11]])
    dataset.Y = torch.arange(24.0).reshape(12, 2)  # type: ignore[assignment]
    assert torch.equal(default_collate(dataset.__getitems__(rows))[1], dataset.Y[rows])  # type: ignore[call-overload]
    assert torch.equal(dataset[::5][1][1], torch.tensor([10.0, 11.0]))


def test_batches_follow_labels_that_are_changed_in_place(path: str) -> None:
    changes: list[Any] = [
        lambda Y: Y[4]["level"].mul_(2),
        lambda Y: Y[4].update(level=torch.ones(1, dtype=torch.float64)),
        lambda Y: Y[4].update(pitch=torch.ones(2, dtype=torch.float64)),
        lambda Y: Y.__setitem__(4, {name: value + 1 for name, value in Y[4].items()}),
    ]
    for change in changes:
        dataset = loadDataset(path)
        first = default_collate(dataset.__getitems__([4, 5]))
        change(dataset.Y)
        second = default_collate(dataset.__getitems__([4, 5]))
        assert same(second, default_collate([dataset[4], dataset[5]]))
        assert not same(second, first)
        assert same(samples(pickle.loads(pickle.dumps(dataset))), samples(dataset))


def test_ragged_and_missing_labels_are_padded_with_nan() -> None:
    nan = torch.nan
    Y = tensors([{"v": [1, 2, 3]}, {"v": [4], "size": [5]}, {}, {"size": [6]}])
    dataset = with_labels(Y)
    _, y = default_collate([dataset[i] for i in range(4)])
    v = torch.tensor([[1, 2, 3], [4, nan, nan], [nan] * 3, [nan] * 3], dtype=torch.float64)
    size = torch.tensor([[nan], [5], [nan], [6]], dtype=torch.float64)
    assert same(y, {"v": v, "size": size})
    assert same(default_collate(dataset.__getitems__([0, 1, 2, 3]))[1], y)
    assert same(default_collate(dataset[1:].__getitems__([0]))[1], {"v": v[1:2], "size": size[1:2]})
    assert [list(y) for y in dataset.Y] == [["v"], ["v", "size"], [], ["size"]]
    assert same(samples(pickle.loads(pickle.dumps(dataset[1:]))), samples(dataset[1:]))


def test_vertices_are_padded_and_other_dimensions_refused() -> None:
    polygons: Any = [{"vertices": [[0, 0], [1, 0], [0, 1]]}, {"vertices": [[0, 0], [1, 1]]}]
    y = with_labels(tensors(polygons))[1][1]["vertices"]
    assert y.shape == (3, 2)
    assert y[2].isnan().all()
    pictures = [{"picture": torch.ones(3, 2)}, {"picture": torch.ones(1, 4)}]
    y = default_collate([*with_labels(pictures)])[1]["picture"]  # type: ignore[call-overload]
    assert y.shape == (2, 3, 4)
    assert y.isnan().sum() == 24 - 10
    mixed = [{"a": torch.zeros(2)}, {"a": torch.zeros(2, 2)}]
    with pytest.raises(ValueError, match=r"'a' has the shapes .*\(2, 2\)"):
        with_labels(mixed)[0]


def test_numbers_beside_ragged_labels_stay_numbers() -> None:
    dataset = with_labels([{"size": torch.tensor(float(i)), "v": torch.ones(i)} for i in (1, 2)])
    for batch in ([*dataset], dataset.__getitems__([0, 1])):
        y = default_collate(batch)[1]  # type: ignore[arg-type, call-overload]
        assert {name: y[name].shape for name in y} == {"size": (2,), "v": (2, 2)}


def test_a_dataset_without_labels_feeds_a_data_loader() -> None:
    _, y = next(iter(DataLoader(with_labels([{}, {}]), batch_size=2)))
    assert y == {}


def test_it_is_pickled_as_a_path_and_a_view(path: str) -> None:
    dataset = loadDataset(path)
    for view, rows in (
        (dataset, list(range(12))),
        (dataset[2:10:3], [2, 5, 8]),
        (dataset.subset([9, 1]), [9, 1]),
        (dataset.subset([9, 1, 4])[1:], [1, 4]),
    ):
        pickled = pickle.dumps(view)
        assert len(pickled) < 1500 < dataset.X[0].nbytes
        assert_holds(pickle.loads(pickled), dataset, rows)
        assert_holds(copy.deepcopy(view), dataset, rows)
        assert_holds(copy.copy(view), dataset, rows)
        _ = view.X  # a copy of scattered samples is no other dataset
        assert len(pickle.dumps(view)) < 1500
    again = pickle.loads(pickle.dumps(dataset))
    again.X.zero_()
    assert torch.equal(loadDataset(path).X, dataset.X)


def test_what_is_not_on_the_disk_is_pickled_as_it_is(path: str) -> None:
    dataset = loadDataset(path)
    dataset.X = dataset.X[:, :10].float()
    assert len(pickle.dumps(dataset)) < 3000
    assert torch.equal(pickle.loads(pickle.dumps(dataset[1::2])).X, dataset.X[1::2])
    dataset.Y = torch.arange(12.0)[:, None]  # type: ignore[assignment]
    dataset.groups = torch.zeros(12, dtype=torch.int64)
    again = pickle.loads(pickle.dumps(dataset.subset([3, 0])))
    assert torch.equal(again.X, dataset.X[[3, 0]])
    assert again.Y.tolist() == [[3.0], [0.0]]
    assert again.groups.tolist() == [0, 0]
    written = loadDataset(path)
    written.X[5, 0] = 7.0
    assert pickle.loads(pickle.dumps(written[5:])).X[0, 0] == 7.0
    scattered = written.subset([9, 5])
    for _ in range(2):  # the second time, X was copied together
        assert pickle.loads(pickle.dumps(scattered)).X[1, 0] == 7.0


def test_a_dataset_that_changed_is_refused(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 4, seed=3)
    pickled = pickle.dumps(dataset[1:])
    regenerateDataPoints(dataset, Click, [0])
    with pytest.raises(DatasetError, match=r"has changed .*checksums.*revisions"):
        pickle.loads(pickled)
    dataset = loadDataset(str(tmp_path))
    pickled = pickle.dumps(dataset)
    transformDataset(dataset, {"output_type": "fft"})
    with pytest.raises(DatasetError, match="representation_settings"):
        pickle.loads(pickled)


CHANGES: Any = {
    "regenerated": lambda dataset: regenerateDataPoints(dataset, Click, [0, 5]),
    "transformed": lambda dataset: transformDataset(dataset, {"output_type": "fft"}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_who_goes_on_with_a_dataset_sees_what_was_changed(tmp_path: Path, change: Any) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 6, seed=3)
    apart = loadDataset(str(tmp_path))
    old = apart.X.clone()
    views = [
        (dataset, [0, 1, 2, 3, 4, 5]),
        (copy.copy(dataset), [0, 1, 2, 3, 4, 5]),
        (dataset[3:], [3, 4, 5]),
        (dataset.subset([5, 0, 5])[1:], [0, 5]),
    ]
    for view, _ in views:  # whatever has been looked at, or assigned
        assert len(view.Y) == len(view.X) == len(view)
    views[2][0].X = views[2][0].X[:, :10]
    dataset.Y = [{"level": torch.zeros(2, 1)}] * 6
    after = change(dataset)
    stored = loadDataset(str(tmp_path), verify=True)
    assert not torch.equal(stored.X[0], old[0])
    for view, rows in (*views, (after, views[0][1])):
        assert_holds(view, stored, rows)
        assert_holds(pickle.loads(pickle.dumps(view)), stored, rows)
    assert torch.equal(Subset(dataset, [5])[0][0], stored.X[5])
    change(after)  # and so on: both are the same dataset
    assert_holds(views[3][0], loadDataset(str(tmp_path)), views[3][1])
    assert torch.equal(apart.X, old)
    with pytest.raises(
        DatasetError, match=r"has changed since this dataset was loaded \(its check"
    ):
        change(apart)


def test_what_changes_nothing_leaves_what_was_assigned(path: str) -> None:
    dataset = loadDataset(path)
    dataset.X = dataset.X[:, :10]
    regenerateDataPoints(dataset, Click, [])
    assert transformDataset(dataset, {}).X.shape == (12, 400)
    assert dataset.X.shape == (12, 10)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_workers_that_began_before_a_change_refuse_to_go_on(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 4, seed=3)
    part = dataset.subset([3, 1])
    loader = DataLoader(part, num_workers=1, persistent_workers=True)
    before = list(loader)
    stat = (tmp_path / "metadata.json").stat()
    os.utime(tmp_path / "metadata.json", ns=(0, 0))  # of another time, and the same dataset
    assert same(list(loader), before)
    os.utime(tmp_path / "metadata.json", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    regenerateDataPoints(dataset, Click, [0])
    with pytest.raises(DatasetError, match=r"changed since this dataset was given to this worker"):
        list(loader)
    assert same(list(DataLoader(part, num_workers=1)), list(DataLoader(part)))


def test_a_dataset_of_no_directory_is_refused(tmp_path: Path) -> None:
    dataset = with_labels([{"size": torch.ones(1)}])
    dataset.dataset_dir = str(tmp_path)
    for change in CHANGES.values():
        with pytest.raises(ValueError, match="is in no directory"):
            change(dataset)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("method", "workers"), [("fork", 2), pytest.param("spawn", 1, marks=pytest.mark.slow)]
)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_worker_processes_give_equal_batches(path: str, method: str, workers: int) -> None:
    dataset = loadDataset(path).subset([4, 2, 11, 0, 7])
    expected = list(DataLoader(dataset, batch_size=2))
    loader = DataLoader(dataset, batch_size=2, num_workers=workers, multiprocessing_context=method)
    assert same(list(loader), expected)


def test_it_says_what_it_is(path: str) -> None:
    dataset = loadDataset(path)
    sounds = f"of Click, end2end of shape (400,), {path!r})"
    assert repr(dataset) == f"TorchDataset(12 samples {sounds}"
    assert repr(dataset[:5]) == f"TorchDataset(5 of 12 samples {sounds}"


def test_a_view_of_data_shaped_to_other_lengths_is_refused(path: str) -> None:
    dataset = loadDataset(path)
    dataset.X = dataset.X[:5]
    with pytest.raises(ValueError, match="one length, got 5, 12, 12, 12"):
        dataset.subset([0])
