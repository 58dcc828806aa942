"""The answer of a listening: numbers with intervals, the drum to play, JSON."""

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError, replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import laplace, norm

from kac_prediction.geometry import Polygon
from kac_prediction.listening import Prediction, Spread
from kac_prediction.samplers import BesselModel, FiniteElementModel, LaméModel, PoissonModel

ANGLES = 2 * np.pi * np.arange(64) / 64
DISC = 0.3 / math.sqrt(math.pi) * np.column_stack([np.cos(ANGLES), np.sin(ANGLES)])


def predicted(family: str = "circle", **changes: Any) -> Prediction:
    others = {"polygon": 0.1} if family != "polygon" else {"star": 0.1}
    fields: dict[str, Any] = {
        "probabilities": {family: 0.9, **others},
        "drum_size": 0.3,
        "aspect_ratio": 1.0 if family in ("circle", "triangle") else 1.7,
        "decay_time": 1.1,
        "outline": DISC,
        "score": 0.97,
        "spreads": {
            "drum_size": Spread("normal", 0.001),
            "aspect_ratio": Spread("laplace", 0.02),
            "decay_time": Spread("laplace", 0.1),
        },
    }
    return Prediction(**fields | changes)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
def test_intervals_are_those_of_the_distributions(level: float) -> None:
    prediction = predicted("rectangle")
    tail = [(1 - level) / 2, (1 + level) / 2]
    for name, distribution in {
        "drum_size": norm(math.log(0.3), 0.001),
        "aspect_ratio": laplace(math.log(1.7), 0.02),
        "decay_time": laplace(math.log(1.1), 0.1),
    }.items():
        expected = np.exp(distribution.ppf(tail))
        assert prediction.interval(name, level) == pytest.approx(expected, rel=1e-12)
    # 90 % of a Laplace distribution lie within b ln 10.
    low, high = prediction.interval("decay_time")
    assert math.log(high / low) == pytest.approx(0.2 * math.log(10), rel=1e-12)


def test_what_is_known_has_no_width_and_no_ratio_is_below_1() -> None:
    assert predicted().interval("wave_speed") == (100.0, 100.0)
    nearly_round = predicted("ellipse", aspect_ratio=1.01)
    assert nearly_round.interval("aspect_ratio")[0] == 1.0
    unsure = predicted(spreads={"drum_size": Spread("laplace", 1e300)})
    assert all(map(math.isfinite, unsure.interval("drum_size")))


@pytest.mark.parametrize(
    ("family", "kind"),
    [("circle", BesselModel), ("rectangle", PoissonModel), ("triangle", LaméModel)],
)
def test_a_drum_of_known_modes_sounds_by_them(family: str, kind: type[Any]) -> None:
    drum = predicted(family, wave_speed=80.0).drum(0.1, 22050)
    assert type(drum) is kind
    assert (drum.duration, drum.sample_rate, drum.decay_time) == (0.1, 22050, 1.1)
    assert (drum.drum_size, drum.wave_speed) == (0.3, pytest.approx(80.0))
    assert drum.getLabels().get("aspect_ratio") == ([1.7] if family == "rectangle" else None)
    drum.generateWaveform()
    again = predicted(family, wave_speed=80.0).drum(0.1, 22050)
    again.generateWaveform()
    assert np.array_equal(drum.waveform, again.waveform)
    assert np.abs(drum.waveform).max() == pytest.approx(1.0)


def test_a_drum_is_struck_where_it_was_heard_to_be() -> None:
    assert predicted(strike=(0.4, 1.0)).drum().strike_location == (0.4, 1.0)


@pytest.mark.parametrize("family", ["ellipse", "polygon", "star"])
def test_any_other_drum_sounds_by_finite_elements(family: str) -> None:
    # The fundamental of the disc is 0.678389 c / L, whatever it is called.
    ratio = {"aspect_ratio": 1.0} if family == "ellipse" else {}
    drum = predicted(family, **ratio).drum(1.0, 8000)
    assert isinstance(drum, FiniteElementModel)
    drum.generateWaveform()
    spectrum = np.abs(np.fft.rfft(drum.waveform * np.hanning(8000)))
    assert np.argmax(spectrum[:280]) == pytest.approx(0.678389 * 100 / 0.3, abs=1.5)


@pytest.mark.parametrize("family", ["circle", "ellipse", "rectangle", "triangle", "polygon"])
def test_the_shape_has_the_size(family: str) -> None:
    shape = predicted(family).shape
    assert shape.area == pytest.approx(0.09)
    assert shape.centroid == pytest.approx((0, 0), abs=1e-12)
    walls = {"rectangle": 4, "triangle": 3, "polygon": 64}
    assert len(shape.walls()) == walls.get(family, 0)
    if isinstance(shape, Polygon) and family == "polygon":
        scale = 0.3 / math.sqrt(32 / math.pi * math.sin(2 * math.pi / 64) * 0.09)
        assert shape.vertices == pytest.approx(DISC * scale, rel=1e-12)


def test_json_gives_the_same_numbers_back() -> None:
    rng = np.random.default_rng(0)
    outline = np.exp(rng.normal(size=(64, 1)) / 9) * DISC
    prediction = predicted(
        "star",
        drum_size=1 / 3,
        outline=outline,
        strike=(0.1, 0.2),
        network=predicted("polygon", score=0.1 + 0.2),
    )
    text = prediction.to_json()
    read = Prediction.from_json(text)
    assert read == prediction
    assert read.to_json() == text
    assert np.array_equal(read.outline, outline)
    assert (read.strike, read.spreads, read.network) == (
        prediction.strike,
        prediction.spreads,
        prediction.network,
    )
    stored = json.loads(text)
    assert (stored["family"], stored["is_drum"]) == ("star", True)
    for copied in (copy.deepcopy(prediction), pickle.loads(pickle.dumps(prediction))):
        assert copied == prediction
        assert hash(copied) == hash(prediction)


def test_predictions_are_equal_by_their_numbers_and_cannot_be_changed() -> None:
    assert predicted() == predicted()
    assert predicted() != predicted(outline=DISC * 1.0000001)
    assert predicted() != replace(predicted(), network=predicted())
    assert predicted() != "circle"
    prediction = predicted()
    with pytest.raises(FrozenInstanceError):
        prediction.drum_size = 1.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        prediction.outline[0] = 0
    with pytest.raises(TypeError):
        prediction.probabilities["circle"] = 0  # type: ignore[index]
    outline = DISC.copy()
    kept = predicted(outline=outline)
    outline[:] = 0
    assert np.array_equal(kept.outline, DISC)


def test_it_says_what_it_is_in_a_line() -> None:
    assert str(predicted()) == (
        "circle (90 %), drum_size 0.3000 m (0.2995 to 0.3005), decay_time 1.10 s (0.87 to 1.38); "
        "intervals of 90 %"
    )
    assert "aspect_ratio 1.70 (1.62 to 1.78)" in str(predicted("rectangle"))
    found = predicted(wave_speed=91.2, spreads={"wave_speed": Spread("laplace", 0.001)})
    assert "wave_speed 91.20 m/s (90.99 to 91.41)" in str(found)
    silent = predicted(score=0.031)
    assert not silent.is_drum
    assert str(silent) == "no drum in this sound (score 0.03)"
    assert repr(silent) == f"<Prediction: {silent}>"


def test_all_families_have_a_probability() -> None:
    prediction = predicted("triangle")
    assert list(prediction.probabilities) == [
        "circle",
        "ellipse",
        "rectangle",
        "triangle",
        "polygon",
        "star",
    ]
    assert prediction.family == "triangle"
    assert prediction.probabilities["star"] == 0.0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"drum_size": -1.0}, "drum_size must be above 0, got -1"),
        ({"aspect_ratio": 0.5}, "aspect_ratio must be at least 1, got 0.5"),
        ({"decay_time": math.nan}, "decay_time must be a finite number"),
        ({"wave_speed": 0.0}, "wave_speed must be above 0"),
        ({"score": 1.1}, "score must be at most 1"),
        ({"outline": DISC[:5]}, r"outline must be points of shape \(64, 2\), got \(5, 2\)"),
        ({"outline": DISC + math.inf}, "outline must hold finite numbers"),
        ({"outline": [[10**400, 0]] * 64}, "outline must be points"),
        ({"probabilities": {"circle": 0.4}}, "must sum to 1"),
        ({"probabilities": {"circl": 1.0}}, "did you mean circle"),
        ({"spreads": {"size": Spread("normal", 1)}}, "a name of spreads must be one of drum_size"),
        ({"spreads": {"drum_size": ("gauss", 1.0)}}, "kind of a spread must be one of laplace"),
        ({"strike": (1.0,)}, "strike must be 2 or 3 finite number"),
    ],
)
def test_what_is_no_prediction_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        predicted(**changes)


def test_intervals_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="name must be one of drum_size, aspect_ratio"):
        predicted().interval("outline")
    with pytest.raises(ValueError, match="level must be below 1"):
        predicted().interval("drum_size", 1.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[]", "not the JSON of a Prediction"),
        ("{}", "it lacks 'format'"),
        ("[" * 100_000, "recursion"),
        (
            json.dumps(json.loads(predicted().to_json()) | {"outline": [[10**400, 0]] * 64}),
            "points",
        ),
        (predicted().to_json().replace('"format": 1', '"format": 9'), "format is 9, not 1"),
        (predicted().to_json().replace('"score": 0.97', '"score": 97'), "score must be at most"),
        (predicted().to_json().replace("decay_time", "decay"), "lacks 'decay_time'|a name of"),
    ],
)
def test_json_of_something_else_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Prediction.from_json(text)
