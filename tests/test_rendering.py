import pytest

from kac_prediction.dataset import rendering
from kac_prediction.dataset.rendering import Renderer, chunks
from kac_prediction.samplers import BesselModel

SETTINGS = {"duration": 0.05, "sample_rate": 8000}


@pytest.fixture(autouse=True)
def fourteen_samples_a_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_CHUNK_BYTES", 14 * 8 * 400)


@pytest.mark.parametrize("start", [0, 1, 7, 10, 122])
def test_chunks_end_with_whole_drums(start: int) -> None:
    cut = list(Renderer(BesselModel, SETTINGS, 0, workers=1).timed_chunks(start, 123, 400))
    assert [i for part in cut for i in part] == list(range(start, 123))
    assert all(part.stop % 5 == 0 for part in cut[:-1])
    assert len(cut[0]) <= 5
    # All that fits is taken at once where it is quick.
    assert all(len(part) == 10 for part in cut[1:-1])


def test_what_takes_long_is_cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 2))
    monkeypatch.setattr(rendering.time, "monotonic", lambda: next(clock))
    monkeypatch.setattr(rendering, "_CHUNK_SECONDS", 1.0)
    cut = list(Renderer(BesselModel, SETTINGS, 0, workers=1).timed_chunks(0, 25, 400))
    assert [len(part) for part in cut] == [5] * 5


def test_there_may_be_nothing_to_cut() -> None:
    assert list(Renderer(BesselModel, SETTINGS, 0).timed_chunks(5, 5, 400)) == []
    assert list(chunks(5, 5, 400)) == []
    assert list(chunks(3, 40, 400)) == [range(3, 17), range(17, 31), range(31, 40)]


def test_a_chunk_has_one_group_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "_CHUNK_BYTES", 8)
    assert list(chunks(0, 2, 400)) == [range(1), range(1, 2)]
