import pytest

from kac_prediction.dataset import rendering
from kac_prediction.dataset.rendering import chunks


@pytest.mark.parametrize("start", [0, 1, 7, 10, 22])
@pytest.mark.parametrize(("group_size", "step"), [(1, 12), (5, 10), (100, 100)])
def test_chunks_cut_no_group(
    start: int, group_size: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rendering, "_CHUNK_BYTES", 12 * 8 * 400)
    cut = list(chunks(start, 123, 400, group_size))
    assert [i for part in cut for i in part] == list(range(start, 123))
    assert all(part.stop % step == 0 for part in cut[:-1])
    assert all(len(part) == step for part in cut[1:-1])


def test_there_may_be_nothing_to_cut() -> None:
    assert list(chunks(5, 5, 400, 5)) == []
