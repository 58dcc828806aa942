from pathlib import Path

import pytest
import torch

from kac_prediction.dataset import TorchDataset, generateDataset, loadDataset
from kac_prediction.dataset.torch_dataset import label_tensors
from samplers_of_users import Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}


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


def test_ragged_and_missing_labels() -> None:
    assert [y["a"].tolist() for y in label_tensors([{"a": [1]}, {"a": [1, 2]}])] == [[1], [1, 2]]
    assert label_tensors([{}, {}]) == [{}, {}]
    assert label_tensors([]) == []


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
