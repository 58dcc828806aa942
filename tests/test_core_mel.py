import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kac_prediction import _core
from reference import mel_corners, mel_weights

SCALES = ["htk", "slaney"]
NORMS = ["peak", "area"]
RATES = [8000.0, 22_050.0, 44_100.0, 48_000.0, 192_000.0]


def weights(*arguments):
    return _core.MelFilters(*arguments).weights


def assert_close(value, reference, tolerance=1e-10):
    """Equality relative to the largest weight."""
    assert value.shape == reference.shape
    assert value.dtype == np.float64
    assert np.abs(value - reference).max() <= tolerance * reference.max()


@st.composite
def banks(draw):
    """Arguments of filters whose bands are at least a bin wide in all, none of them too narrow
    for float64 to tell its corners apart."""
    rate = draw(st.sampled_from(RATES))
    f_min = draw(st.one_of(st.just(0.0), st.floats(0, 0.4))) * rate
    f_max = draw(st.one_of(st.just(rate / 2), st.floats(f_min + 0.1 * rate, rate / 2)))
    n_fft = draw(st.one_of(st.integers(16, 1100), st.sampled_from([2048, 4096, 4099])))
    n_mels = draw(st.integers(1, 130))
    return n_fft, n_mels, f_min, f_max, rate


def corners_shown(filters, spacing):
    """Where triangles over fine bins start, have their peak and end: their slopes drawn through."""
    found = []
    for row in filters:
        bins = np.flatnonzero(row)
        rise, fall = bins[:2], bins[-2:]
        height = row[rise[1]] - row[rise[0]]
        left = rise[0] - row[rise[0]] / height
        right = fall[1] + row[fall[1]] / (row[fall[0]] - row[fall[1]])
        found.append((left, left + 1 / height, right))
    return np.array(found) * spacing


@given(bank=banks(), scale=st.sampled_from(SCALES), norm=st.sampled_from(NORMS))
@example(bank=(512, 32, 22.05, 24_000.0, 48_000.0), scale="htk", norm="peak")
@example(bank=(2048, 128, 0.0, 11_025.0, 22_050.0), scale="slaney", norm="area")
@example(bank=(400, 80, 1000.0, 8000.0, 16_000.0), scale="slaney", norm="peak")
@settings(max_examples=150, deadline=None, derandomize=True)
def test_filters_agree_with_interpolation(bank, scale, norm):
    assert_close(weights(*bank, scale, norm), mel_weights(*bank, scale, norm))


# librosa warns of filters between two bins, and what it imports warns of itself.
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("norm", NORMS)
def test_agree_with_librosa(scale, norm):
    librosa = pytest.importorskip("librosa", reason="librosa is not installed")
    for n_fft, n_mels, f_min, f_max, rate in [
        (2048, 128, 0.0, 11_025.0, 22_050),
        (512, 32, 22.05, 24_000.0, 48_000),
        (1023, 40, 300.0, 7000.0, 44_100),
        (4099, 80, 950.0, 1100.0, 16_000),
        (64, 60, 0.0, 4000.0, 8000),
    ]:
        expected = librosa.filters.mel(
            sr=rate,
            n_fft=n_fft,
            n_mels=n_mels,
            fmin=f_min,
            fmax=f_max,
            htk=scale == "htk",
            norm="slaney" if norm == "area" else None,
            dtype=np.float64,
        )
        assert_close(weights(n_fft, n_mels, f_min, f_max, rate, scale, norm), expected)


class TestPublished:
    """Numbers of librosa's documentation, seen through filters over fine bins."""

    def test_frequencies_of_forty_mels(self):
        printed = """
               0.      85.317   170.635   255.952   341.269   426.586   511.904   597.221
             682.538  767.855   853.173   938.49   1024.856  1119.114  1222.042  1334.436
            1457.167 1591.187  1737.532  1897.337  2071.84   2262.393  2470.47   2697.686
            2945.799 3216.731  3512.582  3835.643  4188.417  4573.636  4994.285  5453.621
            5955.205 6502.92   7101.009  7754.107  8467.272  9246.028 10096.408 11025.
        """
        frequencies = np.array(printed.split(), float)
        shown = corners_shown(weights(22_050, 38, 0, 11_025, 22_050, "slaney"), 1.0)
        for first in range(3):
            expected = frequencies[first : first + 38]
            np.testing.assert_allclose(shown[:, first], expected, rtol=0, atol=6e-4)

    def test_mels_of_frequencies_and_back(self):
        # From 0 to 42 mels, 6400 Hz, in steps of 0.15.
        peaks = corners_shown(weights(64_000, 279, 0, 6400, 16_000, "slaney"), 0.25)[:, 1]
        mels = {0.9: 60, 1.65: 110, 3.3: 220, 6.6: 440, 3: 200, 1.05: 70, 15: 1000, 41.85: 6334.3}
        for mel, hertz in mels.items():
            assert peaks[round(mel / 0.15) - 1] == pytest.approx(hertz, abs=0.05)

    def test_hertz_of_the_first_mels(self):
        peaks = corners_shown(weights(64_000, 41, 0, 6400, 16_000, "slaney"), 0.25)[:, 1]
        np.testing.assert_allclose(peaks[:5], [66.667, 133.333, 200, 266.667, 333.333], atol=6e-4)

    def test_first_filters(self):
        # Of librosa.filters.mel(sr=22050, n_fft=2048), as mel_filter (docs.rs) prints them.
        first = [0, 0.016182853208219942, 0.032365706416439884, 0.028990088037379964]
        first += [0.012807234829160026, 0]
        second = [0, 0, 0, 0.009779235793639925, 0.025962089001859864, 0.035393705451959974]
        second += [0.01921085224374004, 0.003027999035520103, 0]
        filters = weights(2048, 128, 0, 11_025, 22_050, "slaney", "area")
        np.testing.assert_allclose(filters[0, :6], first, rtol=0, atol=4e-12)
        np.testing.assert_allclose(filters[1, :9], second, rtol=0, atol=4e-12)

    def test_htk_is_a_logarithm_beside_700_hertz(self):
        # 1 + f / 700 in powers of two, as 2595 log10(1 + f / 700) is their logarithm.
        filters = weights(40_000, 5, 0, 700 * (2**6 - 1), 100_000)
        shown = corners_shown(filters, 2.5)
        expected = [[700 * (2 ** (m + i) - 1) for i in range(3)] for m in range(5)]
        np.testing.assert_allclose(shown, expected, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_area_is_one(scale):
    filters = weights(48_000, 20, 30, 20_000, 48_000, scale, "area")
    np.testing.assert_allclose(filters.sum(axis=1), np.ones(20), rtol=1e-3)


@pytest.mark.parametrize("scale", SCALES)
def test_area_scales_every_triangle_by_its_width(scale):
    bank = 4096, 24, 40.0, 15_000.0, 44_100.0
    corners = mel_corners(24, 40.0, 15_000.0, scale)
    widths = (corners[2:] - corners[:-2])[:, None]
    assert_close(weights(*bank, scale, "area") * widths / 2, weights(*bank, scale, "peak"))


@pytest.mark.parametrize("scale", SCALES)
def test_neighbours_add_to_one_between_the_outer_peaks(scale):
    filters = weights(4096, 20, 50, 12_000, 48_000, scale)
    peaks = np.flatnonzero(filters.sum(axis=0) > 1 - 1e-9)
    assert peaks[-1] - peaks[0] + 1 == len(peaks) > 800


def test_none_reaches_beyond_f_min_and_f_max():
    filters = weights(480, 10, 101, 6000, 48_000)
    used = np.flatnonzero(filters.sum(axis=0))
    assert (used[0], used[-1]) == (2, 59)


@pytest.mark.parametrize("n_fft", [1, 2, 3, 5])
@pytest.mark.parametrize("scale", SCALES)
def test_few_bins(n_fft, scale):
    filters = weights(n_fft, 3, 0, 4000, 8000, scale)
    expected = mel_weights(n_fft, 3, 0, 4000, 8000, scale)
    np.testing.assert_allclose(filters, expected, rtol=0, atol=1e-12)


def test_htk_and_peak_are_what_is_not_asked_for():
    bank = 512, 32, 22.05, 24_000.0, 48_000.0
    np.testing.assert_array_equal(weights(*bank), weights(*bank, "htk", "peak"))
    filters = _core.MelFilters(
        n_fft=64, n_mels=2, f_min=0, f_max=9, sample_rate=20, scale="slaney", norm="area"
    )
    assert filters.weights.shape == (2, 33)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 3, 0.0, 50.0, 100.0), "n_fft must be at least 1, got 0"),
        ((-8, 3, 0.0, 50.0, 100.0), "n_fft .*-8"),
        ((8, 0, 0.0, 50.0, 100.0), "n_mels must be at least 1, got 0"),
        ((8, -3, 0.0, 50.0, 100.0), "n_mels .*-3"),
        ((8, 3, -1.0, 50.0, 100.0), "f_min .* at least 0 .*, got -1$"),
        ((8, 3, 50.0, 50.0, 100.0), "f_min .* below half the sample rate, 50 Hz, got 50$"),
        ((8, 3, np.nan, 50.0, 100.0), "f_min .* got nan$"),
        ((8, 3, 20.0, 20.0, 100.0), "f_max must be above f_min, 20 Hz, .* got 20$"),
        ((8, 3, 20.0, 51.0, 100.0), "f_max .* half the sample rate, 50 Hz, got 51$"),
        ((8, 3, 0.0, np.nan, 100.0), "f_max .* got nan$"),
        ((8, 3, 0.0, np.inf, 100.0), "f_max .* got inf$"),
        ((8, 3, 0.0, 50.0, 0.0), "sample_rate must be a positive number, got 0"),
        ((8, 3, 0.0, 50.0, np.inf), "sample_rate .* got inf"),
        ((8, 3, 0.0, 50.0, 100.0, "bark"), "scale .*htk.*slaney.*bark"),
        ((8, 3, 0.0, 50.0, 100.0, "htk", "slaney"), "norm .*peak.*area.*slaney"),
    ],
)
def test_refuses_bad_settings(arguments, message):
    with pytest.raises(ValueError, match=message):
        _core.MelFilters(*arguments)
