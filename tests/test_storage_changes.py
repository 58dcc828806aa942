"""A dataset that another process changes while it is being opened."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from interruptions import in_child
from kac_prediction.dataset import (
    DatasetError,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
)
from kac_prediction.dataset.storage import DatasetDirectory
from samplers_of_users import Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}

pytestmark = pytest.mark.slow


def test_an_x_that_another_process_replaced_is_not_taken_for_the_old_one(tmp_path: Path) -> None:
    """Whatever the other process had come to, once the header was read."""
    refused = 0
    for point in range(1, 40):
        place = tmp_path / str(point)
        dataset = generateDataset(Click, SETTINGS, str(place), 2, seed=1)
        directory = DatasetDirectory(place)
        assert directory.header.seed == 1
        in_child(partial(regenerateDataPoints, dataset, Click, [0]), f"kill {point}")
        changed = (place / ".journal.json").exists() or not torch.equal(
            loadDataset(str(place)).X, dataset.X
        )
        if changed:
            with pytest.raises(DatasetError, match="changed by another process"):
                directory.array()
        else:
            assert np.array_equal(directory.array(), dataset.X)
        refused += changed
    assert 5 < refused < 35


def test_what_another_process_replaces_is_not_taken_for_damaged(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2, seed=1)
    directory = DatasetDirectory(tmp_path)
    assert directory.header.seed == 1
    regenerateDataPoints(dataset, Click, [0])
    with pytest.raises(DatasetError, match="changed by another process"):
        directory.verify()
    loadDataset(str(tmp_path), verify=True)
