"""What a directory may hold that is no whole dataset."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from formats import edit
from interruptions import in_child, visible
from kac_prediction.dataset import (
    DatasetError,
    generateDataset,
    loadDataset,
    regenerateDataPoints,
    transformDataset,
)
from legacy_text import waves, write
from samplers_of_users import Click

pytestmark = pytest.mark.slow

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
Digest = Callable[[Path], dict[str, str]]
STAT = Path.stat


def test_a_published_commit_is_read_through_where_nothing_can_be_written(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_published(tmp_path)
    assert (tmp_path / ".staging" / "x.npy").exists()
    before = digest(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *_: False)
        read = loadDataset(str(tmp_path), verify=True)
    assert digest(tmp_path) == before
    assert read.representation_settings["normalise_input"] is False
    written = loadDataset(str(tmp_path))
    assert torch.equal(read.X, written.X)
    assert not (tmp_path / ".journal.json").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.unlink(), r"x\.npy is not the file that was committed"),
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "not the file"),
    ],
)
def test_a_staged_file_that_vanished_or_changed_is_noticed(
    tmp_path: Path, change: Callable[[Path], object], message: str
) -> None:
    leave_published(tmp_path)
    change(tmp_path / ".staging" / "x.npy")
    with pytest.raises(DatasetError, match=message):
        loadDataset(str(tmp_path))


@pytest.mark.parametrize("how", ["another disk", "not writable"])
def test_nothing_is_committed_that_cannot_be_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """To a shard that was moved, and linked, or that is another user's."""
    dataset = generateDataset(Click, SETTINGS, str(tmp_path), 4, seed=1, shard_size=2)
    before = visible(tmp_path)
    with monkeypatch.context() as patch:
        if how == "another disk":
            patch.setattr(Path, "stat", stat_of_another_disk)
        else:
            patch.setattr("os.access", lambda path, _: Path(path).name != "shard_00001")
        with pytest.raises(OSError, match=r"shard_00001"):
            regenerateDataPoints(dataset, Click, [3])
    assert visible(tmp_path) == before
    loadDataset(str(tmp_path), verify=True)


def stat_of_another_disk(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
    found = STAT(path, follow_symlinks=follow_symlinks)
    device = found.st_dev + (path.name == "shard_00001")
    return os.stat_result([*found[:2], device, *found[3:]])


def leave_published(directory: Path) -> None:
    """A dataset whose transformation was killed just after its commit."""
    dataset = generateDataset(Click, SETTINGS, str(directory), 3, seed=1)
    fault = f"after {directory / '.journal.json'}"
    in_child(lambda: transformDataset(dataset, {"normalise_input": False}), fault)


def test_older_sounds_whose_length_was_cut_off_are_no_damage(tmp_path: Path) -> None:
    """8.8 values: this package rounds that, and some older software did not."""
    write(tmp_path, waves(2), settings='{"duration": 0.011, "sample_rate": 800}')
    for i in range(2):
        soundfile.write(tmp_path / f"sample_{i:05d}.wav", np.zeros(8), 800, subtype="PCM_24")
    assert loadDataset(str(tmp_path), verify=True).X.shape == (2, 8)
    soundfile.write(tmp_path / "sample_00001.wav", np.zeros(7), 800, subtype="PCM_24")
    with pytest.raises(DatasetError, match=r"sample_00001\.wav is damaged: it has shape \(7,\)"):
        loadDataset(str(tmp_path), verify=True)


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="generateDataset"):
        loadDataset(str(tmp_path))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        loadDataset(str(tmp_path / "nowhere"))
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="file"):
        generateDataset(Click, SETTINGS, str(tmp_path / "file"), 2)


@pytest.mark.parametrize(
    ("damage", "match"),
    [
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: "[]", "damaged"),
        (lambda text: "{}", "damaged"),
        (lambda text: text.replace('"format_version": 2', '"format_version": 99'), "99"),
        (lambda text: text.replace('"format_version": 2', '"format_version": 1'), "of format 1 "),
        (lambda text: text.replace('"dataset_size": 3', '"dataset_size": 4'), "3 labels for 4"),
        (lambda text: text.replace('"groups"', '"group"'), "damaged"),
        (lambda text: text.replace('"seed"', '"seat"'), "damaged"),
        (lambda text: text.replace('"n_bins": 512', '"n_bins": -512'), "n_bins"),
        (lambda text: text.replace('"n_bins": 512, ', ""), "representation_settings"),
        (lambda text: text.replace('"duration"', '"length"'), "lacks 'duration'"),
        (lambda text: text.replace('"revisions": [0', '"revisions": ["0"'), "whole numbers"),
        (lambda text: text.replace('{"y": {', '{"y": [', 1).replace("}}", "]}", 1), "damaged"),
        (lambda text: text.replace('"output_type": "end2end"', '"output_type": "fft"'), "x.npy"),
        (
            lambda text: text.replace("]}}", ']}}, {"y": {"level": [0], "pitch": [0, 0]}}', 1),
            "4 lab",
        ),
        (lambda text: text.replace('"level": [', '"level": ["1", ', 1), "'level' of sample 0 must"),
        (lambda text: text.replace('"level": [', '"level": [1e999, ', 1), "'level' .* not finite"),
        (
            lambda text: text.replace('"duration": 0.05', '"duration": 1e300'),
            "duration must be at m",
        ),
        (lambda text: text.replace("0.9", "[" * 99 + "]" * 99), "damaged at byte"),
        (
            lambda text: text.replace('"shard_size": null', '"shard_size": 0'),
            "shard_size must be at",
        ),
    ],
)
def test_damaged_metadata(tmp_path: Path, damage: Callable[[str], str], match: str) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3)
    edit(tmp_path, damage)
    with pytest.raises(DatasetError, match=match):
        loadDataset(str(tmp_path))


def test_damaged_array(tmp_path: Path) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3)
    content = (tmp_path / "x.npy").read_bytes()
    for damaged in (content[:-8], content[:64], b"", b"not an array" * 100):
        (tmp_path / "x.npy").write_bytes(damaged)
        with pytest.raises(DatasetError, match=r"x\.npy"):
            loadDataset(str(tmp_path))
    (tmp_path / "x.npy").unlink()
    with pytest.raises(DatasetError, match=r"x\.npy"):
        loadDataset(str(tmp_path))


def test_the_document_is_plain_json(tmp_path: Path) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=1)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    text = (tmp_path / "metadata.json").read_text()
    document = json.loads(text, parse_constant=refuse)
    assert list(document)[:4] == [
        "dataset_size",
        "representation_settings",
        "sampler",
        "sampler_settings",
    ]
