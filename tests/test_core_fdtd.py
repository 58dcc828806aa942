"""Finite differences in the core, against NumPy, the scheme's own identities and one another."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kac_prediction import _core

RATE = 48000


def coefficients(q: float = 0.49, sigma_k: float = 0.0) -> np.ndarray:
    return np.array([q, 2 - 4 * q, 1 - sigma_k]) / (1 + sigma_k)


def neighbours(u: np.ndarray) -> np.ndarray:
    p = np.pad(u, 1)
    return (p[:-2, 1:-1] + p[2:, 1:-1]) + (p[1:-1, :-2] + p[1:-1, 2:])


def next_field(live, previous, current, c):
    return np.where(live, (c[0] * neighbours(current) + c[1] * current) - c[2] * previous, 0.0)


def scattered(rng: np.random.Generator, rows: int, columns: int, share: float) -> np.ndarray:
    live = rng.random((rows, columns)) < share
    live[rng.integers(rows), rng.integers(columns)] = True
    return live


def shape_called(name: str) -> np.ndarray:
    y, x = np.mgrid[-22:23, -22:23].astype(float)
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    return {
        "disc": radius < 21.3,
        "square": np.ones((40, 40), bool),
        "triangle": (y > -13) & (abs(x) * np.sqrt(3) + y < 26),
        "L": (abs(x) < 20) & (abs(y) < 20) & ((x < 0) | (y < 0)),
        "star": radius < 13 + 8 * np.cos(5 * angle),
        "ring": (radius < 21) & (radius > 6),
        "sieve": (radius < 21) & ((x % 5 != 0) | (y % 4 != 0)),
    }[name]


SHAPES = ["disc", "square", "triangle", "L", "star", "ring", "sieve"]


def strike(live: np.ndarray, place: int, count: int = 9) -> tuple[np.ndarray, np.ndarray]:
    """Some live nodes, from a share `place` / 100 of them on, and their weights."""
    nodes = np.flatnonzero(live)[live.sum() * place // 100 :][:count]
    return nodes, 0.5 + np.cos(np.arange(len(nodes)))


def direct(live, c, pick_up, struck, length):
    field = np.zeros(live.size)
    np.add.at(field, struck[0], struck[1])
    nothing = np.zeros(live.shape)
    arguments = (_core.Grid(live), nothing, field.reshape(live.shape), *c, length, *pick_up)
    return _core.fdtd_waveform(*arguments)


@settings(derandomize=True, deadline=None, max_examples=40)
@given(st.integers(1, 40), st.integers(1, 70), st.floats(0.05, 1), st.integers(0, 99))
def test_a_step_is_the_formula_to_the_last_bit(rows, columns, share, seed) -> None:
    rng = np.random.default_rng(seed)
    live = scattered(rng, rows, columns, share)
    c = coefficients(rng.uniform(0.01, 0.5), rng.uniform(0, 0.1))
    previous, current = rng.normal(size=(2, rows, columns)) * live
    simulation = _core.Simulation(_core.Grid(live), previous, current, *c)
    assert np.array_equal(simulation.frame(), current)
    for _ in range(4):
        previous, current = current, next_field(live, previous, current, c)
        simulation.step()
        assert np.array_equal(simulation.frame(), current)


def test_many_steps_at_once_are_the_same_steps() -> None:
    live = shape_called("star")
    fields = np.random.default_rng(1).normal(size=(2, *live.shape))
    at_once = _core.Simulation(_core.Grid(live), *fields, *coefficients())
    one_by_one = _core.Simulation(_core.Grid(live), *fields, *coefficients())
    at_once.step(301)
    for _ in range(301):
        one_by_one.step()
    at_once.step(0)
    assert np.array_equal(at_once.frame(), one_by_one.frame())


@pytest.mark.parametrize(
    ("rows", "columns", "m", "n"), [(40, 61, 1, 1), (40, 61, 7, 30), (9, 8, 9, 8)]
)
def test_a_standing_wave_has_the_frequency_of_the_scheme(rows, columns, m, n) -> None:
    # u^t = mode cos(omega t): sin^2(omega / 2) = q (sin^2(m pi / 2 (rows + 1)) + sin^2(...)).
    q = 0.47
    y, x = m * np.pi / (rows + 1), n * np.pi / (columns + 1)
    mode = np.outer(np.sin(y * np.arange(1, rows + 1)), np.sin(x * np.arange(1, columns + 1)))
    omega = 2 * np.arcsin(np.sqrt(q * (np.sin(y / 2) ** 2 + np.sin(x / 2) ** 2)))
    grid = _core.Grid(np.ones((rows, columns), bool))
    simulation = _core.Simulation(grid, mode, np.cos(omega) * mode, *coefficients(q))
    for step in (1, 10, 1000, 3000):
        simulation.step(step)
        time = {1: 2, 10: 12, 1000: 1012, 3000: 4012}[step]
        assert np.abs(simulation.frame() - np.cos(omega * time) * mode).max() < 1e-10


def energies(live, sigma_k, steps=4000, every=50):
    """Twice the energy between two steps, |u+ - u|^2 - q <u+, laplacian u>.

    From (1 + s) u+ - 2 u + (1 - s) u- = q laplacian u, s = sigma k, times u+ - u-: what comes is
    what was, less s |u+ - u-|^2, the laplacian being symmetric.
    """
    q = 0.49
    fields = np.random.default_rng(5).normal(size=(2, *live.shape)) * live
    simulation = _core.Simulation(_core.Grid(live), *fields, *coefficients(q, sigma_k))
    found = []
    for _ in range(steps // every):
        before = simulation.frame()
        simulation.step()
        after = simulation.frame()
        laplacian = neighbours(before) - 4 * before
        found.append(np.sum((after - before) ** 2) - q * np.sum(after * laplacian))
        simulation.step(every - 1)
    return np.array(found)


@pytest.mark.parametrize("name", SHAPES)
def test_energy_is_kept_without_damping_and_falls_with_it(name: str) -> None:
    live = shape_called(name)
    kept = energies(live, 0.0)
    assert np.abs(kept / kept[0] - 1).max() < 1e-10
    lost = energies(live, 1e-4)
    assert (np.diff(lost) < 0).all()
    assert lost[-1] < 0.7 * lost[0]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("sigma_k", [0.0, 3e-4])
def test_reciprocity_gives_what_a_strike_gives(name: str, sigma_k: float) -> None:
    live, c = shape_called(name), coefficients(0.49, sigma_k)
    pick_up, strikes = strike(live, 61, 4), [strike(live, place) for place in (5, 37, 50, 99)]
    sounds = _core.membranes([_core.Grid(live)], [c], [pick_up], [0] * 4, strikes, 3000, 0.8)
    for sound, struck in zip(sounds, strikes, strict=True):
        expected = direct(live, c, pick_up, struck, 3000)
        expected *= 0.8 / np.abs(expected).max()
        assert np.abs(sound).max() == 0.8
        assert np.abs(sound - expected).max() < 1e-9 * 0.8


def several(**options) -> np.ndarray:
    lives = [shape_called(name) for name in SHAPES]
    drums = [3, 0, 6, 3, 1, 2, 2, 5, 4, 3, 0]
    return _core.membranes(
        [_core.Grid(live) for live in lives],
        [coefficients(0.4 + 0.01 * i, 1e-4 * i) for i in range(7)],
        [strike(live, 61, 4) for live in lives],
        drums,
        [strike(lives[drum], 8 * i) for i, drum in enumerate(drums)],
        500,
        1.0,
        **options,
    )


@pytest.mark.parametrize("precision", ["double", "single"])
def test_threads_and_company_change_no_bit(precision: str) -> None:
    alone = several(precision=precision, threads=1)
    assert alone.dtype == (np.float64 if precision == "double" else np.float32)
    for threads in (0, 2, 7):
        assert np.array_equal(several(precision=precision, threads=threads), alone)
    live = shape_called("L")
    for number, place in ((0, 0), (3, 24), (9, 72)):
        one = _core.membranes(
            [_core.Grid(live)],
            [coefficients(0.4 + 0.01 * 3, 1e-4 * 3)],
            [strike(live, 61, 4)],
            [0],
            [strike(live, place)],
            500,
            1.0,
            precision,
        )
        assert np.array_equal(one[0], alone[number])


@pytest.mark.parametrize(("q", "times"), [(0.49, 1), (0.4999999, 10)])
@pytest.mark.parametrize(("decay_time", "error"), [(2.0, 2e-4), (0.1, 2e-4), (np.inf, 2e-3)])
def test_the_error_of_single_precision(q, times, decay_time, error) -> None:
    # 0.3 m at 48 kHz: two strikes on a disc, for a second.
    y, x = np.mgrid[-60:61, -60:61]
    live = np.hypot(x, y) < 0.3 / np.sqrt(np.pi) / (100 / RATE / 0.7)
    c = coefficients(q, 3 * np.log(10) / decay_time / RATE)
    strikes = [strike(live, 50, 3), strike(live, 20, 3)]
    double, single = (
        _core.membranes(
            [_core.Grid(live)], [c], [strike(live, 71, 2)], [0, 0], strikes, RATE, 1.0, precision
        )
        for precision in ("double", "single")
    )
    assert 0 < np.abs(single - double).max() < times * error


def test_a_sound_that_has_died_away_ends_in_zeros_far_below_hearing() -> None:
    # T60 = 5 ms: 240 dB in 20 ms, and 3000 dB in a quarter of a second.
    live, c = shape_called("disc"), coefficients(0.49, 3 * np.log(10) / 0.005 / RATE)
    pick_up, struck = strike(live, 61, 4), strike(live, 30)
    expected = direct(live, c, pick_up, struck, RATE // 4)
    for precision, error in (("double", 1e-9), ("single", 1e-4)):
        arguments = ([_core.Grid(live)], [c], [pick_up], [0], [struck], RATE // 4, 1.0, precision)
        sound = _core.membranes(*arguments)[0]
        end = np.flatnonzero(sound)[-1]
        assert 0.04 < end / RATE < 0.07
        assert np.abs(expected[end + 1 :]).max() < 1e-28 * np.abs(expected).max()
        assert np.abs(sound - expected / np.abs(expected).max()).max() < error


def test_unstable_coefficients_are_for_those_who_wait_for_infinity() -> None:
    live = shape_called("star")
    fields = np.random.default_rng(1).normal(size=(2, *live.shape))
    simulation = _core.Simulation(_core.Grid(live), *fields, 0.6, -0.4, 1.0)
    simulation.step(5000)
    frame = simulation.frame()
    assert not np.isfinite(frame[live]).all()
    assert (frame[~live] == 0).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"coefficients": [[0.51, -0.04, 1.0]]}, "grid 0: a membrane must not gain"),
        ({"coefficients": [[0.49, np.nan, 1.0]]}, "grid 0: a membrane must not gain"),
        ({"coefficients": [[0.49, 0.04]]}, "three coefficients"),
        ({"coefficients": np.zeros((2, 3))}, "three coefficients"),
        ({"coefficients": [0.4, 0.1, 1.0]}, "coefficients must have 2 dimension"),
        ({"pick_ups": []}, "each of the 1 grid"),
        ({"pick_ups": [([5, 6], [1.0])]}, "grid 0, pick-up: every node needs a weight"),
        ({"pick_ups": [([1600], [1.0])]}, "grid 0, pick-up: node 1600 is not one of the 40 x 40"),
        ({"pick_ups": [([[5]], [1.0])]}, "nodes must have 1 dimension"),
        ({"strikes": [([3], [1.0]), ([-1], [1.0])]}, "sound 1, strike: node -1"),
        ({"strikes": [([3], [1.0]), ([3], [np.inf])]}, "sound 1, strike: weights must be finite"),
        ({"strikes": [([3], [1.0])]}, "drums must name the grid of each of the 1 strike"),
        ({"drums": [0, 1]}, "sound 1: there is no grid 1 among 1"),
        ({"drums": [-1, 0]}, "sound 0: there is no grid -1"),
        ({"length": 0}, "length"),
        ({"peak": -1.0}, "the peak"),
        ({"peak": np.nan}, "the peak"),
        ({"peak": 1e39, "precision": "single"}, "the peak"),
        ({"precision": "half"}, "precision"),
    ],
)
def test_what_cannot_be_is_refused_by_name(changed: dict[str, object], message: str) -> None:
    arguments = {
        "grids": [_core.Grid(np.ones((40, 40), bool))],
        "coefficients": [coefficients()],
        "pick_ups": [([5, 6], [0.5, 0.5])],
        "drums": [0, 0],
        "strikes": [([3], [1.0]), ([], [])],
        "length": 9,
        "peak": 1.0,
    }
    assert not _core.membranes(**arguments)[1].any()
    with pytest.raises(ValueError, match=message):
        _core.membranes(**(arguments | changed))


def test_wrong_types_are_refused() -> None:
    grid = _core.Grid(np.ones((4, 4), bool))
    fields = np.zeros((2, 4, 4))
    for bad in ([0.5], np.array([1.0]), [True], "0", None):
        with pytest.raises(TypeError, match="nodes must be integers, got"):
            _core.membranes([grid], [coefficients()], [(bad, [1.0])], [0], [([0], [1])], 9, 1.0)
    with pytest.raises(TypeError, match=r"drums must be integers, got \[0.0\]"):
        _core.membranes([grid], [coefficients()], [([0], [1])], [0.0], [([0], [1])], 9, 1.0)
    with pytest.raises(TypeError):
        _core.membranes([None], [coefficients()], [([0], [1])], [0], [([0], [1])], 9, 1.0)
    with pytest.raises(TypeError):
        _core.Simulation(None, *fields, *coefficients())
    with pytest.raises(TypeError):
        _core.fdtd_waveform(None, *fields, *coefficients(), 9, [0], [1.0])


def test_simulations_refuse_what_does_not_fit() -> None:
    grid, field = _core.Grid(np.ones((4, 5), bool)), np.zeros((4, 5))
    assert (grid.rows, grid.columns, grid.cells) == (4, 5, 20)
    with pytest.raises(ValueError, match="no cell of the grid lives"):
        _core.Grid(np.zeros((4, 5), bool))
    with pytest.raises(ValueError, match="live must have 2 dimension"):
        _core.Grid(np.ones(5, bool))
    with pytest.raises(ValueError, match=r"previous must have the shape of its grid, \(4, 5\)"):
        _core.Simulation(grid, field.T, field, *coefficients())
    with pytest.raises(ValueError, match=r"current .* got \(5, 4\)"):
        _core.fdtd_waveform(grid, field, field.T, *coefficients(), 9, [0], [1.0])
    with pytest.raises(ValueError, match=r"must be finite, got 0\.4, nan and 1"):
        _core.Simulation(grid, field, field, 0.4, np.nan, 1.0)
    with pytest.raises(ValueError, match="steps must not be negative, got -1"):
        _core.Simulation(grid, field, field, *coefficients()).step(-1)
    with pytest.raises(ValueError, match="node 20 is not one of the 4 x 5"):
        _core.fdtd_waveform(grid, field, field, *coefficients(), 9, [20], [1.0])
    with pytest.raises(ValueError, match="length must be at least 1, got 0"):
        _core.fdtd_waveform(grid, field, field, *coefficients(), 0, [0], [1.0])
