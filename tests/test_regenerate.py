import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from formats import edit
from kac_prediction.dataset import (
    DatasetError,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
)
from samplers_of_users import Broken, Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
MEL: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "hop_length": 32, "n_mels": 8}
Digest = Callable[[Path], dict[str, str]]


def test_new_values_for_just_those_indices(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 6, seed=3)
    before, labels = dataset.X.clone(), dataset.Y
    sounds = [soundfile.read(tmp_path / f"sample_{i:05d}.wav")[0] for i in range(6)]
    entries = [4, 1, 4]
    after = regenerateDataPoints(dataset, Click, entries)
    assert entries == [4, 1, 4]
    for i in range(6):
        sound = soundfile.read(tmp_path / f"sample_{i:05d}.wav")[0]
        changed = i in entries
        assert changed == (not torch.equal(after.X[i], before[i]))
        assert changed == (not np.array_equal(sound, sounds[i]))
        assert changed == (after.Y[i]["pitch"].tolist() != labels[i]["pitch"].tolist())


def test_a_part_is_refused(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 6, seed=3)
    with pytest.raises(ValueError, match="3 of the 6 samples"):
        regenerateDataPoints(dataset[3:], Click, [0])


def test_a_regenerated_sample_is_a_group_of_its_own(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 6, seed=3)
    after = regenerateDataPoints(dataset, Click, [0, 1])
    assert after.groups.tolist() == [6, 7, 1, 1, 2, 2]
    levels = [y["level"].item() for y in after.Y]
    assert levels[0] != levels[1]
    document = json.loads((tmp_path / "metadata.json").read_text())
    assert document["revisions"] == [1, 1, 0, 0, 0, 0]


def test_again_and_again(tmp_path: Path, digest: Digest) -> None:
    seen = set()
    dataset = generateDataset(Click, SETTINGS, str(tmp_path / "a"), 4, MEL, seed=3)
    for _ in range(3):
        seen.add(dataset.Y[2]["pitch"][0].item())
        dataset = regenerateDataPoints(dataset, Click, [2])
    assert len(seen) == 3
    other = generateDataset(Click, SETTINGS, str(tmp_path / "b"), 4, MEL, seed=3)
    for _ in range(3):
        other = regenerateDataPoints(other, Click, [2], workers=1)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.parametrize(
    ("entries", "error"),
    [([-1], ValueError), ([0, 4], ValueError), ([1.0], TypeError), ([True], TypeError)],
)
def test_wrong_entries(
    tmp_path: Path, digest: Digest, entries: Any, error: type[Exception]
) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 4)
    before = digest(tmp_path)
    with pytest.raises(error, match="entry"):
        regenerateDataPoints(dataset, Click, entries)
    assert digest(tmp_path) == before


def test_no_entries(tmp_path: Path, digest: Digest) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 4)
    before = digest(tmp_path)
    assert torch.equal(regenerateDataPoints(dataset, Click, []).X, dataset.X)
    assert digest(tmp_path) == before


def test_another_sampler_is_refused(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 4)
    with pytest.raises(ValueError, match="made by Click, not by Broken"):
        regenerateDataPoints(dataset, Broken, [0])


def test_a_sampler_that_breaks_leaves_the_dataset(tmp_path: Path) -> None:
    dataset = generateDataset(Broken, SETTINGS, str(tmp_path), 4)
    before = dataset.X.clone()
    edit(tmp_path, lambda text: text.replace('"how": ""', '"how": "nan"'))
    with pytest.raises(ValueError, match="not finite"):
        regenerateDataPoints(loadDataset(str(tmp_path)), Broken, [1, 2])
    assert torch.equal(loadDataset(str(tmp_path)).X, before)


def test_damage_elsewhere_in_x_gets_no_checksum_that_fits_it(
    tmp_path: Path, digest: Digest
) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 4, seed=3)
    content = bytearray((tmp_path / "x.npy").read_bytes())
    content[-1] ^= 1
    (tmp_path / "x.npy").write_bytes(content)
    before = digest(tmp_path)
    with pytest.raises(DatasetError, match=r"x\.npy is damaged"):
        regenerateDataPoints(dataset, Click, [0])
    assert digest(tmp_path) == before


def test_entries_may_come_from_an_iterator(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 4)
    before = dataset.X.clone()
    after = regenerateDataPoints(dataset, Click, (i for i in (0, 2)))
    assert [not torch.equal(a, b) for a, b in zip(after.X, before, strict=True)] == [
        True,
        False,
        True,
        False,
    ]


def test_what_is_clipped_is_counted(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="clipped"):
        dataset = generateDataset(Click, {**SETTINGS, "loudest": 9.0}, str(tmp_path), 6, seed=1)
    with pytest.warns(UserWarning, match=r"clipped in \d sounds"):
        regenerateDataPoints(dataset, Click, range(6))
