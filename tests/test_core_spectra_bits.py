"""Spectra have the same bits for every team of threads, batch and instruction set."""

import os
import subprocess
import sys
from threading import Thread

import numpy as np
import pytest

from kac_prediction import _core

DIGESTS = """
import hashlib
import numpy as np
from kac_prediction import _core

def show(values):
    print(hashlib.sha256(values.tobytes()).hexdigest())

print(_core.instruction_set())
signals = np.random.default_rng(3).normal(size=(9, 4500))
for precision in ("double", "single"):
    for length in (1, 7, 64, 67, 480, 1000, 1021, 1023, 4096):
        show(_core.RealFft(length, precision).forward(signals[:, :length]))
    for sizes in ((512, 512, 256), (480, 401, 77), (1021, 1000, 500)):
        filters = _core.MelFilters(sizes[0], 20, 22.05, 20_000, 48_000, "slaney", "area")
        for choices in (
            {}, {"power": 1}, {"filters": filters}, {"floor": 7.5},
            {"filters": filters, "power": 1, "floor": -30},
        ):
            show(_core.Spectrogram(*sizes, precision=precision, **choices).transform(signals))
"""


def run(instruction_set):
    finished = subprocess.run(
        [sys.executable, "-c", DIGESTS],
        env=os.environ | {"KAC_ISA": instruction_set},
        capture_output=True,
        text=True,
        check=True,
    )
    return finished.stdout.split()


def noise(*shape):
    return np.random.default_rng(0).standard_normal(shape)


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

    team = [Thread(target=work, args=(i,)) for i in range(4)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    np.testing.assert_array_equal(results, expected)


def test_every_instruction_set_makes_the_same():
    names = _core.instruction_sets()
    printed = [run(name) for name in names]
    assert [lines[0] for lines in printed] == names
    assert len(printed[0]) == 1 + 2 * (9 + 3 * 5)
    assert all(lines[1:] == printed[0][1:] for lines in printed)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_sample_that_is_not_finite_is_named(plan, value):
    signals = noise(9, 2000)
    signals[3:, 1234] = value
    signals[8, 0] = np.nan
    with pytest.raises(ValueError, match=f"sample 1234 of signal 3 is {value}"):
        plan.transform(signals)
