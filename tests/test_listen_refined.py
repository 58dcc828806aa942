"""Listening with refinement: a network that errs by a few per cent, and drums that are known."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from kac_prediction.evaluation.outlines import overlap
from kac_prediction.geometry import ConvexPolygon
from kac_prediction.geometry.radii import log_radii
from kac_prediction.listening import Fit, Prediction, listen
from kac_prediction.listening.fitted import refined, starts
from kac_prediction.listening.network import Answer
from kac_prediction.samplers import (
    BesselModel,
    FiniteElementModel,
    LaméModel,
    ModeBank,
    PoissonModel,
)
from kac_prediction.samplers.shapes import elongation
from listened import answer, listener

RATE = 22050


def strike(kind: Any, seed: int = 0, seconds: float = 0.6, **settings: Any) -> npt.NDArray[Any]:
    """Return a drum of 0.3 m behind 0.1 s of noise, 50 dB below its peak."""
    drum = kind(seconds, RATE, drum_size=0.3, decay_time=0.8, **settings)
    drum.seed(seed)
    drum.updateProperties(1)
    drum.generateWaveform()
    sound = np.concatenate([np.zeros(RATE // 10), drum.waveform])
    return np.asarray(sound + 3e-3 * np.random.default_rng(0).normal(size=len(sound)))


# Polygons are unlikely: the fit of an outline takes seconds.
UNSURE = {"circle": 0.22, "ellipse": 0.32, "rectangle": 0.22, "triangle": 0.2, "polygon": 0.04}
ERRING = answer(UNSURE, 0.306, 1.55, 0.9, (0.015, 0.03, 0.1))


@pytest.mark.parametrize(
    ("family", "kind", "settings"),
    [
        ("circle", BesselModel, {}),
        ("rectangle", PoissonModel, {"aspect_ratio": 1.6}),
        ("triangle", LaméModel, {}),
    ],
)
def test_fits_find_the_family_and_the_size(
    family: str, kind: Any, settings: dict[str, float]
) -> None:
    prediction = listen(strike(kind, **settings), RATE, listener(ERRING))
    assert prediction.family == family
    assert prediction.probabilities[family] > 0.6
    assert prediction.drum_size == pytest.approx(0.3, rel=2e-4)
    assert prediction.aspect_ratio == pytest.approx(settings.get("aspect_ratio", 1), rel=1e-3)
    assert prediction.decay_time == pytest.approx(0.8, rel=0.1)
    for name, truth in (("drum_size", 0.3), ("decay_time", 0.8)):
        low, high = prediction.interval(name)
        assert low < truth < high
    assert prediction.shape.area == pytest.approx(0.09, rel=1e-3)
    assert np.abs(prediction.shape.depth(prediction.outline)).max() < 1e-9
    network = prediction.network
    assert network == listen(strike(kind, **settings), RATE, listener(ERRING), refine=False)
    assert network is not None
    assert network.family == "ellipse"
    assert Prediction.from_json(prediction.to_json()) == prediction


def test_a_fit_at_another_speed_is_the_same_fit() -> None:
    sound = strike(BesselModel)
    prediction = listen(sound, RATE, listener(ERRING), wave_speed=50.0)
    assert prediction.drum_size == pytest.approx(0.15, rel=2e-4)
    assert prediction.network is not None
    assert prediction.network.drum_size == pytest.approx(0.153)
    found = listen(sound, RATE, listener(ERRING), drum_size=0.6)
    assert found.wave_speed == pytest.approx(200, rel=2e-4)
    low, high = found.interval("wave_speed")
    assert low < 200 < high
    assert high / low < 1.01


def polygon() -> tuple[npt.NDArray[Any], npt.NDArray[Any], ConvexPolygon]:
    """Return the sound of a polygon of 0.4 m at 8 kHz, its log radii and its shape."""
    shape = ConvexPolygon(6, rng=np.random.default_rng(4))
    shape.area, shape.centroid = 1.0, (0.0, 0.0)
    settings: Any = {"drum_size": 0.4, "decay_time": 0.8}
    settings["shape_settings"] = {"vertices": shape.vertices}
    drum = FiniteElementModel(0.5, 8000, "Polygon", **settings)
    drum.seed(0)
    drum.updateProperties(1)
    drum.generateWaveform()
    return drum.waveform, log_radii(shape), shape


@pytest.mark.slow
def test_the_outline_of_a_polygon_is_fitted_to_the_same_bits_on_any_number_of_threads() -> None:
    sound, truth, shape = polygon()
    angles = 2 * np.pi * np.arange(64) / 64
    erring = truth + 0.04 * np.cos(2 * angles) - 0.03 * np.sin(3 * angles)
    model = listener(answer({"polygon": 0.4, "star": 0.6}, 0.404, 1.2, 2.0, outline=erring))
    prediction, other = on_threads(lambda: listen(sound, 8000, model))
    assert prediction.to_json() == other.to_json()
    network = prediction.network
    assert network is not None
    assert (prediction.family, network.family) == ("polygon", "star")  # it turned out convex
    assert prediction.drum_size == pytest.approx(0.4, rel=2e-3)
    assert prediction.aspect_ratio == pytest.approx(elongation(shape), rel=0.01)
    likeness = [overlap_with(truth, each.outline) for each in (network, prediction)]
    assert likeness[0] < 0.95
    assert likeness[1] > 0.96
    low, high = prediction.interval("drum_size")
    assert low < 0.4 < high


def on_threads(hear: Callable[[], Prediction]) -> list[Prediction]:
    """Return what is heard by one thread and by three."""
    before, heard = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            heard.append(hear())
    finally:
        torch.set_num_threads(before)
    return heard


def overlap_with(truth: npt.NDArray[Any], outline: npt.NDArray[Any]) -> float:
    """Return the intersection over union of an outline, by its points, and a shape."""
    return float(overlap(np.log(np.hypot(*outline.T))[None], truth[None])[0])


@pytest.mark.slow
def test_several_strikes_are_refined_together() -> None:
    sounds = [strike(BesselModel, seed) for seed in range(2)]
    doubted = answer({"circle": 0.4, "rectangle": 0.3, "polygon": 0.3}, 0.306, 1.55, 0.9)
    prediction = listen(sounds, RATE, listener(doubted))
    assert prediction.family == "circle"
    assert prediction.drum_size == pytest.approx(0.3, rel=2e-4)


def test_a_sound_too_short_to_fit_keeps_the_network_s_answer() -> None:
    sound = strike(BesselModel)[RATE // 10 :][: round(0.015 * RATE)]
    prediction = listen(sound, RATE, listener(ERRING))
    assert prediction.network is None
    assert prediction.family == "ellipse"


def test_the_bits_are_the_same_on_any_number_of_threads() -> None:
    sound = strike(BesselModel)
    one, three = on_threads(lambda: listen(sound, RATE, listener(ERRING)))
    assert one.to_json() == three.to_json()


def told(probabilities: dict[str, float]) -> Answer:
    classes = (*ModeBank.families, "none")
    logs = np.log([probabilities.get(name, 1e-9) for name in classes])
    return Answer(logs, np.log([0.3, 1.5, 1.0]), np.array([0.01, 0.02, 0.1]), np.zeros(64))


def fit(family: str, confirmed: float, score: float = 0.0, size: float = 0.31) -> Fit:
    return Fit(family, size, 1.4, 0.9, 1e-5, 1e-4, confirmed, confirmed, score)


def test_the_likely_families_are_fitted() -> None:
    begun = starts(told({"polygon": 0.9, "ellipse": 0.06, "circle": 0.03, "rectangle": 0.01}))
    assert [start.family for start in begun] == ["ellipse", "circle"]
    assert begun[0].drum_size == pytest.approx(0.3)
    assert (begun[0].aspect_ratio, begun[0].size_spread) == (pytest.approx(1.5), 0.01)
    begun = starts(told({"ellipse": 0.6, "circle": 0.2, "rectangle": 0.1, "triangle": 0.1}))
    assert len(begun) == 4


def test_a_polygon_is_one_unless_a_fit_confirms_something_else() -> None:
    answer = told({"polygon": 0.7, "ellipse": 0.3})
    poor, good = (refined(answer, [[fit("ellipse", share)]]) for share in (0.3, 0.97))
    assert (poor.family, good.family) == ("polygon", "ellipse")
    assert poor.drum_size == pytest.approx(0.3)
    assert poor.spreads["drum_size"].kind == "laplace"
    assert poor.network == good.network == answer.prediction()
    assert (good.drum_size, good.aspect_ratio) == (pytest.approx(0.31), pytest.approx(1.4))
    assert good.spreads["drum_size"].kind == "normal"


def test_of_fitted_families_the_evidence_chooses() -> None:
    answer = told({"circle": 0.3, "ellipse": 0.7})
    found = refined(answer, [[fit("circle", 0.99, 900.0), fit("ellipse", 0.9, 500.0)]])
    assert found.family == "circle"
    assert found.aspect_ratio == 1.0


def test_a_nearly_round_ellipse_is_a_circle() -> None:
    round_one = replace(fit("ellipse", 0.99, 900.0), aspect_ratio=1.05)
    found = refined(
        told({"circle": 0.1, "ellipse": 0.9}), [[fit("circle", 0.98, 899.0), round_one]]
    )
    assert found.family == "circle"


def test_no_drum_is_not_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kac_prediction.listening.listener.fit_partials", None)
    silent = listen(strike(BesselModel), RATE, listener(answer({"none": 0.9, "circle": 0.1})))
    assert not silent.is_drum
    assert silent.network is None


def test_fits_that_went_astray_do_not_count() -> None:
    astray = fit("circle", 0.5, size=0.36)
    near = [fit("circle", 0.9, size=size) for size in (0.3000, 0.3001)]
    found = refined(told({"circle": 1.0}), [[near[0]], [near[1]], [astray]])
    assert found.drum_size == pytest.approx(math.sqrt(0.3 * 0.3001))
