"""Drawings of scores: strikes over time, and drums to scale, read as the XML they are."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from kac_prediction.orchestration import Drum, Kit, Score, Strike
from kac_prediction.orchestration.drawing import drums_to_scale, piano_roll
from test_score import ALL, POINTS, drum_of

SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = "<script>&\"'"


def drawn(svg: str, tag: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter(SVG + tag))


def share(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name].removesuffix("%")) / 100


def test_strikes_are_drawn_over_time_in_rows_by_pitch() -> None:
    drums = [Drum("circle", 0.2), Drum("circle", 0.4), Drum("triangle", 0.3, name=HOSTILE)]
    strikes = [
        Strike(1.0, 0, (0.1, 0.0), 1.0, 0.5),
        Strike(2.5, 2, POINTS["triangle"], 0.1, 1.0),
        Strike(3.5, 1, (0.1, 0.0), 0.001, 9.0),  # beyond the end, and very faint
    ]
    svg = piano_roll(Score(drums, strikes, 4.0))
    names = [each.text for each in drawn(svg, "text")]
    assert names[-3:] == ["circle 0.4 m", f"{HOSTILE}, triangle 0.3 m", "circle 0.2 m"]
    bars = [each for each in drawn(svg, "rect") if "width" in each.attrib and len(each)]
    assert [share(bar, "x") for bar in bars] == [0.25, 0.625, 0.875]  # by level
    assert [share(bar, "width") for bar in bars] == [0.125, 0.25, 0.125]
    tops = [float(bar.attrib["y"]) for bar in bars]
    assert tops == sorted(tops)
    opacities = [float(bar.attrib["fill-opacity"]) for bar in bars]
    assert opacities == sorted(opacities, reverse=True)
    assert len({bar.attrib["fill"] for bar in bars}) == 3
    many = Score(
        drums, [Strike(k / 500, 2, POINTS["triangle"], 1 + k, 1.0) for k in range(1500)], 4.0
    )
    bars = [each for each in drawn(piano_roll(many), "rect") if len(each)]
    assert len(bars) == 1000
    assert min(share(bar, "x") for bar in bars) == 0.25


@pytest.mark.parametrize("duration", [1e-3, 0.7, 10.0, 3600.0])
def test_the_grid_has_round_times(duration: float) -> None:
    texts = [each.text or "" for each in drawn(piano_roll(Score([], [], duration)), "text")]
    times = [float(text.removesuffix(" s")) for text in texts]
    assert 3 <= len(times) <= 11
    assert times == pytest.approx(np.arange(len(times)) * times[1])
    assert times[-1] <= duration < 1.4 * times[-1] + 1e-9


def test_drums_are_drawn_to_one_scale() -> None:
    html = drums_to_scale(ALL.drums, ALL.strikes)
    figures = re.findall(r"<svg.*?</svg>", html)
    assert len(figures) == len(ALL.drums) + 1
    order = sorted(ALL.drums, key=lambda drum: drum.fundamental)
    bar = ElementTree.fromstring(figures.pop())
    width = float(re.findall(r"h([\d.]+)v", bar[0].attrib["d"])[0])
    scale = width / float((bar.findtext(f"{SVG}text") or "").removesuffix(" m"))
    for figure, drum in zip(figures, order, strict=True):
        (polygon,) = drawn(figure, "polygon")
        points = np.array([p.split(",") for p in polygon.attrib["points"].split()], float)
        extent = np.ptp(drum.shape.outline(), axis=0)
        assert np.ptp(points, axis=0) == pytest.approx(scale * extent, abs=0.3)
        *rings, dot = drawn(figure, "circle")
        assert len(rings) == 1  # all its strikes fall on one point
        inside = np.array([float(dot.attrib["cx"]), float(dot.attrib["cy"])])
        assert (points.min(axis=0) < inside).all()
        assert (inside < points.max(axis=0)).all()
    assert drums_to_scale([]) == ""
    assert drums_to_scale([Drum("circle", 0.1 + k / 100) for k in range(30)]).count("<svg") == 25


def test_a_drum_is_heard_where_its_sampler_has_it() -> None:
    for drum in ALL.drums:
        assert drum.heard_at == drum.sampler(0.1, 8000).sample_location
    assert replace(ALL.drums[0], sample_location=(0.5, 0.1)).heard_at == (0.5, 0.1)
    heard = drum_of("ellipse", aspect_ratio=1.0).heard_at
    assert Drum("ellipse", 1e-9).heard_at == pytest.approx([x / 3e8 for x in heard], rel=1e-6)


def test_names_are_text_in_notebooks() -> None:
    kit = Kit([Drum("circle", 0.3, name="<b>")])
    assert "<b>," not in kit._repr_html_()
    assert "&lt;b&gt;, circle 0.3 m" in kit._repr_html_()
