import numpy as np
import pytest

from kac_prediction.dataset.sampler import GROUP, SAMPLE, IndexedGenerator, fresh_seed
from samplers_of_users import Click


def draw(seed: int, stream: int, index: int, revision: int = 0) -> tuple[float, ...]:
    numbers = IndexedGenerator(seed, stream)
    numbers.seek(index, revision)
    return tuple(numbers.generator.random(4))


def test_numbers_are_those_of_philox_at_the_documented_counter() -> None:
    key = np.random.SeedSequence(7).generate_state(2, np.uint64)
    oracle = np.random.Generator(np.random.Philox(key=key, counter=[0, 5, 2, GROUP]))
    assert draw(7, GROUP, 5, 2) == tuple(oracle.random(4))


def test_seeking_forgets_what_was_drawn_before() -> None:
    numbers = IndexedGenerator(3, SAMPLE)
    numbers.seek(9, 0)
    first = numbers.generator.random(5)
    numbers.seek(4, 1)
    numbers.generator.random(3, dtype=np.float32)  # leaves half of a 64-bit word behind
    numbers.generator.integers(10, dtype=np.uint32)
    numbers.seek(9, 0)
    np.testing.assert_array_equal(numbers.generator.random(5), first)


def test_every_part_of_the_address_matters() -> None:
    addresses = [(1, SAMPLE, 0, 0), (2, SAMPLE, 0, 0), (1, GROUP, 0, 0), (1, SAMPLE, 1, 0)]
    drawn = {draw(*address) for address in [*addresses, (1, SAMPLE, 0, 1), (1, SAMPLE, 2**40, 0)]}
    assert len(drawn) == 6


def test_numbers_of_neighbours_are_independent() -> None:
    x = np.array([draw(11, SAMPLE, i) for i in range(4000)])
    correlation = np.corrcoef(np.column_stack([x[:-1], x[1:]]).T) - np.eye(8)
    assert np.abs(correlation).max() < 0.06
    np.testing.assert_allclose(x.mean(axis=0), 0.5, atol=0.02)


def test_seeds() -> None:
    assert fresh_seed() != fresh_seed()
    sampler = Click(0.01, 8000)
    for seed in (np.int64(5), 2**64 - 1):
        sampler.seed(seed)
    for seed in (-1, 2**64):
        with pytest.raises(ValueError, match="seed"):
            sampler.seed(seed)
    for wrong in (1.0, "1", True, None):
        with pytest.raises(TypeError, match="seed"):
            sampler.seed(wrong)  # type: ignore[arg-type]
