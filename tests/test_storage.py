"""What a directory may hold that is no whole dataset."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from formats import edit
from interruptions import in_child
from kac_prediction.dataset import DatasetError, generateDataset, loadDataset, transformDataset
from kac_prediction.dataset.storage import directory as directories
from samplers_of_users import Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
Digest = Callable[[Path], dict[str, str]]


def test_a_published_commit_is_read_through_where_nothing_can_be_written(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_published(tmp_path)
    assert (tmp_path / ".staging" / "x.npy").exists()
    before = digest(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(directories.os, "access", lambda *_: False)
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


def leave_published(directory: Path) -> None:
    """A dataset whose transformation was killed just after its commit."""
    dataset = generateDataset(Click, SETTINGS, str(directory), 3, seed=1)
    points = (f"kill {point}" for point in range(1, 100))
    while not (directory / ".journal.json").exists():
        in_child(lambda: transformDataset(dataset, {"normalise_input": False}), next(points))


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
        (lambda text: text.replace('"dataset_size": 3', '"dataset_size": 4'), "3 labels for 4"),
        (lambda text: text.replace('"groups"', '"group"'), "damaged"),
        (lambda text: text.replace('"seed"', '"seat"'), "damaged"),
        (lambda text: text.replace('"n_bins": 512', '"n_bins": -512'), "n_bins"),
        (lambda text: text.replace('"n_bins": 512, ', ""), "representation_settings"),
        (lambda text: text.replace('"duration"', '"length"'), "lacks 'duration'"),
        (lambda text: text.replace('"revisions": [0', '"revisions": ["0"'), "whole numbers"),
        (lambda text: text.replace('{"y": {', '{"y": [', 1).replace("}}", "]}", 1), "damaged"),
        (lambda text: text.replace('"output_type": "end2end"', '"output_type": "fft"'), "x.npy"),
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
