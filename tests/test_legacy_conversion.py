"""Legacy datasets are converted once and all at once, and never replaced."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from kac_prediction.dataset import (
    generateDataset,
    loadDataset,
    regenerateDataPoints,
)
from legacy_text import waves, write
from samplers_of_users import Click

Digest = Callable[[Path], dict[str, str]]


def test_a_loaded_dataset_is_not_converted_again(tmp_path: Path) -> None:
    write(tmp_path, waves())
    loadDataset(str(tmp_path))
    (tmp_path / "metadata.legacy.json").unlink()
    before = (tmp_path / "x.npy").stat().st_ino
    assert len(loadDataset(str(tmp_path))) == 5
    assert (tmp_path / "x.npy").stat().st_ino == before


def test_without_links_the_old_text_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = write(tmp_path, waves())

    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    loadDataset(str(tmp_path))
    assert (tmp_path / "metadata.legacy.json").read_bytes() == content


def test_several_load_it_at_once(tmp_path: Path) -> None:
    x = waves(40)
    content = write(tmp_path, x)
    with ThreadPoolExecutor(4) as pool:
        for dataset in pool.map(loadDataset, [str(tmp_path)] * 8):
            assert dataset.X.tolist() == x
    assert (tmp_path / "metadata.legacy.json").read_bytes() == content


def test_a_directory_that_cannot_be_written(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, waves())
    before = digest(tmp_path)
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(PermissionError, match="copy it somewhere writable"):
        loadDataset(str(tmp_path))
    assert digest(tmp_path) == before


def test_memory_does_not_grow_with_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = "[" + ", ".join(["-0.12345678901234567"] * 4000) + "]"
    content = write(tmp_path, [row] * 100, settings='{"duration": 4, "sample_rate": 1000}')
    monkeypatch.setattr("kac_prediction.dataset.legacy.tokens._BLOCK", 2**14)
    monkeypatch.setattr("kac_prediction.dataset.legacy.convert._BATCH_BYTES", 2**16)
    torch.zeros(1)  # what PyTorch sets up once is not ours
    tracemalloc.start()
    try:
        loadDataset(str(tmp_path))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(content) > 8e6
    assert peak < 1.5e6


@pytest.mark.parametrize("loaded", [False, True])
def test_it_is_never_replaced(tmp_path: Path, digest: Digest, loaded: bool) -> None:
    write(tmp_path, waves(2))
    (tmp_path / "sample_00001.wav").write_bytes(b"sound")
    if loaded:
        loadDataset(str(tmp_path))
    settings = {"duration": 0.01, "sample_rate": 800}
    for beside in ("sample_00001.wav", "sample_00002.wav", "notes.txt"):
        (tmp_path / beside).write_bytes(b"sound")
        before = digest(tmp_path)
        for overwrite in (False, True):
            with pytest.raises(FileExistsError, match=r"never replaces: open it with loadDataset"):
                generateDataset(Click, settings, str(tmp_path), 2, overwrite=overwrite)
        assert digest(tmp_path) == before


def test_what_is_drawn_anew_is_ours(tmp_path: Path) -> None:
    write(tmp_path, waves(4), sampler='{"name": "Click", "version": "1.0"}')
    after = regenerateDataPoints(loadDataset(str(tmp_path)), Click, [1])
    assert after.legacy.tolist() == [True, False, True, True]
    assert after.groups.tolist() == [0, 5, 1, 1]
    assert after.seed is not None
    assert list(after.Y[1]) == ["level", "pitch"]
    seed, sound = after.seed, after.X[1]
    again = regenerateDataPoints(after, Click, [2])
    assert again.seed == seed
    assert torch.equal(again.X[1], sound)
