"""Generations in small chunks: cut, shared and interrupted anywhere, the bytes are the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kac_prediction import _core
from kac_prediction.dataset import DatasetError, generateDataset, loadDataset, rendering
from kac_prediction.dataset.storage import Transaction
from kac_prediction.samplers import BesselModel
from samplers_of_users import Click

SETTINGS = {"duration": 0.05, "sample_rate": 8000}
MEL: Any = {"output_type": "mel", "n_bins": 64, "window_length": 64, "hop_length": 32, "n_mels": 8}
Digest = Callable[[Path], dict[str, str]]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two samples a chunk, so that a handful of samples makes several."""
    monkeypatch.setattr(rendering, "_CHUNK_BYTES", 2 * 400 * 8)


@pytest.mark.parametrize("shard_size", [None, 1, 3])
@pytest.mark.parametrize("chunk", [1, 2, 100])
@pytest.mark.parametrize(
    ("Sampler", "workers"), [(Click, 2), *((BesselModel, n) for n in (1, 2, 7))]
)
def test_neither_workers_nor_chunks_nor_shards_change_a_byte(
    tmp_path: Path,
    digest: Digest,
    monkeypatch: pytest.MonkeyPatch,
    Sampler: Any,
    workers: int,
    chunk: int,
    shard_size: int | None,
) -> None:
    generateDataset(Sampler, SETTINGS, str(tmp_path / "a"), 7, MEL, seed=1)
    monkeypatch.setattr(rendering, "_CHUNK_BYTES", chunk * 400 * 8)
    path = str(tmp_path / "b")
    generateDataset(Sampler, SETTINGS, path, 7, MEL, 1, workers, shard_size=shard_size)
    a, b = digest(tmp_path / "a"), digest(tmp_path / "b")
    assert {Path(name).name: sum for name, sum in a.items() if name != "metadata.json"} == {
        Path(name).name: sum for name, sum in b.items() if name != "metadata.json"
    }
    assert shard_size is not None or a == b


def test_who_stops_it_is_told_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Transaction, "write_sounds", stop)
    with pytest.raises(KeyboardInterrupt) as error:
        generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)
    assert "to go on" in error.value.__notes__[0]


def test_what_was_begun_with_other_arguments_is_not_given_up_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", None)
        with pytest.raises(TypeError):
            generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=4)
    with pytest.raises(FileExistsError, match=r"3 samples of an unfinished .*dataset_size: 3"):
        generateDataset(Click, SETTINGS, str(tmp_path), 2, seed=4, overwrite=False)
    assert len(list((tmp_path / ".generating").glob("*.wav"))) == 3
    generateDataset(Click, SETTINGS, str(tmp_path), 2, seed=4)
    assert "3 samples of an unfinished dataset are given up" in caplog.text


@pytest.mark.parametrize(
    ("point", "after"),
    [("write_sounds", 0), ("write_sounds", 1), ("write_sounds", 2), ("commit", 0)],
)
def test_an_interrupted_generation_goes_on(
    tmp_path: Path, digest: Digest, monkeypatch: pytest.MonkeyPatch, point: str, after: int
) -> None:
    generateDataset(Click, SETTINGS, str(tmp_path / "whole"), 8, MEL, seed=2)
    directory = str(tmp_path / "broken")
    original = getattr(Transaction, point)
    calls = 0

    def fail(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise KeyboardInterrupt
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, point, fail)
        with pytest.raises(KeyboardInterrupt):
            generateDataset(Click, SETTINGS, directory, 8, MEL, seed=2)
    with pytest.raises(FileNotFoundError, match="interrupted"):
        loadDataset(directory)
    rendered: list[int] = []
    render = Click.render

    def count(self: Click, indices: Any) -> Any:
        rendered.extend(indices)
        return render(self, indices)

    monkeypatch.setattr(rendering.AudioSampler, "render", count)
    generateDataset(Click, SETTINGS, directory, 8, MEL)
    observed = [0, 1, 2, 2, 1, 0]  # whether they depend on each other, before the work
    assert rendered == observed + ([] if point == "commit" else list(range(2 * after, 8)))
    assert digest(tmp_path / "whole") == digest(tmp_path / "broken")


def test_a_generation_begun_with_another_instruction_set_is_not_mixed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_core, "instruction_set", lambda: "abacus")
        patch.setattr(Transaction, "commit", None)
        with pytest.raises(TypeError):
            generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=1)
    with pytest.raises(DatasetError, match="abacus"):
        generateDataset(Click, SETTINGS, str(tmp_path), 3, seed=1)
