"""Matching pursuit: where strikes fall, on which drum, and where they end."""

import numpy as np
import pytest

from kac_prediction.orchestration import Drum, Kit, Score, Strike, orchestrate
from kac_prediction.orchestration.pursuit import Pursuit
from kac_prediction.orchestration.voice import Voice

RATE = 24000


def pursuit_of(score: Score, *decays: float) -> Pursuit:
    """Return a pursuit of the sound of a score whose drums are known."""
    voices = [Voice(drum, decay) for drum, decay in zip(score.drums, decays, strict=True)]
    return Pursuit(score.render(RATE), RATE, voices, None, len(voices))


@pytest.mark.parametrize("off", [-0.004, -0.001, 0.0, 0.003, 0.006])
def test_a_strike_is_moved_to_where_its_partials_are_sines(off: float) -> None:
    drum = Drum("circle", 0.3, sample_location=(0.6, 0.0))
    score = Score([drum], [Strike(0.2, 0, (0.4, 1.0), 0.5, 0.6)], 0.8)
    pursuit = pursuit_of(score, 3 * np.log(10) / 0.6)
    sample, _ = pursuit._struck(
        pursuit.voices[0], round((0.2 + off) * RATE), len(pursuit.rest.left)
    )
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
    starts, ends = np.array(pursuit._segments(pursuit.rest.sound)).T
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
