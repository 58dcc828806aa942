"""Arrangements: what changes of a score, what stays, and what is refused."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kac_prediction.geometry import ConvexPolygon
from kac_prediction.orchestration import (
    Drum,
    Kit,
    Score,
    Strike,
    above,
    arrange,
    quantise,
    stretch,
    swap_kit,
    thin,
    transpose,
)
from kac_prediction.orchestration.locations import carried, location_of, place_of

RATE = 8000
ARROW = [[0.0, 0.0], [1.0, 1.0], [0.0, 0.1], [-1.0, 1.0]]  # its centroid lies outside
CIRCLE = Drum("circle", 0.3, name="first", sample_location=(0.5, 0.0))
DRUMS = (
    CIRCLE,
    Drum("ellipse", 0.4, 1.6, sample_location=(0.03, 0.04)),
    Drum("rectangle", 0.25, 1.5),
    Drum("triangle", 0.2),
    Drum("polygon", 0.5, outline=ConvexPolygon(6, rng=np.random.default_rng(1)).vertices),
)
STAR = Drum("star", 0.35, outline=ARROW)
POINTS = ((0.6, 2.0), (-0.05, 0.06), (0.2, 0.6), (0.5, 0.3, 0.2), (0.05, -0.04))
STRIKES = [
    Strike(0.11 * (k + 1), k % 5, POINTS[k % 5], 0.1 * (k + 1), 0.2 + 0.1 * (k % 5))
    for k in range(7)
]
SCORE = Score(DRUMS, STRIKES, 1.0)


@pytest.mark.parametrize("semitones", [-12.0, 3.5])
def test_transposed_drums_sound_higher_by_semitones(semitones: float) -> None:
    factor = 2 ** (semitones / 12)
    transposed = transpose(SCORE, semitones)
    assert transposed.duration == SCORE.duration
    for drum, other in zip(SCORE.drums, transposed.drums, strict=True):
        assert other.drum_size == pytest.approx(drum.drum_size / factor, rel=1e-12)
        assert other.fundamental == pytest.approx(drum.fundamental * factor, rel=1e-9)
    for strike, other in zip(SCORE, transposed, strict=True):
        places = place_of(DRUMS[strike.drum], strike.location) / factor
        assert place_of(transposed.drums[strike.drum], other.location) == pytest.approx(places)
        assert replace(other, location=strike.location) == strike


def test_transposed_drums_sound_as_played_at_another_speed() -> None:
    small = [
        *(CIRCLE, DRUMS[2], DRUMS[3]),
        Drum("ellipse", 0.05, 1.6, sample_location=(0.003, 0.004)),
        Drum("polygon", 0.05, outline=DRUMS[4].outline, strike_width=0.015),
    ]
    points = (POINTS[0], POINTS[2], POINTS[3], (-0.005, 0.006), (0.005, -0.004))
    strikes = [Strike(0.0, k, point, 1.0, 1.0) for k, point in enumerate(points)]
    score = Score(small, strikes, 1.0)
    lower = transpose(score, -12.0)
    for strike, other in zip(score, lower, strict=True):
        sounds = [
            each.drums[strike.drum].sampler(duration, rate, math.inf).strike(at=struck.location)
            for each, struck, duration, rate in (
                (score, strike, 0.01, 2 * RATE),
                (lower, other, 0.02, RATE),
            )
        ]
        np.testing.assert_allclose(*sounds, atol=1e-9)


def test_a_stretched_score_has_other_times_and_the_same_sounds() -> None:
    slower = stretch(SCORE, 1.5)
    assert slower.duration == 1.5
    assert [strike.time for strike in slower] == [1.5 * strike.time for strike in SCORE]
    assert [replace(strike, time=0.0) for strike in slower] == [
        replace(strike, time=0.0) for strike in SCORE
    ]
    late = Score([CIRCLE], [replace(STRIKES[0], time=math.nextafter(1.0, 0.0))], 1.0)
    assert stretch(late, 0.3)[0].time < 0.3


@pytest.mark.parametrize("grid", [0.25, (120, 2), (60.0, 4.0)])
def test_strikes_fall_on_the_grid(grid: Any) -> None:
    times = (0.0, 0.124, 0.125, 0.3, 0.37, 0.99)
    score = Score([CIRCLE], [replace(STRIKES[0], time=time) for time in times], 1.0)
    quantised = quantise(score, grid)
    assert [strike.time for strike in quantised] == [0.0, 0.0, 0.25, 0.25, 0.25, 1.0]
    assert quantised.duration == 1.25
    assert quantise(quantised, grid) == quantised
    assert quantise(Score([], [], 0.3), grid).duration == 0.3


def test_what_is_thinned_out() -> None:
    strikes = [
        Strike(0.1, 0, POINTS[0], 0.5, 1.0),
        Strike(0.2, 1, POINTS[1], 0.6, 0.1),
        Strike(0.3, 2, POINTS[2], 0.4, 1.0),
        Strike(0.4, 2, POINTS[2], 0.4, 1.0),
    ]
    score = Score(DRUMS, strikes, 1.0)
    assert thin(score, 1).drums == (DRUMS[2],)
    assert thin(score, 2).drums == (DRUMS[0], DRUMS[2])
    assert [strike.drum for strike in thin(score, 2)] == [0, 1, 1]
    assert thin(score, 9) == Score(DRUMS[:3], strikes, 1.0)
    assert above(score, 0.5) == Score(DRUMS[:2], strikes[:2], 1.0)
    assert len(above(score, 9.0).drums) == 0


@pytest.mark.parametrize("drum", [*DRUMS, STAR], ids=lambda drum: str(drum.family))
def test_a_location_keeps_direction_and_share_of_the_way(drum: Drum) -> None:
    assert carried((0.0, 0.0), CIRCLE, drum) == carried((0.0, 1.0), CIRCLE, drum)
    for theta in np.linspace(-3, 3, 8):
        found = carried((0.5, theta), CIRCLE, drum)
        assert drum.holds(found)
        assert carried(found, drum, CIRCLE) == pytest.approx((0.5, theta), rel=1e-4)
        nearer, rim = (place_of(drum, carried((r, theta), CIRCLE, drum)) for r in (0.5, 0.9999))
        middle = place_of(drum, carried((0.0, 0.0), CIRCLE, drum))
        way = (nearer - middle) / math.hypot(*(nearer - middle))
        assert way == pytest.approx([math.cos(theta), math.sin(theta)])
        assert np.hypot(*(rim - middle)) == pytest.approx(2 * np.hypot(*(nearer - middle)), 0.11)


@pytest.mark.parametrize(("drum", "point"), [*zip(DRUMS, POINTS, strict=True)])
def test_places_are_those_of_the_samplers(drum: Drum, point: tuple[float, ...]) -> None:
    assert location_of(drum, place_of(drum, point)) == pytest.approx(point)
    assert carried(point, drum, drum) == pytest.approx(point)
    depth = drum.shape.depth([place_of(drum, point)])[0]
    if drum.family == "triangle":  # barycentric: the smallest is the distance to the nearest side
        assert depth == pytest.approx(min(point) * 3 * drum.shape.depth([(0, 0)])[0])
    if drum.family == "rectangle":
        assert depth == pytest.approx(0.2 * drum.drum_size * math.sqrt(1.5))


def test_low_drums_become_low_drums_of_the_kit() -> None:
    kit = Kit([Drum("circle", size, name=f"{size}") for size in (0.1, 0.2, 0.55, 0.9, 0.31)])
    score = Score([Drum("circle", size) for size in (0.5, 0.3)], [], 1.0)
    strikes = [replace(STRIKES[0], drum=k) for k in (0, 1)]
    swapped = swap_kit(replace(score, strikes=strikes), kit)
    assert [drum.name for drum in swapped.drums] == ["0.55", "0.31"]
    assert [swapped.drums[strike.drum].name for strike in swapped] == ["0.55", "0.31"]
    assert swapped[0].location == pytest.approx(STRIKES[0].location)
    # Fewer drums than there were: none stands for more than it must.
    few = swap_kit(SCORE, Kit(kit[:2]))
    counts = np.bincount([{s.drum: few[k].drum for k, s in enumerate(SCORE)}[d] for d in range(5)])
    assert sorted(counts) == [2, 3]
    assert swap_kit(Score([], [], 1.0), kit) == Score([], [], 1.0)
    assert swap_kit(SCORE, Kit([STAR])).render(RATE).any()


def test_an_arrangement_does_all_in_order() -> None:
    kit = Kit([Drum("circle", 0.4), Drum("ellipse", 0.3, 1.2)])
    expected = thin(above(SCORE, 0.15), 3)
    expected = stretch(swap_kit(transpose(expected, 5.0), kit), 2.0)
    found = arrange(
        SCORE,
        transpose=5.0,
        kit=kit,
        stretch=2.0,
        grid=(100, 4),
        most_drums=3,
        least_level=0.15,
    )
    assert found == quantise(expected, 0.15)
    assert arrange(SCORE) == SCORE


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"transpose": 121}, ValueError, "semitones must be at most 120"),
        ({"transpose": "up"}, TypeError, "semitones must be a number"),
        ({"kit": DRUMS}, TypeError, "kit must be a Kit"),
        ({"stretch": 0.0}, ValueError, "factor must be above 0"),
        ({"stretch": 1e6}, ValueError, "duration must be at most 86400"),
        ({"grid": 0.0}, ValueError, "grid must be above 0"),
        ({"grid": (120, 4, 4)}, ValueError, "grid must be 1 or 2 finite"),
        ({"most_drums": 0}, ValueError, "most_drums must be at least 1"),
        ({"most_drums": 1.5}, TypeError, "most_drums must be a whole number"),
        ({"least_level": -1.0}, ValueError, "least_level must be at least 0"),
    ],
)
def test_an_arrangement_says_what_it_refuses(change: Any, error: Any, message: str) -> None:
    with pytest.raises(error, match=message):
        arrange(SCORE, **change)
