from fractions import Fraction

import numpy as np
import pytest
from scipy.signal import chirp, sawtooth, square

from kac_prediction import _core
from reference import modal_sum

RATE = 48000


def additive(frequencies, weights, decay=0.0, peak=0.0, length=RATE, rate=RATE, **options):
    return _core.additive(
        np.atleast_2d(frequencies),
        np.atleast_2d(weights),
        [decay],
        [peak],
        length,
        rate,
        **options,
    )[0]


def assert_close(sound: np.ndarray, expected: np.ndarray, of_peak: float) -> None:
    assert np.abs(sound - expected).max() <= of_peak * np.abs(expected).max()


@pytest.mark.parametrize("decay", [0.0, 3.45, 400.0])
def test_additive_is_the_sum_of_its_partials(decay: float) -> None:
    rng = np.random.default_rng(1)
    frequencies = np.concatenate([[1.0, 63.6, 23999.9], rng.uniform(1, 24000, 67)])
    weights = rng.normal(size=70) * frequencies
    expected = modal_sum(frequencies, weights, decay, RATE // 2, RATE)
    assert_close(additive(frequencies, weights, decay, length=RATE // 2), expected, 1e-11)


def test_single_precision_is_good_to_a_millionth_of_the_peak() -> None:
    rng = np.random.default_rng(2)
    frequencies = rng.uniform(20, 24000, (3, 400))
    weights = rng.normal(size=(3, 400)) * frequencies
    arguments = (frequencies, weights, [0.0, 3.45, 400.0], [1.0, 0.5, 2.0], RATE, RATE)
    single = _core.additive(*arguments, precision="single")
    double = _core.additive(*arguments, precision="double")
    assert single.dtype == np.float32
    assert double.dtype == np.float64
    error = np.abs(single - double).max(axis=1) / np.abs(double).max(axis=1)
    assert (error < 1e-6).all()
    assert (error > 1e-9).all()
    relaxing = additive([10.0, 500.0], [1.0, 1.0], 400.0, 1.0, precision="single")
    assert_close(relaxing, additive([10.0, 500.0], [1.0, 1.0], 400.0, 1.0), 1e-6)


def test_single_precision_says_when_a_sum_does_not_fit() -> None:
    with pytest.raises(ValueError, match="overflow"):
        additive(1.0, 1e40, precision="single")
    with pytest.raises(ValueError, match="precision must be double or single, got 'half'"):
        additive(1.0, 1.0, precision="half")


def test_a_minute_drifts_nowhere() -> None:
    # Without a decay the phase is a rational number: nothing is rounded before the sine.
    frequencies = [1.0, 440.1, 12345.678, 23999.9]
    sound = additive(frequencies, frequencies, length=60 * RATE) * 2 * np.pi
    late = range(60 * RATE - 5000, 60 * RATE, 7)
    turns = [[float(Fraction(f) * n / RATE % 1) for n in late] for f in frequencies]
    assert_close(sound[late.start :: 7], np.sin(2 * np.pi * np.array(turns)).sum(0), 1e-11)


def test_t60() -> None:
    sound = additive(440.0, 1.0, 3 * np.log(10) / 0.5, 1.0)
    first, last = (np.abs(sound[n : n + 110]).max() for n in (100, 100 + RATE // 2))
    # The samples meet the crest of a period at different points: a hundredth of a decibel.
    assert 20 * np.log10(first / last) == pytest.approx(60, abs=0.01)


def test_critical_damping() -> None:
    frequency = 7.0
    decay = 2 * np.pi * frequency
    time = np.arange(RATE) / RATE
    assert_close(additive(frequency, 1.0, decay), time * np.exp(-decay * time), 1e-13)


def test_strong_damping_does_not_overflow() -> None:
    for decay in (1e3, 1e6, 1e300):
        sound = additive([0.0, 1.0, 20000.0], [1.0, 1.0, 1.0], decay, length=4 * RATE)
        assert np.isfinite(sound).all()


def test_partials_from_half_the_rate_on_and_weightless_ones_are_left_out() -> None:
    alone = additive([100.0], [1.0], 2.0, length=999)
    among = additive([24000.0, 1e9, 100.0, 200.0], [9.0, 9.0, 1.0, 0.0], 2.0, length=999)
    assert np.array_equal(alone, among)


def test_peaks() -> None:
    frequencies = np.random.default_rng(2).uniform(50, 5000, (4, 9))
    weights = np.full((4, 9), [[-1.0], [1.0], [0.0], [1.0]])
    peaks = [0.7, 1.0, 1.0, 0.0]
    sounds = _core.additive(frequencies, weights, [1.0, 2.0, 3.0, 4.0], peaks, 3000, RATE)
    assert np.abs(sounds[:3]).max(1).tolist() == [0.7, 1.0, 0.0]
    assert np.abs(sounds[3]).max() < 0.1
    assert sounds[0, 1] < 0 < sounds[1, 1]


def test_threads_never_change_a_bit() -> None:
    rng = np.random.default_rng(3)
    arguments = (rng.uniform(0, 25000, (9, 40)), rng.normal(size=(9, 40)), rng.uniform(0, 900, 9))
    sounds = [_core.additive(*arguments, np.ones(9), 5001, RATE, threads=t) for t in (1, 2, 7)]
    assert np.array_equal(sounds[0], sounds[1])
    assert np.array_equal(sounds[0], sounds[2])
    alone = _core.additive(*(a[4:5] for a in arguments), [1.0], 5001, RATE)
    assert np.array_equal(alone[0], sounds[0][4])


def test_anything_array_like() -> None:
    from_lists = _core.additive([[100, 200]], [[1, 2]], [0], [1], 100, RATE)
    strided = np.array([[100.0, 0.0, 200.0, 0.0]], np.float32)[:, ::2]
    assert np.array_equal(from_lists, _core.additive(strided, [[1, 2]], [0], [1], 100, RATE))
    assert _core.additive(np.empty((0, 3)), np.empty((0, 3)), [], [], 100, RATE).shape == (0, 100)
    assert not _core.additive(np.empty((2, 0)), np.empty((2, 0)), [1, 1], [1, 1], 9, RATE).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_impossible_numbers_are_refused_with_their_place(bad: float) -> None:
    good = {
        "frequencies": np.full((3, 4), 100.0),
        "weights": np.ones((3, 4)),
        "decays": np.ones(3),
        "peaks": np.ones(3),
    }
    for name in good:
        values = {key: array.copy() for key, array in good.items()}
        values[name][(2, 1) if values[name].ndim == 2 else 2] = bad
        if (name, bad) == ("weights", -1.0):
            continue
        place = "sound 2: partial 1: the" if values[name].ndim == 2 else "sound 2: the"
        with pytest.raises(ValueError, match=f"{place}.*{bad:g}"):
            _core.additive(**values, length=10, sample_rate=RATE)


def test_shapes_that_do_not_match_are_refused() -> None:
    def call(frequencies=(3, 4), weights=(3, 4), decays=3, peaks=3, length=10, rate=RATE) -> None:
        arrays = [np.ones(shape) for shape in (frequencies, weights, decays, peaks)]
        _core.additive(*arrays, length, rate)

    for wrong, named in (
        ({"frequencies": 3}, "frequencies"),
        ({"weights": (3, 5)}, r"weights.*\(3, 4\).*\(3, 5\)"),
        ({"decays": 2}, "decays.*3.*2"),
        ({"peaks": 4}, "peaks.*3.*4"),
        ({"length": 0}, "length.*0"),
        ({"length": -5}, "length.*-5"),
        ({"rate": 0}, "sample rate.*0"),
        ({"rate": np.nan}, "sample rate.*nan"),
    ):
        with pytest.raises(ValueError, match=named):
            call(**wrong)


SHAPES = {
    "sin": np.sin,
    "saw": sawtooth,
    "tri": lambda phase: sawtooth(phase, 0.5),
    "sqr": square,
}


@pytest.mark.parametrize("waveshape", SHAPES)
def test_tones_are_scipys(waveshape: str) -> None:
    frequencies = np.array([0.0, 1.0, 440.0, 999.9, 23999.0])
    tones = _core.tone(waveshape, frequencies, RATE, RATE)
    phase = 2 * np.pi * frequencies[:, None] * np.arange(RATE) / RATE
    # At a jump SciPy's rounding decides the side.
    steady = (np.abs(np.sin(phase)) > 1e-9) | (phase == 0) | (waveshape in ("sin", "tri"))
    assert np.abs(tones - SHAPES[waveshape](phase))[steady].max() < 1e-9
    assert steady.mean() > 0.9


def test_a_jump_falls_on_its_sample() -> None:
    saw, sqr = (_core.tone(shape, [1000.0], 20 * RATE, RATE)[0] for shape in ("saw", "sqr"))
    assert np.array_equal(saw[::48], np.full(20000, -1.0))
    assert np.array_equal(sqr.reshape(-1, 2, 24)[:, 0], np.ones((20000, 24)))
    assert np.array_equal(sqr.reshape(-1, 2, 24)[:, 1], -np.ones((20000, 24)))


def test_tones_do_not_depend_on_threads() -> None:
    frequencies = np.linspace(10, 20000, 11)
    for waveshape in SHAPES:
        tones = [_core.tone(waveshape, frequencies, 999, RATE, threads) for threads in (1, 2, 7)]
        assert np.array_equal(tones[0], tones[1])
        assert np.array_equal(tones[0], tones[2])


def test_impossible_tones_are_refused() -> None:
    for bad in (-1.0, 24000.0, np.nan, np.inf):
        with pytest.raises(ValueError, match=rf"sound 1.*{bad:g}"):
            _core.tone("sin", [1.0, bad], 10, RATE)
    with pytest.raises(ValueError, match=r"waveshape.*noise"):
        _core.tone("noise", [1.0], 10, RATE)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="length"):
        _core.tone("sin", [1.0], 0, RATE)


@pytest.mark.parametrize(("rate", "length"), [(48000, 48000), (44100, 10000), (8000, 16001)])
def test_the_sweep_is_scipys(rate: int, length: int) -> None:
    expected = chirp(
        np.arange(length) / rate, 20, length / rate, rate / 2, method="logarithmic", phi=-90
    )
    assert np.abs(_core.sweep(length, rate) - expected).max() < 1e-9


def test_impossible_sweeps_are_refused() -> None:
    for length, rate in ((0, RATE), (-1, RATE), (10, 40), (10, np.nan), (10, -RATE)):
        with pytest.raises(ValueError, match=r"length|sample rate"):
            _core.sweep(length, rate)
