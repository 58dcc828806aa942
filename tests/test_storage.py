"""What a dataset survives: commits cut short at every step, damaged and missing files."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from interruptions import Killed, die_at
from kac_prediction.dataset import DatasetError, generateDataset, loadDataset, transformDataset
from kac_prediction.dataset.storage import directory as directories
from kac_prediction.dataset.storage import journal
from samplers_of_users import Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
Digest = Callable[[Path], dict[str, str]]


def leave_published(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every commit stop once it is published."""
    monkeypatch.setattr(journal, "carry_out", lambda *_: None)
    monkeypatch.setattr(directories, "roll_forward", lambda *_: None)


def transform(directory: str) -> None:
    transformDataset(loadDataset(directory), {"normalise_input": False})


def replace_by_a_smaller_one(directory: str) -> None:
    generateDataset(Click, SETTINGS, directory, 2, seed=2)


@pytest.mark.parametrize(
    ("change", "step"),
    [(transform, step) for step in range(5)] + [(replace_by_a_smaller_one, i) for i in range(8)],
)
def test_a_commit_cut_short_leaves_the_old_dataset_or_the_new_one(
    tmp_path: Path,
    digest: Digest,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[str], None],
    step: int,
) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path / "a"), 3, seed=1)
    old = digest(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    change(str(tmp_path / "b"))
    new = digest(tmp_path / "b")
    with monkeypatch.context() as patch:
        original = journal.commit

        def commit(*args: Any) -> None:
            die_at(patch, step)
            original(*args)

        patch.setattr(journal, "commit", commit)
        with pytest.raises(Killed):
            change(str(tmp_path / "a"))
    loadDataset(str(tmp_path / "a"))
    visible = {k: v for k, v in digest(tmp_path / "a").items() if k[0] != "."}
    assert visible == (old if step == 0 else new)


def test_a_published_commit_is_read_through_where_nothing_can_be_written(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=1)
    with monkeypatch.context() as patch:
        leave_published(patch)
        transformDataset(loadDataset(str(tmp_path)), {"normalise_input": False})
    assert (tmp_path / ".staging" / "x.npy").exists()
    before = digest(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(directories.os, "access", lambda *_: False)
        read = loadDataset(str(tmp_path))
    assert digest(tmp_path) == before
    assert read.representation_settings["normalise_input"] is False
    written = loadDataset(str(tmp_path))
    assert torch.equal(read.X, written.X)
    assert not (tmp_path / ".journal.json").exists()


def test_a_staged_file_that_vanished_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=1)
    with monkeypatch.context() as patch:
        leave_published(patch)
        transformDataset(
            loadDataset(str(tmp_path)),
            {"output_type": "fft", "n_bins": 64, "window_length": 64, "hop_length": 32},
        )
    (tmp_path / ".staging" / "x.npy").unlink()
    with pytest.raises(DatasetError, match=r"x\.npy is not the file that was committed"):
        loadDataset(str(tmp_path))


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
        (lambda text: text.replace('"format_version": 1', '"format_version": 99'), "99"),
        (lambda text: text.replace('"dataset_size": 3', '"dataset_size": 4'), "3 labels for 4"),
        (lambda text: text.replace('"groups"', '"group"'), "damaged"),
    ],
)
def test_damaged_metadata(tmp_path: Path, damage: Callable[[str], str], match: str) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path), 3)
    path = tmp_path / "metadata.json"
    path.write_text(damage(path.read_text()))
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


def test_a_full_disk_keeps_what_is_done(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kac_prediction.dataset import rendering
    from kac_prediction.dataset.storage import stage

    monkeypatch.setattr(rendering, "_CHUNK_BYTES", 2 * 400 * 8)
    original = stage.ArrayWriter.append

    def full(self: stage.ArrayWriter, rows: Any) -> None:
        if self._file.tell() > 10000:
            raise OSError(28, "No space left on device")
        original(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(stage.ArrayWriter, "append", full)
        with pytest.raises(OSError, match="No space left"):
            generateDataset(Click, SETTINGS, str(tmp_path / "a"), 8, seed=1)
    generateDataset(Click, SETTINGS, str(tmp_path / "a"), 8, seed=1)
    generateDataset(Click, SETTINGS, str(tmp_path / "b"), 8, seed=1)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
