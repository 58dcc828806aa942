"""Matching pursuit: where strikes fall, on which drum, and where they end."""

from dataclasses import replace

import numpy as np
import pytest

from kac_prediction.orchestration import Drum, Kit, Score, Strike, orchestrate
from kac_prediction.orchestration.hit import struck_near
from kac_prediction.orchestration.pursuit import Pursuit
from kac_prediction.orchestration.tuning import tuned
from kac_prediction.orchestration.voice import Voice

RATE = 24000
STAR = (
    0.3
    * np.array([1.0, 0.5, 0.8, 0.55, 1.1, 0.5, 0.9, 0.6])[:, None]
    * np.stack([np.cos(np.arange(8) * np.pi / 4), np.sin(np.arange(8) * np.pi / 4)], 1)
)


def pursuit_of(score: Score, *decays: float) -> Pursuit:
    """Return a pursuit of the sound of a score whose drums are known."""
    voices = [Voice(drum, decay) for drum, decay in zip(score.drums, decays, strict=True)]
    return Pursuit(score.render(RATE), RATE, voices, None, len(voices))


@pytest.mark.parametrize("off", [-0.004, -0.001, 0.0, 0.003, 0.006])
def test_a_strike_is_moved_to_where_its_partials_are_sines(off: float) -> None:
    drum = Drum("circle", 0.3, sample_location=(0.6, 0.0))
    score = Score([drum], [Strike(0.2, 0, (0.4, 1.0), 0.5, 0.6)], 0.8)
    pursuit = pursuit_of(score, 3 * np.log(10) / 0.6)
    left, first = pursuit.rest.left, round((0.2 + off) * RATE)
    sample, _ = struck_near(left, RATE, pursuit.voices[0], first, len(left))
    assert abs(sample - 0.2 * RATE) <= 1


@pytest.mark.parametrize("angle", [0.0, 1.2, -2.5])
def test_angles_are_counted_from_where_a_circle_of_a_kit_is_heard(angle: float) -> None:
    kit = Kit([Drum("circle", 0.3, sample_location=(0.6, angle))])
    strikes = [Strike(0.1, 0, (0.4, 0.7 + angle), 0.5, 0.6), Strike(0.6, 0, (0.7, angle), 0.5, 0.6)]
    found = orchestrate(
        Score(list(kit), strikes, 1.2).render(RATE), RATE, instruments=kit, progress=False
    )
    assert [strike.location[0] for strike in found] == pytest.approx([0.4, 0.7], abs=0.01)
    away = [abs(np.angle(np.exp(1j * (strike.location[1] - angle)))) for strike in found]
    assert away == pytest.approx([0.7, 0.0], abs=0.03)


def test_a_circle_that_is_found_is_heard_at_angle_0() -> None:
    drum = Drum("circle", 0.3, sample_location=(0.6, 0.0))
    strikes = [Strike(t, 0, (0.2 + t / 2, 2 * t), 0.5, 0.6) for t in (0.1, 0.5, 0.9)]
    found = orchestrate(
        Score([drum], strikes, 1.3).render(RATE), RATE, instruments="circle", progress=False
    )
    assert [each.sample_location for each in found.drums] == [(pytest.approx(0.6, abs=0.01), 0.0)]


def test_a_strike_ends_at_a_clear_onset_and_at_no_faint_one() -> None:
    low, high = Drum("circle", 0.3), Drum("circle", 0.1)
    strikes = [Strike(0.2, 0, (0.4, 1.0), 0.5, 0.6), Strike(0.5, 1, (0.4, 1.0), 0.005, 0.6)]
    pursuit = pursuit_of(Score([low, high], strikes, 1.0), 11.5, 11.5)
    starts, ends = np.array(pursuit._segments()).T
    assert starts == pytest.approx([0.2, 0.5, 0.851], abs=0.01)  # the last is a beat of partials
    assert ends == pytest.approx([0.5, 1.0, 1.0], abs=0.01)


@pytest.mark.parametrize(("size", "voices"), [(0.3001, {0}), (0.39, {0, 1})])
def test_drums_are_one_only_if_their_sizes_may_be(size: float, voices: set[int]) -> None:
    """The bands of drums of unlike sizes are not those of one sound."""
    drum = Drum("circle", 0.3, sample_location=(0.6, 0.0))
    strikes = [Strike(t, 0, (0.2 + 0.2 * t, t), 0.5, 0.6) for t in (0.1, 0.6, 1.1)]
    known = [Voice(drum, 11.5), Voice(Drum("circle", size), 11.5)]
    pursuit = Pursuit(Score([drum], strikes, 1.7).render(RATE), RATE, known, None, 2)
    for strike, voice in zip(strikes, (0, 1, 0), strict=True):
        first = round(strike.time * RATE)
        pursuit._add(first, voice, first + RATE // 3)
    pursuit._unite()
    assert {hit.voice for hit in pursuit.hits} == voices


def test_partials_of_an_outline_are_measured() -> None:
    """Of a shape that is off by several per cent, as one that is heard, tuning alone fails."""
    true = Voice(Drum("star", 0.3, 1.4, STAR), 6.9)
    rough = Voice(Drum("star", 0.3, 1.4, STAR * np.array([1.06, 0.94])), 6.9)
    strikes = [Strike(0.0, 0, (0.03, 0.05), 0.5, 1.0), Strike(0.6, 0, (-0.05, 0.02), 0.5, 1.0)]
    first, second = np.split(Score([true.drum], strikes, 1.2).render(RATE), 2)
    series = tuned([first], RATE, rough.series, rough.slowness, rough.decay)
    only_tuned = replace(rough)
    only_tuned.series = series
    rough.tune([first], RATE)
    assert only_tuned.match(first, RATE).explained < 0.9
    assert rough.match(first, RATE).explained > 0.97
    assert rough.match(second, RATE).explained > 0.9  # which was not looked at
