"""The table of conditions: how sounds are recorded, and how good the answers are."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from kac_prediction.evaluation import (
    CONDITIONS,
    ConditionTable,
    compare_conditions,
    comparison,
    estimators,
)
from kac_prediction.evaluation import test_set as set_of_drums
from kac_prediction.evaluation.condition_table import Row
from kac_prediction.evaluation.conditions import FIRST, LEAD
from kac_prediction.evaluation.estimators import (
    NETWORK,
    REFINED,
    Answer,
    classical,
    mean_predictor,
)
from kac_prediction.evaluation.figures import Figures, area_under_curve
from kac_prediction.evaluation.test_set import (
    OTHERS,
    SAMPLE_RATE,
    LabelledDrums,
    make_sounds,
    stored_sounds,
)
from kac_prediction.geometry import Ellipse, Polygon
from kac_prediction.geometry.radii import log_radii
from kac_prediction.listening.hum import without_hum
from kac_prediction.samplers import ModeBank
from kac_prediction.samplers.bank_shapes import SHARES, draw_shape
from listened import Listener, answer, listener
from programs import load_program

FAMILIES = ModeBank.families
TIMES = np.arange(SAMPLE_RATE) / SAMPLE_RATE
# Partials from 90 Hz to 7 kHz, decaying.
DRUM = sum(np.sin(2 * np.pi * f * TIMES) * np.exp(-6 * TIMES) for f in np.geomspace(90, 7000, 40))


def recorded(name: str, sound: Any = DRUM, key: tuple[int, ...] = (1, 2)) -> Any:
    return CONDITIONS[name].recorded(sound, SAMPLE_RATE, key)


def decibels(ratio: float) -> float:
    return 20 * math.log10(ratio)


def rms(x: Any) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def gain(name: str, frequency: float) -> float:
    """What a condition does to a sine, dB, once it has settled."""
    sine = np.sin(2 * np.pi * frequency * TIMES)
    half = SAMPLE_RATE // 2
    return decibels(rms(recorded(name, sine)[half:]) / rms(sine[half:]))


@pytest.mark.parametrize("colour", ["white", "pink"])
@pytest.mark.parametrize("ratio", [40, 20, 10])
def test_noise_lies_so_far_below_the_first_milliseconds(colour: str, ratio: int) -> None:
    sound = recorded(f"{colour} noise, {ratio} dB")
    lead = round(LEAD * SAMPLE_RATE)
    assert lead == 800
    assert len(sound) == lead + len(DRUM)
    noise = sound - np.concatenate([np.zeros(lead), DRUM])
    assert noise[:lead].any()
    assert decibels(rms(DRUM[: round(FIRST * SAMPLE_RATE)]) / rms(noise)) == pytest.approx(ratio)


@pytest.mark.parametrize(("colour", "slope"), [("white", 0.0), ("pink", -3.01)])
def test_noise_falls_by_so_much_an_octave(colour: str, slope: float) -> None:
    noises = [recorded(f"{colour} noise, 20 dB", key=(k,))[800:] - DRUM for k in range(8)]
    power = np.mean([np.abs(np.fft.rfft(noise)) ** 2 for noise in noises], axis=0)
    octaves = [power[64 << k : 128 << k].mean() for k in range(6)]
    levels = 10 * np.log10(octaves)
    assert np.polyfit(np.arange(6), levels, 1)[0] == pytest.approx(slope, abs=0.2)


def test_noise_of_all_levels_is_the_same_and_of_every_key_another() -> None:
    quiet, loud = (recorded(f"white noise, {ratio} dB")[800:] - DRUM for ratio in (40, 20))
    np.testing.assert_allclose(10 * quiet, loud, atol=1e-12)
    assert np.array_equal(recorded("room, 0 dB"), recorded("room, 0 dB"))
    assert not np.array_equal(recorded("room, 0 dB"), recorded("room, 0 dB", key=(1, 3)))


def test_hum_is_a_sine_that_listening_takes_away() -> None:
    sound, lead = recorded("hum"), round(0.2 * SAMPLE_RATE)
    hum = sound - np.concatenate([np.zeros(lead), DRUM])
    assert len(hum) == lead + len(DRUM)
    spectrum = np.abs(np.fft.rfft(hum[: round(0.8 * SAMPLE_RATE)]))  # 40 periods
    assert np.argmax(spectrum) == 40
    np.testing.assert_allclose(np.delete(spectrum, 40), 0, atol=1e-8 * spectrum[40])
    assert decibels(rms(DRUM[: round(FIRST * SAMPLE_RATE)]) / rms(hum)) == pytest.approx(20)
    cleaned = without_hum(sound, SAMPLE_RATE, lead)
    np.testing.assert_allclose(cleaned[-len(DRUM) :], DRUM, atol=1e-3 * np.abs(hum).max())


@pytest.mark.parametrize("ratio", [6, 0])
def test_the_direct_sound_in_a_room(ratio: int) -> None:
    click = np.zeros(SAMPLE_RATE)
    click[0] = 1
    responses = [recorded(f"room, {ratio} dB", click, (k,)) for k in range(20)]
    assert all(response[0] == pytest.approx(1) for response in responses)
    rest = np.mean([np.square(response[1:]) for response in responses], axis=0)
    assert 10 * math.log10(1 / rest.sum()) == pytest.approx(ratio, abs=0.3)
    assert not rest[: round(0.005 * SAMPLE_RATE) - 2].any() or rest[:70].max() < 1e-20
    # Schroeder's integral falls by 60 dB in 0.4 s: by 15 in 0.1 s.
    left = np.cumsum(rest[::-1])[::-1]
    assert 10 * math.log10(left[1600] / left[3200]) == pytest.approx(15, abs=0.8)


def test_the_band_of_a_telephone() -> None:
    assert gain("telephone", 1000) == pytest.approx(0, abs=0.2)
    assert gain("telephone", 300) == pytest.approx(-3.01, abs=0.2)
    assert gain("telephone", 3400) == pytest.approx(-3.01, abs=0.2)
    assert gain("telephone", 75) < -23
    assert gain("telephone", 6800) < -24


@pytest.mark.parametrize("name", ["mp3", "Ogg Vorbis"])
def test_lossy_coding_is_near_the_sound_and_not_the_sound(name: str) -> None:
    sound = recorded(name)
    assert len(sound) == 800 + len(DRUM)
    error = rms(sound[800:] - DRUM) / rms(DRUM)
    assert 0.003 < error < 0.3


def test_where_sounds_begin_and_end() -> None:
    early, late = recorded("onset early"), recorded("onset late")
    assert not early[:80].any()
    assert np.array_equal(early[80:], DRUM)
    assert np.array_equal(late, DRUM[16:])
    for name, length in (("0.25 s", 4000), ("0.1 s", 1600), ("21 ms", 341)):
        assert np.array_equal(recorded(name), DRUM[:length])
    assert np.array_equal(recorded("clean"), DRUM)


def test_eight_bits() -> None:
    sound = recorded("8 bits")
    step = 2 * np.abs(DRUM).max() / 128  # 6 dB of headroom
    assert len(np.unique(sound)) <= 130
    assert np.abs(sound - DRUM).max() <= 0.51 * step
    # Where it is loud, all errors are as likely.
    assert rms((sound - DRUM)[:3000]) == pytest.approx(step / math.sqrt(12), rel=0.1)


def spectrum(sound: Any) -> Any:
    window = np.hanning(len(sound))
    return np.abs(np.fft.rfft(sound * window, 8 * len(sound))) ** 2


def lowest(sound: Any, near: float) -> float:
    """The frequency of the partial near to one, Hz."""
    level, step = spectrum(sound), SAMPLE_RATE / 8 / len(sound)
    first, last = (round(factor * near / step) for factor in (0.97, 1.03))
    return float(first + np.argmax(level[first:last])) * step


def test_drums_are_what_their_labels_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(set_of_drums.MODES, "circle", (10, 10))  # its zeros take a second
    for family, number in (("circle", 0.678389), ("triangle", 0.759836)):
        drums = make_sounds(family, 3)
        for sound, size in zip(drums.waveforms, drums.drum_size, strict=True):
            expected = number * 100 / size
            assert lowest(sound, expected) == pytest.approx(expected, rel=5e-3)
    rectangles = make_sounds("rectangle", 4)
    assert len({*rectangles.drum_size, *make_sounds("circle", 4).drum_size}) == 8
    ratios = rectangles.aspect_ratio
    longest = np.exp(2 * rectangles.outline.max(axis=1))
    assert (longest <= (ratios + 1 / ratios) / 4 * 1.001).all()
    assert (ratios > 1).all()
    area = np.exp(2 * rectangles.outline).mean(axis=1) * math.pi
    np.testing.assert_allclose(area, 1, rtol=0.03)


def test_a_drum_is_the_same_however_many_are_made() -> None:
    for family in ("rectangle", OTHERS):
        many, few = make_sounds(family, 11), make_sounds(family, 3)
        assert np.array_equal(many.first(3).waveforms, few.waveforms)
    assert len(many) == 11
    assert np.isnan(many.drum_size).all()


@pytest.mark.parametrize("family", ["rectangle", "star"])
@pytest.mark.parametrize(("variant", "decay_time"), [("short", 0.2), ("long", 10.0)])
def test_drums_decay_in_their_time(family: str, variant: str, decay_time: float) -> None:
    drums = make_sounds(family, 1, variant)
    first, second = (rms(drums.waveforms[0, k : k + 3200]) for k in (3200, 11200))
    fallen = 60 * 0.5 / decay_time  # in 0.5 s
    assert decibels(first / second) == pytest.approx(fallen, abs=0.02 * fallen + 0.5)
    assert drums.decay_time.tolist() == [decay_time]
    assert 0.3 <= make_sounds(family, 1).decay_time[0] <= 6


@pytest.mark.parametrize("family", ["rectangle", "polygon"])
def test_twice_the_tension_is_a_fifth_and_more_higher(family: str) -> None:
    plain, tense = make_sounds(family, 1), make_sounds(family, 1, "tension doubled")
    assert plain.drum_size == tense.drum_size
    assert (plain.wave_speed, tense.wave_speed) == pytest.approx((100, 141.42136))
    # The lowest partial of a convex drum lies between a disc's and that of a long rectangle.
    ratio = math.sqrt(2)
    low = 0.678 * 100 / plain.drum_size[0]
    step = SAMPLE_RATE / 8 / len(DRUM)
    level, higher = (spectrum(drums.waveforms[0]) for drums in (plain, tense))
    peak = round(low / step) + np.argmax(level[round(low / step) : round(2 * low / step)])
    near = slice(round(0.99 * ratio * peak), round(1.01 * ratio * peak))
    found = near.start + np.argmax(higher[near])
    assert found == pytest.approx(ratio * peak, rel=3e-3)


def test_four_hundred_modes_end_where_the_highest_does() -> None:
    plain, few = make_sounds("rectangle", 3), make_sounds("rectangle", 3, "400 modes")
    compared = 0
    for k, (size, ratio) in enumerate(zip(plain.drum_size, plain.aspect_ratio, strict=True)):
        highest = 50 / size * math.sqrt(400 / ratio + 400 * ratio)
        above = round(8 * 1.02 * highest)
        if above > 8 * 0.45 * SAMPLE_RATE:
            continue
        compared += 1
        shares = [
            spectrum(drums.waveforms[k])[above:].sum() / spectrum(drums.waveforms[k]).sum()
            for drums in (plain, few)
        ]
        assert shares[0] > 1e-3
        assert shares[1] < 1e-3 * shares[0]
    assert compared


def test_which_drums_are_heard_elsewhere() -> None:
    plain, moved = make_sounds("triangle", 1), make_sounds("triangle", 1, "pick-up elsewhere")
    assert plain.drum_size == moved.drum_size
    assert not np.array_equal(plain.waveforms, moved.waveforms)
    applies = {
        name: [family for family in (*FAMILIES, OTHERS) if condition.applies(family)]
        for name, condition in CONDITIONS.items()
    }
    assert (
        applies["pick-up elsewhere"] == applies["400 modes"] == ["circle", "rectangle", "triangle"]
    )
    assert applies["T60 10 s"] == applies["wave speed told"] == [*FAMILIES]
    assert applies["clean"] == applies["21 ms"] == [*FAMILIES, OTHERS]


def test_sounds_are_stored_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stored_sounds(tmp_path, "triangle", 3)
    with monkeypatch.context() as patch:
        patch.setattr("kac_prediction.evaluation.test_set.make_sounds", None)
        few = stored_sounds(tmp_path, "triangle", 2)
    assert np.array_equal(few.waveforms, made.waveforms[:2])
    assert few.wave_speed == 100
    assert few.drum_size.tolist() == made.drum_size[:2].tolist()
    assert len(stored_sounds(tmp_path, "triangle", 4)) == 4


TRUTH = LabelledDrums(
    "ellipse",
    100.0,
    np.zeros((4, 8), np.float32),
    drum_size=np.array([0.1, 0.2, 0.4, 1.0]),
    aspect_ratio=np.array([2.0, 2.0, 3.0, 4.0]),
    decay_time=np.array([1.0, 1.0, 2.0, 2.0]),
    outline=np.zeros((4, 64)),
)
ROUND = np.zeros(64)


def told(family: str, size: float, ratio: float, width: float, score: float) -> Answer:
    """An answer whose intervals are this factor wide to each side."""
    numbers = {"drum_size": size, "aspect_ratio": ratio, "decay_time": 1.0}
    intervals = {name: (value / width, value * width) for name, value in numbers.items()}
    return Answer(family, size, ratio, ROUND, intervals, score)


def test_figures_by_hand() -> None:
    answers = [
        told("ellipse", 0.11, 2.2, 1.2, 0.9),  # 10 % and 10 % off
        told("circle", 0.2, 1.0, 1.01, 0.8),  # 0 and 50 %
        told("ellipse", 0.5, 3.0, 1.1, 0.7),  # 25 % and 0
        Answer(family="", outline=ROUND, score=0.0),  # refused
    ]
    found = Figures.of(TRUTH, answers, 0.03)
    assert (found.count, found.seconds, found.family) == (4, 0.03, 0.5)
    assert found.drum_size == pytest.approx((0.1 + 0.25) / 2)
    assert found.drum_size_90 == pytest.approx(0.25 + 0.7 * 0.75)  # between the two largest
    assert found.aspect_ratio == pytest.approx((0.1 + 0.5) / 2)
    assert found.overlap == pytest.approx(1.0)  # of three of four
    assert found.coverage == {"drum_size": 0.5, "aspect_ratio": 0.5, "decay_time": 0.5}
    assert found.scores == (0.9, 0.8, 0.7, 0.0)
    stored = json.loads(json.dumps(vars(found)))
    assert Figures.from_dict(stored) == found
    nothing = Figures.of(TRUTH, [Answer(None, 0.2, 2.0)] * 4, 0.0)
    assert (nothing.family, nothing.overlap, nothing.coverage, nothing.scores) == (
        None,
        None,
        {},
        (),
    )


def test_the_area_under_the_curve_by_hand() -> None:
    assert area_under_curve([0.9, 0.5], [0.5, 0.1]) == pytest.approx(3.5 / 4)
    assert area_under_curve([0.2], [0.7]) == 0
    rng = np.random.default_rng(0)
    drums, others = rng.normal(1, 1, 90), rng.normal(0, 1, 70)
    pairs = (drums[:, None] > others).mean()
    assert area_under_curve(drums, others) == pytest.approx(pairs)
    with pytest.raises(ValueError, match="got 1, 0"):
        area_under_curve([0.2], [])


def test_radii_are_the_farthest_about_the_origin() -> None:
    square = Polygon([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    radii = np.exp(log_radii(square))
    assert radii[[0, 16, 32]] == pytest.approx([1, 1, 1])
    assert radii[[8, 24]] == pytest.approx([math.sqrt(2)] * 2)
    assert np.pi * np.mean(radii**2) == pytest.approx(square.area, rel=0.01)
    assert np.exp(log_radii(Ellipse(3.0, 1.0)))[[0, 16]] == pytest.approx([3, 1])
    # An hourglass is seen from its middle as far as its corners.
    dents = Polygon([[-2.0, -1], [0, -0.1], [2, -1], [2, 1], [0, 0.1], [-2, 1]])
    assert np.exp(log_radii(dents))[[0, 16, 32]] == pytest.approx([2, 0.1, 2])


def test_the_mean_predictor_knows_the_mean_of_a_bank() -> None:
    rng = np.random.default_rng(0)
    shares = np.array([*SHARES.values()]) / sum(SHARES.values())
    drawn = [draw_shape(rng.choice([*SHARES], p=shares), rng)[1] for _ in range(300)]
    (mean, *others) = mean_predictor(3)
    assert mean.aspect_ratio == pytest.approx(np.mean(drawn), abs=0.25)
    assert mean.family == max(SHARES, key=lambda name: SHARES[name])
    assert len(others) == 2


def test_the_classical_estimator_hears_from_the_strike_on(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Any] = []

    def guess(waveforms: Any, *arguments: Any, **options: Any) -> Any:
        heard.append((waveforms, arguments, options))
        each = {
            name: {"drum_size": np.full(2, size), "aspect_ratio": np.ones(2)}
            for name, size in (("circle", 0.1), ("rectangle", 0.2), ("polygon", 0.3))
        }
        return np.array(["rectangle", "circle"]), each

    monkeypatch.setattr(estimators, "estimate_each", guess)
    sounds = [np.pad(DRUM, (400, 0)), np.pad(DRUM[:4000], (700, 100))]
    unknown, known = classical(sounds, ["star", "circle"], SAMPLE_RATE, 141.0)
    ((waveforms, arguments, options),) = heard
    assert (arguments, options) == ((SAMPLE_RATE, 141.0), {"sizes": (0.1, 1.0)})
    starts = np.argmax(np.abs(waveforms) > 1e-3, axis=1)
    assert (starts < 5).all()
    assert not waveforms[1, 4200:].any()
    assert [(each.family, each.drum_size) for each in unknown] == [
        ("rectangle", 0.2),
        ("circle", 0.1),
    ]
    assert [(each.family, each.drum_size) for each in known] == [(None, 0.3), (None, 0.1)]


def hears() -> Listener:
    return listener(
        answer({"rectangle": 0.7, "star": 0.2, "none": 0.1}, drum_size=0.5, aspect_ratio=2.0)
    )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Leave out what takes seconds, and count the sounds that the classical estimator hears."""
    counts: list[int] = []

    def guess(sounds: Any, families: Any, *_: Any) -> Any:
        counts.append(len(sounds))
        return [Answer("circle", 0.5, 1.0)] * len(sounds), [Answer(None, 0.4, 1.0)] * len(sounds)

    monkeypatch.setattr(comparison, "classical", guess)
    return counts


def compare(path: Path, model: Any = None, **options: Any) -> ConditionTable:
    settings = {
        "drums": 3,
        "families": ("rectangle", "triangle"),
        "conditions": ("21 ms", "clean"),
        "refine": False,
        "workers": 1,
    }
    return compare_conditions(path, model or hears(), **{**settings, **options})


def test_a_comparison_by_hand(tmp_path: Path, quick: list[int]) -> None:
    table = compare(tmp_path)
    drums = stored_sounds(tmp_path / "sounds", "rectangle", 3)
    found = table.get("clean", "rectangle", NETWORK)
    assert found is not None
    assert found.family == 1.0
    errors = np.abs(0.5 - drums.drum_size) / drums.drum_size
    assert found.drum_size == pytest.approx(np.median(errors), rel=1e-4)
    ratios = np.abs(2 - drums.aspect_ratio) / drums.aspect_ratio
    assert found.aspect_ratio == pytest.approx(np.median(ratios), rel=1e-4)
    assert found.scores == pytest.approx([0.9] * 3, rel=1e-4)
    low, high = 0.5 / 10**0.01, 0.5 * 10**0.01  # mu +- b ln 10, b = 0.01
    held = np.mean((low <= drums.drum_size) & (drums.drum_size <= high))
    assert found.coverage["drum_size"] == held
    assert table.area_under_curve("clean", NETWORK) == 0.5  # all sounds score the same
    told_size = table.get("21 ms", "triangle", "classical, family told")
    assert told_size is not None
    assert told_size.family is None
    assert table.get("21 ms", "triangle", "mean predictor") is None
    assert table.get("clean", "rectangle", REFINED) is None
    assert table.conditions == ["clean", "21 ms"]
    assert table.families == ["rectangle", "triangle"]
    assert json.loads(json.dumps(table.to_dict(), allow_nan=False))["drums"] == 3


def test_a_comparison_goes_on_where_it_was_interrupted(
    tmp_path: Path, quick: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compare(tmp_path)
    file = tmp_path / "conditions.jsonl"
    lines = file.read_text().splitlines()
    assert len(lines) == 2 * (3 + 2 * 2) + 2  # network, classical twice; the mean once
    with monkeypatch.context() as patch:
        patch.setattr(comparison, "heard", None)  # not called
        assert compare(tmp_path) == whole
        assert len(compare(tmp_path, conditions=("clean",)).rows) == 9
    assert quick == [6, 6]
    file.write_text("\n".join([*lines[1:-2], lines[-1][:40]]))
    assert without_seconds(compare(tmp_path)) == without_seconds(whole)
    other = compare(tmp_path, listener(answer({"star": 1.0})))
    assert other.model != whole.model
    assert quick == [6, 6, *quick[2:]]
    assert len(compare(tmp_path, drums=2).rows) == len(whole.rows)


def without_seconds(table: ConditionTable) -> list[Any]:
    rows = [(row.condition, row.family, row.estimator, vars(row.figures)) for row in table.rows]
    return [(*key, {**figures, "seconds": 0}) for *key, figures in rows]


@pytest.mark.slow
def test_figures_are_the_same_by_any_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With noise that is drawn, but of the classical estimator, which takes long, without."""
    is_compared = comparison._is_compared

    def is_quick(key: Any) -> bool:
        return is_compared(key) and (key.condition == "21 ms" or key.estimator not in by_classical)

    by_classical = (comparison.CLASSICAL, comparison.TOLD)
    monkeypatch.setattr(comparison, "_is_compared", is_quick)
    options: dict[str, Any] = {"conditions": ("21 ms", "pink noise, 20 dB"), "drums": 1}
    one, two = (compare(tmp_path / str(k), workers=k, **options) for k in (1, 2))
    assert {row.condition for row in one.rows} == set(options["conditions"])
    assert without_seconds(one) == without_seconds(two)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"families": ("square",)}, "each of families"),
        ({"conditions": ("noise",)}, "each of conditions"),
        ({"drums": 0}, "drums must be"),
        ({"workers": 0}, "workers must be"),
    ],
)
def test_what_is_refused_before_any_sound(tmp_path: Path, options: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        compare(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


def example() -> ConditionTable:
    network = Figures(10, 0.0302, 0.956, 0.0123, 0.2, 0.02, 0.9, {"drum_size": 0.91}, (0.9, 0.8))
    refined = Figures(10, 0.3, 1.0, 0.00006, 0.2, 0.0002, 0.93, {"drum_size": 0.88}, (0.9, 0.4))
    others = Figures(10, 0.03, scores=(0.5, 0.1))
    rows = [
        Row("clean", "circle", NETWORK, network),
        Row("clean", "circle", REFINED, refined),
        Row("clean", "rectangle", NETWORK, network),
        Row("clean", OTHERS, NETWORK, others),
        Row("clean", OTHERS, REFINED, others),
        Row("clean", "circle", "mean predictor", Figures(10, 0.0, 0.0, 0.37, 0.9)),
        Row("T60 10 s", "circle", NETWORK, network),
    ]
    return ConditionTable(10, 7, "0123456789ab", tuple(rows))


def test_the_page_of_tables() -> None:
    page = example().to_markdown()
    assert "10 drums of each family" in page
    assert "0123456789ab" in page
    assert "- T60 10 s: in 10 s" in page
    family, size = (page.split(f"## {title}")[1] for title in ("Family", "Size"))
    assert "| condition | circle | rectangle |\n| --- | --- | --- |" in family
    assert "| clean | 96 / 100 | 96 / - |" in family
    assert "| clean | 1.2 / 0.0060 | 1.2 / - |" in size
    assert "| mean predictor | 37 |  |" in size
    # Scores 0.9, 0.8 of drums against 0.5, 0.1; of the refined 0.4 is below 0.5.
    assert "| clean | 91 / 88 |  |  | 1.0000 / 0.7500 | 30 / 300 |" in page
    assert "| T60 10 s | 91 / - |  |  | 1.0000 / - | 30 / - |" in page


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = load_program("report")
    given: dict[str, Any] = {}

    def comparison_of(out: Path, model: str, **options: Any) -> ConditionTable:
        given.update(options, model=model)
        return example()

    monkeypatch.setattr(report, "compare_conditions", comparison_of)
    out = ["--conditions", "--out", str(tmp_path)]
    options = ["--only", "clean", "--only", "mp3", "--drums", "4", "--families", "circle,star"]
    result = CliRunner().invoke(report.report, [*out, *options, "--no-refine"])
    assert result.exit_code == 0, result.output
    page = (tmp_path / "conditions.md").read_text()
    assert page == example().to_markdown()
    assert page in result.output
    assert json.loads((tmp_path / "conditions.json").read_text())["seed"] == 7
    assert given == {
        "model": "any-drum",
        "drums": 4,
        "families": ("circle", "star"),
        "conditions": ("clean", "mp3"),
        "refine": False,
    }
    for wrong in (["--only", "circles"], ["--drums", "0"]):
        result = CliRunner().invoke(report.report, [*out, *wrong])
        assert result.exit_code == 2
