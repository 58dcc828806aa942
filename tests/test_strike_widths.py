"""How wide strikes are: what drums of a score sound like, keep of it, and how it is heard."""

import math

import numpy as np
import pytest

from kac_prediction.orchestration import Drum, Kit, Score, Strike, orchestrate, transpose
from kac_prediction.orchestration.benchmark import arrangement
from kac_prediction.orchestration.benchmark.material import MALLETS
from kac_prediction.orchestration.widths import find_width
from kac_prediction.physics import modes, rectangularSeries
from kac_prediction.physics.excitation import mean_of_waves
from kac_prediction.samplers import PoissonModel
from kac_prediction.samplers.families import MODES, modes_struck

RATE = 24000
SIZE = 0.3
SIDES = np.array([math.sqrt(1.4), 1 / math.sqrt(1.4)]) * SIZE
SQUARE = [[0, 0], SIDES * (1, 0), SIDES, SIDES * (0, 1)]


def test_elements_and_the_exact_series_agree_on_a_width() -> None:
    at, heard = np.array([0.3, 0.4]), np.array([0.62, 0.55])
    exact = Drum("rectangle", SIZE, 1.4, sample_location=tuple(heard), strike_width=0.1)
    place, pick_up = (tuple((each - 0.5) * SIDES) for each in (at, heard))
    polygon = Drum("polygon", SIZE, outline=SQUARE, sample_location=pick_up, strike_width=0.1)
    point = Drum("rectangle", SIZE, 1.4, sample_location=tuple(heard))
    first, second, other = (
        drum.sampler(0.05, RATE, 1.0).strike(at=tuple(where))
        for drum, where in ((exact, at), (polygon, place), (point, at))
    )
    assert np.linalg.norm(first - second) < 0.05 * np.linalg.norm(first)
    assert np.linalg.norm(first - other) > 0.2 * np.linalg.norm(first)


@pytest.mark.parametrize("share", [1 / 4, 1 / 5])
def test_what_modes_leave_out_lies_40_db_down(share: float) -> None:
    series = np.sort(rectangularSeries(60, 60, 1.3).ravel())
    energies = (mean_of_waves(math.pi / 2 * share * series) / series) ** 2
    count = modes_struck(share * SIZE, SIZE)
    assert energies[count:].sum() < 1.2e-4 * energies.sum() < 1.5 * energies[count - 9 :].sum()


def test_the_number_of_modes_is_bounded() -> None:
    assert modes_struck(None, SIZE) == modes_struck(SIZE, SIZE) == MODES
    assert modes_struck(0.0, SIZE) == modes_struck(0.01, SIZE) == 300
    drum = Drum("ellipse", SIZE, 1.3, strike_width=SIZE / 5)
    assert drum.sampler(0.1, RATE).settings["modes"] == modes_struck(SIZE / 5, SIZE) == 287
    assert Drum("ellipse", SIZE, 1.3).sampler(0.1, RATE).settings["modes"] == MODES


def test_a_width_is_stored_where_it_is_given() -> None:
    plain, wide = Drum("ellipse", SIZE, 1.3), Drum("ellipse", SIZE, 1.3, strike_width=SIZE / 7)
    assert plain != wide
    assert (plain.struck_over, wide.struck_over) == (0.01, SIZE / 7)
    assert (Drum("circle", SIZE).struck_over, Drum("star", 0.05, outline=SQUARE).struck_over) == (
        0.0,
        0.005,
    )
    score = Score([plain, wide], [Strike(0.1, 1, (0.01, 0.02), 0.5, 0.4)], 1.0)
    text = score.to_json()
    assert text.count("strike_width") == 1
    assert (read := Score.from_json(text)) == score
    assert read.drums[1].strike_width == SIZE / 7
    assert Kit.from_json(text) == Kit([plain, wide])
    assert score.to_csv().splitlines()[1].split(",")[6] == repr(SIZE / 7)
    lower = transpose(score, -12).drums
    assert [drum.strike_width for drum in lower] == [None, 2 * SIZE / 7]


def struck(width: float, count: int = 4) -> list[np.ndarray]:
    drum = PoissonModel(
        0.3, 2 * RATE, drum_size=SIZE, aspect_ratio=1.4, M=40, N=40, strike_width=width * SIZE
    )
    rng = np.random.default_rng(7)
    return [drum.strike(at=rng.uniform(0.15, 0.85, 2)) for _ in range(count)]


@pytest.mark.parametrize("share", [0.1, 0.17, 0.26])
@pytest.mark.parametrize("noise", [0.0, 0.03])
def test_a_width_is_heard_whatever_the_shape(share: float, noise: float) -> None:
    rng = np.random.default_rng(1)
    sounds = [each + noise * rng.standard_normal(len(each)) for each in struck(share)]
    assert find_width(sounds, 2 * RATE, SIZE / 100, 0.03, 12.3) == pytest.approx(share, rel=0.1)


def test_what_sounds_as_drums_do_by_themselves_has_no_width() -> None:
    drum = Drum("polygon", SIZE, outline=SQUARE)
    sounds = [drum.sampler(0.3, RATE, 1.0).strike(at=at) for at in ((0.03, 0.05), (-0.1, 0.04))]
    highest = modes(drum.shape, MODES).frequencies(1.0, 2.0)[-1]
    known = RATE, SIZE / 100, drum.struck_over / SIZE, highest
    assert find_width(sounds, *known) is None
    assert find_width([np.zeros(100), np.ones(1)], *known) is None


def test_strikes_on_a_kit_are_placed_by_its_widths() -> None:
    drum = Drum("circle", SIZE, sample_location=(0.6, 0.0), strike_width=SIZE / 5)
    strikes = [Strike(0.1, 0, (0.23, 0.3), 0.6, 0.3), Strike(0.5, 0, (0.43, 0.7), 0.5, 0.3)]
    target = Score([drum], strikes, 0.8).render(8000)
    score = orchestrate(target, 8000, instruments=Kit([drum]), progress=False)
    assert score.drums == (drum,)
    assert [strike.location[0] for strike in score] == pytest.approx([0.23, 0.43], abs=1e-3)
    assert [strike.level for strike in score] == pytest.approx([0.6, 0.5], rel=0.02)


def test_mallets_are_drawn_beside_all_else() -> None:
    settings = {"duration": 0.7, "drums": 1, "strikes": 2, "sample_rate": 8000, "closest": 0.05}
    drawn, fixed = (arrangement(3, ("ellipse",), mallet=each, **settings) for each in (None, 0.2))
    for name in ("times", "which", "levels", "decay_times"):
        assert np.array_equal(getattr(drawn, name), getattr(fixed, name))
    assert drawn.locations == fixed.locations
    (drum,), (other,) = drawn.drums, fixed.drums
    assert MALLETS[0] <= drum.struck_over / drum.drum_size <= MALLETS[1]
    assert other.strike_width == pytest.approx(0.2 * other.drum_size)
    assert arrangement(1, ("circle",), **settings).drums[0].strike_width is None
