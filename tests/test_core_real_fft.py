import numpy as np
import pytest
import scipy.fft
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kac_prediction import _core
from reference import WIDE, noise, spectra

#: What a bin may be off, in parts of the largest.
TOLERANCES = {"double": 1e-13, "single": 1e-6}
TYPES = {"double": np.float64, "single": np.float32}


def assert_close(value, reference, tolerance=1e-13):
    """Equality relative to the largest bin of all."""
    assert value.shape == reference.shape
    largest = np.abs(reference).max(initial=0.0)
    assert np.abs(value - reference).max(initial=0.0) <= tolerance * largest


def rfft(signals, precision="double", threads=0):
    signals = np.asarray(signals)
    return _core.RealFft(signals.shape[-1], precision).forward(signals, threads)


@pytest.fixture(params=TOLERANCES)
def precision(request):
    return request.param


@given(
    length=st.one_of(st.integers(1, 4099), st.sampled_from([10_007, 30_030, 65_536])),
    count=st.integers(0, 5),
)
@example(length=1, count=1)
@example(length=67 * 61, count=3)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_agrees_with_numpy_and_scipy(length, count):
    signals = noise(count, length, seed=length)
    bins = rfft(signals)
    assert bins.dtype == np.complex128
    assert_close(bins, np.fft.rfft(signals))
    if count:
        assert_close(bins, scipy.fft.rfft(signals))


@given(length=st.integers(1, 4099), count=st.integers(1, 3))
@settings(max_examples=80, deadline=None, derandomize=True)
def test_single_precision_agrees_with_double(length, count):
    signals = noise(count, length, seed=length).astype(np.float32)
    bins = rfft(signals, "single")
    assert bins.dtype == np.complex64
    assert_close(bins, rfft(signals), 1e-6)


@pytest.mark.skipif(not WIDE, reason="long double is no wider than double")
@pytest.mark.parametrize("length", [480, 512, 1000, 1021, 1023, 1024, 2048, 4096, 4099])
def test_error_against_long_double(length):
    signals = noise(2, length, seed=length).astype(np.float32)
    reference = spectra(signals)
    for precision, tolerance in TOLERANCES.items():
        for value, exact in zip(rfft(signals, precision), reference, strict=True):
            assert_close(value, exact, tolerance)


@pytest.mark.parametrize("length", [1, 2, 9, 64, 67, 480, 1023])
def test_parseval(length, precision):
    signals = noise(4, length)
    energy = np.abs(rfft(signals, precision).astype(np.complex128)) ** 2
    # Bins that have a mirror image count twice.
    energy[:, 1 : (length + 1) // 2] *= 2
    assert_close(energy.sum(axis=1) / length, (signals**2).sum(axis=1), TOLERANCES[precision])


@pytest.mark.parametrize("length", [8, 30, 67, 501, 1024])
def test_is_linear_and_turns_with_a_shift(length, precision):
    forward = _core.RealFft(length, precision).forward
    tolerance = 5 * TOLERANCES[precision]
    a, b = noise(2, 1, length)
    assert_close(forward(2 * a - 3 * b), 2 * forward(a) - 3 * forward(b), tolerance)
    turned = forward(a) * np.exp(-2j * np.pi * np.arange(length // 2 + 1) * 3 / length)
    assert_close(forward(np.roll(a, 3, axis=1)), turned, tolerance)


@pytest.mark.parametrize("length", [1, 2, 48, 67, 512, 751])
def test_impulses_and_tones(length, precision):
    tolerance = TOLERANCES[precision]
    turns = np.outer(np.arange(length), np.arange(length // 2 + 1)) % length / length
    assert_close(rfft(np.eye(length), precision), np.exp(-2j * np.pi * turns), tolerance)
    bins = rfft(np.cos(2 * np.pi * turns.T), precision)
    own = np.isin(np.arange(length // 2 + 1) * 2, [0, length])
    assert_close(bins, np.diag(np.where(own, length, length / 2)), tolerance)


@pytest.mark.parametrize("length", [1021, 4067, 4087, 4099])
def test_impulses_by_bluesteins_algorithm(length, precision):
    at = np.linspace(0, length - 1, 60).astype(int)
    signals = np.zeros((60, length))
    signals[np.arange(60), at] = 1
    turns = np.outer(at, np.arange(length // 2 + 1)) % length / length
    assert_close(rfft(signals, precision), np.exp(-2j * np.pi * turns), TOLERANCES[precision])


def test_silence_denormals_and_powers_of_two(precision):
    for length in (1, 7, 64, 67, 480):
        zeros = rfft(np.zeros((2, length)), precision)
        np.testing.assert_array_equal(zeros, np.zeros_like(zeros))
    signals = noise(3, 480).astype(np.float32)
    bins = rfft(signals, precision)
    for scale in (2.0**-30, 2.0**60):
        np.testing.assert_array_equal(rfft(signals * scale, precision), bins * scale)
    least = np.finfo(TYPES[precision]).smallest_subnormal
    steps = np.round(16 * noise(5, 8))  # small integers times the smallest number of all
    parts = rfft(steps * np.float64(least), precision).view(TYPES[precision])
    assert np.abs(parts / least - np.fft.rfft(steps).view(np.float64)).max() <= 8


def test_batches_and_threads_do_not_change_a_bit(precision):
    for count, length in ((101, 134), (1000, 9), (3, 1021), (40, 512)):
        signals = noise(count, length)
        result = rfft(signals, precision, threads=1)
        for threads in (0, 2, 7):
            np.testing.assert_array_equal(rfft(signals, precision, threads), result)
        singles = np.concatenate([rfft(row[None], precision) for row in signals])
        np.testing.assert_array_equal(singles, result)


def test_takes_whatever_converts():
    np.testing.assert_array_equal(rfft([[1, 2, 3]]), rfft(np.array([[1.0, 2, 3]])))
    strided = noise(6, 20)[::2, ::-1]
    np.testing.assert_array_equal(rfft(strided), rfft(strided.copy()))


def test_refuses_what_has_no_spectrum(precision):
    with pytest.raises(ValueError, match="at least 1"):
        rfft(np.zeros((2, 0)), precision)
    with pytest.raises(ValueError, match="2 dimension"):
        _core.RealFft(4, precision).forward(np.zeros(4))
    with pytest.raises(ValueError, match="length 4, got 5"):
        _core.RealFft(4, precision).forward(np.zeros((1, 5)))
    signals = noise(70, 5)
    signals[69, 3] = np.nan
    with pytest.raises(ValueError, match="sample 3 of signal 69 is nan"):
        rfft(signals, precision)


def test_refuses_other_precisions():
    with pytest.raises(ValueError, match=r"precision .*double.*single.*half"):
        rfft(np.zeros((1, 4)), "half")
