"""Spectrograms keep their bits whatever the threads and the batch, also normalised on the way."""

from threading import Thread

import numpy as np
import pytest

from kac_prediction import _core
from reference import noise

TYPES = {"double": np.float64, "single": np.float32}


@pytest.fixture(
    params=[
        ((64, 60, 5), {}),
        ((67, 67, 9), {"power": 1}),
        ((64, 64, 5), {"filters": _core.MelFilters(64, 9, 20, 24_000, 48_000)}),
        ((480, 400, 100), {"floor": -20.0}),
        ((64, 60, 5), {"precision": "single"}),
        ((61, 60, 5), {"precision": "single", "power": 1, "floor": -3.0}),
    ],
    ids=["power", "prime", "mel", "decibels", "single", "prime-single"],
)
def plan(request):
    sizes, choices = request.param
    return _core.Spectrogram(*sizes, **choices)


def test_batches_and_threads_do_not_change_a_bit(plan):
    signals = noise(11, 1501)
    result = plan.transform(signals, threads=1)
    for threads in (0, 2, 7):
        np.testing.assert_array_equal(plan.transform(signals, threads=threads), result)
    singles = np.concatenate([plan.transform(row[None]) for row in signals])
    np.testing.assert_array_equal(singles, result)


@pytest.mark.parametrize("length", [260, 277, 1000])
def test_many_signals_of_few_frames(plan, length):
    signals = noise(300, length)
    result = plan.transform(signals, threads=1)
    np.testing.assert_array_equal(plan.transform(signals, threads=7), result)
    singles = np.concatenate([plan.transform(row[None]) for row in signals])
    np.testing.assert_array_equal(singles, result)


def test_a_long_signal_is_split_without_a_seam(plan):
    signal = noise(1, 30_000)
    one, many = plan.transform(signal, threads=1), plan.transform(signal, threads=7)
    np.testing.assert_array_equal(one, many)


def test_a_plan_is_shared_between_threads(plan):
    signals = noise(4, 1, 3000)
    expected = [plan.transform(signal) for signal in signals]
    results = [None] * 4

    def work(i):
        for _ in range(20):
            results[i] = plan.transform(signals[i], threads=1)

    workers = [Thread(target=work, args=(i,)) for i in range(4)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    np.testing.assert_array_equal(results, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_sample_that_is_not_finite_is_named(plan, value):
    signals = noise(9, 2000)
    signals[3:, 1234] = value
    signals[8, 0] = np.nan
    with pytest.raises(ValueError, match=f"sample 1234 of signal 3 is {value}"):
        plan.transform(signals)


@pytest.fixture(params=TYPES)
def precision(request):
    return request.param


@pytest.mark.parametrize("length", [70, 700, 7000])
@pytest.mark.parametrize("count", [0, 1, 3, 9, 100])
def test_normalising_on_the_way_has_the_bits_of_two_steps(count, length, precision):
    signals = 3 + noise(count, length)
    plan = _core.Spectrogram(64, 60, 20, precision=precision)
    expected = plan.transform(_core.normalise(signals, precision))
    for threads in (0, 1, 2, 7):
        values = plan.transform(signals, threads, normalise=True)
        np.testing.assert_array_equal(values, expected)


@pytest.mark.parametrize("threads", [1, 8])
def test_what_cannot_be_normalised_is_named(threads, precision):
    plan = _core.Spectrogram(8, 8, 4, precision=precision)
    signals = noise(5, 100)
    signals[3, :2] = np.finfo(TYPES[precision]).max * np.array([1, -1])
    with pytest.raises(ValueError, match="signal 3 lie too far apart"):
        plan.transform(signals, threads, normalise=True)
    signals[4, 7] = np.inf
    with pytest.raises(ValueError, match="sample 7 of signal 4 is inf"):
        plan.transform(signals, threads, normalise=True)
