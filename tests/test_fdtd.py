import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from kac_prediction.physics import FDTD_2D, FDTDWaveform2D, raisedCosine

Q = 0.49
COEFFICIENTS = (Q, 2 - 4 * Q, 1.0)


def plain(u_0, u_1, B, c_0, c_1, c_2, T):
    """A cell at a time."""
    rows, columns = B.shape
    frames = [u_0 * B, u_1 * B]
    for _ in range(T):
        previous, current = frames[-2:]
        u = np.zeros(B.shape)
        for i, j in np.argwhere(B):
            total = 0.0
            for y, x in ((i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)):
                if 0 <= y < rows and 0 <= x < columns:
                    total += current[y, x]
            u[i, j] = c_0 * total + c_1 * current[i, j] - c_2 * previous[i, j]
        frames.append(u)
    return np.array(frames)


def example(rows: int = 11, columns: int = 14) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    u_0, u_1 = rng.normal(size=(2, rows, columns))
    return u_0, u_1, (rng.random((rows, columns)) < 0.8).astype(int)


def test_the_frames_are_those_after_u_1() -> None:
    fdtd = FDTD_2D(*example(), 0.3, 0.7, 0.9, 25)
    expected = plain(*example(), 0.3, 0.7, 0.9, 25)
    frames = np.array(list(fdtd))
    assert frames.shape == (25, 11, 14)
    assert np.abs(frames - expected[2:]).max() < 1e-13 * np.abs(expected).max()


def test_iterating_again_starts_over() -> None:
    fdtd = FDTD_2D(*example(), *COEFFICIENTS, 6)
    first = next(fdtd)
    assert np.array_equal(np.array(list(fdtd)), np.array(list(fdtd)))
    assert np.array_equal(next(iter(fdtd)), first)
    assert len(fdtd) == len(list(fdtd)) == 6
    with pytest.raises(StopIteration):
        next(fdtd)


def test_a_frame_is_the_callers_own() -> None:
    fdtd = iter(FDTD_2D(*example(), *COEFFICIENTS, 3))
    expected = list(FDTD_2D(*example(), *COEFFICIENTS, 3))
    for frame in expected:
        got = next(fdtd)
        assert np.array_equal(got, frame)
        got[:] = np.nan


def test_no_frames_are_no_error() -> None:
    assert list(FDTD_2D(*example(), *COEFFICIENTS, 0)) == []


def test_the_fields_given_are_not_changed() -> None:
    given, copies = example(), example()
    list(FDTD_2D(*given, *COEFFICIENTS, 3))
    FDTDWaveform2D(*given, *COEFFICIENTS, 9, (0.5, 0.5))
    for array, copy in zip(given, copies, strict=True):
        assert np.array_equal(array, copy)


@pytest.mark.parametrize("w", [(0.0, 0.0), (1.0, 1.0), (0.3, 0.77), (0.5, 1.0), (0.1, 0.0)])
def test_a_waveform_is_what_the_frames_have_at_its_point(w: tuple[float, float]) -> None:
    expected = plain(*example(), *COEFFICIENTS, 30)
    axes = (np.linspace(0, 1, 11), np.linspace(0, 1, 14))
    at_w = [RegularGridInterpolator(axes, frame)([w])[0] for frame in expected]
    for length in (1, 2, 3, 32):
        waveform = FDTDWaveform2D(*example(), *COEFFICIENTS, length, w)
        assert np.abs(waveform - at_w[:length]).max() < 1e-12


def test_a_matrix_of_one_line_has_a_waveform() -> None:
    field = np.array([[0.0, 1.0, 0.0]])
    waveform = FDTDWaveform2D(field, field, np.ones((1, 3)), *COEFFICIENTS, 3, (0.7, 0.5))
    assert waveform.tolist() == [1.0, 1.0, COEFFICIENTS[1] - 1.0]


def test_a_strike_and_a_point_can_change_places() -> None:
    B = np.hypot(*np.mgrid[-9:10, -9:10]) < 9.2
    silence = np.zeros(B.shape)

    def heard(struck: tuple[int, int], at: tuple[int, int]) -> np.ndarray:
        field = silence.copy()
        field[struck] = 1.0
        w = (at[0] / 18, at[1] / 18)
        return FDTDWaveform2D(silence, field, B, *COEFFICIENTS, 500, w)

    assert np.abs(heard((4, 5), (11, 13)) - heard((11, 13), (4, 5))).max() < 1e-12


def test_a_square_drum_sounds_at_the_frequencies_of_the_scheme() -> None:
    # Struck and heard in the middle: modes (m, n), both odd, the lowest of them the loudest.
    size, T = 31, 8192
    u_1 = raisedCosine((size, size), (15, 15), 12.0)
    waveform = FDTDWaveform2D(u_1, u_1, np.ones((size, size)), *COEFFICIENTS, T, (0.5, 0.5))
    spectrum = np.abs(np.fft.rfft(waveform * np.hanning(T)))
    loud = spectrum > 0.02 * spectrum.max()
    peaks = np.flatnonzero(loud[1:-1] & (np.diff(spectrum[:-1]) > 0) & (np.diff(spectrum[1:]) < 0))
    s = np.sin(np.pi / 2 * np.arange(1, 12, 2) / (size + 1)) ** 2
    modes = np.arcsin(np.sqrt(Q * np.add.outer(s, s))) / np.pi * T
    assert len(peaks) >= 4
    assert abs(peaks[0] + 1 - modes[0, 0]) < 1
    assert all(np.abs(modes - (peak + 1)).min() < 1 for peak in peaks)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"u_0": np.zeros((4, 5))}, r"u_0 must have the shape of B, \(5, 5\), got \(4, 5\)"),
        ({"u_1": np.zeros(5)}, r"u_1 must have the shape of B, \(5, 5\), got \(5,\)"),
        ({"u_1": np.diag([0, 0, np.nan, 0, 0])}, r"u_1 must be finite, got nan at \(2, 2\)"),
        ({"B": np.ones(5)}, r"B must have shape \(rows, columns\)"),
        ({"B": np.diag([0, 1, 0.5, 0, 0])}, r"B must be 0 or 1, got 0.5 at \(2, 2\)"),
        ({"B": np.zeros((5, 5))}, "no cell of the grid lives"),
        ({"c_1": np.inf}, "c_1 must be a finite number, got inf"),
        ({"T": -1}, "T must be at least"),
        ({"T": 2.5}, "T must be a whole number, got 2"),
        ({"T": np.nan}, "T must be a whole number, got nan"),
        ({"c_0": "0.5"}, "c_0 must be a number, got '0"),
    ],
)
def test_impossible_arguments_are_refused(changed: dict[str, object], message: str) -> None:
    fields = {name: np.ones((5, 5)) for name in ("u_0", "u_1", "B")}
    arguments = fields | {"c_0": Q, "c_1": 0.04, "c_2": 1.0, "T": 3} | changed
    with pytest.raises((TypeError, ValueError), match=message):
        FDTD_2D(**arguments)
    with pytest.raises((TypeError, ValueError), match=message):
        FDTDWaveform2D(**arguments, w=(0.5, 0.5))


@pytest.mark.parametrize("w", [(-0.1, 0.5), (0.5, 1.1), (np.nan, 0.5), (0.5,), (0.1, 0.2, 0.3)])
def test_a_point_outside_is_refused(w: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match=r"w must be (a \(row, column\)|2 finite)"):
        FDTDWaveform2D(*example(), *COEFFICIENTS, 3, w)


def test_a_waveform_has_at_least_one_sample() -> None:
    with pytest.raises(ValueError, match="T must be at least 1, got 0"):
        FDTDWaveform2D(*example(), *COEFFICIENTS, 0, (0.5, 0.5))
