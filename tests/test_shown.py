"""What objects show of themselves: a line or two of text, and HTML for notebooks."""

import base64
import io
import re
import subprocess
import sys
import wave
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import kac_prediction as kac
from kac_prediction import _html

VOID = {"img", "meta", "br"}
RAW: kac.RepresentationSettings = {"normalise_input": False}
SIZES = np.linspace(0.1, 1.0, 10)
HOSTILE = "<script>alert('&\"')</script>"


class Page(HTMLParser):
    """Reads a piece of HTML, all of whose elements must be closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open += [] if tag in VOID else [tag]

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, Any]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def sound(self, number: int = 0) -> tuple[np.ndarray, int]:
        """What a player plays, and its sample rate."""
        source = self.all("audio")[number]["src"].removeprefix("data:audio/wav;base64,")
        with wave.open(io.BytesIO(base64.b64decode(source))) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
            levels = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return levels / 32767, file.getframerate()


def prediction(**changes: Any) -> kac.Prediction:
    fields: dict[str, Any] = {
        "probabilities": {"triangle": 0.9, "polygon": 0.1},
        "drum_size": 0.3,
        "aspect_ratio": 1.0,
        "decay_time": 1.1,
        "outline": kac.Circle(0.2).outline(64)[:64],
        "score": 0.97,
        "spreads": {"drum_size": kac.Spread("normal", 0.001)},
    }
    return kac.Prediction(**fields | changes)


def report() -> kac.Report:
    labels = kac.ModelInput(
        8000, 64, ("drum_size", "family"), ("m", ""), classes={"family": ("circle", HOSTILE)}
    )
    true = {"drum_size": SIZES, "family": np.arange(10) % 2}
    guess = {"drum_size": 1.02 * SIZES, "family": np.zeros(10)}
    return kac.Report.of(labels, true, {"model": guess, "mean predictor": guess})


def dataset(folder: Path) -> kac.TorchDataset:
    settings = {"duration": 0.02, "sample_rate": 8000, "arbitrary_shape": "ConvexPolygon"}
    return kac.generateDataset(kac.FDTDModel, settings, str(folder / HOSTILE[:7]), 5, RAW, seed=1)


def network() -> kac.Model:
    model = kac.CRePE("tiny", 0.1, 1e-3, "adam", outputs=1)
    model.model_input = kac.ModelInput(8000, 1024, (HOSTILE,), ("m",))
    model.dataset = {"sampler_settings": {"drum_size": [0.1, 1.0]}}
    model.losses = {"validation": {"aggregate": 0.1}, "test": {"aggregate": 0.2, HOSTILE: 0.3}}
    return model


SHOWN: dict[str, Callable[[Path], Any]] = {
    "circle": lambda _: kac.BesselModel(0.02, 8000, drum_size=0.4),
    "star": lambda _: kac.FDTDModel(0.02, 8000, "IrregularStar", drum_size=0.5),
    "string": lambda _: kac.LinearModel(0.02, 8000),
    "tone": lambda _: kac.TestTone(0.02, 8000),
    "long": lambda _: kac.PoissonModel(100.0, 48000),
    "shape": lambda _: kac.Ellipse(0.3, 0.2),
    "dataset": dataset,
    "report": lambda _: report(),
    "prediction": lambda _: prediction(),
    "model": lambda _: network(),
}


@pytest.mark.parametrize("name", SHOWN)
def test_objects_show_themselves(name: str, tmp_path: Path) -> None:
    shown = SHOWN[name](tmp_path)
    assert len(repr(shown).splitlines()) <= 2
    assert len(repr(shown)) < 400
    assert " object at 0x" not in repr(shown)
    html = shown._repr_html_()
    page = Page(html)
    assert len(html) < 150_000
    assert "script" not in {tag for tag, _ in page.elements}
    assert not re.search(r"(src|href)=.?(?!data:)[a-z]+:", html)  # nothing is fetched
    drawn = {"circle", "star", "long", "shape", "prediction"}
    played = {"circle": 1, "star": 1, "string": 1, "dataset": 3, "prediction": 1}
    assert len(page.all("svg")) == (name in drawn)
    assert len(page.all("audio")) == played.get(name, 0)


def test_a_model_says_what_it_hears_and_its_losses() -> None:
    model = network()
    assert repr(model) == f"<CRePE: 0.128 s at 8000 Hz to {HOSTILE} (m); 394,289 weights>"
    text = Page(model._repr_html_()).text
    assert "drum_size[0.1, 1.0]" in text
    assert f"lossvalidationtestaggregate0.10.2{HOSTILE}nan0.3" in text
    assert "(conv2d): Conv2d(1, 128" in text


def test_a_sampler_is_the_call_that_makes_it() -> None:
    drum = kac.BesselModel(0.1, 8000, drum_size=(0.2, 0.3), decay_time=1.5)
    assert repr(drum) == (
        "BesselModel(duration=0.1, sample_rate=8000, decay_time=1.5, drum_size=(0.2, 0.3))"
    )
    assert eval(repr(drum), {"BesselModel": kac.BesselModel}).settings == drum.settings


def test_a_player_plays_the_sound_softer_where_it_is_beyond_one() -> None:
    drum = kac.BesselModel(0.1, 8000, amplitude=4.0)
    before = Page(drum._repr_html_()).sound()
    drum.generateWaveform()
    for sound, rate in (before, Page(drum._repr_html_()).sound()):
        assert rate == 8000
        np.testing.assert_allclose(sound, drum.waveform / 4, atol=1 / 32767)


def test_players_are_short_and_say_what_they_cannot_play() -> None:
    long = Page(_html.player(np.zeros(2 * _html.LONGEST), 48000))
    assert len(long.sound()[0]) == _html.LONGEST
    for sound, rate in ((np.full(4, np.nan), 8000), (np.zeros(4), 100)):
        page = Page(_html.player(sound, rate, HOSTILE))
        assert not page.all("audio")
        assert page.text.startswith(f"{HOSTILE} cannot be played")


def test_an_outline_has_its_proportions() -> None:
    (polygon,) = Page(kac.UnitRectangle(4.0)._repr_html_()).all("polygon")
    points = np.array([point.split(",") for point in polygon["points"].split()], float)
    assert np.ptp(points, axis=0) == pytest.approx((94, 23.5))
    (circle,) = Page(_html.outline(kac.Circle(1.0).outline(5000))).all("polygon")
    assert len(circle["points"].split()) <= 512


def test_tables_are_bounded_and_escaped() -> None:
    page = Page(_html.table([(HOSTILE, "9" * 5000)] * 1000, ("a", HOSTILE)))
    assert len(page.all("tr")) < 70
    assert len(page.text) < 30_000
    assert page.text.startswith(f"a{HOSTILE}{HOSTILE}")
    assert page.text.endswith("and 936 more")


def test_a_dataset_shows_the_ranges_of_its_labels_and_its_first_sounds(tmp_path: Path) -> None:
    made = dataset(tmp_path)
    page = Page(made[1:]._repr_html_())
    assert "drum_size10.30.30" in page.text  # one number, from 0.3, to 0.3, none without
    np.testing.assert_allclose(page.sound(0)[0], made.X[1], atol=1e-4)
    (tmp_path / HOSTILE[:7] / "sample_00001.wav").unlink()
    assert not Page(made[1:]._repr_html_()).all("audio")
    made.Y = torch.zeros(5, 1)  # type: ignore[assignment]
    assert "drum_size1" not in Page(made._repr_html_()).text


def test_what_is_no_drum_has_no_player() -> None:
    page = Page(prediction(score=0.1)._repr_html_())
    assert page.text == "no drum in this sound (score 0.10)"
    assert not Page(prediction(drum_size=1e-6)._repr_html_()).all("audio")


def test_figures_show_without_pyplot() -> None:
    program = """
import sys
from kac_prediction.geometry import Circle
from kac_prediction.plot import curve_figure, drum_figure
for figure in (drum_figure(Circle(0.2)), curve_figure([{"epoch": 0, "training_loss": 1.0}])):
    assert figure._repr_png_().startswith(b"\\x89PNG")
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_numbers_of_tables_have_six_digits() -> None:
    sampler = kac.PoissonModel(0.1, 8000, drum_size=1 / 3, sample_location=(1 / 7, 0.2))
    html = sampler._repr_html_().partition("<table>")[2]
    assert "0.333333<" in html
    assert "(0.142857, 0.2)" in html
