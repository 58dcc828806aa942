"""The pages of commands in a browser: what they show, play, and ask of the network."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from browser import PROGRAM, Browser
from kac_prediction.architecture import CRePE
from kac_prediction.cli import main
from kac_prediction.cli.score_page import write_score_page
from kac_prediction.dataset import generateDataset
from kac_prediction.orchestration import Comparison
from kac_prediction.pipeline import ModelInput
from kac_prediction.samplers import BesselModel
from saved_models import exported, save
from test_score import ALL

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="needs a browser: apt-get install chromium"),
]

PLAY = """Promise.all([...document.querySelectorAll("audio")].map(async (player) => {
    await player.play();
    while (!player.currentTime) await new Promise((resolve) => setTimeout(resolve, 20));
    return player.duration;
}))"""
OVERFLOWING = """[document.documentElement, ...document.querySelectorAll("section, table, figure")]
    .filter((element) => element.scrollWidth > Math.min(element.clientWidth, innerWidth))
    .map((element) => element.tagName + " " + element.textContent.slice(0, 60))"""
PICTURES = """Promise.all([...document.images].map(async (picture) => {
    await picture.decode();
    return picture.naturalWidth;
}))"""
# Of the background, which a page of both colour schemes has from the browser, and of all texts.
COLOURS = """(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.background = "Canvas";
    const texts = [...document.querySelectorAll("h1, p, td, th, figcaption, summary, svg text")];
    return [
        getComputedStyle(probe).backgroundColor,
        ...texts.map((text) => getComputedStyle(text)[text.closest("svg") ? "fill" : "color"]),
    ];
})()"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a dataset, a run, a sound and a file that is none."""
    folder = tmp_path_factory.mktemp("page")
    settings = {"duration": 0.3, "sample_rate": 8000}
    generateDataset(BesselModel, settings, str(folder / "drums"), 7, seed=3)
    model = CRePE("tiny", 0.1, 1e-3, "adam", outputs=1)
    model.model_input = ModelInput(8000, 1024, ("drum_size",), ("m",))
    losses = [{"epoch": i, "training_loss": 1 / (1 + i), "learning_rate": 0.1} for i in range(40)]
    (folder / "run").mkdir()
    (folder / "run/log.jsonl").write_text("\n".join(map(json.dumps, losses)))
    values = {"unit": "m", "classes": [], "true": [0.2, 0.5], "predicted": [0.25, 0.6]}
    families = {"unit": "", "classes": ["disc", "<i>"], "true": [0, 1], "predicted": [1, 1]}
    square = [[-0.1, -0.1], [0.1, -0.1], [0.1, 0.1], [-0.1, 0.1]]
    predicted = {
        "labels": {"drum_size": values, "family": families},
        "drums": [{"true": square, "predicted": [[2 * x, y] for x, y in square]}],
    }
    (folder / "run/predictions.json").write_text(json.dumps(predicted))
    recipe = {"model_input": model.model_input.to_dict()}
    save(folder / "run/best.pt", exported(model, **recipe))
    (folder / "in").mkdir()
    drum = BesselModel(1.0, 48000, drum_size=0.3)
    drum.generateWaveform()
    drum.export(folder / "in/drum.wav")
    (folder / "in/text.wav").write_text("no sound")
    places = [str(folder / name) for name in ("drums", "run", "in")]
    result = CliRunner().invoke(main, ["report", *places, "--out", str(folder / "page.html")])
    assert result.exit_code == 0, result.output
    return folder / "page.html"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def score_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a score of drums of every family, and of its target."""
    folder = tmp_path_factory.mktemp("score")
    for name in ("target.wav", "heard.wav"):
        ALL.export(folder / name, 8000)
    page = folder / "page.html"
    distances = Comparison(0.1, 1.0, 2.0, 0.3)
    write_score_page(page, ALL, folder / "heard.wav", folder / "target.wav", distances)
    return page


def test_what_is_pointed_at_tells_its_numbers(page: Path, browser: Browser) -> None:
    browser.open(page, 1100, "light")
    told = """[...document.querySelectorAll("svg title")].map((it) => it.textContent)"""
    titles = browser.evaluate(told)
    assert "true 0.2 m, predicted 0.25 m" in titles
    assert "epoch 39: training 0.025, learning rate 0.1" in titles
    assert {"true 0.2 m", "predicted 0.2828 m"} <= set(titles)  # of areas 0.2^2 and twice that
    # What is pointed at in the middle of a dot is the dot.
    hit = """(() => {
        const dot = document.querySelector("circle.sound");
        dot.scrollIntoView({ block: "center" });
        const box = dot.getBoundingClientRect();
        return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === dot;
    })()"""
    assert browser.evaluate(hit)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1100])
@pytest.mark.parametrize(
    ("name", "durations"), [("page", [0.3] * 3 + [1.0] * 2), ("score_page", [1.0] * 2)]
)
def test_a_page_is_shown_and_played(
    name: str,
    durations: list[float],
    browser: Browser,
    width: int,
    scheme: str,
    request: pytest.FixtureRequest,
) -> None:
    browser.open(request.getfixturevalue(name), width, scheme)
    assert browser.evaluate("innerWidth") == width
    browser.evaluate('document.querySelectorAll("details").forEach((it) => { it.open = true; })')
    assert browser.evaluate(OVERFLOWING) == []
    assert min(browser.evaluate(PICTURES)) > 400  # pixels wide, as they are made
    canvas, *texts = map(luminance, browser.evaluate(COLOURS))
    assert canvas < 0.05 if scheme == "dark" else canvas > 0.95
    assert len(texts) > 20
    for text in texts:  # WCAG 2 asks for 4.5
        assert (max(canvas, text) + 0.05) / (min(canvas, text) + 0.05) > 4.5
    assert browser.evaluate(PLAY) == pytest.approx(durations, abs=0.01)
    addresses = {
        sent["request"]["url"].partition(":")[0]
        for sent in browser.reported("Network.requestWillBeSent")
    }
    assert addresses == {"file", "data"}
    assert browser.reported("Log.entryAdded", "Runtime.exceptionThrown") == []
    assert browser.reported("Runtime.consoleAPICalled") == []


def luminance(colour: str) -> float:
    """The relative luminance of a colour, as WCAG 2 defines it."""
    levels = [int(level) / 255 for level in re.findall(r"\d+", colour)[:3]]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in levels]
    return sum(share * v for share, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
