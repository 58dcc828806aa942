"""Spectrograms of signals that are normalised on the way, in the cache."""

import numpy as np
import pytest

from kac_prediction import _core

TYPES = {"double": np.float64, "single": np.float32}


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape)


@pytest.fixture(params=TYPES)
def precision(request):
    return request.param


@pytest.mark.parametrize("length", [70, 700, 7000])
@pytest.mark.parametrize("count", [0, 1, 3, 9, 100])
def test_has_the_bits_of_two_steps(count, length, precision):
    signals = 3 + noise(count, length)
    plan = _core.Spectrogram(64, 60, 20, precision=precision)
    expected = plan.transform(_core.normalise(signals, precision))
    for threads in (0, 1, 2, 7):
        values = plan.transform(signals, threads, normalise=True)
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("threads", [1, 8])
def test_names_what_cannot_be_normalised(threads, precision):
    plan = _core.Spectrogram(8, 8, 4, precision=precision)
    signals = noise(5, 100)
    signals[3, :2] = np.finfo(TYPES[precision]).max * np.array([1, -1])
    with pytest.raises(ValueError, match="signal 3 lie too far apart"):
        plan.transform(signals, threads, normalise=True)
    signals[4, 7] = np.inf
    with pytest.raises(ValueError, match="sample 7 of signal 4 is inf"):
        plan.transform(signals, threads, normalise=True)
