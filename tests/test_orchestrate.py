"""orchestrate: the drums and strikes of a sound are found again, or refused in a sentence."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from kac_prediction.orchestration import (
    Drum,
    Family,
    Kit,
    Score,
    Strike,
    dictionary_score,
    find_onsets,
    orchestrate,
    spectral_distance,
)
from kac_prediction.orchestration.benchmark import other_target
from kac_prediction.orchestration.orchestration import _location, _Orchestration
from kac_prediction.orchestration.pursuit import Pursuit
from kac_prediction.orchestration.slope import Slope
from kac_prediction.orchestration.target import open_target
from kac_prediction.orchestration.voice import Voice

RATE = 24000


def score_of_two() -> Score:
    """Two circles and a rectangle, struck seven times."""
    drums = [
        Drum("circle", 0.31, sample_location=(0.7, 0.0)),
        Drum("circle", 0.22, sample_location=(0.5, 0.0)),
        Drum("rectangle", 0.41, 1.5, sample_location=(0.31, 0.22)),
    ]
    strikes = [
        Strike(0.1, 0, (0.4, 0.7), 0.8, 0.9),
        Strike(0.43, 1, (0.6, 1.1), 0.5, 0.5),
        Strike(0.8, 2, (0.62, 0.35), 0.7, 0.7),
        Strike(1.02, 0, (0.2, 2.1), 0.3, 0.9),
        Strike(1.31, 2, (0.2, 0.6), 0.6, 0.7),
        Strike(1.6, 1, (0.3, 0.3), 0.4, 0.5),
        Strike(1.74, 0, (0.8, 0.2), 0.7, 0.9),
    ]
    return Score(drums, strikes, 2.5)


@pytest.fixture(scope="module")
def truth() -> Score:
    return score_of_two()


@pytest.fixture(scope="module")
def found(truth: Score) -> Score:
    return orchestrate(truth.render(RATE), RATE, progress=False)


@pytest.fixture(scope="module")
def short() -> Score:
    """A circle and a rectangle, struck once each."""
    drums = [
        Drum("circle", 0.31, sample_location=(0.7, 0.0)),
        Drum("rectangle", 0.41, 1.5, sample_location=(0.31, 0.22)),
    ]
    strikes = [
        Strike(0.1, 0, (0.4, 0.7), 0.8, 0.5),
        Strike(0.5, 1, (0.62, 0.35), 0.7, 0.4),
    ]
    return Score(drums, strikes, 0.9)


@pytest.fixture(scope="module")
def found_in_short(short: Score) -> Score:
    score = orchestrate(short.render(RATE), RATE, progress=False)
    assert [drum.family for drum in score.drums] == ["circle", "rectangle"]
    return score


def test_every_strike_is_found_on_its_drum(truth: Score, found: Score) -> None:
    assert len(found) == len(truth)
    for right, strike in zip(truth, found, strict=True):
        drum, other = truth.drums[right.drum], found.drums[strike.drum]
        assert strike.time == pytest.approx(right.time, abs=1 / RATE)
        assert strike.level == pytest.approx(right.level, rel=0.02)
        assert strike.decay_time == pytest.approx(right.decay_time, rel=0.02)
        assert other.family == drum.family
        assert other.drum_size == pytest.approx(drum.drum_size, rel=1e-4)
        assert other.aspect_ratio == pytest.approx(drum.aspect_ratio, rel=1e-3)


def test_where_circles_are_struck_and_heard_is_told(truth: Score, found: Score) -> None:
    for right, strike in zip(truth, found, strict=True):
        if truth.drums[right.drum].family == "circle":
            heard = found.drums[strike.drum].sample_location
            assert heard is not None
            assert heard[0] == pytest.approx(truth.drums[right.drum].sample_location[0], abs=0.01)  # type: ignore[index]
            assert strike.location[0] == pytest.approx(right.location[0], abs=0.01)


def test_its_sound_is_the_target(truth: Score, found: Score) -> None:
    target = truth.render(RATE)
    left = target - found.render(RATE)
    assert left @ left < 1e-3 * (target @ target)
    assert found.distance(target, RATE) < 0.1 * Score([], [], 2.5).distance(target, RATE)


def test_an_orchestration_of_an_orchestration_is_the_same(
    short: Score, found_in_short: Score
) -> None:
    target = found_in_short.render(RATE)
    again = orchestrate(target, RATE, progress=False)
    sizes = [sorted(drum.drum_size for drum in each.drums) for each in (found_in_short, again)]
    np.testing.assert_allclose(*sizes, rtol=1e-4)
    own = found_in_short.distance(short.render(RATE), RATE)
    assert again.distance(target, RATE) < min(1.1 * own, 0.02)


def test_it_is_deterministic_and_a_file_is_heard_alike(
    short: Score, found_in_short: Score, tmp_path: Path
) -> None:
    soundfile.write(tmp_path / "x.wav", np.stack([short.render(RATE)] * 2, 1), RATE, "DOUBLE")
    assert orchestrate(tmp_path / "x.wav", progress=False) == found_in_short


def test_a_kit_says_which_drum_is_struck(truth: Score) -> None:
    kit = Kit([*truth.drums, Drum("triangle", 0.5)])
    score = orchestrate(truth.render(RATE), RATE, instruments=kit, progress=False)
    names = [score.drums[strike.drum] for strike in score]
    assert names == [truth.drums[strike.drum] for strike in truth]
    assert [s.decay_time for s in score] == pytest.approx([s.decay_time for s in truth], rel=0.35)


@pytest.mark.slow
def test_a_family_is_kept_to(short: Score) -> None:
    family = Family("circle", (0.25, 0.4))
    score = orchestrate(short.render(RATE), RATE, instruments=family, progress=False)
    assert {drum.family for drum in score.drums} == {"circle"}
    assert all(0.25 <= drum.drum_size <= 0.4 for drum in score.drums)


def test_no_more_drums_than_asked_for(short: Score) -> None:
    score = orchestrate(short.render(RATE), RATE, max_drums=1, progress=False)
    assert len(score.drums) == 1


def test_sizes_are_proportional_to_the_wave_speed(short: Score, found_in_short: Score) -> None:
    score = orchestrate(short.render(RATE), RATE, wave_speed=50, progress=False)
    sizes = [sorted(drum.drum_size for drum in each.drums) for each in (score, found_in_short)]
    np.testing.assert_allclose(sizes[0], np.array(sizes[1]) / 2, rtol=1e-4)


def test_partials_above_half_the_sample_rate_are_left_out() -> None:
    """A circle of which some of the partials, in the order of its table, cannot sound."""
    drum = Drum("circle", 0.15, sample_location=(0.6, 0.0))
    strikes = [Strike(0.1, 0, (0.3, 0.5), 0.5, 0.6), Strike(0.5, 0, (0.7, 1.5), 0.5, 0.6)]
    kit = Kit([drum, Drum("circle", 0.0005)])  # of which one is too small to sound at 48 kHz
    target = Score([drum], strikes, 1.0).render(8000)
    score = orchestrate(target, 8000, instruments=kit, progress=False)
    assert [strike.location[0] for strike in score] == pytest.approx([0.3, 0.7], abs=1e-3)
    assert [strike.location[1] for strike in score] == pytest.approx([0.5, 1.5], abs=1e-2)


def test_a_faint_sound_of_a_kit_that_decays_fast_is_placed_as_well() -> None:
    drum = Drum("circle", 0.3, sample_location=(0.6, 0.0))
    strikes = [Strike(0.1, 0, (0.23, 0.3), 1e-5, 0.3), Strike(0.5, 0, (0.43, 0.7), 1e-5, 0.3)]
    target = Score([drum], strikes, 0.8).render(8000)
    score = orchestrate(target, 8000, instruments=Kit([drum]), progress=False)
    assert [strike.location[0] for strike in score] == pytest.approx([0.23, 0.43], abs=1e-3)
    assert [strike.decay_time for strike in score] == pytest.approx([0.3, 0.3], rel=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [8000, 44100])
def test_sounds_that_are_no_drum(rate: int) -> None:
    click = np.zeros(rate)
    click[rate // 2] = 1
    noise = np.random.default_rng(0).standard_normal(rate)
    for sound in (np.zeros(rate), click, noise, np.zeros((rate, 2))):
        score = orchestrate(sound, rate, progress=False)
        assert score.duration == 1
        assert len(score.drums) <= 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": np.full(100, np.nan)}, "finite"),
        ({"target": np.r_[np.zeros(40 * RATE), np.inf]}, f"sample {40 * RATE} of the target"),
        ({"target": "x.wav"}, "sample rate of its own"),
        ({"target": np.broadcast_to(0.0, 86401 * 1000), "sample_rate": 1000}, "duration"),
        ({"target": np.zeros(0)}, "empty"),
        ({"target": np.ones(100), "sample_rate": None}, "sample_rate"),
        ({"target": "nowhere.wav", "sample_rate": None}, "nowhere.wav"),
        ({"instruments": "gong"}, "gong"),
        ({"instruments": 3}, "instruments"),
        ({"max_drums": 0}, "max_drums"),
        ({"wave_speed": -1}, "wave_speed"),
        ({"seed": -1}, "seed"),
    ],
)
def test_what_it_refuses(arguments: dict[str, object], message: str) -> None:
    given = {"target": np.ones(100), "sample_rate": RATE, "progress": False} | arguments
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=message):
        orchestrate(**given)  # type: ignore[arg-type]


def test_onsets_are_where_drums_are_struck(truth: Score) -> None:
    found = find_onsets(truth.render(RATE), RATE)
    assert all(np.abs(found.times - strike.time).min() < 0.005 for strike in truth)
    assert (found.strengths > 0).all()
    assert (np.diff(found.times) >= 0.0199).all()


def test_a_drum_that_is_refined_stays_within_the_ranges() -> None:
    drum = Drum("circle", 0.3)
    sound = Score([drum], [Strike(0, 0, (0.4, 0.5), 0.5, 0.6)], 0.5).render(RATE)
    for family, size in ((None, 0.3), (Family("circle", (0.1, 0.2999)), 0.2999)):
        voice = Voice(Drum("circle", 0.2999), 11.0, family=family)
        voice.fit([sound], RATE)
        assert voice.drum.drum_size == pytest.approx(size, rel=1e-5)


def test_windows_without_an_onset(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a sound that is constant throughout one: of the drums that it had, if any."""
    monkeypatch.setattr("kac_prediction.orchestration.orchestration._WINDOW", 1.0)
    target = np.ones(3 * 8000)
    score = orchestrate(target, 8000, max_drums=2, progress=False)
    assert score.duration == 3
    assert len(score.drums) <= 2
    assert score.distance(target, 8000) <= Score([], [], 3.0).distance(target, 8000)


@pytest.mark.parametrize(
    "instruments", ["free", Kit([Drum("triangle", 0.2), Drum("circle", 4e-4)])]
)
def test_what_is_no_drum_gets_the_nearest(instruments: str | Kit) -> None:
    target = other_target(1, "chord", 0.5, 8000)
    score = orchestrate(target, 8000, instruments=instruments, progress=False)
    distance = score.distance(target, 8000)
    assert distance < Score([], [], 0.5).distance(target, 8000)
    if isinstance(instruments, Kit):
        assert {drum.family for drum in score.drums} == {"triangle"}
        return
    times = [strike.time for strike in score]
    composed = dictionary_score(target, 8000, times, instruments="circle", size=100)
    assert distance < 0.8 * composed.distance(target, 8000)


def test_the_slope_of_the_distance() -> None:
    rng = np.random.default_rng(0)
    target, sound, way = rng.standard_normal((3, 3000)) * [[0.1], [0.03], [1e-4]]
    distance, slope = Slope(target).of(sound.astype(np.float32))
    assert distance == pytest.approx(spectral_distance(sound, target), rel=1e-5)
    ends = [spectral_distance(sound + side * way, target) for side in (1, -1)]
    assert slope @ way == pytest.approx((ends[0] - ends[1]) / 2, rel=0.02)


def test_a_drum_without_strikes_is_not_kept_for_later_windows() -> None:
    drum = Drum("circle", 0.3, sample_location=(0.6, 0.0))
    target = Score([drum], [Strike(0.2, 0, (0.4, 0.5), 0.5, 0.6)], 0.7).render(8000)
    voices = [Voice(Drum("triangle", 0.5), 11.0), Voice(drum, 11.5)]
    found = _Orchestration(open_target(target, 8000), voices, None, 2)
    found.add(0, len(target), lambda: None)
    assert [voice.drum.family for voice in found.voices] == ["circle"]
    assert [strike.time for strike in found.score()] == pytest.approx([0.2], abs=1e-3)


def test_a_place_outside_an_ellipse_that_was_refined_is_moved_inside() -> None:
    drum = Drum("ellipse", 0.3, 3.0)
    assert drum.holds(_location(drum, np.array([0.0, 0.4])))
    assert _location(drum, np.array([0.4, 0.1])) == pytest.approx((0.12, 0.03))


def test_an_onset_at_the_end_lies_before_it() -> None:
    rng = np.random.default_rng(27)
    length, rate = int(rng.integers(10, 400)), int(rng.choice([400, 1000, 2000]))
    sound = rng.standard_normal(length) * np.geomspace(1e-3, 1, length) ** rng.integers(0, 4)
    times = find_onsets(sound, rate).times
    assert len(times)
    assert times[-1] < length / rate


def test_onsets_of_few_samples() -> None:
    assert len(find_onsets([0.0, 1.0], 8000).times) == 0
    with pytest.raises(ValueError, match="sample_rate"):
        find_onsets([0.0, 1.0], 100)


@pytest.mark.slow
def test_a_sound_longer_than_a_window_is_heard_throughout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Strikes near the ends of windows too, of which one is the first sample of all."""
    monkeypatch.setattr("kac_prediction.orchestration.orchestration._WINDOW", 1.0)
    drum = Drum("circle", 0.3, sample_location=(0.6, 0.0))
    times = [0.0, 0.5, 0.98, 1.2, 1.995, 2.4]
    strikes = [Strike(t, 0, (0.1 + 0.1 * k, 0.5 * k), 0.5, 0.6) for k, t in enumerate(times)]
    score = orchestrate(Score([drum], strikes, 3.0).render(RATE), RATE, progress=False)
    assert [strike.time for strike in score] == pytest.approx(times, abs=0.002)
    assert [drum.drum_size for drum in score.drums] == pytest.approx([0.3], rel=1e-4)


def test_a_weak_strike_is_not_judged_by_a_loud_one_after_it() -> None:
    low, high = (Drum("circle", size, sample_location=(0.6, 0.0)) for size in (0.45, 0.2))
    strikes = [Strike(0.2, 1, (0.2, 2.0), 0.06, 0.5), Strike(0.35, 0, (0.5, 1.5), 0.6, 0.6)]
    target = Score([low, high], strikes, 0.9).render(RATE)
    pursuit = Pursuit(target, RATE, [Voice(low, 11.5), Voice(high, 13.8)], None, 2)
    assert pursuit._consider(0.2, 0.35, 0.9)
    assert [(hit.voice, hit.sample) for hit in pursuit.hits] == [(1, round(0.2 * RATE))]
