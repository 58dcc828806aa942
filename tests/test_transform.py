import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from interruptions import in_child, points, small_chunks
from kac_prediction.dataset import (
    DatasetError,
    InputRepresentation,
    TorchDataset,
    generateDataset,
    loadDataset,
    transformDataset,
)
from legacy_text import write
from samplers_of_users import Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
MEL: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "hop_length": 32, "n_mels": 8}
FFT: Any = MEL | {"output_type": "fft"}
DECIBELS: Any = MEL | {"log": True, "f_max": 3000, "mel_norm": "slaney", "power": 1}
Digest = Callable[[Path], dict[str, str]]


@pytest.mark.parametrize("settings", [MEL, FFT, DECIBELS, {"normalise_input": False}])
def test_transforming_gives_the_bytes_of_generating(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path / "a"), 5, seed=3)
    small_chunks(monkeypatch, 2 * 400)
    transformed = transformDataset(dataset, settings)
    generated = generateDataset(Click, SETTINGS, str(tmp_path / "b"), 5, settings, seed=3)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert torch.equal(transformed.X, generated.X)


def test_there_and_back(tmp_path: Path, digest: Digest) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 5, seed=3)
    before = digest(tmp_path)
    transformDataset(transformDataset(dataset, MEL), {})
    assert digest(tmp_path) == before


def written(directory: Path) -> dict[str, tuple[int, int]]:
    """What differs once a file was written again, even with the same bytes."""
    stats = {path.name: path.stat() for path in directory.iterdir()}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}


def test_the_same_settings_write_nothing(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2)
    before = written(tmp_path)
    assert torch.equal(transformDataset(dataset, {"output_type": "end2end"}).X, dataset.X)
    assert written(tmp_path) == before


def test_settings_beyond_the_seven_are_kept(tmp_path: Path) -> None:
    dataset = transformDataset(generateDataset(Click, SETTINGS, str(tmp_path), 2, seed=3), DECIBELS)
    expected = InputRepresentation(8000, DECIBELS).settings
    document = json.loads((tmp_path / "metadata.json").read_text())
    assert document["representation_settings"] == expected
    assert list(expected) == sorted(expected)
    assert loadDataset(str(tmp_path)).representation_settings == expected
    before = written(tmp_path)
    for settings in (DECIBELS, expected, {**expected, "mel_scale": None}):
        transformDataset(dataset, settings)
        generateDataset(Click, SETTINGS, str(tmp_path), 2, settings)
    assert written(tmp_path) == before


def test_leaving_them_out_again(tmp_path: Path, digest: Digest) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 5, MEL, seed=3)
    before, x = digest(tmp_path), dataset.X
    assert not torch.equal(transformDataset(dataset, DECIBELS).X, x)
    transformDataset(dataset, MEL)
    assert digest(tmp_path) == before


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_generation_with_them_goes_on(tmp_path: Path, digest: Digest, share: float) -> None:
    def generate(to: Path) -> None:
        generateDataset(Click, SETTINGS, str(to), 5, DECIBELS, seed=3)

    count = points(lambda: generate(tmp_path / "a"))
    ended = in_child(lambda: generate(tmp_path / "b"), f"kill {int(share * count)}")
    assert ended == -signal.SIGKILL
    generateDataset(Click, SETTINGS, str(tmp_path / "b"), 5, DECIBELS)
    (tmp_path / "b" / ".lock").unlink(missing_ok=True)  # which the dead process left
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.parametrize(
    ("format", "subtype"), [("WAV", "PCM_16"), ("WAV", "DOUBLE"), ("WAVEX", "PCM_24")]
)
def test_sounds_that_others_wrote_are_read(tmp_path: Path, format: str, subtype: str) -> None:
    dataset = legacy(tmp_path)
    path = tmp_path / "sample_00001.wav"
    sound = np.round(soundfile.read(path)[0][::-1], 3)
    soundfile.write(path, sound, 8000, subtype, format=format)
    sounds = np.stack([soundfile.read(tmp_path / f"sample_{i:05d}.wav")[0] for i in range(3)])
    expected = InputRepresentation(8000, FFT).transform(sounds)
    assert torch.equal(transformDataset(dataset, FFT).X, expected)


@pytest.mark.parametrize(
    ("sound", "shape"), [(np.zeros((400, 2)), r"\(400, 2\)"), (np.zeros(320), r"\(320,\)")]
)
def test_a_sound_in_stereo_or_cut_short_is_refused(
    tmp_path: Path, sound: np.ndarray, shape: str
) -> None:
    dataset = legacy(tmp_path)
    soundfile.write(tmp_path / "sample_00001.wav", sound, 8000, "PCM_24")
    with pytest.raises(DatasetError, match=f"sample_00001.wav is damaged: it has shape {shape}"):
        transformDataset(dataset, MEL)


def legacy(directory: Path) -> TorchDataset:
    """A dataset of kac_drumset, where the checksums of the sounds are not known."""
    sounds = np.random.default_rng(1).uniform(-1, 1, (3, 400))
    write(directory, sounds.tolist(), settings='{"duration": 0.05, "sample_rate": 8000}')
    for i, sound in enumerate(sounds):
        soundfile.write(directory / f"sample_{i:05d}.wav", sound, 8000, "PCM_24")
    return loadDataset(str(directory))


def test_a_sound_that_is_missing(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 3)
    (tmp_path / "sample_00002.wav").unlink()
    with pytest.raises(DatasetError, match=r"sample_00002\.wav is missing"):
        transformDataset(dataset, MEL)


def test_a_damaged_sound_leaves_the_dataset_as_it_was(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 3)
    before = dataset.X.clone()
    (tmp_path / "sample_00001.wav").write_bytes(b"RIFF")
    with pytest.raises(DatasetError, match=r"sample_00001\.wav"):
        transformDataset(dataset, MEL)
    assert torch.equal(loadDataset(str(tmp_path)).X, before)


def test_wrong_settings(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2)
    with pytest.raises(ValueError, match="hop_length"):
        transformDataset(dataset, {"hop_length": 0})


def test_workers_are_counted_from_one(tmp_path: Path) -> None:
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 2)
    with pytest.raises(ValueError, match="workers"):
        transformDataset(dataset, MEL, workers=0)
