import math

import numpy as np
import pytest

from kac_prediction import _core
from kac_prediction.physics import (
    circularAmplitudes,
    circularSeries,
    equilateralTriangleAmplitudes,
    equilateralTriangleSeries,
    rectangularAmplitudes,
    rectangularSeries,
)

RNG = np.random.default_rng(4)
COUNT, C, DECAY, LENGTH, RATE = 6, 100.0, 3.45, 4000, 48000
SIZES, RATIOS = RNG.uniform(0.2, 1.0, COUNT), RNG.uniform(0.3, 4.0, COUNT)
SHARED = {"wave_speed": C, "decay": DECAY, "peak": 0.7, "length": LENGTH, "sample_rate": RATE}
FLAT = RNG.dirichlet([1, 1, 1], COUNT)
ROUND = np.column_stack([np.sqrt(RNG.random(COUNT)), RNG.uniform(-9, 9, COUNT)])
STRIKES = {"circle": ROUND, "rectangle": RNG.random((COUNT, 2)), "triangle": FLAT}
PICK_UPS = {"circle": (0.83, 0.4), "rectangle": (0.154, 0.289), "triangle": (0.64, 0.225, 0.135)}
SHAPES = list(STRIKES)


def drums(shape: str, which=slice(None), **changes):
    """The sounds of some of the strikes, by the core."""
    given = {"pick_up": PICK_UPS[shape], "sizes": SIZES[which]} | SHARED | changes
    strikes = given.pop("strikes", STRIKES[shape][which])
    if shape == "circle":
        return _core.circular_drums(circularSeries(8, 7), strikes, **given)
    if shape == "rectangle":
        ratios = given.pop("aspect_ratios", RATIOS[which])
        return _core.rectangular_drums(8, 7, strikes, aspect_ratios=ratios, **given)
    return _core.triangular_drums(8, 7, strikes, **given)


def partials(shape: str, i: int) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and weights of a strike, by SciPy and NumPy."""
    strike, pick_up = STRIKES[shape][i], PICK_UPS[shape]
    if shape == "circle":
        series = circularSeries(8, 7)
        modes = circularAmplitudes(*strike, series) * circularAmplitudes(*pick_up, series)
        weights = modes.sum(axis=0)
    elif shape == "rectangle":
        series = rectangularSeries(7, 8, RATIOS[i])
        weights = rectangularAmplitudes(strike, 7, 8, RATIOS[i])
        weights = weights * rectangularAmplitudes(pick_up, 7, 8, RATIOS[i])
    else:
        modes = equilateralTriangleAmplitudes(*strike, 7, 8)
        once = np.array([[m <= n or m > 7 for m in range(1, 9)] for n in range(1, 8)])
        series = equilateralTriangleSeries(7, 8)[once]
        weights = (modes * equilateralTriangleAmplitudes(*pick_up, 7, 8)).sum(axis=0)[once]
    return series.ravel() * C / (2 * SIZES[i]), weights.ravel()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_drum_is_the_sum_of_its_partials(shape: str) -> None:
    sounds = drums(shape)
    assert sounds.shape == (COUNT, LENGTH)
    for i, sound in enumerate(sounds):
        frequencies, weights = partials(shape, i)
        expected = _core.additive([frequencies], [weights], [DECAY], [0.7], LENGTH, RATE)[0]
        np.testing.assert_allclose(sound, expected, atol=0.7e-12, rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("precision", ["double", "single"])
def test_threads_and_batches_change_no_bit(shape: str, precision: str) -> None:
    sounds = drums(shape, precision=precision, threads=1)
    for threads in (2, 7):
        assert np.array_equal(drums(shape, precision=precision, threads=threads), sounds)
    for i in range(COUNT):
        assert np.array_equal(drums(shape, slice(i, i + 1), precision=precision)[0], sounds[i])


@pytest.mark.parametrize("shape", SHAPES)
def test_single_precision(shape: str) -> None:
    single, double = drums(shape, precision="single"), drums(shape)
    assert (single.dtype, double.dtype) == (np.float32, np.float64)
    assert 0 < np.abs(single - double).max() < 2e-6


@pytest.mark.parametrize("shape", SHAPES)
def test_no_sounds_and_no_peak(shape: str) -> None:
    assert drums(shape, slice(0)).shape == (0, LENGTH)
    assert not drums(shape, peak=0.0).any()


OUTSIDE = {"circle": (1.1, 0.0), "rectangle": (0.5, -0.1), "triangle": (0.7, 0.7, -0.4)}


@pytest.mark.parametrize("shape", SHAPES)
def test_points_outside_are_named(shape: str) -> None:
    for bad in (OUTSIDE[shape], (math.nan, *OUTSIDE[shape][1:])):
        strikes = STRIKES[shape].copy()
        strikes[3] = bad
        with pytest.raises(ValueError, match=rf"sound 3: the strike .*got \({bad[0]:g}, "):
            drums(shape, strikes=strikes, threads=1)
        with pytest.raises(ValueError, match=rf"the pick-up .*got \({bad[0]:g}, "):
            drums(shape, pick_up=bad)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan, math.inf])
def test_numbers_that_no_drum_has(shape: str, bad: float) -> None:
    sizes = SIZES.copy()
    sizes[2] = bad
    with pytest.raises(ValueError, match=f"sound 2: the size .*{bad:g}"):
        drums(shape, sizes=sizes, threads=1)
    with pytest.raises(ValueError, match=f"the wave speed .*{bad:g}"):
        drums(shape, wave_speed=bad)
    with pytest.raises(ValueError, match=f"the sample rate .*{bad:g}"):
        drums(shape, sample_rate=bad)
    if bad != 0:
        for name in ("decay", "peak"):
            with pytest.raises(ValueError, match=f"the {name} .*{bad:g}"):
                drums(shape, **{name: bad})
    if shape == "rectangle":
        with pytest.raises(ValueError, match=f"sound 0: the aspect ratio .*{bad:g}"):
            drums(shape, aspect_ratios=np.full(COUNT, bad), threads=1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"strikes": [0.1, 0.2]}, "strikes must have 2 dimension"),
        ({"strikes": np.zeros((COUNT, 4))}, "strikes of 4"),
        ({"pick_up": [0.1, 0.2, 0.3, 0.4]}, "pick_up of 4"),
        ({"pick_up": 0.1}, "pick_up must have 1 dimension"),
        ({"sizes": [0.3]}, "sizes must have one number for each of the 6"),
        ({"length": 0}, "length.*0"),
        ({"precision": "half"}, "precision.*half"),
    ],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_that_do_not_match(shape: str, changes, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        drums(shape, **changes)


def test_series_and_numbers_of_modes() -> None:
    shared = {"sizes": SIZES} | SHARED
    for series in ([[1.0, 0.0]], [[1.0, math.nan]], np.empty((0, 3)), np.empty((3, 0))):
        with pytest.raises(ValueError, match="series"):
            _core.circular_drums(series, ROUND, PICK_UPS["circle"], **shared)
    for M, N, named in ((0, 2, "M.*0"), (2, -1, "N.*-1")):
        with pytest.raises(ValueError, match=named):
            _core.triangular_drums(M, N, FLAT, PICK_UPS["triangle"], **shared)
    with pytest.raises(ValueError, match="aspect_ratios must have one number"):
        drums("rectangle", aspect_ratios=[1.0])
