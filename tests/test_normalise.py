import numpy as np
import pytest

from kac_prediction import _core
from kac_prediction.dataset import InputRepresentation


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def normalised(sounds):
    """The definition, by NumPy."""
    low, high = sounds.min(axis=-1, keepdims=True), sounds.max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        result = (sounds - low) / (high - low) * 2 - 1
    return np.where(high == low, 0, result).astype(sounds.dtype)


@pytest.mark.parametrize("precision", ["double", "single"])
@pytest.mark.parametrize("length", [1, 2, 3, 63, 64, 65, 1000, 8191, 8192, 8193, 50_000])
def test_to_the_last_bit(length, precision):
    sounds = noise(3, length, seed=length).astype("f8" if precision == "double" else "f4")
    sounds[1] *= 1e-30
    sounds[2] = np.round(sounds[2])
    for threads in (1, 2, 5):
        result = _core.normalise(sounds, precision, threads)
        assert result.dtype == sounds.dtype
        assert result.tobytes() == normalised(sounds).tobytes()


def test_the_ends_become_minus_one_and_one():
    sounds = noise(5, 3, 1000) * 0.01 + 0.3
    result = InputRepresentation.normalise(sounds)
    np.testing.assert_array_equal(result.min(axis=-1), -np.ones((5, 3)))
    np.testing.assert_array_equal(result.max(axis=-1), np.ones((5, 3)))
    low, high = sounds.min(-1, keepdims=True), sounds.max(-1, keepdims=True)
    np.testing.assert_allclose(result, (2 * sounds - low - high) / (high - low), atol=1e-13)


def test_again_changes_nothing_much():
    once = InputRepresentation.normalise(noise(100))
    np.testing.assert_allclose(InputRepresentation.normalise(once), once, atol=1e-15)


@pytest.mark.parametrize("value", [0.0, 0.7, -1e300, 5e-324])
def test_a_constant_becomes_silence(value):
    np.testing.assert_array_equal(
        InputRepresentation.normalise(np.full((2, 8), value)), np.zeros((2, 8))
    )


def test_the_smallest_and_the_largest_numbers():
    np.testing.assert_array_equal(InputRepresentation.normalise([0.0, 5e-324]), [-1.0, 1.0])
    np.testing.assert_array_equal(InputRepresentation.normalise([0.0, 1.7e308]), [-1.0, 1.0])
    with pytest.raises(ValueError, match="too far apart"):
        InputRepresentation.normalise([-1.7e308, 1.7e308])


def test_leaves_its_argument_alone():
    sounds = noise(10)
    before = sounds.copy()
    InputRepresentation.normalise(sounds)
    np.testing.assert_array_equal(sounds, before)


def test_single_precision_has_its_own_largest_numbers():
    with pytest.raises(ValueError, match="signal 1 lie too far apart for float32"):
        _core.normalise([[0, 3e38], [-3e38, 3e38]], "single")


def test_zeros_of_both_signs_are_a_constant():
    assert not np.signbit(InputRepresentation.normalise([-0.0, 0.0, -0.0])).any()


@pytest.mark.parametrize("signals", [np.zeros(3), np.zeros((2, 3, 4)), np.zeros((2, 0))])
def test_the_core_takes_rows_of_samples(signals):
    with pytest.raises(ValueError, match=r"dimension|0 samples"):
        _core.normalise(signals)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_refuses_what_is_not_finite(value):
    sounds = noise(3, 9)
    sounds[1:, 4] = value
    with pytest.raises(ValueError, match=f"sample 4 of signal 1 is {value}"):
        InputRepresentation.normalise(sounds)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0)])
def test_refuses_what_is_empty(shape):
    with pytest.raises(ValueError, match="at least one sample"):
        InputRepresentation.normalise(np.zeros(shape))
