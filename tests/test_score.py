"""Scores, drums and kits: what they refuse, sound like, and are stored as."""

import json
import math
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from kac_prediction.geometry import ConvexPolygon, Polygon
from kac_prediction.orchestration import Drum, Family, Kit, Score, Strike, spectral_distance
from kac_prediction.physics import circularSeries
from kac_prediction.samplers import BesselModel, FiniteElementModel, LaméModel, PoissonModel
from test_prediction import DISC, predicted

RATE = 8000
SQUARE = [[0.0, 0.0], [0.0, 2.0], [2.0, 2.0], [2.0, 0.0]]  # clockwise, off the origin
POINTS = {"circle": (0.4, 1.0), "rectangle": (0.3, 0.4), "triangle": (0.5, 0.3, 0.2)}
FAMILIES = ("circle", "ellipse", "rectangle", "triangle", "polygon", "star")


def drum_of(family: str, **changes: Any) -> Drum:
    fields: dict[str, Any] = {"drum_size": 0.3}
    if family in ("ellipse", "rectangle"):
        fields["aspect_ratio"] = 1.5
    if family in ("polygon", "star"):
        fields["outline"] = ConvexPolygon(7, rng=np.random.default_rng(3)).vertices
    return Drum(family, **fields | changes)


def score_of(*drums: Drum, duration: float = 1.0) -> Score:
    rng = np.random.default_rng(5)
    strikes = []
    for number, drum in enumerate(drums):
        point = POINTS.get(drum.family, (0.03, 0.02))
        strikes += [
            Strike(0.9 * duration * rng.random(), number, point, 0.1 + rng.random(), 0.4)
            for _ in range(3)
        ]
    return Score(drums, strikes, duration)


ALL = score_of(*map(drum_of, FAMILIES))


@pytest.mark.parametrize(
    ("family", "kind"),
    [
        ("circle", BesselModel),
        ("rectangle", PoissonModel),
        ("triangle", LaméModel),
        ("ellipse", FiniteElementModel),
        ("star", FiniteElementModel),
    ],
)
def test_a_drum_has_the_sampler_of_its_family(family: str, kind: type) -> None:
    drum = drum_of(family, wave_speed=80.0, sample_location=POINTS.get(family, (0.01, 0.02)))
    sampler = drum.sampler(0.1, RATE, 0.7)
    assert type(sampler) is kind
    assert sampler.coordinates == drum.coordinates
    assert (sampler.drum_size, sampler.decay_time, sampler.length) == (0.3, 0.7, 800)
    assert sampler.sample_location == drum.sample_location
    assert sampler.wave_speed == pytest.approx(80.0, rel=1e-15)
    assert getattr(sampler, "strike_width", 0.0) == drum.struck_over
    assert sampler.shape.area == pytest.approx(drum.shape.area, rel=1e-12)


@pytest.mark.parametrize("family", ["circle", "ellipse", "polygon"])
def test_a_drum_that_was_heard_sounds_as_its_prediction(family: str) -> None:
    ratio = {} if family in ("circle", "triangle") else {"aspect_ratio": 1.4}
    prediction = predicted(family, wave_speed=90.0, **ratio)
    drum, sampler = Drum.of(prediction, "it"), prediction.drum(0.05, RATE)
    assert (drum.family, drum.wave_speed, drum.name) == (family, 90.0, "it")
    at = sampler.strike_location
    sound = drum.sampler(0.05, RATE, prediction.decay_time).strike(at=at)
    np.testing.assert_allclose(sound, sampler.strike(), atol=1e-9)


def test_an_outline_is_turned_scaled_and_moved_once() -> None:
    drum = Drum("polygon", 0.3, outline=SQUARE)
    assert drum.outline is not None
    assert drum.outline == pytest.approx(
        np.array([[0.15, -0.15], [0.15, 0.15], [-0.15, 0.15], [-0.15, -0.15]])
    )
    assert drum.aspect_ratio == pytest.approx(1.0)
    assert not drum.outline.flags.writeable
    for family in ("polygon", "star"):
        once = drum_of(family)
        again = replace(once)
        assert np.array_equal(once.outline, again.outline)
        assert Polygon(again.outline).area == pytest.approx(0.09, rel=1e-12)


def test_the_fundamental_is_that_of_the_disc() -> None:
    expected = circularSeries(1, 1)[0, 0] * 80.0 / (2 * 0.3)
    assert Drum("circle", 0.3, wave_speed=80.0).fundamental == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gong", 0.3), "family must be one of circle"),
        (("circle", 0.0), "drum_size must be above 0"),
        (("circle", math.nan), "drum_size must be a finite number"),
        (("rectangle", 0.3, 0.5), "aspect_ratio must be at least 1"),
        (("circle", 0.3, 1.5), "aspect_ratio of a circle is 1, got 1.5: take ellipse or rectangle"),
        (("polygon", 0.3), "outline must be given of a polygon"),
        (("ellipse", 0.3, 1.5, DISC), "outline belongs to polygons and stars"),
        (("star", 0.3, 1.0, [[0, 0], [1, 0]]), "three"),
        (("star", 0.3, 1.0, [[0, 0], [1, 1], [1, 0], [0, 1]]), "meets"),
        (("circle", 0.3, 1.0, None, (1.0, 0.0)), r"sample_location \(r, theta\) must lie inside"),
        (("triangle", 0.3, 1.0, None, (0.5, 0.5)), r"sample_location \(u, v, w\) must be 3"),
        (("ellipse", 0.3, 1.5, None, (0.3, 0.0)), r"sample_location \(x, y\) must lie inside"),
        (("circle", 0.3, 1.0, None, None, -1.0), "wave_speed must be above 0"),
        (("circle", 0.3, 1.0, None, None, 1.0, "\udc80"), "name must be characters of Unicode"),
        (("circle", 0.3, 1.0, None, None, 1.0, "", -0.01), "strike_width must be at least 0"),
        (("ellipse", 0.3, 1.0, None, None, 1.0, "", 0.4), "strike_width must be .*at most 0.3"),
    ],
)
def test_a_drum_says_what_it_refuses(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Drum(*arguments)


def test_what_is_no_drum_no_name_and_no_prediction() -> None:
    with pytest.raises(TypeError, match="name must be a text, got 3"):
        Drum("circle", 0.3, name=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="prediction must be a Prediction"):
        Drum.of("circle")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="drums must be of Drum, got 'circle' as number 0"):
        Kit(["circle"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="strikes must be a sequence of Strike, got None"):
        Score([], None, 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="a kit must have a drum or more"):
        Kit([])
    with pytest.raises(FrozenInstanceError):
        ALL.duration = 2.0  # type: ignore[misc]


@pytest.mark.parametrize("family", FAMILIES)
def test_drums_are_equal_by_value(family: str) -> None:
    drum = drum_of(family)
    assert drum == drum_of(family) == pickle.loads(pickle.dumps(drum))
    assert hash(drum) == hash(drum_of(family))
    assert drum != replace(drum, name="other")
    assert drum != family
    assert repr(drum).startswith(f"<Drum: {family} 0.3 m")
    assert "<svg" in drum._repr_html_()


@pytest.mark.parametrize(
    ("strike", "message"),
    [
        ({"time": 1.0}, r"time of strike 0 \(duration 1 s\) must be below 1"),
        ({"drum": 6}, "strike 0 falls on drum 6, of 6 from 0"),
        ({"location": (1.0, 0.0)}, r"location of strike 0 \(r, theta\) must lie inside the drum"),
        ({"location": (0.1, 0.1, 0.8)}, r"location of strike 0 \(r, theta\) must be 2 finite"),
        ({"drum": 1, "location": (0.3, 0.0)}, r"location of strike 0 \(x, y\) must lie inside"),
        ({"time": -1e-9}, "time must be at least 0"),
        ({"drum": -1}, "drum must be at least 0"),
        ({"location": (math.nan, 0.0)}, "location must be 2 or 3 finite"),
        ({"level": 0.0}, "level must be above 0"),
        ({"decay_time": math.inf}, "decay_time must be a finite number"),
    ],
)
def test_a_score_says_what_it_refuses(strike: Any, message: str) -> None:
    fields: dict[str, Any] = {
        "time": 0.1,
        "drum": 0,
        "location": (0.1, 0.0),
        "level": 1.0,
        "decay_time": 1.0,
    }
    with pytest.raises(ValueError, match=message):
        Score(ALL.drums, [Strike(**fields | strike)], 1.0)


def test_a_score_is_a_sequence_sorted_by_time() -> None:
    at = (0.1, 0.0)
    strikes = [Strike(0.5, 0, at, 1.0, 1.0), Strike(0.1, 0, at, 0.2, 1), Strike(0.1, 0, at, 0.1, 1)]
    score = Score([Drum("circle", 0.3)], strikes, 1.0)
    assert [strike.level for strike in score] == [0.2, 0.1, 1.0]
    assert (len(score), score[0], score[-1]) == (3, strikes[1], strikes[0])
    assert score[1:] == (strikes[2], strikes[0])
    assert repr(score) == "<Score: 3 strikes on 1 drum in 1 s>"
    assert hash(score) == hash(pickle.loads(pickle.dumps(score)))


def test_a_render_is_the_sum_of_single_sounds_in_order() -> None:
    total = np.zeros(RATE)
    for k, strike in enumerate(ALL):
        start, sound = round(strike.time * RATE), ALL.sound(k, RATE)
        total[start : start + len(sound)] += sound
        assert len(sound) == min(round(1.5 * 0.4 * RATE), RATE - start)
    assert np.array_equal(ALL.render(RATE), total)


def test_a_render_of_several_blocks_is_the_sum_too(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ALL.render(RATE)
    for size in (999, 4000):  # shorter and longer than a sound
        monkeypatch.setattr("kac_prediction.orchestration.render._BLOCK", size)
        assert np.array_equal(ALL.render(RATE), whole)


def test_the_distance_is_that_of_the_render(tmp_path: Path) -> None:
    sound, silence = ALL.render(RATE), np.zeros(RATE)
    assert ALL.distance(sound, RATE) == 0
    assert ALL.distance(np.stack([2 * sound, silence], axis=1), RATE) == 0  # mixed to the mean
    assert ALL.distance(silence, RATE) == spectral_distance(sound, silence) > 0
    assert ALL.distance(sound[:5000], RATE) == spectral_distance(sound, sound[:5000])
    soundfile.write(tmp_path / "it.wav", sound, RATE, "DOUBLE")
    assert ALL.distance(tmp_path / "it.wav") == 0
    with pytest.raises(TypeError, match="samples need their sample_rate"):
        ALL.distance(sound)
    with pytest.raises(ValueError, match="is not a finite number"):
        ALL.distance([0.0, math.nan], RATE)
    with pytest.raises(ValueError, match="the sound is empty"):
        ALL.distance([], RATE)


def test_a_score_sounds_without_torch() -> None:
    program = (
        "import sys; from kac_prediction.orchestration import Drum, Score, Strike\n"
        "Score([Drum('circle', 0.3)], [Strike(0, 0, (0.1, 0), 1, 1)], 0.1).render(8000)\n"
        "assert not {'torch', 'mido', 'matplotlib'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_sound_is_that_of_the_sampler_wherever_the_score_ends() -> None:
    drum = drum_of("rectangle", sample_location=(0.2, 0.3))
    strike = Strike(0.99, 0, (0.4, 0.3), 0.25, 0.5)
    sounds = [Score([drum], [strike], duration).sound(-1, RATE) for duration in (1.0, 3.0)]
    whole = PoissonModel(
        0.75,
        RATE,
        amplitude=0.25,
        aspect_ratio=1.5,
        drum_size=0.3,
        decay_time=0.5,
        sample_location=(0.2, 0.3),
    ).strike(at=(0.4, 0.3))
    np.testing.assert_allclose(sounds[1], whole, atol=1e-15)
    assert np.array_equal(sounds[0], sounds[1][:80])
    assert np.abs(sounds[1]).max() == pytest.approx(0.25, rel=1e-15)


def test_nothing_struck_is_silent() -> None:
    assert np.array_equal(Score([], [], 0.25).render(RATE), np.zeros(2000))
    last = Score([drum_of("circle")], [Strike(1 - 1e-9, 0, (0.1, 0.0), 1.0, 1.0)], 1.0)
    assert not last.render(RATE).any()
    with pytest.raises(ValueError, match=r"circle 0.001 m: a drum_size of 0.001 m has no partial"):
        score_of(drum_of("circle", drum_size=0.001)).render(RATE)
    with pytest.raises(ValueError, match="sample_rate must be a whole number from 1, got"):
        ALL.render(0.5)  # type: ignore[arg-type]


def test_json_gives_the_same_numbers_back(tmp_path: Path) -> None:
    text = ALL.to_json()
    read = Score.from_json(text)
    assert (read, read.to_json()) == (ALL, text)
    kit = Kit([*ALL.drums, drum_of("circle", name="große Trommel", sample_location=(0.1, 1 / 3))])
    assert Kit.from_json(kit.to_json()) == kit
    assert Kit.from_json(text) == Kit(ALL.drums)
    kit.write(tmp_path / "kit.json")
    assert Kit.read(tmp_path / "kit.json") == kit
    assert [path.name for path in tmp_path.iterdir()] == ["kit.json"]
    with pytest.raises(FileNotFoundError, match="reading a kit"):
        Kit.read(tmp_path / "none.json")
    (tmp_path / "kit.json").write_bytes(b"\xff")
    with pytest.raises(ValueError, match=r"kit\.json: .*utf-8"):
        Kit.read(tmp_path / "kit.json")


def change(stored: dict[str, Any], path: str, value: Any) -> None:
    *way, last = (int(key) if key.isdigit() else key for key in path.split("."))
    place: Any = stored
    for key in way:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("format", 2, "its format is 2, not 1"),
        ("strikes", None, "it lacks 'strikes'"),
        ("duration", "long", "duration must be a number, got 'long'"),
        ("strikes.1.level", -1, "strike 1: level must be above 0, got -1"),
        ("strikes.2.time", None, "strike 2: .*missing.*'time'"),
        ("drums.0.colour", "red", "drum 0: .*colour"),
        ("drums.0.strike_width", "wide", "drum 0: strike_width must be a number"),
        ("drums.4.outline", [[0, 0]], "drum 4: .*three"),
        ("drums", 3, ".*not iterable"),
        ("strikes.0", 3, "strike 0: "),
    ],
)
def test_other_json_is_refused_by_name(path: str, value: Any, message: str) -> None:
    stored = json.loads(ALL.to_json())
    change(stored, path, value)
    with pytest.raises(ValueError, match=f"this is not the JSON of a Score: {message}"):
        Score.from_json(json.dumps(stored))


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", "[" * 100_000, '{"format": 1}', None])
def test_what_is_no_json_of_a_score_is_refused(text: Any) -> None:
    for kind in (Score, Kit):
        with pytest.raises(ValueError, match=f"this is not the JSON of a {kind.__name__}: "):
            kind.from_json(text)


def test_a_family_has_ranges() -> None:
    assert Family("polygon", 0.3) == Family("polygon", (0.3, 0.3))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="family must be one of circle"):
        Family("gong")
    with pytest.raises(ValueError, match="drum_size must be above 0 m"):
        Family("circle", (0.0, 0.3))
    with pytest.raises(ValueError, match="low <= high"):
        Family("circle", (0.4, 0.3))
    with pytest.raises(ValueError, match="aspect_ratio must be at least 1"):
        Family("ellipse", aspect_ratio=(0.5, 2.0))
