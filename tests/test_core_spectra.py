from threading import Thread

import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kac_prediction import _core


def noise(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def assert_close(value, reference, tolerance=1e-12):
    assert value.shape == reference.shape
    largest = np.abs(reference).max(initial=0.0)
    assert np.abs(value - reference).max(initial=0.0) <= tolerance * largest


def torch_power(signals, n_fft, window_length, hop_length):
    spectra = torch.stft(
        torch.from_numpy(signals),
        n_fft,
        hop_length,
        window_length,
        window=torch.hann_window(window_length, dtype=torch.float64),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    return (spectra.abs() ** 2).numpy()


def htk_filters(n_fft, n_mels, f_min, sample_rate):
    """The filters by interpolation: one triangle at a time, drawn over the bins."""
    frequencies = np.fft.rfftfreq(n_fft, 1 / sample_rate)
    mels = np.linspace(
        *(2595 * np.log10(1 + f / 700) for f in (f_min, sample_rate / 2)), n_mels + 2
    )
    corners = 700 * (10 ** (mels / 2595) - 1)
    triangles = [corners[m : m + 3] for m in range(n_mels)]
    return np.stack([np.interp(frequencies, t, [0, 1, 0], 0, 0) for t in triangles])


@st.composite
def stft_cases(draw):
    n_fft = draw(st.one_of(st.integers(2, 1100), st.sampled_from([1021, 1023, 2048, 2310, 4099])))
    window_length = draw(st.integers(1, n_fft))
    hop_length = draw(st.integers(1, 2 * n_fft))
    # Few frames: torch's side is slow.
    extra = draw(st.integers(1, min(12 * hop_length, 10_000)))
    return n_fft, window_length, hop_length, n_fft // 2 + extra


class TestRfft:
    @given(
        length=st.one_of(st.integers(1, 1100), st.sampled_from([2048, 4099, 10_007, 30_030])),
        count=st.integers(0, 5),
    )
    @example(length=1, count=1)
    @example(length=67 * 61, count=3)
    @settings(max_examples=150, deadline=None, derandomize=True)
    def test_agrees_with_numpy(self, length, count):
        signals = noise(count, length, seed=length)
        assert_close(_core.rfft(signals), np.fft.rfft(signals), 1e-13)

    @pytest.mark.parametrize("length", [1, 2, 9, 64, 67, 480])
    def test_parseval(self, length):
        signals = noise(4, length)
        energy = np.abs(_core.rfft(signals)) ** 2
        # Bins that have a mirror image count twice.
        energy[:, 1 : (length + 1) // 2] *= 2
        assert_close(energy.sum(axis=1) / length, (signals**2).sum(axis=1))

    @pytest.mark.parametrize("length", [8, 30, 67, 501])
    def test_is_linear_and_turns_with_a_shift(self, length):
        a, b = noise(2, 1, length)
        assert_close(_core.rfft(2 * a - 3 * b), 2 * _core.rfft(a) - 3 * _core.rfft(b))
        turned = _core.rfft(a) * np.exp(-2j * np.pi * np.arange(length // 2 + 1) * 3 / length)
        assert_close(_core.rfft(np.roll(a, 3, axis=1)), turned)

    def test_batches_and_threads_do_not_change_a_bit(self):
        signals = noise(101, 134)
        result = _core.rfft(signals, threads=1)
        for threads in (2, 7):
            np.testing.assert_array_equal(_core.rfft(signals, threads=threads), result)
        singles = np.concatenate([_core.rfft(row[None]) for row in signals])
        np.testing.assert_array_equal(singles, result)

    def test_takes_whatever_converts(self):
        np.testing.assert_array_equal(_core.rfft([[1, 2, 3]]), _core.rfft(np.array([[1.0, 2, 3]])))
        strided = noise(6, 20)[::2, ::-1]
        np.testing.assert_array_equal(_core.rfft(strided), _core.rfft(strided.copy()))

    def test_refuses_what_has_no_spectrum(self):
        with pytest.raises(ValueError, match="at least 1"):
            _core.rfft(np.zeros((2, 0)))
        with pytest.raises(ValueError, match="2 dimension"):
            _core.rfft(np.zeros(4))
        signals = noise(70, 5)
        signals[69, 3] = np.nan
        with pytest.raises(ValueError, match="sample 3 of signal 69 is nan"):
            _core.rfft(signals)


class TestSpectrogram:
    @given(case=stft_cases(), count=st.integers(1, 3))
    @example(case=(2, 1, 1, 2), count=1)
    @example(case=(3, 3, 7, 2), count=2)
    @example(case=(512, 400, 1024, 257), count=1)
    @settings(max_examples=100, deadline=None, derandomize=True)
    def test_agrees_with_torch(self, case, count):
        *sizes, length = case
        signals = noise(count, length, seed=length)
        plan = _core.Spectrogram(*sizes)
        power = plan.power(signals)
        assert power.shape == (count, plan.bins, plan.frames(length))
        assert_close(power, torch_power(signals, *sizes))

    def test_agrees_with_scipy(self):
        signal = noise(3000)
        window = scipy.signal.get_window("hann", 300, fftbins=True)
        stft = scipy.signal.ShortTimeFFT(window, hop=100, fs=1.0, fft_mode="onesided")
        # Frame p is centred on sample 100 p; these do not reach beyond the signal's ends.
        reference = np.abs(stft.stft(signal, p0=2, p1=29)) ** 2
        power = _core.Spectrogram(300, 300, 100).power(signal[None])[0]
        assert_close(power[:, 2:29], reference)

    def test_a_pure_tone_stands_in_its_bin_and_the_window_s_neighbours(self):
        n_fft, bin_ = 128, 20
        tone = np.cos(2 * np.pi * bin_ / n_fft * np.arange(1000))
        # Away from the ends, where the reflection bends the tone.
        frames = _core.Spectrogram(n_fft, n_fft, 32).power(tone[None])[0][:, 4:-4]
        assert_close(frames[bin_], np.full(frames.shape[1], (n_fft / 4) ** 2))
        assert_close(frames[bin_ - 1], np.full(frames.shape[1], (n_fft / 8) ** 2))
        assert_close(frames[bin_ + 1], np.full(frames.shape[1], (n_fft / 8) ** 2))
        others = np.delete(frames, [bin_ - 1, bin_, bin_ + 1], axis=0)
        assert np.abs(others).max() < 1e-20 * n_fft**2

    def test_the_alternating_signal_stands_in_the_last_bin(self):
        signal = (-1.0) ** np.arange(301)
        power = _core.Spectrogram(64, 64, 16).power(signal[None])[0]
        assert_close(power[32], np.full(power.shape[1], 32.0**2))
        assert np.abs(power[:31]).max() < 1e-20

    def test_an_impulse_is_flat(self):
        signal = np.zeros((1, 200))
        signal[0, 100] = 1.0
        power = _core.Spectrogram(50, 50, 10).power(signal)[0]
        # Frame 10 is centred on the impulse, under the top of the window.
        assert_close(power[:, 10], np.ones(26))

    def test_parseval_frame_by_frame(self):
        n_fft, hop = 96, 31
        signal = noise(1, 700)
        power = _core.Spectrogram(n_fft, n_fft, hop).power(signal)[0]
        power[1:-1] *= 2
        padded = np.pad(signal[0], n_fft // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
        window = scipy.signal.get_window("hann", n_fft)
        assert_close(power.sum(axis=0) / n_fft, ((frames * window) ** 2).sum(axis=1))

    @pytest.mark.parametrize("value", [0.0, 5e-324, 1e-308])
    def test_silence_and_the_smallest_numbers(self, value):
        power = _core.Spectrogram(32, 32, 8).power(np.full((2, 100), value))
        np.testing.assert_array_equal(power, np.zeros_like(power))

    def test_one_sample(self):
        np.testing.assert_array_equal(_core.Spectrogram(1, 1, 1).power([[3.0]]), [[[9.0]]])

    def test_an_empty_batch(self):
        assert _core.Spectrogram(8, 8, 4).power(np.zeros((0, 100))).shape == (0, 5, 26)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((0, 1, 1), "n_fft"),
            ((-8, 1, 1), "n_fft .*-8"),
            ((8, 0, 1), "window_length"),
            ((8, 9, 1), "window_length .*8, got 9"),
            ((8, 8, 0), "hop_length"),
            ((8, 8, -1), "hop_length .*-1"),
        ],
    )
    def test_refuses_bad_settings(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            _core.Spectrogram(*arguments)

    def test_refuses_bad_signals(self):
        plan = _core.Spectrogram(8, 8, 4)
        with pytest.raises(ValueError, match=r"4 samples .*n_fft = 8.* 5 samples"):
            plan.power(np.zeros((1, 4)))
        with pytest.raises(ValueError, match="0 samples"):
            plan.frames(0)
        with pytest.raises(ValueError, match="2 dimension"):
            plan.power(np.zeros(9))
        with pytest.raises(ValueError, match="length must not be negative"):
            plan.frames(-1)


class TestMelSpectrogram:
    @given(
        n_fft=st.integers(2, 1100),
        n_mels=st.integers(1, 80),
        sample_rate=st.sampled_from([8000.0, 44_100.0, 48_000.0]),
        f_min=st.floats(0, 3900),
    )
    @settings(max_examples=60, deadline=None, derandomize=True)
    def test_filters_agree_with_interpolation(self, n_fft, n_mels, sample_rate, f_min):
        plan = _core.MelSpectrogram(n_fft, n_fft, 1, n_mels, f_min, sample_rate)
        reference = htk_filters(n_fft, n_mels, f_min, sample_rate)
        np.testing.assert_allclose(plan.filters, reference, rtol=0, atol=1e-9)

    def test_is_the_power_spectrogram_through_the_filters(self):
        signals = noise(3, 5000)
        plan = _core.MelSpectrogram(512, 400, 160, 32, 22.05, 48_000.0)
        power = _core.Spectrogram(512, 400, 160).power(signals)
        assert plan.filters.shape == (32, 257)
        assert plan.frames(5000) == power.shape[2]
        assert_close(plan.power(signals), plan.filters @ power)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((8, 8, 4, 0, 0.0, 100.0), "n_mels"),
            ((8, 8, 4, 3, -1.0, 100.0), "f_min .*-1"),
            ((8, 8, 4, 3, 50.0, 100.0), "f_min .*50"),
            ((8, 8, 4, 3, np.nan, 100.0), "f_min .*nan"),
            ((8, 8, 4, 3, 0.0, 0.0), "sample_rate"),
            ((8, 8, 4, 3, 0.0, np.inf), "sample_rate"),
            ((8, 9, 4, 3, 0.0, 100.0), "window_length"),
        ],
    )
    def test_refuses_bad_settings(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            _core.MelSpectrogram(*arguments)


@pytest.fixture(
    params=[
        lambda: _core.Spectrogram(64, 60, 5),
        lambda: _core.Spectrogram(67, 67, 9),
        lambda: _core.MelSpectrogram(64, 64, 5, 9, 20.0, 48_000.0),
    ],
    ids=["fft", "prime", "mel"],
)
def plan(request):
    return request.param()


def test_batches_and_threads_do_not_change_a_bit(plan):
    signals = noise(11, 1501)
    result = plan.power(signals, threads=1)
    for threads in (0, 2, 7):
        np.testing.assert_array_equal(plan.power(signals, threads=threads), result)
    singles = np.concatenate([plan.power(row[None]) for row in signals])
    np.testing.assert_array_equal(singles, result)


def test_a_long_signal_is_split_without_a_seam(plan):
    signal = noise(1, 20_000)
    one, many = plan.power(signal, threads=1), plan.power(signal, threads=7)
    np.testing.assert_array_equal(one, many)


def test_a_plan_is_shared_between_threads(plan):
    signals = noise(4, 1, 3000)
    expected = [plan.power(signal) for signal in signals]
    results = [None] * 4

    def work(i):
        for _ in range(20):
            results[i] = plan.power(signals[i], threads=1)

    team = [Thread(target=work, args=(i,)) for i in range(4)]
    for thread in team:
        thread.start()
    for thread in team:
        thread.join()
    np.testing.assert_array_equal(results, expected)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_first_sample_that_is_not_finite_is_named(plan, value):
    signals = noise(9, 2000)
    signals[3:, 1234] = value
    signals[8, 0] = np.nan
    with pytest.raises(ValueError, match=f"sample 1234 of signal 3 is {value}"):
        plan.power(signals)
