"""The baselines of an orchestration: a fixed dictionary, noise, and silence."""

import numpy as np
import pytest

from kac_prediction.orchestration import (
    Comparison,
    Drum,
    Family,
    Kit,
    Score,
    Strike,
    compare,
    dictionary_score,
    spectral_distance,
)

RATE = 16000
TIMES = (0.1, 0.52, 0.9)
DRUM = Drum("rectangle", 0.3, 1.4, sample_location=(0.3, 0.2))
TRUTH = Score(
    [DRUM], [Strike(time, 0, (0.4, 0.7), 0.5 - time / 4, 0.6) for time in TIMES], duration=1.5
)
TARGET = TRUTH.render(RATE)


def laid(target: np.ndarray = TARGET, seed: int = 0, instruments: object = "circle") -> Score:
    """A score from a small dictionary."""
    return dictionary_score(
        target, RATE, TIMES, instruments=instruments, size=12, seed=seed, wave_speed=90
    )


def test_a_sound_of_the_dictionary_is_found_in_it() -> None:
    """What it is made of comes back, its levels too: there is no other way to distance 0."""
    first = laid(instruments="free")
    assert {strike.time for strike in first} <= {round(t * RATE) / RATE for t in TIMES}
    assert {drum.wave_speed for drum in first.drums} == {90}
    loudest = [max((s for s in first if s.time == t), key=lambda s: s.level) for t in TIMES]
    alone = Score(first.drums, loudest, first.duration)
    again = laid(alone.render(RATE), instruments="free")
    assert again.distance(alone.render(RATE), RATE) < 0.1 * spectral_distance(np.zeros(1), TARGET)
    for strike, found in zip(alone, again, strict=True):
        assert alone.drums[strike.drum] == again.drums[found.drum]
        assert found.level == pytest.approx(strike.level, rel=0.05)
        assert (found.location, found.decay_time) == (strike.location, strike.decay_time)


def test_it_lies_nearer_than_silence_and_follows_its_seed() -> None:
    score = laid()
    assert score == laid()
    assert score.drums != laid(seed=1).drums
    assert score.distance(TARGET, RATE) < 0.8 * spectral_distance(np.zeros(1), TARGET)


def test_drums_are_of_the_family_or_the_kit_that_is_asked_for() -> None:
    assert {drum.family for drum in laid(instruments="triangle").drums} == {"triangle"}
    ellipses = laid(instruments=Family("ellipse", (0.25, 0.3), (1.5, 1.7))).drums
    assert {drum.family for drum in ellipses} == {"ellipse"}
    assert all(0.25 <= drum.drum_size <= 0.3 for drum in ellipses)
    assert all(1.5 <= drum.aspect_ratio <= 1.7 for drum in ellipses)
    kit = Kit([DRUM, Drum("star", 0.3, outline=np.array(STAR), sample_location=(0.0, 0.01))])
    from_kit = laid(instruments=kit)
    assert set(from_kit.drums) <= set(kit)
    assert DRUM in from_kit.drums


STAR = [(1, 0), (0.3, 0.3), (0, 1), (-0.3, 0.3), (-1, 0), (-0.3, -0.3), (0, -1), (0.3, -0.3)]


def test_a_comparison_has_all_distances() -> None:
    compared = compare(TRUTH, np.stack([TARGET, TARGET], axis=1), RATE, instruments=Kit([DRUM]))
    assert compared.score == 0
    assert compared.silence == spectral_distance(np.zeros(9), TARGET)
    assert compared == compare(TRUTH, TARGET, RATE, instruments=Kit([DRUM]))
    fixed = dictionary_score(TARGET, RATE, TIMES, instruments=Kit([DRUM]))
    assert compared.dictionary == pytest.approx(fixed.distance(TARGET, RATE), rel=1e-3)
    assert 0 < compared.dictionary < compared.silence < compared.noise


def test_noise_has_the_envelope_of_the_target() -> None:
    """Noise under an envelope is nearer to such noise than a level tone or silence are."""
    noise = np.random.default_rng(5).standard_normal(RATE) * np.geomspace(1, 1e-4, RATE)
    empty = Score([], [], 1.0)
    compared = compare(empty, noise, RATE)
    assert compared.noise < 0.5 * compared.silence
    assert compared.dictionary == compared.silence == compared.score


def test_a_comparison_is_shown_as_a_table() -> None:
    compared = Comparison(score=0.25, silence=2.0, noise=0.0, dictionary=0.5)
    assert str(compared) == "distance 0.25; silence 2, noise 0, dictionary 0.5"
    table = compared.to_markdown()
    assert "| a fixed dictionary, without refinement | 0.5 | 0.50 |" in table
    assert "| noise with the target's envelope | 0 |  |" in table
    assert "without refinement" in compared._repr_html_()


def test_silence_and_wrong_arguments() -> None:
    silent = np.zeros(RATE)
    assert len(laid(np.zeros(2 * RATE))) == 0
    assert compare(Score([], [], 1.0), silent, RATE) == Comparison(0, 0, 0, 0)
    for onsets, settings, error, message in (
        ([1.0], {}, ValueError, r"onsets must be seconds from 0 to below 1, shape \(n,\)"),
        ([-0.1], {}, ValueError, "onsets must be"),
        ([np.nan], {}, ValueError, "onsets must be"),
        ([[0.1]], {}, ValueError, "onsets must be"),
        ([0.1], {"instruments": []}, TypeError, "instruments must be a name, a Family or a Kit"),
        ([0.1], {"instruments": "circel"}, ValueError, "instruments must be .*mean circle"),
        ([0.1], {"size": 0}, ValueError, "size must be at least 1"),
        ([0.1], {"seed": -1}, ValueError, "seed must be at least 0"),
        ([0.1], {"wave_speed": 0}, ValueError, "wave_speed must be above 0"),
    ):
        with pytest.raises(error, match=message):
            dictionary_score(silent, RATE, onsets, **settings)
    with pytest.raises(TypeError, match="score must be a Score, got None"):
        compare(None, silent, RATE)
