import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from kac_prediction.pipeline.training.batches import split_groups
from kac_prediction.pipeline.training.options import check_fractions


def test_groups_of_one_are_split_exactly() -> None:
    parts = split_groups(torch.arange(200), (0.7, 0.15, 0.15))
    assert [len(part) for part in parts] == [140, 30, 30]
    assert torch.cat(parts).sort().values.equal(torch.arange(200))


def test_drums_struck_five_times_are_split_exactly() -> None:
    parts = split_groups(torch.arange(200) // 5, (0.7, 0.15, 0.15))
    assert [len(part) for part in parts] == [140, 30, 30]


@given(
    sizes=st.lists(st.integers(1, 7), min_size=3, max_size=40),
    cuts=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 2**32),
)
def test_parts_are_disjoint_whole_and_near_the_fractions(
    sizes: list[int], cuts: tuple[int, int, int], seed: int
) -> None:
    groups = torch.repeat_interleave(torch.arange(len(sizes)) * 3, torch.tensor(sizes))
    groups = groups[torch.randperm(len(groups), generator=torch.Generator().manual_seed(seed))]
    fractions = [cut / sum(cuts) for cut in cuts]
    parts = split_groups(groups, fractions, seed)
    assert torch.cat(parts).sort().values.equal(torch.arange(len(groups)))
    owned = [set(groups[part].tolist()) for part in parts]
    assert all(owned)
    assert sum(map(len, owned)) == len(set(groups.tolist()))
    room = max(sizes) if min(fractions) * len(groups) > 2 * max(sizes) else len(groups)
    for part, fraction in zip(parts, fractions, strict=True):
        assert abs(len(part) - fraction * len(groups)) <= room


def test_the_seed_alone_decides() -> None:
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = split_groups(torch.arange(50), (0.6, 0.2, 0.2), seed=3)
    torch.rand(5)
    again = split_groups(torch.arange(50), (0.6, 0.2, 0.2), seed=3)
    other = split_groups(torch.arange(50), (0.6, 0.2, 0.2), seed=4)
    torch.set_rng_state(state)
    split_groups(torch.arange(50), (0.6, 0.2, 0.2))
    assert torch.get_rng_state().equal(state)
    assert all(a.equal(b) for a, b in zip(first, again, strict=True))
    assert not first[0].equal(other[0])


@pytest.mark.parametrize(
    ("fractions", "sizes"),
    [
        ((1, 0, 0), [10, 0, 0]),
        ((0.5, 0, 0.5), [5, 0, 5]),
        ((0.5, 0.5, 0), [5, 5, 0]),
        ((0.98, 0.01, 0.01), [8, 1, 1]),
        ((0.01, 0.01, 0.98), [1, 1, 8]),
    ],
)
def test_a_part_is_empty_only_when_asked(
    fractions: tuple[float, float, float], sizes: list[int]
) -> None:
    assert [len(part) for part in split_groups(torch.arange(10), fractions)] == sizes


@pytest.mark.parametrize("groups", [torch.zeros(10), torch.arange(2), torch.arange(0)])
def test_too_few_drums_are_counted(groups: torch.Tensor) -> None:
    found = len(set(groups.tolist()))
    with pytest.raises(ValueError, match=rf"at least 3 groups .* has {found}"):
        split_groups(groups, (0.7, 0.15, 0.15))


@pytest.mark.parametrize(
    "fractions",
    [(0.5, 0.5), (0.5, 0.6, -0.1), (0, 0.5, 0.5), (0.7, 0.2, 0.2), (float("nan"), 0.5, 0.5)],
)
def test_fractions_that_are_none(fractions: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"sum to 1|finite number, got nan"):
        check_fractions("dataset_split", fractions)
