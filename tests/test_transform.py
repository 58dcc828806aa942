from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from kac_prediction.dataset import (
    DatasetError,
    generateDataset,
    loadDataset,
    rendering,
    transformDataset,
)
from kac_prediction.dataset.storage import stage as staging
from samplers_of_users import Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
MEL: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "hop_length": 32, "n_mels": 8}
FFT: Any = MEL | {"output_type": "fft"}
Digest = Callable[[Path], dict[str, str]]


@pytest.mark.parametrize("settings", [MEL, FFT, {"normalise_input": False}])
def test_transforming_gives_the_bytes_of_generating(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path / "a"), 5, seed=3)
    monkeypatch.setattr(rendering, "_CHUNK_BYTES", 2 * 400 * 8)
    transformed = transformDataset(dataset, settings)
    generated = generateDataset(Click, SETTINGS, str(tmp_path / "b"), 5, settings, seed=3)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert torch.equal(transformed.X, generated.X)


def test_there_and_back(tmp_path: Path, digest: Digest) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 5, seed=3)
    before = digest(tmp_path)
    transformDataset(transformDataset(dataset, MEL), {})
    assert digest(tmp_path) == before


def test_the_same_settings_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2)
    monkeypatch.setattr(staging.Stage, "__init__", None)
    assert torch.equal(transformDataset(dataset, {"output_type": "end2end"}).X, dataset.X)


def test_a_damaged_sound_leaves_the_dataset_as_it_was(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 3)
    before = dataset.X.clone()
    (tmp_path / "sample_00001.wav").write_bytes(b"RIFF")
    with pytest.raises(DatasetError, match=r"sample_00001\.wav"):
        transformDataset(dataset, MEL)
    assert torch.equal(loadDataset(str(tmp_path)).X, before)


def test_a_sound_that_was_cut_is_noticed(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 3)
    sampler = Click(0.04, 8000)
    sampler.render([0])
    sampler.export(tmp_path / "sample_00002.wav")
    with pytest.raises(DatasetError, match=r"sample_00002.wav has shape \(320,\)"):
        transformDataset(dataset, MEL)


def test_wrong_settings(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2)
    with pytest.raises(ValueError, match="hop_length"):
        transformDataset(dataset, {"hop_length": 0})


def test_workers_are_counted_from_one(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2)
    with pytest.raises(ValueError, match="workers"):
        transformDataset(dataset, MEL, workers=0)
