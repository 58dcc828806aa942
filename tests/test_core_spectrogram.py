import numpy as np
import pytest
import scipy.signal
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kac_prediction import _core
from reference import WIDE, magnitudes, noise

#: What a magnitude may be off, in parts of the largest.
TOLERANCES = {"double": 1e-13, "single": 1e-6}
TYPES = {"double": np.float64, "single": np.float32}


def assert_close(value, reference, tolerance=1e-12):
    """Equality relative to the largest value of all."""
    assert value.shape == reference.shape
    largest = np.abs(reference).max(initial=0.0)
    assert np.abs(value - reference).max(initial=0.0) <= tolerance * largest


def power(signal, *sizes, **choices):
    """The spectrogram of one signal."""
    return _core.Spectrogram(*sizes, **choices).transform(np.asarray(signal)[None])[0]


def torch_magnitudes(signals, n_fft, window_length, hop_length):
    signals = torch.from_numpy(signals)
    spectra = torch.stft(
        signals,
        n_fft,
        hop_length,
        window_length,
        window=torch.hann_window(window_length, dtype=signals.dtype),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    return spectra.abs().numpy()


@st.composite
def stft_cases(draw):
    large = [1021, 1023, 1024, 2048, 2310, 3600, 4093, 4096, 4099]
    n_fft = draw(st.one_of(st.integers(2, 4099), st.integers(2, 70), st.sampled_from(large)))
    window_length = draw(st.one_of(st.integers(1, n_fft), st.just(n_fft)))
    hop_length = draw(st.integers(1, 2 * n_fft))
    # Few frames: torch's side is slow.
    extra = draw(st.integers(1, min(12 * hop_length, 10_000)))
    return n_fft, window_length, hop_length, n_fft // 2 + extra


class TestAgainstOthers:
    @given(case=stft_cases(), count=st.integers(1, 3), exponent=st.sampled_from([1, 2]))
    @example(case=(2, 1, 1, 2), count=1, exponent=2)
    @example(case=(3, 3, 7, 2), count=2, exponent=1)
    @example(case=(512, 400, 1024, 257), count=1, exponent=2)
    @example(case=(4099, 4000, 333, 2050), count=1, exponent=1)
    @settings(max_examples=40, deadline=None, derandomize=True)
    def test_torch(self, case, count, exponent):
        *sizes, length = case
        signals = noise(count, length, seed=length)
        plan = _core.Spectrogram(*sizes, power=exponent)
        values = plan.transform(signals)
        assert values.dtype == np.float64
        assert values.shape == (count, plan.rows, plan.frames(length))
        assert_close(values, torch_magnitudes(signals, *sizes) ** exponent)

    def test_torch_for_many_n_fft(self):
        generator = np.random.default_rng(0)
        few = generator.choice(np.arange(500, 4100), 200, replace=False)
        for n_fft in (*range(2, 500), *few.tolist()):
            window_length = generator.integers(1, n_fft + 1) if n_fft % 3 == 0 else n_fft
            sizes = n_fft, window_length, generator.integers(1, 2 * n_fft)
            signal = noise(1, n_fft // 2 + generator.integers(1, 3 * n_fft), seed=n_fft)
            exponent = 1 + n_fft % 2
            values = _core.Spectrogram(*sizes, power=exponent).transform(signal, 1)
            assert_close(values, torch_magnitudes(signal, *map(int, sizes)) ** exponent)

    @given(case=stft_cases(), count=st.integers(1, 3))
    @settings(max_examples=40, deadline=None, derandomize=True)
    def test_torch_in_single_precision(self, case, count):
        *sizes, length = case
        signals = noise(count, length, seed=length).astype(np.float32)
        values = _core.Spectrogram(*sizes, power=1, precision="single").transform(signals)
        assert values.dtype == np.float32
        assert_close(values, torch_magnitudes(signals, *sizes), 2e-6)  # torch has errors too
        assert_close(values, torch_magnitudes(signals.astype(float), *sizes), 1e-6)

    def test_scipy(self):
        signal = noise(3000)
        window = scipy.signal.get_window("hann", 300, fftbins=True)
        stft = scipy.signal.ShortTimeFFT(window, hop=100, fs=1.0, fft_mode="onesided")
        # Frame p is centred on sample 100 p; these do not reach beyond the signal's ends.
        reference = np.abs(stft.stft(signal, p0=2, p1=29)) ** 2
        assert_close(power(signal, 300, 300, 100)[:, 2:29], reference)

    @pytest.mark.filterwarnings("ignore")  # what librosa imports warns of itself
    @pytest.mark.parametrize("exponent", [1, 2])
    def test_librosa(self, exponent):
        librosa = pytest.importorskip("librosa", reason="librosa is not installed")
        signal = noise(9000)
        sizes = {"n_fft": 512, "win_length": 400, "hop_length": 160}
        mels = librosa.feature.melspectrogram(
            y=signal,
            sr=22_050,
            power=exponent,
            n_mels=40,
            fmax=8000,
            pad_mode="reflect",
            dtype=np.float64,
            **sizes,
        )
        filters = _core.MelFilters(512, 40, 0, 8000, 22_050, "slaney", "area")
        plan = _core.Spectrogram(512, 400, 160, filters, power=exponent, floor=-100)
        scale = librosa.power_to_db if exponent == 2 else librosa.amplitude_to_db
        expected = scale(mels, amin=1e-10 if exponent == 2 else 1e-5, top_db=None)
        np.testing.assert_allclose(plan.transform(signal[None])[0], expected, rtol=0, atol=1e-10)

    @pytest.mark.skipif(not WIDE, reason="long double is no wider than double")
    @pytest.mark.parametrize("n_fft", [480, 512, 1000, 1021, 1023, 1024, 2048, 4096, 4099])
    def test_error_against_long_double(self, n_fft):
        signal = noise(n_fft, seed=n_fft).astype(np.float32)
        sizes = n_fft, n_fft - n_fft // 5, n_fft // 2
        reference = magnitudes(signal, *sizes)
        for precision, tolerance in TOLERANCES.items():
            assert_close(power(signal, *sizes, power=1, precision=precision), reference, tolerance)
            squares = power(signal, *sizes, precision=precision)
            assert_close(squares, reference**2, 2 * tolerance)

    @pytest.mark.parametrize("exponent", [-307, -300, -200, -30, 30, 200, 300])
    def test_a_magnitude_needs_no_square(self, exponent):
        signal = 10.0**exponent * noise(1, 300)
        magnitudes = _core.Spectrogram(48, 48, 12, power=1).transform(signal)
        assert_close(magnitudes, torch_magnitudes(signal, 48, 48, 12))
        if abs(exponent) <= 30:
            single = _core.Spectrogram(48, 48, 12, power=1, precision="single").transform(signal)
            assert_close(single, magnitudes, 1e-6)


@pytest.fixture(params=TOLERANCES)
def precision(request):
    return request.param


class TestSignals:
    def test_a_pure_tone_stands_in_its_bin_and_the_window_s_neighbours(self):
        n_fft, bin_ = 128, 20
        tone = np.cos(2 * np.pi * bin_ / n_fft * np.arange(1000))
        # Away from the ends, where the reflection bends the tone.
        frames = power(tone, n_fft, n_fft, 32)[:, 4:-4]
        for beside, height in ((-1, 8), (0, 4), (1, 8)):
            assert_close(frames[bin_ + beside], np.full(frames.shape[1], (n_fft / height) ** 2))
        others = np.delete(frames, [bin_ - 1, bin_, bin_ + 1], axis=0)
        assert np.abs(others).max() < 1e-20 * n_fft**2

    def test_the_alternating_signal_stands_in_the_last_bin(self):
        frames = power((-1.0) ** np.arange(301), 64, 64, 16)
        assert_close(frames[32], np.full(frames.shape[1], 32.0**2))
        assert np.abs(frames[:31]).max() < 1e-20

    def test_an_impulse_is_flat(self, precision):
        # Frame 10 is centred on the impulse, under the top of the window.
        frames = power(np.eye(200)[100], 50, 50, 10, precision=precision)
        assert_close(frames[:, 10], np.ones(26), TOLERANCES[precision])

    def test_parseval_frame_by_frame(self):
        n_fft, hop = 96, 31
        signal = noise(700)
        energy = power(signal, n_fft, n_fft, hop)
        energy[1:-1] *= 2
        padded = np.pad(signal, n_fft // 2, mode="reflect")
        frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
        window = scipy.signal.get_window("hann", n_fft)
        assert_close(energy.sum(axis=0) / n_fft, ((frames * window) ** 2).sum(axis=1))

    def test_a_shift_by_hops_moves_the_frames_to_the_bit(self, precision):
        signal = noise(3000)
        for n_fft, hop in ((64, 9), (67, 30), (480, 100)):
            edge = -(-n_fft // 2 // hop)  # frames that see the reflection
            frames = power(signal, n_fft, n_fft, hop, precision=precision)
            shifted = power(signal[3 * hop :], n_fft, n_fft, hop, precision=precision)
            moved = shifted[:, edge:-edge]
            expected = frames[:, edge + 3 :][:, : moved.shape[1]]
            np.testing.assert_array_equal(moved, expected)

    def test_scales_with_the_square_of_the_signal(self, precision):
        signal = noise(500).astype(np.float32)
        plan = _core.Spectrogram(64, 60, 20, precision=precision)
        frames = plan.transform(signal[None])
        for scale in (-1.0, 2.0**-20, 2.0**30):
            scaled = plan.transform(signal[None] * scale)
            np.testing.assert_array_equal(scaled, frames * scale**2)

    def test_silence_and_the_smallest_numbers(self, precision):
        least = np.finfo(TYPES[precision]).smallest_subnormal
        for steps in (0, 1, 1000):  # times the smallest number of all
            signal = np.full(100, steps * float(least))
            magnitudes = power(signal, 32, 32, 8, power=1, precision=precision) / least
            expected = np.zeros_like(magnitudes)
            expected[:2] = [[16 * steps], [8 * steps]]  # a window of mean 1/2
            assert np.abs(magnitudes - expected).max() <= 8 * (steps > 0)
            assert not power(signal, 32, 32, 8, precision=precision).any()

    def test_one_sample(self, precision):
        plan = _core.Spectrogram(1, 1, 1, precision=precision)
        np.testing.assert_array_equal(plan.transform([[3.0]]), [[[9.0]]])

    def test_an_empty_batch(self, precision):
        plan = _core.Spectrogram(8, 8, 4, precision=precision)
        empty = plan.transform(np.zeros((0, 100)))
        assert (empty.shape, empty.dtype) == ((0, 5, 26), TYPES[precision])


class TestChoices:
    def test_mel_bands_are_the_filters_sums(self, precision):
        signals = noise(3, 5000)
        filters = _core.MelFilters(512, 32, 22.05, 24_000, 48_000)
        for exponent in (1, 2):
            sizes, choices = (512, 400, 160), {"power": exponent, "precision": precision}
            plan = _core.Spectrogram(*sizes, filters, **choices)
            plain = _core.Spectrogram(*sizes, **choices).transform(signals)
            assert (plan.rows, plan.frames(5000)) == (32, plain.shape[2])
            assert_close(plan.transform(signals), filters.weights @ plain, TOLERANCES[precision])

    def test_a_band_without_bins_is_silent(self, precision):
        filters = _core.MelFilters(64, 30, 0, 4000, 8000)
        empty = filters.weights.sum(axis=1) == 0
        assert 0 < empty.sum() < 30
        bands = power(noise(500), 64, 64, 9, filters=filters, precision=precision)
        np.testing.assert_array_equal(bands.any(axis=1), ~empty)
        decibels = power(noise(500), 64, 64, 9, filters=filters, floor=-77, precision=precision)
        assert (decibels[empty] == -77).all()

    def test_a_magnitude_is_the_root_of_the_power(self, precision):
        signal = noise(700)
        squares = power(signal, 90, 80, 7, precision=precision)
        roots = power(signal, 90, 80, 7, power=1, precision=precision)
        np.testing.assert_allclose(roots, np.sqrt(squares), rtol=4 * np.finfo(roots.dtype).eps)

    @pytest.mark.parametrize("exponent", [1, 2])
    @pytest.mark.parametrize("floor", [-100.0, -3.5, 0.0, 12.0])
    @pytest.mark.parametrize("bands", [None, 9])
    def test_decibels(self, exponent, floor, bands, precision):
        signal = np.concatenate([np.zeros(400), noise(600), 1e-6 * noise(600), 1e-160 * noise(400)])
        filters = bands and _core.MelFilters(64, bands, 30, 3000, 8000)
        choices = {"filters": filters, "power": exponent, "precision": precision}
        plain = power(signal, 64, 60, 20, **choices).astype(float)
        decibels = power(signal, 64, 60, 20, floor=floor, **choices)
        factor = 20 / exponent
        expected = factor * np.log10(np.maximum(plain, 10 ** (floor / factor)))
        assert decibels.dtype == TYPES[precision]
        error = 1e-12 if precision == "double" else 2e-5
        np.testing.assert_allclose(decibels, expected, rtol=0, atol=error)
        assert decibels.min() == floor
        below = plain < 10 ** (floor / factor) * (1 - 1e-5)
        assert below.sum() > 100
        assert (decibels[below] == floor).all()

    @pytest.mark.parametrize("floor", [-3000, -1e9])
    def test_a_floor_far_below_all_sounds(self, floor):
        signal = 1e-140 * noise(300)
        expected = 10 * np.log10(power(signal, 32, 32, 8))
        np.testing.assert_allclose(power(signal, 32, 32, 8, floor=floor), expected, rtol=1e-13)
        assert (power(np.zeros(99), 32, 32, 8, floor=floor) == floor).all()

    @pytest.mark.parametrize("n_fft", [64, 67, 480, 512, 1021])
    def test_single_precision_agrees_with_double(self, n_fft):
        signals = noise(2, 3000).astype(np.float32)
        filters = _core.MelFilters(n_fft, 12, 100, 8000, 44_100)
        for choices in ({}, {"power": 1}, {"filters": filters}, {"floor": -60.0}):
            sizes = n_fft, n_fft, 200
            plans = [_core.Spectrogram(*sizes, precision=p, **choices) for p in TYPES]
            double, single = (plan.transform(signals) for plan in plans)
            if "floor" in choices:  # parts of a bin, not of the largest
                double, single = (10.0 ** (x.astype(float) / 10) for x in (double, single))
            assert_close(single, double, 2e-6)


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((0, 1, 1), "n_fft"),
            ((2**24 + 1, 1, 1), "n_fft .*at most 16777216, got 16777217"),
            ((-8, 1, 1), "n_fft .*-8"),
            ((8, 0, 1), "window_length"),
            ((8, 9, 1), "window_length .*8, got 9"),
            ((8, 8, 0), "hop_length"),
            ((8, 8, -1), "hop_length .*-1"),
            ((8, 8, 4, None, 3), "power .*3"),
            ((8, 8, 4, None, 2, np.nan), "floor .*nan"),
            ((8, 8, 4, None, 2, -np.inf), "floor .*-inf"),
            ((8, 8, 4, None, 2, None, "half"), "precision .*half"),
            ((8, 8, 4, _core.MelFilters(16, 2, 0, 40, 90)), "filters"),
        ],
    )
    def test_bad_settings(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            _core.Spectrogram(*arguments)

    def test_bad_signals(self, precision):
        plan = _core.Spectrogram(8, 8, 4, precision=precision)
        with pytest.raises(ValueError, match=r"4 samples .*n_fft = 8.* 5 samples"):
            plan.transform(np.zeros((1, 4)))
        with pytest.raises(ValueError, match="0 samples"):
            plan.frames(0)
        with pytest.raises(ValueError, match="2 dimension"):
            plan.transform(np.zeros(9))
        with pytest.raises(ValueError, match="length must not be negative"):
            plan.frames(-1)

    def test_a_sample_between_the_frames_is_not_overlooked(self, precision):
        signals = noise(2, 1000)
        signals[1, 150] = np.nan  # frames of 8 samples every 300
        with pytest.raises(ValueError, match="sample 150 of signal 1 is nan"):
            _core.Spectrogram(8, 8, 300, precision=precision).transform(signals)
